"""Which family retrains which classifier."""

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from inquest.learners.families import FAMILIES, family_of
from inquest.learners.logistic import LogisticUtility
from inquest.learners.naive_bayes import NaiveBayesUtility
from inquest.learners.neighbours import NeighboursUtility
from inquest.learners.retraining import RetrainingUtility
from inquest.learners.ridge import RidgeUtility

X = np.random.default_rng(0).normal(size=(8, 2))


@pytest.mark.parametrize(
    ("estimator", "family"),
    [
        (LogisticRegression(C=3), LogisticUtility),
        (KNeighborsClassifier(3), NeighboursUtility),
        (GaussianNB(), NaiveBayesUtility),
        (RidgeClassifier(), RidgeUtility),
    ],
)
def test_a_shortcut_is_taken_where_there_is_one(estimator, family):
    assert family_of(estimator, X) is family


@pytest.mark.parametrize(
    "estimator",
    [
        RandomForestClassifier(),
        LogisticRegression(solver="liblinear"),
        make_pipeline(StandardScaler(), LogisticRegression()),
        type("Mine", (LogisticRegression,), {})(),
    ],
)
def test_all_else_is_retrained_plainly(estimator):
    assert family_of(estimator, X) is RetrainingUtility


@pytest.mark.parametrize(
    "other", [pd.DataFrame(X), X.astype(np.float32), X.astype(int), np.ma.masked_array(X), X[:, :0]]
)
def test_tables_that_are_no_plain_array_of_floats_are_left_to_the_classifier(other):
    assert family_of(LogisticRegression(), other) is RetrainingUtility


def test_families_name_themselves():
    names = [family.family for family in FAMILIES]
    assert len(set(names)) == len(names)
    assert RetrainingUtility.family not in names
