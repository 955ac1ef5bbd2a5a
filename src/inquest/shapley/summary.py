"""What the report says of the Shapley values: the chapter's facts and tables."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inquest.data.summary import in_words
from inquest.data.tables import ROW
from inquest.valuation.convergence import relative_change, reliability
from inquest.valuation.ranks import rank_correlation
from inquest.valuation.shapley import ShapleyValues, combine, truncate

TOLERANCES = (0.001, 0.005, 0.01, 0.02, 0.05)
EARLY = 0.05  # the share of a walk's positions that counts as its beginning


def summarise_rows(
    players: Mapping[str, Any],
    walks: Sequence[pd.DataFrame],
    table: pd.DataFrame,
    label: Mapping[str, Any],
    tolerance: float,
    show: int,
) -> tuple[dict[str, Any], dict[str, pd.DataFrame], ShapleyValues]:
    """Return the facts of the game of rows, tables (`values`, `best`, `worst`, `truncation`), and the values.

    Parameters
    ----------
    players : mapping
        `rows` (ids), `empty`, `full`, and `without` (U without each row).
    walks : list of DataFrame
        One for each permutation.
    table : DataFrame
        The clean table.
    label : mapping
        `name` and `classes`.
    tolerance : float
        The truncation tolerance of the walks.
    show : int
        How many of the best and of the worst rows to show.
    """
    found = combine(walks, players["empty"], players["full"])
    known = table.set_index(ROW).loc[players["rows"]].reset_index()
    values = pd.DataFrame(
        {
            "row": players["rows"],
            "label": known[label["name"]],
            "value": found.values.round(12) + 0.0,  # sums that are 0 but for rounding are 0
            "standard_error": found.standard_errors,
            "loo": players["full"] - np.asarray(players["without"]),
            "features": [in_words(row) for _, row in known.drop(columns=[ROW, label["name"]]).iterrows()],
        }
    )
    ranked = values.sort_values(["value", "row"], ascending=[False, True], kind="stable", ignore_index=True)
    show = min(show, len(ranked) // 2)
    error, sd = values["standard_error"], float(values["value"].std())
    repeated = len(found.samples) > 1
    share = reliability(found.samples)
    facts = {
        "count": len(values),
        "permutations": len(walks),
        "tolerance": tolerance,
        "empty": found.empty,
        "full": found.full,
        "mean": float(values["value"].mean()),
        "sd": sd,
        "median_error": float(error.median()) if repeated else None,
        "positive": float((values["value"] > 0).mean()),
        "clear": {
            "helping": int((values["value"] > 2 * error).sum()),
            "hurting": int((values["value"] < -2 * error).sum()),
        }
        if repeated
        else None,
        "by_chance": _clear_by_chance(found) if repeated else None,
        "reliability": share,
        "signal_sd": None if share is None else sd * share**0.5,
        "early": {"rows": _early(len(values)), "share": _early_share(walks)},
        "efficiency": {
            "sum": float(found.values.sum()),
            "difference": found.full - found.empty,
            "gap": found.efficiency_gap,
            "exact": bool(abs(found.efficiency_gap) < 1e-9),
        },
        "retrains": {
            "asked": len(walks) * len(values),
            "done": int(found.evaluated.sum()),
            "saved": 1 - float(found.evaluated.sum()) / (len(walks) * len(values)),
        },
        "loo": {
            "spearman": rank_correlation(values["value"], values["loo"]),
            "zero": int((values["loo"] == 0).sum()),
            "distinct": int(values["loo"].nunique()),
        },
        "labels": [
            {
                "label": name,
                "rows": len(mine),
                "mean": float(mine["value"].mean()),
                "standard_error": _error_of_mean(found.samples[:, mine.index]),
                "sd": float(mine["value"].std()),
                "positive": float((mine["value"] > 0).mean()),
            }
            for name, mine in values.groupby("label")
        ],
        "change": relative_change(found.running, lag=2 if found.antithetic else 1),
        "best": ranked.iloc[0].to_dict(),
        "worst": ranked.iloc[-1].to_dict(),
        "show": show,
    }
    tables = {
        "values": ranked,
        "best": ranked.head(show),
        "worst": ranked.tail(show).iloc[::-1].reset_index(drop=True),
        "truncation": _truncation(walks, found, tolerance),
    }
    return facts, tables, found


def _clear_by_chance(found: ShapleyValues) -> float:
    """Return how many values would be over two standard errors from 0 if help and harm were a coin toss.

    The signs of each player's samples are flipped in all ways (up to 10 samples; beyond, in 1,024 random
    ways). Marginal contributions are far from normal, so Student's t would not do.
    """
    samples = found.samples
    m = len(samples)
    if m <= 10:
        signs = np.array(list(itertools.product((1, -1), repeat=m)))
    else:
        signs = np.random.default_rng(0).choice((1, -1), size=(1024, m))
    mean = signs @ samples / m
    variance = ((samples**2).mean(axis=0) - mean**2) / (m - 1)  # of the mean: its squared standard error
    return float((mean**2 > 4 * variance).mean(axis=0).sum())


def _early(n: int) -> int:
    return max(1, round(EARLY * n))


def _early_share(walks: Sequence[pd.DataFrame]) -> float | None:
    """Return the share of all squared marginal contributions that the beginnings of the walks make up."""
    squares = sum(walk["marginal"].to_numpy() ** 2 for walk in walks)
    return float(squares[: _early(len(squares))].sum() / squares.sum()) if squares.any() else None


def _error_of_mean(samples: NDArray[np.float64]) -> float | None:
    """Return the standard error of the mean value of some players; errors of one sample go together."""
    means = samples.mean(axis=1)
    return float(means.std(ddof=1) / np.sqrt(len(means))) if len(means) > 1 else None


def _truncation(walks: Sequence[pd.DataFrame], found: ShapleyValues, tolerance: float) -> pd.DataFrame:
    """Return what truncation did, and what larger tolerances would have done to the same walks."""
    rows = []
    for t in sorted({tolerance, *(t for t in TOLERANCES if t > tolerance)}):
        cut = combine([truncate(walk, found.empty, found.full, t) for walk in walks], found.empty, found.full)
        rows.append(
            {
                "tolerance": t,
                "used": t == tolerance,
                "retrains": int(cut.evaluated.sum()),
                "saved": 1 - float(cut.evaluated.sum()) / cut.marginals.size,
                "gap": cut.efficiency_gap,
                "spearman": rank_correlation(cut.values, found.values),
            }
        )
    return pd.DataFrame(rows)


def summarise_groups(
    players: Mapping[str, Any],
    walks: Sequence[pd.DataFrame],
    left_out: Sequence[Mapping[str, Any]],
    n_train: int,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return the facts and the table of the game of groups.

    Parameters
    ----------
    players : mapping
        `names`, `members`, `empty`, `full`, `covered` (training rows in any group).
    walks : list of DataFrame
        One for each permutation.
    left_out : list of mapping
        The leave-group-out influence of each group, in the same order.
    n_train : int
    """
    found = combine(walks, players["empty"], players["full"])
    table = pd.DataFrame(
        {
            "group": players["names"],
            "size": [len(rows) for rows in players["members"]],
            "value": found.values,
            "standard_error": found.standard_errors,
            "influence": [one["repeats"][0]["influence"] for one in left_out],
        }
    )
    table["share"] = table["size"] / n_train
    table["value_per_1000"] = 1000 * table["value"] / table["size"]
    table = table.sort_values("value", ascending=False, kind="stable", ignore_index=True)
    facts = {
        "count": len(table),
        "permutations": len(walks),
        "empty": found.empty,
        "full": found.full,
        "covered": players["covered"] / n_train,
        "disjoint": bool(table["size"].sum() == players["covered"]),
        "efficiency": {"sum": float(found.values.sum()), "gap": found.efficiency_gap},
        "retrains": int(found.evaluated.sum()),
        "best": table.iloc[0].to_dict(),
        "worst": table.iloc[-1].to_dict(),
        "size_correlation": rank_correlation(table["size"], table["value"]),
        "influence_correlation": rank_correlation(table["influence"], table["value"]),
    }
    return facts, table
