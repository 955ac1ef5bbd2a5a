"""The split into training and test rows, and what might leak from one to the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from inquest.data.tables import ROW, draw_by_label, largest_remainder
from inquest.errors import InquestError


def split_rows(table: pd.DataFrame, label: str, split: Mapping[str, Any], seed: int) -> pd.DataFrame:
    """Assign each row to `train` or `test`.

    Parameters
    ----------
    table : DataFrame
        The clean table.
    label : str
        Its label column.
    split : mapping
        `method`, `test` (share of rows) and `column`, as in the config. `random` tests on just that share.
        `stratified` tests on that share of each label, up to one row, and on one row of it at least. `time`
        tests on the latest rows and `group` keeps rows with one value of `column` together; neither moments
        nor groups are torn apart, so that the share is met as nearly as they allow.
    seed : int

    Returns
    -------
    DataFrame
        Columns `row` and `part`, in the order of ``table``.

    Raises
    ------
    InquestError
        For a class with too few rows, or a part without any.
    """
    asked = round(len(table) * split["test"])
    if split["method"] == "random":
        test = np.random.default_rng(seed).permutation(len(table))[:asked]
    elif split["method"] == "stratified":
        test = _stratified(table[label], asked, seed)
    elif split["method"] == "time":
        test = _latest(table, split["column"], asked)
    else:
        test = _grouped(table[split["column"]], asked, seed)
    part = np.full(len(table), "train", dtype=object)
    part[test] = "test"
    for name in ("train", "test"):
        if not (part == name).any():
            raise InquestError(
                "config key `data.split.test`",
                f"{split['test']:g} of {len(table):,} rows leaves none for {name}",
                "both parts need rows",
            )
    unseen = set(table[label]) - set(table.loc[part == "train", label])
    if unseen:
        raise InquestError(
            f"label column `{label}`",
            f"the class {min(unseen)!r} has no row in the training split",
            "each class needs one; use a stratified split, more rows, or drop the class",
        )
    return pd.DataFrame({ROW: table[ROW], "part": part})


def _stratified(labels: pd.Series, asked: int, seed: int) -> np.ndarray:
    counts = labels.value_counts().sort_index()
    if counts.min() < 2:
        raise InquestError(
            f"label column `{labels.name}`",
            f"the class {counts.idxmin()!r} has {counts.min()} row",
            "a stratified split needs two rows of each class",
        )
    if not len(counts) <= asked <= len(labels) - len(counts):
        raise InquestError(
            "config key `data.split.test`",
            f"{asked} of {len(labels)} rows would be tested on, with {len(counts)} classes",
            "both parts need a row of each class",
        )
    quota = largest_remainder(counts / len(labels), asked).clip(1, counts - 1)
    return draw_by_label(labels, dict(zip(counts.index, quota, strict=True)), seed)


def _latest(table: pd.DataFrame, column: str, asked: int) -> np.ndarray:
    moments = table[column]
    if not (pd.api.types.is_numeric_dtype(moments) or pd.api.types.is_datetime64_any_dtype(moments)):
        raise InquestError(
            "config key `data.split.column`", f"`{column}` is no time", "a date or a number is needed"
        )
    if moments.isna().any():
        row = table.loc[moments.isna(), ROW].iloc[0]
        raise InquestError(f"column `{column}`, row {row}", "the time is missing", "each row needs one")
    distinct, counts = np.unique(moments, return_counts=True)
    if len(distinct) < 2:
        raise InquestError(
            "config key `data.split.column`", f"`{column}` has one value", "a time split needs two"
        )
    later = len(table) - np.cumsum(counts)[:-1]  # rows after each moment but the last
    return np.flatnonzero(moments > distinct[np.abs(later - asked).argmin()])


def _grouped(column: pd.Series, asked: int, seed: int) -> np.ndarray:
    """Take groups in random order, each if it brings the number of test rows nearer to what is asked."""
    groups, names = pd.factorize(column, use_na_sentinel=False)  # rows without a value are one group
    if len(names) < 2:
        raise InquestError(
            "config key `data.split.column`", f"`{column.name}` has one value", "a group split needs two"
        )
    sizes = np.bincount(groups)
    taken, rows = [], 0
    for group in np.random.default_rng(seed).permutation(len(sizes)):
        if len(taken) < len(sizes) - 1 and abs(rows + sizes[group] - asked) < abs(rows - asked):
            taken.append(group)
            rows += sizes[group]
    return np.flatnonzero(np.isin(groups, taken or [sizes.argmin()]))


def split_facts(table: pd.DataFrame, parts: pd.DataFrame, clean: Mapping[str, Any]) -> dict[str, Any]:
    """Return sizes, class balance, and how many test rows also stand in the training split.

    A test row counts as a duplicate if a training row has the same features and label, and as
    contradictory if training rows have the same features, but all of them another label.

    Parameters
    ----------
    table : DataFrame
        The clean table.
    parts : DataFrame
        The `row` and `part` that `split_rows` returned for it.
    clean : mapping
        The facts of the clean table.
    """
    label, classes, features = clean["label"]["name"], clean["label"]["classes"], clean["features"]["names"]
    tested = (parts["part"] == "test").to_numpy()
    train, test = table[~tested], table[tested]
    keys = pd.util.hash_pandas_object(table[features], index=False).to_numpy()
    whole = pd.util.hash_pandas_object(table[[*features, label]], index=False).to_numpy()
    seen = np.isin(keys[tested], keys[~tested])
    same = np.isin(whole[tested], whole[~tested])
    pairs = []
    for position in np.flatnonzero(seen)[:5]:
        twin = np.flatnonzero(keys[~tested] == keys[tested][position])[0]
        pairs.append({"test_row": int(test[ROW].iloc[position]), "train_row": int(train[ROW].iloc[twin])})
    return {
        "train": len(train),
        "test": len(test),
        "balance": [
            {"label": c, "train": int((train[label] == c).sum()), "test": int((test[label] == c).sum())}
            for c in classes
        ],
        "duplicates": int(same.sum()),
        "contradictory": int((seen & ~same).sum()),
        "duplicate_pairs": pairs,
    }
