"""Exact semivalues of small games, from the worth of every coalition."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from inquest.errors import InquestError
from inquest.utility import Utility

MOST_PLAYERS = 20


def coalition_worths(utility: Utility, step: Callable[[], object] = lambda: None) -> list[float]:
    """Return the worth of each of the 2**n coalitions; player i is in coalition c if bit i of c is set.

    Parameters
    ----------
    utility : Utility
    step : callable
        Called once for each coalition.

    Returns
    -------
    list of float
        As the utility gives them, with their metrics.

    Raises
    ------
    InquestError
        For more than 20 players.

    Examples
    --------
    >>> from inquest.utility import FunctionUtility
    >>> coalition_worths(FunctionUtility(lambda rows: float(10 * len(rows) + rows.sum()), n_rows=2))
    [0.0, 10.0, 11.0, 21.0]
    """
    n = utility.n_rows
    if n > MOST_PLAYERS:
        raise InquestError(
            "exact values", f"{n} players", f"at most {MOST_PLAYERS} are allowed: 2**n retrains"
        )
    players, worths = np.arange(n), []
    # asked for as complements, which families find from the optimum of all rows
    for worth in utility.without_each(players[code >> players & 1 == 0] for code in range(2**n)):
        worths.append(worth)
        step()
    return worths


def semivalue_of(worths: ArrayLike, weights: ArrayLike | None = None) -> NDArray[np.float64]:
    """Return the exact semivalue of a game from the worth of each coalition.

    Parameters
    ----------
    worths : array of float, shape (2**n,)
        As `coalition_worths` numbers coalitions; of any metric.
    weights : array of float, shape (n,), optional
        The weight of sizes 0 … n - 1 of the set that a player joins, with mean 1 (see
        `inquest.valuation.semivalues`); Shapley's by default.

    Returns
    -------
    ndarray of float, shape (n,)
    """
    worths = np.asarray(worths, dtype=float)
    n = len(worths).bit_length() - 1
    if len(worths) != 2**n:
        raise ValueError(f"a game of n players has 2**n coalitions, found {len(worths)}")
    weights = np.ones(n) if weights is None else np.asarray(weights, dtype=float)
    # a size has probability weight / n, and each of its C(n - 1, size) sets the same
    each = weights / (n * special.comb(n - 1, np.arange(n)))
    coalitions = np.arange(2**n)
    sizes = np.bitwise_count(coalitions)
    values = np.empty(n)
    for player in range(n):
        outside = coalitions[coalitions >> player & 1 == 0]
        values[player] = each[sizes[outside]] @ (worths[outside | 1 << player] - worths[outside])
    return values


def exact_semivalue(
    utility: Utility, weights: ArrayLike, step: Callable[[], object] = lambda: None
) -> NDArray[np.float64]:
    """Return the exact semivalue with these weights by asking for the worth of all 2**n coalitions.

    Parameters
    ----------
    utility : Utility
    weights : array of float, shape (n,)
        As for `semivalue_of`, such as `beta_weights` or `banzhaf_weights` of `inquest.valuation.semivalues`.
    step : callable
        Called once for each coalition.

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
    >>> from inquest.valuation.semivalues import banzhaf_weights
    >>> gloves = FunctionUtility(lambda rows: float(0 in rows and (1 in rows or 2 in rows)), n_rows=3)
    >>> exact_semivalue(gloves, banzhaf_weights(3)).round(12).tolist()
    [0.75, 0.25, 0.25]
    """
    return semivalue_of(coalition_worths(utility, step), weights)


def exact_shapley(utility: Utility, step: Callable[[], object] = lambda: None) -> NDArray[np.float64]:
    """Return exact Shapley values by asking for the worth of all 2**n coalitions (Shapley 1953).

    Parameters and errors are those of `exact_semivalue`.

    Examples
    --------
    >>> from inquest.utility import FunctionUtility
    >>> gloves = FunctionUtility(lambda rows: float(0 in rows and (1 in rows or 2 in rows)), n_rows=3)
    >>> exact_shapley(gloves).round(12).tolist()
    [0.666666666667, 0.166666666667, 0.166666666667]
    """
    return semivalue_of(coalition_worths(utility, step))
