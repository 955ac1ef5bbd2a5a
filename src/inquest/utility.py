"""What a set of training rows is worth.

A utility is a game in the sense of Shapley (1953): players are training rows (or anything else that can be
counted from 0), and a coalition's worth is a number, such as the accuracy of the model retrained on these
rows. Learners make utilities, valuation reads them; neither knows the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Rows = NDArray[np.intp]


class Score(float):
    """The worth of a set of rows: a float that remembers the other metrics of the same retrain.

    Examples
    --------
    >>> score = Score(0.75, {"accuracy": 0.75, "f1": 0.5})
    >>> score + 0, score.metrics["f1"]
    (0.75, 0.5)
    """

    metrics: Mapping[str, float]

    def __new__(cls, value: float, metrics: Mapping[str, float] | None = None):
        self = super().__new__(cls, value)
        self.metrics = metrics or {}
        return self


class Utility(Protocol):
    """What a set of training rows is worth: the score of the model retrained on them.

    Rows are positions, 0 … `n_rows` - 1; their order does not change the worth of a set.
    """

    n_rows: int

    def __call__(self, rows: ArrayLike) -> float:
        """Return the worth of any subset, exactly."""
        ...

    def walk(self, order: ArrayLike) -> Iterator[float]:
        """Yield the worth of each prefix of ``order``, shortest (one row) first."""
        ...

    def walks(self, orders: Sequence[ArrayLike]) -> Iterator[Sequence[float]]:
        """Yield the worths of the prefixes of several orders side by side: all of one row, of two, …"""
        ...

    def without(self, rows: ArrayLike) -> float:
        """Return the worth of everything but ``rows``."""
        ...

    def without_each(self, groups: Iterable[ArrayLike]) -> Iterator[float]:
        """Yield the worth of everything but the first group of rows, but the second, and so on."""
        ...


class PlainUtility:
    """The utility whose walk and complements are computed by asking anew for each subset.

    Families that have a shortcut override `walk` and `without_each`, and must agree with this one.
    """

    n_rows: int

    def __call__(self, rows: ArrayLike) -> float:
        raise NotImplementedError

    def walk(self, order: ArrayLike) -> Iterator[float]:
        order = as_rows(order, self.n_rows)
        for size in range(1, len(order) + 1):
            yield self(order[:size])

    def walks(self, orders: Sequence[ArrayLike]) -> Iterator[Sequence[float]]:
        return zip(*map(self.walk, orders), strict=True)

    def without(self, rows: ArrayLike) -> float:
        return next(iter(self.without_each([rows])))

    def without_each(self, groups: Iterable[ArrayLike]) -> Iterator[float]:
        for rows in groups:
            yield self(np.setdiff1d(np.arange(self.n_rows), as_rows(rows, self.n_rows)))


class FunctionUtility(PlainUtility):
    """A plain function ``rows -> float`` as a utility, so that a textbook game is valued by the same code.

    Examples
    --------
    >>> majority = FunctionUtility(lambda rows: float(len(rows) >= 2), n_rows=3)
    >>> majority([0, 2]), majority.without([0, 1])
    (1.0, 0.0)
    """

    def __init__(self, function: Callable[[Rows], float], n_rows: int):
        self.function, self.n_rows = function, n_rows

    def __call__(self, rows: ArrayLike) -> float:
        return self.function(as_rows(rows, self.n_rows))


class Players(PlainUtility):
    """The game whose players are groups of rows: a coalition is worth what the union of its groups is.

    Parameters
    ----------
    utility : Utility
        The game of the rows.
    members : sequence of arrays of int
        The rows of each player; players may share rows.
    """

    def __init__(self, utility: Utility, members: Sequence[ArrayLike]):
        self.utility, self.n_rows = utility, len(members)
        self.members = [as_rows(rows, utility.n_rows) for rows in members]

    def __call__(self, rows: ArrayLike) -> float:
        return self.utility(self._union(as_rows(rows, self.n_rows)))

    def without_each(self, groups: Iterable[ArrayLike]) -> Iterator[float]:
        every = np.arange(self.utility.n_rows)
        players = (np.setdiff1d(np.arange(self.n_rows), as_rows(rows, self.n_rows)) for rows in groups)
        return self.utility.without_each(np.setdiff1d(every, self._union(left)) for left in players)

    def _union(self, players: Rows) -> Rows:
        return np.unique(np.concatenate([np.empty(0, np.intp), *(self.members[i] for i in players)]))


def as_rows(rows: ArrayLike, n_rows: int) -> Rows:
    """Return rows as an array of positions, each in 0 … ``n_rows`` - 1 and named once.

    Raises
    ------
    ValueError
        For anything but whole numbers (a mask, say), a position out of range, or one named twice.
    """
    array = np.atleast_1d(np.asarray(rows))
    if array.size == 0:
        return np.empty(0, np.intp)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(f"rows are a list of whole numbers, found {array.dtype} of shape {array.shape}")
    if array.min() < 0 or array.max() >= n_rows:
        raise ValueError(f"rows must lie in 0 … {n_rows - 1}, found {array.min()} … {array.max()}")
    if len(np.unique(array)) != len(array):
        raise ValueError("a row stands twice in the list of rows")
    return array.astype(np.intp)
