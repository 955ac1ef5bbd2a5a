"""Shapley values: games with known answers, the axioms, truncation by hand."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inquest.utility import FunctionUtility, PlainUtility, Score
from inquest.valuation import exact_shapley, random_walks, tmc_shapley
from inquest.valuation.shapley import combine, permutation, truncate, walk

settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
settings.load_profile("unhurried")

GAMES = {
    "weighted voting [4; 3, 2, 1]": (
        3, lambda rows: float(sum((3, 2, 1)[row] for row in rows) >= 4), [2 / 3, 1 / 6, 1 / 6],
    ),
    "gloves: one left, two right": (
        3, lambda rows: float(0 in rows and (1 in rows or 2 in rows)), [2 / 3, 1 / 6, 1 / 6],
    ),
    "gloves: two left, two right": (
        4, lambda rows: float(min(np.sum(rows < 2), np.sum(rows >= 2))), [1 / 2] * 4,
    ),
    "additive": (4, lambda rows: float(np.sum(2.0**rows)), [1.0, 2.0, 4.0, 8.0]),
    # each runway costs what its largest plane needs: 1 is shared by three, 2 more by two, 3 more by one
    "airport 1, 3, 6": (
        3, lambda rows: float(max(((1, 3, 6)[row] for row in rows), default=0)), [1 / 3, 4 / 3, 13 / 3],
    ),
    "unanimity of 0 and 2": (3, lambda rows: float(0 in rows and 2 in rows), [1 / 2, 0, 1 / 2]),
    "majority of five": (5, lambda rows: float(len(rows) >= 3), [1 / 5] * 5),
    "worth something when empty": (2, lambda rows: 5.0 - len(rows), [-1.0, -1.0]),
    "one player": (1, lambda rows: 3.0 + 4.0 * len(rows), [4.0]),
}  # fmt: skip


@pytest.fixture(params=GAMES)
def game(request):
    n, worth, values = GAMES[request.param]
    return FunctionUtility(worth, n_rows=n), values


def random_game(worth) -> FunctionUtility:
    """The game with the given worth of each coalition, numbered by its bits."""
    return FunctionUtility(
        lambda rows: worth[sum(1 << int(row) for row in rows)], n_rows=int(math.log2(len(worth)))
    )


worths = st.integers(1, 6).flatmap(lambda n: st.lists(st.floats(-10, 10), min_size=2**n, max_size=2**n))


def all_walks(game, tolerance=0.0):
    full, empty = game(range(game.n_rows)), game([])
    orders = itertools.permutations(range(game.n_rows))
    return combine([walk(game, order, empty, full, tolerance) for order in orders], empty, full)


# exact values


def test_exact_values_of_known_games(game):
    assert exact_shapley(game[0]) == pytest.approx(game[1], abs=1e-12)


def test_walks_along_every_order_give_the_exact_values(game):
    assert all_walks(game[0]).values == pytest.approx(game[1], abs=1e-12)


@given(worths)
def test_efficiency(worth):
    game = random_game(worth)
    assert exact_shapley(game).sum() == pytest.approx(worth[-1] - worth[0], abs=1e-9)


@given(worths, st.data())
def test_symmetry(worth, data):
    """Renaming the players renames their values, and nothing else."""
    game = random_game(worth)
    new = np.array(data.draw(st.permutations(range(game.n_rows))))
    renamed = FunctionUtility(lambda rows: game(new[rows]), n_rows=game.n_rows)
    assert exact_shapley(renamed) == pytest.approx(exact_shapley(game)[new], abs=1e-9)


@given(worths)
def test_a_player_that_never_adds_anything_gets_nothing_and_changes_nothing(worth):
    game = random_game(worth)
    n = game.n_rows
    wider = FunctionUtility(lambda rows: game(rows[rows < n]), n_rows=n + 1)
    values = exact_shapley(wider)
    assert values[n] == pytest.approx(0, abs=1e-12)
    assert values[:n] == pytest.approx(exact_shapley(game), abs=1e-9)


@given(worths, st.floats(-3, 3), st.data())
def test_linearity(worth, factor, data):
    other = data.draw(st.lists(st.floats(-10, 10), min_size=len(worth), max_size=len(worth)))
    both = [a + factor * b for a, b in zip(worth, other, strict=True)]
    values = [exact_shapley(random_game(w)) for w in (worth, other, both)]
    assert values[2] == pytest.approx(values[0] + factor * values[1], abs=1e-9)


@settings(max_examples=25)
@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.floats(-10, 10), min_size=2**n, max_size=2**n)))
def test_enumeration_of_coalitions_and_of_orders_agree(worth):
    game = random_game(worth)
    assert all_walks(game).values == pytest.approx(exact_shapley(game), abs=1e-9)


# estimates


def test_estimates_are_within_their_errors():
    """2,000 orders: within four standard errors, and these near the ones known for the voting game."""
    n, worth, values = GAMES["weighted voting [4; 3, 2, 1]"]
    found = tmc_shapley(FunctionUtility(worth, n_rows=n), permutations=2000, seed=11)
    assert np.all(np.abs(found.values - values) < 4 * found.standard_errors)
    # each marginal contribution is 0 or 1, so its variance is p (1 - p)
    expected = [math.sqrt(p * (1 - p) / 2000) for p in values]
    assert found.standard_errors == pytest.approx(expected, rel=0.1)


@given(worths, st.integers(0, 5))
def test_every_untruncated_run_is_efficient(worth, seed):
    found = tmc_shapley(random_game(worth), permutations=3, seed=seed)
    assert abs(found.efficiency_gap) < 1e-12 * 100  # worths up to 10, each rounded
    assert found.marginals.sum(axis=1) == pytest.approx([worth[-1] - worth[0]] * 3, abs=1e-12 * 100)
    assert found.evaluated.tolist() == [random_game(worth).n_rows] * 3


def test_a_run_on_whole_numbers_is_efficient_to_the_last_bit():
    n, worth, _ = GAMES["airport 1, 3, 6"]
    for seed in range(20):
        assert (
            abs(tmc_shapley(FunctionUtility(worth, n_rows=n), permutations=7, seed=seed).efficiency_gap)
            < 1e-12
        )


def test_in_an_additive_game_one_order_is_enough():
    found = tmc_shapley(FunctionUtility(lambda rows: float(rows.sum()), n_rows=5), permutations=2, seed=3)
    assert found.values.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert found.standard_errors.tolist() == [0.0] * 5


def test_a_permutation_depends_on_its_seed_and_number_alone():
    game = FunctionUtility(lambda rows: float(len(rows) ** 2 * (0 in rows)), n_rows=6)
    few, many = (tmc_shapley(game, permutations=count, seed=5) for count in (3, 8))
    assert np.array_equal(many.marginals[:3], few.marginals)
    assert permutation(50, 5, 2).tolist() == permutation(50, 5, 2).tolist() != permutation(50, 5, 3).tolist()
    assert permutation(50, 6, 2).tolist() != permutation(50, 5, 2).tolist()
    assert sorted(permutation(50, 5, 2)) == list(range(50))


def test_permutations_are_uniform():
    """Of 6,000 orders of three, each of the six comes up about 1,000 times."""
    found = [tuple(permutation(3, 0, index).tolist()) for index in range(6000)]
    counts = [found.count(order) for order in itertools.permutations(range(3))]
    assert sum((count - 1000) ** 2 / 1000 for count in counts) < 20.5  # chi-squared, 5 degrees, p = 0.001


def test_the_order_of_the_walks_changes_no_value():
    game = FunctionUtility(lambda rows: float(np.sqrt(len(rows))) + (1 in rows), n_rows=5)
    walks = [walk(game, permutation(5, 0, index), game([]), game(range(5))) for index in range(6)]
    forth, back = combine(walks, game([]), game(range(5))), combine(walks[::-1], game([]), game(range(5)))
    assert back.values == pytest.approx(forth.values, abs=1e-15)
    assert back.standard_errors == pytest.approx(forth.standard_errors, abs=1e-15)
    assert np.array_equal(back.marginals, forth.marginals[::-1])


def test_running_estimates_and_errors_by_hand():
    def table(*marginal):
        return pd.DataFrame({"player": [0, 1], "worth": 0.0, "marginal": marginal, "evaluated": True})

    found = combine([table(1.0, 4.0), table(3.0, 4.0), table(5.0, 7.0)], empty=0.0, full=8.0)
    assert found.running.tolist() == [[1.0, 4.0], [2.0, 4.0], [3.0, 5.0]]
    assert found.values.tolist() == [3.0, 5.0]
    assert found.standard_errors == pytest.approx([2 / math.sqrt(3), 1.0])  # standard deviations 2 and √3
    assert found.efficiency_gap == 0.0


def test_one_permutation_has_no_standard_error():
    found = tmc_shapley(FunctionUtility(lambda rows: 1.0, n_rows=3), permutations=1)
    assert np.isnan(found.standard_errors).all()


def test_no_permutation_is_refused():
    with pytest.raises(ValueError, match="at least one permutation"):
        tmc_shapley(FunctionUtility(lambda rows: 1.0, n_rows=3), permutations=0)


# antithetic permutations


def test_every_second_permutation_is_the_reverse_of_the_one_before():
    for index in (0, 2, 6):
        first = permutation(9, 5, index, antithetic=True)
        assert first.tolist() == permutation(9, 5, index).tolist()
        assert permutation(9, 5, index + 1, antithetic=True).tolist() == first.tolist()[::-1]


def test_where_only_the_place_matters_a_pair_is_exact():
    """j rows are worth j². Joining j rows adds 2j + 1, in the reverse order 2 (5 - j) + 1; together 2 · 6."""
    game = FunctionUtility(lambda rows: float(len(rows) ** 2), n_rows=6)
    pairs = tmc_shapley(game, permutations=4, seed=1, antithetic=True)
    assert pairs.values.tolist() == [6.0] * 6
    assert pairs.samples.tolist() == [[6.0] * 6] * 2 and pairs.standard_errors.tolist() == [0.0] * 6
    assert tmc_shapley(game, permutations=4, seed=1).standard_errors.min() > 0.5


def test_errors_of_antithetic_walks_are_those_of_pairs():
    """The spread of pairs is known by enumerating all orders, and met by 1,000 random pairs."""
    n, worth, values = GAMES["weighted voting [4; 3, 2, 1]"]
    game = FunctionUtility(worth, n_rows=n)
    orders = list(itertools.permutations(range(n)))
    pairs = [walk(game, o, 0.0, 1.0) for order in orders for o in (order, order[::-1])]
    spread = combine(pairs, 0.0, 1.0, antithetic=True).samples.std(axis=0)
    found = tmc_shapley(game, permutations=2000, seed=2, antithetic=True)
    assert found.standard_errors == pytest.approx(spread / math.sqrt(1000), rel=0.1)
    assert np.all(np.abs(found.values - values) < 4 * found.standard_errors)


@settings(max_examples=20)
@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.floats(-10, 10), min_size=2**n, max_size=2**n)))
def test_antithetic_walks_along_every_order_give_the_exact_values(worth):
    game = random_game(worth)
    empty, full = game([]), game(range(game.n_rows))
    orders = list(itertools.permutations(range(game.n_rows)))
    walks = [walk(game, o, empty, full) for order in orders for o in (order, order[::-1])]
    found = combine(walks, empty, full, antithetic=True)
    assert found.values == pytest.approx(exact_shapley(game), abs=1e-9)


def test_half_a_pair_is_refused_and_so_are_walks_that_are_no_pairs():
    game = FunctionUtility(lambda rows: float(len(rows)), n_rows=5)
    with pytest.raises(ValueError, match="come in pairs, found 3"):
        tmc_shapley(game, permutations=3, antithetic=True)
    walks = random_walks(game, 4)
    with pytest.raises(ValueError, match="come in pairs, found 3"):
        combine(walks[:3], 0.0, 5.0, antithetic=True)
    with pytest.raises(ValueError, match="reverse"):
        combine(walks, 0.0, 5.0, antithetic=True)


# every metric


class Scored(PlainUtility):
    """Worth: the square root of how many rows; other metrics: how many, and their sum."""

    n_rows = 5

    def __call__(self, rows):
        return Score(len(rows) ** 0.5, {"count": float(len(rows)), "sum": float(np.sum(rows))})


def test_a_walk_has_every_metric_of_each_prefix():
    found = walk(Scored(), [3, 0, 4, 1, 2], 0.0, 5**0.5)
    assert found.columns.tolist() == ["player", "worth", "marginal", "evaluated", "worth_count", "worth_sum"]
    assert found["worth_count"].tolist() == [1, 2, 3, 4, 5]
    assert found["worth_sum"].tolist() == [3, 3, 7, 8, 10]


def test_values_on_another_metric():
    walks = random_walks(Scored(), permutations=3, seed=4)
    assert combine(walks, 0.0, 10.0, metric="sum").values.tolist() == pytest.approx([0, 1, 2, 3, 4])
    assert combine(walks, 0.0, 10.0, metric="sum").efficiency_gap == pytest.approx(0)
    assert combine(walks, -5.0, 10.0, metric="sum").efficiency_gap == pytest.approx(0)  # all to who is first
    assert combine(walks, 0.0, 5.0, metric="count").values.tolist() == [1.0] * 5
    assert combine(walks, 0.0, 5**0.5).values.sum() == pytest.approx(5**0.5)


def test_other_metrics_are_carried_on_after_truncation():
    """√4 = 2 is within 11 % of √5."""
    found = walk(Scored(), [3, 0, 4, 1, 2], 0.0, 5**0.5, tolerance=0.11)
    assert found["evaluated"].tolist() == [True] * 4 + [False]
    assert found["worth_sum"].tolist() == [3, 3, 7, 8, 8]
    assert combine([found], 0.0, 10.0, metric="sum").values.tolist() == [0, 1, 0, 3, 4]


def test_a_walk_that_does_not_start_has_the_metrics_of_the_empty_set():
    empty, full = Scored()([]), Scored()(range(5))
    found = walk(Scored(), range(5), empty, full, tolerance=2)
    assert found["worth_count"].tolist() == [0.0] * 5
    pd.testing.assert_frame_equal(found, truncate(walk(Scored(), range(5), empty, full), empty, full, 2))
    unknown = truncate(walk(Scored(), range(5), 0.0, full), 0.0, full, 2)
    assert unknown["worth"].tolist() == [0.0] * 5 and unknown["worth_count"].isna().all()


@given(st.permutations(range(5)), st.floats(0, 1))
def test_truncating_a_finished_walk_truncates_every_metric(order, tolerance):
    empty, full = Scored()([]), Scored()(range(5))
    cut = truncate(walk(Scored(), order, empty, full), empty, full, tolerance)
    pd.testing.assert_frame_equal(cut, walk(Scored(), order, empty, full, tolerance))


def test_walks_know_what_is_known_of_the_empty_and_the_full_set():
    asked = []
    game = FunctionUtility(lambda rows: asked.append(len(rows)) or float(len(rows)), n_rows=3)
    random_walks(game, permutations=1, empty=0.0, full=3.0)
    assert asked == [1, 2, 3]


# truncation


STEPS = FunctionUtility(lambda rows: (0.0, 5.0, 9.0, 9.6, 10.0)[len(rows)], n_rows=4)


def test_truncation_by_hand():
    """Within 5 % of 10, that is less than 0.5 away: after the third row, at 9.6."""
    asked = []
    found = walk(STEPS, [2, 0, 3, 1], 0.0, 10.0, tolerance=0.05, step=lambda: asked.append(1))
    assert found["player"].tolist() == [2, 0, 3, 1]
    assert found["worth"].tolist() == [5.0, 9.0, 9.6, 9.6]
    assert found["marginal"].tolist() == pytest.approx([5.0, 4.0, 0.6, 0.0])
    assert found["evaluated"].tolist() == [True, True, True, False]
    assert len(asked) == 3
    values = combine([found], 0.0, 10.0)
    assert values.values == pytest.approx([4.0, 0.0, 5.0, 0.6])
    assert values.efficiency_gap == pytest.approx(0.4)
    assert values.evaluated.tolist() == [3]


def test_the_tolerance_is_strict():
    """At 9, which is exactly 10 % away, a tolerance of 10 % goes on, as in algorithm 1."""
    assert walk(STEPS, range(4), 0.0, 10.0, tolerance=0.1)["evaluated"].tolist() == [True, True, True, False]


def test_a_walk_whose_empty_set_is_near_enough_does_not_start():
    found = walk(STEPS, range(4), 9.9, 10.0, tolerance=0.05)
    assert found["worth"].tolist() == [9.9] * 4
    assert found["marginal"].tolist() == [0.0] * 4 and not found["evaluated"].any()


def test_truncated_players_are_never_asked_for():
    asked = []
    game = FunctionUtility(lambda rows: asked.append(len(rows)) or STEPS(rows), n_rows=4)
    found = tmc_shapley(game, permutations=2, tolerance=0.05)
    assert asked == [4, 0, 1, 2, 3, 1, 2, 3]
    assert found.evaluated.tolist() == [3, 3]


@given(worths, st.floats(0, 1), st.floats(0, 1), st.integers(0, 3))
def test_truncating_a_finished_walk_is_truncating_it_on_the_way(worth, first, second, seed):
    game = random_game(worth)
    order, empty, full = permutation(game.n_rows, seed, 0), worth[0], worth[-1]
    tolerance = max(first, second)
    for begun in (0.0, min(first, second)):
        cut = truncate(walk(game, order, empty, full, begun), empty, full, tolerance)
        pd.testing.assert_frame_equal(cut, walk(game, order, empty, full, tolerance))


@given(worths, st.floats(0, 1))
def test_what_truncation_leaves_out_is_less_than_the_tolerance(worth, tolerance):
    game = random_game(worth)
    found = tmc_shapley(game, permutations=4, tolerance=tolerance)
    assert abs(found.efficiency_gap) <= tolerance * abs(worth[-1]) + 1e-12 * 100


def test_truncation_leaves_the_walk_it_is_given_alone():
    table = walk(STEPS, range(4), 0.0, 10.0)
    before = table.copy()
    truncate(table, 0.0, 10.0, 0.5)
    pd.testing.assert_frame_equal(table, before)
