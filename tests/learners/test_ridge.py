"""The ridge classifier: what its shortcut covers, and the systems that it must not trust."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier, RidgeClassifierCV

from inquest.learners.retraining import RetrainingUtility
from inquest.learners.ridge import RidgeUtility


def both(estimator, X, y, X_test, y_test, k=2):
    return tuple(
        kind(estimator, X, y, X_test, y_test, n_classes=k, metrics=("accuracy", "roc_auc"))
        for kind in (RidgeUtility, RetrainingUtility)
    )


def agree(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.metrics == pytest.approx(other.metrics, abs=1e-12, rel=0)


def table(n=50, d=4, m=30, k=2, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(k, size=n + m)
    X = rng.normal(size=(n + m, d)) + y[:, None] * rng.normal(size=d)
    return X[:n], y[:n], X[n:], y[n:]


class Mine(RidgeClassifier):
    pass


@pytest.mark.parametrize(
    ("estimator", "covered"),
    [
        (RidgeClassifier(), True),
        (RidgeClassifier(alpha=3, fit_intercept=False, solver="svd", class_weight="balanced"), True),
        (RidgeClassifier(solver="cholesky", class_weight={0: 2}), True),
        (RidgeClassifier(alpha=0), False),
        (RidgeClassifier(alpha=[1.0]), False),
        (RidgeClassifier(alpha=np.inf), False),
        (RidgeClassifier(positive=True), False),
        (RidgeClassifier(solver="lsqr"), False),  # it stops at a tolerance
        (RidgeClassifier(solver="sag"), False),
        (RidgeClassifier(class_weight={0: 0}), False),
        (RidgeClassifierCV(), False),
        (Ridge(), False),
        (LogisticRegression(), False),
        (Mine(), False),
    ],
)
def test_what_is_covered(estimator, covered):
    assert RidgeUtility.covers(estimator) is covered


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"alpha": 1e-3},
        {"fit_intercept": False},
        {"class_weight": {0: 0.2, 1: 4, 2: 1.5}},
        {"class_weight": "balanced"},
    ],
)
@pytest.mark.parametrize("k", [2, 3])
def test_decision_values_are_scikit_learns(options, k, monkeypatch):
    """The values themselves, not the metrics: of each prefix, and of all rows but each."""
    X, y, X_test, y_test = table(k=k)
    utility, _ = both(RidgeClassifier(**options), X, y, X_test, y_test, k)
    seen = []
    score = utility.score
    monkeypatch.setattr(utility, "score", lambda p: seen.append(p.scores) or score(p))
    order = np.random.default_rng(1).permutation(50)
    list(utility.walk(order))
    list(utility.without_each([[row] for row in range(50)]))
    scores = np.concatenate(seen)
    sets = [order[:size] for size in range(1, 51)]
    sets = [rows for rows in sets if len(np.unique(y[rows])) > 1]
    sets += [np.delete(np.arange(50), row) for row in range(50)]
    assert len(scores) == len(sets) and utility.solved["plain"] == 0
    for rows, found in zip(sets, scores, strict=True):
        codes = np.unique(y[rows])
        model = RidgeClassifier(**options).fit(X[rows], y[rows])
        expected = model.decision_function(X_test)
        if len(codes) == 2:
            expected = np.column_stack([-expected, expected])
        np.testing.assert_allclose(found[:, codes], expected, atol=1e-11, rtol=0)
        others = np.setdiff1d(np.arange(k), codes)
        assert np.all(found[:, others] == found[:, codes].min() - 1)


def test_two_rows_by_hand():
    """Rows at 0 and 2, α = 2: the slope is Σ (x - 1) y / (Σ (x - 1)² + α) = 2 / 4, and 0 is at x = 1."""
    X, y = np.array([[0.0], [2.0]]), np.array([0, 1])
    utility, _ = both(RidgeClassifier(alpha=2), X, y, np.array([[1.5]]), np.array([1]))
    seen = []
    score = utility.score
    utility.score = lambda p: seen.append(p.scores) or score(p)
    assert list(utility.walk([0, 1])) == [0, 1]
    np.testing.assert_allclose(seen[0], [[[-0.25, 0.25]]], atol=1e-15)


def test_unscaled_columns_and_fewer_rows_than_columns():
    """Thirty columns from 1e-3 to 1e3: one step of refinement is not enough at first, and more are."""
    X, y = load_breast_cancer(return_X_y=True)
    utility, plain = both(RidgeClassifier(), X[:200], y[:200], X[200:300], y[200:300])
    order = np.random.default_rng(3).permutation(200)[:60]
    agree(list(utility.walk(order)), list(plain.walk(order)))
    assert utility.solved["plain"] == 0


@pytest.mark.parametrize("weight", [None, "balanced"])
def test_systems_that_hold_too_few_digits_are_left_to_scikit_learn(weight):
    """Twelve columns that are one column but for 1e-9 of them, and next to no penalty."""
    rng = np.random.default_rng(0)
    X, y, X_test, y_test = table(d=1)
    X, X_test = (np.repeat(Z, 12, axis=1) + 1e-9 * rng.normal(size=(len(Z), 12)) for Z in (X, X_test))
    utility, plain = both(RidgeClassifier(alpha=1e-14, class_weight=weight), X, y, X_test, y_test)
    order = rng.permutation(50)
    agree(list(utility.walk(order)), list(plain.walk(order)))
    groups = [[row] for row in range(0, 50, 5)]
    agree(list(utility.without_each(groups)), list(plain.without_each(groups)))
    assert utility.solved["plain"] > 40


def test_a_test_row_on_the_boundary_is_left_to_scikit_learn():
    X, y = np.array([[-1.0, 3.0], [1.0, 3.0], [0.5, 0.0]]), np.array([0, 1, 1])
    utility, plain = both(RidgeClassifier(), X, y, np.array([[0.0, 7.0], [2.0, 0.0]]), np.array([0, 1]))
    agree(list(utility.walk([0, 1, 2])), list(plain.walk([0, 1, 2])))
    assert utility.solved == {"plain": 1, "carried": 1}


def test_a_column_that_is_constant_so_far_ranks_nothing():
    """Test rows that differ in it alone tie, until a row comes up in which it is not what it was."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(90, 2)), np.arange(90) % 2
    X[:60, 1] = 0.1
    X_test = np.column_stack([np.zeros(6), np.arange(6.0)])
    utility = RidgeUtility(RidgeClassifier(), X, y, X_test, np.arange(6) % 2, n_classes=2, metric="roc_auc")
    walked = list(utility.walk(np.arange(90)))
    assert walked[:60] == [0.5] * 60 and 0.5 not in walked[60:]


def test_groups_of_most_rows_that_hold_the_outliers():
    X, y, X_test, y_test = table()
    X[:3] *= 1e7
    utility, plain = both(RidgeClassifier(), X, y, X_test, y_test)
    groups = [[0, 1, 2], np.arange(30), np.arange(3, 45), [0, 1, 2, 9]]
    agree(list(utility.without_each(groups)), list(plain.without_each(groups)))


def test_class_weights_follow_the_classes_that_are_there():
    """Of three classes only 0 and 2 come up at first; the weight of 2 is not taken for that of 1."""
    X, y, X_test, y_test = table(n=60, k=3)
    weights = {0: 1, 1: 50, 2: 0.1}
    utility, plain = both(RidgeClassifier(class_weight=weights), X, y, X_test, y_test, 3)
    order = np.argsort(y == 1, kind="stable")
    agree(list(utility.walk(order)), list(plain.walk(order)))
