"""The split into training and test rows, and what might leak from one to the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from inquest.data.tables import ROW
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
        `method` (random, stratified, time, group), `test` (share of rows) and `column`, as in the config.
        `time` tests on the latest rows and never puts rows of one moment on both sides; `group` keeps
        rows with one value of `column` together, so that the share is met only nearly.
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
    method = split["method"]
    if method in ("random", "stratified"):
        test = _shuffled(table[label], split, seed)
    elif method == "time":
        test = _latest(table, split)
    else:
        test = _grouped(table, split, seed)
    part = np.full(len(table), "train", dtype=object)
    part[test] = "test"
    for name in ("train", "test"):
        if not (part == name).any():
            raise InquestError("config key `data.split`", f"no row is left for {name}", "change `test` or `column`")
    unseen = set(table[label]) - set(table.loc[part == "train", label])
    if unseen:
        raise InquestError(
            f"label column `{label}`",
            f"the class {min(unseen)!r} has no row in the training split",
            "each class needs one; use a stratified split, more rows, or drop the class",
        )
    return pd.DataFrame({ROW: table[ROW], "part": part})


def _shuffled(labels: pd.Series, split: Mapping[str, Any], seed: int) -> np.ndarray:
    stratify = labels if split["method"] == "stratified" else None
    if stratify is not None:
        counts = labels.value_counts()
        if counts.min() < 2:
            raise InquestError(
                f"label column `{labels.name}`",
                f"the class {counts.idxmin()!r} has {counts.min()} row",
                "a stratified split needs two rows of each class",
            )
        tested = round(len(labels) * split["test"])
        if not len(counts) <= tested <= len(labels) - len(counts):
            raise InquestError(
                "config key `data.split.test`",
                f"{tested} of {len(labels)} rows would be tested on, with {len(counts)} classes",
                "both parts need a row of each class",
            )
    if len(labels) < 2:
        raise InquestError("the clean table", "it has one row", "a split needs two")
    _, test = train_test_split(
        np.arange(len(labels)), test_size=split["test"], stratify=stratify, random_state=seed
    )
    return np.sort(test)


def _latest(table: pd.DataFrame, split: Mapping[str, Any]) -> np.ndarray:
    moments = table[split["column"]]
    if not (pd.api.types.is_numeric_dtype(moments) or pd.api.types.is_datetime64_any_dtype(moments)):
        raise InquestError(
            "config key `data.split.column`", f"`{split['column']}` is no time", "a date or a number is needed"
        )
    if moments.isna().any():
        row = table.loc[moments.isna(), ROW].iloc[0]
        raise InquestError(f"column `{split['column']}`, row {row}", "the time is missing", "each row needs one")
    latest_trained = moments.sort_values(kind="stable").iloc[max(len(table) - round(len(table) * split["test"]) - 1, 0)]
    return np.flatnonzero(moments > latest_trained)


def _grouped(table: pd.DataFrame, split: Mapping[str, Any], seed: int) -> np.ndarray:
    groups = table[split["column"]].astype(object).where(table[split["column"]].notna(), "(missing)").astype(str)
    if groups.nunique() < 2:
        raise InquestError(
            "config key `data.split.column`", f"`{split['column']}` has one value", "a group split needs two"
        )
    splitter = GroupShuffleSplit(n_splits=1, test_size=split["test"], random_state=seed)
    _, test = next(splitter.split(np.zeros(len(table)), groups=groups))
    return np.sort(test)


def split_facts(table: pd.DataFrame, parts: pd.DataFrame, label: str, classes: list[str]) -> dict[str, Any]:
    """Return sizes, class balance, and how many test rows also stand in the training split.

    A test row counts as a duplicate if a training row has the same features and label, and as
    contradictory if one has the same features and another label.
    """
    part = parts["part"].to_numpy()
    train, test = table[part == "train"], table[part == "test"]
    features = [name for name in table.columns if name not in (ROW, label)]
    keys = pd.util.hash_pandas_object(table[features], index=False).to_numpy()
    whole = pd.util.hash_pandas_object(table[[*features, label]], index=False).to_numpy()
    seen = np.isin(keys[part == "test"], keys[part == "train"])
    same = np.isin(whole[part == "test"], whole[part == "train"])
    pairs = []
    for row in test.loc[seen, ROW].head(5):
        twin = keys[part == "train"] == keys[table[ROW].to_numpy() == row]
        pairs.append({"test_row": int(row), "train_row": int(train.loc[twin, ROW].iloc[0])})
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
