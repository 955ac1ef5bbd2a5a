"""Other values of the same rows: semivalues of the same walks, leave-one-out, k-NN Shapley."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inquest.valuation.convergence import reliability
from inquest.valuation.ranks import rank_correlation
from inquest.valuation.semivalues import banzhaf_weights, beta_weights, semivalues

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
        `values` and `reliability` of Data Shapley by the log-loss, if that is known and another metric.

    Returns
    -------
    columns : dict of ndarray
        `beta_4_1`, `beta_16_1` and `banzhaf`, shape (n,).
    table : DataFrame
        For each `method`: the `mean`, the share of `positive` values, rank correlations with Data `shapley`
        and with leave-one-out (`loo`), the `share` of the walks that speaks in it, and its `reliability`.
        NaN where that makes no sense.
    """
    n = len(values)
    rows = [_row("shapley", values["value"], values, 1.0, _reliability(walks, np.ones(n), antithetic))]
    if fine is not None:
        rows.append(_row("shapley_fine", fine["values"], values, 1.0, fine["reliability"]))
    columns = {}
    for name, weights in weights_of(n).items():
        columns[name] = semivalues(walks, weights, antithetic=antithetic).values
        # what is left of the walks: Kish's effective sample size, as a share
        share = float(1 / np.mean(weights**2))
        rows.append(_row(name, columns[name], values, share, _reliability(walks, weights, antithetic)))
    rows += [_row(name, values[name], values, np.nan, None) for name in ("loo", "knn")]
    return columns, pd.DataFrame(rows).astype({"shapley": float, "loo": float, "reliability": float})


def _reliability(walks: Sequence[pd.DataFrame], weights: NDArray, antithetic: bool) -> float | None:
    return reliability(semivalues(walks, weights, antithetic=antithetic).samples)


def _row(name: str, found: Any, values: pd.DataFrame, share: float, reliable: float | None) -> dict[str, Any]:
    found = np.asarray(found, dtype=float).round(12)  # equal but for rounding is equal
    return {
        "method": name,
        "mean": float(found.mean()),
        "positive": float((found > 0).mean()),
        "shapley": rank_correlation(found, values["value"]),
        "loo": rank_correlation(found, values["loo"]),
        "share": share,
        "reliability": reliable,
    }
