"""What a study knows of each training row: values, measures, nearest rows and flags, in one table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from inquest.data.tables import ROW
from inquest.influence.summary import FINE, RARE
from inquest.influence.unusual import MEASURES, most_unusual

FLAG = "flag:"  # set before the names of flags

VALUES: Mapping[str, str] = {
    "value": "shapley",
    "standard_error": "shapley_error",
    "value_fine": "shapley_fine",
    "standard_error_fine": "shapley_fine_error",
    "knn": "knn",
}
"""Columns of the Shapley chapter's values, and what they are called beside others."""


def gather_rows(
    table: pd.DataFrame,
    parts: pd.DataFrame,
    unusual: pd.DataFrame,
    clean: Mapping[str, Any],
    metric: str,
    left_out: pd.DataFrame | None = None,
    valued: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return a row for each training row, in the order of the split.

    Parameters
    ----------
    table, parts : DataFrame
        The clean table, and the `part` of each of its rows.
    unusual : DataFrame
        The measures of every training row, in the order of the split.
    clean : mapping
        The facts of the clean table.
    metric : str
        The primary metric; where it is the log-loss, nothing is told by it a second time.
    left_out : DataFrame, optional
        `row`, `influence` and `influence_<metric>` of the rows that were left out: all, or some.
    valued : DataFrame, optional
        `row` and the columns of `VALUES` of the rows that have Shapley values: all, or some.

    Returns
    -------
    DataFrame, shape (n, …)
        `row`, `label`, `predicted`, `probability` (of the row's label), `confidence` (the probability of the
        predicted label), the measures, `loo` and `loo_fine` (the influence by the metric and by the
        log-loss), the names of `VALUES`, and a column of truth values for each flag. What the study hasn't
        is not there; what it has for some rows only is missing in the others.
    """
    label, classes = clean["label"]["name"], clean["label"]["classes"]
    train = table[ROW].isin(parts.loc[parts["part"] == "train", ROW]).to_numpy()
    rows = pd.DataFrame(
        {
            ROW: unusual[ROW],
            "label": [classes[code] for code in unusual["code"]],
            "predicted": [classes[code] for code in unusual["predicted"]],
            "probability": unusual["probability"],
        }
    )
    wrong = rows["label"] != rows["predicted"]
    # the margin is to the best other label, which is the predicted one where the row is misclassified
    rows["confidence"] = rows["probability"] - unusual["margin"].where(wrong, 0.0)
    rows[list(MEASURES)] = unusual[list(MEASURES)]
    if left_out is not None:
        names = {"influence": "loo"} | ({} if metric == FINE else {f"influence_{FINE}": "loo_fine"})
        rows = rows.merge(left_out[[ROW, *names]].rename(columns=names), "left", on=ROW)
    if valued is not None:
        names = {name: new for name, new in VALUES.items() if name in valued}
        rows = rows.merge(valued[[ROW, *names]].rename(columns=names), "left", on=ROW)
    flags = {
        "misclassified": wrong.to_numpy(),
        "doubtful": (wrong & (rows["agreement"] < 0.5)).to_numpy(),
        "unusual": most_unusual(unusual, RARE).any(axis=1).to_numpy(),
        **_twins(table, train, clean["features"]["names"], label, rows[ROW]),
    }
    rows = rows.assign(**{FLAG + name: flag for name, flag in flags.items()})
    return rows.drop(columns=[name for name in rows if rows[name].isna().all()])


def _twins(
    table: pd.DataFrame, train: NDArray[np.bool_], features: Sequence[str], label: str, rows: pd.Series
) -> dict[str, NDArray[np.bool_]]:
    """Tell of training rows whether another row has the very same features."""
    key = pd.util.hash_pandas_object(table[list(features)], index=False).to_numpy()
    mine = pd.DataFrame({ROW: table[ROW], "key": key, "label": table[label]})[train]
    groups = mine.groupby("key")
    found = pd.DataFrame(
        {
            "twin": groups[ROW].transform("size") > 1,
            "contradicted": groups["label"].transform("nunique") > 1,
            "tested": mine["key"].isin(key[~train]),
        }
    ).set_axis(mine[ROW])
    return {name: found.loc[rows, name].to_numpy() for name in found}


def nearest_rows(
    features: NDArray[np.float64], y: NDArray[np.intp], rows: NDArray[np.int64], count: int
) -> pd.DataFrame:
    """Return the nearest other training rows of each training row.

    Parameters
    ----------
    features : ndarray, shape (n, d)
        Preprocessed features: distances are Euclidean.
    y, rows : ndarray of int, shape (n,)
        Class codes and row ids.
    count : int
        How many (fewer if there are fewer rows).

    Returns
    -------
    DataFrame, shape (n * count, 4)
        `row`, its `neighbour` (a row id), their `distance`, and whether they have the `same` label; the
        nearest first, equally near ones in the order of the split.
    """
    count = min(count, len(rows) - 1)
    distance, near = NearestNeighbors(n_neighbors=count).fit(features).kneighbors()
    order = np.lexsort((near, distance.round(9)), axis=-1)  # beyond, digits are the machine's
    distance, near = (np.take_along_axis(values, order, axis=1) for values in (distance, near))
    return pd.DataFrame(
        {
            ROW: np.repeat(rows, count),
            "neighbour": rows[near].ravel(),
            "distance": distance.ravel(),
            "same": (y[near] == y[:, None]).ravel(),
        }
    )
