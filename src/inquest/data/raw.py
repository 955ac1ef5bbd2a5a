"""Raw files as tables of text: read strictly, guess nothing, say where a file is at fault."""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from inquest.errors import InquestError, listing

SEPARATORS = (",", ";", "\t", "|")
# What a file says of itself in its first bytes outweighs the config.
MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
TEXT = pd.StringDtype(na_value=np.nan)
CHUNK = 50_000  # rows that are held as Python objects at a time
JSON_LINES = (".jsonl", ".ndjson", ".json")
NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")  # JSON's escapes can spell it, but a text may not hold it
SPELLABLE = (
    *(pa.types.is_null, pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
    *(pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_date),
    pa.types.is_timestamp,
)


def read_raw(
    path: Path,
    options: Mapping[str, Any],
    skip_rows: int = 0,
    name: str | None = None,
    section: str = "data",
    used: Collection[str] | None = None,
) -> pd.DataFrame:
    """Read one raw file, each cell as text.

    Parameters
    ----------
    path : Path
        The file: Parquet, JSON Lines (known by its content, or by ``name``'s ending), or text with a
        separator.
    options : mapping
        `separator`, `encoding`, `quotes` (if there; else true), `header`, `columns` and `drop` (if there) of
        the config's section.
    skip_rows : int
        Lines of a text file before the header, or before the first row.
    name : str, optional
        What to call the file in an error message.
    section : str
        The config's section, for error messages.
    used : collection of str, optional
        The columns that are read; the others, of any type, come without their values. All, if not given.

    Returns
    -------
    DataFrame of str, shape (n_rows, n_columns)
        The cells, without the white space around them. Numbers, dates and booleans of a Parquet file are
        spelled out, those of JSON are as they stand there; what is null or NaN there is NaN. A column without
        a name is called by its number, counted from 1.

    Raises
    ------
    InquestError
        For a file that is empty, ragged or undecodable, or whose columns are not unique.
    """
    file = _File(path, options, skip_rows, name or str(path), section, used)
    if file.starts_with(b"PAR1"):
        names, columns = _read_parquet(file)
    elif _is_json_lines(file):
        names, columns = _read_json_lines(file)
    else:
        names, columns = _read_text(file)
    columns = [pc.utf8_trim_whitespace(cells).to_pandas() for cells in columns]
    table = pd.DataFrame(dict(enumerate(columns)), dtype=TEXT)
    table.columns = pd.Index(names, dtype=TEXT)
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise InquestError(
            file.name, f"the column name {twice[0]!r} stands there twice", "names must be unique"
        )
    if table.empty:
        raise InquestError(file.name, "no rows", "a table with at least one row is allowed")
    return table


@dataclass(frozen=True)
class _File:
    """A raw file and what the config says of it."""

    path: Path
    options: Mapping[str, Any]
    skip_rows: int
    name: str
    section: str
    used: Collection[str] | None

    def starts_with(self, mark: bytes) -> bool:
        with open(self.path, "rb") as file:
            return file.read(len(mark)) == mark

    def reads(self, column: str) -> bool:
        return column not in self.options.get("drop", ()) and (self.used is None or column in self.used)

    @property
    def encoding(self) -> str:
        return next(
            (known for mark, known in MARKS.items() if self.starts_with(mark)), self.options["encoding"]
        )

    @property
    def reading(self) -> dict[str, Any]:
        """How `csv` is to read a row, besides the separator."""
        return {
            "strict": True,
            "quoting": csv.QUOTE_MINIMAL if self.options.get("quotes", True) else csv.QUOTE_NONE,
        }

    def lines(self) -> Iterator[str]:
        """Yield the lines with their ends, which `csv` needs for line breaks inside quotes."""
        return islice(self._lines(), self.skip_rows, None)

    def _lines(self) -> Iterator[str]:
        encoding = self.encoding
        try:
            with open(self.path, encoding=encoding, newline="") as file:
                for number, line in enumerate(file, 1):
                    if "\0" in line:
                        allowed = (
                            f"only text is allowed; if it is UTF-16, say so in `{self.section}.encoding`"
                        )
                        raise InquestError(f"{self.name}, line {number}", "a NUL character", allowed)
                    yield line
        except UnicodeDecodeError:
            raise self._undecodable(self.path.read_bytes(), encoding) from None

    def _undecodable(self, raw: bytes, encoding: str) -> InquestError:
        """Say where it can't be decoded; the error of a stream knows the place in a piece of it only."""
        try:
            raw.decode(encoding)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(encoding, errors="ignore")
            line = len(re.findall(r"\r\n|\r|\n", before)) + 1
            found = f"the byte {error.object[error.start]:#04x} is no {encoding}"
        return InquestError(
            f"{self.name}, line {line}", found, f"set `{self.section}.encoding`, such as latin-1"
        )

    def empty(self) -> InquestError:
        after = f" after the {self.skip_rows} lines that are skipped" if self.skip_rows else ""
        return InquestError(
            self.name, f"the file is empty{after}", "a header and at least one row are needed"
        )


def _names(found: Sequence[str], file: _File) -> list[str]:
    wanted = file.options["columns"]
    if wanted and len(wanted) != len(found):
        raise InquestError(
            f"config key `{file.section}.columns`",
            f"{len(wanted)} names for the {len(found)} columns of {file.name}",
            "as many names as columns are allowed",
        )
    return list(wanted or (cell.strip() or f"column {i}" for i, cell in enumerate(found, 1)))


# Parquet


def _read_parquet(file: _File) -> tuple[list[str], list[pa.ChunkedArray]]:
    try:
        with pq.ParquetFile(file.path) as parquet:
            table = parquet.read()
    except (OSError, ValueError, pa.ArrowException) as error:
        raise InquestError(
            file.name, f"not a readable Parquet file ({error})", "a whole file is needed"
        ) from None
    # pandas stores row labels that nobody named as a column of its own.
    table = table.select([i for i, n in enumerate(table.column_names) if not n.startswith("__index_level_")])
    names = _names(table.column_names, file)
    return names, [_spelled(*column, file) for column in zip(names, table.columns, strict=True)]


def _spelled(column: str, cells: pa.ChunkedArray, file: _File) -> pa.ChunkedArray:
    if not file.reads(column):
        cells = pa.chunked_array([pa.nulls(len(cells))])  # it may be of any type
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    if not any(is_kind(cells.type) for is_kind in SPELLABLE):
        raise _no_cells(column, f"are of the type {cells.type}", file.name, file.section)
    if pa.types.is_floating(cells.type):
        cells = pc.if_else(pc.is_nan(cells), None, cells)
    return cells.cast(pa.large_string())


def _no_cells(column: str, found: str, where: str, section: str) -> InquestError:
    drop = f", or list it in `{section}.drop`" if section == "data" else ""
    allowed = f"texts, numbers, booleans and dates are allowed; convert the column{drop}"
    return InquestError(f"{where}, column `{column}`", f"its cells {found}", allowed)


# JSON Lines


def _is_json_lines(file: _File) -> bool:
    """Whether the name says so, or the first line with anything in it is a JSON object."""
    if file.name.lower().removesuffix(".gz").endswith(JSON_LINES):
        return True
    first = next((line for line in file.lines() if line.strip()), "")
    try:
        return first.lstrip().startswith("{") and isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        return False


def _read_json_lines(file: _File) -> tuple[list[str], list[pa.ChunkedArray]]:
    """Read an object a line: what one lacks is null; columns are in the order in which they first appear."""
    renamed = file.options["columns"] or []
    columns: dict[str, list[pa.Array]] = {}
    rows, objects = 0, _objects(file)
    while chunk := list(islice(objects, CHUNK)):
        for key in dict.fromkeys(key for _, cells in chunk for key in cells):
            if key not in columns:
                line = next(line for line, cells in chunk if key in cells)
                _check_text(key, key, line, file)
                columns[key] = [pa.nulls(rows, pa.large_string())]
        for i, (key, pieces) in enumerate(columns.items()):
            name, cells = renamed[i] if i < len(renamed) else key, [None] * len(chunk)
            if file.reads(name):
                cells = [_json_cell(row.get(key), name, line, file) for line, row in chunk]
            pieces.append(pa.array(cells, pa.large_string()))
        rows += len(chunk)
    if not rows:
        raise file.empty()
    return _names(list(columns), file), [
        pa.chunked_array(pieces, pa.large_string()) for pieces in columns.values()
    ]


def _objects(file: _File) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield the objects, each with its line; numbers stay as they are written."""
    for number, line in enumerate(file.lines(), file.skip_rows + 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line, parse_int=str, parse_float=str, parse_constant=lambda name: None)
            found = "no JSON object"
        except (ValueError, RecursionError) as error:
            row, found = None, f"no JSON ({getattr(error, 'msg', 'nested too deeply')})"
        if not isinstance(row, dict):
            allowed = 'one object a line is needed, such as {"text": "…", "label": "…"}'
            raise InquestError(f"{file.name}, line {number}", found, allowed)
        yield number, row


def _json_cell(value: Any, column: str, line: int, file: _File) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        kind = "list" if isinstance(value, list) else "object"
        raise _no_cells(column, f"hold a JSON {kind}", f"{file.name}, line {line}", file.section)
    if value is not None:
        _check_text(value, column, line, file)
    return value


def _check_text(text: str, column: str, line: int, file: _File) -> None:
    """Refuse what JSON's escapes can spell and a text can't hold: NUL, and one half of a surrogate pair."""
    odd = NO_TEXT.search(text)
    if odd:
        found, allowed = "a NUL character (\\u0000)", "only text is allowed"
        if odd[0] != "\0":
            found = f"\\u{ord(odd[0]):04x} without its other half"
            allowed = "both halves of the pair, or the character itself, are needed"
        raise InquestError(f"{file.name}, line {line}, column `{column}`", found, allowed)


# Text with a separator


def _read_text(file: _File) -> tuple[list[str], list[pa.ChunkedArray]]:
    rows = _rows(file, file.options["separator"] or _find_separator(file))
    _, first = next(rows, (0, None))
    if first is None:
        raise file.empty()
    header = file.options["header"]
    names = _names(first if header else [""] * len(first), file)
    if not header:
        rows = chain([(0, first)], rows)
    columns: list[list[pa.Array]] = [[] for _ in names]
    while chunk := list(islice(rows, CHUNK)):
        for line, cells in chunk:
            if len(cells) != len(names):
                raise InquestError(
                    f"{file.name}, line {line}",
                    f"{len(cells)} cell{'s' * (len(cells) > 1)} where the "
                    f"{'header' if header else 'first row'} has {len(names)}",
                    "each row must have as many; quote a cell that holds the separator",
                )
        for name, pieces, column in zip(
            names, columns, zip(*(c for _, c in chunk), strict=True), strict=True
        ):
            column = column if file.reads(name) or file.used is None else [None] * len(chunk)
            pieces.append(pa.array(column, pa.large_string()))
    return names, [pa.chunked_array(pieces, pa.large_string()) for pieces in columns]


def _reader(file: _File, separator: str) -> Any:
    csv.field_size_limit(2**31 - 1)
    return csv.reader(file.lines(), delimiter=separator, skipinitialspace=separator != " ", **file.reading)


def _rows(file: _File, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with the line on which it starts."""
    reader = _reader(file, separator)
    while True:
        line = reader.line_num + file.skip_rows + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            found = "a quote is opened and never closed" if "end of data" in str(error) else str(error)
            allowed = "quotes stand around a whole cell, and are doubled inside it"
            if "quotes" in file.options:
                allowed += f"; `{file.section}.quotes: false` takes them as they stand"
            raise InquestError(f"{file.name}, the row that starts in line {line}", found, allowed) from None
        if cells is None:
            return
        if cells and not (len(cells) == 1 and not cells[0].strip()):
            yield line, cells


def _find_separator(file: _File) -> str:
    """Return the separator that cuts the first rows best: between quotes, evenly, into many columns."""

    def merit(separator: str) -> tuple[bool, bool, int]:
        widths, sound = [], True
        try:
            for cells in islice(filter(None, _reader(file, separator)), 50):
                widths.append(len(cells))
        except csv.Error:
            sound = False
        several = bool(widths) and widths[0] > 1  # in one column nothing was cut that could break
        return sound and several, len(set(widths)) == 1 and several, widths[0] if widths else 0

    return max(SEPARATORS, key=merit)


def stack(tables: Sequence[pd.DataFrame], names: Sequence[str]) -> pd.DataFrame:
    """Put raw tables one below the other; they must have the same columns, in any order."""
    for table, name in zip(tables, names, strict=True):
        if set(table.columns) != set(tables[0].columns):
            odd = sorted(set(table.columns) ^ set(tables[0].columns))
            raise InquestError(
                name, f"its columns differ from {names[0]}'s ({listing(odd)})", "they must be the same"
            )
    return pd.concat(tables, ignore_index=True)
