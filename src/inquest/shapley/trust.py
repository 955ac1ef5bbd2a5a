"""How far the estimates of the walks can be trusted."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from inquest.valuation.convergence import gelman_rubin, rank_stability, relative_change, reliability
from inquest.valuation.ranks import rank_correlation
from inquest.valuation.semivalues import Semivalues
from inquest.valuation.shapley import ShapleyValues

EARLY = 0.05  # the share of a walk's positions that counts as its beginning
TOP = 0.05  # the share of the rows that counts as the best, and as the worst
FEWEST = 5  # but so many rows at least
SPLITS = 10  # times that permutations are split in two parts
MOST_SIZES = 12  # of such parts
GOAL = 0.8  # a reliability to rank rows by
CONVERGED = 1.05  # OpenDataVal's threshold for the largest R̂


def trust(found: ShapleyValues) -> dict[str, Any]:
    """Return the facts on the convergence of values.

    Returns
    -------
    dict
        `reliability`, the share of their variance that is signal, which a few rows with large contributions
        decide; `stability` of the ranks of all rows, and of the best and the worst; `needed`, the
        permutations for ranks that correlate by `goal` with others found alike; `gelman_rubin`; `change`.
        None for what so few permutations can't tell.
    """
    samples = found.samples
    count, n = samples.shape
    top = min(max(FEWEST, round(TOP * n)), n // 2)
    stability = rank_stability(samples, top)
    return {
        "reliability": reliability(samples),
        "goal": GOAL,
        "needed": permutations_for(GOAL, stability and stability.full, len(found.marginals)),
        "gelman_rubin": _gelman_rubin(found),
        "change": relative_change(found.running, lag=2 if found.antithetic else 1),
        "stability": None if stability is None else dataclasses.asdict(stability) | {"half": count // 2},
    }


def agreement(found: ShapleyValues, splits: int = SPLITS) -> pd.DataFrame:
    """Return how far the ranks from some permutations agree with those from as many others.

    Parameters
    ----------
    found : ShapleyValues
    splits : int
        How many times so many samples, and as many others, are drawn.

    Returns
    -------
    DataFrame
        `permutations`, and the `mean`, `low` and `high` rank correlation (Spearman) over the splits; up to
        half of the permutations, at most `MOST_SIZES` numbers of them.
    """
    samples, rng = found.samples, np.random.default_rng(0)
    per_sample = len(found.marginals) // len(samples)
    half = len(samples) // 2
    rows = []
    for size in np.unique(np.linspace(1, half, min(half, MOST_SIZES)).round().astype(int)) if half else ():
        known = []
        for _ in range(splits):
            drawn = rng.permutation(len(samples))
            # values that differ by rounding alone are equal
            one, other = (
                samples[part].mean(axis=0).round(12) for part in (drawn[:size], drawn[size : 2 * size])
            )
            known.append(rank_correlation(one, other))
        known = [r for r in known if r is not None]
        if known:
            rows.append((size * per_sample, np.mean(known), min(known), max(known)))
    return pd.DataFrame(rows, columns=["permutations", "mean", "low", "high"])


def beginnings(walks: Sequence[pd.DataFrame]) -> dict[str, Any]:
    """Return which `share` of all squared marginal contributions the first `rows` of each walk make up.

    The share is None if no row adds anything.
    """
    squares = sum(walk["marginal"].to_numpy() ** 2 for walk in walks)
    rows = max(1, round(EARLY * len(squares)))
    return {"rows": rows, "share": float(squares[:rows].sum() / squares.sum()) if squares.any() else None}


def permutations_for(goal: float, share: float | None, permutations: int) -> int | None:
    """Return how many permutations would have a reliability of ``goal``, if so many have one of ``share``.

    The formula is Spearman's and Brown's (1910), turned round: k times the permutations have the reliability
    k r / (1 + (k - 1) r).

    Examples
    --------
    >>> permutations_for(0.8, 0.5, 10)
    40
    """
    if not share:
        return None
    return math.ceil(permutations * goal * (1 - share) / (share * (1 - goal)) - 1e-9)


def _gelman_rubin(found: Semivalues) -> dict[str, Any] | None:
    """Return the largest R̂ and the share of converged rows, in at most 10 chains of 5 samples or more."""
    count = len(found.samples)
    if count < 4:
        return None
    chains = min(10, max(2, count // 5))
    factors = gelman_rubin(found.samples, chains)
    return {
        "chains": chains,
        "length": count // chains,
        "max": float(factors.max()),
        "threshold": CONVERGED,
        "converged": float((factors < CONVERGED).mean()),
    }


def clear_by_chance(found: Semivalues) -> float:
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
