"""The running proof: prefixes of walks that are retrained from scratch as well."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from inquest.learners.metrics import evaluate
from inquest.learners.retraining import RetrainingUtility


def draw_prefixes(lengths: Sequence[int], count: int, seed: int) -> list[tuple[int, int]]:
    """Return (walk, size) of about ``count`` prefixes, spread over walks and sizes; one is as long as can be.

    Parameters
    ----------
    lengths : sequence of int
        How many prefixes of each walk were retrained.
    count : int
    seed : int

    Returns
    -------
    list of (int, int)
        In order; fewer than ``count`` where the same one is drawn twice, none if no prefix was retrained.

    Examples
    --------
    >>> draw_prefixes([100], 1, seed=0)
    [(0, 100)]
    """
    rng = np.random.default_rng(seed)
    walks = rng.permutation(np.flatnonzero(np.asarray(lengths)))
    if not len(walks):
        return []
    drawn = set()
    for i in range(count):
        walk = int(walks[i % len(walks)])
        # one in each of count - 1 equal ranges of sizes
        share = (i - 1 + rng.random()) / (count - 1) if i else 1.0
        drawn.add((walk, max(1, math.ceil(share * lengths[walk]))))
    return sorted(drawn)


def check_prefix(plain: RetrainingUtility, rows: ArrayLike, walked: Mapping[str, float]) -> dict[str, Any]:
    """Retrain on a prefix from scratch, and return how far the walk was from that.

    Parameters
    ----------
    plain : RetrainingUtility
        The game without shortcuts.
    rows : array of int
        The prefix.
    walked : mapping of str to float
        Its metrics in the walk.

    Returns
    -------
    dict
        `size`; `differences`, the distance of each metric (NaN where the classifier has none); `margin`, the
        smallest margin of a test row between the two highest of its class scores; and `close`, how many
        margins are within the tolerance, so that either class may win.
    """
    predictions = plain.predict(plain.fit(rows), plain.X_test)
    found = evaluate(plain.y_test, predictions, plain.metrics)
    two = np.sort(predictions.scores, axis=-1)[:, -2:]
    margins = two[:, 1] - two[:, 0]
    return {
        "size": len(np.asarray(rows)),
        "differences": {name: abs(float(found[name]) - float(walked[name])) for name in plain.metrics},
        "margin": float(margins.min()),
        "close": int((margins <= plain.tolerance).sum()),
    }
