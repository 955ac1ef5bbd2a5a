"""Semivalues of walks along random orders: Data Shapley, Beta Shapley, Data Banzhaf from the same retrains.

A semivalue is a weighted mean of what a row adds to the sets of other rows, where the weight of a set depends
on its size alone (Dubey, Neyman & Weber 1981). In a random order, the set that a row joins has each size
0 … n - 1 with probability 1/n, and is uniform among the sets of its size. So

    value = mean over walks of w[j] · (marginal contribution of the row, which joins a set of j rows),

where w[j] / n is the semivalue's own probability of size j, and so the mean of all w is 1. Shapley's weights
are ones. The farther weights are from that, the less of the walks speaks: a share of about 1 / mean(w²). For
Banzhaf's weights and n = 8,000 rows that is 2 %; of the subsets of `banzhaf`, each one speaks for all rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from inquest.runtime import seed_for
from inquest.utility import Utility


@dataclass(frozen=True, kw_only=True)
class Semivalues:
    """Semivalues estimated from walks along random permutations.

    Attributes
    ----------
    marginals : ndarray of float, shape (permutations, n)
        What each player added in each walk, by its semivalue's weight; 0 after truncation.
    evaluated : ndarray of int, shape (permutations,)
        How many prefixes of each walk were retrained.
    antithetic : bool
        Whether each walk of odd number goes along the reverse of the one before.
    """

    marginals: NDArray[np.float64]
    evaluated: NDArray[np.intp]
    antithetic: bool = False

    @property
    def values(self) -> NDArray[np.float64]:
        """The estimates: each player's mean (weighted) marginal contribution, shape (n,)."""
        return self.marginals.mean(axis=0)

    @property
    def samples(self) -> NDArray[np.float64]:
        """Independent estimates, shape (samples, n): the walks, or the means of antithetic pairs of them."""
        if not self.antithetic:
            return self.marginals
        return (self.marginals[::2] + self.marginals[1::2]) / 2

    @property
    def standard_errors(self) -> NDArray[np.float64]:
        """Standard deviation over `samples` by the root of their number, shape (n,); NaN from one sample."""
        samples = self.samples
        if len(samples) < 2:
            return np.full(samples.shape[1], np.nan)
        return samples.std(axis=0, ddof=1) / math.sqrt(len(samples))

    @property
    def running(self) -> NDArray[np.float64]:
        """The estimates after 1, 2, … permutations, shape (permutations, n)."""
        return self.marginals.cumsum(axis=0) / np.arange(1, len(self.marginals) + 1)[:, None]


def semivalues(
    walks: Sequence[pd.DataFrame],
    weights: ArrayLike,
    metric: str | None = None,
    empty: float | None = None,
    antithetic: bool = False,
) -> Semivalues:
    """Return the semivalues that walks along random orders give; nothing is retrained.

    Parameters
    ----------
    walks : sequence of DataFrame
        As `inquest.valuation.shapley.random_walks` returns them.
    weights : ndarray of float, shape (n,)
        The weight of a marginal contribution to a set of 0, 1, …, n - 1 rows, such as `beta_weights`.
    metric : str, optional
        Another metric than the primary one, if the walks have it.
    empty : float, optional
        U(empty) of that metric.
    antithetic : bool
        Whether the walks are antithetic pairs.

    Examples
    --------
    >>> from inquest.utility import FunctionUtility
    >>> from inquest.valuation.shapley import random_walks
    >>> additive = FunctionUtility(lambda rows: float(rows.sum()), n_rows=4)
    >>> walks = random_walks(additive, permutations=200)
    >>> semivalues(walks, beta_weights(4, 4, 1)).values.round(1).tolist()
    [0.0, 1.0, 1.9, 3.0]
    """
    if antithetic:
        check_pairs(walks)
    marginals = by_player(walks, metric, empty, np.asarray(weights, dtype=float))
    return Semivalues(marginals=marginals, evaluated=evaluated(walks), antithetic=antithetic)


def beta_weights(n: int, alpha: float, beta: float) -> NDArray[np.float64]:
    """Return the weights of Beta(α, β)-Shapley values (Kwon & Zou 2022, equations 3 and 5), shape (n,).

    A row joins a set of j rows with the probability of j successes in n - 1 trials of a beta-binomial
    distribution with parameters β, α: α > β favours small sets, where rows still make a difference. α = β = 1
    gives Shapley's ones.

    Raises
    ------
    ValueError
        If α or β is not positive.

    Examples
    --------
    >>> beta_weights(3, 1, 1).tolist()
    [1.0, 1.0, 1.0]
    >>> beta_weights(4, 4, 1).round(3).tolist()
    [2.286, 1.143, 0.457, 0.114]
    """
    if not (alpha > 0 and beta > 0):
        raise ValueError(f"α and β must be positive, found {alpha} and {beta}")
    j = np.arange(n - 1)
    # the ratio of each weight to the one before, whose logarithms stay small where beta functions overflow
    ratio = (j + beta) * (n - 1 - j) / ((n - 2 - j + alpha) * (j + 1))
    logarithms = np.concatenate([[0.0], np.cumsum(np.log(ratio))])
    weights = np.exp(logarithms - logarithms.max())
    return weights / weights.mean()


def banzhaf_weights(n: int) -> NDArray[np.float64]:
    """Return the weights of Data Banzhaf values (Wang & Jia 2023), shape (n,).

    A row joins any set of others with the same probability, so a set's size is binomial. On walks they are
    good for small games only; see `banzhaf`.

    Examples
    --------
    >>> banzhaf_weights(3).round(12).tolist()
    [0.75, 1.5, 0.75]
    """
    return n * stats.binom.pmf(np.arange(n), n - 1, 0.5)


def banzhaf(
    utility: Utility, subsets: int = 1000, seed: int = 0, step: Callable[[], object] = lambda: None
) -> pd.DataFrame:
    """Estimate Data Banzhaf values from random subsets by maximum sample reuse (Wang & Jia 2023).

    Parameters
    ----------
    utility : Utility
    subsets : int
        How many random subsets are retrained on.
    seed : int
        Subset i depends on (seed, i) alone.
    step : callable
        Called once for each subset that was retrained.

    Returns
    -------
    DataFrame
        As `reuse_samples` returns it.
    """
    if subsets < 1:
        raise ValueError("at least one subset is needed")
    members = np.array([random_subset(utility.n_rows, seed, i) for i in range(subsets)])
    worths = []
    for member in members:
        worths.append(float(utility(np.flatnonzero(member))))
        step()
    return reuse_samples(members, worths)


def random_subset(n: int, seed: int, index: int) -> NDArray[np.bool_]:
    """Return which of n rows are in the random subset number ``index``: each with probability one half."""
    return np.random.default_rng(seed_for(seed, "subset", index)).random(n) < 0.5


def reuse_samples(members: ArrayLike, worths: ArrayLike) -> pd.DataFrame:
    """Return Banzhaf values: the mean worth of the subsets with a row, less that of the subsets without it.

    Parameters
    ----------
    members : ndarray of bool, shape (subsets, n)
        Which rows are in which uniformly random subset.
    worths : ndarray of float, shape (subsets,)

    Returns
    -------
    DataFrame
        A row for each one valued: `row`, `value`, `standard_error` (that of the difference of two means). NaN
        for a row that is in all subsets, or in none; an error needs two of each.

    Examples
    --------
    >>> members = [[1, 1], [1, 0], [0, 1], [0, 0]]  # of a game where a row adds 2, and another one 3
    >>> reuse_samples(members, [5, 2, 3, 0])["value"].tolist()
    [2.0, 3.0]
    """
    inside = np.asarray(members, dtype=float)
    worths = np.asarray(worths, dtype=float)
    centred = worths - worths.mean()  # else a variance would be the difference of two large numbers
    means, variances = [], []
    for chosen in (inside, 1 - inside):
        count, total, squares = chosen.sum(axis=0), centred @ chosen, centred**2 @ chosen
        with np.errstate(divide="ignore", invalid="ignore"):
            means.append(total / count)
            variances.append((squares - total**2 / count).clip(0) / (count - 1) / count)
    return pd.DataFrame(
        {
            "row": np.arange(inside.shape[1]),
            "value": means[0] - means[1],
            "standard_error": np.sqrt(variances[0] + variances[1]),
        }
    )


def by_player(
    walks: Sequence[pd.DataFrame],
    metric: str | None,
    empty: float | None,
    weights: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    """Return each player's (weighted) marginal contribution in each walk, shape (walks, n)."""
    if metric is not None and empty is None:
        raise ValueError(f"U(empty) is needed for marginal contributions to {metric}")
    found = np.empty((len(walks), len(walks[0])))
    for i, table in enumerate(walks):
        if metric is None:
            marginal = table["marginal"].to_numpy()
        else:
            marginal = np.diff(table[f"worth_{metric}"].to_numpy(), prepend=float(empty))
        found[i, table["player"].to_numpy()] = marginal if weights is None else weights * marginal
    return found


def evaluated(walks: Sequence[pd.DataFrame]) -> NDArray[np.intp]:
    """Return how many prefixes of each walk were retrained, shape (walks,)."""
    return np.array([int(table["evaluated"].sum()) for table in walks])


def check_pairs(walks: Sequence[pd.DataFrame]) -> None:
    """Refuse walks of which the second isn't along the reverse of the first, and so on.

    Raises
    ------
    ValueError
        For other walks; half a pair would need a weight of its own, and is refused.
    """
    if len(walks) % 2:
        raise ValueError(f"antithetic permutations come in pairs, found {len(walks)}")
    for first, second in zip(walks[::2], walks[1::2], strict=True):
        if not np.array_equal(first["player"].to_numpy(), second["player"].to_numpy()[::-1]):
            raise ValueError("two walks that should be antithetic don't go along reverse orders")
