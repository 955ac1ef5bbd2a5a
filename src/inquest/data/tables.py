"""From raw files to a clean table: read strictly, decide explicitly, write every decision down."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from inquest.errors import InquestError, listing, nearest

SEPARATORS = (",", ";", "\t", "|")
ROW = "row"  # the column that identifies a row: its number among all raw rows, from 0
DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")


def read_raw(path: Path, options: Mapping[str, Any], skip_rows: int = 0, name: str | None = None) -> pd.DataFrame:
    """Read one raw file: Parquet as it is, text with every cell a string and nothing guessed.

    Parameters
    ----------
    path : Path
        The file.
    options : mapping
        `separator`, `encoding`, `header` and `columns` of the config's `data` section.
    skip_rows : int
        Lines before the header, or before the first row.
    name : str, optional
        What to call the file in an error message.

    Raises
    ------
    InquestError
        For a file that is empty, ragged or undecodable, or whose columns are not unique.
    """
    name = name or str(path)
    with open(path, "rb") as file:
        magic = file.read(4)
    table = _read_parquet(path, name) if magic == b"PAR1" else _read_text(path, options, skip_rows, name)
    columns = options["columns"]
    if columns:
        if len(columns) != table.shape[1]:
            raise InquestError(
                "config key `data.columns`",
                f"{len(columns)} names for the {table.shape[1]} columns of {name}",
                "as many names as columns are allowed",
            )
        table.columns = list(columns)
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise InquestError(name, f"the column name {twice[0]!r} stands there twice", "names must be unique")
    if table.empty:
        raise InquestError(name, "no rows", "a table with at least one row is allowed")
    return table


def _read_parquet(path: Path, name: str) -> pd.DataFrame:
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise InquestError(name, f"not a readable Parquet file ({error})", "a whole file is needed") from None
    return table.reset_index(drop=True).rename(columns=str)


def _read_text(path: Path, options: Mapping[str, Any], skip_rows: int, name: str) -> pd.DataFrame:
    raw = path.read_bytes()
    encoding = "utf-8-sig" if raw.startswith(b"\xef\xbb\xbf") else options["encoding"]
    try:
        text = raw.decode(encoding)
    except LookupError:
        raise InquestError("config key `data.encoding`", f"unknown encoding {encoding!r}", "such as utf-8") from None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InquestError(
            f"{name}, line {line}",
            f"the byte {raw[error.start]:#04x} is no {encoding}",
            "set `data.encoding`, such as latin-1",
        ) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise InquestError(f"{name}, line {line}", "a NUL character", "is this a text file? Only text is allowed")
    text = "".join(text.splitlines(keepends=True)[skip_rows:])
    if not text.strip():
        raise InquestError(name, "the file is empty", "a header and at least one row are needed")
    rows, lines = _parse(text, options["separator"] or _find_separator(text), skip_rows, name)
    header = [cell.strip() for cell in rows.pop(0)] if options["header"] else None
    lines = lines[1:] if options["header"] else lines
    width = len(header or rows[0])
    for cells, line in zip(rows, lines, strict=True):
        if len(cells) != width:
            raise InquestError(
                f"{name}, line {line}",
                f"{len(cells)} cells where the {'header' if header else 'first row'} has {width}",
                "each row must have as many; quote a cell that holds the separator",
            )
    names = header or [f"column {i}" for i in range(1, width + 1)]
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    stripped = [[cell.strip() for cell in cells] for cells in columns]
    table = pd.DataFrame(dict(enumerate(stripped)), dtype=object)
    table.columns = names
    return table


def _parse(text: str, separator: str, skipped: int, name: str) -> tuple[list[list[str]], list[int]]:
    """Return the rows that aren't blank, and the line that each ends on."""
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    rows, lines = [], []
    try:
        for cells in reader:
            if cells and not (len(cells) == 1 and not cells[0].strip()):
                rows.append(cells)
                lines.append(reader.line_num + skipped)
    except csv.Error as error:
        raise InquestError(
            f"{name}, line {reader.line_num + skipped}", str(error), "quotes must be closed and doubled inside a cell"
        ) from None
    return rows, lines


def _find_separator(text: str) -> str:
    """Return the separator that cuts the first lines into the most columns, evenly if any does."""
    sample = io.StringIO(text, newline="").readlines()[:50]
    if len(sample) == 50:
        sample.pop()  # may be the first half of a quoted cell

    def merit(separator: str) -> tuple[bool, int]:
        widths = [len(cells) for cells in csv.reader(sample, delimiter=separator, skipinitialspace=True) if cells]
        return len(set(widths)) == 1 and widths[0] > 1, widths[0]

    return max(SEPARATORS, key=merit)


def stack(tables: Sequence[pd.DataFrame], names: Sequence[str]) -> pd.DataFrame:
    """Put raw tables one below the other; they must have the same columns."""
    for table, name in zip(tables, names, strict=True):
        if set(table.columns) != set(tables[0].columns):
            odd = sorted(set(table.columns) ^ set(tables[0].columns))
            raise InquestError(name, f"its columns differ from {names[0]}'s ({listing(odd)})", "they must be the same")
    return pd.concat(tables, ignore_index=True)


def clean(raw: pd.DataFrame, options: Mapping[str, Any], seed: int) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Make the clean table that everything later reads, and the fact sheet of what was decided.

    Parameters
    ----------
    raw : DataFrame, shape (n_raw, n_columns)
        The raw rows of all sources, one below the other.
    options : mapping
        The config's `data` section.
    seed : int
        Seed of the sample.

    Returns
    -------
    table : DataFrame
        Columns `row` (the row's number in ``raw``), the features (float64, str or datetime64), and the
        label (str), in the raw order.
    facts : dict
        Rows, features, label and decisions, as the report prints them.

    Raises
    ------
    InquestError
        For a column that is missing, empty or of another type than the config says, and for labels that
        can't be learnt.
    """
    label, table = options["label"], raw.copy()
    _check_columns(table, options)
    table = table.drop(columns=options["drop"])
    table = _mark_missing(table, set(options["missing"]), options["replace"])
    for name in table.columns:
        if table[name].isna().all():
            raise InquestError(
                f"column `{name}`", "every value is missing", "list it in `data.drop`, or mend `data.missing`"
            )
    unlabelled = int(table[label].isna().sum())
    table.insert(0, ROW, np.arange(len(table)))
    table = table[table[label].notna()]
    table[label] = table[label].astype(str)
    features = [name for name in table.columns if name not in (ROW, label)]
    if not features:
        raise InquestError("the clean table", "no column besides the label", "at least one feature is needed")
    types = {}
    for name in features:
        table[name], types[name] = _typed(table, name, options["types"].get(name))
    classes, positive = _classes(table[label], options)
    labelled = len(table)
    table = _sample(table, label, options["sample"], seed)
    facts = {
        "rows": {"raw": len(raw), "unlabelled": unlabelled, "labelled": labelled, "sampled": len(table)},
        "sample": dict(options["sample"]),
        "label": {"name": label, "classes": classes, "positive": positive, "counts": _counts(table[label], classes)},
        "features": {
            "count": len(features),
            "numeric": sum(t == "numeric" for t in types.values()),
            "categorical": sum(t == "categorical" for t in types.values()),
            "datetime": sum(t == "datetime" for t in types.values()),
            "names": features,
            "types": types,
            "constant": [name for name in features if table[name].nunique(dropna=False) == 1],
        },
        "missing": {
            "marks": options["missing"],
            "cells": int(table[features].isna().sum().sum()),
            "rows": int(table[features].isna().any(axis=1).sum()),
        },
        "dropped": options["drop"],
        "replaced": options["replace"],
        "duplicates": int(table.drop(columns=ROW).duplicated().sum()),
    }
    return table.reset_index(drop=True), facts


def _check_columns(table: pd.DataFrame, options: Mapping[str, Any]) -> None:
    asked = {"data.label": [options["label"]], "data.drop": options["drop"]}
    asked |= {f"data.{key}": list(options[key]) for key in ("types", "replace", "describe")}
    asked["data.split.column"] = [options["split"]["column"]] if options["split"]["column"] else []
    for key, names in asked.items():
        for name in names:
            if name not in table.columns:
                raise InquestError(
                    f"config key `{key}`",
                    f"there is no column {name!r}{nearest(name, table.columns)}",
                    f"the columns are {listing(table.columns, 30)}",
                )
    if ROW in table.columns and ROW not in options["drop"]:
        raise InquestError(
            f"column `{ROW}`", "this name is taken by the rows' own ids", "rename it in `data.columns`, or drop it"
        )


def _mark_missing(table: pd.DataFrame, marks: set[str], replace: Mapping[str, Mapping[str, str]]) -> pd.DataFrame:
    for name in table.columns:
        column = table[name]
        if column.dtype == object or pd.api.types.is_string_dtype(column):
            column = column.where(~column.isin(marks), None)
            if name in replace:
                column = column.map(lambda value, new=replace[name]: new.get(value, value))
            table[name] = column
    return table


def _typed(table: pd.DataFrame, name: str, wanted: str | None) -> tuple[pd.Series, str]:
    """Return a column in the type that the config wants, or in the first that fits all of its values."""
    column = table[name]
    if pd.api.types.is_bool_dtype(column):
        column = column.astype(str)
    if wanted in (None, "datetime") and pd.api.types.is_datetime64_any_dtype(column):
        return pd.to_datetime(column, utc=True).dt.tz_localize(None), "datetime"
    present = column[column.notna()]
    if wanted in (None, "numeric"):
        numbers = pd.to_numeric(column, errors="coerce").astype(float)
        bad = numbers[present.index].isna()
        if wanted and bad.any():
            raise _mistyped(table, name, bad, "numeric")
        if not bad.any():
            infinite = np.isinf(numbers)
            if infinite.any():
                raise _mistyped(table, name, infinite, "a finite number")
            return numbers, "numeric"
    texts = present.astype(str)
    if wanted == "datetime" or (wanted is None and texts.map(lambda text: DATE.fullmatch(text) is not None).all()):
        dates = pd.to_datetime(column, errors="coerce", utc=True, format="ISO8601").dt.tz_localize(None)
        bad = dates[present.index].isna()
        if bad.any():
            raise _mistyped(table, name, bad, "datetime (such as 2024-03-31 or 2024-03-31T12:00)")
        return dates, "datetime"
    return column.astype("str").where(column.notna(), None).astype("str"), "categorical"


def _mistyped(table: pd.DataFrame, name: str, bad: pd.Series, wanted: str) -> InquestError:
    first = bad[bad].index[0]
    return InquestError(
        f"column `{name}`, row {table.loc[first, ROW]}",
        f"found {str(table.loc[first, name])[:40]!r}",
        f"it should be {wanted}; mend `data.types`, `data.missing` or the value",
    )


def _classes(labels: pd.Series, options: Mapping[str, Any]) -> tuple[list[str], str | None]:
    """Return the labels in their order, with the positive one last where there are two."""
    counts = labels.value_counts()
    where = f"label column `{options['label']}`"
    if len(counts) < 2:
        raise InquestError(where, f"it has one class, {counts.index[0]!r}", "at least two are needed")
    if len(counts) > max(20, len(labels) // 2):
        raise InquestError(
            where,
            f"{len(counts):,} different values in {len(labels):,} rows",
            "a label has few values that recur; predicting a number is not supported",
        )
    classes = sorted(counts.index)
    if len(classes) > 2:
        if options["positive"] is not None:
            raise InquestError(
                "config key `data.positive`", f"the label has {len(classes)} classes", "it is for two; leave it out"
            )
        return classes, None
    rarer = min(classes, key=lambda c: (counts[c], c))
    positive = rarer if options["positive"] is None else str(options["positive"])
    if positive not in classes:
        raise InquestError(
            "config key `data.positive`", f"found {positive!r}{nearest(positive, classes)}", f"allowed: {listing(classes)}"
        )
    return sorted(classes, key=lambda c: c == positive), positive


def _sample(table: pd.DataFrame, label: str, sample: Mapping[str, Any], seed: int) -> pd.DataFrame:
    """Draw the sample, in the raw order. Stratified: each label's share is kept up to one row."""
    size = sample["rows"]
    if size is None or size >= len(table):
        return table
    order = np.random.default_rng(seed).permutation(len(table))
    if sample["method"] == "random":
        return table.iloc[np.sort(order[:size])]
    labels = table[label].to_numpy()
    counts = table[label].value_counts().sort_index()
    quota = largest_remainder(counts.to_numpy() / len(table), size)
    chosen = [order[labels[order] == name][:n] for name, n in zip(counts.index, quota, strict=True)]
    return table.iloc[np.sort(np.concatenate(chosen))]


def largest_remainder(shares: Sequence[float], total: int) -> np.ndarray:
    """Return whole numbers that add up to ``total`` and differ from ``shares * total`` by less than one."""
    exact = np.asarray(shares, float) * total
    whole = np.floor(exact).astype(int)
    rest = np.argsort(-(exact - whole), kind="stable")[: total - whole.sum()]
    whole[rest] += 1
    return whole


def _counts(labels: pd.Series, classes: Sequence[str]) -> list[dict[str, Any]]:
    counts = labels.value_counts()
    return [
        {"label": name, "rows": int(counts.get(name, 0)), "share": float(counts.get(name, 0) / len(labels))}
        for name in classes
    ]


def describe_features(table: pd.DataFrame, facts: Mapping[str, Any], meanings: Mapping[str, str]) -> pd.DataFrame:
    """Return one row a feature: name, type, meaning, missing share, distinct values, and its typical values."""
    rows = []
    for name in facts["features"]["names"]:
        kind = facts["features"]["types"][name]
        column = table[name].dropna()
        if kind == "categorical":
            top = column.value_counts(normalize=True).head(3)
            typical = ", ".join(f"{value} ({share:.0%})" for value, share in top.items())
        elif kind == "datetime":
            typical = f"{column.min():%Y-%m-%d} to {column.max():%Y-%m-%d}"
        else:
            low, middle, high = (f"{v:,.6g}".replace("-", "\N{MINUS SIGN}") for v in column.quantile([0.0, 0.5, 1.0]))
            typical = f"{low} to {high}, median {middle}"
        rows.append(
            {
                "feature": name,
                "type": kind,
                "meaning": meanings.get(name, ""),
                "missing": float(table[name].isna().mean()),
                "distinct": int(column.nunique()),
                "typical": typical,
            }
        )
    return pd.DataFrame(rows)
