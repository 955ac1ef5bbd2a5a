"""How good a classifier of texts is: scores with intervals, each class, and how right its confidence is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

LEVEL = 0.95
SCORES = ("accuracy", "macro_f1", "ece", "log_loss")
PER_CLASS = ("precision", "recall", "f1")
_ENDS = (100 * (1 - LEVEL) / 2, 100 * (1 + LEVEL) / 2)
_Z = float(norm.ppf((1 + LEVEL) / 2))


class _Sums(NamedTuple):
    """What the scores are made of, for one or more samples (…) of n texts, k classes and b bins."""

    hits: NDArray[np.float64]  # (…, k), texts of a class that are predicted to be of it
    gold: NDArray[np.float64]  # (…, k), texts of a class
    said: NDArray[np.float64]  # (…, k), texts predicted to be of it
    gaps: NDArray[np.float64]  # (…, b), right minus confidence, summed over the bin's texts
    surprise: NDArray[np.float64]  # (…), -log of the gold label's probability, summed


def evaluate(
    y: NDArray[np.intp],
    probabilities: NDArray[np.float64],
    classes: Sequence[str],
    resamples: int,
    seed: int,
    bins: int,
) -> dict[str, Any]:
    """Judge a classifier by its probabilities for n texts and k classes.

    The predicted label is the one of the highest probability (of equals the first), and that probability is
    its confidence. Intervals are 95 % percentile intervals over resampled texts, with the classifier fixed
    (Efron & Tibshirani 1993, ch. 13).

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        Gold labels, as codes 0 … k - 1.
    probabilities : ndarray of float, shape (n, k)
    classes : list of str, length k
    resamples : int
        Samples of n texts, drawn with replacement.
    seed : int
        Of the resamples.
    bins : int
        Bins of equal width of the confidence, closed on the right.

    Returns
    -------
    dict
        ``accuracy``, ``macro_f1`` (mean over the classes that are there or predicted), ``log_loss`` (in nats)
        and ``ece``, each ``{"value", "low", "high"}``. The expected calibration error is eq. 3 of Guo et al.
        (2017); a resample has noise of its own in each bin, so that its ECE is larger on average and the
        interval lies too high: for a well calibrated classifier it can lie above the value.

        ``per_class``: ``{"label", "texts", "precision", "precision_low", …}``; a precision is NaN if the
        class is never predicted, a recall if there is no such text. ``confusion``: counts, gold x predicted.
        ``reliability``: ``{"low", "high", "texts", "confidence", "accuracy", "accuracy_low",
        "accuracy_high"}`` for each bin with a text in it, with Wilson intervals.
    """
    y, probabilities = np.asarray(y, np.intp), np.asarray(probabilities, np.float64)
    edges = np.arange(bins + 1) / bins
    confidence = probabilities.max(axis=1)
    place = np.clip(np.searchsorted(edges, confidence) - 1, 0, bins - 1)
    predicted, k = probabilities.argmax(axis=1), probabilities.shape[1]
    right = predicted == y
    whole, drawn = _summed(y, probabilities, place, bins, resamples, seed)
    point, spread = _scores(whole, len(y)), _scores(drawn, len(y))
    found: dict[str, Any] = {
        name: {"value": float(point[name]), **_interval(spread[name])} for name in SCORES
    }
    found["per_class"] = [
        {"label": label, "texts": int(whole.gold[code])}
        | {
            key: value
            for name in PER_CLASS
            for key, value in _flat(name, point[name][code], spread[name][:, code])
        }
        for code, label in enumerate(classes)
    ]
    found["confusion"] = np.bincount(y * k + predicted, minlength=k * k).reshape(k, k)
    found["reliability"] = _reliability(edges, place, confidence, right)
    return found


def _summed(
    y: NDArray, probabilities: NDArray, place: NDArray, bins: int, resamples: int, seed: int
) -> tuple[_Sums, _Sums]:
    """Return the sums over all texts, and those over each resample of them."""
    (n, k), rng = probabilities.shape, np.random.default_rng(seed)
    predicted = probabilities.argmax(axis=1)
    right = predicted == y
    gap, surprise = right - probabilities.max(axis=1), log_losses(y, probabilities)

    def sums(rows: NDArray | slice) -> tuple[NDArray, ...]:
        return (  # no k x k counts: a thousand samples of them would not fit into memory for many classes
            np.bincount(y[rows], weights=right[rows], minlength=k),
            np.bincount(y[rows], minlength=k).astype(float),
            np.bincount(predicted[rows], minlength=k).astype(float),
            np.bincount(place[rows], weights=gap[rows], minlength=bins),
            surprise[rows].sum(),
        )

    drawn = zip(*(sums(rng.integers(n, size=n)) for _ in range(resamples)), strict=True)
    return _Sums(*sums(slice(None))), _Sums(*map(np.array, drawn))


def _scores(sums: _Sums, n: int) -> dict[str, NDArray[np.float64]]:
    """Return the scores (…) and those of each class (…, k)."""
    hits, gold, said = sums.hits, sums.gold, sums.said
    with np.errstate(invalid="ignore"):  # 0 / 0: there is no such class
        f1 = 2 * hits / (gold + said)
        precision, recall = hits / said, hits / gold
    return {
        "accuracy": hits.sum(axis=-1) / n,
        "macro_f1": np.nanmean(f1, axis=-1),
        "ece": np.abs(sums.gaps).sum(axis=-1) / n,  # eq. 3, Guo et al. (2017)
        "log_loss": sums.surprise / n,
        "precision": precision,
        "recall": recall,
        "f1": f1,
    }


def log_losses(y: NDArray, probabilities: NDArray) -> NDArray[np.float64]:
    """Return minus the log of each text's probability of its gold label, clipped as scikit-learn clips it."""
    eps = np.finfo(np.float64).eps
    return -np.log(np.clip(probabilities[np.arange(len(y)), y], eps, 1 - eps))


def _interval(draws: NDArray) -> dict[str, float]:
    known = draws[~np.isnan(draws)]
    low, high = np.percentile(known, _ENDS) if len(known) else (np.nan, np.nan)
    return {"low": float(low), "high": float(high)}


def _flat(name: str, value: float, draws: NDArray) -> list[tuple[str, float]]:
    ends = _interval(draws)
    return [(name, float(value)), (f"{name}_low", ends["low"]), (f"{name}_high", ends["high"])]


def _reliability(
    edges: NDArray, place: NDArray, confidence: NDArray, right: NDArray
) -> list[dict[str, float]]:
    found = []
    for b in np.unique(place):
        own = place == b
        texts, hits = int(own.sum()), int(right[own].sum())
        low, high = wilson(hits, texts)
        found.append(
            {
                "low": float(edges[b]),
                "high": float(edges[b + 1]),
                "texts": texts,
                "confidence": float(confidence[own].mean()),
                "accuracy": hits / texts,
                "accuracy_low": low,
                "accuracy_high": high,
            }
        )
    return found


def paired_difference(
    y: NDArray[np.intp], a: NDArray[np.intp], b: NDArray[np.intp], resamples: int, seed: int
) -> dict[str, float]:
    """Return the accuracy of predictions ``a`` minus that of ``b`` on the same texts, resampled together.

    Only texts that one of them gets right and the other wrong count; in a resample of n texts their numbers
    are multinomial, so that they are drawn as such.

    Parameters
    ----------
    y, a, b : ndarray of int, shape (n,)
        Gold labels and the two predictions, as codes.

    Returns
    -------
    dict
        ``{"value", "low", "high"}`` with the 95 % percentile interval.
    """
    y, a, b = np.asarray(y), np.asarray(a), np.asarray(b)
    n, ahead = len(y), (a == y).astype(int) - (b == y)
    counts = np.array([np.sum(ahead == sign) for sign in (1, -1, 0)])
    draws = np.random.default_rng(seed).multinomial(n, counts / n, size=resamples)
    return {"value": float(ahead.mean()), **_interval((draws[:, 0] - draws[:, 1]) / n)}


def wilson(count: ArrayLike, of: ArrayLike) -> tuple[Any, Any]:
    """Return the 95 % score interval of a share, ``count`` of ``of`` (Wilson 1927); NaN if ``of`` is 0.

    >>> low, high = wilson(81, 263)
    >>> f"{low:.4f} to {high:.4f}"
    '0.2553 to 0.3662'
    """
    x, n = np.asarray(count, float), np.asarray(of, float)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = (x + _Z**2 / 2) / (n + _Z**2)
        half = _Z / (n + _Z**2) * np.sqrt(x * (n - x) / n + _Z**2 / 4)
    # at 0 and at n the bound is 0 or 1 but for rounding
    low, high = np.where(x == 0, 0.0, middle - half), np.where(x == n, 1.0, middle + half)
    low, high = (np.where(n == 0, np.nan, end) for end in (low, high))
    return (low, high) if low.ndim else (float(low), float(high))


def newcombe(count: int, of: int, other: int, of_other: int) -> dict[str, float]:
    """Return the difference of two independent shares with its 95 % interval (Newcombe 1998, method 10).

    >>> {name: round(value, 4) for name, value in newcombe(56, 70, 48, 80).items()}
    {'value': 0.2, 'low': 0.0524, 'high': 0.3339}
    """
    if not of or not of_other:
        return {"value": np.nan, "low": np.nan, "high": np.nan}
    p, q = count / of, other / of_other
    (p_low, p_high), (q_low, q_high) = wilson(count, of), wilson(other, of_other)
    return {
        "value": p - q,
        "low": p - q - float(np.hypot(p - p_low, q_high - q)),
        "high": p - q + float(np.hypot(p_high - p, q - q_low)),
    }
