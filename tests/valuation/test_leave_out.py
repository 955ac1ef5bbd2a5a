"""Leave-one-out and leave-group-out influence, by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inquest.utility import FunctionUtility, PlainUtility, Score
from inquest.valuation import leave_group_out, leave_one_out

settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
settings.load_profile("unhurried")

additive = FunctionUtility(lambda rows: float(np.sum(rows)), n_rows=4)
voting = FunctionUtility(lambda rows: float(sum((3, 2, 1)[row] for row in rows) >= 4), n_rows=3)


class Scored(PlainUtility):
    """Worth: how many rows; a second metric: minus their sum."""

    n_rows = 4

    def __call__(self, rows):
        return Score(len(rows), {"count": float(len(rows)), "negated": -float(np.sum(rows))})


def test_influence_in_an_additive_game_is_what_each_row_adds():
    found = leave_one_out(additive)
    assert list(found.columns) == ["row", "influence"]
    assert found["row"].tolist() == [0, 1, 2, 3]
    assert found["influence"].tolist() == [0.0, 1.0, 2.0, 3.0]


def test_in_the_voting_game_only_the_veto_player_has_influence():
    assert leave_one_out(voting)["influence"].tolist() == [1.0, 0.0, 0.0]


def test_groups_matter_where_single_rows_are_replaceable():
    found = leave_group_out(voting, [[1], [1, 2], [0, 1, 2], []])
    assert found["size"].tolist() == [1, 2, 3, 0]
    assert found["influence"].tolist() == [0.0, 1.0, 1.0, 0.0]


def test_a_positive_influence_helps_and_a_negative_one_hurts():
    game = FunctionUtility(lambda rows: -1.0 if 2 in rows else 1.0, n_rows=3)
    assert leave_one_out(game, rows=[2, 0])["influence"].tolist() == [-2.0, 0.0]


def test_some_rows_in_the_order_asked_for():
    for rows in ([3, 1], iter([3, 1]), pd.Series([3, 1], index=[9, 4]), np.array([3, 1])):
        found = leave_one_out(additive, rows)
        assert found["row"].tolist() == [3, 1] and found["influence"].tolist() == [3.0, 1.0]


def test_every_metric_has_its_influence():
    found = leave_one_out(Scored(), [3])
    assert found.iloc[0].to_dict() == {
        "row": 3, "influence": 1.0, "influence_count": 1.0, "influence_negated": -3.0,
    }  # fmt: skip
    groups = leave_group_out(Scored(), [[0, 3], [1]])
    assert groups["influence_negated"].tolist() == [-3.0, -1.0]
    assert groups["influence_count"].tolist() == [2.0, 1.0]


def test_the_full_score_is_not_asked_for_again():
    asked = []
    game = FunctionUtility(lambda rows: asked.append(len(rows)) or float(len(rows)), n_rows=3)
    assert leave_one_out(game, [0], full=10.0)["influence"].tolist() == [8.0]
    assert asked == [2]
    leave_one_out(game, [0, 1])
    assert asked == [2, 3, 2, 2]


def test_all_groups_are_asked_for_in_one_call_and_each_is_a_step():
    asked, steps = [], []

    class Together(PlainUtility):
        n_rows = 3

        def __call__(self, rows):
            return float(len(rows))

        def without_each(self, groups):
            groups = [list(rows) for rows in groups]
            asked.append(groups)
            return iter([3.0 - len(rows) for rows in groups])

    found = leave_one_out(Together(), step=lambda: steps.append(1))
    assert found["influence"].tolist() == [1.0, 1.0, 1.0]
    assert leave_group_out(Together(), [[0, 2], []], step=lambda: steps.append(1))["influence"].tolist() == [
        2,
        0,
    ]
    assert asked == [[[0], [1], [2]], [[0, 2], []]] and len(steps) == 5


def test_the_full_score_may_be_a_plain_number():
    found = leave_one_out(Scored(), [3], full=4.0)
    assert found.columns.tolist() == ["row", "influence"] and found["influence"].tolist() == [1.0]


def test_nothing_to_leave_out_gives_an_empty_table():
    assert leave_one_out(additive, []).columns.tolist() == ["row", "influence"]
    assert leave_group_out(additive, []).columns.tolist() == ["size", "influence"]


def test_a_row_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="found 4"):
        leave_one_out(additive, [4])


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=6), st.data())
def test_in_an_additive_game_a_group_is_the_sum_of_its_rows(worth, data):
    game = FunctionUtility(lambda rows: float(np.sum(np.array(worth)[rows])), n_rows=len(worth))
    group = data.draw(st.lists(st.integers(0, len(worth) - 1), unique=True))
    alone = leave_one_out(game, group)["influence"].sum() if group else 0.0
    assert leave_group_out(game, [group])["influence"][0] == pytest.approx(alone, abs=1e-12)
