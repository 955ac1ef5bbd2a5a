"""How far estimates can be trusted, by hand and by simulation."""

import math

import numpy as np
import pandas as pd
import pytest

from inquest.shapley.trust import MOST_SIZES, agreement, permutations_for, trust
from inquest.valuation.convergence import gelman_rubin, reliability
from inquest.valuation.shapley import ShapleyValues, combine


def found_of(marginals, antithetic=False):
    walks = [
        pd.DataFrame({"player": range(len(m)), "worth": np.cumsum(m), "marginal": m, "evaluated": True})
        for m in np.asarray(marginals, float)
    ]
    return combine(walks, 0.0, float(np.mean(marginals, axis=0).sum()), antithetic=antithetic)


def noisy(permutations, n=200, signal=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return signal * rng.normal(size=n) + rng.normal(size=(permutations, n))


@pytest.mark.parametrize(
    ("goal", "share", "permutations", "expected"),
    [
        (0.8, 0.5, 10, 40),  # 4 times as long: 4 r / (1 + 3 r) = 2 / 2.5
        (0.8, 0.8, 10, 10),
        (0.5, 0.8, 12, 3),
        (0.8, 0.05, 10, 760),
        (0.8, 1.0, 10, 0),
        (0.8, 0.0, 10, None),
        (0.8, None, 1, None),
    ],
)
def test_permutations_for_a_reliability(goal, share, permutations, expected):
    assert permutations_for(goal, share, permutations) == expected


def test_so_many_permutations_have_that_reliability():
    """Signal and noise of the same size: 10 walks have 10/11, 4 have 4/5."""
    few = found_of(noisy(2, n=40_000))
    asked = permutations_for(0.8, reliability(few.samples), 2)
    assert asked in (4, 5)
    assert reliability(found_of(noisy(4, n=40_000)).samples) == pytest.approx(0.8, abs=0.01)


def test_gelman_rubin_has_chains_of_five_at_least():
    for permutations, chains, length in ((4, 2, 2), (10, 2, 5), (30, 6, 5), (120, 10, 12)):
        found = found_of(noisy(permutations))
        facts = trust(found)["gelman_rubin"]
        assert (facts["chains"], facts["length"]) == (chains, length)
        factors = gelman_rubin(found.samples, chains)
        assert facts["max"] == factors.max() and facts["converged"] == np.mean(factors < 1.05)
    assert trust(found_of(noisy(3)))["gelman_rubin"] is None


def test_stability_of_the_best_and_the_worst():
    """Of 200 rows without noise, the same ten are best in each half; of pure noise, one in twenty."""
    clear = trust(found_of(noisy(10, signal=1e6)))["stability"]
    assert (clear["top"], clear["half"], clear["by_chance"]) == (10, 5, 0.05)
    assert clear["best"] == clear["worst"] == 1.0 and clear["halves"] == pytest.approx(1)
    noise = trust(found_of(noisy(10, n=2000, signal=0.0)))["stability"]
    assert noise["top"] == 100 and noise["best"] == pytest.approx(0.05, abs=0.05)
    assert trust(found_of(noisy(10, n=30)))["stability"]["top"] == 5
    assert trust(found_of(noisy(10, n=6)))["stability"]["top"] == 3


def test_what_one_permutation_can_not_tell():
    facts = trust(found_of(noisy(1)))
    for name in ("reliability", "needed", "gelman_rubin", "change", "stability"):
        assert facts[name] is None


def test_antithetic_pairs_are_samples():
    marginals = noisy(8, n=4)
    walks = [
        pd.DataFrame({"player": players, "worth": np.cumsum(m), "marginal": m, "evaluated": True})
        for i, m in enumerate(marginals)
        for players in [np.arange(4) if i % 2 == 0 else np.arange(4)[::-1]]
    ]
    found = combine(walks, 0.0, 0.0, antithetic=True)
    facts = trust(found)
    assert facts["gelman_rubin"]["length"] == 2 and facts["stability"]["half"] == 2
    before = found.running[5]  # a pair at a time
    assert facts["change"] == pytest.approx(np.abs(found.values - before).sum() / np.abs(found.values).sum())
    share = facts["stability"]["full"]
    assert facts["needed"] == (math.ceil(8 * 4 * (1 - share) / share - 1e-9) if share else None)


def test_ranks_hold_where_few_rows_make_all_the_variance():
    """Noise a thousand times the signal in one row of 50, another in each walk: ranks know of the others."""
    marginals = np.arange(50.0) + np.random.default_rng(0).normal(size=(10, 50))
    marginals[np.arange(10), np.arange(10) * 5] += np.where(np.arange(10) % 2, 1e4, -1e4)
    facts = trust(found_of(marginals))
    assert facts["reliability"] < 0.2 and facts["stability"]["full"] > 0.6
    assert facts["needed"] is not None and facts["needed"] < 25


def test_the_agreement_of_as_many_permutations_with_others():
    """Rows whose order every walk has agree fully; from noise, more walks agree no more than few."""
    rng = np.random.default_rng(0)
    steady = ShapleyValues(
        marginals=np.tile(np.arange(9.0), (7, 1)), evaluated=np.full(7, 9), empty=0, full=36
    )
    found = agreement(steady)
    assert found["permutations"].tolist() == [1, 2, 3]
    assert found["mean"].tolist() == found["low"].tolist() == pytest.approx([1.0, 1.0, 1.0])
    noise = ShapleyValues(marginals=rng.normal(size=(60, 400)), evaluated=np.full(60, 400), empty=0, full=0)
    found = agreement(noise)
    assert len(found) == MOST_SIZES and found["permutations"].iloc[-1] == 30
    assert found["mean"].abs().max() < 0.15 and (found["low"] <= found["mean"]).all()
    one = ShapleyValues(marginals=np.ones((1, 3)), evaluated=np.full(1, 3), empty=0, full=3)
    assert agreement(one).empty
    pairs = ShapleyValues(
        marginals=rng.normal(size=(8, 5)), evaluated=np.full(8, 5), empty=0, full=0, antithetic=True
    )
    assert agreement(pairs)["permutations"].tolist() == [2, 4]
