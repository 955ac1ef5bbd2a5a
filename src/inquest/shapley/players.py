"""Which training rows are valued."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from inquest.data.tables import largest_remainder
from inquest.utility import Rows


def draw_rows(y: NDArray[np.intp], size: int, choose: str, seed: int) -> Rows:
    """Return the sorted positions of ``size`` training rows (all, if there are no more).

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        Class codes.
    size : int
    choose : {"random", "stratified"}
        `stratified` keeps each class's share up to one row.
    seed : int
    """
    order = np.random.default_rng(seed).permutation(len(y))
    if size >= len(y):
        return np.arange(len(y))
    if choose == "random":
        return np.sort(order[:size])
    quota = largest_remainder(np.bincount(y) / len(y), size)
    return np.sort(np.concatenate([order[y[order] == code][:n] for code, n in enumerate(quota)]))
