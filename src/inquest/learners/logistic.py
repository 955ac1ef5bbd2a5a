"""Logistic regression that is retrained by carrying its optimum along."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, special
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils import assert_all_finite

from inquest.learners.carry import join, leave
from inquest.learners.metrics import Predictions
from inquest.learners.retraining import FittedModel, RetrainingUtility
from inquest.learners.softmax import Array, Loss, inverse, newton, sigmoid
from inquest.utility import Rows, Score, as_rows

BLOCK = 64  # prefixes, or rows left out, that are solved together
STALE = 7  # passes over a block from which on the Hessian is computed anew for the next one


class LogisticUtility(RetrainingUtility):
    """L2-regularised logistic regression: the optimum of one set of rows is a step away from the next one's.

    A walk solves a block of prefixes together, from the optimum of the last one before it. The inverse
    Hessian there, updated for the rows that join (Woodbury 1950), gives Newton steps for all of them, which
    Anderson acceleration makes converge fast although that Hessian is a little off. Rows are left out
    likewise, from the optimum of all. Every optimum is exact: the 2-norm of the gradient of the mean loss
    is at most ``tolerance``. A set for which this fails is solved alone by full Newton steps, and if that
    fails, too, by scikit-learn; `solved` counts the ways (`carried`, `newton`, `plain`).

    Rows are turned into an orthonormal basis in which the first t rows of a walk have t coordinates, which
    changes neither the loss nor the penalty: a walk through fewer rows than columns costs accordingly less.

    Parameters as for `RetrainingUtility`. The estimator's own solver, tolerance and number of iterations
    don't matter, as the optimum is unique.
    """

    family = "carried Newton steps"

    def __init__(self, estimator: LogisticRegression, *args: Any, **options: Any):
        super().__init__(estimator, *args, **options)
        self.estimator = exactly(estimator, self.tolerance)
        with self._named_failure(f"predict {len(self.y_test):,} rows"):
            assert_all_finite(self.X_test)

    @classmethod
    def covers(cls, estimator: BaseEstimator) -> bool:
        """Return whether the estimator's optimum is the one that this family finds."""
        if type(estimator) is not LogisticRegression:
            return False
        p = estimator.get_params()
        weights = p["class_weight"]
        return (
            p["penalty"] in ("l2", "deprecated")
            and not p["l1_ratio"]
            and p["solver"] != "liblinear"  # it penalises the intercept
            and 0 < p["C"] < np.inf
            and not p["warm_start"]
            and not (isinstance(weights, dict) and min(weights.values(), default=1) <= 0)
        )

    def plain(self) -> RetrainingUtility:
        """Return the same utility, retrained from scratch by scikit-learn, to a tenth of the tolerance."""
        return self._like(RetrainingUtility, exactly(self.estimator, self.tolerance / 10))

    def fit(self, rows: ArrayLike) -> FittedModel:
        """Return the model at the optimum of the rows, found by Newton's method from 0."""
        rows = np.sort(as_rows(rows, self.n_rows))
        codes, y = np.unique(self.y[rows], return_inverse=True)
        if len(codes) < 2:
            return super().fit(rows)
        basis = _basis(self.X[rows])
        loss = self._loss(self._features(self.X[rows], basis)[None], y[None], codes)
        theta, reached = newton(loss, np.zeros((loss.Z.shape[2], loss.q)), self.tolerance)
        if not reached:
            return super().fit(rows)
        self.solved["newton"] += 1
        model, ones = clone(self.estimator), int(loss.intercept)
        model.coef_ = np.ascontiguousarray((basis @ theta[ones:]).T)
        model.intercept_ = theta[0].copy() if ones else np.zeros(loss.q)
        model.classes_, model.n_features_in_ = np.arange(len(codes)), self.X.shape[1]
        return FittedModel(model, codes)

    def walk(self, order: ArrayLike) -> Iterator[Score]:
        order = as_rows(order, self.n_rows)
        if not len(order):
            return
        _, first = np.unique(self.y[order], return_index=True)
        ends = [*np.sort(first)[1:].tolist(), len(order)]  # with the next row, another class appears
        yield from itertools.repeat(self(order[:1]), ends[0])
        basis = _basis(self.X[order])
        Z, Z_test = self._features(self.X[order], basis), self._features(self.X_test, basis)
        for start, end in itertools.pairwise(ends):
            for [score] in self._stretch(order[None, :end], Z[None, :end], Z_test[None], start + 1):
                yield score

    def walks(self, orders: Sequence[ArrayLike]) -> Iterator[Sequence[Score]]:
        orders = np.array([as_rows(order, self.n_rows) for order in orders])
        kinds = [np.unique(self.y[order]).tolist() for order in orders]
        two = all(len(kind) == 2 and kind == kinds[0] for kind in kinds)
        together = int(np.argmax(self.y[orders] != self.y[orders[:, :1]], axis=1).max()) + 1
        if len(orders) == 1 or not two:
            yield from super().walks(orders)
            return
        yield from zip(*(self.walk(order[: together - 1]) for order in orders), strict=True)
        bases = [_basis(self.X[order]) for order in orders]
        Z = np.array([self._features(self.X[o], basis) for o, basis in zip(orders, bases, strict=True)])
        Z_test = np.array([self._features(self.X_test, basis) for basis in bases])
        yield from self._stretch(orders, Z, Z_test, together)

    def without(self, rows: ArrayLike) -> Score:
        return next(self.without_each([rows]))

    def without_each(self, groups: Iterable[ArrayLike]) -> Iterator[Score]:
        every = np.arange(self.n_rows)
        left_out = (as_rows(rows, self.n_rows) for rows in groups)
        codes, y = np.unique(self.y, return_inverse=True)
        if len(codes) < 2:
            yield from (self(np.setdiff1d(every, rows)) for rows in left_out)
            return
        basis = _basis(self.X)
        loss = self._loss(self._features(self.X, basis)[None], y[None], codes)
        Z_test = self._features(self.X_test, basis)[None]
        theta, reached = newton(loss, np.zeros((loss.Z.shape[2], loss.q)), self.tolerance)
        H = inverse(loss.hessians(loss.chances(theta[None]))[0]) if reached else None
        counts = np.bincount(y)

        def kind(rows: Rows) -> str:
            """How a group is left out: as a `row` alone, as a `group`, or as any set of rows (`set`)."""
            stay = reached and np.all(counts > np.bincount(y[rows], minlength=len(counts)))
            return "set" if not stay else "row" if len(rows) == 1 else "group"

        for way, some in itertools.groupby(left_out, kind):
            if way == "row":
                while block := list(itertools.islice(some, BLOCK)):
                    yield from self._leave(loss, theta, H, np.concatenate(block), y, codes, Z_test)
            for rows in some:
                kept = np.setdiff1d(every, rows)
                if way == "set":
                    yield self(kept)
                else:
                    x, known = np.empty((1, *theta.shape, 1)), {}
                    self._solve(loss, y[kept], kept, kept, theta, x[0, :, :, 0], known, 0)
                    yield from self._scores(Z_test, x, codes, known)

    def _leave(self, loss, theta, H, rows, y, codes, Z_test) -> Iterator[Score]:
        """Yield the scores without each of some single rows."""
        if self._balanced:
            counts = np.bincount(y)[:, None] - (np.arange(len(codes))[:, None] == y[rows])
            total = np.full(len(rows), self.n_rows - 1.0)
            scale = (total / (len(codes) * counts))[y] / loss.s[0][:, None]
        else:
            total, scale = loss.totals() - (1.0 if loss.s is None else loss.s[0, rows]), None
        goals = np.broadcast_to(self.tolerance * total, len(rows))
        x, reached = leave(loss, theta, H, rows, goals, scale)
        self.solved["carried"] += int(reached.sum())
        known: dict[int, Score] = {}
        for j in np.flatnonzero(~reached):
            kept = np.delete(np.arange(self.n_rows), rows[j])
            self._solve(loss, y[kept], kept, kept, theta, x[:, :, j], known, j)
        yield from self._scores(Z_test, x[None], codes, known)

    def _stretch(self, orders: Rows, Z: Array, Z_test: Array, first: int) -> Iterator[list[Score]]:
        """Yield the scores of R walks' prefixes from ``first`` rows on, all of which have the same classes.

        Parameters
        ----------
        orders : ndarray of int, shape (R, n)
        Z, Z_test : ndarray, shapes (R, n, D) and (R, m, D)
            Features in each walk's basis.
        first : int
        """
        R, n = orders.shape
        codes, y = np.unique(self.y[orders], return_inverse=True)
        y = y.reshape(R, n)
        loss, ones = self._loss(Z, y, codes), int(self.estimator.fit_intercept)
        theta, H, size, b = np.zeros((R, ones, loss.q)), None, first - 1, 1
        while size < n:
            b = min(b, n - size)
            sizes = np.arange(size + 1, size + b + 1)
            D = min(size + b, Z.shape[2] - ones) + ones
            near, scale = loss.part(slice(size + b), D), None
            theta = np.concatenate([theta, np.zeros((R, D - theta.shape[1], loss.q))], axis=1)
            x, reached, passes = np.zeros((R, D, loss.q, b)), np.zeros((R, b), bool), 0
            if size >= first:
                if self._balanced:
                    now, then = (_balanced_weights(y, len(codes), at) for at in ([size], sizes))
                    at = (np.arange(R)[:, None], y[:, : size + b])
                    near.s, scale = now[at][:, :, 0], (then / now)[at]
                    total = np.broadcast_to(sizes, (R, b))
                else:
                    total = np.broadcast_to(sizes, (R, b)) if near.s is None else near.s.cumsum(1)[:, size:]
                with contextlib.suppress(linalg.LinAlgError):
                    x, reached, passes, H = join(near, theta, H, size, self.tolerance * total, scale)
            # the block ends where the first walk is stuck; a walk stuck at once goes on alone
            b = max(1, int(np.argmin(np.append(reached.all(axis=0), False))))
            x, reached = x[..., :b], reached[:, :b]
            self.solved["carried"] += int(reached.sum())
            known: dict[int, Score] = {}
            for r in np.flatnonzero(~reached[:, 0]):
                part = near.part(slice(size + 1), problem=slice(r, r + 1))
                rows = orders[r, : size + 1]
                self._solve(part, y[r, : size + 1], rows, slice(None), theta[r], x[r, :, :, 0], known, r)
            scores = list(self._scores(Z_test[:, :, :D], x, codes, known))
            yield from zip(*(scores[r * b : (r + 1) * b] for r in range(R)), strict=True)
            size += b
            theta = x[:, : min(size, Z.shape[2] - ones) + ones, :, -1]
            if passes > STALE or b < len(sizes) or self._balanced:
                H = None
            b = min(BLOCK, size)

    def _solve(
        self,
        loss: Loss,
        y: NDArray[np.intp],
        rows: Rows,
        part: Rows | slice,
        start: Array,
        x: Array,
        known: dict[int, Score],
        place: int,
    ) -> None:
        """Put the optimum of one set of rows into ``x``, or else the score of a plain fit into ``known``.

        Parameters
        ----------
        loss : Loss
            Of a single problem, of which ``part`` are these rows.
        y : ndarray of int
            Their codes.
        rows : ndarray of int
            Their positions.
        start : ndarray, shape (D, q)
            Where Newton's method starts; if this fails, it starts from 0.
        """
        loss = loss.part(part)
        if self._balanced:
            loss.s = _balanced_weights(y[None], y.max() + 1, [len(y)])[0, y, 0][None]
        for theta in (start, np.zeros_like(start)):
            x[...], reached = newton(loss, theta, self.tolerance)
            if reached:
                self.solved["newton"] += 1
                return
        x[...] = 0.0
        p = self.predict(super().fit(rows), self.X_test)
        [known[place]] = self.score(Predictions(p.labels[None], p.scores[None], p.probabilities[None]))

    def _scores(self, Z_test: Array, x: Array, codes: NDArray, known: dict[int, Score]) -> Iterator[Score]:
        """Yield the scores of parameters (R, D, q, b), set by set, but for those that are known."""
        R, D, q, b = x.shape
        eta = (Z_test @ x.reshape(R, D, q * b)).reshape(R, -1, q, b)
        eta = eta.transpose(0, 3, 1, 2).reshape(R * b, -1, q)
        p = np.zeros((*eta.shape[:2], self.n_classes))
        if q == 1:
            p[:, :, codes[1]] = sigmoid(eta[:, :, 0])
            p[:, :, codes[0]] = 1 - p[:, :, codes[1]]
            labels = codes[(eta[:, :, 0] > 0).astype(np.intp)]
        else:
            p[:, :, codes] = special.softmax(eta, axis=-1)
            labels = codes[eta.argmax(axis=-1)]
        for place, score in enumerate(self.score(Predictions(labels, p, p))):
            yield known.get(place, score)

    @property
    def _balanced(self) -> bool:
        return self.estimator.class_weight == "balanced"

    def _loss(self, Z: Array, y: NDArray[np.intp], codes: NDArray[np.intp]) -> Loss:
        weights, s = self.estimator.class_weight, None
        if self._balanced:
            s = np.take_along_axis(_balanced_weights(y, len(codes), [y.shape[1]])[:, :, 0], y, axis=1)
        elif weights is not None:
            s = np.array([weights.get(code, 1.0) for code in codes.tolist()], float)[y]
        return Loss(Z, y, len(codes), self.estimator.C, self.estimator.fit_intercept, s)

    def _features(self, X: Array, basis: Array) -> Array:
        turned = X @ basis
        return np.column_stack([np.ones(len(X)), turned]) if self.estimator.fit_intercept else turned


def exactly(estimator: LogisticRegression, tolerance: float) -> LogisticRegression:
    """Return a classifier with the same optimum, which scikit-learn itself takes to a tolerance."""
    return clone(estimator).set_params(solver="newton-cholesky", tol=tolerance, max_iter=10_000)


def _basis(X: Array) -> Array:
    """Return orthonormal columns, shape (d, r), of which the first t span the first t rows of X."""
    return np.linalg.qr(X[: X.shape[1]].T)[0]


def _balanced_weights(y: NDArray[np.intp], k: int, sizes: ArrayLike) -> Array:
    """Return scikit-learn's `balanced` weights of the classes in prefixes of labels (R, n): (R, k, sizes)."""
    counts = np.cumsum(y[:, None, :] == np.arange(k)[:, None], axis=2)[:, :, np.asarray(sizes) - 1]
    return counts.sum(axis=1, keepdims=True) / (k * np.maximum(counts, 1))
