"""Data-OOB: what models that never saw a row say of its label (Kwon & Zou 2023)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from inquest.learners.retraining import RetrainingUtility
from inquest.runtime import seed_for


def data_oob(
    utility: RetrainingUtility, models: int = 1000, seed: int = 0, step: Callable[[], object] = lambda: None
) -> pd.DataFrame:
    """Return Data-OOB values: the share of bagged models that predict a row's label without having seen it.

    Each model is the utility's classifier, fitted on a bootstrap sample of the training rows; test rows play
    no part. A row that its like contradict, as one with a wrong label, has a low value (Kwon & Zou 2023,
    equation 2, with the 0-1 score).

    Parameters
    ----------
    utility : RetrainingUtility
        The classifier and its training rows.
    models : int
        How many bags are drawn; a row is in 63 % of them.
    seed : int
        Bag i depends on (seed, i) alone.
    step : callable
        Called once for each model.

    Returns
    -------
    DataFrame
        As `out_of_bag` returns it.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from inquest.learners import utility_for
    >>> X, y = [[0], [1], [2], [3], [10], [11], [12], [13]], [0, 0, 0, 1, 1, 1, 1, 1]
    >>> data_oob(utility_for(KNeighborsClassifier(1), X, y, X, y), models=200)["value"].round(1).tolist()
    [1.0, 1.0, 0.7, 0.0, 1.0, 1.0, 1.0, 1.0]
    """
    bags = (bootstrap_sample(utility.n_rows, seed, index) for index in range(models))
    return out_of_bag(utility, bags, step)


def bootstrap_sample(n: int, seed: int, index: int) -> NDArray[np.intp]:
    """Return bag number ``index``: n of n rows, drawn with replacement, in ascending order."""
    return np.sort(np.random.default_rng(seed_for(seed, "bag", index)).integers(n, size=n))


def out_of_bag(
    utility: RetrainingUtility, bags: Iterable[ArrayLike], step: Callable[[], object] = lambda: None
) -> pd.DataFrame:
    """Return how often models fitted on given bags predict the labels of the rows outside.

    Parameters
    ----------
    utility : RetrainingUtility
    bags : iterable of arrays of int
        The rows of each bag; a row that stands twice is fitted as two rows. Rows of one class predict it.
    step : callable
        Called once for each model.

    Returns
    -------
    DataFrame
        A row for each training row: `row`, `value` (share of right predictions; NaN for a row that is in
        every bag), `standard_error` (from two predictions on), and `models` (how many had not seen it).

    Raises
    ------
    InquestError
        If the classifier can't be fitted on a bag.
    """
    X, y, n = utility.X, utility.y, utility.n_rows
    right, models = np.zeros(n), np.zeros(n, np.intp)
    for bag in bags:
        bag = np.asarray(bag)
        out = np.setdiff1d(np.arange(n), bag)
        inside, outside = ((X.iloc[r] if hasattr(X, "iloc") else X[r]) for r in (bag, out))
        bagged = RetrainingUtility(
            utility.estimator, inside, y[bag], outside, y[out], n_classes=utility.n_classes
        )
        if len(out):
            labels = bagged.predict(bagged.fit(np.arange(len(bag))), outside).labels
            right[out] += labels == y[out]
            models[out] += 1
        utility.solved += bagged.solved
        utility.unconverged += bagged.unconverged
        step()
    with np.errstate(divide="ignore", invalid="ignore"):
        value = right / models
        error = np.sqrt(value * (1 - value) / (models - 1))
    return pd.DataFrame(
        {
            "row": np.arange(n),
            "value": value,
            "standard_error": np.where(models > 1, error, np.nan),
            "models": models,
        }
    )
