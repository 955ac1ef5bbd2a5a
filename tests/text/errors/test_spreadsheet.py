"""The sheet as files: texts stay texts, numbers numbers, and the same sheet is the same bytes."""

import csv
import io
import re
import time
import zipfile

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inquest.text.errors.sheet import PERSON
from inquest.text.errors.spreadsheet import (
    FORMULA_SIGNS,
    MOST_CHARACTERS,
    cell_value,
    csv_cells,
    csv_text,
    write_csv,
    write_xlsx,
)
from inquest.text.errors.taxonomy import CATEGORIES

HOSTILE = {
    "a": '=HYPERLINK("http://127.0.0.1/", "x")',
    "b": "+1",
    "c": "-1 is low",
    "d": "@SUM(A1)",
    "e": "\tx",
    "f": "plain; with, commas\nand \"quotes\" and 'more'",
    "g": "＝1",
    "h": "_x0041_ stays",
}


@pytest.fixture
def workbook(tmp_path, error_sheet, words):
    """Write a sheet as XLSX and open it again."""

    def write(texts=3):
        write_xlsx(tmp_path / "errors.xlsx", error_sheet(texts), words)
        return openpyxl.load_workbook(tmp_path / "errors.xlsx")

    return write


def test_texts_are_texts_and_numbers_are_numbers(workbook, error_sheet):
    sheet = workbook()["errors"]
    table = error_sheet(3)
    assert [cell.value for cell in sheet[1]] == list(table)
    for row, expected in zip(sheet.iter_rows(min_row=2), table.to_dict("records"), strict=True):
        for cell, (name, value) in zip(row, expected.items(), strict=True):
            wanted = None if value == "" or pd.isna(value) else value
            assert cell.value == (pytest.approx(wanted) if isinstance(wanted, float) else wanted), name
            if cell.value is not None:
                assert cell.data_type == ("s" if isinstance(value, str) else "n")
    found = {cell.value: sheet.cell(2, cell.column).number_format for cell in sheet[1]}
    assert found["confidence"] == "0.000" and found["tokens"] == "General"


def test_nothing_in_a_text_is_a_formula_in_xlsx(workbook, tmp_path):
    sheet = workbook(HOSTILE)["errors"]
    column = [cell.value for cell in sheet[1]].index("text") + 1
    for number, text in enumerate(HOSTILE.values(), start=2):
        cell = sheet.cell(number, column)
        assert cell.data_type == "s" and cell.value.replace("_x005F_", "_") == text
        assert cell.quotePrefix == text.startswith(FORMULA_SIGNS)
    whole = zipfile.ZipFile(tmp_path / "errors.xlsx").read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in whole and b"<f " not in whole


def test_nothing_in_a_text_is_a_formula_in_csv(tmp_path, error_sheet):
    write_csv(tmp_path / "errors.csv", error_sheet(HOSTILE))
    content = (tmp_path / "errors.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf") and b"\r" not in content
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    guarded = [f"'{text}" if letter in "abcdeg" else text for letter, text in HOSTILE.items()]
    assert [row["text"] for row in rows] == guarded
    assert rows[0]["confidence"] == "0.9877" and rows[0]["completeness_gap"] == "-0.0012"
    assert csv_cells(pd.Series(["=x", "-1"]), guarded=False) == ["=x", "-1"]  # what people wrote


def test_the_same_sheet_is_the_same_bytes(tmp_path, error_sheet, words):
    write_xlsx(tmp_path / "a.xlsx", error_sheet(2), words)
    write_csv(tmp_path / "a.csv", error_sheet(2))
    time.sleep(2.1)  # zip counts in steps of two seconds
    write_xlsx(tmp_path / "b.xlsx", error_sheet(2), words)
    write_csv(tmp_path / "b.csv", error_sheet(2))
    write_xlsx(tmp_path / "c.xlsx", error_sheet(3), words)
    a, b, c = ((tmp_path / f"{name}.xlsx").read_bytes() for name in "abc")
    assert a == b != c
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


def test_people_find_their_way(workbook, words):
    found = workbook(3)
    sheet = found["errors"]
    assert found.sheetnames == ["errors", "taxonomy"]
    assert sheet.print_title_rows == "$1:$1" and sheet.page_setup.orientation == "landscape"
    assert sheet.sheet_properties.pageSetUpPr.fitToPage and sheet.page_setup.fitToHeight == 0
    numbers = [cell for cell in sheet[2] if cell.data_type == "n" and cell.value is not None]
    assert {cell.alignment.horizontal for cell in numbers} == {"center"}  # not up against the next text
    assert sheet.freeze_panes == "D2" and sheet.auto_filter.ref == "A1:V4"
    head = {cell.value: cell for cell in sheet[1]}
    for name, cell in head.items():
        machine = cell.fill.fgColor.rgb == head["id"].fill.fgColor.rgb
        assert machine == (name not in PERSON)
        assert 8 <= sheet.column_dimensions[cell.column_letter].width <= 60
        assert sheet.cell(2, cell.column).alignment.wrap_text
    assert sheet.cell(2, head["note"].column).fill.fgColor.rgb != sheet["A2"].fill.fgColor.rgb
    definitions = [row[:4] for row in found["taxonomy"].iter_rows(min_row=2, values_only=True)]
    assert ("fix", "larger encoder", "Read better.", "Take more layers.") in definitions
    assert ("cause", "label noise", "A wrong label.", None) in definitions


def test_the_drop_downs_offer_the_taxonomy_and_nothing_else(workbook, words):
    found = workbook(3)
    sheet = found["errors"]
    head = {cell.value: cell.column_letter for cell in sheet[1]}
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    assert len(rules) == 3
    for column in CATEGORIES:
        rule = rules[f"{head[column]}2:{head[column]}4"]
        assert rule.type == "list" and rule.errorStyle == "stop" and rule.showErrorMessage
        assert "types in taxonomy.yaml" in rule.error or column != "error_type"
        assert "make annotate" in rule.error and len(rule.error) <= 255
        ((title, where),) = found.defined_names[rule.formula1].destinations
        assert [row[0].value for row in found[title][where]] == words.names(column)


@pytest.mark.parametrize(
    "value, cell",
    [
        ("a\x00b\x1bc", "a␀b␛c"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("\ud800\uffff", "\ufffd\ufffd"),
        ("", None),
        (float("nan"), None),
        (pd.NA, None),
        (float("inf"), None),
        (3, 3),
        ("x" * 40_000, "x" * (MOST_CHARACTERS - 1) + "…"),
        ("x" * MOST_CHARACTERS, "x" * MOST_CHARACTERS),
        ("😀" * 20_000, "😀" * ((MOST_CHARACTERS - 1) // 2) + "…"),  # two units each
    ],
)
def test_what_a_cell_cannot_hold_is_replaced_where_one_sees_it(value, cell):
    assert cell_value(value) == cell


def test_an_empty_sheet_is_written(tmp_path, error_sheet, words):
    write_xlsx(tmp_path / "errors.xlsx", error_sheet({}), words)
    write_csv(tmp_path / "errors.csv", error_sheet({}))
    sheet = openpyxl.load_workbook(tmp_path / "errors.xlsx")["errors"]
    assert sheet.max_row == 1 and len((tmp_path / "errors.csv").read_text().splitlines()) == 1


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), min_size=1))
def test_any_text_comes_back_from_csv(rows):
    cells = [[cell_value(text) or "" for text in row] for row in rows]
    assert list(csv.reader(io.StringIO(csv_text(cells), newline=""), strict=True)) == cells


@given(st.text())
def test_no_guarded_cell_starts_a_formula(text):
    (cell,) = csv_cells(pd.Series([text], dtype=object), guarded=True)
    assert not cell.startswith(FORMULA_SIGNS)
    assert re.fullmatch("'?" + re.escape(cell_value(text) or ""), cell)
