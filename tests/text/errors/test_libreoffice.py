"""The sheet goes through LibreOffice and back: what is checked here was written by LibreOffice itself."""

import subprocess
import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.comments import Comment

from inquest.text.errors.annotate import annotate
from inquest.text.errors.annotations import read_annotations
from inquest.text.errors.cells import read_csv
from inquest.text.errors.sheet import PERSON
from inquest.text.errors.spreadsheet import write_csv, write_xlsx
from inquest.text.errors.taxonomy import CATEGORIES

TEXTS = {
    "a": "=1+1",
    "b": "@SUM(A1) isn't a sum; it's \"text\", too",
    "c": "-2 stars\nand a second line",
    "d": "+44 is no number",
    "e": "\t1/2 or 3-4 are no dates",
    "f": "naïve “quotes” – 日本",
}
A, B, C = ("e-" + letter * 10 for letter in "abc")
SAID = {
    A: {"error_type": "negation", "cause": "turn ignored", "fix": "relabel", "annotator": "Anna"},
    B: {"error_type": "Irony", "note": "two lines;\nand, a comma"},
    C: {"fix": "larger encoder", "annotator": "Zoë", "note": "3-4"},
}
CSV = "csv:Text - txt - csv (StarCalc):"


@pytest.fixture(scope="module")
def libre(tmp_path_factory):
    """Have LibreOffice read a file and write it anew; return the path of what it wrote."""
    profile = tmp_path_factory.mktemp("profile")

    def convert(path: Path, to: str, read_as: str | None = None) -> Path:
        folder = tmp_path_factory.mktemp("written")
        command = ["soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless"]
        command += [f"--infilter={read_as}"] if read_as else []
        command += ["--convert-to", to, "--outdir", str(folder), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        (written,) = folder.iterdir() if any(folder.iterdir()) else [done.stdout + done.stderr]
        return written

    return convert


@pytest.fixture(scope="module")
def filled(tmp_path_factory, error_sheet, words):
    """Return the path of a sheet that people have filled, which LibreOffice hasn't seen."""
    path = tmp_path_factory.mktemp("ours") / "errors.xlsx"
    write_xlsx(path, error_sheet(TEXTS), words)
    workbook = openpyxl.load_workbook(path)
    sheet = workbook["errors"]
    place = {cell.value: cell.column for cell in sheet[1]}
    for row in sheet.iter_rows(min_row=2):
        for name, value in SAID.get(row[0].value, {}).items():
            sheet.cell(row[0].row, place[name]).value = value
    sheet.cell(2, place["note"]).comment = Comment("sure?", "Anna")
    workbook.save(path)
    return path


@pytest.fixture(scope="module")
def resaved(libre, filled):
    return libre(filled, "xlsx")


def said_by(path, sheet, words) -> dict[str, list[str]]:
    table = read_annotations([path], sheet, words).table
    return {row["id"]: [row[name] for name in PERSON] for row in table.to_dict("records")}


WANTED = {
    A: ["negation", "turn ignored", "relabel", "Anna", ""],
    B: ["irony", "", "", "unnamed", "two lines;\nand, a comma"],
    C: ["", "", "larger encoder", "Zoë", "3-4"],
}


def test_libreoffice_s_workbook_says_what_was_filled(resaved, error_sheet, words):
    assert b"LibreOffice" in zipfile.ZipFile(resaved).read("docProps/app.xml")
    assert said_by(resaved, error_sheet(TEXTS), words) == WANTED


def test_libreoffice_keeps_texts_ids_and_numbers(resaved, error_sheet):
    sheet = openpyxl.load_workbook(resaved)["errors"]
    place = {cell.value: cell.column for cell in sheet[1]}
    rows = list(sheet.iter_rows(min_row=2))
    assert [row[0].value for row in rows] == error_sheet(TEXTS)["id"].tolist()
    assert [row[place["text"] - 1].value for row in rows] == list(TEXTS.values())
    assert {row[place["text"] - 1].data_type for row in rows} == {"s"}
    assert "f" not in {cell.data_type for row in rows for cell in row}
    confidence = [row[place["confidence"] - 1].value for row in rows]
    assert confidence == pytest.approx(error_sheet(TEXTS)["confidence"].tolist())


def test_the_drop_downs_survive(resaved, words):
    workbook = openpyxl.load_workbook(resaved)
    sheet = workbook["errors"]
    place = {cell.value: cell.column_letter for cell in sheet[1]}
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    for column in CATEGORIES:
        rule = rules[f"{place[column]}2:{place[column]}7"]
        assert rule.type == "list" and rule.errorStyle == "stop" and "taxonomy.yaml" in rule.error
        ((title, where),) = workbook.defined_names[rule.formula1].destinations
        assert [row[0].value for row in workbook[title][where]] == words.names(column)


@pytest.mark.parametrize("options", ["9,34,UTF-16", "59,34,1"])  # 1: Windows-1252
def test_libreoffice_s_csv_says_what_was_filled(libre, filled, error_sheet, words, options):
    written = libre(filled, CSV + options)
    assert read_csv(written).separator == chr(int(options.split(",")[0]))
    assert said_by(written, error_sheet(TEXTS), words) == WANTED


def test_our_csv_goes_through_libreoffice(libre, tmp_path, error_sheet, words):
    table = error_sheet(TEXTS)
    for one, cells in SAID.items():
        table.loc[table["id"] == one, list(cells)] = list(cells.values())
    write_csv(tmp_path / "errors.csv", table)
    written = libre(tmp_path / "errors.csv", CSV + "44,34,76", "Text - txt - csv (StarCalc):44,34,76")
    found = said_by(written, error_sheet(TEXTS), words)
    assert {one: cells[:4] for one, cells in found.items()} == {
        one: cells[:4] for one, cells in WANTED.items()
    }
    records = read_csv(written).records
    texts = [record[records[0].index("text")].lstrip("'") for record in records[1:]]
    assert texts == list(TEXTS.values())  # no text was computed or made a date


def test_a_workbook_of_libreoffice_is_brought_up_to_date(libre, resaved, tmp_path, error_sheet, words):
    path = tmp_path / "errors.xlsx"
    path.write_bytes(resaved.read_bytes())
    assert annotate(error_sheet(TEXTS), tmp_path, words) == [f"{path}: up to date"]
    later = error_sheet({**TEXTS, "g": "=new()"}).iloc[1:]
    assert annotate(later, tmp_path, words) == [f"{path}: 1 added, 1 marked past (no errors any more)"]
    again = libre(path, "xlsx")
    sheet = openpyxl.load_workbook(again)["errors"]
    place = {cell.value: cell.column for cell in sheet[1]}
    assert [sheet.cell(row, 1).value for row in (2, 8)] == [A, "e-gggggggggg"]
    assert [sheet.cell(row, 2).value for row in (2, 8)] == ["past", "current"]
    assert sheet.cell(8, place["text"]).value == "=new()" and sheet.cell(8, place["text"]).data_type == "s"
    assert sheet.cell(2, place["note"]).comment.text.endswith("sure?")
    covered = sheet.data_validations.dataValidation
    assert (
        sum(
            sheet.cell(8, place[column]).coordinate in rule.sqref for column in CATEGORIES for rule in covered
        )
        == 3
    )
    found = read_annotations([again], later, words, known=[A])
    assert dict(zip(found.table["id"], found.table["status"], strict=True)) == {
        A: "past", B: "current", C: "current",
    }  # fmt: skip
