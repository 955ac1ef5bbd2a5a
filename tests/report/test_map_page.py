"""The page of the error map: one file, the same bytes, and nothing in a text that HTML would obey."""

import html as html_module
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inquest.report.figures import _MARKERS, LABELS
from inquest.report.map_page import GRID, SHAPES, _on_grid, map_page, with_findings
from inquest.report.pages import in_script, policy

PAGES = Path(__file__).parents[2] / "report" / "pages"
HOSTILE = (
    "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'> & \u2028 {{ 7 * 7 }}"
)
CLASSES = ["negative", "<b>positive</b>"]
FACTS = {
    "texts": 4, "errors": 2, "correct": 2, "says": "Errors lie <together>.",
    "methods": [
        {"name": "pca", "title": "PCA", "method": "pca", "trustworthiness": 0.8, "shown": False},
        {"name": "tsne-3", "title": "t-SNE, 3", "method": "tsne", "trustworthiness": None, "shown": True},
    ],
}  # fmt: skip


def made(**columns):
    """Four texts, two of them wrong."""
    points = pd.DataFrame(
        {
            "row": [1, 2, 3, 4],
            "id": ["e-a", "e-b", "e-c", "e-d"],
            "text": ["dull", HOSTILE, "łąka 映画", "warm"],
            "gold": [CLASSES[0], CLASSES[1], CLASSES[0], CLASSES[1]],
            "predicted": [CLASSES[0], CLASSES[0], CLASSES[1], CLASSES[1]],
            "confidence": [0.9, 0.6, 0.98765, 0.8],
            "wrong": [False, True, True, False],
            "x:pca": [0.0, 2.0, 1.0, 4.0], "y:pca": [1.0, 0.0, 2.0, 1.0],
            "x:tsne-3": [1.0, 1.0, 1.0, 1.0], "y:tsne-3": [1.0, 1.0, 1.0, 1.0],
        }
    )  # fmt: skip
    return points.assign(**columns)


class Reader(HTMLParser):
    """The elements of a page, the scripts' content, and what stands in cells."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.scripts, self.cells, self.inside = [], [], [], None
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.inside = tag
        if tag in ("script", "td"):
            (self.scripts if tag == "script" else self.cells).append("")

    def handle_endtag(self, tag):
        self.inside = None if tag in ("td", "script") else "td" if self.inside == "bdi" else self.inside

    def handle_data(self, data):
        if self.inside == "script":
            self.scripts[-1] += data
        elif self.inside in ("td", "bdi", "div") and self.cells:
            self.cells[-1] += data


@pytest.fixture(autouse=True)
def fonts(request, monkeypatch):
    """Leave the fonts out, which take seconds, but where they are what is tested."""
    if "whole" not in request.fixturenames:
        monkeypatch.setattr("inquest.report.pages.font_faces", lambda text: "")


@pytest.fixture(scope="module")
def whole():
    """The page as it is, with its fonts."""
    return page()


def page(**columns):
    return map_page(made(**columns), CLASSES, FACTS, "Errors & <more>", PAGES)


def test_hostile_text_is_data_in_the_script_and_text_in_the_table():
    read = Reader(page())
    assert len(read.scripts) == 2  # the data and the page's own
    data = json.loads(read.scripts[0])
    assert [point["id"] for point in data["points"]] == ["e-c", "e-b", "e-a", "e-d"]  # surest error first
    assert data["points"][1]["text"] == HOSTILE and HOSTILE in read.cells
    assert data["classes"] == CLASSES and data["colours"] == list(LABELS[:2])
    assert data["points"][0]["confidence"] == 0.9877 and data["points"][0]["gold"] == 0
    assert not any(tag == "img" for tag, _ in read.tags)
    assert not any(name.startswith("on") or name == "style" for _, given in read.tags for name in given)


def test_the_page_asks_for_nothing_and_runs_its_own_script_only(whole):
    read = Reader(whole)
    meta = {given.get("http-equiv"): given.get("content") for tag, given in read.tags if tag == "meta"}
    style = re.search(r"<style>(.*?)</style>", whole, re.DOTALL)[1]
    assert meta["Content-Security-Policy"] == policy(style, read.scripts[1])
    assert meta["Content-Security-Policy"].startswith("default-src 'none'; ") and "unsafe" not in whole
    assert not any(given.get("src") for _, given in read.tags)
    assert {given["href"] for _, given in read.tags if given.get("href")} == {"#explorer"}
    assert not re.search(r"url\((?!\"data:font)|@import", style)
    assert not re.search(
        r"fetch|XMLHttpRequest|innerHTML|eval|https?://(?!www\.w3\.org/2000/svg)", read.scripts[1]
    )


def test_the_page_is_the_same_each_time_and_says_what_it_is(whole):
    assert whole == page()
    assert "<title>Errors &amp; &lt;more&gt;</title>" in whole and '<html lang="en">' in whole
    assert "Errors lie &lt;together&gt;." in whole and "映" in whole
    assert "trustworthiness 0.800" in whole and 'value="tsne-3" selected>t-SNE, 3</option>' in whole


def test_columns_for_the_llm_and_the_error_type_are_there_if_they_are():
    without = page()
    assert '<th scope="col">LLM' not in without and '<th scope="col">Error type' not in without
    sheet = pd.DataFrame({"id": ["e-b", "e-c", "e-x"], "llm": ["negative", None, "negative"]})
    annotated = pd.DataFrame({"id": ["e-b", "e-x"], "error_type": ["irony <i>", "other"]})
    points = with_findings(made(), sheet, annotated)
    assert with_findings(made(), sheet, annotated.iloc[:0])["error_type"].isna().all()
    whole = map_page(points, CLASSES, FACTS, "T", PAGES)
    assert '<th scope="col">LLM' in whole and "irony &lt;i&gt;" in whole
    by_id = {point["id"]: point for point in json.loads(Reader(whole).scripts[0])["points"]}
    assert by_id["e-b"]["llm"] == "negative" and by_id["e-b"]["error_type"] == "irony <i>"
    assert not {"llm", "error_type"} & (set(by_id["e-a"]) | set(by_id["e-c"]))


def test_pairs_show_both_texts():
    whole = page(pair=["p1", "p2", "p3", "p4"])
    assert '<div class="pair" dir="auto">p3</div>' in whole
    assert [point["pair"] for point in json.loads(Reader(whole).scripts[0])["points"]] == [
        "p3",
        "p2",
        "p1",
        "p4",
    ]


def test_no_errors_and_no_texts_make_a_page_too():
    facts = {**FACTS, "errors": 0}
    right = made(predicted=made()["gold"], wrong=False)
    assert "got every test text right" in map_page(right, CLASSES, facts, "T", PAGES)
    assert "got every test text right" in map_page(made().iloc[:0], CLASSES, facts, "T", PAGES)


def test_a_default_study_fits_into_a_megabyte(whole):
    rng = np.random.default_rng(0)
    words = ["film", "dull", "warm", "perhaps", "naïve", "directing"]
    many = pd.concat([made()] * 170, ignore_index=True)
    many["text"] = [" ".join(rng.choice(words, 25)) for _ in range(len(many))]
    many["row"] = range(len(many))
    assert len(map_page(many, CLASSES, FACTS, "T", PAGES).encode()) < 1_000_000


@given(st.recursive(st.text(), lambda some: st.lists(some) | st.dictionaries(st.text(), some)))
def test_json_in_a_script_is_the_same_json_without_what_html_obeys(value):
    text = str(in_script(value))
    assert json.loads(text) == value
    assert not set(text) & set("<>&\u2028\u2029")
    assert html_module.unescape(text) == text


@given(st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)), min_size=1, max_size=30))
def test_places_keep_their_proportions_on_the_grid(places):
    places = np.array(places)
    found = _on_grid(places)
    span = np.ptp(places, axis=0).max()
    assert found.min(axis=0).tolist() == [0, 0] and found.max() in (0, GRID)
    if span > 1e-6:
        assert np.allclose(found / GRID * span, places - places.min(axis=0), atol=span / GRID)


def test_every_marker_of_the_figures_has_a_shape():
    assert set(_MARKERS) == set(SHAPES)
