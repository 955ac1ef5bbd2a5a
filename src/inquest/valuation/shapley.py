"""Data Shapley values: Truncated Monte Carlo (Ghorbani & Zou 2019, algorithm 1), and exact by enumeration."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from inquest.errors import InquestError
from inquest.runtime import seed_for
from inquest.utility import Utility

MOST_PLAYERS = 20


@dataclass(frozen=True)
class ShapleyValues:
    """Shapley values estimated from walks along random permutations.

    Attributes
    ----------
    marginals : ndarray of float, shape (permutations, n)
        What each player added in each walk; 0 after truncation.
    empty, full : float
        U(empty) and U(all).
    evaluated : ndarray of int, shape (permutations,)
        How many prefixes of each walk were retrained.
    """

    marginals: NDArray[np.float64]
    empty: float
    full: float
    evaluated: NDArray[np.intp]

    @property
    def values(self) -> NDArray[np.float64]:
        """The estimates: each player's mean marginal contribution, shape (n,)."""
        return self.marginals.mean(axis=0)

    @property
    def standard_errors(self) -> NDArray[np.float64]:
        """Standard deviation over permutations by √permutations, shape (n,); NaN from a single one."""
        count = len(self.marginals)
        if count < 2:
            return np.full(self.marginals.shape[1], np.nan)
        return self.marginals.std(axis=0, ddof=1) / math.sqrt(count)

    @property
    def running(self) -> NDArray[np.float64]:
        """The estimates after 1, 2, … permutations, shape (permutations, n)."""
        return self.marginals.cumsum(axis=0) / np.arange(1, len(self.marginals) + 1)[:, None]

    @property
    def efficiency_gap(self) -> float:
        """U(all) - U(empty) less the sum of the values: 0 but for rounding, or what truncation left out."""
        return self.full - self.empty - float(self.values.sum())


def tmc_shapley(
    utility: Utility, permutations: int = 10, tolerance: float = 0.0, seed: int = 0
) -> ShapleyValues:
    """Estimate Data Shapley values by Truncated Monte Carlo (Ghorbani & Zou 2019, algorithm 1).

    Parameters
    ----------
    utility : Utility
    permutations : int
        How many random orders are walked.
    tolerance : float
        A walk stops at the first prefix whose worth differs from U(all) by less than this times |U(all)|;
        later players of that walk get 0. With 0 no walk stops early.
    seed : int
        Permutation i depends on (seed, i) alone.

    Returns
    -------
    ShapleyValues

    Examples
    --------
    >>> from inquest.utility import FunctionUtility
    >>> additive = FunctionUtility(lambda rows: float(rows.sum()), n_rows=4)
    >>> tmc_shapley(additive, permutations=2).values.tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    if permutations < 1:
        raise ValueError("at least one permutation is needed")
    full, empty = float(utility(np.arange(utility.n_rows))), float(utility([]))
    walks = [
        walk(utility, permutation(utility.n_rows, seed, i), empty, full, tolerance)
        for i in range(permutations)
    ]
    return combine(walks, empty, full)


def permutation(n: int, seed: int, index: int) -> NDArray[np.intp]:
    """Return the random order number ``index`` of n players; it depends on n, seed and index alone."""
    return np.random.default_rng(seed_for(seed, "permutation", index)).permutation(n)


def walk(
    utility: Utility,
    order: ArrayLike,
    empty: float,
    full: float,
    tolerance: float = 0.0,
    step: Callable[[], object] = lambda: None,
) -> pd.DataFrame:
    """Walk along one order of the players, from the empty set to all of them (or to where it is truncated).

    Parameters
    ----------
    utility : Utility
    order : array of int, shape (n,)
        Every player once.
    empty, full : float
        U(empty) and U(all).
    tolerance : float
        As for `tmc_shapley`.
    step : callable
        Called once for each prefix that was retrained.

    Returns
    -------
    DataFrame
        One row for each player, in the walk's order: `player`, `worth` (of the prefix that ends with it),
        `marginal`, and `evaluated` (False after truncation, where the worth is carried on).
    """
    order = np.asarray(order)
    worth, marginal, evaluated = np.empty(len(order)), np.zeros(len(order)), np.zeros(len(order), bool)
    before, prefixes = float(empty), utility.walk(order)
    for k in range(len(order)):
        # algorithm 1: if |V(D) - v_{k-1}| < tolerance then v_k = v_{k-1}, else v_k = V({first k})
        if abs(full - before) < tolerance * abs(full):
            worth[k:] = before
            break
        worth[k] = next(prefixes)
        marginal[k], evaluated[k], before = worth[k] - before, True, worth[k]
        step()
    return pd.DataFrame({"player": order, "worth": worth, "marginal": marginal, "evaluated": evaluated})


def combine(walks: Sequence[pd.DataFrame], empty: float, full: float) -> ShapleyValues:
    """Put walks together; the order of the walks changes nothing but the running estimates."""
    n = len(walks[0])
    marginals = np.zeros((len(walks), n))
    for i, table in enumerate(walks):
        marginals[i, table["player"].to_numpy()] = table["marginal"].to_numpy()
    return ShapleyValues(marginals, empty, full, np.array([int(table["evaluated"].sum()) for table in walks]))


def truncate(table: pd.DataFrame, empty: float, full: float, tolerance: float) -> pd.DataFrame:
    """Return a walk as it would have been with a (larger) truncation tolerance; nothing is retrained."""
    cut = table[["player", "worth", "marginal", "evaluated"]].reset_index(drop=True)
    before = np.concatenate([[empty], cut["worth"].to_numpy()[:-1]])
    close = np.flatnonzero(np.abs(full - before) < tolerance * abs(full))
    if len(close):
        cut.loc[close[0] :, ["worth", "marginal"]] = before[close[0]], 0.0
        cut.loc[close[0] :, "evaluated"] = False
    return cut


def exact_shapley(utility: Utility) -> NDArray[np.float64]:
    """Return exact Shapley values by asking for the worth of all 2**n coalitions (Shapley 1953).

    Returns
    -------
    ndarray of float, shape (n,)

    Raises
    ------
    InquestError
        For more than 20 players.

    Examples
    --------
    >>> from inquest.utility import FunctionUtility
    >>> gloves = FunctionUtility(lambda rows: float(0 in rows and (1 in rows or 2 in rows)), n_rows=3)
    >>> exact_shapley(gloves).round(12).tolist()
    [0.666666666667, 0.166666666667, 0.166666666667]
    """
    n = utility.n_rows
    if n > MOST_PLAYERS:
        raise InquestError(
            "exact Shapley values", f"{n} players", f"at most {MOST_PLAYERS} are allowed: 2**n retrains"
        )
    players, coalitions = np.arange(n), np.arange(2**n)  # bit i of a coalition: is player i in it?
    worth = np.array([float(utility(players[code >> players & 1 == 1])) for code in coalitions])
    sizes = np.bitwise_count(coalitions)
    weights = np.array([1 / (n * math.comb(n - 1, size)) for size in range(n)])
    values = np.empty(n)
    for player in players:
        outside = coalitions[coalitions >> player & 1 == 0]
        marginals = worth[outside | 1 << player] - worth[outside]
        values[player] = np.sum(weights[sizes[outside]] * marginals)
    return values
