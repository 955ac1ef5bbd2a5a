"""Splits: sizes, shares, nothing torn apart, and what leaks from one part to the other."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from inquest.data.splits import split_facts, split_rows
from inquest.errors import InquestError


def table_of(labels, **columns) -> pd.DataFrame:
    rows = 10 * np.arange(len(labels))  # ids that are no positions
    return pd.DataFrame({"row": rows, **columns, "y": pd.Series(list(labels), dtype="str")})


def options(method: str, test: float = 0.25, column: str | None = None):
    return {"method": method, "test": test, "column": column}


def held_out(table: pd.DataFrame, split, seed: int = 0) -> np.ndarray:
    parts = split_rows(table, "y", split, seed)
    assert parts["row"].tolist() == table["row"].tolist()
    assert set(parts["part"]) == {"train", "test"}
    pd.testing.assert_frame_equal(parts, split_rows(table, "y", split, seed))
    return (parts["part"] == "test").to_numpy()


def complaint(table: pd.DataFrame, split, seed: int = 0) -> str:
    with pytest.raises(InquestError) as caught:
        split_rows(table, "y", split, seed)
    return str(caught.value)


shares = st.floats(0.05, 0.95)
seeds = st.integers(0, 2**32 - 1)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(2, 200), share=shares, seed=seeds)
def test_a_random_split_has_the_size_that_is_asked_for(n, share, seed):
    assume(1 <= round(share * n) < n)
    assert held_out(table_of("u" * n), options("random", share), seed).sum() == round(share * n)


@settings(max_examples=80, deadline=None)
@given(counts=st.lists(st.integers(2, 60), min_size=2, max_size=5), share=shares, seed=seeds)
def test_a_stratified_split_keeps_each_share_within_a_row(counts, share, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(list("uvwxz")[: len(counts)], counts))
    assume(len(counts) <= round(share * len(labels)) <= len(labels) - len(counts))
    test = held_out(table_of(labels), options("stratified", share), seed)
    for name, count in zip("uvwxz", counts, strict=False):
        number = test[labels == name].sum()
        assert abs(number - share * count) < 1.5  # a row, and the rounding of the total
        assert 1 <= number < count
    assert abs(test.sum() - round(share * len(labels))) < len(counts)


def test_a_stratified_split_by_hand():
    labels = np.repeat(["u", "v"], [80, 20])
    test = held_out(table_of(labels), options("stratified", 0.25))
    assert [test[labels == name].sum() for name in "uv"] == [20, 5]
    others = held_out(table_of(labels), options("stratified", 0.25), seed=1)
    assert test.tolist() != others.tolist()


@settings(max_examples=80, deadline=None)
@given(moments=st.lists(st.integers(0, 12), min_size=2, max_size=60), share=shares)
def test_a_time_split_never_learns_from_the_tested_moments(moments, share):
    assume(len(set(moments)) > 1)
    moments = np.array(moments, float)
    test = held_out(table_of("u" * len(moments), t=moments), options("time", share, "t"))
    assert moments[test].min() > moments[~test].max()
    possible = [(moments > moment).sum() for moment in set(moments) - {moments.max()}]
    asked = round(share * len(moments))
    assert abs(test.sum() - asked) == min(abs(number - asked) for number in possible)


def test_a_time_split_by_date():
    days = pd.to_datetime(["2024-01-03", "2024-01-01", "2024-01-02", "2024-01-04"])
    test = held_out(table_of("uuvv", t=days), options("time", 0.5, "t"))
    assert test.tolist() == [True, False, False, True]


@settings(max_examples=80, deadline=None)
@given(
    groups=st.lists(st.sampled_from(["a", "b", "c", "d", None]), min_size=2, max_size=60),
    share=shares,
    seed=seeds,
)
def test_a_group_split_never_shares_a_group(groups, share, seed):
    assume(len(set(groups)) > 1)
    column = pd.Series(groups, dtype="str")
    test = held_out(table_of("u" * len(groups), g=column), options("group", share, "g"), seed)
    assert not set(column[test].fillna("")) & set(column[~test].fillna(""))


def test_a_group_split_comes_near_to_the_share_of_rows():
    groups = np.repeat(np.arange(100), np.arange(1, 101))  # groups of 1 to 100 rows
    for seed in range(20):
        test = held_out(table_of("u" * len(groups), g=groups), options("group", 0.2, "g"), seed)
        assert abs(test.sum() - 1010) <= 50  # half of the largest group


def test_a_group_split_of_large_groups():
    groups = np.repeat(["a", "b", "c"], [50, 30, 20])
    test = held_out(table_of("u" * 100, g=groups), options("group", 0.05, "g"))
    assert set(groups[test]) == {"c"}  # nearer to 5 % than any other
    test = held_out(table_of("u" * 100, g=groups), options("group", 0.95, "g"))
    assert len(set(groups[test])) == 2


# What can't be split


@pytest.mark.parametrize(
    ("labels", "split", "expected"),
    [
        (
            "uuuvvw",
            options("stratified"),
            "label column `y`: the class 'w' has 1 row; a stratified split needs two rows of each class",
        ),
        (
            "uuuuuvvvvv",
            options("stratified", 0.1),
            "config key `data.split.test`: 1 of 10 rows would be tested on, with 2 classes; "
            "both parts need a row of each class",
        ),
        (
            "uuuuuvvvvv",
            options("stratified", 0.9),
            "config key `data.split.test`: 9 of 10 rows would be tested on, with 2 classes; "
            "both parts need a row of each class",
        ),
        (
            "uvuv",
            options("random", 0.01),
            "config key `data.split.test`: 0.01 of 4 rows leaves none for test; both parts need rows",
        ),
        (
            "uvuv",
            options("random", 0.99),
            "config key `data.split.test`: 0.99 of 4 rows leaves none for train; both parts need rows",
        ),
        (
            "uuvv",
            options("time", 0.5, "t"),
            "label column `y`: the class 'v' has no row in the training split; "
            "each class needs one; use a stratified split, more rows, or drop the class",
        ),
        (
            "uvuv",
            options("time", 0.5, "word"),
            "config key `data.split.column`: `word` is no time; a date or a number is needed",
        ),
        (
            "uvuv",
            options("time", 0.5, "same"),
            "config key `data.split.column`: `same` has one value; a time split needs two",
        ),
        (
            "uvuv",
            options("time", 0.5, "gap"),
            "column `gap`, row 20: the time is missing; each row needs one",
        ),
        (
            "uvuv",
            options("group", 0.5, "same"),
            "config key `data.split.column`: `same` has one value; a group split needs two",
        ),
    ],
)
def test_splits_that_are_impossible(labels, split, expected):
    n = len(labels)
    columns = {
        "t": np.arange(n, dtype=float),
        "word": pd.Series(["a", "b"] * (n // 2), dtype="str"),
        "same": np.ones(n),
        "gap": np.where(np.arange(n) == 2, np.nan, np.arange(n)),
    }
    assert complaint(table_of(labels, **columns), split) == expected


# Facts


def facts_of(names):
    return {"label": {"name": "y", "classes": ["u", "v"]}, "features": {"names": names}}


def test_twins_across_the_split():
    a = [1.0, 1.0, 2.0, 2.0, np.nan, np.nan, 3.0, 4.0]
    b = pd.Series(["x", "x", "x", "x", None, None, "x", "x"], dtype="str")
    table = table_of("uuuvuuuv", a=a, b=b, t=range(8))
    parts = pd.DataFrame({"row": table["row"], "part": ["train", "test"] * 4})
    assert split_facts(table, parts, facts_of(["a", "b"])) == {
        "train": 4,
        "test": 4,
        "balance": [{"label": "u", "train": 4, "test": 2}, {"label": "v", "train": 0, "test": 2}],
        "duplicates": 2,  # rows 10 and 50, the latter with both features missing
        "contradictory": 1,  # row 30
        "duplicate_pairs": [
            {"test_row": 10, "train_row": 0},
            {"test_row": 30, "train_row": 20},
            {"test_row": 50, "train_row": 40},
        ],
    }
    # The column that the split goes by differs in each row; as a feature it would hide the twins.
    assert split_facts(table, parts, facts_of(["a", "b", "t"]))["duplicates"] == 0


def test_five_twins_are_shown():
    table = table_of("uv" * 10, a=[1.0] * 20)
    parts = pd.DataFrame({"row": table["row"], "part": ["train"] * 10 + ["test"] * 10})
    facts = split_facts(table, parts, facts_of(["a"]))
    assert facts["duplicates"] == 10
    assert [pair["test_row"] for pair in facts["duplicate_pairs"]] == [100, 110, 120, 130, 140]
