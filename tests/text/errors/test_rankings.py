"""Ranked types, causes and fixes: counts that one can make by hand, and estimates for the rest."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, fisher_exact, hypergeom

from inquest.text.errors.rankings import against_tags, cross, rank, totals

TYPES = ["irony", "irony", "negation", "irony", ""]


@pytest.fixture
def merged():
    return pd.DataFrame(
        {
            "id": list("abcde"),
            "text": ["x" * 9, "x" * 4, "x" * 5, "x" * 30, "x"],
            "error_type": TYPES,
            "cause": ["label noise", "turn ignored", "label noise", "label noise", "label noise"],
            "fix": "",
        }
    )


def test_names_are_ranked_by_their_errors(merged, words):
    found = rank(merged, "error_type", words, errors=12).set_index("name")
    assert found.index.tolist() == ["irony", "negation", "rare words"]
    assert found["count"].tolist() == [3, 1, 0] and found["share"].tolist() == [0.75, 0.25, 0]
    interval = binomtest(3, 4).proportion_ci(method="wilson")
    assert found.loc["irony", ["low", "high"]].tolist() == pytest.approx([interval.low, interval.high])
    # four of twelve are known: three and three quarters of the other eight
    assert found["estimate"].tolist() == [9, 3, 0]
    # of 12 errors, a draw of 4 of which 3 or more are irony is too rare if fewer than 4 are
    assert (
        fisher_exact([[3, 1], [0, 8]], "greater").pvalue
        < 0.025
        < fisher_exact([[3, 1], [1, 7]], "greater").pvalue
    )
    assert found.loc["irony", ["estimate_low", "estimate_high"]].tolist() == [4, 11]
    assert found.loc["irony", ["example_id", "example"]].tolist() == ["a", "x" * 9]
    assert found.loc["rare words", ["example_id", "definition"]].tolist() == ["", "Words that are rare."]


def test_equals_stand_in_the_order_of_the_taxonomy(merged, words):
    even = merged.assign(error_type=["rare words", "negation", "irony", "rare words", "irony"])
    assert rank(even, "error_type", words, errors=5)["name"].tolist() == ["irony", "rare words", "negation"]


def test_when_all_are_annotated_the_count_is_the_estimate(merged, words):
    found = rank(merged, "cause", words, errors=5)
    for column in ("estimate", "estimate_low", "estimate_high"):
        assert found[column].tolist() == [4, 1]
    assert found["name"].tolist() == ["label noise", "turn ignored"]


@given(st.data())
def test_the_interval_of_a_total_holds_it_as_often_as_it_says(data):
    errors = data.draw(st.integers(1, 60))
    total, drawn = data.draw(st.integers(0, errors)), data.draw(st.integers(1, errors))
    missed = 0.0
    for count in range(max(0, drawn - errors + total), min(drawn, total) + 1):
        least, most = totals(count, drawn, errors)
        assert count <= least <= most <= errors - drawn + count
        if not least <= total <= most:
            missed += hypergeom.pmf(count, errors, total, drawn)
    assert missed <= 0.05


def test_one_error_that_was_not_read_is_one_or_none():
    assert totals(50, 100, 101) == (50, 51)  # 100 shares of a half would make it a half, more or less


def test_without_annotations_nothing_is_estimated(merged, words):
    found = rank(merged, "fix", words, errors=9)
    assert found["count"].tolist() == [0, 0] and found[["share", "low", "estimate"]].isna().all(axis=None)
    assert found["idea"].tolist() == ["Two people label it.", "Take more layers."]
    assert rank(merged.iloc[:0], "fix", words, errors=0)["count"].tolist() == [0, 0]


def test_types_by_causes(merged, words):
    found = cross(merged, words)
    assert found.columns.tolist() == ["error_type", "label noise", "turn ignored"]
    assert found.to_numpy().tolist() == [["negation", 1, 0], ["irony", 2, 1]]
    assert cross(merged.iloc[:0], words).empty


def test_types_against_tags(merged):
    tags = ["contrast; short", "short", "contrast", "", "short", None]
    found = against_tags(merged, pd.DataFrame({"id": list("abcdef"), "tags": tags}))
    assert found.to_numpy().tolist() == [
        ["irony", 3, "short", 2, pytest.approx(2 / 3), 0.5, pytest.approx(0.5)],
        ["irony", 3, "contrast", 1, pytest.approx(1 / 3), pytest.approx(1 / 3), pytest.approx(1)],
        ["negation", 1, "contrast", 1, 1.0, pytest.approx(1 / 3), pytest.approx(0.5)],
    ]
    assert found["chance"][0] == pytest.approx(fisher_exact([[2, 1], [0, 1]], "greater").pvalue)
    nothing = pd.DataFrame({"id": list("abcde"), "tags": ""})
    assert against_tags(merged, nothing).empty and against_tags(merged.iloc[:0], nothing).empty


@given(st.lists(st.sampled_from(["negation", "irony", "rare words", ""]), max_size=20), st.integers(0, 30))
def test_estimates_add_up_to_all_errors(words, types, rest):
    merged = pd.DataFrame({"id": [str(i) for i in range(len(types))], "text": "x", "error_type": types})
    merged["error_type"] = merged["error_type"].astype("str")
    errors = len(types) + rest
    found = rank(merged, "error_type", words, errors)
    assert found["count"].sum() == sum(map(bool, types))
    if any(types):
        assert found["estimate"].sum() == pytest.approx(errors)
        assert (found["estimate_low"] >= found["count"]).all()
        assert (found["estimate_high"] <= errors + 1e-9).all()
        assert (found["estimate_low"] <= found["estimate"] + 1e-9).all()
