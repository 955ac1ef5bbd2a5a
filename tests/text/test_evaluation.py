"""Scores of a text classifier against scikit-learn's, by hand, and their intervals against plain loops."""

import math
import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn import metrics as sk

from inquest.text.evaluation import SCORES, evaluate, newcombe, paired_difference, wilson


@st.composite
def problems(draw):
    """Gold labels and coarse probabilities, so that they tie; classes may be never there or never said."""
    k, n = draw(st.integers(2, 4)), draw(st.integers(1, 30))
    y = np.array(draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n)))
    parts = draw(st.lists(st.lists(st.integers(0, 3), min_size=k, max_size=k), min_size=n, max_size=n))
    weights = np.array(parts, float)
    weights[weights.sum(axis=1) == 0] = 1
    return y, weights / weights.sum(axis=1, keepdims=True)


def names(k: int) -> list[str]:
    return [f"class {i}" for i in range(k)]


@settings(deadline=None)
@given(problems())
def test_every_score_is_scikit_learns(problem):
    y, p = problem
    k, said = p.shape[1], p.argmax(axis=1)
    found = evaluate(y, p, names(k), resamples=10, seed=0, bins=10)
    assert found["accuracy"]["value"] == pytest.approx(sk.accuracy_score(y, said))
    assert found["macro_f1"]["value"] == pytest.approx(sk.f1_score(y, said, average="macro", zero_division=0))
    assert found["log_loss"]["value"] == pytest.approx(sk.log_loss(y, p, labels=range(k)))
    assert np.array_equal(found["confusion"], sk.confusion_matrix(y, said, labels=range(k)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        each = sk.precision_recall_fscore_support(y, said, labels=range(k), zero_division=np.nan)
    for name, values in zip(("precision", "recall", "f1", "texts"), each, strict=True):
        assert [row[name] for row in found["per_class"]] == pytest.approx(values, nan_ok=True)


def test_intervals_are_those_of_a_plain_loop_over_resamples():
    rng = np.random.default_rng(4)
    p = rng.dirichlet(np.ones(3), size=40)
    y = rng.integers(3, size=40)
    found = evaluate(y, p, names(3), resamples=100, seed=11, bins=5)
    loop, draws = np.random.default_rng(11), []
    for _ in range(100):
        rows = loop.integers(40, size=40)
        gold, said = y[rows], p[rows].argmax(axis=1)
        gaps = [
            abs(np.sum((gold == said)[own] - p[rows].max(axis=1)[own])) / 40
            for b in range(5)
            for own in [(p[rows].max(axis=1) > b / 5) & (p[rows].max(axis=1) <= (b + 1) / 5)]
        ]
        draws.append(
            (
                sk.accuracy_score(gold, said),
                sk.f1_score(gold, said, average="macro", zero_division=0),
                sum(gaps),
                sk.log_loss(gold, p[rows], labels=range(3)),
                sk.recall_score(gold, said, labels=[2], average=None, zero_division=np.nan)[0],
            )
        )
    low, high = np.nanpercentile(draws, [2.5, 97.5], axis=0)
    for i, name in enumerate(SCORES):
        assert (found[name]["low"], found[name]["high"]) == pytest.approx((low[i], high[i]))
    last = found["per_class"][2]
    assert (last["recall_low"], last["recall_high"]) == pytest.approx((low[4], high[4]))


def test_many_classes_take_no_memory_for_each_pair_of_them():
    """200 resamples of 300 x 300 counts would be 144 MB; those of 3 x 300 are 1.4 MB, as are their scores."""
    y = np.arange(600) % 300
    p = np.eye(300)[(y + (y % 3 == 0)) % 300]  # every third class is taken for the next one
    tracemalloc.start()
    found = evaluate(y, p, names(300), resamples=200, seed=0, bins=10)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 30e6
    assert found["accuracy"]["value"] == pytest.approx(2 / 3)
    assert found["confusion"][0, 1] == found["confusion"][1, 1] == 2 and found["confusion"].sum() == 600


def two(confidences, right):
    """Texts of the class 0, of which those that are not right are taken for class 1."""
    c, right = np.array(confidences), np.array(right)
    p = np.where(right[:, None], np.column_stack([c, 1 - c]), np.column_stack([1 - c, c]))
    return np.zeros(len(c), int), p


def test_the_calibration_error_by_hand():
    """(0.5, 0.6]: 0.55, 0.6, one right: |1 − 1.15|; (0.9, 1]: 0.92, 0.98, both right: |2 − 1.9|; 0.25 / 4."""
    y, p = two([0.55, 0.6, 0.92, 0.98], [True, False, True, True])
    found = evaluate(y, p, names(2), resamples=10, seed=0, bins=10)
    assert found["ece"]["value"] == pytest.approx((0.15 + 0.10) / 4)
    lower, upper = found["reliability"]
    assert (lower["low"], lower["high"], lower["texts"], lower["accuracy"]) == (0.5, 0.6, 2, 0.5)
    assert (upper["low"], upper["high"], upper["texts"], upper["accuracy"]) == (0.9, 1.0, 2, 1.0)
    assert lower["confidence"] == pytest.approx(0.575) and upper["confidence"] == pytest.approx(0.95)
    assert (lower["accuracy_low"], lower["accuracy_high"]) == pytest.approx(wilson(1, 2))


@pytest.mark.parametrize("edge", range(5, 11))
def test_a_bin_holds_its_upper_end(edge):
    y, p = two([edge / 10], [True])
    (only,) = evaluate(y, p, names(2), resamples=10, seed=0, bins=10)["reliability"]
    assert (only["low"], only["high"]) == ((edge - 1) / 10, edge / 10)


def test_resampling_makes_a_calibration_error_larger():
    """Confidence 0.75, right three times in four: no error, but a resample has a chance deviation.

    Its standard deviation is √(0.75 · 0.25 / 400) = 0.0217, and 97.5 % of the sizes are below 2.24 of it.
    """
    y, p = two([0.75] * 400, [True, True, True, False] * 100)
    ece = evaluate(y, p, names(2), resamples=4000, seed=0, bins=10)["ece"]
    assert ece["value"] == pytest.approx(0, abs=1e-12)
    assert ece["high"] == pytest.approx(2.24 * 0.0217, abs=0.004)


def test_the_interval_of_an_accuracy_is_the_binomial_one():
    """100 of 400 texts wrong: 0.75 with a standard error of √(0.75 · 0.25 / 400) = 0.0217."""
    y, p = two([0.8] * 400, [False] * 100 + [True] * 300)
    found = evaluate(y, p, names(2), resamples=4000, seed=0, bins=10)["accuracy"]
    assert found["value"] == 0.75
    assert (found["low"], found["high"]) == pytest.approx((0.75 - 0.0424, 0.75 + 0.0424), abs=0.004)


def test_a_class_that_is_never_said_has_no_precision():
    y, p = np.array([0, 0, 1]), np.array([[0.9, 0.1, 0], [0.8, 0.2, 0], [0.7, 0.3, 0]])
    first, second, third = evaluate(y, p, names(3), resamples=50, seed=0, bins=2)["per_class"]
    assert (first["precision"], first["recall"]) == pytest.approx((2 / 3, 1))
    assert math.isnan(second["precision"]) and second["recall"] == second["f1"] == 0
    assert all(math.isnan(third[key]) for key in ("precision", "recall", "f1", "f1_low", "f1_high"))


def test_the_seed_matters_and_suffices():
    rng = np.random.default_rng(1)
    p, y = rng.dirichlet(np.ones(2), size=90), rng.integers(2, size=90)
    assert evaluate(y, p, names(2), 100, 3, 10)["ece"] == evaluate(y, p, names(2), 100, 3, 10)["ece"]
    assert evaluate(y, p, names(2), 100, 3, 10)["ece"] != evaluate(y, p, names(2), 100, 4, 10)["ece"]


# differences


def test_a_difference_counts_only_texts_on_which_the_two_differ():
    """One alone is right on 30 of 400 texts, the other on 10: 0.05, give or take √((0.1 − 0.0025) / 400)."""
    y = np.zeros(400, int)
    a, b = np.ones(400, int), np.ones(400, int)
    a[:200], b[30:210] = 0, 0
    found = paired_difference(y, a, b, 4000, seed=0)
    assert found["value"] == pytest.approx(0.05)
    half = 1.96 * math.sqrt(0.0975 / 400)
    assert (found["low"], found["high"]) == pytest.approx((0.05 - half, 0.05 + half), abs=0.004)
    turned = paired_difference(y, b, a, 4000, seed=0)
    assert turned["value"] == -found["value"]
    assert paired_difference(y, a, a, 100, seed=0) == {"value": 0, "low": 0, "high": 0}


# shares


@pytest.mark.parametrize(("count", "of"), [(0, 10), (3, 10), (10, 10), (81, 263), (1, 29)])
def test_a_score_interval_is_scipys(count, of):
    expected = binomtest(count, of).proportion_ci(method="wilson")
    assert wilson(count, of) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_score_intervals_of_many_shares_and_of_none():
    low, high = wilson([0, 81], [0, 263])
    assert math.isnan(low[0]) and math.isnan(high[0])
    assert (low[1], high[1]) == wilson(81, 263)


@pytest.mark.parametrize(
    ("shares", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 10), 0.6075, 1.0),
    ],
)
def test_differences_of_shares_are_those_of_newcombes_table(shares, low, high):
    """Newcombe (1998), Table II, method 10."""
    found = newcombe(*shares)
    assert (found["low"], found["high"]) == pytest.approx((low, high), abs=5e-5)
    turned = newcombe(*shares[2:], *shares[:2])
    assert (-turned["high"], -turned["low"]) == pytest.approx((found["low"], found["high"]))


def test_a_share_of_nothing_differs_from_nothing():
    assert all(math.isnan(value) for value in newcombe(0, 0, 3, 10).values())
