"""The families of learners that know how to be retrained."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from inquest.learners.logistic import LogisticUtility
from inquest.learners.naive_bayes import NaiveBayesUtility
from inquest.learners.neighbours import NeighboursUtility
from inquest.learners.retraining import RetrainingUtility
from inquest.learners.ridge import RidgeUtility

FAMILIES: tuple[type[RetrainingUtility], ...] = (
    LogisticUtility,
    NeighboursUtility,
    NaiveBayesUtility,
    RidgeUtility,
)


def family_of(estimator: BaseEstimator, X: NDArray | pd.DataFrame) -> type[RetrainingUtility]:
    """Return the family that retrains a classifier exactly and fastest; the generic one retrains them all.

    A family with a shortcut is taken only for the very class and the parameters that its shortcut
    reproduces exactly, and for features that are a plain array of floats.
    """
    if type(X) is np.ndarray and X.dtype == np.float64 and X.shape[1]:
        for family in FAMILIES:
            if family.covers(estimator):
                return family
    return RetrainingUtility
