"""What the report says of the Shapley values: the chapter's facts and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from inquest.data.summary import in_words
from inquest.data.tables import ROW
from inquest.valuation.shapley import ShapleyValues, combine, truncate

TOLERANCES = (0.001, 0.005, 0.01, 0.02, 0.05)


def summarise_rows(
    players: Mapping[str, Any],
    walks: Sequence[pd.DataFrame],
    table: pd.DataFrame,
    label: Mapping[str, Any],
    tolerance: float,
    show: int,
) -> tuple[dict[str, Any], dict[str, pd.DataFrame], ShapleyValues]:
    """Return the facts of the game of rows, the tables `values`, `best`, `worst` and `truncation`, and the values.

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
            "value": found.values,
            "standard_error": found.standard_errors,
            "loo": players["full"] - np.asarray(players["without"]),
            "features": [in_words(row) for _, row in known.drop(columns=[ROW, label["name"]]).iterrows()],
        }
    )
    ranked = values.sort_values(["value", "row"], ascending=[False, True], kind="stable", ignore_index=True)
    show = min(show, len(ranked) // 2)
    error = values["standard_error"]
    noise, spread = float((error**2).mean()), float(values["value"].var(ddof=1))
    known_error = len(walks) > 1 and spread > 0
    rho = _spearman(values["value"], values["loo"])
    truncation = _truncation(walks, found, tolerance)
    facts = {
        "count": len(values),
        "permutations": len(walks),
        "tolerance": tolerance,
        "empty": found.empty,
        "full": found.full,
        "mean": float(values["value"].mean()),
        "sd": float(values["value"].std(ddof=1)),
        "median_error": float(error.median()) if len(walks) > 1 else None,
        "positive": float((values["value"] > 0).mean()),
        "clear": {
            "helping": int((values["value"] > 2 * error).sum()),
            "hurting": int((values["value"] < -2 * error).sum()),
        }
        if len(walks) > 1
        else None,
        "by_chance": len(values) * 2 * float(stats.t.sf(2, len(walks) - 1)) if len(walks) > 1 else None,
        "reliability": max(0.0, 1 - noise / spread) if known_error else None,
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
            "spearman": rho,
            "zero": int((values["loo"] == 0).sum()),
            "distinct": int(values["loo"].nunique()),
        },
        "labels": [
            {
                "label": name,
                "rows": len(mine),
                "mean": float(mine["value"].mean()),
                "sd": float(mine["value"].std(ddof=1)),
                "positive": float((mine["value"] > 0).mean()),
            }
            for name, mine in values.groupby("label")
        ],
        "change": _relative_change(found),
        "best": ranked.iloc[0].to_dict(),
        "worst": ranked.iloc[-1].to_dict(),
        "show": show,
    }
    tables = {
        "values": ranked,
        "best": ranked.head(show),
        "worst": ranked.tail(show).iloc[::-1].reset_index(drop=True),
        "truncation": truncation,
    }
    return facts, tables, found


def _spearman(x: pd.Series, y: pd.Series) -> float | None:
    return float(stats.spearmanr(x, y).statistic) if x.nunique() > 1 and y.nunique() > 1 else None


def _truncation(walks: Sequence[pd.DataFrame], found: ShapleyValues, tolerance: float) -> pd.DataFrame:
    """Return what truncation did, and what larger tolerances would have done to the same walks."""
    rows = []
    for t in sorted({tolerance, *(t for t in TOLERANCES if t > tolerance)}):
        cut = combine([truncate(walk, found.full, t) for walk in walks], found.empty, found.full)
        rows.append(
            {
                "tolerance": t,
                "used": t == tolerance,
                "retrains": int(cut.evaluated.sum()),
                "saved": 1 - float(cut.evaluated.sum()) / cut.marginals.size,
                "gap": cut.efficiency_gap,
                "spearman": _spearman(pd.Series(cut.values), pd.Series(found.values)),
            }
        )
    return pd.DataFrame(rows)


def _relative_change(found: ShapleyValues) -> float | None:
    """Return how far the last permutation moved the estimates: the sum of moves by the sum of sizes.

    Ghorbani & Zou (2019) stop when the mean relative change is below 5 %; sums keep values near 0, whose
    relative change means nothing, from deciding.
    """
    if len(found.marginals) < 2:
        return None
    before, after = found.running[-2:]
    size = float(np.abs(after).sum())
    return float(np.abs(after - before).sum()) / size if size > 0 else None


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
        "efficiency": {"sum": float(found.values.sum()), "gap": found.efficiency_gap},
        "retrains": int(found.evaluated.sum()),
        "best": table.iloc[0].to_dict(),
        "worst": table.iloc[-1].to_dict(),
        "size_correlation": _spearman(table["size"], table["value"]),
        "influence_correlation": _spearman(table["influence"], table["value"]),
    }
    return facts, table
