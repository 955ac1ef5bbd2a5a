"""Prefixes that are retrained from scratch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.preprocessing import StandardScaler

from inquest.learners import utility_for
from inquest.learners.metrics import METRICS
from inquest.learners.retraining import RetrainingUtility
from inquest.shapley.spot_checks import check_prefix, draw_prefixes

X, Y = load_breast_cancer(return_X_y=True)
X = StandardScaler().fit_transform(X)


def played(estimator, metrics=METRICS):
    return utility_for(estimator, X[:80], Y[:80], X[80:], Y[80:], "accuracy", tuple(metrics))


@given(
    lengths=st.lists(st.integers(0, 500), min_size=1, max_size=12),
    count=st.integers(0, 20),
    seed=st.integers(0, 99),
)
def test_drawn_prefixes_were_evaluated(lengths, count, seed):
    drawn = draw_prefixes(lengths, count, seed)
    assert drawn == sorted(set(drawn)) and len(drawn) <= count
    assert all(1 <= size <= lengths[walk] for walk, size in drawn)
    if count and any(lengths):
        assert any(size == lengths[walk] for walk, size in drawn)
    assert drawn == draw_prefixes(lengths, count, seed)


def test_prefixes_are_spread_over_walks_and_sizes():
    for seed in range(20):
        drawn = draw_prefixes([8000] * 10, 8, seed)
        assert len({walk for walk, _ in drawn}) == 8
        sizes = np.sort([size for _, size in drawn])
        assert sizes[-1] == 8000
        # one of each seventh of the sizes
        assert np.ceil(sizes[:-1] / (8000 / 7)).tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert draw_prefixes([8000] * 10, 8, 0) != draw_prefixes([8000] * 10, 8, 1)


def test_the_differences_are_those_of_a_refit():
    """A walk that is right but for 0.25 in one metric; the margin is that of the least certain row."""
    utility = played(LogisticRegression())
    rows = np.arange(60)
    walked = dict(utility(rows).metrics)
    walked["f1"] += 0.25
    found = check_prefix(utility.plain(), rows, walked)
    assert found["size"] == 60 and found["differences"]["f1"] == pytest.approx(0.25, abs=1e-9)
    assert max(d for name, d in found["differences"].items() if name != "f1") < 1e-8
    p = LogisticRegression(tol=1e-10, max_iter=10_000).fit(X[:60], Y[:60]).predict_proba(X[80:])[:, 1]
    assert found["margin"] == pytest.approx(np.abs(2 * p - 1).min(), abs=1e-6) and found["close"] == 0


def test_rows_near_a_tie_are_counted():
    """With a tolerance of a tenth, as many rows as have a margin below it."""
    model = LogisticRegression()
    plain = RetrainingUtility(model, X[:60], Y[:60], X[80:], Y[80:], n_classes=2, tolerance=0.1)
    p = model.fit(X[:60], Y[:60]).predict_proba(X[80:])[:, 1]
    found = check_prefix(plain, np.arange(60), {"accuracy": 0.0})
    assert found["close"] == (np.abs(2 * p - 1) <= 0.1).sum() > 0


def test_a_metric_that_can_not_be_computed_has_no_difference():
    utility = played(RidgeClassifier())
    found = check_prefix(utility.plain(), np.arange(60), utility(np.arange(60)).metrics)
    assert np.isnan(found["differences"]["neg_log_loss"])
    assert found["differences"]["accuracy"] == 0.0 and found["margin"] > 0
