"""What the report says of the methods: the chapter's facts and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from inquest.baseline.summary import METRIC_NAMES
from inquest.learners.metrics import FINE
from inquest.quality.methods import METHODS, NEIGHBOURS
from inquest.valuation.experiments import Detection, area, detection

MEASURES = ("average_precision", "roc_auc", "r_precision", "f1", "called")
MOST = 0.5  # of the rows are removed: beyond, curves are about which labels happen to be left
EARLY = 0.2  # the share of rows whose removal the table shows
NEARLY = 0.9  # of the best average precision, for a method that is nearly as good
POINTS = 51  # of a curve are drawn
RANDOM_ORDERS = 2000


def summarise(
    valued: Sequence[pd.DataFrame],
    curves: Sequence[pd.DataFrame],
    found: Sequence[Mapping[str, Any]],
    removed: Sequence[Mapping[str, Any]],
    seconds: Sequence[Mapping[str, float]],
    metric: str,
) -> tuple[dict[str, Any], dict[str, pd.DataFrame], dict[str, float]]:
    """Return the facts and tables of the chapter, and apart from them the mean seconds of each method.

    Parameters
    ----------
    valued, curves : list of DataFrame
        What the rules `find_flipped` and `remove_rows` found in each repeat.
    found, removed : list of mapping
        Their facts: `models` of each method; the `family` of the classifier, and how many `rows` (`of` all)
        were valued by how many test rows (`judges`) and scored on how many `others`.
    seconds : list of mapping
        The seconds of each method in each job.
    metric : str
        The primary metric.
    """
    detected, tables = summarise_detection(valued, [one["models"] for one in found])
    left, more = summarise_removal(curves, [one["models"] for one in removed])
    tables |= more
    facts = {
        **{name: removed[0][name] for name in ("rows", "of", "judges", "others")},
        "family": found[0]["family"],
        "metric": METRIC_NAMES[metric],
        "neighbours": NEIGHBOURS,
        "detection": detected,
        "removal": left,
        "costs": _costs(tables["detection"], tables["removal"]),
        "one_sided": [
            name
            for name in left["not_beating"]
            if name not in detected["not_beating"]  # it finds flips, but doesn't tell what can go
        ],
    }
    return facts, tables, {name: float(np.mean([one[name] for one in seconds])) for name in METHODS}


def summarise_detection(
    found: Sequence[pd.DataFrame], models: Sequence[Mapping[str, int]]
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Return the facts of finding flipped labels, and the tables `detection` and `precision`.

    Parameters
    ----------
    found : list of DataFrame
        For each repeat a row for each training row: `row`, `flipped`, and a column for each variant.
    models : list of dict
        For each repeat how many models each method fitted.

    Returns
    -------
    facts : dict
    tables : dict of DataFrame
        `detection`: a row for each `variant`, best first, with the mean of each measure of
        `inquest.valuation.experiments.Detection` over the repeats and its range (`_low`, `_high`), and
        `models`. `precision`: at each `recall`, the mean and range of the precision.
    """
    variants = found[0].columns.drop(["row", "flipped"])
    wrong = np.array([table["flipped"].sum() for table in found])
    rows, curves = [], []
    for variant in variants:
        seen = [detection(table[variant], table["flipped"]) for table in found]
        row = {
            "variant": variant,
            "method": variant.partition(":")[0],
            "name": name_of(variant),
            "models": float(np.mean([counts[variant.partition(":")[0]] for counts in models])),
        }
        for measure in MEASURES:
            row |= _range(measure, [getattr(one, measure) for one in seen])
        rows.append(row)
        curves.append(_precision(variant, seen, wrong.min()))
    table = _ranked(rows, "average_precision")
    chance, sure = chance_of(len(found[0]), int(wrong.min()))
    table["beats_chance"] = table["average_precision_low"] > sure
    real = table[table["method"] != "random"]
    best = real.iloc[0]
    frugal = real[real["average_precision"] >= NEARLY * best["average_precision"]].sort_values(
        ["models", "average_precision"], ascending=[True, False], kind="stable"
    )
    facts = {
        "flipped": int(wrong.min()),
        "chance": chance,
        "sure": sure,
        "best": best.to_dict(),
        "frugal": frugal.iloc[0].to_dict() if frugal.iloc[0]["models"] < best["models"] else None,
        "beating": int(real["beats_chance"].sum()),
        "methods": len(real),
        "not_beating": real.loc[~real["beats_chance"], "name"].tolist(),
        "random": table[table["method"] == "random"].iloc[0].to_dict(),
        "finer": _finer(table),
    }
    return facts, {"detection": table, "precision": pd.concat(curves, ignore_index=True)}


def chance_of(n: int, wrong: int, seed: int = 0) -> tuple[float, float]:
    """Return the average precision of random orders of n rows: the mean, and what 1 % of them exceed.

    Examples
    --------
    >>> mean, high = chance_of(2, 1)  # the wrong label comes first (1), or second (1/2)
    >>> abs(mean - 3 / 4) < 0.02, high
    (True, 1.0)
    """
    rng = np.random.default_rng(seed)
    places = np.sort(
        [rng.choice(n, wrong, replace=False, shuffle=False) + 1 for _ in range(RANDOM_ORDERS)], axis=1
    )
    scores = (np.arange(1, wrong + 1) / places).mean(axis=1)
    return float(scores.mean()), float(np.quantile(scores, 0.99))


def precision_at(curve: pd.DataFrame, wrong: int) -> NDArray[np.float64]:
    """Return the precision once 1, 2, … wrong labels are found, from `Detection.curve`; shape (wrong,).

    Rows of one value are inspected together.
    """
    found = np.rint(curve["recall"] * wrong).astype(int)
    return curve["precision"].to_numpy()[np.searchsorted(found, np.arange(1, wrong + 1))]


def summarise_removal(
    curves: Sequence[pd.DataFrame], models: Sequence[Mapping[str, int]]
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Return the facts of removing rows by value, and the tables `removal` and `curves`.

    Parameters
    ----------
    curves : list of DataFrame
        For each repeat what `inquest.quality.methods.remove_rows` returns.
    models : list of dict
        For each repeat how many models each method fitted.

    Returns
    -------
    facts : dict
    tables : dict of DataFrame
        `removal`: a row for each `variant` with the mean over the repeats, and the range, of the mean score
        up to `MOST` (`area`) and of the score without `EARLY` of the rows (`early`), best-first and
        worst-first, and of the `gap` between both areas, by which it is sorted. `curves`: at each share
        `removed`, the mean and range of the score.
    """
    curves = [one[one["removed"] <= MOST] for one in curves]
    rows, drawn = [], []
    for variant, same in pd.concat(curves, keys=range(len(curves)), names=["repeat"]).groupby(
        "variant", sort=False
    ):
        method = variant.partition(":")[0]
        row = {
            "variant": variant,
            "method": method,
            "name": name_of(variant),
            "models": float(np.mean([counts[method] for counts in models])),
        }
        areas = {}
        for first, mine in same.groupby("first"):
            every = [one for _, one in mine.groupby(level="repeat")]
            areas[first] = np.array([area(one) for one in every])
            row |= _range(f"area_{first}", areas[first])
            row |= _range(f"early_{first}", [_score_at(one, EARLY) for one in every])
            drawn.append(_mean_curve(variant, first, every))
        rows.append(row | _range("gap", areas["worst"] - areas["best"]))
    table = _ranked(rows, "gap")
    random = table[table["method"] == "random"].iloc[0]
    real = table[table["method"] != "random"]
    full = [float(one.loc[one["removed"] == 0, "worth"].iloc[0]) for one in curves]
    lift = real.sort_values("early_worst", ascending=False, kind="stable").iloc[0]
    facts = {
        "full": float(np.mean(full)),
        "early": EARLY,
        "most": MOST,
        "best": real.iloc[0].to_dict(),
        "lift": {**lift.to_dict(), "gain": float(lift["early_worst"] - np.mean(full))},
        "random": random.to_dict(),
        "beating": int((real["gap_low"] > random["gap_high"]).sum()),
        "methods": len(real),
        "not_beating": real.loc[real["gap_low"] <= random["gap_high"], "name"].tolist(),
    }
    return facts, {"removal": table, "curves": pd.concat(drawn, ignore_index=True)}


def _costs(detected: pd.DataFrame, removed: pd.DataFrame) -> list[dict[str, Any]]:
    """Return what each method costs, and the best that it reaches by any metric."""
    rows = []
    for method, name in METHODS.items():
        mine, left = (table[table["method"] == method] for table in (detected, removed))
        rows.append(
            {
                "method": method,
                "name": name,
                "models": float(pd.concat([mine["models"], left["models"]]).mean()),
                "average_precision": float(mine["average_precision"].max()),
                "gap": float(left["gap"].max()),
            }
        )
    return rows


def name_of(variant: str) -> str:
    """Return what the report calls a variant: the method, and its metric if that is not the primary one."""
    method, _, metric = variant.partition(":")
    return METHODS[method] + (f", {METRIC_NAMES[metric].removeprefix('negative ')}" if metric else "")


def _finer(table: pd.DataFrame) -> dict[str, Any] | None:
    """Return how many methods find more by the finer metric, of how many that have both."""
    scores = table.set_index("variant")["average_precision"]
    pairs = [(scores[name], scores[f"{name}:{FINE}"]) for name in scores.index if f"{name}:{FINE}" in scores]
    if not pairs:
        return None
    return {"better": sum(fine > coarse for coarse, fine in pairs), "of": len(pairs)}


def _ranked(rows: list[dict[str, Any]], by: str) -> pd.DataFrame:
    return pd.DataFrame(rows).sort_values(by, ascending=False, kind="stable", ignore_index=True)


def _range(name: str, values: ArrayLike) -> dict[str, float]:
    values = np.asarray(values, dtype=float)
    return {
        name: float(values.mean()),
        f"{name}_low": float(values.min()),
        f"{name}_high": float(values.max()),
    }


def _precision(variant: str, seen: Sequence[Detection], wrong: int) -> pd.DataFrame:
    precision = np.array([precision_at(one.curve, wrong) for one in seen])
    return pd.DataFrame(
        {
            "variant": variant,
            "recall": np.arange(1, wrong + 1) / wrong,
            "mean": precision.mean(axis=0),
            "low": precision.min(axis=0),
            "high": precision.max(axis=0),
        }
    )


def _score_at(curve: pd.DataFrame, share: float) -> float:
    return float(curve["worth"].to_numpy()[np.abs(curve["removed"] - share).to_numpy().argmin()])


def _mean_curve(variant: str, first: str, every: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the mean and range of curves at up to `POINTS` of their shares."""
    removed = every[0]["removed"].to_numpy()
    shown = np.unique(np.linspace(0, len(removed) - 1, POINTS).round().astype(int))
    worth = np.array([one["worth"].to_numpy()[shown] for one in every])
    return pd.DataFrame(
        {
            "variant": variant,
            "first": first,
            "removed": removed[shown],
            "mean": worth.mean(axis=0),
            "low": worth.min(axis=0),
            "high": worth.max(axis=0),
        }
    )
