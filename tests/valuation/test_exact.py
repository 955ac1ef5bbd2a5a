"""Exact values by enumeration: by hand, and against sums over sets as they are written in textbooks."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inquest.errors import InquestError
from inquest.utility import FunctionUtility, PlainUtility, Score
from inquest.valuation import banzhaf_weights, beta_weights, exact_semivalue, exact_shapley
from inquest.valuation.exact import coalition_worths, semivalue_of

settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
settings.load_profile("unhurried")

gloves = FunctionUtility(lambda rows: float(0 in rows and (1 in rows or 2 in rows)), n_rows=3)
games = st.integers(1, 5).flatmap(lambda n: st.lists(st.floats(-10, 10), min_size=2**n, max_size=2**n))


def test_no_players_no_values():
    assert exact_shapley(FunctionUtility(lambda rows: 1.0, n_rows=0)).tolist() == []


def test_too_many_players_are_refused_before_any_is_asked():
    def never(rows):
        raise AssertionError("asked")

    for value in (exact_shapley, coalition_worths):
        with pytest.raises(InquestError, match=r"exact values: 21 players; at most 20 are allowed"):
            value(FunctionUtility(never, n_rows=21))


def test_worths_that_are_no_game_are_refused():
    with pytest.raises(ValueError, match="found 6"):
        semivalue_of([0.0] * 6)


def test_coalitions_are_numbered_by_their_bits_and_counted():
    steps = []
    game = FunctionUtility(lambda rows: float(sum(10.0**row for row in rows)), n_rows=3)
    assert coalition_worths(game, lambda: steps.append(1)) == [0, 1, 10, 11, 100, 101, 110, 111]
    assert len(steps) == 8


def test_worths_keep_their_metrics():
    class Scored(PlainUtility):
        n_rows = 2

        def __call__(self, rows):
            return Score(len(rows), {"sum": float(np.sum(rows))})

    worths = coalition_worths(Scored())
    assert semivalue_of(worths).tolist() == [1.0, 1.0]
    assert semivalue_of([worth.metrics["sum"] for worth in worths]).tolist() == [0.0, 1.0]


def test_banzhaf_values_of_known_games():
    """The left glove is decisive in 3 of the 4 sets of others, a right one in 1 of 4."""
    assert exact_semivalue(gloves, banzhaf_weights(3)) == pytest.approx([3 / 4, 1 / 4, 1 / 4])
    voting = FunctionUtility(lambda rows: float(sum((3, 2, 1)[row] for row in rows) >= 4), n_rows=3)
    assert exact_semivalue(voting, banzhaf_weights(3)) == pytest.approx([3 / 4, 1 / 4, 1 / 4])


def test_the_weight_of_the_largest_set_alone_is_leave_one_out():
    worth = np.random.default_rng(0).normal(size=16)
    game = FunctionUtility(lambda rows: worth[sum(1 << int(row) for row in rows)], n_rows=4)
    assert exact_semivalue(game, [0, 0, 0, 4]) == pytest.approx(
        [worth[15] - worth[15 - 2**i] for i in range(4)]
    )


@given(games, st.sampled_from(["shapley", "banzhaf", (4, 1), (1, 16), (0.5, 2)]))
def test_sums_over_sets_as_textbooks_write_them(worth, kind):
    n = len(worth).bit_length() - 1
    if kind == "shapley":
        weights, each = None, lambda s: math.factorial(s) * math.factorial(n - 1 - s) / math.factorial(n)
    elif kind == "banzhaf":
        weights, each = banzhaf_weights(n), lambda s: 2.0 ** (1 - n)
    else:  # the integral of p**s (1 - p)**(n - 1 - s) over the beta distribution of p
        a, b = kind
        weights = beta_weights(n, a, b)

        def each(s):
            def log_beta(x, y):
                return math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y)

            return math.exp(log_beta(s + b, n - 1 - s + a) - log_beta(b, a))

    expected = np.zeros(n)
    for player in range(n):
        others = [i for i in range(n) if i != player]
        for size in range(n):
            for chosen in itertools.combinations(others, size):
                code = sum(1 << i for i in chosen)
                expected[player] += each(size) * (worth[code | 1 << player] - worth[code])
    assert semivalue_of(worth, weights) == pytest.approx(expected, abs=1e-9)
