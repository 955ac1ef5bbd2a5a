"""The error sheet as files that people open in Excel or LibreOffice, or read as CSV.

Texts are data: none is taken for a formula, however it starts, and the same sheet gives the same bytes.
"""

from __future__ import annotations

import csv
import datetime
import hashlib
import io
import json
import math
import re
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.packaging.custom import StringProperty
from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from inquest.artefacts import atomic
from inquest.text.errors.sheet import PERSON
from inquest.text.errors.taxonomy import CATEGORIES, Taxonomy

SHEET, WORDS = "errors", "taxonomy"  # the workbook's two sheets
DIGEST = "inquest taxonomy"  # the workbook's property that holds the digest of the second
WORDS_HEADER = ("column", "name", "definition", "what to do")
MOST_CHARACTERS = 32_767  # in a cell of Excel, counted as UTF-16
DECIMALS = 4  # in CSV; XLSX has all digits and shows three
# What starts a formula, for one program or another (OWASP, "CSV injection"); the last four are full-width.
FORMULA_SIGNS = tuple("=+-@\t\r\n＝＋－＠")
WIDTHS = {
    "id": 15, "status": 9, "text": 50, "pair": 50, "gold": 11, "predicted": 11, "direction": 15,
    "confidence": 12, "gold_confidence": 17, "margin": 9, "llm": 11, "drivers": 28, "completeness_gap": 18,
    "nearest": 60, "label_quality": 14, "words": 8, "tokens": 8, "tags": 22,
    "error_type": 25, "cause": 25, "fix": 25, "annotator": 13, "note": 40,
}  # fmt: skip
MADE = datetime.datetime(2000, 1, 1)  # what a workbook says of its making: no clock in what is compared

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
ESCAPED = "_x005F_"  # an underscore that starts no escape
_ESCAPE_LIKE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")  # XLSX writes characters as _x000D_
_TEXT_STYLE, _PERSON_STYLE = "inquest text", "inquest person"
_NUMBER_STYLE, _COUNT_STYLE = "inquest number", "inquest count"
_FONT = Font("Calibri", 11)
_HEAD = PatternFill("solid", fgColor="FFD9D9D9")
_PERSONS = PatternFill("solid", fgColor="FFFFF6D6")
_PERSONS_HEAD = PatternFill("solid", fgColor="FFFFE08A")
_THIN = Side("thin", color="FFCCCCCC")
_BORDER = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)


def write_csv(path: str | Path, table: pd.DataFrame, person: Collection[str] = PERSON) -> None:
    """Write a sheet as CSV: UTF-8 with the mark by which Excel knows it, commas, lines ending in LF.

    A cell of the machine's columns that a spreadsheet would take for a formula gets an apostrophe in front;
    a person's columns stay as they are.
    """
    columns = [csv_cells(table[name], name not in person) for name in table]
    with atomic(path) as part:
        part.write_bytes(csv_text([list(table), *zip(*columns, strict=True)]).encode("utf-8-sig"))


def csv_text(rows: Sequence[Sequence[str]], delimiter: str = ",", newline: str = "\n") -> str:
    """Return rows of cells as CSV; a cell is quoted where it must be."""
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator=newline).writerows(rows)
    return buffer.getvalue()


def csv_cells(column: pd.Series, guarded: bool) -> list[str]:
    """Return a column's cells as they stand in a CSV file; ``guarded``: none can be taken for a formula."""
    values = [cell_value(value) for value in column]
    texts = [
        value if isinstance(value, str) else "" if value is None else repr(round(value, DECIMALS))
        for value in values
    ]
    return [
        f"'{text}" if guarded and isinstance(value, str) and text.startswith(FORMULA_SIGNS) else text
        for value, text in zip(values, texts, strict=True)
    ]


def cell_value(value: Any) -> str | int | float | None:
    """Return what a cell holds: a number, a text that fits, or None if there is nothing.

    Line ends become LF, control characters their pictures (U+2400 …), and what XML can't hold U+FFFD; a text
    of more than 32,767 characters is cut and ends in "…".
    """
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        number = value.item() if isinstance(value, np.number) else value
        return number if math.isfinite(number) else None
    if value is None or pd.isna(value):
        return None
    text = str(value).replace("\r\n", "\n").replace("\r", "\n")
    text = _NO_XML.sub(lambda found: chr(0x2400 + ord(c)) if (c := found[0]) < " " else "\ufffd", text)
    units = text.encode("utf-16-le")
    if len(units) > 2 * MOST_CHARACTERS:
        text = units[: 2 * (MOST_CHARACTERS - 1)].decode("utf-16-le", "ignore") + "…"
    return text or None


def write_xlsx(path: str | Path, table: pd.DataFrame, taxonomy: Taxonomy) -> None:
    """Write a sheet as an Excel workbook whose drop-downs offer the taxonomy's names.

    The header, the ids and the texts stay in view, the columns can be filtered, a person's are filled in
    another colour; a second sheet has the definitions. A name that the taxonomy doesn't have is refused when
    it is typed. Printed, a page is as wide as the sheet, and the header stands on each.
    """
    workbook = Workbook()
    sheet = workbook.active
    sheet.title = SHEET
    for place, name in enumerate(table, start=1):
        head = sheet.cell(1, place)
        set_cell(head, name)
        _style_head(head, name in PERSON)
        sheet.column_dimensions[get_column_letter(place)].width = WIDTHS.get(name, 15)
    columns = {name: place for place, name in enumerate(table, start=1)}
    for number, row in enumerate(table.to_dict("records"), start=2):
        fill_row(sheet, number, columns, row)
    sheet.freeze_panes = sheet.cell(2, columns.get("text", 1) + 1)
    last = len(table) + 1
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{last}"
    add_words(workbook, taxonomy)
    add_drop_downs(sheet, columns, taxonomy, 2, last)
    for each in workbook:
        _set_page(each)
    workbook.properties.created = MADE
    with atomic(path) as part:
        part.write_bytes(workbook_bytes(workbook))


def _set_page(sheet: Worksheet) -> None:
    """Print all columns of a sheet beside each other, on A3."""
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A3
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.5, bottom=0.5)
    sheet.print_title_rows = "1:1"


def fill_row(sheet: Worksheet, number: int, columns: dict[str, int], row: dict[str, Any]) -> None:
    """Write a row of the table to a row of a sheet; ``columns``: the place of each column, from 1."""
    _add_styles(sheet.parent)
    for name, place in columns.items():
        cell, value = sheet.cell(number, place), row.get(name)
        cell.style = _PERSON_STYLE if name in PERSON else _style_of(value)
        if name in row:
            set_cell(cell, value)
    sheet.row_dimensions[number].height = _height(row)


def _style_of(value: Any) -> str:
    if isinstance(value, (float, np.floating)):
        return _NUMBER_STYLE
    return _COUNT_STYLE if isinstance(value, (int, np.integer)) else _TEXT_STYLE


def _add_styles(workbook: Workbook) -> None:
    """Give a workbook the styles of the sheet's cells: to share them is much faster than to style each."""
    top = Alignment(vertical="top", wrap_text=True)
    # To the right, numbers run into the texts of the next column.
    middle = Alignment("center", "top", wrap_text=True)
    for style in (
        NamedStyle(_TEXT_STYLE, _FONT, alignment=top, border=_BORDER),
        NamedStyle(_NUMBER_STYLE, _FONT, alignment=middle, border=_BORDER, number_format="0.000"),
        NamedStyle(_COUNT_STYLE, _FONT, alignment=middle, border=_BORDER),
        NamedStyle(_PERSON_STYLE, _FONT, alignment=top, fill=_PERSONS, border=_BORDER),
    ):
        if style.name not in workbook.named_styles:
            workbook.add_named_style(style)


def _height(row: dict[str, Any]) -> float:
    """Return the height in points that a row's longest cell needs, for programs that don't find it out."""
    lines = [
        sum(math.ceil(max(len(line), 1) / WIDTHS.get(name, 15)) for line in value.split("\n"))
        for name, value in row.items()
        if isinstance(value, str)
    ]
    return min(15.0 * max(lines, default=1), 400.0)


def set_cell(cell: Cell, value: Any) -> None:
    """Put a value into a cell; a text stays a text, even after it was edited there."""
    cell.value = stored(value)
    if isinstance(cell.value, str):
        cell.data_type = "s"  # openpyxl takes what starts with = for a formula
        cell.quotePrefix = cell.value.startswith(FORMULA_SIGNS)


def stored(value: Any) -> str | int | float | None:
    """Return a value as openpyxl writes it to a cell and reads it again."""
    value = cell_value(value)
    return _ESCAPE_LIKE.sub(ESCAPED, value) if isinstance(value, str) else value


def word_rows(taxonomy: Taxonomy) -> list[tuple[str, str, str, str]]:
    """Return the rows of the sheet of words: column of the error sheet, name, definition, what to do."""
    return [
        (column, item.name, item.definition, getattr(item, "idea", ""))
        for column in CATEGORIES
        for item in taxonomy.items(column)
    ]


def add_words(workbook: Workbook, taxonomy: Taxonomy, place: int | None = None) -> None:
    """Add the sheet of words, last or at a place, and a name for each list in it that drop-downs refer to.

    Names, because Excel keeps a drop-down that refers to another sheet by a name in the standard's own place,
    where every program finds it.
    """
    sheet = workbook.create_sheet(_free_title(workbook), place)
    for column, (name, width) in enumerate(zip(WORDS_HEADER, (13, 28, 80, 80), strict=True), start=1):
        sheet.cell(1, column).value = name
        _style_head(sheet.cell(1, column), person=False)
        sheet.column_dimensions[get_column_letter(column)].width = width
    rows = word_rows(taxonomy)
    for number, row in enumerate(rows, start=2):
        for column, value in enumerate(row, start=1):
            set_cell(sheet.cell(number, column), value)
            sheet.cell(number, column).alignment = Alignment(vertical="top", wrap_text=True)
    sheet.freeze_panes = "A2"
    properties = workbook.custom_doc_props
    if DIGEST in properties.names:
        del properties[DIGEST]
    properties.append(StringProperty(name=DIGEST, value=digest([WORDS_HEADER, *rows])))
    for name in CATEGORIES:
        numbers = [number for number, row in enumerate(rows, start=2) if row[0] == name]
        where = f"'{sheet.title}'!$B${numbers[0]}:$B${numbers[-1]}"
        workbook.defined_names[list_name(name)] = DefinedName(list_name(name), attr_text=where)


def digest(rows: Sequence[Sequence[str]]) -> str:
    """Return the SHA-256 of the sheet of words, which tells whether a person wrote into it."""
    return hashlib.sha256(json.dumps([list(row) for row in rows]).encode()).hexdigest()


def recorded_digest(workbook: Workbook) -> str | None:
    """Return the digest that the sheet of words had when it was made."""
    properties = workbook.custom_doc_props
    return properties[DIGEST].value if DIGEST in properties.names else None


def _free_title(workbook: Workbook) -> str:
    titles = [WORDS, *(f"{WORDS} {number}" for number in range(2, len(workbook.sheetnames) + 3))]
    return next(title for title in titles if title not in workbook.sheetnames)


def list_name(column: str) -> str:
    """Return the name that the workbook gives to the words of a column."""
    return f"inquest_{CATEGORIES[column]}"


def add_drop_downs(
    sheet: Worksheet, columns: dict[str, int], taxonomy: Taxonomy, first: int, last: int
) -> None:
    """Give the columns of categories their drop-downs, from the first row below the header to the last."""
    for column in CATEGORIES:
        if column not in columns:
            continue
        rule = DataValidation(
            type="list",
            formula1=list_name(column),
            allow_blank=True,
            showErrorMessage=True,
            errorStyle="stop",
            errorTitle="Not in the taxonomy",
            error=f"Choose a name from the list. A new one must first stand under {CATEGORIES[column]} in "
            f"{taxonomy.file}; then run: make annotate",
        )
        letter = get_column_letter(columns[column])
        rule.add(f"{letter}{first}:{letter}{max(first, last)}")
        sheet.add_data_validation(rule)


def workbook_bytes(workbook: Workbook) -> bytes:
    """Return a workbook as bytes that depend on its content alone: openpyxl stamps the time all over it."""
    stamped, plain = io.BytesIO(), io.BytesIO()
    workbook.save(stamped)
    made = (workbook.properties.created or MADE).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    with zipfile.ZipFile(stamped) as old, zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:modified[^>]*>)[^<]*", rb"\g<1>" + made, content)
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            new.writestr(entry, content)
    return plain.getvalue()


def _style_head(cell: Cell, person: bool) -> None:
    cell.font = Font("Calibri", 11, bold=True)
    cell.fill = _PERSONS_HEAD if person else _HEAD
    cell.alignment = Alignment(vertical="top", wrap_text=True)
    cell.border = _BORDER
