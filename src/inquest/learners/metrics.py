"""Metrics of classifiers, oriented so that more is better, for two classes and for many."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Ranking(NamedTuple):
    """Test rows in order of falling score, shape (…, n), and the first and last place of each place's score.

    ``first`` and ``last`` are None where no two scores are equal.
    """

    order: NDArray[np.intp]
    first: NDArray[np.intp] | None
    last: NDArray[np.intp] | None

    @classmethod
    def of(cls, score: NDArray[np.float64]) -> Ranking:
        order = np.argsort(-score, axis=-1)
        ranked = np.take_along_axis(score, order, axis=-1)
        new = np.ones(score.shape, bool)
        np.not_equal(ranked[..., 1:], ranked[..., :-1], out=new[..., 1:])
        if new.all():
            return cls(order, None, None)
        place = np.arange(score.shape[-1])
        first = np.maximum.accumulate(np.where(new, place, 0), axis=-1)
        ends = np.concatenate([new[..., 1:], new[..., :1]], axis=-1)  # the first place is always new
        last = np.minimum.accumulate(np.where(ends, place, place[-1])[..., ::-1], axis=-1)[..., ::-1]
        return cls(order, first, last)


@dataclass(frozen=True)
class Predictions:
    """What a classifier says of n test rows, with the k classes as codes 0 … k - 1.

    What many classifiers say of the same rows is stacked along further axes before these.

    Attributes
    ----------
    labels : ndarray of int, shape (…, n)
        The predicted classes.
    scores : ndarray of float, shape (…, n, k)
        What ranks the rows for each class: probabilities, or decision values where there are none.
    probabilities : ndarray of float, shape (…, n, k), or None
        None for a classifier that has no probabilities; metrics that need them are then NaN.
    """

    labels: NDArray[np.intp]
    scores: NDArray[np.float64]
    probabilities: NDArray[np.float64] | None
    _rankings: dict[int, Ranking] = field(default_factory=dict, repr=False, compare=False)

    def ranking(self, code: int) -> Ranking:
        """Return the test rows in order of falling score for a class; sorted once for all metrics."""
        if code not in self._rankings:
            self._rankings[code] = Ranking.of(self.scores[..., code])
        return self._rankings[code]

    def __getitem__(self, rows: NDArray[np.intp]) -> Predictions:
        """Return what is said of some of the test rows."""
        p = self.probabilities
        return Predictions(
            self.labels[..., rows], self.scores[..., rows, :], None if p is None else p[..., rows, :]
        )


Metric = Callable[[NDArray[np.intp], Predictions], NDArray[np.float64]]


def _accuracy(y: NDArray, p: Predictions) -> NDArray:
    return np.mean(y == p.labels, axis=-1)


def _balanced_accuracy(y: NDArray, p: Predictions) -> NDArray:
    right = p.labels == y
    return np.mean([np.mean(right[..., y == code], axis=-1) for code in np.unique(y)], axis=0)


def _f1(y: NDArray, p: Predictions) -> NDArray:
    """F1 of the positive class (code 1) with two classes, the unweighted mean over classes with more."""
    k = p.scores.shape[-1]
    values, counts = [], []
    for code in [1] if k == 2 else range(k):
        said = p.labels == code
        right, total = said[..., y == code].sum(axis=-1), said.sum(axis=-1) + np.sum(y == code)
        # a class that is neither there nor predicted has F1 = 0 as the positive one, and is out of the mean
        values.append(2 * right / np.maximum(total, 1))
        counts.append(total > 0)
    return values[0] if k == 2 else np.sum(values, axis=0) / np.sum(counts, axis=0)


def _roc_auc(positive: NDArray, ranking: Ranking) -> NDArray:
    """The share of pairs of a positive and another row that are in order; ties count half (Fawcett 2006)."""
    own = positive[ranking.order]
    found = np.cumsum(own, axis=-1, dtype=np.int32)
    # of the positive rows, those ranked above another row's ties count whole, those among them half
    if ranking.first is None:
        pairs = np.sum(found * ~own, axis=-1)
    else:
        above = np.take_along_axis(found - own, ranking.first, axis=-1)
        pairs = np.sum((above + np.take_along_axis(found, ranking.last, axis=-1)) * ~own, axis=-1) / 2
    return pairs / (positive.sum() * (~positive).sum())


def _average_precision(positive: NDArray, ranking: Ranking) -> NDArray:
    """The mean over the positive rows of the precision at their score (without interpolation)."""
    own = positive[ranking.order]
    precision = np.cumsum(own, axis=-1, dtype=np.int32) / np.arange(1, own.shape[-1] + 1)
    if ranking.last is not None:
        precision = np.take_along_axis(precision, ranking.last, axis=-1)
    return np.sum(precision * own, axis=-1) / positive.sum()


def _one_against_rest(metric: Callable[[NDArray, Ranking], NDArray]) -> Metric:
    """The metric of the positive class (two classes), or its mean over one-against-rest problems."""

    def mean(y: NDArray, p: Predictions) -> NDArray:
        k = p.scores.shape[-1]
        values = []
        for code in [1] if k == 2 else range(k):
            is_code = y == code
            if is_code.any() and not is_code.all():
                values.append(metric(is_code, p.ranking(code)))
        return np.mean(values, axis=0) if values else np.full(p.labels.shape[:-1], np.nan)

    return mean


def _neg_log_loss(y: NDArray, p: Predictions) -> NDArray:
    """The mean log-probability of the true class, clipped as scikit-learn clips it."""
    if p.probabilities is None:
        return np.full(p.labels.shape[:-1], np.nan)
    eps = np.finfo(np.float64).eps
    true = np.asarray(p.probabilities[..., np.arange(len(y)), y], np.float64)
    return np.mean(np.log(np.clip(true, eps, 1 - eps)), axis=-1)


def _neg_brier(y: NDArray, p: Predictions) -> NDArray:
    """Brier (1950): halved with two classes, so that it is the usual (p - y)²."""
    if p.probabilities is None:
        return np.full(p.labels.shape[:-1], np.nan)
    k = p.scores.shape[-1]
    if k == 2:
        return -np.mean(
            (1 - np.asarray(p.probabilities[..., np.arange(len(y)), y], np.float64)) ** 2, axis=-1
        )
    errors = np.asarray(p.probabilities, np.float64) - np.eye(k)[y]
    return -np.mean(np.sum(errors**2, axis=-1), axis=-1)


METRICS: dict[str, Metric] = {
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

FINE = "neg_log_loss"
"""It moves with every row, where accuracy moves in steps of a test row."""
NEED_PROBABILITIES = ("neg_log_loss", "neg_brier_score")
NEED_BOTH_CLASSES = ("roc_auc", "average_precision")


def evaluate(
    y: NDArray[np.intp], predictions: Predictions, names: Iterable[str] = tuple(METRICS)
) -> dict[str, float]:
    """Return the named metrics; NaN where one can't be had (no probabilities, or one class in ``y``).

    Returns
    -------
    dict
        Floats; arrays of shape (…) for predictions that are stacked.
    """
    found = {name: METRICS[name](y, predictions) for name in names}
    return found if predictions.labels.ndim > 1 else {name: float(value) for name, value in found.items()}


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
