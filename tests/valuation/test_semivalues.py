"""Semivalues of walks and subsets: weights, enumeration, convergence."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from inquest.utility import FunctionUtility, PlainUtility, Score
from inquest.valuation import (
    banzhaf,
    banzhaf_weights,
    beta_weights,
    combine,
    exact_semivalue,
    random_walks,
    semivalues,
)
from inquest.valuation.semivalues import random_subset, reuse_samples
from inquest.valuation.shapley import permutation, walk

settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
settings.load_profile("unhurried")


def game_of(worth) -> FunctionUtility:
    """The game with the given worth of each coalition, numbered by its bits."""
    return FunctionUtility(
        lambda rows: worth[sum(1 << int(row) for row in rows)], n_rows=int(math.log2(len(worth)))
    )


games = st.integers(1, 4).flatmap(lambda n: st.lists(st.floats(-10, 10), min_size=2**n, max_size=2**n))
weights_of = st.sampled_from(
    [
        banzhaf_weights,
        lambda n: beta_weights(n, 4, 1),
        lambda n: beta_weights(n, 0.5, 3),
        lambda n: np.ones(n),
    ]
)
random_game = game_of(np.random.default_rng(3).normal(size=32))

# weights


@given(st.integers(1, 60), st.floats(0.1, 40), st.floats(0.1, 40))
def test_beta_weights_are_the_beta_binomial_s(n, alpha, beta):
    expected = n * stats.betabinom.pmf(np.arange(n), n - 1, beta, alpha)
    assert beta_weights(n, alpha, beta) == pytest.approx(expected, rel=1e-8, abs=1e-12)


def test_beta_1_1_is_shapley():
    for n in (1, 2, 7, 8000):
        assert np.array_equal(beta_weights(n, 1, 1), np.ones(n))


def test_beta_weights_of_many_rows():
    """Of Beta(4, 1): w[j] = 4 n (n - j)(n - j + 1)(n - j + 2) / (n (n + 1)(n + 2)(n + 3))."""
    n, j = 8000, np.arange(8000)
    expected = 4 * (n - j) / (n + 1) * (n - j + 1) / (n + 2) * (n - j + 2) / (n + 3)
    assert beta_weights(n, 4, 1) == pytest.approx(expected, rel=1e-11)
    assert beta_weights(n, 1, 4) == pytest.approx(expected[::-1], rel=1e-11)
    steep = beta_weights(n, 1e5, 1)
    assert np.isfinite(steep).all() and steep.mean() == pytest.approx(1)


def test_small_sets_count_most_where_alpha_is_large():
    assert np.all(np.diff(beta_weights(9, 16, 1)) < 0) and np.all(np.diff(beta_weights(9, 1, 16)) > 0)


@pytest.mark.parametrize(("alpha", "beta"), [(0, 1), (1, -2), (math.nan, 1)])
def test_parameters_of_no_beta_distribution_are_refused(alpha, beta):
    with pytest.raises(ValueError, match="must be positive"):
        beta_weights(5, alpha, beta)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 8000])
def test_banzhaf_weights_are_binomial(n):
    found = banzhaf_weights(n)
    middle = (n - 1) // 2
    assert found[middle] == pytest.approx(float(n * math.comb(n - 1, middle) / 2 ** (n - 1)), rel=1e-10)
    assert found == pytest.approx(found[::-1]) and found.mean() == pytest.approx(1)


# on walks


@settings(max_examples=40)
@given(games, weights_of)
def test_walks_along_every_order_give_the_exact_values(worth, weights_of):
    game = game_of(worth)
    weights, orders = weights_of(game.n_rows), itertools.permutations(range(game.n_rows))
    walks = [walk(game, order, worth[0], worth[-1]) for order in orders]
    assert semivalues(walks, weights).values == pytest.approx(exact_semivalue(game, weights), abs=1e-9)


def test_a_weighted_walk_by_hand():
    """Joining 0, 1 and 2 rows, players 2, 0 and 1 add 4, 2 and 1; then players 0, 1, 2 add 4, 2, 1."""
    worths = FunctionUtility(lambda rows: (0.0, 4.0, 6.0, 7.0)[len(rows)], n_rows=3)
    walks = [walk(worths, order, 0.0, 7.0) for order in ([2, 0, 1], [0, 1, 2])]
    found = semivalues(walks, [0.5, 1.0, 1.5])
    assert found.marginals.tolist() == [[2.0, 1.5, 2.0], [2.0, 2.0, 1.5]]
    assert found.values.tolist() == [2.0, 1.75, 1.75]
    assert found.standard_errors.tolist() == pytest.approx([0.0, 0.25, 0.25])
    assert found.running.tolist() == [[2.0, 1.5, 2.0], [2.0, 1.75, 1.75]]
    assert found.evaluated.tolist() == [3, 3]


def test_ones_are_shapley_values():
    walks = random_walks(random_game, permutations=7)
    shapley = combine(walks, random_game([]), random_game(range(5)))
    assert np.array_equal(semivalues(walks, np.ones(5)).marginals, shapley.marginals)


@pytest.mark.parametrize("antithetic", [False, True])
@pytest.mark.parametrize("weights", [banzhaf_weights(5), beta_weights(5, 4, 1)], ids=["banzhaf", "beta"])
def test_estimates_are_within_their_errors(weights, antithetic):
    exact = exact_semivalue(random_game, weights)
    orders = [np.array(order) for order in itertools.permutations(range(5))]
    if antithetic:
        orders = [o for order in orders for o in (order, order[::-1])]
    empty, full = random_game([]), random_game(range(5))
    every = semivalues([walk(random_game, o, empty, full) for o in orders], weights, antithetic=antithetic)
    walks = random_walks(random_game, permutations=1600, seed=1, antithetic=antithetic)
    found = semivalues(walks, weights, antithetic=antithetic)
    assert np.all(np.abs(found.values - exact) < 4 * found.standard_errors)
    known = every.samples.std(axis=0) / np.sqrt(len(found.samples))
    assert found.standard_errors == pytest.approx(known, rel=0.15)


class Scored(PlainUtility):
    n_rows = 4

    def __call__(self, rows):
        return Score(len(rows), {"sum": float(np.sum(rows)) - 1})


def test_another_metric():
    walks = random_walks(Scored(), permutations=3)
    found = semivalues(walks, np.ones(4), metric="sum", empty=-1.0)
    assert found.values.tolist() == [0.0, 1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match=r"U\(empty\) is needed"):
        semivalues(walks, np.ones(4), metric="sum")


def test_antithetic_walks_are_checked():
    with pytest.raises(ValueError, match="come in pairs"):
        semivalues(random_walks(Scored(), permutations=3), np.ones(4), antithetic=True)


# Banzhaf values from subsets


def test_all_subsets_once_give_the_exact_banzhaf_values():
    members = np.array(list(itertools.product([0, 1], repeat=5)))
    worths = [random_game(np.flatnonzero(member)) for member in members]
    exact = exact_semivalue(random_game, banzhaf_weights(5))
    assert reuse_samples(members, worths)["value"].to_numpy() == pytest.approx(exact, abs=1e-12)


def test_subsets_converge_and_know_their_errors():
    found = banzhaf(random_game, subsets=3000, seed=5)
    exact = exact_semivalue(random_game, banzhaf_weights(5))
    assert np.all(np.abs(found["value"] - exact) < 4 * found["standard_error"])
    runs = [banzhaf(random_game, subsets=60, seed=seed) for seed in range(200)]
    spread = np.std([run["value"] for run in runs], axis=0)
    assert np.mean([run["standard_error"] for run in runs], axis=0) == pytest.approx(spread, rel=0.15)


def test_errors_are_those_of_scipy_s_difference_of_means():
    rng = np.random.default_rng(1)
    members, worths = rng.random((30, 4)) < 0.5, 1e6 + rng.normal(size=30)
    found = reuse_samples(members, worths)
    for row in range(4):
        test = stats.ttest_ind(worths[members[:, row]], worths[~members[:, row]], equal_var=False)
        assert found["value"][row] / found["standard_error"][row] == pytest.approx(test.statistic, rel=1e-6)


def test_a_row_that_is_in_all_subsets_or_in_none_has_no_value():
    found = reuse_samples([[1, 0, 1], [1, 0, 0], [1, 0, 0]], [3.0, 1.0, 2.0])
    assert np.isnan(found["value"][:2]).all() and found["value"][2] == 1.5
    assert found["standard_error"].isna().all()


def test_one_constant_score_is_worth_nothing():
    found = banzhaf(FunctionUtility(lambda rows: 0.1, n_rows=3), subsets=50)
    assert found["value"].tolist() == [0.0] * 3 and found["standard_error"].tolist() == [0.0] * 3


def test_no_subset_is_refused():
    with pytest.raises(ValueError, match="at least one subset"):
        banzhaf(random_game, subsets=0)


# any layout of jobs


def test_the_same_seed_gives_the_same_values_in_any_layout_of_jobs():
    """Walks and subsets computed one by one, last first, and put together in order."""
    empty, full = random_game([]), random_game(range(5))
    walks = {i: walk(random_game, permutation(5, 9, i), empty, full) for i in (3, 1, 0, 2)}
    weights = beta_weights(5, 4, 1)
    together = semivalues(random_walks(random_game, 4, seed=9), weights)
    assert np.array_equal(semivalues([walks[i] for i in range(4)], weights).values, together.values)
    members = np.array([random_subset(5, 9, i) for i in range(20)])
    worths = [random_game(np.flatnonzero(member)) for member in members]
    steps = []
    at_once = banzhaf(random_game, subsets=20, seed=9, step=lambda: steps.append(1))
    pd.testing.assert_frame_equal(reuse_samples(members, worths), at_once)
    assert len(steps) == 20
