"""Groups of training rows, by kind."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from inquest.data.groups import group_members, row_positions
from inquest.errors import InquestError


@pytest.fixture
def train():
    return pd.DataFrame(
        {
            "row": [3, 5, 8, 13, 21, 34],
            "age": [20.0, 30, 40, 50, 60, np.nan],
            "home town": pd.Series(["Bath", "York", "Bath", None, "York", "York"], dtype="str"),
            "class": pd.Series(list("xyxyxy"), dtype="str"),
            "since": pd.to_datetime(
                ["2020-01-01", "2021-01-01", "2022-01-01", "2023-01-01", None, "2024-01-01"]
            ),
            "y": pd.Series(["yes", "no", "yes", "no", "no", "no"], dtype="str"),
        }
    )


def members(train, features=None, seed: int = 0, **group) -> list[list[int]]:
    group = {"name": "g", **group}
    return [rows.tolist() for rows in group_members(group, train, "y", features, seed)]


def complaint(train, **keys) -> str:
    with pytest.raises(InquestError) as caught:
        members(train, **keys)
    return str(caught.value)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("age > 35", [2, 3, 4]),
        (" age > 35\n", [2, 3, 4]),
        ("age > 35 and `home town` == 'Bath'", [2]),
        ("(age > 35) & (`home town` == 'Bath')", [2]),
        ("not age > 35", [0, 1, 5]),
        ("age != age", [5]),
        ("20 < age <= 40", [1, 2]),
        ("age / 10 == 3", [1]),
        ("`home town` in ['Bath', 'Leeds']", [0, 2]),
        ("`home town` not in ['York']", [0, 2, 3]),
        ("`class` == 'x'", [0, 2, 4]),
        ("since >= '2022-06-01'", [3, 5]),
        ("y == 'yes'", [0, 2]),
    ],
)
def test_rows_where_a_condition_holds(train, condition, expected):
    assert members(train, kind="where", condition=condition) == [expected]


def test_row_labels_of_the_table_do_not_matter(train):
    assert members(train.set_axis([7, 7, 1, 0, 2, 9]), kind="where", condition="age > 35") == [[2, 3, 4]]


@pytest.mark.parametrize(
    ("condition", "number"),
    [
        ("age > 100", "none"),
        ("age > 100 or age != age and age > 1", "none"),
        ("`class` in ['x', 'y']", "all"),
    ],
)
def test_a_condition_must_hold_somewhere_and_not_everywhere(train, condition, number):
    said = f"group `g`: it holds {number} of the 6 training rows; a group must hold some rows and leave some"
    assert complaint(train, kind="where", condition=condition) == said


COLUMNS = "compare columns with values, such as `age > 60`; the columns are age, home town, class, since, y"


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("aeg > 5", "name 'aeg' is not defined) (did you mean `age`?)"),
        ("row > 5", "name 'row' is not defined)"),
        ("age > @train", "local variable 'train' is not defined)"),
        ("class > 5", "Python keyword not valid identifier in numexpr query (<unknown>, line 1))"),
        ("`home town` > 5", "Invalid comparison between dtype=str and int)"),
        (
            "age > 1\nage < 3",
            "Multi-line expressions are only valid if all expressions contain an assignment)",
        ),
        ("", "expr cannot be an empty string)"),
    ],
)
def test_conditions_that_cannot_be_evaluated(train, condition, found):
    said = complaint(train, kind="where", condition=condition)
    assert said == f"group `g`: the condition {condition!r} can't be evaluated ({found}; {COLUMNS}"


@pytest.mark.parametrize("condition", ["age", "age + 1", "1 == 1", "[1, 2]", "age = 5", "`class`"])
def test_conditions_that_are_none(train, condition):
    assert complaint(train, kind="where", condition=condition) == (
        f"group `g`: the condition {condition!r} is not true or false for each row; "
        "compare columns with values, such as `age > 60`"
    )


def test_rows_with_a_label(train):
    assert members(train, kind="label", label="yes") == [[0, 2]]
    assert members(train, kind="label", label=True) == [[0, 2]]
    assert members(train.assign(y=list("010111")), kind="label", label=1) == [[1, 3, 4, 5]]
    said = "group `g`: there is no label 'yess' (did you mean `yes`?); allowed: no, yes"
    assert complaint(train, kind="label", label="yess") == said


def test_random_groups_are_drawn_by_their_own_name(train):
    many = pd.concat([train] * 20, ignore_index=True)
    first = members(many, kind="random", fraction=0.25, repeats=3)
    assert [len(rows) for rows in first] == [30, 30, 30]
    assert all(rows == sorted(set(rows)) for rows in first)
    assert len({tuple(rows) for rows in first}) == 3
    assert members(many, kind="random", fraction=0.25, repeats=5)[:3] == first
    assert members(many, kind="random", fraction=0.25, repeats=3, name="h") != first
    assert members(many, kind="random", fraction=0.25, repeats=3, seed=1) != first
    assert members(train, kind="random", fraction=0.01, repeats=1)[0] != []
    said = "group `g`: it holds all of the 6 training rows; a group must hold some rows and leave some"
    assert complaint(train, kind="random", fraction=0.99, repeats=1) == said


def test_clusters_are_counted_from_the_largest(train):
    features = np.array([[0.0], [0.1], [0.2], [10.0], [10.1], [99.0]])
    found = [members(train, features, kind="cluster", clusters=3, cluster=i)[0] for i in range(3)]
    assert found == [[0, 1, 2], [3, 4], [5]]
    assert complaint(train, features=features, kind="cluster", clusters=7, cluster=0) == (
        "group `g`: 7 clusters of 6 training rows; at most as many clusters as rows are allowed"
    )


def test_listed_rows(train):
    assert members(train, kind="rows", rows=[34, 3, 3, 8]) == [[0, 2, 5]]
    assert complaint(train, kind="rows", rows=[3, 4]) == (
        "group `g`: the row id 4 is not in the training split; ids of its 6 rows are allowed, such as 3, 5, 8"
    )
    assert complaint(train, kind="rows", rows=[3, 5, 8, 13, 21, 34]).startswith(
        "group `g`: it holds all of the 6"
    )


def test_positions_keep_the_order_that_was_asked_for():
    rows = np.array([3, 5, 8])
    assert row_positions([8, 3], rows, "here").tolist() == [2, 0]
    assert row_positions([8, 3, 8, 5], rows, "here").tolist() == [2, 0, 1]
    with pytest.raises(InquestError, match=r"^here: the row id -1 is not in the training split; "):
        row_positions([3, -1], rows, "here")
