"""What the report says of the influence of rows and groups: the chapter's facts and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from inquest.data.summary import rows_in_words
from inquest.data.tables import ROW
from inquest.influence.ends import ranking, two_ends
from inquest.influence.unusual import LEVEL, MEASURES, correlations, most_unusual, unusual_ranks
from inquest.learners.metrics import FINE
from inquest.valuation.ranks import rank_correlation

ROUNDING = 1e-12  # differences of scores below this are none
MOST_GROUPS = 40  # that are shown one by one; of more, the most notable
RARE = 0.05  # a row is called unusual if it is among this share of the training rows by a measure


def summarise_points(
    points: pd.DataFrame,
    unusual: pd.DataFrame,
    table: pd.DataFrame,
    label: str,
    classes: Sequence[str],
    metric: str,
    n_test: int,
    seed: int,
    every: pd.DataFrame | None = None,
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Return the facts `points` and `unusual`, and the tables of the same names.

    Parameters
    ----------
    points : DataFrame
        `row`, `position`, `influence` and `influence_<metric>` of each row that was left out from scratch.
    unusual : DataFrame
        The measures of every training row, in the order of the split.
    table : DataFrame
        The clean table.
    label, classes, metric : str, list of str, str
    n_test : int
    seed : int
        Of the permutation tests.
    every : DataFrame, optional
        The influences of every training row, in the order of the split. Influence is held against the
        measures in all of them; without them, in the points.
    """
    at = points["position"]
    seen = unusual.iloc[at].reset_index(drop=True)
    rank = unusual_ranks(unusual).iloc[at].reset_index(drop=True).add_suffix("_rank")
    rare = most_unusual(unusual, RARE).iloc[at]
    known = table.set_index(ROW).loc[points["row"]].reset_index()
    shown = pd.concat([points.reset_index(drop=True), seen[["probability", *MEASURES]], rank], axis=1)
    shown["label"] = known[label]
    shown["predicted"] = [classes[code] for code in seen["predicted"]]
    shown["features"] = rows_in_words(known.drop(columns=[ROW, label]))
    shown["flags"] = [", ".join(rare.columns[flags]) for flags in rare.to_numpy()]
    shown["test_rows"] = (shown["influence_accuracy"] * n_test).round().astype(int)
    shown = shown.sort_values(
        ["influence", f"influence_{FINE}"], ascending=False, kind="stable", ignore_index=True
    )
    influence = shown["influence"]
    judged, measures = (shown, shown[list(MEASURES)]) if every is None else (every, unusual[list(MEASURES)])
    found = {
        name: correlations(judged[f"influence_{name}"], measures, seed)
        for name in dict.fromkeys((metric, FINE))
    }
    tests = [
        {"metric": name, **one} for name, all_of in found.items() for one in all_of if one["p"] == one["p"]
    ]
    critical = [one["critical"] for one in tests if one["critical"] == one["critical"]]
    return {
        "points": {
            "count": len(shown),
            "exact": True,
            "step": 1 / n_test,
            "zero": int((influence == 0).sum()),
            "helping": int((influence > 0).sum()),
            "hurting": int((influence < 0).sum()),
            "mean": float(influence.mean()),
            "most": _named(shown.iloc[0]),
            "least": _named(shown.iloc[-1]),
            "largest_change": int(shown["test_rows"].abs().max()),
            "fine": {
                "helping": int((shown[f"influence_{FINE}"] > 0).sum()),
                "hurting": int((shown[f"influence_{FINE}"] < 0).sum()),
                "largest": float(shown[f"influence_{FINE}"].abs().max()),
            }
            if shown[f"influence_{FINE}"].notna().all()
            else None,
        },
        "unusual": {
            "count": len(judged),
            "measures": dict(MEASURES),
            "correlations": found,
            "found": [one for one in tests if one["p"] < LEVEL],
            "tests": len(tests),
            "critical": min(critical, default=None),
            "flagged": shown.loc[shown["flags"] != "", ["row", "flags", "influence"]].to_dict("records"),
        },
    }, {
        "points": shown,
        "unusual": pd.DataFrame([{"metric": k, **one} for k, v in found.items() for one in v]),
    }


def summarise_every_row(
    every: pd.DataFrame,
    solved: Mapping[str, Any],
    points: pd.DataFrame,
    unusual: pd.DataFrame,
    table: pd.DataFrame,
    label: str,
    metric: str,
    n_test: int,
    ends: pd.DataFrame,
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Return the facts `every_row`, and the tables `every_row`, `helpful` and `harmful`.

    Parameters
    ----------
    every : DataFrame
        `row`, `position`, `influence` and `influence_<metric>` of every training row.
    solved : mapping
        `family`, `solved` (how many models were had in which way) and `unconverged`.
    points : DataFrame
        The same columns of some rows, retrained from scratch: the proof.
    unusual, table, label, metric, n_test
        As for `summarise_points`.
    ends : DataFrame
        `row`, `low` and `high` of the rows at either end, as `judge_ends` finds them, and `test_rows`.
    """
    known = table.set_index(ROW).loc[every[ROW]].reset_index()
    shown = every.drop(columns="position").reset_index(drop=True)
    shown.insert(1, "label", known[label])
    shown.insert(2, "probability", unusual["probability"].to_numpy())
    influence, fine = shown["influence"], shown[f"influence_{FINE}"]
    by = f"influence_{FINE}" if fine.notna().all() else "influence"
    ranked = ranking(shown)
    features = known.drop(columns=[ROW, label])
    judged = ends.set_index(ROW)[["low", "high", "test_rows"]]
    counted = (ranked["influence_accuracy"] * n_test).round()
    told = [
        some.assign(features=rows_in_words(features.loc[some.index]), test_rows_net=counted).join(
            judged, on=ROW
        )
        for some in two_ends(ranked)
    ]
    sure = pd.concat(told)
    mine = every.set_index("position").loc[points["position"]]
    gaps = {
        name: float(np.abs(mine[name].to_numpy() - points[name].to_numpy()).max())
        for name in (f"influence_{one}" for one in dict.fromkeys((metric, FINE)))
        if points[name].notna().all()
    }
    moved = (influence * n_test).round().astype(int).abs() if metric == "accuracy" else None
    facts = {
        "count": len(shown),
        **solved,
        **_counts(influence),
        "fine": {**_counts(fine), "by": by != "influence"} if fine.notna().all() else None,
        "moved": None if moved is None else np.bincount(moved),
        "labels": [
            {"label": name, "rows": len(some), **_counts(some[by])} for name, some in shown.groupby("label")
        ],
        "proof": {"points": len(points), "largest": gaps},
        "shown": len(told[0]),
        "ends": {
            "by": metric if by == "influence" else FINE,
            "count": len(sure),
            "clear": int(((sure["low"] > 0) | (sure["high"] < 0)).sum()),
            "test_rows": float(sure["test_rows"].median()) if len(sure) else None,
        },
    }
    tables = {"every_row": shown, "helpful": told[0], "harmful": told[1]}
    return {"every_row": facts}, {name: one.reset_index(drop=True) for name, one in tables.items()}


def _counts(influence: pd.Series) -> dict[str, Any]:
    return {
        "helping": int((influence > ROUNDING).sum()),
        "hurting": int((influence < -ROUNDING).sum()),
        "zero": int((influence.abs() <= ROUNDING).sum()),
        "mean": float(influence.mean()),
        "sd": float(influence.std()),
        "largest": float(influence.abs().max()),
        # of the rows, how few make up half of all that rows change
        "half": _half(influence.abs().to_numpy()),
    }


def _half(sizes: np.ndarray) -> float | None:
    """Return the smallest share of the rows that makes up half of the sum of all sizes."""
    reached = np.cumsum(np.sort(sizes)[::-1])
    return float((np.searchsorted(reached, reached[-1] / 2) + 1) / len(sizes)) if reached[-1] > 0 else None


def _named(point: pd.Series) -> dict[str, Any]:
    return {
        "row": int(point["row"]),
        "influence": float(point["influence"]),
        "label": point["label"],
        "probability": float(point["probability"]),
        "features": point["features"],
        "flags": point["flags"],
        "test_rows": int(point["test_rows"]),
    }


def summarise_groups(
    found: Sequence[Mapping[str, Any]], groups: Sequence[Mapping[str, Any]], n_train: int
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Return the facts `groups`, and the tables `groups` and `group_repeats`.

    A natural group is held against random groups of its size: `expected` is their mean influence and
    `distance` the difference in their standard deviations, both interpolated between the sizes that were
    drawn; `p` is the two-sided p-value of a random group that far off. A group is odd if p is below 5 % by
    the number of natural groups (Bonferroni).

    Parameters
    ----------
    found : list of mapping
        `name`, `kind`, `repeats` (size and influences) and `unconverged` (retrains) of each group.
    groups : list of mapping
        The config's groups, in the same order.
    n_train : int
    """
    repeats = pd.DataFrame(
        [{"group": one["name"], "kind": one["kind"], **repeat} for one in found for repeat in one["repeats"]]
    )
    repeats["share"] = repeats["size"] / n_train
    rows = []
    for one, group in zip(found, groups, strict=True):
        mine = repeats[repeats["group"] == one["name"]]
        influence = mine["influence"]
        rows.append(
            {
                "group": one["name"],
                "kind": one["kind"],
                "what": in_short(group),
                "size": int(mine["size"].iloc[0]),
                "share": float(mine["share"].iloc[0]),
                "repeats": len(mine),
                "influence": float(influence.mean()),
                "sd": float(influence.std()),
                "low": float(influence.min()) if len(mine) > 1 else np.nan,
                "high": float(influence.max()) if len(mine) > 1 else np.nan,
                **{name: float(mine[name].mean()) for name in mine if name.startswith("influence_")},
            }
        )
    table = pd.DataFrame(rows)
    natural = table["kind"] != "random"
    table = table.join(_against_random(table[natural], repeats[repeats["kind"] == "random"]))
    table = table.sort_values(
        ["kind", "share"], key=lambda c: c != "random" if c.name == "kind" else c, ignore_index=True
    )
    table["notable"] = notability(table)
    ordered = table[table["kind"] == "random"].sort_values("share")
    odd = table[table["p"] < LEVEL / max(table["p"].count(), 1)]
    facts = {
        "count": len(table),
        "shown": min(len(table), MOST_GROUPS),
        "sizes": int(table["size"].nunique()),
        "retrains": int(table["repeats"].sum()),
        "unconverged": sum(one["unconverged"] for one in found),
        "random": ordered[["group", "share", "size", "influence", "sd", "low", "high", "repeats"]].to_dict(
            "records"
        ),
        "natural": table[table["kind"] != "random"].to_dict("records"),
        "odd": odd.to_dict("records"),
        "most": table.loc[table["influence"].idxmax(), ["group", "share", "influence"]].to_dict(),
        "least": table.loc[table["influence"].idxmin(), ["group", "share", "influence"]].to_dict(),
        "size_correlation": rank_correlation(repeats["size"], repeats["influence"]),
    }
    return {"groups": facts}, {"groups": table, "group_repeats": repeats}


def notability(table: pd.DataFrame) -> pd.Series:
    """Return 1 for the most notable group, 2 for the next: by p, and then by the size of the influence."""
    size = table["influence"].abs()
    order = pd.DataFrame({"p": table["p"].round(12), "size": -size}).sort_values(["p", "size"], kind="stable")
    return pd.Series(range(1, len(table) + 1), index=order.index).reindex(table.index)


def _against_random(natural: pd.DataFrame, random: pd.DataFrame) -> pd.DataFrame:
    """Return `expected`, `distance` and `p` of natural groups no larger than the largest random ones."""
    columns = ["expected", "distance", "p"]
    if random.empty:
        return pd.DataFrame(columns=columns, index=natural.index, dtype=float)
    drawn = random.groupby("share")["influence"].agg(["mean", "var", "count"]).reset_index()
    inside = natural[natural["share"] <= drawn["share"].max()]
    share = [0.0, *drawn["share"]]
    expected = np.interp(inside["share"], share, [0.0, *drawn["mean"]])
    # a sum of many small contributions varies in proportion to their number: the variance is interpolated
    spread = np.sqrt(np.interp(inside["share"], share, [0.0, *drawn["var"]]))
    difference = inside["influence"] - expected
    distance = difference.where(spread > ROUNDING) / spread
    fewest = drawn["count"].min()  # mean and spread are themselves estimates: Student's prediction interval
    p = 2 * stats.t.sf(distance.abs() / np.sqrt(1 + 1 / fewest), fewest - 1)
    return pd.DataFrame({"expected": expected, "distance": distance, "p": p}, index=inside.index)


def in_short(group: Mapping[str, Any]) -> str:
    """Say what a group holds."""
    kinds = {
        "random": lambda g: f"a random {g['fraction']:.0%} of the rows",
        "where": lambda g: g["condition"],
        "label": lambda g: f"rows with the label {g['label']}",
        "cluster": lambda g: f"k-means cluster {g['cluster']} of {g['clusters']} (0 is the largest)",
        "rows": lambda g: f"{len(g['rows'])} listed rows",
    }
    return kinds[group["kind"]](group)
