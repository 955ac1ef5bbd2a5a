"""Families that have the models of many sets of rows at once, as stacked arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inquest.learners.metrics import Predictions
from inquest.learners.retraining import RetrainingUtility
from inquest.utility import Rows, Score, as_rows

ELEMENTS = 1 << 18
"""How many numbers a stack of predictions holds at most: 2 MiB, so that it stays in the cache."""


class Stack(NamedTuple):
    """What b models say of the distinct test rows, and which of the models hold to rounding.

    Attributes
    ----------
    labels : ndarray of int, shape (b, m)
    scores : ndarray of float, shape (b, m, k)
    probabilities : ndarray of float, shape (b, m, k), or None
    exact : ndarray of bool, shape (b,)
        Models that are not are had from scikit-learn instead.
    """

    labels: NDArray[np.intp]
    scores: NDArray[np.float64]
    probabilities: NDArray[np.float64] | None
    exact: NDArray[np.bool_]


class StackedUtility(RetrainingUtility):
    """A family that solves for the models of a stretch of a walk at once, and of many complements at once.

    A family gives `_follower` and `_left`, for sets of rows of at least two classes; all else is common:
    sets of one class, the cut of a walk where a new class comes up, scoring, and the plain fit of any model
    whose `Stack.exact` is false.
    """

    most = 256
    """The most models that are solved at once."""

    def walk(self, order: ArrayLike) -> Iterator[Score]:
        if not self._finite:
            yield from super().walk(order)
            return
        order = as_rows(order, self.n_rows)
        new = np.sort(np.unique(self.y[order], return_index=True)[1])  # where each class comes up first
        alone = int(new[1]) if len(new) > 1 else len(order)
        if alone:
            score = self(order[:1])
            for _ in range(alone):
                yield score
        if alone == len(order):
            return
        follow = self._follower(order)
        for start, stop in _stretches(alone, len(order), new[2:].tolist(), self._width):
            present = np.unique(self.y[order[new[new <= start]]])
            yield from self._settled(
                follow(start, stop, present), lambda i, first=start: order[: first + i + 1]
            )

    def without_each(self, groups: Iterable[ArrayLike]) -> Iterator[Score]:
        if not self._finite:
            yield from (self(self._rest(as_rows(rows, self.n_rows))) for rows in groups)
            return
        groups = (as_rows(rows, self.n_rows) for rows in groups)
        total = np.bincount(self.y, minlength=self.n_classes)
        while chunk := list(islice(groups, self._width)):
            counts = total - [np.bincount(self.y[rows], minlength=self.n_classes) for rows in chunk]
            scores: dict[int, Score] = {}
            kinds, kind_of = np.unique(counts > 0, axis=0, return_inverse=True)
            for kind, some in enumerate(kinds):
                which = np.flatnonzero(kind_of.ravel() == kind)
                gone = [chunk[i] for i in which]
                if some.sum() < 2:
                    found = (self(self._rest(rows)) for rows in gone)
                else:
                    stack = self._left(gone, counts[which], np.flatnonzero(some))
                    found = self._settled(stack, lambda i, gone=gone: self._rest(gone[i]))
                scores.update(zip(which.tolist(), found, strict=True))
            yield from (scores[i] for i in range(len(chunk)))

    def _follower(self, order: Rows) -> Callable[[int, int, NDArray[np.intp]], Stack]:
        """Return the function that solves for the models of a stretch of the walk along ``order``.

        It takes ``start``, ``stop`` and the classes present, and the models are those of the prefixes of
        ``start`` + 1, …, ``stop`` rows; at least one row comes before.
        """
        raise NotImplementedError

    def _left(self, groups: list[Rows], counts: NDArray[np.intp], present: NDArray[np.intp]) -> Stack:
        """Return the models of all rows but each of the groups, which leave the classes ``present``.

        ``counts``, of shape (b, n_classes), are the rows that are left of each class.
        """
        raise NotImplementedError

    def _settled(self, stack: Stack, rows_of: Callable[[int], Rows]) -> Iterator[Score]:
        """Yield the scores of a stack, with a plain fit to the rows of each model that isn't exact."""
        predictions = Predictions(stack.labels, stack.scores, stack.probabilities)
        places = self._distinct[1]
        scores = self.score(predictions if places is None else predictions[places])
        self.solved["carried"] += int(stack.exact.sum())
        for i, (score, exact) in enumerate(zip(scores, stack.exact.tolist(), strict=True)):
            yield score if exact else self(rows_of(i))

    def _rest(self, rows: Rows) -> Rows:
        return np.setdiff1d(np.arange(self.n_rows), rows, assume_unique=True)

    @cached_property
    def _finite(self) -> bool:
        """Whether every feature is a finite number; scikit-learn says what is wrong with others."""
        return bool(np.isfinite(self.X).all() and np.isfinite(self.X_test).all())

    @cached_property
    def _features(self) -> NDArray[np.float64]:
        """The training rows, about the origin."""
        return np.asarray(self.X, float) - self._origin

    @cached_property
    def _origin(self) -> NDArray[np.float64]:
        """The median of each column: no outlier moves it, and what is large about a column goes with it."""
        return np.median(np.asarray(self.X, float), axis=0)

    @cached_property
    def _distinct(self) -> tuple[NDArray[np.float64], NDArray[np.intp] | None]:
        """The distinct test rows, so that equal rows get equal scores, and where each test row is in them."""
        X = np.asarray(self.X_test, float)
        distinct, places = np.unique(X, axis=0, return_inverse=True)
        return (X, None) if len(distinct) == len(X) else (distinct, places.ravel())

    @cached_property
    def _tests(self) -> NDArray[np.float64]:
        """The distinct test rows, about the origin."""
        return self._distinct[0] - self._origin

    @cached_property
    def _width(self) -> int:
        """How many models are solved at once."""
        return int(np.clip(ELEMENTS // (len(self.y_test) * self.n_classes), 8, self.most))

    @cached_property
    def _needs_only_labels(self) -> bool:
        """Whether no metric looks at the scores; they may be NaN then."""
        return set(self.metrics) <= {"accuracy", "balanced_accuracy", "f1"}


def _stretches(start: int, end: int, cuts: list[int], widest: int) -> Iterator[tuple[int, int]]:
    """Yield pieces of a walk from ``start`` to ``end``, small ones first, none of them across a cut."""
    size = min(16, widest)
    for cut in [*cuts, end]:
        while start < cut:
            stop = min(start + size, cut)
            yield start, stop
            start, size = stop, min(2 * size, widest)


def chosen(values: NDArray[np.float64], codes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the code of the highest of the values along the first axis, the first of equals."""
    if len(codes) == 2:
        return np.where(values[1] > values[0], codes[1], codes[0])
    return codes[values.argmax(axis=0)]


def leads(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how much the highest of the values along the first axis exceeds the second."""
    if len(values) == 2:
        return np.abs(values[0] - values[1])
    top = np.partition(values, -2, axis=0)
    return top[-1] - top[-2]
