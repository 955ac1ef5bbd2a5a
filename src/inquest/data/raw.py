"""Raw files as tables of text: read strictly, guess nothing, say where a file is at fault."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
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
SPELLABLE = (
    *(pa.types.is_null, pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal),
    *(pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_date),
    pa.types.is_timestamp,
)


def read_raw(
    path: Path, options: Mapping[str, Any], skip_rows: int = 0, name: str | None = None
) -> pd.DataFrame:
    """Read one raw file, each cell as text.

    Parameters
    ----------
    path : Path
        The file: Parquet, or text with a separator.
    options : mapping
        `separator`, `encoding`, `header`, `columns` and `drop` of the config's `data` section.
    skip_rows : int
        Lines of a text file before the header, or before the first row.
    name : str, optional
        What to call the file in an error message.

    Returns
    -------
    DataFrame of str, shape (n_rows, n_columns)
        The cells, without the white space around them. Numbers, dates and booleans of a Parquet file are
        spelled out; what is null or NaN there is NaN. A column without a name is called by its number,
        counted from 1.

    Raises
    ------
    InquestError
        For a file that is empty, ragged or undecodable, or whose columns are not unique.
    """
    name = name or str(path)
    with open(path, "rb") as file:
        parquet = file.read(4) == b"PAR1"
    if parquet:
        names, columns = _read_parquet(path, options, name)
    else:
        names, columns = _read_text(path, options, skip_rows, name)
    columns = [pc.utf8_trim_whitespace(cells).to_pandas() for cells in columns]
    table = pd.DataFrame(dict(enumerate(columns)), dtype=TEXT)
    table.columns = pd.Index(names, dtype=TEXT)
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise InquestError(name, f"the column name {twice[0]!r} stands there twice", "names must be unique")
    if table.empty:
        raise InquestError(name, "no rows", "a table with at least one row is allowed")
    return table


def _names(found: Sequence[str], options: Mapping[str, Any], name: str) -> list[str]:
    wanted = options["columns"]
    if wanted and len(wanted) != len(found):
        raise InquestError(
            "config key `data.columns`",
            f"{len(wanted)} names for the {len(found)} columns of {name}",
            "as many names as columns are allowed",
        )
    return list(wanted or (cell.strip() or f"column {i}" for i, cell in enumerate(found, 1)))


def _read_parquet(
    path: Path, options: Mapping[str, Any], name: str
) -> tuple[list[str], list[pa.ChunkedArray]]:
    try:
        with pq.ParquetFile(path) as file:
            table = file.read()
    except (OSError, ValueError, pa.ArrowException) as error:
        raise InquestError(name, f"not a readable Parquet file ({error})", "a whole file is needed") from None
    # pandas stores row labels that nobody named as a column of its own.
    table = table.select([i for i, n in enumerate(table.column_names) if not n.startswith("__index_level_")])
    names = _names(table.column_names, options, name)
    return names, [_spelled(*column, options, name) for column in zip(names, table.columns, strict=True)]


def _spelled(column: str, cells: pa.ChunkedArray, options: Mapping[str, Any], name: str) -> pa.ChunkedArray:
    if column in options["drop"]:
        cells = pa.chunked_array([pa.nulls(len(cells))])  # it may be of any type
    if pa.types.is_dictionary(cells.type):
        cells = cells.cast(cells.type.value_type)
    if not any(is_kind(cells.type) for is_kind in SPELLABLE):
        raise InquestError(
            f"{name}, column `{column}`",
            f"its cells are of the type {cells.type}",
            "texts, numbers, booleans and dates are allowed; convert the column, or list it in `data.drop`",
        )
    if pa.types.is_floating(cells.type):
        cells = pc.if_else(pc.is_nan(cells), None, cells)
    return cells.cast(pa.large_string())


def _read_text(
    path: Path, options: Mapping[str, Any], skip_rows: int, name: str
) -> tuple[list[str], list[pa.ChunkedArray]]:
    with open(path, "rb") as file:
        start = file.read(4)
    encoding = next((known for mark, known in MARKS.items() if start.startswith(mark)), options["encoding"])

    def lines() -> Iterator[str]:
        return islice(_lines(path, encoding, name), skip_rows, None)

    rows = _rows(lines(), options["separator"] or _find_separator(lines), skip_rows, name)
    _, first = next(rows, (0, None))
    if first is None:
        after = f" after the {skip_rows} lines that are skipped" if skip_rows else ""
        raise InquestError(name, f"the file is empty{after}", "a header and at least one row are needed")
    if options["header"]:
        names = _names(first, options, name)
    else:
        names = _names([""] * len(first), options, name)
        rows = chain([(0, first)], rows)
    columns: list[list[pa.Array]] = [[] for _ in names]
    while chunk := list(islice(rows, CHUNK)):
        for line, cells in chunk:
            if len(cells) != len(names):
                raise InquestError(
                    f"{name}, line {line}",
                    f"{len(cells)} cell{'s' * (len(cells) > 1)} where the "
                    f"{'header' if options['header'] else 'first row'} has {len(names)}",
                    "each row must have as many; quote a cell that holds the separator",
                )
        for pieces, column in zip(columns, zip(*(cells for _, cells in chunk), strict=True), strict=True):
            pieces.append(pa.array(column, pa.large_string()))
    return names, [pa.chunked_array(pieces, pa.large_string()) for pieces in columns]


def _lines(path: Path, encoding: str, name: str) -> Iterator[str]:
    """Yield the lines of a text file with their ends, which `csv` needs for line breaks inside quotes."""
    try:
        with open(path, encoding=encoding, newline="") as file:
            for number, line in enumerate(file, 1):
                if "\0" in line:
                    allowed = "only text is allowed; if it is UTF-16, say so in `data.encoding`"
                    raise InquestError(f"{name}, line {number}", "a NUL character", allowed)
                yield line
    except UnicodeDecodeError:
        raise _undecodable(path.read_bytes(), encoding, name) from None


def _undecodable(raw: bytes, encoding: str, name: str) -> InquestError:
    """Say where a file can't be decoded; the error of a stream knows the place in a piece of it only."""
    try:
        raw.decode(encoding)
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode(encoding, errors="ignore")
        line = len(re.findall(r"\r\n|\r|\n", before)) + 1
        found = f"the byte {error.object[error.start]:#04x} is no {encoding}"
    return InquestError(f"{name}, line {line}", found, "set `data.encoding`, such as latin-1")


def _reader(lines: Iterator[str], separator: str) -> Any:
    csv.field_size_limit(2**31 - 1)
    return csv.reader(lines, delimiter=separator, skipinitialspace=separator != " ", strict=True)


def _rows(lines: Iterator[str], separator: str, skipped: int, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with the line on which it starts."""
    reader = _reader(lines, separator)
    while True:
        line = reader.line_num + skipped + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            found = "a quote is opened and never closed" if "end of data" in str(error) else str(error)
            allowed = "quotes stand around a whole cell, and are doubled inside it"
            raise InquestError(f"{name}, the row that starts in line {line}", found, allowed) from None
        if cells is None:
            return
        if cells and not (len(cells) == 1 and not cells[0].strip()):
            yield line, cells


def _find_separator(lines: Callable[[], Iterator[str]]) -> str:
    """Return the separator that cuts the first rows best: between quotes, evenly, into many columns."""

    def merit(separator: str) -> tuple[bool, bool, int]:
        widths, sound = [], True
        try:
            for cells in islice(filter(None, _reader(lines(), separator)), 50):
                widths.append(len(cells))
        except csv.Error:
            sound = False
        return sound, len(set(widths)) == 1 and widths[0] > 1, widths[0] if widths else 0

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
