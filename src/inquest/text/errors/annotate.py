"""Bring the error sheet to where people annotate it, and up to date there: ``make annotate``.

Nothing that a person wrote is changed: a file is written beside the old one, and takes its name when whole.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
import zipfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from inquest.artefacts import atomic, read_table
from inquest.errors import InquestError
from inquest.sections import read_yaml
from inquest.text.errors import spreadsheet as files
from inquest.text.errors.annotations import PAST
from inquest.text.errors.cells import (
    check_kind,
    errors_sheet,
    find_columns,
    header_row,
    open_xlsx,
    read_csv,
    rows_below,
    text_of,
    unreadable,
)
from inquest.text.errors.copies import find_files
from inquest.text.errors.sheet import CURRENT, MACHINE
from inquest.text.errors.taxonomy import CATEGORIES, Taxonomy, read_taxonomy

REFRESHED = tuple(name for name in MACHINE if name not in ("id", "status"))
# Parts of a workbook that openpyxl doesn't write as it read them.
LOST = ("xl/charts/", "xl/media/", "xl/threadedComments/", "xl/pivotTables/", "xl/embeddings/", "xl/slicers/")


class Changes(NamedTuple):
    """What a file needs: which errors it lacks, and the rows whose status turns, by their number."""

    missing: pd.DataFrame
    status: dict[int, str]
    rows: dict[int, Mapping[str, Any]]
    """The current row of the sheet for each row of the file that is an error now."""

    def told(self) -> str:
        past = sum(status == PAST for status in self.status.values())
        back = len(self.status) - past
        told = [f"{len(self.missing)} added"] if len(self.missing) else []
        told += [f"{past} marked past (no errors any more)"] if past else []
        told += [f"{back} marked current (errors again)"] if back else []
        return ", ".join(told)


def annotate(
    sheet: pd.DataFrame,
    folder: str | Path,
    taxonomy: Taxonomy,
    form: str = "xlsx",
    known: Collection[str] = (),
) -> list[str]:
    """Copy the sheet to a folder, or bring the copies that are there up to date.

    A new error becomes a row at the end; a row whose error has gone stays and is marked past in its status;
    the machine's cells of current rows are brought up to date, and so are the drop-downs. All other cells,
    the order of the columns, further columns and sheets, separators and the encoding stay as they are. A
    file that needs nothing isn't touched.

    Parameters
    ----------
    sheet : DataFrame
        The current errors, as `make_sheet` returns them.
    folder : path
        `annotations/<study>`.
    taxonomy : Taxonomy
        What the drop-downs offer.
    form : str
        `xlsx` or `csv`, for the first copy.
    known : collection of str
        The ids of all test texts: a copy that has one of them, if no error's, is of this data set.

    Returns
    -------
    list of str
        A line about each file.

    Raises
    ------
    InquestError
        One line, and no file is changed: one is open in a program, half-written, can't be read or written, or
        is of another data set.
    """
    paths = [path.resolve() for path in find_files(folder)]  # a link stays one
    if not paths:
        return [_first(sheet, Path(folder) / f"errors.{form}", taxonomy)]
    for path in paths:
        _check_closed(path)
    planned = [(path, *_plan(path, sheet, taxonomy, known)) for path in paths]
    return [_carried_out(path, content, new, told) for path, content, new, told in planned]


def _first(sheet: pd.DataFrame, path: Path, taxonomy: Taxonomy) -> str:
    _check_closed(path)
    try:
        if path.suffix == ".csv":
            files.write_csv(path, sheet)
        else:
            files.write_xlsx(path, sheet, taxonomy)
    except OSError as error:
        raise _unwritable(path, error) from None
    return f"{path}: {len(sheet)} errors to annotate"


def _check_closed(path: Path) -> None:
    """Refuse a file that LibreOffice or Excel has open: it would write over what is written now."""
    for lock in (path.with_name(f".~lock.{path.name}#"), path.with_name(f"~${path.name}")):
        if lock.exists():
            raise InquestError(
                str(path),
                f"it is open in a spreadsheet program ({lock.name} is there)",
                "save and close it first; if no program has it open, delete that file",
            )


def _plan(
    path: Path, sheet: pd.DataFrame, taxonomy: Taxonomy, known: Collection[str]
) -> tuple[bytes, bytes | None, str]:
    """Return a file's content, what it should become (None: as it is), and a few words about that."""
    check_kind(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from None
    update = _updated_csv if path.suffix.lower() == ".csv" else _updated_xlsx
    new, told = update(path, sheet, taxonomy, known)
    return content, new, told


def _carried_out(path: Path, content: bytes, new: bytes | None, told: str) -> str:
    if new is None:
        return f"{path}: up to date"
    _check_closed(path)
    try:
        if path.read_bytes() != content:
            raise InquestError(str(path), "it changed while it was read", "close it and try again")
        with atomic(path) as part:
            part.write_bytes(new)
    except OSError as error:
        raise _unwritable(path, error) from None
    return f"{path}: {told}"


def _unwritable(path: Path, error: OSError) -> InquestError:
    bad = unreadable(path, error)
    return InquestError(
        bad.where, bad.found.replace("read", "written"), "a folder that may be written is needed"
    )


def _changes(path: Path, grid: list[list[str]], sheet: pd.DataFrame, known: Collection[str]) -> Changes:
    """Compare a file's rows with the current errors."""
    current = {row["id"]: row for row in sheet.to_dict("records")}
    found = [(row.number, row.cells["id"].lower(), row.cells) for row in rows_below(path, grid)]
    ids = {one for _, one, _ in found if one}
    live = {one for _, one, cells in found if one and cells.get("status", "").casefold() != PAST}
    if live and current and ids.isdisjoint(current) and ids.isdisjoint(known):
        raise InquestError(
            str(path),
            f"none of its {len(live)} current ids is of a test text of this study",
            "it is of another data set: move it to where it belongs, and run again",
        )
    status = {}
    for number, one, cells in found:
        right = CURRENT if one in current else PAST
        if one and "status" in cells and cells["status"].casefold() != right:
            status[number] = right
    rows = {number: current[one] for number, one, _ in found if one in current}
    return Changes(sheet[~sheet["id"].isin(ids)], status, rows)


def _updated_csv(
    path: Path, sheet: pd.DataFrame, taxonomy: Taxonomy, known: Collection[str]
) -> tuple[bytes | None, str]:
    """Return what a CSV file should become, or None, and a few words."""
    records, encoding, separator, newline = read_csv(path)
    changes = _changes(path, records, sheet, known)
    head = header_row(records)
    columns = find_columns(path, records[head])
    refreshed = 0
    for number, row in changes.rows.items():
        cells = _csv_row(row, columns, len(records[head]))
        refreshed += _refresh_csv(records[number - 1], cells, columns)
    for number, status in changes.status.items():
        records[number - 1][columns["status"]] = status
    width = len(records[head])
    records += [_csv_row(row, columns, width) for row in changes.missing.to_dict("records")]
    told = _told(changes, refreshed)
    if not told:
        return None, ""
    text = files.csv_text(records, separator, newline)
    try:
        return _encoded(text, encoding), told
    except UnicodeEncodeError:
        return text.encode("utf-8-sig"), f"{told}; now in UTF-8, as {encoding} lacks some of its letters"


def _encoded(text: str, encoding: str) -> bytes:
    if encoding == "utf-16":  # with its mark, the order that Excel writes
        return b"\xff\xfe" + text.encode("utf-16-le")
    return text.encode(encoding)


def _csv_row(row: Mapping[str, Any], columns: Mapping[str, int], width: int) -> list[str]:
    cells = [""] * width
    for name, place in columns.items():
        (cells[place],) = files.csv_cells(pd.Series([row.get(name)], dtype=object), name in MACHINE)
    return cells


def _refresh_csv(record: list[str], cells: list[str], columns: Mapping[str, int]) -> bool:
    """Bring the machine's cells of a record up to date; return whether one was not."""
    record += [""] * (len(cells) - len(record))
    old = list(record)
    for name, place in columns.items():
        if name in REFRESHED and not _same(record[place], cells[place]):
            record[place] = cells[place]
    return record != old


def _same(old: Any, new: Any) -> bool:
    """Return whether two cells hold the same but for the last digits, which programs drop."""
    if text_of(old) == text_of(new):
        return True
    try:
        return math.isclose(float(old), float(new), rel_tol=1e-9, abs_tol=1e-12)
    except (TypeError, ValueError):
        return False


def _told(changes: Changes, refreshed: int, words: bool = False) -> str:
    told = [changes.told()] if changes.told() else []
    told += [f"{refreshed} brought up to date"] if refreshed else []
    told += ["the drop-downs renewed"] if words else []
    return ", ".join(told)


def _updated_xlsx(
    path: Path, sheet: pd.DataFrame, taxonomy: Taxonomy, known: Collection[str]
) -> tuple[bytes | None, str]:
    """Return what a workbook should become, or None, and a few words."""
    workbook = open_xlsx(path)
    own = errors_sheet(path, workbook)
    grid = [[text_of(value) for value in row] for row in own.iter_rows(values_only=True)]
    changes = _changes(path, grid, sheet, known)
    columns = {name: place + 1 for name, place in find_columns(path, grid[header_row(grid)]).items()}
    first = header_row(grid) + 2
    filled = max(number for number, cells in enumerate(grid, start=1) if any(cells))
    last = filled + len(changes.missing)
    _check_apart(path, own, first)
    refreshed = sum(_refresh_xlsx(own, number, columns, row) for number, row in changes.rows.items())
    stale = not _offers(workbook, own, columns, taxonomy, first, last)
    told = _told(changes, refreshed, stale and changes.missing.empty)
    if not told:
        return None, ""
    _check_kept(path)
    for number, status in changes.status.items():
        own.cell(number, columns["status"]).value = status
    for number, row in enumerate(changes.missing.to_dict("records"), start=filled + 1):
        files.fill_row(own, number, columns, row)
    if own.auto_filter.ref and last > filled:
        left, top, right, _ = range_boundaries(own.auto_filter.ref)
        own.auto_filter.ref = f"{get_column_letter(left)}{top}:{get_column_letter(right)}{last}"
    if stale:
        _renew_drop_downs(workbook, own, columns, taxonomy, first, last)
    return files.workbook_bytes(workbook), told


def _check_kept(path: Path) -> None:
    """Refuse a workbook of which a part would be lost."""
    with zipfile.ZipFile(path) as content:
        lost = [Path(name).parent.name for name in content.namelist() if name.startswith(LOST)]
        drawn = [name for name in content.namelist() if re.match(r"xl/drawings/drawing\d+\.xml", name)]
        lost += ["shapes" for name in drawn if re.search(rb"<xdr:(sp|cxnSp|grpSp)[ >]", content.read(name))]
    if lost:
        raise InquestError(
            str(path),
            f"it holds {lost[0]}, which would be lost when it is brought up to date",
            "cells alone, with comments and formats, are allowed: move them to a workbook of their own",
        )


def _check_apart(path: Path, own: Worksheet, first: int) -> None:
    """Refuse merged cells below the header: what is written into them is lost."""
    merged = next((cells.coord for cells in own.merged_cells.ranges if cells.max_row >= first), None)
    if merged:
        raise InquestError(f"{path}, cells {merged}", "they are merged", "each error needs cells of its own")


def _refresh_xlsx(own: Worksheet, number: int, columns: Mapping[str, int], row: Mapping[str, Any]) -> bool:
    """Bring the machine's cells of a row up to date; return whether one was not."""
    stale = False
    for name, place in columns.items():
        cell = own.cell(number, place)
        if name in REFRESHED and not _same(cell.value, files.stored(row.get(name))):
            files.set_cell(cell, row.get(name))
            stale = True
    return stale


def _offers(
    workbook: Workbook,
    own: Worksheet,
    columns: Mapping[str, int],
    taxonomy: Taxonomy,
    first: int,
    last: int,
) -> bool:
    """Return whether each row has drop-downs with the taxonomy's names, and the definitions are there."""
    words = _words_sheet(workbook)
    if words is None or _shown(words)[1:] != [list(row) for row in files.word_rows(taxonomy)]:
        return False
    covered = {
        rule.formula1: {str(cells) for cells in rule.sqref.ranges}
        for rule in own.data_validations.dataValidation
        if rule.type == "list"
    }
    for name in CATEGORIES:
        letter = get_column_letter(columns.get(name, 1))
        cells = f"{letter}{first}" + (f":{letter}{last}" if last > first else "")
        if name in columns and cells not in covered.get(files.list_name(name), ()):
            return False
    return True


def _words_sheet(workbook: Workbook) -> Worksheet | None:
    """Return the sheet that the drop-downs take their names from."""
    name = workbook.defined_names.get(files.list_name(next(iter(CATEGORIES))))
    titles = [title for title, _ in name.destinations] if name is not None else []
    return workbook[titles[0]] if titles and titles[0] in workbook.sheetnames else None


def _shown(words: Worksheet) -> list[list[str]]:
    return [[text_of(value) for value in row] for row in words.iter_rows(values_only=True)]


def _renew_drop_downs(
    workbook: Workbook,
    own: Worksheet,
    columns: Mapping[str, int],
    taxonomy: Taxonomy,
    first: int,
    last: int,
) -> None:
    """Offer the taxonomy of today in each row; a sheet of words into which someone wrote stays beside it."""
    words, place = _words_sheet(workbook), None
    if words is not None and files.digest(_shown(words)) == files.recorded_digest(workbook):
        place = workbook.index(words)
        workbook.remove(words)
    files.add_words(workbook, taxonomy, place)
    mine = {get_column_letter(columns[name]) for name in CATEGORIES if name in columns}
    for rule in list(own.data_validations.dataValidation):
        for cells in list(rule.sqref.ranges):
            if {get_column_letter(cells.min_col), get_column_letter(cells.max_col)} <= mine:
                rule.sqref.remove(cells.coord)
        if not rule.sqref.ranges:
            own.data_validations.dataValidation.remove(rule)
    files.add_drop_downs(own, columns, taxonomy, first, last)


def study_of(config: str | Path) -> tuple[str, Path]:
    """Return the study's name in a config file, and where its taxonomy is."""
    path = Path(config)
    content = read_yaml(path, "a study's config file is needed")
    content = content if isinstance(content, Mapping) else {}
    study, errors = content.get("study"), content.get("errors")
    if not isinstance(study, str):
        raise InquestError(f"{path}, key `study`", f"found {study!r}", "the study's name is needed")
    named = errors.get("taxonomy") if isinstance(errors, Mapping) else None
    return study, Path(named or "annotations/taxonomy.yaml").expanduser()


def read_sheet(path: str | Path) -> pd.DataFrame:
    """Read the sheet that the workflow made, from its table or its workbook."""
    path = Path(path)
    if not path.exists():
        raise InquestError(str(path), "there is no such file", "run the workflow first: make annotate does")
    if path.suffix == ".parquet":
        return read_table(path)
    table = pd.read_excel(path, sheet_name=files.SHEET, keep_default_na=False, na_values=[""])
    return table.map(lambda value: value.replace(files.ESCAPED, "_") if isinstance(value, str) else value)


def known_ids(path: str | Path) -> set[str]:
    """Return the ids of all test texts, which stand beside the sheet that the workflow made."""
    texts = Path(path).parent.parent / "text" / "texts.parquet"
    return set(read_table(texts).query("part == 'test'")["id"]) if texts.exists() else set()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(prog="annotate", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--config", default="config.yaml", help="the study's config file, for what isn't given"
    )
    parser.add_argument("--sheet", help="default: results/<study>/errors/sheet.parquet; or a workbook")
    parser.add_argument("--folder", help="default: annotations/<study>")
    parser.add_argument("--taxonomy", help="default: the config's errors.taxonomy")
    parser.add_argument("--format", choices=["xlsx", "csv"], default="xlsx", help="of the first copy")
    given = parser.parse_args(arguments)
    try:
        study, words = study_of(given.config)
        path = given.sheet or Path("results", study, "errors", "sheet.parquet")
        sheet, taxonomy = read_sheet(path), read_taxonomy(given.taxonomy or words)
        folder = given.folder or Path("annotations", study)
        for line in annotate(sheet, folder, taxonomy, given.format, known_ids(path)):
            print(line)
    except InquestError as error:
        print(f"inquest: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
