"""Shapley values of the k-nearest-neighbours game in closed form (Jia et al. 2019)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

CHUNK = 2**22
"""How many distances are held at once."""


def knn_shapley(
    X: ArrayLike, y: ArrayLike, X_test: ArrayLike, y_test: ArrayLike, k: int = 5
) -> NDArray[np.float64]:
    """Return the exact Shapley values of training rows in the unweighted k-nearest-neighbours game.

    The worth of a set of rows is the mean over the test rows of (number of the test row's min(k, size)
    nearest rows in the set that have its label) / k; the empty set is worth 0. This is not the accuracy of
    the k-nearest-neighbours classifier: it is the probability that the classifier gives to the right class,
    not whether the right class wins the vote; sets of fewer than k rows are still divided by k; and the
    empty set guesses nothing, where the classifier's utility guesses the majority class.

    Distances are Euclidean; of rows at the same distance, the first in ``X`` counts as nearer.

    Parameters
    ----------
    X, y : shapes (n, d) and (n,)
        Training rows and their labels.
    X_test, y_test : shapes (m, d) and (m,)
        The rows that score a set.
    k : int
        How many neighbours vote.

    Returns
    -------
    ndarray of float, shape (n,)
        They add up to the worth of all rows.

    Raises
    ------
    ValueError
        If there are no training rows, no test rows, or no neighbours to ask.

    References
    ----------
    Jia, Dao, Wang, Hubis, Gurel, Li, Zhang, Spanos, Song (2019), Efficient task-specific data valuation for
    nearest neighbor algorithms, PVLDB 12(11), theorem 1.

    Examples
    --------
    >>> knn_shapley([[0.0], [1.0]], [0, 1], [[0.0]], [0], k=1).tolist()
    [1.0, 0.0]
    """
    X, X_test = np.asarray(X, np.float64), np.asarray(X_test, np.float64)
    y, y_test = np.asarray(y), np.asarray(y_test)
    n, m = len(y), len(y_test)
    if min(n, m, k) < 1:
        raise ValueError(f"at least one row, test row and neighbour are needed, found {n}, {m} and {k}")
    place = np.arange(1, n)
    # theorem 1: s(α_i) = s(α_{i+1}) + (1[y_αi = y] - 1[y_αi+1 = y]) min(k, i) / (k i), from the farthest,
    # s(α_n) = 1[y_αn = y] min(k, n) / (k n)
    share = np.append(np.minimum(k, place) / (k * place), min(k, n) / (k * n))
    values = np.zeros(n)
    step = max(1, CHUNK // n)
    for start in range(0, m, step):
        tests = slice(start, start + step)
        order = np.argsort(cdist(X_test[tests], X, "sqeuclidean"), axis=1, kind="stable")
        right = (y[order] == y_test[tests, None]).astype(np.float64)
        right[:, :-1] -= right[:, 1:].copy()
        own = np.cumsum((right * share)[:, ::-1], axis=1)[:, ::-1]
        values += np.bincount(order.ravel(), weights=own.ravel(), minlength=n)
    return values / m
