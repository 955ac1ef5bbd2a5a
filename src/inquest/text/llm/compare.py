"""Two labellers on the same texts: how often each is right, how far they agree, who is right otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from inquest.text.evaluation import LEVEL, paired_difference, wilson

UNPARSED = -1
"""The code of an answer that is none of the labels: never right, and an outcome of its own."""
Codes = NDArray[np.intp]


def agreement(y: Codes, a: Codes, b: Codes, resamples: int, seed: int) -> dict[str, Any]:
    """Compare two labellers on n texts.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        Gold labels, as codes from 0.
    a, b : ndarray of int, shape (n,)
        What the two labellers say, as codes or `UNPARSED`.
    resamples, seed : int
        Of the bootstrap over texts.

    Returns
    -------
    dict
        ``texts``: n. ``a``, ``b``: the accuracy of each, and ``same``: of how many texts both say the same,
        as `share` has them. ``difference``: the accuracy of ``a`` minus that of ``b``, and ``kappa``, each
        ``{"value", "low", "high"}`` with a 95 % percentile interval. ``right``: the texts that ``both``,
        ``only_a``, ``only_b`` and ``neither`` get right. ``p``: McNemar's.
    """
    y, a, b = (np.asarray(codes, np.intp) for codes in (y, a, b))
    right_a, right_b = a == y, b == y
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    return {
        "texts": len(y),
        "a": share(right_a),
        "b": share(right_b),
        "difference": paired_difference(y, a, b, resamples, seed),
        "same": share(a == b),
        "kappa": kappa(a, b, resamples, seed),
        "right": {
            "both": int((right_a & right_b).sum()),
            "only_a": only_a,
            "only_b": only_b,
            "neither": int((~right_a & ~right_b).sum()),
        },
        "p": mcnemar(only_a, only_b),
    }


def share(hits: NDArray[np.bool_]) -> dict[str, Any]:
    """Return how many of ``texts`` are ``right``, and the share with Wilson's 95 % interval.

    >>> share(np.array([True, True, False, True]))["value"]
    0.75
    """
    texts, right = len(hits), int(np.sum(hits))
    low, high = wilson(right, texts)
    value = right / texts if texts else np.nan
    return {"texts": texts, "right": right, "value": value, "low": low, "high": high}


def kappa(a: Codes, b: Codes, resamples: int, seed: int) -> dict[str, float]:
    """Return Cohen's kappa of two labellers of n texts, with the 95 % percentile interval over resamples.

    It is 1 if they always say the same, 0 if no more often than two who draw labels as often as they do, but
    each for itself (eq. 1 of Cohen 1960). It is NaN if both give all texts one and the same label; resamples
    in which they do are left out.
    """
    outcomes, codes = np.unique(np.concatenate([a, b]), return_inverse=True)
    k, n = len(outcomes), len(a)
    # only cells that are there are drawn: many labels have many cells, and most of them are empty
    cells, counts = np.unique(codes[:n] * k + codes[n:], return_counts=True)
    drawn = np.random.default_rng(seed).multinomial(n, counts / n, size=resamples) if n else counts[None]
    draws = _kappas(drawn, cells, k)
    draws = draws[~np.isnan(draws)]
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(draws, (tail, 100 - tail)) if len(draws) else (np.nan, np.nan)
    return {"value": float(_kappas(counts[None], cells, k)[0]), "low": float(low), "high": float(high)}


def _kappas(counts: NDArray[np.intp], cells: NDArray[np.intp], k: int) -> NDArray[np.float64]:
    """Return the kappa of each of m samples; ``counts`` (m, c) are of the ``cells`` of a table of k x k."""
    first, second = (np.eye(k)[codes] for codes in (cells // k, cells % k))  # (c, k)
    n = counts.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        seen = counts[:, cells // k == cells % k].sum(axis=1) / n
        by_chance = ((counts @ first) * (counts @ second)).sum(axis=1) / n**2
        return np.where(by_chance == 1, np.nan, (seen - by_chance) / (1 - by_chance))


def mcnemar(only_a: int, only_b: int) -> float:
    """Return the p-value of McNemar's test (1947), exact and two-sided.

    If both labellers were equally good, each would be the one that is right on half of the texts where just
    one of them is.

    >>> round(mcnemar(1, 5), 5)
    0.21875
    """
    return float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0
