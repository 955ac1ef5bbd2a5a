"""How far two lists of numbers put things in the same order."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


def rank_correlation(x: ArrayLike, y: ArrayLike) -> float | None:
    """Return Spearman's rank correlation, or None where either side does not vary."""
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    return float(stats.spearmanr(x, y).statistic)
