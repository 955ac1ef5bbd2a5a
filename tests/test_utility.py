"""Utilities: rows as positions, plain functions as games, groups as players."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inquest.utility import FunctionUtility, PlainUtility, Players, Score, as_rows

settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
settings.load_profile("unhurried")


def total(rows) -> float:
    return float(np.sum(rows))


def test_a_score_is_a_number_that_remembers_its_metrics():
    score = Score(0.75, {"f1": 0.5})
    assert score == 0.75 and score - 0.25 == 0.5 and score.metrics == {"f1": 0.5}
    assert Score(1.0).metrics == {}
    for copied in (copy.deepcopy(score), pickle.loads(pickle.dumps(score))):  # as joblib hands it on
        assert copied == 0.75 and copied.metrics == {"f1": 0.5}


@pytest.mark.parametrize("rows", [[2, 0], (2, 0), np.array([2, 0]), pd.Series([2, 0], index=[7, 8])])
def test_rows_may_come_in_any_list(rows):
    assert as_rows(rows, 3).tolist() == [2, 0]
    assert as_rows(rows, 3).dtype == np.intp


def test_one_row_no_rows_and_a_range():
    assert as_rows(1, 3).tolist() == [1]
    assert as_rows([], 3).tolist() == [] and as_rows([], 3).dtype == np.intp
    assert as_rows(range(3), 3).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([0, 3], r"rows must lie in 0 … 2, found 0 … 3"),
        ([-1], r"rows must lie in 0 … 2, found -1 … -1"),
        ([1, 1], r"a row stands twice"),
        ([True, False, True], r"whole numbers, found bool"),  # a mask would otherwise be rows 1, 0, 1
        ([0.5], r"whole numbers, found float64"),
        ([[0], [1]], r"of shape \(2, 1\)"),
    ],
)
def test_what_is_no_list_of_rows_is_refused(rows, said):
    with pytest.raises(ValueError, match=said):
        as_rows(rows, 3)


def test_a_function_is_a_utility():
    game = FunctionUtility(total, n_rows=4)
    assert game([3, 1]) == 4.0
    assert game([]) == 0.0
    assert game.without([3, 1]) == 2.0
    assert game.without([]) == 6.0
    assert list(game.walk([3, 0, 2])) == [3.0, 3.0, 5.0]
    assert list(game.walk([])) == []
    with pytest.raises(ValueError, match="found 4"):
        game([4])


@given(st.permutations(range(6)), st.integers(0, 6))
def test_a_walk_is_the_worth_of_each_prefix_and_without_that_of_the_rest(order, size):
    game = FunctionUtility(lambda rows: float(len(rows) ** 2 + (0 in rows)), n_rows=6)
    assert list(game.walk(order)) == [game(order[:k]) for k in range(1, 7)]
    assert game.without(order[:size]) == game(order[size:])


def test_a_plain_utility_asks_its_heir():
    with pytest.raises(NotImplementedError):
        PlainUtility()([])


def test_a_coalition_of_groups_is_worth_what_their_union_is():
    asked = []
    rows = FunctionUtility(lambda found: asked.append(found.tolist()) or total(found), n_rows=6)
    game = Players(rows, [[5, 1], [1, 2], []])
    assert game.n_rows == 3
    assert game([]) == 0.0
    assert game([0, 1]) == 8.0  # rows 1, 2 and 5, the shared one once
    assert game.without([0]) == 3.0
    assert list(game.walk([2, 1, 0])) == [0.0, 3.0, 8.0]
    assert asked == [[], [1, 2, 5], [1, 2], [], [1, 2], [1, 2, 5]]


def test_a_group_with_a_row_that_is_not_there_is_refused_at_once():
    with pytest.raises(ValueError, match="found 6 … 6"):
        Players(FunctionUtility(total, n_rows=6), [[0], [6]])
