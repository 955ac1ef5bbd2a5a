"""The cells of an error sheet that a person has saved, whatever program wrote the file."""

from __future__ import annotations

import csv
import datetime
import difflib
import io
import os
import re
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from inquest.errors import InquestError, listing
from inquest.text.errors.copies import READ
from inquest.text.errors.sheet import MACHINE, PERSON
from inquest.text.errors.spreadsheet import ESCAPED, SHEET
from inquest.text.errors.taxonomy import CATEGORIES

KNOWN = (*MACHINE, *PERSON)
# Never empty; Excel leaves out the separators of empty cells at the end of a row, but a row ends no earlier.
ALWAYS = ("id", "text", "gold", "predicted", "words", "tokens")
SEPARATORS = ",;\t"
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_WHOLE = "a whole sheet is needed: save it again, or take it from version control"


class Row(NamedTuple):
    """A row of the sheet: its number as a spreadsheet shows it, and its cells by column."""

    number: int
    cells: dict[str, str]


class Csv(NamedTuple):
    """A CSV file: its records, and how it was written."""

    records: list[list[str]]
    encoding: str
    separator: str
    newline: str


def read_rows(path: Path) -> list[Row]:
    """Return the rows of a sheet, below its header; empty ones are left out.

    Cells are texts: numbers as they stand, dates in ISO 8601, formulas as they were typed (none is computed).
    Columns are known by their names, in any order and however capitals, spaces and underscores stand in them.

    Raises
    ------
    InquestError
        One line: the file (and row), if it can't be read, is half-written or has no column of ids.
    """
    check_kind(path)
    if path.suffix.lower() == ".csv":
        grid = read_csv(path).records
    else:
        sheet = errors_sheet(path, open_xlsx(path))
        grid = [[text_of(value) for value in row] for row in sheet.iter_rows(values_only=True)]
    return list(rows_below(path, grid))


def check_kind(path: Path) -> None:
    """Refuse a spreadsheet that is neither CSV nor XLSX."""
    if path.suffix.lower() not in READ:
        raise InquestError(
            str(path),
            f"a sheet of type {path.suffix}, which isn't read",
            "save it as .xlsx or .csv (Save as), and remove this one",
        )


def rows_below(path: Path, grid: Sequence[Sequence[str]]) -> Iterator[Row]:
    """Yield the rows below the header of a grid of cells that starts in row 1."""
    head = header_row(grid)
    columns = find_columns(path, grid[head] if grid else [])
    for number, cells in enumerate(grid[head + 1 :], start=head + 2):
        if any(cell.strip() for cell in cells):
            yield Row(
                number,
                {name: cells[place].strip() if place < len(cells) else "" for name, place in columns.items()},
            )


def header_row(grid: Sequence[Sequence[str]]) -> int:
    """Return the place of the first row that isn't empty."""
    return next((place for place, cells in enumerate(grid) if any(cell.strip() for cell in cells)), 0)


def find_columns(path: Path, header: Sequence[str]) -> dict[str, int]:
    """Return the place of each of the sheet's columns that a header has, from 0."""
    names = [column_name(cell) for cell in header]
    if "id" not in names:
        raise InquestError(
            str(path),
            f"no column `id` among {listing(filter(None, header)) or 'no columns at all'}",
            "the first row must name the columns, as in the error sheet",
        )
    for name in ("id", *PERSON):
        if names.count(name) > 1:
            raise InquestError(str(path), f"{names.count(name)} columns `{name}`", "one is needed")
    for name in CATEGORIES:
        others = [other for other in names if other not in KNOWN]
        close = difflib.get_close_matches(name, others, n=1, cutoff=0.75)
        if name not in names and close:
            raise InquestError(str(path), f"a column `{close[0]}`", f"did you mean `{name}`?")
    return {name: names.index(name) for name in KNOWN if name in names}


def column_name(cell: str) -> str:
    """Return the name that a header cell stands for: "Error type" is `error_type`."""
    return re.sub(r"[\W_]+", "_", cell.strip().casefold()).strip("_")


def read_csv(path: Path) -> Csv:
    """Read a CSV file in UTF-8, UTF-16 or Windows-1252, separated by commas, semicolons or tabs.

    Raises
    ------
    InquestError
        One line: the file (and row), if it can't be read or a row is cut short or has too many cells.
    """
    text, encoding = _decoded(path)
    separator = max(SEPARATORS, key=lambda sign: _columns_named(text, sign))
    records: list[list[str]] = []
    try:
        for record in csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True):
            records.append(record)
    except csv.Error as error:
        raise InquestError(f"{path}, row {len(records) + 1}", f"broken CSV ({error})", _WHOLE) from None
    _check_widths(path, records, text)
    newline = next((sign for sign in ("\r\n", "\n") if sign in text), "\r" if "\r" in text else "\n")
    return Csv(records, encoding, separator, newline)


def _decoded(path: Path) -> tuple[str, str]:
    """Return the text of a file and its encoding."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from None
    encoding = next((name for mark, name in _MARKS.items() if content.startswith(mark)), None)
    if encoding is None and b"\0" in content[:2]:  # Latin letters in UTF-16 have one zero each
        encoding = "utf-16-le" if content[1:2] == b"\0" else "utf-16-be"
    for name in [encoding] if encoding else ["utf-8", "cp1252"]:
        try:
            text = content.decode(name)
        except UnicodeDecodeError as error:
            if name == "utf-8" and error.reason == "unexpected end of data":
                break  # cut in the middle of a letter
            continue
        if "\0" in text:
            break
        return text, name
    raise InquestError(str(path), "half-written, or in an unknown encoding", _WHOLE)


def _columns_named(text: str, separator: str) -> int:
    """Return how many of the sheet's columns the header has, if this sign separates them."""
    lines = (line for line in io.StringIO(text, newline="") if line.strip(f" {SEPARATORS}\r\n"))
    header = next(csv.reader(lines, delimiter=separator), [])
    return len({column_name(cell) for cell in header} & set(KNOWN))


def _check_widths(path: Path, records: list[list[str]], text: str) -> None:
    """Refuse rows that are cut short, or whose cells have no column."""
    head = header_row(records)
    header = records[head] if records else []
    names = [column_name(cell) for cell in header]
    least = max((names.index(name) + 1 for name in ALWAYS if name in names), default=0)
    for number, record in enumerate(records, start=1):
        filled = any(cell.strip() for cell in record) and number > head + 1
        cut = number == len(records) and len(record) < len(header) and not text.endswith(("\n", "\r"))
        if filled and (len(record) < least or cut):
            raise InquestError(
                f"{path}, row {number}", f"{len(record)} of {len(header)} cells: half-written?", _WHOLE
            )
        if filled and any(cell.strip() for cell in record[len(header) :]):
            raise InquestError(
                f"{path}, row {number}",
                f"{len(record)} cells under {len(header)} columns",
                "a cell that holds the separator must stand in double quotes",
            )


def open_xlsx(path: Path) -> Workbook:
    """Open a workbook; formulas stay what was typed.

    Raises
    ------
    InquestError
        One line, if it can't be read or isn't a whole workbook.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about what openpyxl doesn't know in a workbook
            return openpyxl.load_workbook(io.BytesIO(content), rich_text=True)
    except Exception as error:  # a broken zip or XML ends in any of a dozen types
        raise InquestError(
            str(path), f"not a whole Excel workbook ({type(error).__name__}: {error})", _WHOLE
        ) from None


def errors_sheet(path: Path, workbook: Workbook) -> Worksheet:
    """Return the sheet that holds the errors: the one named so, else the first that has a column of ids."""
    sheets = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"] or workbook.worksheets
    if not sheets:
        raise InquestError(str(path), "a workbook without a sheet of cells", _WHOLE)
    ranked = sorted(sheets, key=lambda sheet: sheet.title != SHEET)
    return next((sheet for sheet in ranked if "id" in map(column_name, header_cells(sheet))), ranked[0])


def header_cells(sheet: Worksheet) -> list[str]:
    """Return the first row of a sheet that isn't empty, as texts."""
    for row in sheet.iter_rows(values_only=True):
        cells = [text_of(value) for value in row]
        if any(cell.strip() for cell in cells):
            return cells
    return []


def unreadable(path: Path, error: OSError) -> InquestError:
    """Return the one line for a file that can't be opened."""
    said = os.strerror(error.errno) if error.errno else str(error)
    return InquestError(str(path), f"it can't be read ({said})", "a file that may be read is needed")


def text_of(value: Any) -> str:
    """Return what stands in a cell of a workbook as text.

    >>> text_of(None), text_of(3.0), text_of(True), text_of(datetime.datetime(2026, 3, 4)), text_of("=1+1")
    ('', '3', 'TRUE', '2026-03-04', '=1+1')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        value = value.date()
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    text = getattr(value, "text", value)  # of an array formula
    text = str(text).replace("_x000D_\n", "\n").replace("_x000D_", "\n").replace("\r\n", "\n")
    return text.replace(ESCAPED, "_")
