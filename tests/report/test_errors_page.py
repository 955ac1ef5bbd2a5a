"""The errors chapter as it is printed: before anyone annotated, half-way, by two people, without errors."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from inquest.artefacts import write_chapter
from inquest.config.documents import Document
from inquest.report.document import render
from inquest.report.plots.errors import error_map
from inquest.report.provenance import untimed_run
from inquest.text.errors.annotations import Annotations
from inquest.text.errors.summary import summarise_errors
from inquest.text.errors.taxonomy import read_taxonomy

REPORT = Path(__file__).parents[2] / "report"
TAXONOMY = read_taxonomy(REPORT.parent / "annotations" / "taxonomy.yaml")
HOSTILE = "<script>alert(1)</script> & co, said in so many words that it has to be cut somewhere, or there"
METHODS = [
    {"title": title, "method": method, "perplexity": perplexity, "trustworthiness": 0.9, "shown": shown}
    | {"name": name}
    for name, title, method, perplexity, shown in (
        ("pca", "PCA", "pca", None, False),
        ("tsne-5", "t-SNE, perplexity 5", "tsne", 5, True),
    )
]


def a_sheet(errors: int, pair: bool, llm: bool) -> pd.DataFrame:
    columns = {
        "id": [f"t-{i}" for i in range(errors)],
        "text": [f"{i} {HOSTILE}" for i in range(errors)],
        **({"pair": [f"second {i}" for i in range(errors)]} if pair else {}),
        "gold": ["positive"] * errors,
        "predicted": ["negative"] * errors,
        "direction": ["false negative"] * errors,
        "confidence": [0.9] * errors,
        **({"llm": ["positive"] * errors} if llm else {}),
        "drivers": ["not +0.5"] * errors,
        "tags": ["negation; short" if i % 2 else "short" for i in range(errors)],
    }
    return pd.DataFrame(columns).astype({"id": "str", "text": "str", "tags": "str"})


@pytest.fixture
def page(tmp_path, monkeypatch):
    """Return a function that typesets the chapter for some annotations."""
    monkeypatch.setattr("inquest.report.document.font_faces", lambda text: "")

    def make(said=(), errors=8, pair=False, llm=True, by="") -> str:
        columns = ["id", "annotator", "error_type", "cause", "fix", "note", "status"]
        sheet = a_sheet(errors, pair, llm)
        table = pd.DataFrame(said, columns=columns, dtype="str")
        annotations = Annotations(table, [], list(dict.fromkeys(table["annotator"])), sheet)
        agreement, disagreements = annotations.agreement()
        facts, tables = summarise_errors(
            sheet,
            100,
            annotations.merged(),
            annotations.facts(),
            agreement,
            disagreements,
            TAXONOMY,
            {"tags": [{"name": "negation", "definition": "d", "count": 4, "share": 0.5}]},
            {"gaps": {"median": 0.01}},
            {"texts": 12, "errors": errors, "correct": 4, "says": "They do not cluster.", "methods": METHODS},
            {"annotated_by": by, "show": 4},
        )
        write_chapter(tmp_path / "errors", facts, tables)
        points = pd.DataFrame({"gold": ["positive", "negative"], "predicted": "negative", "confidence": 0.9,
                               "wrong": [True, False]})  # fmt: skip
        for name in ("pca", "tsne-5"):
            points[f"x:{name}"], points[f"y:{name}"] = [0.0, 1.0], [0.0, 1.0]
        error_map(tmp_path / "errors" / "figures" / "map.svg", points, ["negative", "positive"], METHODS)
        return render(
            document=Document(title="T", chapters=["errors"], contents=False).model_dump(),
            study={"study": "films", "seed": 1, "errors": {"map": {"show": None}}},
            chapters={"errors": tmp_path / "errors"},
            templates=REPORT,
            references=REPORT / "references.json",
            rubric=None,
            provenance=untimed_run(REPORT.parent),
        )

    return make


def text_of(html: str) -> str:
    html = re.sub(r"<style>.*?</style>", "", html, flags=re.S)
    html = re.sub(r"<[^>]*>", "", re.sub("</(t[dh]|p|h.|figcaption|caption)>", " ", html))
    return re.sub(r"\s+", " ", html.replace("\u00a0", " "))


def rows(who: str, *ids: int, kind: str = "negation", fix: str = "add contrast pairs"):
    return [(f"t-{i}", who, kind, "turn ignored", fix, "", "current") for i in ids]


def test_before_anyone_annotated_it_says_how_to(page):
    html = page()
    text = text_of(html)
    assert "gets 8 of 100 test texts wrong. Nobody has annotated them yet." in text
    assert "make annotate copies it to annotations/films" in text and "none is named yet" in text
    assert "8 are false negatives." in text and "They do not cluster." in text
    assert "<script>" not in html and "0 &lt;script&gt;alert(1)&lt;/script&gt; &amp; co" in html
    assert re.findall(r'<h3 id="(sec-[a-z-]+)"', html) == [
        "sec-wrong", "sec-error-types", "sec-ideas", "sec-error-map"
    ]  # fmt: skip
    assert "Appendix A" in text and "irony or sarcasm" in text  # the taxonomy is printed


def test_half_way_the_rest_is_estimated(page):
    text = text_of(page(rows("anna", 0, 1, 2) + rows("anna", 3, kind="irony or sarcasm", fix="leave it")))
    assert "4 were read and annotated: the most frequent kind is negation, 3 (75%)" in text
    assert "add contrast pairs would touch the most, about 6 of 8." in text
    assert "4 of 8 errors are annotated; estimates for all take the rest to be like them." in text
    assert "Add contrast pairs, 6 of 8 errors (" in text and "6.0 points of accuracy at most" in text
    assert "The annotations are by anna." in text


def test_two_people_and_their_words(page):
    said = rows("anna", *range(8)) + rows("ben", 0, 1, kind="irony or sarcasm")
    text = text_of(page(said, by="Two authors read them"))
    assert "All of them were read and annotated: the most" in text and "Two authors read them." in text
    assert (
        "Of 2 errors that two annotated, 0% have the same type from both (Cohen’s kappa 0.00), 100%" in text
    )
    assert "100% have the same cause and 100% have the same fix." in text
    apart = text.split("Where two annotators chose differently; texts are cut.")[1]
    assert "text what anna ben 0 <" in apart.replace("&lt;", "<")
    assert "type negation irony or sarcasm" in apart
    assert "of all errors" not in text.split("The fixes that were named most")[1].split("Add contrast")[0]


def test_three_annotators_are_named_where_they_agree_and_where_not(page):
    said = rows("anna", *range(8)) + rows("ben", 0, 1, kind="irony or sarcasm") + rows("cy", 1, 2)
    text = text_of(page(said))
    assert "Of 2 errors that anna and ben annotated, 0% have the same type" in text
    assert "Of 2 errors that anna and cy annotated, 100% have the same type" in text
    assert "Of 1 error that ben and cy annotated, 0% have" in text
    assert "type anna: negation ben: irony or sarcasm" in text


def test_it_claims_nothing_of_who_annotated_that_it_can_t_know(page):
    text = text_of(page(rows("a program", *range(8))))
    assert "by people" not in text and "people named" not in text and "people chose" not in text


def test_every_error_is_in_the_appendix_with_what_was_said_of_it_and_endless_ones_are_cut(page, monkeypatch):
    text = text_of(page(rows("anna", 0, 1)))
    listed = text.split("All 8 errors on the test texts")[1]
    assert listed.count("or there") == 8 and listed.count("negation; turn ignored; add contrast pairs") == 2
    assert "are cut; the error sheet" not in listed
    monkeypatch.setitem(globals(), "HOSTILE", "<b>word</b> " * 10_000)
    html = page()
    assert (
        "are cut; the error sheet has them whole." in html and len(html) < 500_000 and "<b>word" not in html
    )


def test_tables_are_spoken_of_and_others_only_where_there_are_some(page):
    text = text_of(page(rows("anna", *range(8))))
    assert "ranks types and causes." in text and "the numbers, from Table" in text
    assert "has the others" not in text.split("What would make it better")[-1].split("A map of")[0]


def test_pairs_without_a_language_model_and_no_errors(page):
    text = text_of(page(pair=True, llm=False))
    assert "¶ second 0" in text and "(%) LLM" not in text and "(%) LLM" in text_of(page())
    nothing = text_of(page(errors=0))
    assert "gets 0 of 100 test texts wrong. There is nothing to annotate." in nothing
    assert "It gives every test text its gold label." in nothing


def test_rows_that_are_filled_in_part_are_told(page):
    text = text_of(page([*rows("anna", *range(7)), ("t-7", "anna", "negation", "", "", "", "current")]))
    assert "Each got a type, a cause or a fix from lists" in text
    assert "of 8 annotated errors (8 with a type, 7 with a cause), with" in text
    assert "add contrast pairs would touch the most, about 8 of 8." in text
    assert "how many of the 8 errors each would touch" in text
