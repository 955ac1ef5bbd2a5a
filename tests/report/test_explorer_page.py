"""The explorer's page: one file, the same bytes, what the study has, and no name that HTML would obey."""

import re

import numpy as np
import pandas as pd
import pytest

from inquest.report.explorer_page import _digits, _power, _rounded, explorer_page, titled
from inquest.report.pages import policy
from tests.report.explorer_study import CLASSES, HOSTILE, Reader, page, study


@pytest.fixture(autouse=True)
def fonts(request, monkeypatch):
    """Leave the fonts out, which take seconds, but where they are what is tested."""
    if "whole" not in request.fixturenames:
        monkeypatch.setattr("inquest.report.pages.font_faces", lambda text: "")


@pytest.fixture(scope="module")
def whole():
    """The page as it is, with its fonts."""
    return page()


def columns(text):
    return {column["name"]: column for column in Reader(text).data["columns"]}


def test_every_row_is_there_with_its_values_and_features():
    data = Reader(page()).data
    found = columns(page())
    assert data["rows"] == [3 * i + 1 for i in range(12)] and data["classes"] == CLASSES
    assert data["label"] == [i % 3 for i in range(12)]
    assert data["near"][:6] == [1, 2, 3, 2, 3, 4] and set(data["apart"]) == {1.235}
    assert found["shapley"]["values"][:4] == [-200, -100, 0, 100] and found["shapley"]["errors"][0] == 250
    assert titled(found["shapley"]) == "Shapley (10⁻⁶)"
    assert found["confidence"]["values"][:2] == [51.23, 90] and found["confidence"]["unit"] == "%"
    assert found["loo"]["values"][6:] == [None] * 6  # the rows that were not left out
    assert found["feature:weight"]["values"][:3] == [0, None, 2]
    assert found[f"feature:{HOSTILE}"]["categories"] == [HOSTILE, "=1+1", "red"]
    assert found[f"feature:{HOSTILE}"]["values"][:3] == [2, 1, 0]
    assert data["flagged"] == [(i % 4 == 0) + 2 * (i % 8 == 0) for i in range(12)]


def test_what_the_study_has_not_the_page_has_not():
    bare = columns(page(values=False))
    assert [name for name in bare if not name.startswith("feature:")] == ["confidence", "loss", "agreement"]
    assert "Shapley" not in re.sub(r"<script>.*", "", page(values=False), flags=re.DOTALL)
    given = study(12)
    rows = given["rows"].drop(columns=["flag:misclassified", "flag:twin", "confidence", "loss"])
    data = Reader(explorer_page(**{**given, "rows": rows})).data
    assert data["flags"] == [] and data["flagged"] == [0] * 12
    assert not {"confidence", "loss"} & {column["name"] for column in data["columns"]}


def test_hostile_names_and_values_are_data():
    text = page()
    read = Reader(text)
    assert len(read.scripts) == 2 and not any(
        tag in ("img", "b", "i") and given.get("src") for tag, given in read.tags
    )
    assert not any(name.startswith("on") or name == "style" for _, given in read.tags for name in given)
    assert "<title>Fruit &lt;b&gt;: the training rows</title>" in text
    assert "pear &amp; &lt;i&gt;quince&lt;/i&gt;" in text and "in grams &amp; &lt;more&gt;" in text


def test_the_page_asks_for_nothing_and_is_the_same_each_time(whole):
    read = Reader(whole)
    style = re.search(r"<style>(.*?)</style>", whole, re.DOTALL)[1]
    meta = {given.get("http-equiv"): given.get("content") for tag, given in read.tags if tag == "meta"}
    assert meta["Content-Security-Policy"] == policy(style, read.scripts[1]) and "unsafe" not in whole
    assert not any(given.get("src") or given.get("href") for _, given in read.tags)
    assert not re.search(r"url\((?!\"data:font)|@import", style)
    assert not re.search(r"fetch|XMLHttpRequest|innerHTML|eval|https?://", read.scripts[1])
    assert whole == page()


def test_eight_thousand_rows_fit_into_three_megabytes(whole):
    fonts = len(whole.encode()) - len(page().encode())
    assert len(page(8000).encode()) + fonts < 3_000_000


def test_a_wide_table_shows_its_first_features_and_says_so(monkeypatch):
    monkeypatch.setattr("inquest.report.explorer_page.MOST_CELLS", 12)
    text = page()
    assert "Of 2 features, the page has the first 1." in text
    assert [name for name in columns(text) if name.startswith("feature:")] == ["feature:weight"]
    assert "the page has the first" not in page(3)


@pytest.mark.parametrize(
    ("values", "power", "digits"),
    [
        ([1e-5, 2e-5, 3e-4], 6, 0),
        ([0.0, np.nan, 0.002, -0.003], 3, 1),
        ([5.0, 700.0], 0, 0),
        ([1e-9, 1e-9, 2.5], 6, 3),  # so that the largest stays readable
        ([0.0, 0.0], 0, 0),
        ([], 0, 0),
    ],
)
def test_units_leave_digits_before_the_point(values, power, digits):
    assert _power(np.array(values)) == power
    assert _digits(np.array(values) * 10.0**power) == digits


@pytest.mark.parametrize(
    ("value", "kept"),
    [(0.123456, 0.1235), (2.0, 2), (-0.0, 0), (123456.0, 123500), (np.nan, None), (np.inf, None)],
)
def test_numbers_are_kept_to_four_digits(value, kept):
    assert _rounded(value) == kept and isinstance(_rounded(value), type(kept))


def test_dates_are_written_as_dates():
    given = study(3)
    table = given["table"].assign(weight=pd.to_datetime(["2020-02-01", None, "2020-01-05"]))
    types = {**given["clean"]["features"]["types"], "weight": "datetime"}
    clean = {**given["clean"], "features": {**given["clean"]["features"], "types": types}}
    found = columns(page(3, table=table, clean=clean))["feature:weight"]
    assert found["categories"] == ["2020-01-05", "2020-02-01"] and found["values"] == [1, -1, 0]
