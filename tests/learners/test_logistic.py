"""Carried optima against scikit-learn refitted on each set of rows to a tolerance of 1e-10."""

import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from inquest.errors import InquestError
from inquest.learners import carry, logistic, softmax
from inquest.learners.logistic import LogisticUtility, exactly
from inquest.learners.metrics import METRICS
from inquest.learners.retraining import RetrainingUtility

TIGHT = 1e-11
REFERENCE = 1e-10


def both(estimator, X, y, X_test, y_test, k, tolerance=TIGHT, **options):
    """scikit-learn's own solver to a tight tolerance, and the family, for one problem."""
    options = {"n_classes": k, "metric": "neg_log_loss", "metrics": tuple(METRICS), **options}
    assert LogisticUtility.covers(estimator)
    return (
        RetrainingUtility(exactly(estimator, REFERENCE), X, y, X_test, y_test, **options),
        LogisticUtility(estimator, X, y, X_test, y_test, tolerance=tolerance, **options),
    )


def slack(utility, tolerance=TIGHT):
    """How far log-odds may be apart, given the two tolerances of the mean gradient.

    The penalty bends the loss by 1/C at least, so that a gradient g moves coefficients by at most C ‖g‖, and
    the intercept by that times the rows' distance from 0, or thereabouts.
    """
    weights = utility.estimator.class_weight
    heaviest = max(weights.values()) if isinstance(weights, dict) else 1.0
    far = 1 + max(np.linalg.norm(X, axis=1).max() for X in (utility.X, utility.X_test))
    C = max(utility.estimator.C, 1e-2)
    return 1e-9 + 2 * (REFERENCE + tolerance) * utility.n_rows * heaviest * C * far**2


def assert_same(found, plain, sets, tolerance=TIGHT):
    """Scores are those of plain refits: probabilities to the slack, labels and ranks where they are clear."""
    found, near = list(found), slack(plain, tolerance)
    assert len(found) == len(sets)
    for score, rows in zip(found, sets, strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            predicted = plain.predict(plain.fit(rows), plain.X_test)
            expected = plain(rows).metrics
        ordered = np.sort(predicted.probabilities, axis=1)
        gaps = np.diff(np.sort(predicted.scores, axis=0), axis=0)
        unclear = ["neg_log_loss", "neg_brier_score"]
        constant = len(np.unique(plain.y[rows])) < 2
        for name in METRICS:
            if name in unclear or constant:
                assert score.metrics[name] == pytest.approx(expected[name], abs=2 * near, rel=0, nan_ok=True)
            elif name in ("roc_auc", "average_precision"):
                if (gaps > near).all():
                    assert score.metrics[name] == pytest.approx(expected[name], abs=1e-12, nan_ok=True)
            elif (ordered[:, -1] - ordered[:, -2] > near).all():
                assert score.metrics[name] == pytest.approx(expected[name], abs=1e-12)
        assert score == score.metrics["neg_log_loss"]


def features(rng, kind, n, d):
    X = rng.normal(size=(n, d))
    if kind == "binary":
        X = np.sign(X)
    elif kind == "constant":
        X[:, 0] = 1.0
    elif kind == "collinear":
        X[:, -1] = 2 * X[:, 0]
    elif kind == "repeated":
        X = X[rng.integers(max(1, n // 4), size=n)]
    elif kind == "zero":
        X = X * (rng.random(size=(n, 1)) < 0.7)
    elif kind == "uneven":
        X = X * np.logspace(-2, 1, d)
    return X


KINDS = ["normal", "binary", "constant", "collinear", "repeated", "zero", "uneven"]


@st.composite
def problems(draw):
    """An estimator, its rows, and random numbers."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    n, m, d = draw(st.integers(1, 24)), draw(st.integers(1, 6)), draw(st.sampled_from([1, 2, 4, 30]))
    k = draw(st.sampled_from([2, 2, 3, 4]))
    X = features(rng, draw(st.sampled_from(KINDS)), n + m, d)
    seen = draw(st.integers(1, k))  # some classes may have no row
    if draw(st.booleans()):
        y = np.minimum(np.digitize(X[:, 0], [-0.7, 0.0, 0.7]), seen - 1)  # a separable problem
    else:
        y = rng.integers(seen, size=n + m)
    weights = draw(st.sampled_from([None, "balanced", dict(enumerate([1.0, 3.0, 0.5, 2.0][:k]))]))
    estimator = LogisticRegression(
        C=draw(st.sampled_from([1e-3, 0.1, 1.0, 1e2, 1e4])),
        fit_intercept=draw(st.booleans()),
        class_weight=weights,
    )
    return estimator, X[:n], y[:n], X[n:], y[n:], k, rng


def prefixes(order):
    return [order[: size + 1] for size in range(len(order))]


@settings(max_examples=30, deadline=None)
@given(problems())
def test_a_walk_is_worth_what_each_prefix_is(problem):
    *problem, rng = problem
    plain, quick = both(*problem)
    order = rng.permutation(plain.n_rows)[: rng.integers(plain.n_rows + 1)]
    walked = list(quick.walk(order))
    assert_same(walked, plain, prefixes(order))
    assert sum(quick.solved.values()) == sum(len(set(plain.y[rows])) > 1 for rows in prefixes(order))
    some = prefixes(order)[::5]
    assert_same([quick(rows) for rows in some], plain, some)
    assert list(itertools.islice(quick.walk(order), len(order) // 2)) == walked[: len(order) // 2]


@settings(max_examples=15, deadline=None)
@given(problems())
def test_walks_side_by_side_are_walks_one_by_one(problem):
    *problem, rng = problem
    plain, quick = both(*problem)
    size = rng.integers(1, plain.n_rows + 1)
    orders = [rng.permutation(plain.n_rows)[:size] for _ in range(3)]
    for place, walked in enumerate(zip(*quick.walks(orders), strict=True)):
        assert_same(walked[::3], plain, prefixes(orders[place])[::3])
        alone = [score.metrics["neg_log_loss"] for score in quick.walk(orders[place])]
        assert walked == pytest.approx(alone, abs=2 * slack(plain))


def test_walks_side_by_side_may_have_other_classes():
    rng = np.random.default_rng(6)
    X, y = rng.normal(size=(12, 2)), np.arange(12) % 3
    plain, quick = both(LogisticRegression(), X, y, X[:3], y[:3], 3)
    orders = [[0, 1, 3, 4], [1, 2, 4, 5]]
    for order, walked in zip(orders, zip(*quick.walks(orders), strict=True), strict=True):
        assert_same(walked, plain, prefixes(order))


@settings(max_examples=20, deadline=None)
@given(problems())
def test_what_is_left_is_worth_what_the_complement_is(problem):
    *problem, rng = problem
    plain, quick = both(*problem, majority=1)
    n = plain.n_rows
    groups = [[row] for row in range(min(n, 8))]
    groups += [rng.permutation(n)[: rng.integers(n + 1)] for _ in range(3)]
    groups += [np.flatnonzero(plain.y == 0), np.arange(n), []]
    complements = [np.setdiff1d(np.arange(n), rows) for rows in groups]
    assert_same(quick.without_each(groups), plain, complements)
    assert_same([quick.without(groups[-3])], plain, complements[-3:-2])
    assert list(quick.without_each([])) == []


@settings(max_examples=12, deadline=None)
@given(problems())
def test_a_part_of_the_rows(problem):
    *problem, rng = problem
    plain, quick = both(*problem)
    rows = rng.permutation(plain.n_rows)[: plain.n_rows // 2 + 1]
    part, every = quick.among(rows), np.arange(len(rows))
    assert isinstance(part, LogisticUtility)
    assert_same(part.walk(every), plain, prefixes(rows))
    assert_same(part.without_each([[0], every[1:]]), plain, [rows[1:], rows[:1]])
    assert part([]) == quick([])


@settings(max_examples=15, deadline=None)
@given(problems())
def test_a_model_is_scikit_learns(problem):
    """The fitted model predicts with scikit-learn's own code, so it must hold all that this needs."""
    *problem, rng = problem
    plain, quick = both(*problem)
    rows = rng.permutation(plain.n_rows)[: rng.integers(1, plain.n_rows + 1)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs, ours = plain.fit(rows), quick.fit(rows)
    assert ours.codes.tolist() == theirs.codes.tolist()
    if theirs.estimator is None:
        assert ours.estimator is None
        return
    for name in ("coef_", "intercept_"):
        assert getattr(ours.estimator, name).shape == getattr(theirs.estimator, name).shape
    assert ours.estimator.classes_.tolist() == theirs.estimator.classes_.tolist()
    expected = theirs.estimator.predict_proba(plain.X_test)
    assert ours.estimator.predict_proba(plain.X_test) == pytest.approx(expected, abs=slack(plain))


@pytest.fixture(scope="module")
def cancer():
    X, y = load_breast_cancer(return_X_y=True)
    shuffled = np.random.default_rng(0).permutation(len(y))
    X, y = StandardScaler().fit_transform(X)[shuffled], y[shuffled]
    return X[:200], y[:200], X[200:260], y[200:260], 2


@pytest.mark.parametrize("weights", [None, "balanced", {0: 1.0, 1: 3.0}])
def test_real_data_need_hardly_a_fit(cancer, weights):
    plain, quick = both(LogisticRegression(class_weight=weights), *cancer, tolerance=1e-9)
    order = np.random.default_rng(1).permutation(200)
    some = [*range(0, 30, 4), *range(30, 200, 21), 199]
    walked = list(quick.walk(order))
    assert_same([walked[i] for i in some], plain, [order[: i + 1] for i in some], 1e-9)
    left = list(quick.without_each([[row] for row in range(200)]))[::20]
    assert_same(left, plain, [np.delete(np.arange(200), row) for row in range(0, 200, 20)], 1e-9)
    assert quick.solved["plain"] == 0
    assert quick.solved["newton"] < 20
    one_class = int(np.argmax(plain.y[order] != plain.y[order[0]]))
    assert sum(quick.solved.values()) == 400 - one_class


@pytest.mark.parametrize("scale", [1e-6, 1e4])
def test_features_of_any_size(scale):
    """Whatever can't be solved by a shortcut is left to scikit-learn; nothing is wrong."""
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(40, 3)) * [1.0, scale, 1.0], rng.integers(2, size=40)
    plain, quick = both(LogisticRegression(), X[:30], y[:30], X[30:], y[30:], 2, tolerance=1e-9)
    order = rng.permutation(30)
    assert_same(quick.walk(order), plain, prefixes(order), 1e-9)
    groups = [[row] for row in range(0, 30, 5)]
    assert_same(quick.without_each(groups), plain, [np.delete(np.arange(30), row) for row in groups], 1e-9)


@pytest.fixture
def three_classes():
    rng = np.random.default_rng(5)
    y = rng.integers(3, size=50)
    X = rng.normal(size=(50, 4)) + np.eye(4)[y]
    return X[:40], y[:40], X[40:], y[40:], 3


def both_kinds(cancer, three_classes):
    X, y, *rest = cancer
    return (X[:40], y[:40], *rest), three_classes


@pytest.mark.parametrize("weights", [None, "balanced"])
@pytest.mark.parametrize("kind", [0, 1])
def test_what_the_shortcut_leaves_is_solved_by_newtons_method(
    cancer, three_classes, monkeypatch, kind, weights
):
    monkeypatch.setattr(softmax, "MOST_PASSES", 1)
    problem = both_kinds(cancer, three_classes)[kind]
    plain, quick = both(LogisticRegression(class_weight=weights), *problem)
    order = np.random.default_rng(1).permutation(40)
    assert_same(quick.walk(order), plain, prefixes(order))
    assert_same(
        quick.without_each([[0], [1, 2]]), plain, [np.arange(1, 40), np.delete(np.arange(40), [1, 2])]
    )
    assert quick.solved["newton"] >= 35
    assert quick.solved["plain"] == 0


@pytest.mark.parametrize("kind", [0, 1])
def test_what_newtons_method_leaves_is_solved_by_scikit_learn(cancer, three_classes, monkeypatch, kind):
    monkeypatch.setattr(softmax, "MOST_PASSES", 1)
    monkeypatch.setattr(logistic, "newton", lambda loss, theta, tolerance: (theta, False))
    plain, quick = both(LogisticRegression(), *both_kinds(cancer, three_classes)[kind])
    order = np.random.default_rng(1).permutation(40)
    assert_same(quick.walk(order), plain, prefixes(order))
    assert_same(
        quick.without_each([[0], [1, 2]]), plain, [np.arange(1, 40), np.delete(np.arange(40), [1, 2])]
    )
    assert_same([quick([*range(20)])], plain, [np.arange(20)])
    assert set(quick.solved) - {"carried"} == {"plain"}
    assert quick.solved["plain"] >= 38


def test_a_singular_hessian_is_left_to_newtons_method(cancer, monkeypatch):
    def singular(*_):
        raise linalg.LinAlgError("not positive definite")

    monkeypatch.setattr(carry, "inverse", singular)
    X, y, *rest = cancer
    plain, quick = both(LogisticRegression(), X[:40], y[:40], *rest)
    order = np.random.default_rng(1).permutation(40)
    assert_same(quick.walk(order), plain, prefixes(order))
    assert quick.solved["carried"] == 0
    assert quick.solved["newton"] > 30


@pytest.mark.parametrize("block", [1, 7])
def test_blocks_change_nothing(cancer, monkeypatch, block):
    _, quick = both(LogisticRegression(), *cancer)
    order = np.random.default_rng(2).permutation(100)
    walked, left = list(quick.walk(order)), list(quick.without_each([[row] for row in range(30)]))
    monkeypatch.setattr(logistic, "BLOCK", block)
    assert list(quick.walk(order)) == pytest.approx(walked, abs=1e-8)
    assert list(quick.without_each([[row] for row in range(30)])) == pytest.approx(left, abs=1e-8)


def test_a_walk_ends_where_its_reader_stops(cancer):
    _, quick = both(LogisticRegression(), *cancer)
    assert len(list(itertools.islice(quick.walk(range(200)), 10))) == 10
    assert sum(quick.solved.values()) < 40


def test_numbers_that_are_none_are_an_error(cancer):
    X, y, X_test, *rest = cancer
    with pytest.raises(InquestError, match=r"LogisticRegression.*can't predict 60 rows \(Input contains NaN"):
        both(LogisticRegression(), X, y, np.where(X_test > 1, np.nan, X_test), *rest)
    X = X.copy()
    X[4, 0] = np.nan
    _, quick = both(LogisticRegression(), X[:30], y[:30], X_test, *rest)
    with pytest.raises(InquestError, match=r"can't be fitted on 30 rows \(Input X contains NaN"):
        quick(np.arange(30))
    with pytest.raises(InquestError, match="can't be fitted"):
        list(quick.walk(np.arange(30)))
    with pytest.raises(InquestError, match="can't be fitted"):
        quick.without([0])


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg", "newton-cholesky", "sag", "saga"])
def test_solvers_that_find_the_same_optimum(solver):
    assert LogisticUtility.covers(LogisticRegression(solver=solver, tol=0.1, max_iter=3, l1_ratio=0.0))


@pytest.mark.parametrize(
    "estimator",
    [
        LogisticRegression(solver="liblinear"),
        LogisticRegression(solver="saga", l1_ratio=0.5),
        LogisticRegression(penalty="l1", solver="saga"),
        LogisticRegression(penalty="elasticnet", solver="saga"),
        LogisticRegression(penalty=None),
        LogisticRegression(C=np.inf),
        LogisticRegression(C=0.0),
        LogisticRegression(C=-1.0),
        LogisticRegression(warm_start=True),
        LogisticRegression(class_weight={0: 1.0, 1: 0.0}),
        LogisticRegressionCV(),
        type("Mine", (LogisticRegression,), {})(),
        make_pipeline(LogisticRegression()),
    ],
)
def test_what_is_not_covered(estimator):
    assert not LogisticUtility.covers(estimator)


def test_a_row_named_twice(cancer):
    _, quick = both(LogisticRegression(), *cancer)
    with pytest.raises(ValueError, match="twice"):
        next(quick.walk([1, 1]))
    with pytest.raises(ValueError, match="twice"):
        quick.without([1, 1])
