"""Families that stack their models, against clone, fit and score on the same rows."""

from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import RidgeClassifier
from sklearn.naive_bayes import GaussianNB

from inquest.errors import InquestError
from inquest.learners.metrics import METRICS, Predictions, evaluate
from inquest.learners.naive_bayes import NaiveBayesUtility
from inquest.learners.retraining import RetrainingUtility
from inquest.learners.ridge import RidgeUtility

RANKING = ("roc_auc", "average_precision")
ESTIMATORS = [
    GaussianNB(),
    GaussianNB(var_smoothing=0.01),
    RidgeClassifier(),
    RidgeClassifier(alpha=0.01, fit_intercept=False, solver="svd"),
    RidgeClassifier(alpha=30, class_weight={0: 0.5, 1: 3}, solver="cholesky"),
    RidgeClassifier(class_weight="balanced"),
]
ONE_OF_EACH = [GaussianNB(), RidgeClassifier(), RidgeClassifier(class_weight="balanced")]


def both(estimator, X, y, X_test, y_test, k, metrics=tuple(METRICS), **options):
    """The family's utility and the plain one."""
    family = NaiveBayesUtility if isinstance(estimator, GaussianNB) else RidgeUtility
    assert family.covers(estimator)
    return tuple(
        kind(estimator, X, y, X_test, y_test, n_classes=k, metrics=metrics, **options)
        for kind in (family, RetrainingUtility)
    )


def problem(k=2, n=40, d=3, m=23, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(k, size=n + m)
    X = rng.normal(size=(n + m, d)) + y[:, None] * rng.normal(size=d)
    return X[:n], y[:n], X[n:], y[n:], k


@st.composite
def problems(draw):
    """Small tables with all that may go wrong in them: the columns on scales of 1e-3 to 1e3."""
    k, seed = draw(st.sampled_from([2, 2, 3])), draw(st.integers(0, 2**32 - 1))
    X, y, X_test, y_test, _ = problem(k, draw(st.integers(2, 24)), draw(st.integers(1, 9)), seed=seed)
    rng, d = np.random.default_rng(seed), X.shape[1]
    for table in (X, X_test):
        if draw(st.booleans(), "separable") and d > 1:
            table[:, 0] += 20 * (y if table is X else y_test)
    scale = 10.0 ** (draw(st.sampled_from([0, 3])) * rng.uniform(-1, 1, size=d))
    X, X_test = X * scale, X_test * scale
    if d > 2 and draw(st.booleans(), "a constant and a rare column"):
        X[:, 1], X_test[:, 1] = 0.1, 0.1
        X[:, 2], X_test[:, 2] = rng.random(len(X)) < 0.1, rng.random(len(X_test)) < 0.1
    if draw(st.booleans(), "duplicates"):
        twins = rng.integers(len(X), size=len(X))
        X, y = X[twins], y[twins]
        X_test[1::2] = X_test[::2][: len(X_test[1::2])]
    return X, y, X_test, y_test, k


def same(score, plain, rows, whose=""):
    """Whether a score is scikit-learn's: to 1e-9, and to rounding where its log-likelihoods are huge.

    Ranking metrics must lie between what they would be if scores within rounding of each other were in
    their best and in their worst order; these are the same where no scores are that close.
    """
    model = plain.fit(rows)
    p = plain.predict(model, plain.X_test)
    expected = evaluate(plain.y_test, p)
    tolerance = 1e-9
    if hasattr(model.estimator, "predict_joint_log_proba"):
        joint = np.sort(model.estimator.predict_joint_log_proba(plain.X_test), axis=1)
        in_play = joint[:, -1] - joint[:, -2] < 40
        tolerance += 1e-14 * np.max(np.abs(joint[in_play]), initial=0)
    for name in METRICS:
        if name in RANKING:
            true = 2.0 * np.eye(plain.n_classes)[plain.y_test] - 1
            by = true * tolerance * (1 if p.probabilities is None else p.scores)
            worst, best = (
                METRICS[name](plain.y_test, Predictions(p.labels, p.scores + sign * by, None))
                for sign in (-1, 1)
            )
            assert worst - 1e-9 <= score.metrics[name] <= best + 1e-9, (name, whose)
        else:
            assert score.metrics[name] == pytest.approx(expected[name], abs=tolerance, rel=0, nan_ok=True), (
                name,
                whose,
            )
    assert float(score) == expected[plain.metric]


@settings(max_examples=30, deadline=None)
@given(
    data=problems(), estimator=st.sampled_from(ESTIMATORS), share=st.floats(0.3, 1), seed=st.integers(0, 99)
)
def test_each_prefix_is_worth_what_scikit_learn_scores(data, estimator, share, seed):
    utility, plain = both(estimator, *data)
    n = utility.n_rows
    order = np.random.default_rng(seed).permutation(n)[: max(1, int(share * n))]
    walked = list(utility.walk(order))
    assert len(walked) == len(order)
    for size, score in enumerate(walked, 1):
        same(score, plain, order[:size], size)


@settings(max_examples=25, deadline=None)
@given(problems(), st.sampled_from(ESTIMATORS), st.integers(0, 99))
def test_each_complement_is_worth_what_scikit_learn_scores(data, estimator, seed):
    """Single rows, and groups of any size: none of the rows, most of them, all of them, all of a class."""
    utility, plain = both(estimator, *data)
    rng, n = np.random.default_rng(seed), utility.n_rows
    groups = [[row] for row in range(0, n, 4)]
    groups += [rng.permutation(n)[:size] for size in (0, n // 3, n - 2, n)]
    groups.append(np.flatnonzero(utility.y == utility.y[0]))
    found = list(utility.without_each(iter(groups)))
    assert len(found) == len(groups)
    for rows, score in zip(groups, found, strict=True):
        same(score, plain, np.setdiff1d(np.arange(n), rows), rows)
    assert utility.without(groups[-2]) == plain([])


@pytest.mark.parametrize("estimator", ONE_OF_EACH)
@pytest.mark.parametrize("k", [2, 4])
def test_long_walks_through_many_blocks(estimator, k):
    utility, plain = both(estimator, *problem(k, n=300, d=5, m=60))
    order = np.random.default_rng(1).permutation(300)
    walked = list(utility.walk(order))
    for size in (*range(1, 40), *range(40, 301, 13), 300):
        same(walked[size - 1], plain, order[:size], size)
    assert utility.solved["plain"] == 0 and utility.solved["carried"] > 290
    utility.most = 7  # where a walk is cut changes nothing
    del utility._width
    assert [float(score) for score in utility.walk(order)] == [float(score) for score in walked]


@pytest.mark.parametrize("estimator", ONE_OF_EACH)
def test_classes_that_come_late_or_never(estimator):
    """Classes 0 and 2 first, then 3; class 1 has no training row at all."""
    X, y, X_test, y_test, k = problem(4, n=90, m=60)
    X, y = X[y != 1], y[y != 1]
    utility, plain = both(estimator, X, y, X_test, y_test, k)
    order = np.concatenate([np.flatnonzero(y == 2)[:3], np.flatnonzero(y == 0), np.flatnonzero(y == 3)])
    walked = list(utility.walk(order))
    for size in range(1, len(order) + 1, 2):
        same(walked[size - 1], plain, order[:size], size)


@pytest.mark.parametrize("estimator", ONE_OF_EACH)
def test_no_rows_and_one_class(estimator):
    X, y, X_test, y_test, k = problem()
    utility, plain = both(estimator, X, y, X_test, y_test, k)
    assert list(utility.walk([])) == [] and list(utility.without_each([])) == []
    ones = np.flatnonzero(y == 1)
    assert list(utility.walk(ones)) == [np.mean(y_test == 1)] * len(ones)
    assert utility.without(ones) == np.mean(y_test == 0)
    assert utility([]) == plain([])
    assert not utility.solved


@pytest.mark.parametrize("estimator", ONE_OF_EACH)
def test_what_a_walk_solves_is_counted_and_no_more_is_solved_than_asked(estimator):
    utility, _ = both(estimator, *problem(n=200))
    order = np.random.default_rng(0).permutation(200)
    alone = int(np.argmax(utility.y[order] != utility.y[order[0]]))
    walk = utility.walk(order)
    for _ in range(alone + 1):
        next(walk)
    assert utility.solved["carried"] <= 16
    list(walk)
    assert utility.solved == {"carried": 200 - alone}


@pytest.mark.parametrize("estimator", ONE_OF_EACH)
def test_metrics_of_labels_alone_are_the_same(estimator):
    """Scores are not worked out for these, and must not be missed."""
    names = ("f1", "accuracy", "balanced_accuracy")
    few, _ = both(estimator, *problem(3), metrics=names)
    all_, _ = both(estimator, *problem(3))
    order = np.random.default_rng(0).permutation(40)
    for one, other in zip(few.walk(order), all_.walk(order), strict=True):
        assert one.metrics == {name: other.metrics[name] for name in one.metrics}
        assert set(one.metrics) == set(names)


@pytest.mark.parametrize("estimator", ONE_OF_EACH)
@pytest.mark.parametrize("m", [13, 33, 43])
def test_equal_test_rows_have_equal_scores(estimator, m):
    """Each positive row ties with two others; products of matrices alone round by where a row stands."""
    X, y, X_test, _, k = problem(n=60, d=17, m=m)
    X_test, y_test = np.tile(X_test, (3, 1)), np.repeat([0, 1, 1], m)
    utility, _ = both(estimator, X, y, X_test, y_test, k, metrics=["roc_auc"])
    walked = list(utility.walk(np.arange(60)))
    assert {score.metrics["roc_auc"] for score in walked} == {0.5} and utility.solved["carried"] > 50


@pytest.mark.parametrize("estimator", ONE_OF_EACH)
def test_rows_among_others_keep_the_family(estimator):
    utility, plain = both(estimator, *problem())
    rows = np.arange(30)[::-1]
    some = utility.among(rows)
    assert type(some) is type(utility)
    for size, score in enumerate(some.walk(np.arange(30)), 1):
        same(score, plain, rows[:size], size)


@pytest.mark.parametrize("estimator", ONE_OF_EACH)
@pytest.mark.parametrize("offset", [2.0**20, -(2.0**34)])
def test_an_offset_changes_nothing(estimator, offset):
    """Rows on a grid, so that the offset is added without rounding; without it scikit-learn is the oracle."""
    X, y, X_test, y_test, k = problem(2, d=4)
    X, X_test = np.round(X * 2**16) / 2**16, np.round(X_test * 2**16) / 2**16
    utility, _ = both(estimator, X + offset, y, X_test + offset, y_test, k)
    _, plain = both(estimator, X, y, X_test, y_test, k)
    order = np.random.default_rng(2).permutation(40)
    for size, score in enumerate(utility.walk(order), 1):
        if size > 8:  # the rows of each class vary by then
            same(score, plain, order[:size], size)
    for row, score in enumerate(utility.without_each([[row] for row in range(40)])):
        same(score, plain, np.delete(np.arange(40), row), row)
    assert utility.solved["plain"] == 0


@pytest.mark.parametrize("estimator", ONE_OF_EACH)
def test_a_row_that_is_missing_a_number_fails_as_it_does_plainly(estimator):
    X, y, X_test, y_test, k = problem()
    X[5, 1] = np.nan
    utility, plain = both(estimator, X, y, X_test, y_test, k)
    with pytest.raises(InquestError, match="can't be fitted on 40 rows"):
        list(utility.without_each([[]]))
    order = np.roll(np.arange(40), -6)  # the row comes last
    for size, score in enumerate(islice(utility.walk(order), 39), 1):
        same(score, plain, order[:size], size)
