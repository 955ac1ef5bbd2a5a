"""The clean table: decisions, facts, and what is said of a table that can't be learnt from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inquest.artefacts import read_table, write_json, write_table
from inquest.data.raw import read_raw
from inquest.data.tables import clean, describe_features, draw_by_label, largest_remainder, named_label
from inquest.errors import InquestError


def table_of(**columns) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(cells, dtype="str") for name, cells in columns.items()})


def complaint(raw: pd.DataFrame, options, seed: int = 0) -> str:
    with pytest.raises(InquestError) as caught:
        clean(raw, options, seed)
    return str(caught.value)


# What is decided


def test_a_table_and_its_facts(options):
    raw = table_of(
        age=["30", "?", "41.5", "30", "99"],
        job=["cook", "", "cook", "cook", "-"],
        born=["1990-01-31", "?", "1980-12-01T10:00", "1990-01-31", "1990-01-31"],
        unit=["m", "m", "m", "m", "m"],
        note=["a", "b", "c", "d", "e"],
        y=["no", "yes", "no.", "no", ""],
    )
    keys = {"drop": ["note"], "missing": ["", "?"], "replace": {"y": {"no.": "no"}, "job": {"-": "none"}}}
    table, facts = clean(raw, options(**keys), 0)
    assert table["row"].tolist() == [0, 1, 2, 3]
    assert table["age"].tolist() == pytest.approx([30, np.nan, 41.5, 30], nan_ok=True)
    assert table["job"].isna().tolist() == [False, True, False, False]
    assert table["born"].tolist() == [
        pd.Timestamp("1990-01-31"),
        pd.NaT,
        pd.Timestamp("1980-12-01 10:00"),
        pd.Timestamp("1990-01-31"),
    ]
    assert table["y"].tolist() == ["no", "yes", "no", "no"]
    assert facts == {
        "rows": {"raw": 5, "unlabelled": 1, "labelled": 4, "sampled": 4},
        "sample": {"rows": None, "method": "stratified"},
        "label": {
            "name": "y",
            "classes": ["no", "yes"],
            "positive": "yes",
            "counts": [{"label": "no", "rows": 3, "share": 0.75}, {"label": "yes", "rows": 1, "share": 0.25}],
        },
        "features": {
            "count": 4,
            "numeric": 1,
            "categorical": 2,
            "datetime": 1,
            "names": ["age", "job", "born", "unit"],
            "types": {"age": "numeric", "job": "categorical", "born": "datetime", "unit": "categorical"},
            "constant": ["unit"],
        },
        "missing": {"marks": ["", "?"], "cells": 3, "rows": 1},
        "dropped": ["note"],
        "replaced": {"y": {"no.": "no"}, "job": {"-": "none"}},
        "duplicates": 1,
    }
    features = describe_features(table, facts, {"age": "years"}).set_index("feature")
    assert features["typical"].to_dict() == {
        "age": "30 to 41.5, median 30",
        "job": "cook (100%)",
        "born": "1980-12-01 to 1990-01-31",
        "unit": "m (100%)",
    }
    assert features.loc["age"].tolist() == ["numeric", "years", 0.25, 2, "30 to 41.5, median 30"]


def test_the_column_of_the_split_is_no_feature(options):
    raw = table_of(day=["2024-01-01", "2024-01-02", "2024-01-03"], a=["1", "2", "2"], y=["u", "v", "v"])
    table, facts = clean(raw, options(split={"method": "time", "column": "day"}), 0)
    assert facts["features"]["names"] == ["a"]
    assert facts["features"]["types"] == {"a": "numeric"}
    assert facts["duplicates"] == 1
    assert table["day"].dtype == "datetime64[us]"
    keys = options(split={"method": "group", "column": "a"}, drop=["day"])
    assert (
        complaint(raw, keys) == "the clean table: no column besides the label; at least one feature is needed"
    )


@pytest.mark.parametrize(
    ("cells", "kind", "expected"),
    [
        (["1", "-2.5", "+3", "1e3", ".5", "007"], "numeric", [1, -2.5, 3, 1000, 0.5, 7]),
        (["9007199254740993", "1e149"], "numeric", [9007199254740992, 1e149]),
        (["1", "two"], "categorical", ["1", "two"]),
        (["1,5", "2,5"], "categorical", ["1,5", "2,5"]),
        (["1_000", "0x10"], "categorical", ["1_000", "0x10"]),
        (["True", "False"], "categorical", ["True", "False"]),
        (["=1+1", "<b>1</b>"], "categorical", ["=1+1", "<b>1</b>"]),
        (["inf", "north"], "categorical", ["inf", "north"]),
        (["1 m", "2 m"], "categorical", ["1 m", "2 m"]),
        (["2024-03-31", "0001-01-01"], "datetime", ["2024-03-31", "0001-01-01"]),
        (
            ["2024-03-31T23:30-01:00", "2024-03-31 12:00:00.5Z"],
            "datetime",
            ["2024-04-01 00:30", "2024-03-31 12:00:00.5"],
        ),
        (["2024-03-31", "soon"], "categorical", ["2024-03-31", "soon"]),
        (["2024", "2023"], "numeric", [2024, 2023]),
        (["31.03.2024", "1.4.2024"], "categorical", ["31.03.2024", "1.4.2024"]),
    ],
)
def test_types_are_inferred_from_all_values(options, cells, kind, expected):
    raw = table_of(a=[*cells, None], y=[*"uv" * len(cells)][: len(cells) + 1])
    table, facts = clean(raw, options(), 0)
    assert facts["features"]["types"] == {"a": kind}
    found = table["a"][:-1]
    if kind == "datetime":
        assert found.dtype == "datetime64[us]"
        expected = [pd.Timestamp(text) for text in expected]
    assert found.tolist() == expected
    assert pd.isna(table["a"].iloc[-1])


def test_types_can_be_overruled(options):
    raw = table_of(code=["01", "2"], when=["2024-03-31 10", "20240401"], size=["1", "?"], y=["u", "v"])
    keys = options(types={"code": "categorical", "when": "datetime", "size": "numeric"})
    table, facts = clean(raw, keys, 0)
    assert facts["features"]["types"] == {"code": "categorical", "when": "datetime", "size": "numeric"}
    assert table["code"].tolist() == ["01", "2"]
    assert table["when"].tolist() == [pd.Timestamp("2024-03-31 10:00"), pd.Timestamp("2024-04-01")]


@pytest.mark.parametrize(
    ("cell", "kind", "expected"),
    [
        ("1,5", "numeric", "it should be a number"),
        ("inf", None, "it should be within ±1e+150"),
        ("-1e308", None, "it should be within ±1e+150"),
        ("1e400", "numeric", "it should be within ±1e+150"),
        ("soon", "datetime", "it should be a date, such as 2024-03-31 or 2024-03-31T12:00"),
        ("2024-02-30", "datetime", "it should be a date, such as 2024-03-31 or 2024-03-31T12:00"),
    ],
)
def test_a_cell_of_another_type_is_named_by_its_row(options, cell, kind, expected):
    good = "2024-02-28" if kind == "datetime" else "1"
    raw = table_of(a=[good, None, good, cell, cell], y=["u", "u", None, "v", "v"])
    keys = options(types={"a": kind} if kind else {})
    end = "mend `data.types`, `data.missing` or the value"
    assert complaint(raw, keys) == f"column `a`, row 3: found {cell!r}; {expected}; {end}"


def test_an_impossible_date_among_dates_is_a_mistake(options):
    raw = table_of(a=["2024-02-28", "0000-00-00"], y=["u", "v"])
    assert complaint(raw, options()).startswith("column `a`, row 1: found '0000-00-00'; it should be a date")
    table, _ = clean(raw, options(missing=["0000-00-00"]), 0)
    assert pd.isna(table["a"][1])


def test_marks_and_replacements_work_on_what_stands_there(options):
    raw = table_of(a=["?", "x", "gone", "-1"], y=["u", "v", "u", "v"])
    table, _ = clean(raw, options(missing=[" ?", "none"], replace={"a": {" -1 ": "z", "gone": "none"}}), 0)
    assert table["a"].fillna("(missing)").tolist() == ["(missing)", "x", "(missing)", "z"]
    table, _ = clean(raw, options(missing=[], replace={"a": {"?": "x", "x": "?"}}), 0)
    assert table["a"].tolist() == ["x", "?", "gone", "-1"]


def test_duplicate_rows_are_counted_by_features_and_label(options):
    raw = table_of(a=["1", "1", "1", None, None], y=["u", "u", "v", "u", "u"])
    assert clean(raw, options(), 0)[1]["duplicates"] == 2


def test_the_raw_table_stays_as_it_is(options):
    raw = table_of(a=["?", "2"], y=["u", "v"])
    before = raw.copy()
    clean(raw, options(replace={"a": {"2": "3"}}), 0)
    pd.testing.assert_frame_equal(raw, before)


# Labels


@pytest.mark.parametrize(
    ("labels", "positive", "expected"),
    [
        (["no", "yes", "yes"], None, ["yes", "no"]),
        (["no", "no", "yes"], None, ["no", "yes"]),
        (["b", "a"], None, ["b", "a"]),
        (["no", "yes", "yes"], "yes", ["no", "yes"]),
        (["0", "1", "1"], 1, ["0", "1"]),
        (["0", "1", "1"], 0, ["1", "0"]),
        (["0", "1", "1"], 1.0, ["0", "1"]),
        (["False", "True", "True"], True, ["False", "True"]),
        (["false", "true", "true"], False, ["true", "false"]),
        (["no", "yes", "yes"], True, ["no", "yes"]),
        (["<=50K", ">50K", ">50K"], " >50K", ["<=50K", ">50K"]),
    ],
)
def test_the_positive_class_comes_last(options, labels, positive, expected):
    raw = table_of(a=[str(i) for i in range(len(labels))], y=labels)
    _, facts = clean(raw, options(positive=positive), 0)
    assert facts["label"]["classes"] == expected
    assert facts["label"]["positive"] == expected[-1]
    assert [one["label"] for one in facts["label"]["counts"]] == expected


def test_parquet_labels_of_any_type(tmp_path, options):
    for labels, positive in (([0, 1, 1], 1), ([0.0, 1.0, 1.0], 1), ([False, True, True], True)):
        pq.write_table(pa.table({"a": pa.array([1, 2, 3]), "y": pa.array(labels)}), tmp_path / "t")
        _, facts = clean(read_raw(tmp_path / "t", options()), options(positive=positive), 0)
        assert facts["label"]["positive"] in ("1", "true")
        assert facts["label"]["counts"][-1]["rows"] == 2


@pytest.mark.parametrize(
    ("value", "labels", "said"),
    [
        ("ja", ["nein", "jaa"], "there is no label 'ja' (did you mean `jaa`?); allowed: jaa, nein"),
        (True, ["a", "b"], "there is no label 'True'; allowed: a, b"),
        (True, ["yes", "on"], "there is no label 'True'; allowed: on, yes"),
        (1.5, ["1", "2"], "there is no label '1.5' (did you mean `1`?); allowed: 1, 2"),
        (float("inf"), ["1", "2"], "there is no label 'inf'; allowed: 1, 2"),
    ],
)
def test_a_label_that_is_not_there(value, labels, said):
    with pytest.raises(InquestError) as caught:
        named_label(value, labels, "here")
    assert str(caught.value) == f"here: {said}"


def test_more_than_two_labels_have_no_positive_one(options):
    raw = table_of(a=["1", "2", "3"], y=["u", "v", "w"])
    _, facts = clean(raw, options(), 0)
    assert (facts["label"]["classes"], facts["label"]["positive"]) == (["u", "v", "w"], None)
    said = "config key `data.positive`: the label has 3 classes; it is for two; leave it out"
    assert complaint(raw, options(positive="u")) == said


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (["u", "u", "u"], "label column `y`: it has one class, 'u'; at least two are needed"),
        (["u", None, "u"], "label column `y`: it has one class, 'u'; at least two are needed"),
        ([None, "?", ""], "label column `y`: every value is missing; mend `data.label` or `data.missing`"),
    ],
)
def test_labels_that_cannot_be_learnt(options, labels, said):
    assert complaint(table_of(a=["1", "2", "3"], y=labels), options()) == said


def test_a_label_may_not_be_a_number_that_hardly_recurs(options):
    raw = table_of(a=["1"] * 210, y=[str(i % 22) for i in range(210)])
    assert complaint(raw, options()) == (
        "label column `y`: 22 different values in 210 rows; "
        "a label has few values that recur; predicting a number is not supported"
    )
    assert len(clean(raw[:20], options(), 0)[1]["label"]["classes"]) == 20
    assert len(clean(pd.concat([raw, raw]), options(), 0)[1]["label"]["classes"]) == 22


# Columns


@pytest.mark.parametrize(
    ("keys", "key", "name", "hint"),
    [
        ({"label": "yy"}, "label", "yy", " (did you mean `y`?)"),
        ({"drop": ["agee"]}, "drop", "agee", " (did you mean `age`?)"),
        ({"types": {"agee": "numeric"}}, "types", "agee", " (did you mean `age`?)"),
        ({"replace": {"agee": {}}}, "replace", "agee", " (did you mean `age`?)"),
        ({"describe": {"zzz": ""}}, "describe", "zzz", ""),
        ({"split": {"method": "time", "column": "Age"}}, "split.column", "Age", " (did you mean `age`?)"),
    ],
)
def test_columns_that_are_not_there(options, keys, key, name, hint):
    said = complaint(table_of(age=["1", "2"], y=["u", "v"]), options(**keys))
    assert said == f"config key `data.{key}`: there is no column {name!r}{hint}; the columns are age, y"


def test_columns_that_are_no_use(options):
    raw = table_of(a=["1", "2", "3"], b=["?", "", "x"], y=["u", "v", None])
    said = "every value is missing; list it in `data.drop`, or mend `data.missing`"
    assert complaint(raw, options()) == f"column `b`: {said}"
    assert complaint(table_of(y=["u", "v"]), options()).startswith(
        "the clean table: no column besides the label"
    )
    raw = table_of(row=["1", "2"], a=["1", "2"], y=["u", "v"])
    said = "column `row`: this name is taken by the rows' own ids; rename it in `data.columns`, or drop it"
    assert complaint(raw, options()) == said
    assert clean(raw, options(drop=["row"]), 0)[0]["row"].tolist() == [0, 1]


def test_two_thousand_columns(options):
    rng = np.random.default_rng(0)
    raw = pd.DataFrame(rng.integers(0, 9, (30, 2000)).astype(str), dtype="str")
    raw.columns = [*(f"c{i}" for i in range(1999)), "y"]
    table, facts = clean(raw, options(), 0)
    assert facts["features"]["numeric"] == facts["features"]["count"] == 1999
    np.testing.assert_array_equal(table["c7"], raw["c7"].astype(float))


def test_odd_names_and_values_survive_until_the_artefacts(tmp_path, options):
    odd = ["<img src=x onerror=alert(1)>", "=HYPERLINK(0)", "a\nb", "'; --", "ß→\u202e", "$x$"]
    raw = table_of(**{name: [name, "x", None] for name in odd}, y=["u", "v", "u"])
    table, facts = clean(raw, options(), 0)
    write_table(tmp_path / "t", table)
    write_json(tmp_path / "f", facts)
    pd.testing.assert_frame_equal(read_table(tmp_path / "t"), table)
    assert list(table) == ["row", *odd, "y"]
    assert [table[name][0] for name in odd] == odd


# The sample


def sampled(options, rows: int, method: str, seed: int = 0, labels=("u",) * 70 + ("v",) * 20 + ("w",) * 10):
    raw = table_of(a=[str(i) for i in range(len(labels))], y=labels)
    return clean(raw, options(sample={"rows": rows, "method": method}), seed)


def test_a_stratified_sample_keeps_the_shares(options):
    table, facts = sampled(options, 10, "stratified")
    assert table["y"].value_counts().to_dict() == {"u": 7, "v": 2, "w": 1}
    assert facts["rows"] == {"raw": 100, "unlabelled": 0, "labelled": 100, "sampled": 10}
    assert table["row"].is_monotonic_increasing
    assert (table["row"] == table["a"]).all()
    pd.testing.assert_frame_equal(sampled(options, 10, "stratified")[0], table)
    assert sampled(options, 10, "stratified", seed=1)[0]["row"].tolist() != table["row"].tolist()


def test_a_random_sample_is_of_the_size_that_is_asked_for(options):
    table, _ = sampled(options, 60, "random")
    assert len(table) == 60
    assert table["row"].is_unique
    assert sampled(options, 100, "random")[0]["row"].tolist() == list(range(100))
    assert sampled(options, 101, "stratified")[1]["rows"]["sampled"] == 100


@pytest.mark.parametrize("method", ["stratified", "random"])
def test_a_sample_must_hold_every_class(options, method):
    labels = ("u",) * 60 + ("v",) * 60 + ("w",)
    with pytest.raises(InquestError) as caught:
        sampled(options, 4, method, seed=3, labels=labels)
    assert str(caught.value) == (
        "config key `data.sample.rows`: no row of the class 'w' is among the 4 that are drawn; "
        "it has 1 of 121 rows; draw more, or put classes together"
    )


def test_what_the_sample_leaves_out_does_not_matter(options):
    """A column may be missing in all rows that are drawn; it is still described."""
    raw = table_of(
        a=["1"] + [None] * 99, b=["m"] + [None] * 99, c=["2024-01-01"] + [None] * 99, y=["u", "v"] * 50
    )
    seed = next(s for s in range(9) if 0 not in clean(raw, options(sample={"rows": 4}), s)[0]["row"].tolist())
    table, facts = clean(raw, options(sample={"rows": 4}), seed)
    assert facts["features"]["types"] == {"a": "numeric", "b": "categorical", "c": "datetime"}
    features = describe_features(table, facts, {})
    assert features["typical"].tolist() == ["", "", ""]
    assert features["missing"].tolist() == [1.0, 1.0, 1.0]


@settings(deadline=None)
@given(st.lists(st.integers(1, 1000), min_size=1, max_size=30), st.integers(0, 5000))
def test_largest_remainder_rounds_each_share_and_keeps_the_total(weights, total):
    shares = np.array(weights) / sum(weights)
    whole = largest_remainder(shares, total)
    assert whole.sum() == total
    assert (np.abs(whole - shares * total) < 1).all()


def test_largest_remainder_by_hand():
    assert largest_remainder([0.5, 0.3, 0.2], 4).tolist() == [2, 1, 1]  # 2.0, 1.2, 0.8
    assert largest_remainder([1 / 3, 1 / 3, 1 / 3], 4).tolist() == [2, 1, 1]


@settings(deadline=None)
@given(st.lists(st.sampled_from("uvw"), min_size=1, max_size=40), st.integers(0, 9))
def test_rows_are_drawn_by_label(labels, seed):
    quota = {name: labels.count(name) // 2 for name in set(labels)}
    drawn = draw_by_label(pd.Series(labels), quota, seed)
    assert (np.diff(drawn) > 0).all()
    assert {name: [labels[i] for i in drawn].count(name) for name in quota} == quota
