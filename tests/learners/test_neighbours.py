"""Sorted lists against scikit-learn refitted on each set of rows."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.preprocessing import StandardScaler

from inquest.learners import RetrainingUtility, neighbours
from inquest.learners.metrics import METRICS
from inquest.learners.neighbours import NeighboursUtility

METRIC = [{"p": 1}, {"p": 2}, {"metric": "euclidean"}, {"metric": "manhattan"}, {"metric": "chebyshev"}]


def both(estimator, X, y, X_test, y_test, k, metrics=tuple(METRICS), majority=None):
    """The generic family and the shortcut for one problem."""
    assert NeighboursUtility.covers(estimator)
    return [
        family(estimator, X, y, X_test, y_test, n_classes=k, metrics=metrics, majority=majority)
        for family in (RetrainingUtility, NeighboursUtility)
    ]


def assert_same(found, expected):
    found, expected = list(found), list(expected)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.metrics == pytest.approx(other.metrics, abs=1e-10, rel=0, nan_ok=True)


def features(rng, kind, n, d):
    if kind == "normal":
        return rng.normal(size=(n, d))
    if kind == "binary":
        return rng.integers(2, size=(n, d)).astype(float)
    if kind == "grid":
        return rng.integers(-3, 4, size=(n, d)).astype(float)
    if kind == "repeated":  # six rows over and over, and a constant column
        X = rng.integers(-9, 10, size=(6, d)).astype(float)
        X[:, 0] = 1.0
        return X[rng.integers(6, size=n)]
    X = rng.normal(size=(n, d))  # copies whose distances are rounded
    X[: n // 2] = X[rng.integers(n // 4 + 1, size=n // 2)]
    return X


@st.composite
def problems(draw):
    """An estimator, its rows, and some of the rows in an order."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n, m, d = draw(st.integers(1, 30)), draw(st.integers(1, 9)), draw(st.sampled_from([1, 2, 3, 17]))
    k = draw(st.integers(2, 3))
    X = features(rng, draw(st.sampled_from(["normal", "binary", "grid", "repeated", "copies"])), n + m, d)
    y = rng.integers(draw(st.integers(1, k)), size=n + m)  # some classes may have no row
    estimator = KNeighborsClassifier(
        draw(st.integers(1, 8)),
        weights=draw(st.sampled_from(["uniform", "distance"])),
        algorithm=draw(st.sampled_from(["auto", "brute", "kd_tree", "ball_tree"])),
        leaf_size=draw(st.sampled_from([1, 4, 30])),
        **draw(st.sampled_from(METRIC)),
    )
    return estimator, X[:n], y[:n], X[n:], y[n:], k, rng


# By rote: probabilities of copies may differ in their last bit, and a metric of ranks by a tie then.
@settings(max_examples=40, deadline=None, derandomize=True)
@given(problems())
def test_a_walk_is_worth_what_each_prefix_is(problem):
    *problem, rng = problem
    plain, quick = both(*problem)
    order = rng.permutation(plain.n_rows)[: rng.integers(plain.n_rows + 1)]
    assert_same(quick.walk(order), plain.walk(order))
    assert sum(quick.solved.values()) <= len(order)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(problems())
def test_what_is_left_is_worth_what_the_complement_is(problem):
    *problem, rng = problem
    plain, quick = both(*problem, majority=1)
    n = plain.n_rows
    groups = [[row] for row in range(min(n, 8))]
    groups += [rng.permutation(n)[: rng.integers(n + 1)] for _ in range(4)]
    groups += [np.arange(n), []]
    assert_same(quick.without_each(groups), plain.without_each(groups))
    assert_same([quick.without(groups[0])], [plain.without(groups[0])])
    assert list(quick.without_each([])) == []


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    shuffled = np.random.default_rng(0).permutation(len(y))
    X, y = StandardScaler().fit_transform(X)[shuffled], y[shuffled]
    return X[:150], y[:150], X[150:220], y[150:220], 2


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_real_data_need_no_fit_at_all(cancer, weights):
    plain, quick = both(KNeighborsClassifier(5, weights=weights), *cancer)
    order = np.random.default_rng(1).permutation(150)
    walked = list(quick.walk(order))
    some = np.arange(0, 150, 7)
    assert_same([walked[i] for i in some], [plain(order[: i + 1]) for i in some])
    assert_same(
        list(quick.without_each([[row] for row in range(150)]))[::7], plain.without_each([[r] for r in some])
    )
    assert quick.solved == {"carried": 300}


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_duplicates_with_other_labels(weights):
    """Coarse one-hot rows as of a survey: many as near as each other, with labels that differ."""
    rng = np.random.default_rng(3)
    X = np.hstack([np.eye(8)[rng.integers(8, size=170)] for _ in range(3)])
    X = np.hstack([X, rng.integers(4, size=(170, 1)) / 3])
    y = rng.integers(2, size=170)
    estimator = KNeighborsClassifier(6, weights=weights)
    plain, quick = both(
        estimator, X[:120], y[:120], X[120:], y[120:], 2, metrics=("accuracy", "neg_log_loss")
    )
    order = rng.permutation(120)
    assert_same(quick.walk(order), plain.walk(order))
    assert quick.solved["plain"] > 0
    assert sum(quick.solved.values()) == 120
    groups = [[row] for row in range(0, 120, 3)] + [np.arange(30), np.arange(50, 110)]
    assert_same(quick.without_each(groups), plain.without_each(groups))


@pytest.mark.parametrize(("algorithm", "tests"), [("kd_tree", [0]), ("brute", [0, 1])])
def test_only_what_is_in_doubt_is_asked_for(monkeypatch, algorithm, tests):
    """One test row has two rows of different labels at the same distance; the other has none."""
    X = np.array([-1.0, 1.0, 5.0, 6.0])[:, None]
    predicted, ask = [], KNeighborsClassifier.predict_proba

    def spied(self, X):
        predicted.append(X[:, 0].tolist())
        return ask(self, X)

    y, X_test = np.array([0, 1, 0, 1]), np.array([0.0, 5.2])
    plain, quick = both(KNeighborsClassifier(1, algorithm=algorithm), X, y, X_test[:, None], y[[0, 0]], 2)
    expected = list(plain.walk([1, 2, 0, 3]))
    monkeypatch.setattr(KNeighborsClassifier, "predict_proba", spied)
    assert_same(quick.walk([1, 2, 0, 3]), expected)
    assert predicted == [X_test[tests].tolist()] * 2  # of the sets {1, 2, 0} and {1, 2, 0, 3}
    assert quick.solved == {"carried": 2, "plain": 2}


def test_rows_of_one_label_at_the_same_distance_are_no_question():
    X = np.array([[-1.0], [1.0], [4.0]])
    _, quick = both(KNeighborsClassifier(1), X, np.array([0, 0, 1]), np.zeros((1, 1)), np.array([0]), 2)
    assert list(quick.walk([0, 1, 2])) == [1.0, 1.0, 1.0]
    assert quick.solved == {"carried": 3}


def test_a_row_at_distance_zero_outweighs_all_others():
    X = np.array([[0.0], [1.0], [-1.0]])
    estimator = KNeighborsClassifier(3, weights="distance", algorithm="kd_tree")
    _, quick = both(estimator, X, np.array([0, 1, 1]), np.zeros((1, 1)), np.array([0]), 2)
    worth = list(quick.walk([1, 2, 0]))
    assert worth == [0.0, 0.0, 1.0]
    assert worth[2].metrics["neg_brier_score"] == 0.0


@pytest.mark.parametrize("scale", [1e-160, 1e8, 1e99])
def test_features_of_any_size(scale):
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(40, 3)) * scale, rng.integers(2, size=40)
    plain, quick = both(KNeighborsClassifier(3), X[:30], y[:30], X[30:], y[30:], 2)
    assert_same(quick.walk(np.arange(30)[::-1]), plain.walk(np.arange(30)[::-1]))


def test_rows_far_from_zero_and_near_each_other():
    """Of the product formula behind scikit-learn's weights little but rounding is left."""
    rng = np.random.default_rng(5)
    X, y = 1e4 + 1e-3 * rng.normal(size=(40, 20)), rng.integers(2, size=40)
    estimator = KNeighborsClassifier(3, weights="distance")
    plain, quick = both(estimator, X[:30], y[:30], X[30:], y[30:], 2)
    order = rng.permutation(30)
    assert_same(quick.walk(order), plain.walk(order))
    assert quick.solved["plain"] > 20


def test_blocks_and_distances_that_are_not_kept_change_nothing(cancer, monkeypatch):
    X, y, X_test, y_test, k = cancer
    X, X_test = X.round(), X_test.round()  # ties, too
    plain, quick = both(KNeighborsClassifier(4), X, y, X_test, y_test, k)
    order, groups = np.random.default_rng(6).permutation(150), [[1], [2, 3, 4], [149], np.arange(60)]
    walked, left = list(quick.walk(order)), list(quick.without_each(groups))
    assert_same([walked[i] for i in (9, 60, 149)], [plain(order[: i + 1]) for i in (9, 60, 149)])
    monkeypatch.setattr(neighbours, "KEPT", 0)
    monkeypatch.setattr(neighbours, "SCORED", 70 * 2 * 11)  # eleven prefixes at a time
    _, small = both(KNeighborsClassifier(4), X, y, X_test, y_test, k)
    assert_same(small.walk(order), walked)
    assert_same(small.without_each(groups), left)
    monkeypatch.setattr(neighbours, "HELD", 70 * 30)  # lists for the group of 60 are too long
    assert_same(small.without_each(groups), left)
    assert_same(small.walk(order), walked)


def test_a_part_of_the_rows(cancer):
    plain, quick = both(KNeighborsClassifier(5), *cancer)
    rows = np.random.default_rng(7).permutation(150)[:40]
    parts = [utility.among(rows) for utility in (quick, plain)]
    assert isinstance(parts[0], NeighboursUtility)
    assert_same(*(part.walk(np.arange(40)) for part in parts))
    assert_same(*(part.without_each([[0], np.arange(40)]) for part in parts))


@pytest.mark.parametrize(
    "estimator",
    [
        NearestCentroid(),
        type("Mine", (KNeighborsClassifier,), {})(),
        KNeighborsClassifier(weights=lambda distances: distances),
        KNeighborsClassifier(weights=None),
        KNeighborsClassifier(p=3),
        KNeighborsClassifier(p=0.5),
        KNeighborsClassifier(metric="cosine"),
        KNeighborsClassifier(metric="precomputed"),
        KNeighborsClassifier(metric=lambda a, b: 0.0),
        KNeighborsClassifier(metric_params={"w": [1, 2]}),
        KNeighborsClassifier(n_neighbors=0),
        KNeighborsClassifier(n_neighbors=2.0),
        KNeighborsClassifier(algorithm="fast"),
        KNeighborsClassifier(leaf_size=0),
        KNeighborsClassifier(n_jobs=0),
    ],
)
def test_what_is_not_covered(estimator):
    assert not NeighboursUtility.covers(estimator)


@pytest.mark.parametrize(
    "change", [lambda X: pd.DataFrame(X), lambda X: X.astype(np.float32), lambda X: (4 * X).astype(int)]
)
def test_other_tables_are_retrained_plainly(cancer, change):
    X, y, X_test, y_test, k = cancer
    plain, quick = both(KNeighborsClassifier(3), change(X[:12]), y[:12], change(X_test), y_test, k)
    assert_same(quick.walk(np.arange(12)), plain.walk(np.arange(12)))
    assert_same(quick.without_each([[3], [4, 5]]), plain.without_each([[3], [4, 5]]))
    assert quick.solved["carried"] == 0


def test_a_row_named_twice(cancer):
    _, quick = both(KNeighborsClassifier(3), *cancer)
    with pytest.raises(ValueError, match="twice"):
        next(quick.walk([1, 1]))
    with pytest.raises(ValueError, match="twice"):
        quick.without([1, 1])


def test_no_rows_at_all():
    X, X_test = np.empty((0, 2)), np.ones((3, 2))
    plain, quick = both(KNeighborsClassifier(3), X, np.empty(0, int), X_test, np.array([0, 0, 1]), 2)
    assert list(quick.walk([])) == []
    assert_same(quick.without_each([[]]), plain.without_each([[]]))
