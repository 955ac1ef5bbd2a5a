"""Models that know how to be retrained on a subset of their training rows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_consistent_length

from inquest.learners.estimators import weigh_by_code
from inquest.learners.families import family_of
from inquest.learners.retraining import TOLERANCE, RetrainingUtility

__all__ = ["RetrainingUtility", "utility_for"]


def utility_for(
    estimator: BaseEstimator,
    X: ArrayLike,
    y: ArrayLike,
    X_test: ArrayLike,
    y_test: ArrayLike,
    metric: str = "accuracy",
    metrics: tuple[str, ...] = (),
    tolerance: float = TOLERANCE,
) -> RetrainingUtility:
    """Return the utility of training rows for a classifier: their worth is its test score.

    Parameters
    ----------
    estimator : scikit-learn classifier or pipeline
    X, y : shapes (n, d) and (n,)
        Training rows and their labels, of any type; the positive one of two is the last when sorted.
    X_test, y_test : shapes (m, d) and (m,)
        The rows that score it.
    metric : str
        The primary metric, by its name in `inquest.learners.metrics.METRICS`.
    metrics : tuple of str
        Further metrics that each `Score` carries.
    tolerance : float
        Families that iterate do so until the gradient of the mean loss has this 2-norm.

    Returns
    -------
    RetrainingUtility
        Of the family that retrains this classifier exactly and fastest; its `family` says which.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> utility = utility_for(KNeighborsClassifier(1), [[0], [1], [5]], [0, 0, 1], [[2], [4]], [0, 1])
    >>> utility([0, 1, 2]), utility.without([2]), utility([])
    (1.0, 0.5, 0.5)
    """
    check_consistent_length(X, y)
    check_consistent_length(X_test, y_test)
    classes, codes = np.unique(np.concatenate([np.asarray(y), np.asarray(y_test)]), return_inverse=True)
    n = len(np.asarray(y))
    estimator = clone(estimator)
    weigh_by_code(estimator, classes.tolist())
    X, X_test = (_features(part) for part in (X, X_test))
    return family_of(estimator, X)(
        estimator,
        X,
        codes[:n],
        X_test,
        codes[n:],
        n_classes=len(classes),
        metric=metric,
        metrics=metrics,
        tolerance=tolerance,
    )


def _features(X: ArrayLike) -> Any:
    """Return features as they came, but lists and whole numbers as arrays of floats."""
    X = X if hasattr(X, "shape") else np.asarray(X)
    return X.astype(float) if isinstance(X, np.ndarray) and X.dtype.kind in "iufb" else X
