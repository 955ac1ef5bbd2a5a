"""What the report says of the Shapley values: the chapter's facts and tables."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from inquest.data.summary import rows_in_words
from inquest.data.tables import ROW
from inquest.learners.metrics import FINE
from inquest.shapley.methods import compare_methods
from inquest.shapley.players import score_of
from inquest.shapley.trust import agreement, beginnings, clear_by_chance, trust
from inquest.valuation.exact import semivalue_of
from inquest.valuation.ranks import rank_correlation
from inquest.valuation.semivalues import Semivalues
from inquest.valuation.shapley import ShapleyValues, combine, truncate

WAYS = ("carried", "newton", "plain")  # how a model may be had
COUNTED = ("accuracy", "balanced_accuracy", "f1")  # metrics that count test rows
ROUNDING = 1e-12  # scores that differ by less are equal
MOST_GROUPS = 40  # that are shown one by one; of more, the best and the worst
TOLERANCES = (0.001, 0.005, 0.01, 0.02, 0.05)


def summarise_rows(
    players: Mapping[str, Any],
    walks: Sequence[pd.DataFrame],
    loo: pd.DataFrame,
    knn: ArrayLike,
    table: pd.DataFrame,
    label: Mapping[str, Any],
    options: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, pd.DataFrame], ShapleyValues]:
    """Return the facts of the game of rows, its tables, and the values.

    Parameters
    ----------
    players : mapping
        `rows` (ids), and the metrics of `empty` and `full`.
    walks : list of DataFrame
        One for each permutation, with the worth of each prefix by all metrics.
    loo : DataFrame
        `row`, `influence` and `influence_<metric>` of each row in the same game.
    knn : array of float, shape (n,)
        The k-NN Shapley values.
    table : DataFrame
        The clean table.
    label : mapping
        `name` and `classes`.
    options : mapping
        `metric`; the truncation `tolerance` and whether permutations are `antithetic`, as in the walks; how
        many of the best and of the worst rows to `show`.

    Returns
    -------
    facts : dict
    tables : dict of DataFrame
        `values` (every row, best first), `best`, `worst`, `methods`, `truncation`, `agreement`.
    values : ShapleyValues
    """
    metric, antithetic = options["metric"], options["antithetic"]
    empty, full = (score_of(players[name], metric) for name in ("empty", "full"))
    found = combine(walks, empty, full, antithetic=antithetic)
    known = table.set_index(ROW).loc[players["rows"]].reset_index()
    left_out = loo.set_index("row").loc[players["rows"]].reset_index()
    values = pd.DataFrame(
        {
            "row": players["rows"],
            "label": known[label["name"]],
            "value": _rounded(found.values),
            "standard_error": found.standard_errors,
            "loo": left_out["influence"],
            "knn": np.asarray(knn, dtype=float),
        }
    )
    fine = None
    if metric != FINE and np.isfinite([empty.metrics[FINE], full.metrics[FINE]]).all():
        fine = combine(walks, empty.metrics[FINE], full.metrics[FINE], FINE, antithetic)
        values["value_fine"] = _rounded(fine.values)
        values["standard_error_fine"] = fine.standard_errors
        values["loo_fine"] = left_out[f"influence_{FINE}"]
    about_fine = None if fine is None else {"metric": FINE, **_about(fine), **_against_loo(values, "_fine")}
    columns, methods = compare_methods(
        values,
        walks,
        antithetic,
        about_fine
        and {
            "values": fine.values,
            "again": about_fine["stability"] and about_fine["stability"]["full"],
            "loo": values["loo_fine"],
        },
    )
    values = values.assign(**columns)
    agreed = {metric: found} | ({FINE: fine} if fine is not None else {})
    ranked = values.sort_values(["value", "row"], ascending=[False, True], kind="stable")
    show = min(options["show"], len(ranked) // 2)
    features = known.drop(columns=[ROW, label["name"]])
    best, worst = (
        some.assign(features=rows_in_words(features.loc[some.index]))
        for some in (ranked.head(show), ranked.tail(show).iloc[::-1])
    )
    facts = {
        "count": len(values),
        "permutations": len(walks),
        "antithetic": antithetic,
        "tolerance": options["tolerance"],
        "empty": found.empty,
        "full": found.full,
        **_about(found),
        "early": beginnings(walks),
        "by_chance": clear_by_chance(found) if len(found.samples) > 1 else None,
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
        "loo": _against_loo(values),
        "fine": about_fine,
        "fine_spearman": None if fine is None else rank_correlation(fine.values, values["value"]),
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
        "best": best.iloc[0].to_dict(),
        "worst": worst.iloc[0].to_dict(),
        "show": show,
        "one_walk": _owed_to_one_walk(found, np.concatenate([best.index, worst.index])),
    }
    tables = {
        "values": ranked.reset_index(drop=True),
        "best": best.reset_index(drop=True),
        "worst": worst.reset_index(drop=True),
        "methods": methods,
        "truncation": _truncation(walks, found, options["tolerance"]),
        "agreement": pd.concat([agreement(one).assign(metric=name) for name, one in agreed.items()]),
    }
    return facts, tables, found


def _owed_to_one_walk(found: ShapleyValues, rows: NDArray[np.intp]) -> int | None:
    """Return how many of the rows have most of their contributions, by size, in one walk of several."""
    sizes = np.abs(found.marginals[:, rows])
    return int((2 * sizes.max(axis=0) > sizes.sum(axis=0)).sum()) if len(sizes) > 2 else None


def _rounded(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values.round(12) + 0.0  # sums that are 0 but for rounding are 0


def _about(found: ShapleyValues) -> dict[str, Any]:
    """Return mean and spread of the values of a metric, and how far they can be trusted."""
    values, error = _rounded(found.values), found.standard_errors
    repeated = len(found.samples) > 1
    sd, trusted = float(values.std(ddof=1)), trust(found)
    share = trusted["reliability"]
    return {
        **trusted,
        "mean": float(values.mean()),
        "sd": sd,
        "positive": float((values > 0).mean()),
        "median_error": float(np.median(error)) if repeated else None,
        "clear": {
            "helping": int((values > 2 * error).sum()),
            "hurting": int((values < -2 * error).sum()),
        }
        if repeated
        else None,
        "signal_sd": None if share is None else sd * share**0.5,
    }


def _against_loo(values: pd.DataFrame, which: str = "") -> dict[str, Any]:
    """Return how the values go with leave-one-out influence."""
    loo = values[f"loo{which}"]
    return {
        "spearman": rank_correlation(values[f"value{which}"], loo),
        "zero": int((loo == 0).sum()),
        "distinct": int(loo.nunique()),
    }


def solved_in_all(jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return how all the jobs together had their models: `family`, `solved` (by way), `unconverged`.

    Examples
    --------
    >>> job = {"family": "plain retraining", "solved": {"plain": 2}, "unconverged": 0}
    >>> solved_in_all([job, job])["solved"]
    {'carried': 0, 'newton': 0, 'plain': 4}
    """
    solved = Counter(dict.fromkeys(WAYS, 0))
    for one in jobs:
        solved.update(one["solved"])
    return {
        "family": jobs[0]["family"],
        "solved": dict(solved),
        "unconverged": sum(one["unconverged"] for one in jobs),
    }


def why_stopped(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the report says of the permutations that were added, from what the rule `walk_on` found.

    Returns
    -------
    dict
        All that `inquest.shapley.further.walk_until` returns; the last look's `largest` and `median` standard
        error and its `player`; how many permutations were `added`; and if the values aren't sure yet, about
        how many would be `needed`: errors shrink with the root of their number. None where that is unknown.
    """
    last = found["looks"][-1]
    needed = None
    if found["because"] != "sure" and last["largest"] is not None:
        needed = math.ceil(found["permutations"] * (last["largest"] / found["standard_error"]) ** 2)
    kept = ("because", "standard_error", "max_permutations", "permutations", "least", "round", "looks")
    return {
        **{name: found[name] for name in kept},
        **{name: last[name] for name in ("largest", "median", "player")},
        "added": found["permutations"] - found["least"],
        "needed": needed,
    }


def summarise_checks(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the spot checks prove.

    Parameters
    ----------
    found : mapping
        `checks`, as `inquest.shapley.spot_checks.check_prefix` returns them, and `unconverged`.

    Returns
    -------
    dict
        `largest`, the largest difference by each metric that could be computed; `differ`, how many checks
        differ in a metric that counts test rows, and `close`, how many of their test rows lie within the
        tolerance of a tie; the smallest `margin` of all.
    """
    checks = found["checks"]
    if not checks:
        return {**found, "count": 0, "largest": {}, "differ": 0, "close": 0, "margin": None}
    names = [name for name in checks[0]["differences"] if checks[0]["differences"][name] is not None]
    apart = [
        check for check in checks if any((check["differences"][name] or 0) > ROUNDING for name in COUNTED)
    ]
    return {
        **found,
        "count": len(checks),
        "largest": {name: max(check["differences"][name] for check in checks) for name in names},
        "differ": len(apart),
        "close": sum(check["close"] for check in apart),
        "margin": min(check["margin"] for check in checks),
    }


def _error_of_mean(samples: NDArray[np.float64]) -> float | None:
    """Return the standard error of the mean value of some players; errors of one sample go together."""
    means = samples.mean(axis=1)
    return float(means.std(ddof=1) / np.sqrt(len(means))) if len(means) > 1 else None


def _truncation(walks: Sequence[pd.DataFrame], found: ShapleyValues, tolerance: float) -> pd.DataFrame:
    """Return what truncation did, and what larger tolerances would have done to the same walks."""
    empty, full, rows = found.empty, found.full, []
    for t in sorted({tolerance, *(t for t in TOLERANCES if t > tolerance)}):
        cut = [truncate(walk, empty, full, t) for walk in walks]
        cut = combine(cut, empty, full, antithetic=found.antithetic)
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
    metric: str,
    antithetic: bool = False,
    worths: ArrayLike | None = None,
) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return the facts and the table of the game of groups, best first.

    Parameters
    ----------
    players : mapping
        `names`, `members`, the metrics of `empty` and `full`, `covered` (training rows in any group).
    walks : list of DataFrame
        One for each permutation.
    left_out : list of mapping
        The leave-group-out influence of each group, in the same order.
    n_train : int
    metric : str
    antithetic : bool
    worths : array of float, shape (2**groups,), optional
        The worth of every coalition, from which the exact values are; NaN in the table without them.
    """
    empty, full = (score_of(players[name], metric) for name in ("empty", "full"))
    found = combine(walks, empty, full, antithetic=antithetic)
    exact = np.full(len(players["names"]), np.nan) if worths is None else semivalue_of(worths)
    table = pd.DataFrame(
        {
            "group": players["names"],
            "size": [len(rows) for rows in players["members"]],
            "exact": exact,
            "value": found.values,
            "standard_error": found.standard_errors,
            "influence": [one["repeats"][0]["influence"] for one in left_out],
        }
    )
    best = table["value"] if worths is None else table["exact"]
    table["share"] = table["size"] / n_train
    table["value_per_1000"] = 1000 * best / table["size"]
    table = table.loc[best.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)
    best = table["value"] if worths is None else table["exact"]
    facts = {
        "count": len(table),
        "shown": min(len(table), MOST_GROUPS),
        "permutations": len(walks),
        "empty": found.empty,
        "full": found.full,
        "covered": players["covered"] / n_train,
        "disjoint": bool(table["size"].sum() == players["covered"]),
        "efficiency": {"sum": float(found.values.sum()), "gap": found.efficiency_gap},
        "retrains": int(found.evaluated.sum()),
        "best": table.iloc[0].to_dict(),
        "worst": table.iloc[-1].to_dict(),
        "size_correlation": rank_correlation(table["size"], best),
        "influence_correlation": rank_correlation(table["influence"], best),
        "exact": None if worths is None else _estimates_against(exact, found),
    }
    return facts, table


def ends(table: pd.DataFrame) -> pd.DataFrame:
    """Return the groups that are shown one by one, of a table that has the best first."""
    half = MOST_GROUPS // 2
    return table if len(table) <= MOST_GROUPS else pd.concat([table.head(half), table.tail(half)])


def _estimates_against(exact: NDArray[np.float64], found: Semivalues) -> dict[str, Any]:
    """Return how far the estimates of the walks are from the exact values, also in their standard errors."""
    apart = np.abs(found.values - exact)
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = apart / found.standard_errors
    known = errors[np.isfinite(errors)]  # of one permutation, or with equal contributions, there is no error
    return {
        "coalitions": 2 ** len(exact),
        "sum": float(exact.sum()),
        "largest": float(apart.max()),
        "mean": float(apart.mean()),
        "largest_in_errors": float(known.max()) if len(known) else None,
        "mean_in_errors": float(known.mean()) if len(known) else None,
        "within_two": int((known <= 2).sum()) if len(known) else None,
        "compared": len(known),
        "spearman": rank_correlation(exact, found.values),
    }
