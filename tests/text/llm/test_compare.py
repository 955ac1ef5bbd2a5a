"""Two labellers of the same texts, against scikit-learn, SciPy and counts by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.metrics import accuracy_score, cohen_kappa_score

from inquest.artefacts import plain
from inquest.text.evaluation import paired_difference, wilson
from inquest.text.llm.compare import UNPARSED, agreement, kappa, mcnemar, share


def made(n: int, k: int, seed: int, unparsed: float = 0.1):
    """Gold labels, labels of someone who is right most of the time, and of someone who may say nothing."""
    rng = np.random.default_rng(seed)
    y = rng.integers(k, size=n)
    a = np.where(rng.random(n) < 0.8, y, rng.integers(k, size=n))
    b = np.where(rng.random(n) < 0.5, y, rng.integers(k, size=n))
    return y, a, np.where(rng.random(n) < unparsed, UNPARSED, b)


@pytest.mark.parametrize("k", [2, 3, 60])
@pytest.mark.parametrize("unparsed", [0.0, 0.2, 1.0])
def test_accuracy_and_kappa_are_scikit_learn_s(k, unparsed):
    """To it, an answer that is no label is one label more: wrong, since it is never gold."""
    y, a, b = made(500, k, seed=k, unparsed=unparsed)
    found = agreement(y, a, b, 50, 0)
    for name, said in (("a", a), ("b", b)):
        right = accuracy_score(y, said)
        assert found[name] == {
            "texts": 500, "right": round(500 * right), "value": right,
            **dict(zip(("low", "high"), wilson(round(500 * right), 500), strict=True)),
        }  # fmt: skip
    assert found["kappa"]["value"] == pytest.approx(cohen_kappa_score(a, b), abs=1e-12)
    assert found["same"]["value"] == accuracy_score(a, b)
    assert found["difference"] == paired_difference(y, a, b, 50, 0)


def test_counts_by_hand():
    """Of eight texts both get 0 and 1, the first 2 to 4, the second 5; nobody 6 and 7, where b is silent."""
    y = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    a = np.array([0, 1, 0, 1, 0, 0, 1, 0])
    b = np.array([0, 1, 1, 0, -1, 1, 1, -1])
    found = agreement(y, a, b, 100, 0)
    assert found["right"] == {"both": 2, "only_a": 3, "only_b": 1, "neither": 2}
    assert (found["same"]["right"], found["texts"]) == (3, 8)  # 0, 1 and 6, where both are wrong
    assert found["difference"]["value"] == 0.25
    # a: five times 0, three times 1; b: twice 0, four times 1, twice nothing; by chance (10 + 12) / 64
    assert found["kappa"]["value"] == pytest.approx((3 / 8 - 22 / 64) / (1 - 22 / 64))
    assert found["p"] == 0.625  # 2 (1 + 4) / 16


def test_what_both_leave_unsaid_is_agreement_and_no_success():
    found = agreement(np.array([0, 1]), np.array([-1, -1]), np.array([-1, 1]), 10, 0)
    assert found["same"]["value"] == 0.5 and found["a"]["right"] == 0 and found["right"]["only_b"] == 1


@given(st.integers(0, 40), st.integers(0, 40))
def test_mcnemar_is_twice_the_tail_of_a_fair_coin(b, c):
    tail = 2 * binom.cdf(min(b, c), b + c, 0.5)
    assert mcnemar(b, c) == pytest.approx(min(1.0, tail))
    assert mcnemar(b, c) == mcnemar(c, b)


@given(st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), min_size=1, max_size=60))
def test_kappa_of_any_labels(pairs):
    a, b = np.array(pairs).T
    found = kappa(a, b, 20, 0)
    assert plain(found) == plain(kappa(b, a, 20, 0) | {key: found[key] for key in ("low", "high")})
    if len(set(a) | set(b)) == 1:
        assert math.isnan(found["value"]) and math.isnan(found["low"])
    else:
        assert found["value"] == pytest.approx(cohen_kappa_score(a, b), abs=1e-12)
        assert math.isnan(found["low"]) or -1 - 1e-9 <= found["low"] <= found["high"] <= 1 + 1e-9


def test_the_interval_of_kappa_is_that_of_resampled_texts():
    """Against a plain bootstrap by scikit-learn: the ends differ by the resamples' chance alone."""
    _, a, b = made(300, 3, seed=5)
    rng = np.random.default_rng(1)
    rows = (rng.integers(300, size=300) for _ in range(400))
    low, high = np.percentile([cohen_kappa_score(a[row], b[row]) for row in rows], (2.5, 97.5))
    found = kappa(a, b, 4000, 2)
    assert found["low"] == pytest.approx(low, abs=0.02) and found["high"] == pytest.approx(high, abs=0.02)


def test_the_same_seed_gives_the_same_numbers():
    y, a, b = made(200, 4, seed=3)
    assert agreement(y, a, b, 100, 7) == agreement(y, a, b, 100, 7)
    assert agreement(y, a, b, 100, 7)["kappa"] != agreement(y, a, b, 100, 8)["kappa"]


def test_someone_who_agrees_with_themself():
    y, a, _ = made(100, 3, seed=1)
    found = agreement(y, a, a, 100, 0)
    assert found["kappa"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert found["p"] == 1.0 and found["difference"] == {"value": 0.0, "low": 0.0, "high": 0.0}


def test_no_texts():
    none = np.array([], int)
    assert plain(share(none == 0))["value"] is None
    assert plain(kappa(none, none, 10, 0)) == {"value": None, "low": None, "high": None}
