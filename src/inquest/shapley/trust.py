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
from inquest.valuation.semivalues import Semivalues
from inquest.valuation.shapley import ShapleyValues

EARLY = 0.05  # the share of a walk's positions that counts as its beginning
TOP = 0.05  # the share of the rows that counts as the best, and as the worst
FEWEST = 5  # but so many rows at least
GOAL = 0.8  # a reliability to rank rows by
CONVERGED = 1.05  # OpenDataVal's threshold for the largest R̂


def trust(found: ShapleyValues, walks: Sequence[pd.DataFrame]) -> dict[str, Any]:
    """Return the facts: reliability, Gelman-Rubin, the relative change, the stability of ranks.

    Parameters
    ----------
    found : ShapleyValues
    walks : list of DataFrame

    Returns
    -------
    dict
        `reliability`, and `needed`, the permutations for one of `goal`; `gelman_rubin`; `change`;
        `stability` of the best and the worst rows; `early`, the share of the squared contributions that the
        first `rows` of each walk make up. None for what so few permutations can't tell.
    """
    samples = found.samples
    count, n = samples.shape
    share = reliability(samples)
    top = min(max(FEWEST, round(TOP * n)), n // 2)
    stability = rank_stability(samples, top)
    return {
        "reliability": share,
        "goal": GOAL,
        "needed": permutations_for(GOAL, share, len(found.marginals)),
        "gelman_rubin": _gelman_rubin(found),
        "change": relative_change(found.running, lag=2 if found.antithetic else 1),
        "stability": None if stability is None else dataclasses.asdict(stability) | {"half": count // 2},
        "early": {"rows": early(n), "share": _early_share(walks)},
    }


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


def early(n: int) -> int:
    """Return how many of n positions are the beginning of a walk."""
    return max(1, round(EARLY * n))


def _early_share(walks: Sequence[pd.DataFrame]) -> float | None:
    """Return the share of all squared marginal contributions that the beginnings of the walks make up."""
    squares = sum(walk["marginal"].to_numpy() ** 2 for walk in walks)
    return float(squares[: early(len(squares))].sum() / squares.sum()) if squares.any() else None


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
