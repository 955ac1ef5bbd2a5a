"""Tables: from a data frame to HTML, with aligned numbers, units in the head, a dash for what is missing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
from markupsafe import Markup, escape

from inquest.errors import InquestError, listing, nearest
from inquest.report import text

Format = Literal["text", "code", "id", "int", "float", "signed", "percent", "seconds", "interval"]

_FORMATS: dict[str, Callable[[Any, int], Any]] = {
    "text": lambda value, digits: text.as_text(value),
    "code": lambda value, digits: _code(value),
    "id": lambda value, digits: text.as_text(str(value)),
    "int": lambda value, digits: text.count(value),
    "float": text.number,
    "signed": text.signed,
    "percent": lambda value, digits: text.percent(value, digits).removesuffix("%"),
    "seconds": lambda value, digits: text.seconds(value),
    "interval": lambda value, digits: value,
}
_DIGITS = {"percent": 1}


def _code(value: Any) -> Markup:
    """Return code, on one line if it is no longer than a table can bear."""
    kept = ' class="keep"' if len(str(value)) <= 48 else ""
    return Markup("<code{}>{}</code>").format(Markup(kept), value)


@dataclass(frozen=True)
class Column:
    """A column of a table as it is printed.

    Parameters
    ----------
    key : str
        The data frame's column.
    header : str, optional
        What stands in the head; the key with spaces for underscores, if not given.
    unit : str
        Stands in parentheses behind the header. A percentage has ``%`` by itself.
    format : str
        ``text``, ``code``, ``id`` (a number that is a name, without commas), ``int``, ``float``, ``signed``,
        ``percent`` (of a share), ``seconds`` or ``interval`` (which needs `low` and `high` only).
    digits : int, optional
        Decimals of float, signed and interval (3) and percent (1): the same in every row, so that they align.
    low, high : str, optional
        The data frame's columns with the bounds of an interval, printed behind the number.
    power : int
        Numbers are printed in units of ten to this power, and the head says so; an interval's bounds, too.
    align : str, optional
        ``left``, ``right`` or ``center``; text is left and numbers are right, if not given.
    """

    key: str = ""
    header: str | None = None
    unit: str = ""
    format: Format = "text"
    digits: int | None = None
    low: str | None = None
    high: str | None = None
    power: int = 0
    align: Literal["left", "right", "center"] | None = None

    def __post_init__(self):
        if self.format not in _FORMATS:
            raise InquestError(
                f"table column `{self.key}`",
                f"unknown format {self.format!r}{nearest(self.format, _FORMATS)}",
                f"allowed: {listing(_FORMATS)}",
            )

    @property
    def keys(self) -> list[str]:
        """The data frame's columns that it reads."""
        keys = [] if self.format == "interval" else [self.key]
        return keys + [key for key in (self.low, self.high) if key]

    @property
    def alignment(self) -> str:
        return self.align or ("left" if self.format in ("text", "code") else "right")

    @property
    def head(self) -> Markup:
        unit = self.unit or ("%" if self.format == "percent" else "")
        if self.power:
            unit = f"×10{text.superscript(self.power)}{f' {unit}' if unit else ''}"
        name = self.key.replace("_", " ") if self.header is None else self.header
        return Markup('{} <span class="unit">({})</span>').format(name, unit) if unit else escape(name)

    def cell(self, row: Mapping[str, Any]) -> Markup:
        """Return what stands in the column in a row of the data frame."""
        digits = _DIGITS.get(self.format, 3) if self.digits is None else self.digits
        if self.power:
            row = {key: text.in_units(row[key], self.power) for key in self.keys}
        if self.format == "interval":
            return escape(text.interval((row[self.low], row[self.high]), digits))
        value = row[self.key]
        if self.format in ("text", "code", "id") and text.is_missing(value):
            return Markup(text.DASH)
        shown = escape(_FORMATS[self.format](value, digits))
        if not self.low or not self.high or text.is_missing(row[self.low]):
            return shown
        low, high = (_FORMATS[self.format](row[key], digits) for key in (self.low, self.high))
        return Markup('{} <span class="bounds">[{}, {}]</span>').format(shown, low, high)


def columns_of(
    frame: pd.DataFrame, columns: Sequence[Column | Mapping[str, Any] | str] | None
) -> list[Column]:
    """Return the columns as `Column`; none given means every one of the frame, formatted by its type.

    Raises
    ------
    InquestError
        If a column has an unknown option, or is not in the frame.
    """
    if columns is None:
        columns = [Column(str(name), format=_natural(frame[name])) for name in frame.columns]
    result = []
    allowed = [field.name for field in dataclasses.fields(Column)]
    for column in columns:
        if isinstance(column, str):
            column = Column(column, format=_natural(frame[column]) if column in frame else "text")
        elif isinstance(column, Mapping):
            for option in column:
                if option not in allowed:
                    raise InquestError(
                        f"table column `{column.get('key', '')}`",
                        f"unknown option {option!r}{nearest(option, allowed)}",
                        f"allowed: {listing(allowed)}",
                    )
            column = Column(**column)
        for key in column.keys:
            if key not in frame.columns:
                raise InquestError(
                    "a table of the report",
                    f"it has no column {key!r}{nearest(key, frame.columns)}",
                    f"allowed: {listing(frame.columns)}",
                )
        result.append(column)
    return result


def _natural(series: pd.Series) -> Format:
    if pd.api.types.is_bool_dtype(series):
        return "text"
    if pd.api.types.is_integer_dtype(series):
        return "int"
    return "float" if pd.api.types.is_float_dtype(series) else "text"


def table_html(frame: pd.DataFrame, columns: Sequence[Column], caption: Markup) -> Markup:
    """Return the table: caption, a head that is repeated on each page, rows."""
    head = Markup("").join(
        Markup('<th scope="col" class="{}">{}</th>').format(column.alignment, column.head)
        if column.head.strip()
        else Markup("<td></td>")  # a heading without words would be read out as one
        for column in columns
    )
    rows = Markup("\n").join(
        Markup("<tr>{}</tr>").format(
            Markup("").join(
                Markup('<td class="{}">{}</td>').format(column.alignment, column.cell(row))
                for column in columns
            )
        )
        for row in frame.to_dict("records")
    )
    if not len(frame):
        rows = Markup('<tr><td colspan="{}" class="left">none</td></tr>').format(len(columns))
    return Markup(
        "<table>\n<caption>{}</caption>\n<thead><tr>{}</tr></thead>\n<tbody>\n{}\n</tbody>\n</table>"
    ).format(caption, head, rows)
