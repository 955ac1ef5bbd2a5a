"""Models that know how to be retrained on a subset of their training rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone
from sklearn.utils import check_consistent_length

from inquest.learners.estimators import weigh_by_code
from inquest.learners.retraining import RetrainingUtility

__all__ = ["RetrainingUtility", "utility_for"]


def utility_for(
    estimator: BaseEstimator,
    X: ArrayLike,
    y: ArrayLike,
    X_test: ArrayLike,
    y_test: ArrayLike,
    metric: str = "accuracy",
    metrics: tuple[str, ...] = (),
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
    return RetrainingUtility(
        estimator,
        X if hasattr(X, "shape") else np.asarray(X),
        codes[:n],
        X_test if hasattr(X_test, "shape") else np.asarray(X_test),
        codes[n:],
        n_classes=len(classes),
        metric=metric,
        metrics=metrics,
    )
