"""Metrics of classifiers, oriented so that more is better, for two classes and for many."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata


@dataclass(frozen=True)
class Predictions:
    """What a classifier says of n test rows, with the k classes as codes 0 … k - 1.

    Attributes
    ----------
    labels : ndarray of int, shape (n,)
        The predicted classes.
    scores : ndarray of float, shape (n, k)
        What ranks the rows for each class: probabilities, or decision values where there are none.
    probabilities : ndarray of float, shape (n, k), or None
        None for a classifier that has no probabilities; metrics that need them are then NaN.
    """

    labels: NDArray[np.intp]
    scores: NDArray[np.float64]
    probabilities: NDArray[np.float64] | None

    def __getitem__(self, rows: NDArray[np.intp]) -> Predictions:
        p = self.probabilities
        return Predictions(self.labels[rows], self.scores[rows], None if p is None else p[rows])


def _accuracy(y: NDArray, p: Predictions) -> float:
    return float(np.mean(y == p.labels))


def _balanced_accuracy(y: NDArray, p: Predictions) -> float:
    k = p.scores.shape[1]
    n = np.bincount(y, minlength=k)
    right = np.bincount(y[y == p.labels], minlength=k)
    return float(np.mean(right[n > 0] / n[n > 0]))


def _f1(y: NDArray, p: Predictions) -> float:
    """F1 of the positive class (code 1) with two classes, the unweighted mean over classes with more."""
    k = p.scores.shape[1]
    right = np.bincount(y[y == p.labels], minlength=k)
    total = np.bincount(y, minlength=k) + np.bincount(p.labels, minlength=k)
    # a class that is neither there nor predicted has F1 = 0 as the positive one, and is no part of the mean
    f1 = 2 * right / np.maximum(total, 1)
    return float(f1[1] if k == 2 else f1[total > 0].mean())


def _roc_auc(positive: NDArray, score: NDArray) -> float:
    """The share of pairs of a positive and another row that are in order; ties count half (Fawcett 2006)."""
    n, ranks = positive.sum(), rankdata(score)
    return (ranks[positive].sum() - n * (n + 1) / 2) / (n * (len(positive) - n))


def _average_precision(positive: NDArray, score: NDArray) -> float:
    """The mean over the positive rows of the precision at their score (without interpolation)."""
    order = np.argsort(-score, kind="stable")
    last = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)  # of the rows with one score
    found = np.cumsum(positive[order])[last]
    return np.sum(np.diff(found, prepend=0) * found / (last + 1)) / found[-1]


def _one_against_rest(metric: Callable[[NDArray, NDArray], float]) -> Callable[[NDArray, Predictions], float]:
    """The metric of the positive class (two classes), or its mean over one-against-rest problems."""

    def mean(y: NDArray, p: Predictions) -> float:
        k = p.scores.shape[1]
        values = []
        for code in [1] if k == 2 else range(k):
            is_code = y == code
            if is_code.any() and not is_code.all():
                values.append(metric(is_code, p.scores[:, code]))
        return float(np.mean(values)) if values else float("nan")

    return mean


def _neg_log_loss(y: NDArray, p: Predictions) -> float:
    """The mean log-probability of the true class, clipped as scikit-learn clips it."""
    if p.probabilities is None:
        return float("nan")
    eps = np.finfo(np.float64).eps
    true = np.take_along_axis(np.asarray(p.probabilities, np.float64), y[:, None], axis=1)[:, 0]
    return float(np.mean(np.log(np.clip(true, eps, 1 - eps))))


def _neg_brier(y: NDArray, p: Predictions) -> float:
    """Brier (1950): halved with two classes, so that it is the usual (p - y)²."""
    if p.probabilities is None:
        return float("nan")
    k = p.scores.shape[1]
    squares = ((np.asarray(p.probabilities, np.float64) - np.eye(k)[y]) ** 2).sum(axis=1)
    return -float(squares.mean()) / (2 if k == 2 else 1)


METRICS: dict[str, Callable[[NDArray, Predictions], float]] = {
    "accuracy": _accuracy,
    "balanced_accuracy": _balanced_accuracy,
    "f1": _f1,
    "roc_auc": _one_against_rest(_roc_auc),
    "average_precision": _one_against_rest(_average_precision),
    "neg_log_loss": _neg_log_loss,
    "neg_brier_score": _neg_brier,
}
"""The study's metrics under scikit-learn's scorer names; each takes codes (n,) and `Predictions`.

They equal scikit-learn's, without its checks of the input: a bootstrap asks for them thousands of times.
"""

NEED_PROBABILITIES = ("neg_log_loss", "neg_brier_score")
NEED_BOTH_CLASSES = ("roc_auc", "average_precision")


def evaluate(
    y: NDArray[np.intp], predictions: Predictions, names: Iterable[str] = tuple(METRICS)
) -> dict[str, float]:
    """Return the named metrics; NaN where one can't be had (no probabilities, or one class in ``y``)."""
    return {name: METRICS[name](y, predictions) for name in names}


def bootstrap(
    y: NDArray[np.intp], predictions: Predictions, names: Iterable[str], resamples: int, seed: int
) -> dict[str, dict[str, float]]:
    """Return each metric with its 95 % percentile interval over resampled test rows.

    Returns
    -------
    dict
        `{metric: {"value", "low", "high"}}`; the interval is about the test rows drawn, with the model fixed
        (Efron & Tibshirani 1993, ch. 13). Resamples that have no such metric are left out.
    """
    names = list(names)
    rng = np.random.default_rng(seed)
    draws = {name: np.empty(resamples) for name in names}
    for i in range(resamples):
        rows = rng.integers(len(y), size=len(y))
        for name, value in evaluate(y[rows], predictions[rows], names).items():
            draws[name][i] = value
    found = {}
    for name, value in evaluate(y, predictions, names).items():
        known = draws[name][~np.isnan(draws[name])]
        low, high = np.percentile(known, [2.5, 97.5]) if len(known) else (np.nan, np.nan)
        found[name] = {"value": value, "low": float(low), "high": float(high)}
    return found
