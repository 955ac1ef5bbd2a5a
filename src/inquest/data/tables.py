"""From raw text to a clean table: decide explicitly, write every decision down."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from inquest.columns import unknown_column
from inquest.errors import InquestError, listing, nearest

ROW = "row"  # the column that identifies a row: its number among all raw rows, from 0
DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?")
LARGEST = 1e150  # the square of a number must be finite, too: scaling and distances need it
BOOLEANS = {True: ("true", "yes", "on"), False: ("false", "no", "off")}  # what YAML reads as a boolean


def clean(raw: pd.DataFrame, options: Mapping[str, Any], seed: int) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Make the clean table that everything later reads, and the fact sheet of what was decided.

    Parameters
    ----------
    raw : DataFrame of str, shape (n_raw, n_columns)
        The raw rows of all sources, one below the other.
    options : mapping
        The config's `data` section.
    seed : int
        Seed of the sample.

    Returns
    -------
    table : DataFrame
        `row` (the row's number in ``raw``), the features (float64, str, or datetime64 in UTC), the label
        (str) and the column of the split, if it has one; in the raw order.
    facts : dict
        Rows, features, label and decisions, as the report prints them.

    Raises
    ------
    InquestError
        For a column that is missing, empty or of another type than the config says, and for labels that
        can't be learnt.
    """
    label = options["label"]
    _check_columns(list(raw.columns), options)
    text = raw.drop(columns=options["drop"]).astype("str")
    for name in text.columns.intersection(options["replace"]):
        new = {old.strip(): value for old, value in options["replace"][name].items()}
        text[name] = text[name].map(lambda old, new=new: new.get(old, old), na_action="ignore")
    text = text.mask(text.isin([mark.strip() for mark in options["missing"]]))
    text = text.set_axis(np.arange(len(text)))[text[label].notna().to_numpy()]
    if text.empty:
        raise InquestError(
            f"label column `{label}`", "every value is missing", "mend `data.label` or `data.missing`"
        )
    features = [name for name in text.columns if name not in (label, options["split"]["column"])]
    if not features:
        raise InquestError("the clean table", "no column besides the label", "at least one feature is needed")
    columns, types = {ROW: text.index}, {}
    for name in text.columns:
        if name == label:
            columns[name] = text[name]
        else:
            columns[name], types[name] = _typed(text[name], options["types"].get(name))
    table = pd.DataFrame(columns)
    classes, positive = _classes(table[label], options)
    labelled = len(table)
    table = _sample(table, label, options["sample"], seed).reset_index(drop=True)
    facts = {
        "rows": {
            "raw": len(raw),
            "unlabelled": len(raw) - labelled,
            "labelled": labelled,
            "sampled": len(table),
        },
        "sample": dict(options["sample"]),
        "label": {
            "name": label,
            "classes": classes,
            "positive": positive,
            "counts": _counts(table[label], classes),
        },
        "features": {
            "count": len(features),
            **{
                kind: sum(types[f] == kind for f in features)
                for kind in ("numeric", "categorical", "datetime")
            },
            "names": features,
            "types": {name: types[name] for name in features},
            "constant": [name for name in features if table[name].nunique(dropna=False) == 1],
        },
        "missing": {
            "marks": options["missing"],
            "cells": int(table[features].isna().sum().sum()),
            "rows": int(table[features].isna().any(axis=1).sum()),
        },
        "dropped": options["drop"],
        "replaced": options["replace"],
        "duplicates": int(table[[*features, label]].duplicated().sum()),
    }
    return table, facts


def _check_columns(columns: Sequence[str], options: Mapping[str, Any]) -> None:
    unknown = unknown_column(options, columns)
    if unknown:
        key, found, allowed = unknown
        raise InquestError(f"config key `data.{key}`", found, allowed)
    if ROW in columns and ROW not in options["drop"]:
        raise InquestError(
            f"column `{ROW}`",
            "this name is taken by the rows' own ids",
            "rename it in `data.columns`, or drop it",
        )


def _typed(column: pd.Series, wanted: str | None) -> tuple[pd.Series, str]:
    """Return a column in the type that the config wants, or in the first that fits all of its values."""
    present = column.dropna()
    if present.empty:
        raise InquestError(
            f"column `{column.name}`",
            "every value is missing",
            "list it in `data.drop`, or mend `data.missing`",
        )
    if wanted in (None, "numeric"):
        try:
            numbers = pd.to_numeric(column).astype(float)
        except ValueError:
            if wanted:
                raise _mistyped(present, pd.to_numeric(present, errors="coerce").isna(), "a number") from None
        else:
            if numbers.abs().max() > LARGEST:
                raise _mistyped(present, numbers[present.index].abs() > LARGEST, f"within ±{LARGEST:g}")
            return numbers, "numeric"
    if wanted == "datetime" or (wanted is None and all(map(DATE.fullmatch, present))):
        dates = pd.to_datetime(column, errors="coerce", utc=True, format="ISO8601").dt.tz_localize(None)
        bad = dates[present.index].isna()
        if bad.any():
            raise _mistyped(present, bad, "a date, such as 2024-03-31 or 2024-03-31T12:00")
        return dates.dt.as_unit("us"), "datetime"
    return column, "categorical"


def _mistyped(column: pd.Series, bad: pd.Series, wanted: str) -> InquestError:
    row = bad.idxmax()
    return InquestError(
        f"column `{column.name}`, row {row}",
        f"found {str(column[row])[:40]!r}",
        f"it should be {wanted}; mend `data.types`, `data.missing` or the value",
    )


def _classes(labels: pd.Series, options: Mapping[str, Any]) -> tuple[list[str], str | None]:
    """Return the labels in their order, with the positive one last where there are two."""
    counts = labels.value_counts()
    check_classes(counts, options, "data", "predicting a number is not supported")
    classes = sorted(counts.index)
    if len(classes) > 2:
        return classes, None
    if options["positive"] is None:
        positive = min(classes, key=lambda c: (counts[c], c))
    else:
        positive = named_label(options["positive"], classes, "config key `data.positive`")
    return sorted(classes, key=lambda c: c == positive), positive


def check_classes(counts: pd.Series, options: Mapping[str, Any], section: str, advice: str) -> None:
    """Refuse a label that has one class, or so many that it is none, and a positive one of several.

    Parameters
    ----------
    counts : Series of int
        The number of rows with each value of the label.
    options : mapping
        `label` and `positive` of the config's section of this name.
    advice : str
        What to say to someone whose label is no class.
    """
    where = f"label column `{options['label']}`"
    if len(counts) < 2:
        raise InquestError(where, f"it has one class, {counts.index[0]!r}", "at least two are needed")
    if len(counts) > max(20, counts.sum() // 10):
        raise InquestError(
            where,
            f"{len(counts):,} different values in {counts.sum():,} rows",
            f"a label has few values that recur; {advice}",
        )
    if len(counts) > 2 and options["positive"] is not None:
        raise InquestError(
            f"config key `{section}.positive`",
            f"the label has {len(counts)} classes",
            "it is for two; leave it out",
        )


def named_label(value: str | int | float | bool, labels: Collection[str], where: str) -> str:
    """Return the label that a config value means, or raise an `InquestError` at ``where``.

    YAML turns `yes` and `true` into a boolean and `1` into a number; the data knows them as text.
    """
    meant = [text for text in labels if text == str(value).strip()]
    if not meant and isinstance(value, bool):
        meant = [text for text in labels if text.casefold() in BOOLEANS[value]]
    if not meant and isinstance(value, float):
        meant = [text for text in labels if text == f"{value:.0f}" and value.is_integer()]
    if len(meant) != 1:
        raise InquestError(
            where,
            f"there is no label {str(value)!r}{nearest(value, labels)}",
            f"allowed: {listing(sorted(labels))}",
        )
    return meant[0]


def _sample(table: pd.DataFrame, label: str, sample: Mapping[str, Any], seed: int) -> pd.DataFrame:
    """Draw the sample, in the raw order. Stratified: each label's share is kept up to one row."""
    size = sample["rows"]
    if size is None or size >= len(table):
        return table
    counts = table[label].value_counts().sort_index()
    if sample["method"] == "random":
        drawn = table.iloc[np.sort(np.random.default_rng(seed).permutation(len(table))[:size])]
    else:
        quota = largest_remainder(counts / len(table), size)
        drawn = table.iloc[draw_by_label(table[label], dict(zip(counts.index, quota, strict=True)), seed)]
    lost = set(counts.index) - set(drawn[label])
    if lost:
        rarest = min(lost, key=lambda name: (counts[name], name))
        raise InquestError(
            "config key `data.sample.rows`",
            f"no row of the class {rarest!r} is among the {size:,} that are drawn",
            f"it has {counts[rarest]:,} of {len(table):,} rows; draw more, or put classes together",
        )
    return drawn


def draw_by_label(labels: pd.Series, quota: Mapping[str, int], seed: int) -> np.ndarray:
    """Return the sorted positions of rows drawn at random, as many of each label as ``quota`` says."""
    order = np.random.default_rng(seed).permutation(len(labels))
    drawn = labels.to_numpy()[order]
    return np.sort(np.concatenate([order[drawn == name][:number] for name, number in quota.items()]))


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
        {"label": name, "rows": int(counts[name]), "share": float(counts[name] / len(labels))}
        for name in classes
    ]


def describe_features(
    table: pd.DataFrame, facts: Mapping[str, Any], meanings: Mapping[str, str]
) -> pd.DataFrame:
    """Return one row a feature: name, type, meaning, missing share, distinct values, typical values."""
    rows = []
    for name in facts["features"]["names"]:
        kind = facts["features"]["types"][name]
        column = table[name].dropna()
        if column.empty:  # a sample may hold none of its values
            typical = ""
        elif kind == "categorical":
            top = column.value_counts(normalize=True).head(3)
            typical = ", ".join(f"{value} ({share:.0%})" for value, share in top.items())
        elif kind == "datetime":
            typical = f"{column.min():%Y-%m-%d} to {column.max():%Y-%m-%d}"
        else:
            low, middle, high = (
                f"{v:,.6g}".replace("-", "\N{MINUS SIGN}") for v in column.quantile([0.0, 0.5, 1.0])
            )
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
