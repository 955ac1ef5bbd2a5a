"""Other values of the same rows: semivalues of the same walks, leave-one-out, k-NN Shapley."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inquest.valuation.convergence import rank_stability
from inquest.valuation.ranks import rank_correlation
from inquest.valuation.semivalues import Semivalues, banzhaf_weights, beta_weights, semivalues

BETAS = ((4, 1), (16, 1))  # those that Kwon & Zou (2022) recommend


def weights_of(n: int) -> dict[str, NDArray[np.float64]]:
    """Return the weights of each semivalue that the walks of n rows also give, by its column's name."""
    betas = {f"beta_{alpha}_{beta}": beta_weights(n, alpha, beta) for alpha, beta in BETAS}
    return {**betas, "banzhaf": banzhaf_weights(n)}


def compare_methods(
    values: pd.DataFrame, walks: Sequence[pd.DataFrame], antithetic: bool, fine: Mapping[str, Any] | None
) -> tuple[dict[str, NDArray[np.float64]], pd.DataFrame]:
    """Return the other semivalues of the walks, and how all methods agree.

    Parameters
    ----------
    values : DataFrame
        A row for each valued row, in the order of the players: `value`, `loo` and `knn`.
    walks : list of DataFrame
    antithetic : bool
    fine : mapping, optional
        If the log-loss is known and another metric: `values` of Data Shapley by it, their rank correlation
        with others found alike (`again`), and `loo` by it.

    Returns
    -------
    columns : dict of ndarray
        `beta_4_1`, `beta_16_1` and `banzhaf`, shape (n,).
    table : DataFrame
        For each `method`: the `mean`, the share of `positive` values, rank correlations with Data `shapley`
        by the metric and by the log-loss (`fine`), and with leave-one-out (`loo`), the `share` of the walks
        that speaks in it, and the rank correlation with the same from as many other walks (`again`). NaN
        where that makes no sense.
    """
    n = len(values)
    held = {"shapley": values["value"], "loo": values["loo"]} | (
        {} if fine is None else {"fine": fine["values"]}
    )
    again = _again(semivalues(walks, np.ones(n), antithetic=antithetic))
    rows = [_row("shapley", values["value"], held, 1.0, again)]
    if fine is not None:
        rows.append(_row("shapley_fine", fine["values"], held, 1.0, fine["again"]))
    columns = {}
    for name, weights in weights_of(n).items():
        found = semivalues(walks, weights, antithetic=antithetic)
        columns[name] = found.values
        # what is left of the walks: Kish's effective sample size, as a share
        share = float(1 / np.mean(weights**2))
        rows.append(_row(name, columns[name], held, share, _again(found)))
    rows.append(_row("loo", values["loo"], held, np.nan, None))
    if fine is not None:
        rows.append(_row("loo_fine", fine["loo"], held, np.nan, None))
    rows.append(_row("knn", values["knn"], held, np.nan, None))
    table = pd.DataFrame(rows)
    return columns, table.astype({name: float for name in table if name != "method"})


def _again(found: Semivalues) -> float | None:
    """Return the rank correlation to be expected with the values of as many other walks."""
    stability = rank_stability(found.samples, top=1)
    return None if stability is None else stability.full


def _row(name: str, found: Any, held: Mapping[str, Any], share: float, again: float | None) -> dict[str, Any]:
    found = np.asarray(found, dtype=float).round(12)  # equal but for rounding is equal
    return {
        "method": name,
        "mean": float(found.mean()),
        "positive": float((found > 0).mean()),
        **{other: rank_correlation(found, against) for other, against in held.items()},
        "share": share,
        "again": again,
    }
