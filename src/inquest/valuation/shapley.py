"""Data Shapley values by Truncated Monte Carlo (Ghorbani & Zou 2019, algorithm 1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from inquest.runtime import seed_for
from inquest.utility import Utility
from inquest.valuation.scores import metrics_of
from inquest.valuation.semivalues import Semivalues, by_player, check_pairs, evaluated

ABREAST = 10  # walks that a utility is asked for side by side


@dataclass(frozen=True, kw_only=True)
class ShapleyValues(Semivalues):
    """Shapley values estimated from walks along random permutations: the semivalue that is efficient.

    Attributes
    ----------
    empty, full : float
        U(empty) and U(all).
    """

    empty: float
    full: float

    @property
    def efficiency_gap(self) -> float:
        """U(all) - U(empty) less the sum of the values: 0 but for rounding, or what truncation left out."""
        return self.full - self.empty - float(self.values.sum())


def tmc_shapley(
    utility: Utility, permutations: int = 10, tolerance: float = 0.0, seed: int = 0, antithetic: bool = False
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
    antithetic : bool
        Walk along each order and then along its reverse (Mitchell et al. 2022): who came early
        comes late, and what its place did to a player's contribution cancels in part. Takes an even number.

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
    full, empty = utility(np.arange(utility.n_rows)), utility([])
    walks = random_walks(utility, permutations, tolerance, seed, antithetic, empty, full)
    return combine(walks, empty, full, antithetic=antithetic)


def random_walks(
    utility: Utility,
    permutations: int = 10,
    tolerance: float = 0.0,
    seed: int = 0,
    antithetic: bool = False,
    empty: float | None = None,
    full: float | None = None,
) -> list[pd.DataFrame]:
    """Return walks along random orders, from which `combine` and `semivalues` make values.

    Walks that are not truncated are asked for side by side (`Utility.walks`), which families of learners make
    use of; each equals the walk alone, up to the tolerance to which a family solves.

    Parameters
    ----------
    utility, permutations, tolerance, seed, antithetic
        As for `tmc_shapley`.
    empty, full : float, optional
        U(empty) and U(all), if they are known already.

    Returns
    -------
    list of DataFrame
        As `walk` returns them.
    """
    if permutations < 1:
        raise ValueError("at least one permutation is needed")
    if antithetic and permutations % 2:
        raise ValueError(f"antithetic permutations come in pairs, found {permutations}")
    n = utility.n_rows
    full = utility(np.arange(n)) if full is None else full
    empty = utility([]) if empty is None else empty
    orders = [permutation(n, seed, i, antithetic) for i in range(permutations)]
    if tolerance > 0 or n == 0:  # each walk ends where it may
        return [walk(utility, order, empty, full, tolerance) for order in orders]
    walks = []
    for first in range(0, permutations, ABREAST):
        some = orders[first : first + ABREAST]
        scores = zip(*utility.walks(some), strict=True)
        walks += [_table(order, mine, empty) for order, mine in zip(some, scores, strict=True)]
    return walks


def permutation(n: int, seed: int, index: int, antithetic: bool = False) -> NDArray[np.intp]:
    """Return the random order number ``index`` of n players; it depends on the arguments alone.

    If ``antithetic``, number 2i + 1 is the reverse of number 2i, which is what it is without.
    """
    if antithetic and index % 2:
        return permutation(n, seed, index - 1)[::-1]
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
        `marginal`, `evaluated` (False after truncation, where the worth is carried on), and
        `worth_<metric>` for every metric that the utility's scores carry. A walk that is truncated before
        its first prefix has those of ``empty``.
    """
    order = np.asarray(order)
    before, prefixes, scores = empty, utility.walk(order), []
    for _ in order:
        # algorithm 1: if |V(D) - v_{k-1}| < tolerance then v_k = v_{k-1}, else v_k = V({first k})
        if abs(full - before) < tolerance * abs(full):
            break
        before = next(prefixes)
        scores.append(before)
        step()
    return _table(order, scores, empty)


def _table(order: NDArray[np.intp], scores: Sequence[float], empty: float) -> pd.DataFrame:
    """Return the table of a walk from the scores of its first prefixes."""
    reached = np.minimum(np.arange(len(order)), max(len(scores) - 1, 0))  # the last one is carried on
    known = scores or [empty]
    worth = np.array(known, dtype=float)[reached]
    return pd.DataFrame(
        {
            "player": order,
            "worth": worth,
            "marginal": np.diff(worth, prepend=float(empty)),
            "evaluated": np.arange(len(order)) < len(scores),
            **{f"worth_{name}": values[reached] for name, values in metrics_of(known).items()},
        }
    )


def combine(
    walks: Sequence[pd.DataFrame],
    empty: float,
    full: float,
    metric: str | None = None,
    antithetic: bool = False,
) -> ShapleyValues:
    """Put walks together; the order of the walks changes nothing but the running estimates.

    Parameters
    ----------
    walks : sequence of DataFrame
        As `walk` returns them.
    empty, full : float
        U(empty) and U(all), of the metric that is asked for.
    metric : str, optional
        Another metric than the primary one, if the walks have it. Truncation went by the primary one.
    antithetic : bool
        Whether the walks are antithetic pairs, each beside its reverse.

    Raises
    ------
    ValueError
        If antithetic walks don't come in pairs.
    """
    if antithetic:
        check_pairs(walks)
    return ShapleyValues(
        marginals=by_player(walks, metric, empty),
        evaluated=evaluated(walks),
        antithetic=antithetic,
        empty=float(empty),
        full=float(full),
    )


def truncate(table: pd.DataFrame, empty: float, full: float, tolerance: float) -> pd.DataFrame:
    """Return a walk as it would have been with a (larger) truncation tolerance; nothing is retrained."""
    worths = ["worth", *(name for name in table if name.startswith("worth_"))]
    cut = table[["player", "worth", "marginal", "evaluated", *worths[1:]]].reset_index(drop=True)
    before = np.concatenate([[empty], cut["worth"].to_numpy()[:-1]])
    close = np.flatnonzero(np.abs(full - before) < tolerance * abs(full))
    if len(close):
        first, metrics = close[0], getattr(empty, "metrics", {})
        for name in worths:
            start = empty if name == "worth" else metrics.get(name.removeprefix("worth_"), np.nan)
            cut.loc[first:, name] = cut[name][first - 1] if first else float(start)
        cut.loc[first:, "marginal"] = 0.0
        cut.loc[first:, "evaluated"] = False
    return cut
