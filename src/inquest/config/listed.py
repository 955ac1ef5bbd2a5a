"""Row ids that stand in a CSV file: a selection that the explorer saved, or one made by hand."""

from __future__ import annotations

import csv
import os
from pathlib import Path

from inquest.errors import InquestError
from inquest.sections import shown

ALLOWED = "a CSV file with whole numbers in a column `row` is allowed, as the explorer saves it"


def listed_rows(path: str | Path, key: str) -> list[int]:
    """Return the row ids that a file lists, in its order.

    Parameters
    ----------
    path : path
        A CSV file in UTF-8 whose header names the column `row`; commas, semicolons and tabs separate it
        from others, which are not read. Empty lines don't count.
    key : str
        The config key that names it, for messages.

    Raises
    ------
    InquestError
        If the file can't be read, has no such column or no row, or if an id is no whole number or stands
        there twice.
    """
    where = f"config key `{key}`"
    try:
        lines = Path(os.path.expanduser(path)).read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        raise InquestError(where, f"{str(path)!r} can't be read ({reason})", ALLOWED) from None
    header = lines[0] if lines else ""
    separator = next((one for one in ";\t" if one in header), ",")
    rows = list(csv.reader(lines, delimiter=separator))
    names = [name.strip() for name in rows[0]] if rows else []
    if "row" not in names:
        raise InquestError(where, f"{str(path)!r} has no column `row` in its first line", ALLOWED)
    column, found = names.index("row"), {}
    for line, cells in enumerate(rows[1:], start=2):
        cell = cells[column].strip() if column < len(cells) else ""
        if not any(map(str.strip, cells)):
            continue
        if not (cell.isascii() and cell.isdigit() and len(cell) <= 15):
            raise InquestError(where, f"{str(path)!r}, line {line}: {shown(cell)} is no row id", ALLOWED)
        if int(cell) in found:
            at = f"lines {found[int(cell)]} and {line}"
            raise InquestError(
                where, f"{str(path)!r}, {at}: {cell} stands there twice", "each may be listed once"
            )
        found[int(cell)] = line
    if not found:
        raise InquestError(where, f"{str(path)!r} lists no row", ALLOWED)
    return list(found)
