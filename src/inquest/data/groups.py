"""Groups of training rows, by kind."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

from inquest.data.tables import ROW, named_label
from inquest.errors import InquestError, listing, nearest
from inquest.runtime import seed_for


def group_members(
    group: Mapping[str, Any], train: pd.DataFrame, label: str, features: np.ndarray, study_seed: int
) -> list[np.ndarray]:
    """Return the positions of a group's rows in the training split, once for each of its repeats.

    Parameters
    ----------
    group : mapping
        One of the config's `influence.groups`.
    train : DataFrame, shape (n_train, …)
        The training rows of the clean table.
    label : str
        The label column.
    features : ndarray of shape (n_train, n_features)
        The preprocessed features, for clusters.
    study_seed : int
        Random groups and clusters are seeded by it and by the group's name.

    Returns
    -------
    list of ndarray of int
        Sorted positions; only random groups have more than one member of this list.

    Raises
    ------
    InquestError
        For a group that holds no row, or every row, or rows that are not there.
    """
    members = _KINDS[group["kind"]](group, train, label, features, study_seed)
    for rows in members:
        if len(rows) in (0, len(train)):
            raise InquestError(
                f"group `{group['name']}`",
                f"it holds {'none' if len(rows) == 0 else 'all'} of the {len(train):,} training rows",
                "a group must hold some rows and leave some",
            )
    return members


def _random(group, train, label, features, study_seed):
    size = max(1, round(group["fraction"] * len(train)))
    seeds = [seed_for(study_seed, "group", group["name"], i) for i in range(group["repeats"])]
    return [np.sort(np.random.default_rng(seed).permutation(len(train))[:size]) for seed in seeds]


def _where(group, train, label, features, study_seed):
    where, columns = f"group `{group['name']}`", train.columns.drop(ROW)
    condition = group["condition"].strip()
    try:
        holds = train[columns].eval(condition, engine="python", local_dict={}, global_dict={})
    except Exception as error:  # whatever pandas makes of a text that people wrote
        first = (str(error).strip().splitlines() or [""])[0] or type(error).__name__
        unknown = re.fullmatch(r"name '(.*)' is not defined", first)
        raise InquestError(
            where,
            f"the condition {condition!r} can't be evaluated ({first})"
            + (nearest(unknown[1], columns) if unknown else ""),
            f"compare columns with values, such as `age > 60`; the columns are {listing(columns, 30)}",
        ) from None
    if not isinstance(holds, pd.Series) or not pd.api.types.is_bool_dtype(holds):
        raise InquestError(
            where,
            f"the condition {condition!r} is not true or false for each row",
            "compare columns with values, such as `age > 60`",
        )
    return [np.flatnonzero(holds)]


def _label(group, train, label, features, study_seed):
    named = named_label(group["label"], set(train[label]), f"group `{group['name']}`")
    return [np.flatnonzero(train[label] == named)]


def _cluster(group, train, label, features, study_seed):
    if group["clusters"] > len(train):
        raise InquestError(
            f"group `{group['name']}`",
            f"{group['clusters']} clusters of {len(train)} training rows",
            "at most as many clusters as rows are allowed",
        )
    model = KMeans(
        group["clusters"], n_init=4, random_state=seed_for(study_seed, "clusters", group["clusters"])
    )
    assigned = model.fit_predict(features)
    sizes = np.bincount(assigned, minlength=group["clusters"])
    by_size = np.argsort(-sizes, kind="stable")
    return [np.flatnonzero(assigned == by_size[group["cluster"]])]


def _rows(group, train, label, features, study_seed):
    return [np.sort(row_positions(group["rows"], train[ROW].to_numpy(), f"group `{group['name']}`"))]


def row_positions(rows: list[int], training_rows: np.ndarray, where: str) -> np.ndarray:
    """Return where the row ids stand in the training split; an id that doesn't is an InquestError."""
    position = {row: i for i, row in enumerate(training_rows.tolist())}
    for row in rows:
        if row not in position:
            raise InquestError(
                where,
                f"the row id {row} is not in the training split",
                f"ids of its {len(training_rows):,} rows are allowed, such as {listing(training_rows[:3])}",
            )
    return np.array([position[row] for row in dict.fromkeys(rows)], dtype=int)


_KINDS = {"random": _random, "where": _where, "label": _label, "cluster": _cluster, "rows": _rows}
