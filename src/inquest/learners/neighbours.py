"""k-nearest neighbours, without a search: a row that comes or goes changes the neighbours of few test rows.

Each test row keeps a list of its nearest training rows. Along a walk a new row is put into the lists that it
is near enough for, and when rows are left out, the next ones of longer lists move up. Distances, votes and
probabilities are scikit-learn's; where it isn't clear which of several equally far rows scikit-learn counts
among the k nearest, and their labels differ, scikit-learn itself is asked (see `NeighboursUtility`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from numbers import Real
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist
from sklearn import config_context
from sklearn.base import BaseEstimator
from sklearn.neighbors import KNeighborsClassifier

from inquest.learners.metrics import Predictions
from inquest.learners.retraining import RetrainingUtility
from inquest.utility import Rows, Score, as_rows

KEPT = 2**26
"""At most so many distances are computed once and kept (512 MB); others are computed block by block."""
HELD = 2**24
"""At most about so many numbers are in each array of one block."""
SCORED = 2**20
"""At most about so many probabilities are scored at once."""
MOST_CLASSES = 1000
HUGE = 1e100
"""Features beyond this, whose squares may overflow, are left to scikit-learn."""
EPS = np.finfo(np.float64).eps
NEVER = float(np.nextafter(2.0**1000, 0))
"""Farther than any row, and its lowest bits, all set, are no label."""

Values = NDArray[np.float64]
"""Distances (squared ones for the Euclidean metric) whose lowest bits are the label of the training row."""


class Outcome(NamedTuple):
    """What the lists say of test rows, shapes (…, p), (…, p, k classes) and (…, p)."""

    labels: NDArray[np.intp]
    probabilities: NDArray[np.float64]
    doubtful: NDArray[np.bool_]
    """Where scikit-learn must be asked, since distances are equal, or nearly so."""

    def at(self, index: int) -> Outcome:
        return Outcome(*(part[index] for part in self))


class Nearest(NamedTuple):
    """The nearest training rows of each test row, nearest first, shapes (m, w).

    ``found`` has all places of the flat ``rows`` in order of the row, those of row i from ``bounds[i]`` on.
    """

    rows: Rows
    values: Values
    found: NDArray[np.intp]
    bounds: NDArray[np.intp]


class NeighboursUtility(RetrainingUtility):
    """The worth of training rows for scikit-learn's `KNeighborsClassifier`.

    Equals `RetrainingUtility`: probabilities up to rounding, labels exactly. Whenever rows at (nearly) the
    same distance leave open which of them are among the k nearest, and their labels differ, scikit-learn
    answers for the test rows concerned: which of them it takes depends on the whole set of rows, and, by
    brute force, on how it rounds distances in blocks, so that then it is given all the test rows. The same
    goes for the weights "distance" where votes are nearly equal, and where distances are so small beside
    the rows' norms that scikit-learn's own rounding shows in its weights. `solved` counts the sets that
    needed such an answer as `plain`, the others as `carried`: rows with many duplicates gain little.

    With the weights "distance", test rows whose probabilities differ by scikit-learn's rounding alone may be
    ranked otherwise, which metrics of ranks (`roc_auc`, `average_precision`) can see.
    """

    family = "nearest neighbours by sorted lists"

    @classmethod
    def covers(cls, estimator: BaseEstimator) -> bool:
        """Return whether the shortcut gives what this classifier, with these parameters, would predict."""
        if type(estimator) is not KNeighborsClassifier:
            return False
        whole = (int, np.integer)
        return (
            isinstance(estimator.n_neighbors, int)
            and not isinstance(estimator.n_neighbors, bool)
            and estimator.n_neighbors >= 1
            and isinstance(estimator.weights, str)
            and estimator.weights in ("uniform", "distance")
            and estimator.algorithm in ("auto", "ball_tree", "kd_tree", "brute")
            and isinstance(estimator.leaf_size, whole)
            and estimator.leaf_size >= 1
            and isinstance(estimator.p, Real)
            and estimator.p > 0
            and _metric(estimator) is not None
            and estimator.metric_params is None
            and (estimator.n_jobs is None or (isinstance(estimator.n_jobs, whole) and estimator.n_jobs != 0))
        )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        X, X_test = self.X, self.X_test
        self._carries = (
            self.covers(self.estimator)
            and 2 <= self.n_classes <= MOST_CLASSES
            and all(type(A) is np.ndarray and A.dtype == np.float64 and A.ndim == 2 for A in (X, X_test))
            and all(np.abs(A).max(initial=0) < HUGE for A in (X, X_test))  # nor NaN
            and X.size > 0 < X_test.size
        )
        if not self._carries:
            return
        self._k, self._weighted = self.estimator.n_neighbors, self.estimator.weights == "distance"
        self._length = self._k + max(2, self._k // 4)  # spare ones show whether ties can change votes
        self._labels = 2 ** int(self.n_classes).bit_length() - 1  # the bits of a value that are its label
        self._metric = _metric(self.estimator)
        algorithm, d = self.estimator.algorithm, X.shape[1]
        self._by_products = self._metric == "sqeuclidean" and algorithm in ("auto", "brute")
        self._norms = cdist(np.zeros((1, d)), X_test, self._metric)[0]
        # what rounding can do to a distance, however small, as scikit-learn computes it
        self._rounding = 16 * (d + 16) * EPS * self._norms + np.finfo(np.float64).tiny
        if algorithm == "ball_tree":  # its bounds are differences of distances to far centres
            self._rounding += 16 * (d + 16) * EPS * cdist(np.zeros((1, d)), X, self._metric).max(initial=0)
        self._kept: Values | None = None

    # what the lists say

    def _values(self, rows: Rows, tests: NDArray | slice = slice(None)) -> Values:
        """Return the values of training rows for test rows, shape (rows, tests)."""
        if self._kept is None and self.n_rows * len(self.X_test) <= KEPT:
            self._kept = self._computed(np.arange(self.n_rows), slice(None))
        if self._kept is None:
            return self._computed(rows, tests)
        return self._kept[rows] if isinstance(tests, slice) else self._kept[rows[:, None], tests]

    def _computed(self, rows: Rows, tests: NDArray | slice) -> Values:
        values = cdist(self.X[rows], self.X_test[tests], self._metric)
        bits = values.view(np.int64)
        bits &= ~self._labels
        bits |= self.y[rows, None]
        return values

    def _says(self, lists: Values, tests: NDArray | slice = slice(None)) -> Outcome:
        """Return what sorted lists, shape (…, length, p), say of p test rows."""
        near, after = lists[..., : self._k, :], lists[..., self._k, :]
        codes = near.view(np.int64) & self._labels
        votes = np.empty((self.n_classes, *after.shape))
        if self._weighted:
            weights = self._weights(near)
            for code in range(self.n_classes):
                np.sum(np.where(codes == code, weights, 0.0), axis=-2, out=votes[code])
        else:
            count = np.uint8 if self._k < 256 else np.intp
            for code in range(self.n_classes):
                votes[code] = np.sum((codes == code).view(np.uint8), axis=-2, dtype=count)
        edge, rounding = near[..., -1, :], self._rounding[tests]
        doubtful = (after <= edge * (1 + 1e-9) + rounding) & (after < NEVER)
        if doubtful.any():
            self._clear(doubtful, lists, rounding)
        if self._weighted:
            ranked = np.sort(votes, axis=0)
            doubtful |= ranked[-1] - ranked[-2] <= 1e-9 * ranked[-1]
            if self._by_products:  # weights may be off by more than 1e-11
                doubtful |= near[..., 0, :] <= 4e11 * EPS * (self.X.shape[1] + 16) * self._norms[tests]
        total = np.maximum(votes.sum(axis=0), np.finfo(float).tiny)
        probabilities = np.empty((*after.shape, self.n_classes))
        labels, most = np.zeros(after.shape, np.intp), votes[0].copy()
        for code in range(self.n_classes):  # of classes with equal votes, the first
            np.divide(votes[code], total, out=probabilities[..., code])
            labels[votes[code] > most] = code
            np.maximum(most, votes[code], out=most)
        return Outcome(labels, probabilities, doubtful)

    def _weights(self, near: Values) -> NDArray[np.float64]:
        """Return 1 / distance, or 1 for the rows at distance 0, and then 0 for the others."""
        distances = (near.view(np.int64) & ~self._labels).view(np.float64)
        if self._metric == "sqeuclidean":
            distances = np.sqrt(distances)
        with np.errstate(divide="ignore"):
            weights = 1 / distances
        none = np.isinf(weights)
        return np.where(none.any(axis=-2, keepdims=True), none, weights)

    def _clear(self, doubtful: NDArray[np.bool_], lists: Values, rounding: NDArray[np.float64]) -> None:
        """Take back doubts where all the rows that compete for the last places have one label."""
        tests = np.nonzero(doubtful)[-1]
        tied = np.moveaxis(lists, -2, -1)[doubtful]  # (doubts, length)
        edge = tied[:, self._k - 1, None]
        rivals = np.abs(tied - edge) <= edge * 1e-9 + rounding[tests, None]
        codes = tied.view(np.int64) & self._labels
        same = (codes == codes[:, self._k - 1, None]) | ~rivals
        doubtful[doubtful] = ~same.all(axis=1) | rivals[:, -1]

    def _ask(self, rows: Rows, tests: NDArray[np.intp], found: Outcome) -> None:
        """Put what scikit-learn, fitted on the rows, says of test rows in place of what was found."""
        algorithm, few = self.estimator.algorithm, min(self._k, len(rows)) >= len(rows) // 2
        if algorithm == "brute" or (algorithm == "auto" and (few or self.X.shape[1] > 15)):
            # it works on blocks of test rows, and how it rounds a distance depends on the whole block
            tests = np.arange(len(self.X_test))
        with config_context(assume_finite=True):
            model = self.fit(rows)
            if model.estimator is None or self._weighted:
                said = self.predict(model, self.X_test[tests])
                found.labels[tests], found.probabilities[tests] = said.labels, said.scores
                return
            votes = model.estimator.predict_proba(self.X_test[tests])
        found.probabilities[tests] = 0.0
        found.probabilities[tests[:, None], model.codes] = votes
        found.labels[tests] = model.codes[votes.argmax(axis=1)]  # as `predict` does, without a second search

    def _settled(self, found: Outcome, sets: Iterable[Rows]) -> list[Score]:
        """Ask for the doubtful test rows of each set of rows, and return all scores."""
        labels, probabilities, doubtful = found
        asked = self.solved["plain"]
        for i, (rows, doubt) in enumerate(zip(sets, doubtful.any(axis=1).tolist(), strict=True)):
            if doubt:
                self._ask(rows, np.flatnonzero(doubtful[i]), found.at(i))
        self.solved["carried"] += len(labels) - (self.solved["plain"] - asked)
        return self.score(Predictions(labels, probabilities, probabilities))

    # walks

    def walk(self, order: ArrayLike) -> Iterator[Score]:
        order = as_rows(order, self.n_rows)
        if not self._carries:
            yield from super().walk(order)
            return
        m = len(self.X_test)
        most = max(1, min(SCORED // (m * self.n_classes), HELD // (m * self._length)))
        lists, start = np.full((self._length, m), NEVER), 0
        while start < len(order):
            stop = min(start + min(max(16, 3 * start), most), len(order))
            lists, found = self._advance(lists, order[start:stop])
            yield from self._settled(found, (order[: start + i + 1] for i in range(stop - start)))
            start = stop

    def _advance(self, lists: Values, block: Rows) -> tuple[Values, Outcome]:
        """Put the rows of a block into the lists one after another; return the lists, and all outcomes."""
        values, m = self._values(block), lists.shape[1]
        enters = values < lists[-1]  # (b, m): all that can enter, and some that come too late
        entered = np.cumsum(enters.view(np.int8), axis=0, dtype=np.intp)
        most = int(entered[-1].max())
        entered *= m
        entered += np.arange(m)  # the place in a flat history, shape (events, m)
        flat = np.flatnonzero(enters)
        comes = np.full((most, m), NEVER)  # the first to enter each list, the second, …
        comes.ravel()[entered.ravel()[flat] - m] = values.ravel()[flat]
        history = np.empty((most + 1, 1 + len(lists), m))
        history[:, 0], history[0, 1:] = 0.0, lists
        steps = zip(history[:-1, :-1], history[:-1, 1:], history[1:, 1:], comes, strict=True)
        for before, old, new, value in steps:  # into its place in a sorted list; the last one falls out
            np.maximum(before, value, out=new)
            np.minimum(new, old, out=new)
        seen = self._says(history[:, 1:])
        return history[-1, 1:], Outcome(
            seen.labels.ravel().take(entered),
            seen.probabilities.reshape(-1, self.n_classes).take(entered, axis=0),
            seen.doubtful.ravel().take(entered) if seen.doubtful.any() else np.zeros(entered.shape, bool),
        )

    # what is left when rows are left out

    def without_each(self, groups: Iterable[ArrayLike]) -> Iterator[Score]:
        groups = [as_rows(rows, self.n_rows) for rows in groups]
        m, everything = len(self.X_test), np.arange(self.n_rows)
        widest = max(map(len, groups), default=0)
        if not self._carries or m * min(self._length + widest, self.n_rows) > HELD:  # lists too long
            for rows in groups:
                yield self(np.setdiff1d(everything, rows))
            return
        nearest = self._nearest(self._length + widest)
        whole = self._says(self._cut(nearest.values))
        most = max(1, min(SCORED // (m * self.n_classes), HELD // (m * nearest.rows.shape[1])))
        for start in range(0, len(groups), most):
            block = groups[start : start + most]
            left = (np.setdiff1d(everything, rows) for rows in block)
            yield from self._settled(self._left(block, nearest, whole), left)

    def _nearest(self, width: int) -> Nearest:
        n, m = self.n_rows, len(self.X_test)
        width = min(width, n)
        rows, values = np.empty((m, width), np.intp), np.empty((m, width))
        step = max(1, HELD // max(n, 1))
        for start in range(0, m, step):
            tests = np.arange(start, min(start + step, m))
            all_values = np.ascontiguousarray(self._values(np.arange(n), tests).T)
            near = np.argpartition(all_values, width - 1, axis=1)[:, :width] if width < n else None
            near = np.tile(np.arange(n), (len(tests), 1)) if near is None else near
            found = np.take_along_axis(all_values, near, axis=1)
            order = np.argsort(found, axis=1)
            rows[tests] = np.take_along_axis(near, order, axis=1)
            values[tests] = np.take_along_axis(found, order, axis=1)
        places = np.argsort(rows, axis=None, kind="stable")
        return Nearest(rows, values, places, np.searchsorted(rows.ravel()[places], np.arange(n + 1)))

    def _cut(self, values: Values) -> Values:
        """Return lists from sorted values, shapes (length, p) from (p, w)."""
        lists = np.full((self._length, len(values)), NEVER)
        lists[: values.shape[1]] = values[:, : self._length].T
        return lists

    def _left(self, groups: list[Rows], nearest: Nearest, whole: Outcome) -> Outcome:
        """Return what the rows without each group say, from what all of them say."""
        m, width = nearest.rows.shape
        found = Outcome(*(np.repeat(part[None], len(groups), axis=0) for part in whole))
        # all places in lists (flat) that hold a row of the group, group by group
        members = np.concatenate(groups)
        first, counts = nearest.bounds[members], nearest.bounds[members + 1] - nearest.bounds[members]
        skip = np.repeat(first - (np.cumsum(counts) - counts), counts)
        places = nearest.found[skip + np.arange(len(skip))]
        group = np.repeat(np.repeat(np.arange(len(groups)), [len(g) for g in groups]), counts)
        pairs, pair = np.unique(group * m + places // width, return_inverse=True)
        at, tests = pairs // m, pairs % m
        left = nearest.values[tests]
        left[pair, places % width] = NEVER
        left.sort(axis=1)
        for part, new in zip(found, self._says(self._cut(left), tests), strict=True):
            part[at, tests] = new
        found.doubtful[[len(rows) == self.n_rows for rows in groups]] = True  # nothing is left
        return found


def _metric(estimator: KNeighborsClassifier) -> str | None:
    """Return what SciPy calls the metric, or None for one that the shortcut does not cover."""
    name = estimator.metric
    if isinstance(name, str) and name == "minkowski":
        name = {1: "manhattan", 2: "euclidean", np.inf: "chebyshev"}.get(estimator.p)
    known = {"euclidean": "sqeuclidean", "manhattan": "cityblock", "chebyshev": "chebyshev"}
    return known.get(name) if isinstance(name, str) else None
