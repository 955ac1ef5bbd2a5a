"""How sure values from random permutations are: convergence, reliability, and the stability of ranks.

Everything here takes `samples`: independent estimates of all n values, shape (samples, n), such as
`Semivalues.samples`, where antithetic pairs count as one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inquest.valuation.ranks import rank_correlation


def gelman_rubin(samples: ArrayLike, chains: int = 10) -> NDArray[np.float64]:
    """Return the potential scale reduction factor R̂ of each row (Gelman & Rubin 1992).

    The samples are cut into chains, as if each had been drawn by a machine of its own; the first are left out
    where they can't be shared out evenly. With T samples a chain, s² the mean variance within chains and b
    that of the chains' means, R̂ = √((T - 1) / T + b / s²). This is the form of Vats & Knudson (2021) that
    OpenDataVal uses, with 10 chains; it stops when the largest R̂ of all rows is below 1.05.

    Permutations are independent, so R̂ is near 1 by design once chains are long: it tells whether there are
    enough samples for the variance to be known, not whether rows can be told apart (see `reliability`).

    Parameters
    ----------
    samples : ndarray of float, shape (samples, n)
    chains : int
        At least 2, of at least 2 samples each.

    Returns
    -------
    ndarray of float, shape (n,)
        1 for a row whose samples are all equal; infinite for one that varies between chains alone.

    Raises
    ------
    ValueError
        For too few samples.

    Examples
    --------
    >>> gelman_rubin([[1.0], [3.0], [1.0], [3.0]], chains=2).round(4).tolist()  # chains that agree
    [0.7071]
    >>> gelman_rubin([[1.0], [3.0], [5.0], [7.0]], chains=2).round(4).tolist()
    [2.1213]
    """
    samples = np.asarray(samples, dtype=float)
    length = len(samples) // max(chains, 1)
    if chains < 2 or length < 2:
        raise ValueError(f"at least 2 chains of 2 samples are needed, found {len(samples)} in {chains}")
    cut = samples[len(samples) - chains * length :].reshape(chains, length, -1)
    within = cut.var(axis=1, ddof=1).mean(axis=0)
    between = cut.mean(axis=1).var(axis=0, ddof=1)
    constant = np.ptp(cut, axis=(0, 1)) == 0  # rounding may make their variance a little more than 0
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(constant, 1.0, np.sqrt((length - 1) / length + between / within))


def relative_change(running: ArrayLike, lag: int = 1) -> float | None:
    """Return how far the last ``lag`` permutations moved the estimates: the sum of moves by the sum of sizes.

    Ghorbani & Zou (2019) stop when the mean over rows of |v_t - v_{t - 100}| / |v_t| is below 5 %. Most rows
    of a large data set have values near 0, where that ratio means nothing and may be of any size, so moves
    and sizes are summed before they are divided.

    Parameters
    ----------
    running : ndarray of float, shape (permutations, n)
        The estimates after 1, 2, … permutations.
    lag : int
        How many permutations back to compare.

    Returns
    -------
    float or None
        None if there are no more than ``lag`` permutations, or if all the values are 0.

    Examples
    --------
    >>> relative_change([[2.0, 0.0], [3.0, 1.0]])
    0.5
    """
    running = np.asarray(running, dtype=float)
    if len(running) <= lag:
        return None
    before, after = running[-1 - lag], running[-1]
    size = float(np.abs(after).sum())
    return float(np.abs(after - before).sum()) / size if size > 0 else None


def reliability(samples: ArrayLike) -> float | None:
    """Return the share of the values' variance that isn't noise: 1 - mean squared standard error / variance.

    This is reliability as test theory has it (Lord & Novick 1968): the squared correlation of estimates with
    true values, and the correlation of two sets of estimates that were made alike.

    Returns
    -------
    float or None
        In 0 … 1; None for fewer than two samples, or values that don't vary.
    """
    samples = np.asarray(samples, dtype=float)
    count, n = samples.shape
    if count < 2 or n < 2:
        return None
    values = samples.mean(axis=0)
    varies = np.ptp(values) > 1e-12 * np.abs(samples).max()  # more than by rounding
    variance = float(values.var(ddof=1))
    # what a walk gives to one row it takes from others: errors sum to 0, hence n - 1 as in the variance
    noise = float(samples.var(axis=0, ddof=1).sum()) / count / (n - 1)
    return max(0.0, 1 - noise / variance) if varies else None


@dataclass(frozen=True)
class RankStability:
    """How far values from one half of the samples agree with those from the other, over random splits.

    Attributes
    ----------
    top : int
        How many of the best and of the worst rows are compared.
    best, worst : float
        The mean share of a half's ``top`` best (worst) rows that are among those of the other half.
    by_chance : float
        That share if values were pure noise: top / n.
    halves : float
        The mean rank correlation (Spearman) of the halves.
    full : float
        What it would be between two estimates of all the samples each, by the Spearman-Brown formula.
    """

    top: int
    best: float
    worst: float
    by_chance: float
    halves: float
    full: float


def rank_stability(samples: ArrayLike, top: int, splits: int = 20, seed: int = 0) -> RankStability | None:
    """Return how stable the order of the rows is, from random splits of the samples in halves.

    Parameters
    ----------
    samples : ndarray of float, shape (samples, n)
    top : int
        How many of the best and of the worst rows to compare; at most half of them.
    splits : int
        How many times samples are split; of an odd number, one is left out each time.
    seed : int
        Ties, too, are broken by it: rows of equal value are in no order.

    Returns
    -------
    RankStability or None
        None for fewer than two samples, or where no split has halves whose values vary. Shares are those of
        half the samples, and so a lower bound for all. ``full`` is 0 where halves don't agree at all.

    Notes
    -----
    Spearman (1910) and Brown (1910): halves that correlate by r are parts of a whole, k times as long, that
    correlates with another like it by k r / (1 + (k - 1) r).
    """
    samples = np.asarray(samples, dtype=float)
    (count, n), half = samples.shape, len(samples) // 2
    if not 1 <= top <= n // 2:
        raise ValueError(f"the best and the worst of {n} rows are 1 … {n // 2} each, found {top}")
    if half < 1:
        return None
    rng = np.random.default_rng(seed)
    best, worst, correlations = [], [], []
    for _ in range(splits):
        drawn = rng.permutation(count)
        # rows whose values differ by rounding alone are equal
        values = [samples[part].mean(axis=0).round(12) for part in (drawn[:half], drawn[half : 2 * half])]
        orders = [np.lexsort((rng.random(n), value)) for value in values]
        worst.append(np.intersect1d(*(order[:top] for order in orders)).size / top)
        best.append(np.intersect1d(*(order[-top:] for order in orders)).size / top)
        correlations.append(rank_correlation(*values))
    known = [r for r in correlations if r is not None]
    if not known:
        return None
    r, k = float(np.mean(known)), count / half
    return RankStability(
        top=top,
        best=float(np.mean(best)),
        worst=float(np.mean(worst)),
        by_chance=top / n,
        halves=r,
        full=k * r / (1 + (k - 1) * r) if r > 0 else 0.0,
    )
