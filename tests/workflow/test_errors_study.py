"""The errors of a whole tiny study of texts: the sheet, what a person writes into it, what that reruns."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pandas as pd
import pytest
from openpyxl import load_workbook

from inquest.text.errors.spreadsheet import PERSON

READ_AGAIN = {"read_annotations", "draw_map", "describe_errors", "provenance", "html", "pdf"}


def results(workflow):
    return workflow.folder / "results" / "tiny-texts"


def facts(workflow, chapter="errors"):
    return json.loads((results(workflow) / chapter / "facts.json").read_text())


def annotate(workflow, form="xlsx"):
    """Do what `make annotate` does once the sheet is there."""
    command = [sys.executable, "-m", "inquest.text.errors.annotate", "--format", form]
    command += ["--sheet", "results/tiny-texts/errors/errors.xlsx", "--folder", "annotations/tiny-texts"]
    path = {**os.environ, "PYTHONPATH": "src"}
    done = subprocess.run(command, cwd=workflow.folder, env=path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def study(texts_workflow, tmp_path_factory):
    """A copy of the finished study, to write annotations in."""
    folder = tmp_path_factory.mktemp("errors") / "copy"
    shutil.copytree(texts_workflow.folder, folder, symlinks=True)
    copy = object.__new__(type(texts_workflow))
    copy.folder, copy.study = folder, texts_workflow.study
    return copy


def test_the_sheet_holds_the_errors_of_the_predictions(texts_workflow):
    table = pd.read_parquet(results(texts_workflow) / "classifier" / "predictions.parquet")
    wrong = table[(table["part"] == "test") & (table["label"] != table["predicted"])]
    sheet = pd.read_parquet(results(texts_workflow) / "errors" / "sheet.parquet")
    assert set(sheet["id"]) == set(wrong["id"]) and len(wrong) == facts(texts_workflow)["errors"] > 0
    assert sheet["llm"].isin(["negative", "positive"]).all()  # the language model labelled all test texts
    assert (sheet["completeness_gap"] < 0.2).all() and sheet["nearest"].str.count("\n").eq(2).all()
    assert facts(texts_workflow)["annotated"] == 0 and facts(texts_workflow)["ideas"] == []


def test_the_report_has_the_chapters_and_links_to_the_map(texts_workflow):
    page = (results(texts_workflow) / "classifier.html").read_text()
    for word in ("A language model’s labels", "Where it fails, and why", "Nobody has annotated them yet"):
        assert word in page
    assert 'href="error-map.html"' in page and (results(texts_workflow) / "error-map.html").is_file()
    assert page.count('id="sec-wrong"') == 1


def test_what_a_person_writes_reruns_the_chapter_and_the_report_alone(study):
    said = annotate(study)
    assert "added" in said or "annotations/tiny-texts/errors.xlsx" in said
    path = study.folder / "annotations" / "tiny-texts" / "errors.xlsx"
    assert set(study.planned()) == READ_AGAIN
    book = load_workbook(path)
    rows = book.worksheets[0]
    names = [cell.value for cell in rows[1]]
    column = {name: names.index(name) + 1 for name in ("id", *PERSON)}
    errors = rows.max_row - 1
    for row in range(2, rows.max_row + 1):
        rows.cell(row, column["error_type"]).value = "negation" if row % 3 else "mixed opinion"
        rows.cell(row, column["cause"]).value = "turn ignored"
        rows.cell(row, column["fix"]).value = "add contrast pairs"
        rows.cell(row, column["annotator"]).value = "anna"
    rows.cell(2, column["note"]).value = '<script>alert(1)</script> =HYPERLINK("x")'
    book.save(path)
    written = path.read_bytes()

    done = study.run()
    assert done.returncode == 0, done.stderr[-3000:]
    found = facts(study)
    assert found["annotated"] == found["errors"] == errors and found["rest"] == 0
    assert found["types"][0]["name"] == "negation" and found["types"][0]["count"] == len(
        range(2, errors + 2)
    ) - (len([row for row in range(2, errors + 2) if row % 3 == 0]))
    assert [row["name"] for row in found["fixes"]] == ["add contrast pairs"]
    page = (results(study) / "classifier.html").read_text()
    assert "Nobody has annotated" not in page and "turn ignored" in page
    assert "<script>alert(1)" not in page
    assert path.read_bytes() == written  # no rule writes there
    assert study.planned() == {}
    assert annotate(study) and path.read_bytes() == written  # nothing new


def test_a_misspelt_word_is_named_and_nothing_is_lost(study):
    folder = study.folder / "annotations" / "tiny-texts"
    sheet = pd.read_parquet(results(study) / "errors" / "sheet.parquet")
    own = folder / "errors-ben.csv"
    own.write_text(f"id;error_type\n{sheet['id'][0]};negatoin\n", encoding="utf-8")
    before = (results(study) / "classifier.pdf").read_bytes()
    line = study.complaint(study.run())
    assert "errors-ben.csv, row 2" in line and "'negatoin'" in line and "negation" in line
    assert (results(study) / "classifier.pdf").read_bytes() == before

    own.write_text(f"\ufeffid;error_type;cause\r\n{sheet['id'][0]};Irony or Sarcasm;turn ignored\r\n")
    done = study.run()
    assert done.returncode == 0, done.stderr[-3000:]
    found = facts(study)
    assert [one["name"] for one in found["annotators"]] == ["anna", "ben"] and found["by_several"] == 1
    assert found["disagreements"] == 1 and found["annotated"] == len(sheet)
    own.unlink()
    assert set(study.planned()) == READ_AGAIN


def test_a_sheet_of_another_data_set_is_refused(study):
    own = study.folder / "annotations" / "tiny-texts" / "errors-carl.csv"
    own.write_text("id,error_type\nt-aaaaaaaaaa,negation\n", encoding="utf-8")
    try:
        assert "another data set" in study.complaint(study.run())
    finally:
        own.unlink()


def test_a_missing_taxonomy_is_named(study):
    config = study.config(lambda config: config["errors"].update(taxonomy="annotations/mine.yaml"))
    line = study.complaint(study.run("--dry-run", config=config))
    assert "errors.taxonomy" in line and "mine.yaml" in line
