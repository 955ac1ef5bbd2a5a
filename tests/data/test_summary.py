"""The data chapter's facts and tables, from a raw file to the summary."""

from __future__ import annotations

import pandas as pd
import pytest

from inquest.data.splits import split_facts
from inquest.data.summary import in_words, summarise_data
from inquest.data.tables import clean


@pytest.fixture
def summary(read, options):
    keys = {
        "title": "Persons",
        "about": "Some.",
        "describe": {"age": "years"},
        "split": {"method": "time", "column": "day", "test": 0.5, "reason": "It was so."},
    }
    raw = read("day,age,job,y\n1,-1234567,cook,u\n2,30,,v\n3,-1234567,cook,v\n4,30,,v\n", **keys)
    table, facts = clean(raw, options(**keys), 0)
    parts = pd.DataFrame({"row": table["row"], "part": ["train", "train", "test", "test"]})
    return summarise_data(
        table, facts, split_facts(table, parts, facts), [{"name": "t.csv"}], options(**keys)
    )


def test_the_facts_hold_what_the_chapter_says(summary):
    facts, _ = summary
    assert (facts["title"], facts["about"], facts["sources"]) == ("Persons", "Some.", [{"name": "t.csv"}])
    split = {
        key: facts["split"][key] for key in ("method", "column", "reason", "train", "test", "test_share")
    }
    assert split == {
        "method": "time", "column": "day", "reason": "It was so.", "train": 2, "test": 2, "test_share": 0.5
    }  # fmt: skip
    assert [line["value"] for line in facts["headline"]] == [
        "Persons: 4 of 4 rows",
        "y (v, u)",
        "2 training and 2 test rows",
    ]


def test_the_tables_count_labels_and_show_twins(summary):
    _, tables = summary
    assert tables["labels"].to_dict("list") == {
        "label": ["v", "u"],
        "train": [1, 1],
        "test": [2, 0],
        "rows": [3, 1],
        "train_share": [0.5, 0.5],
        "test_share": [1.0, 0.0],
        "share": [0.75, 0.25],
    }
    assert tables["features"]["feature"].tolist() == ["age", "job"]
    assert tables["features"]["meaning"].tolist() == ["years", ""]
    assert tables["duplicates"].to_dict("records") == [
        {
            "test_row": 2,
            "test_label": "v",
            "train_row": 0,
            "train_label": "u",
            "features": "\N{MINUS SIGN}1.23457e+06 · cook",
        },
        {"test_row": 3, "test_label": "v", "train_row": 1, "train_label": "v", "features": "30 · –"},
    ]


def test_a_row_in_words():
    row = pd.Series([1234.5, -0.25, None, pd.Timestamp("2024-03-31 10:00"), "<b>"], dtype=object)
    assert in_words(row) == "1,234.5 · \N{MINUS SIGN}0.25 · – · 2024-03-31 · <b>"
