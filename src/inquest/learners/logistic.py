"""Logistic regression that is retrained by carrying its optimum along."""

from __future__ import annotations

import functools
import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, special
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils import assert_all_finite

from inquest.learners.carry import Joined, Joining, join, leave
from inquest.learners.metrics import Predictions
from inquest.learners.retraining import FittedModel, RetrainingUtility
from inquest.learners.softmax import Array, Loss, inverse, newton, sigmoid
from inquest.utility import Rows, Score, as_rows

BLOCK = 64  # prefixes, or rows left out, that are solved together
CROWDED_BLOCK = (
    32  # of more than two classes, where a block that is given up costs as much as many rows alone
)


class LogisticUtility(RetrainingUtility):
    """L2-regularised logistic regression: the optimum of one set of rows is a step away from the next one's.

    A walk solves a block of prefixes together, from the optimum of the last one before it. An inverse
    Hessian near there, updated for the rows that join (Woodbury 1950), gives Newton steps for all of them,
    which Broyden's method makes converge fast although that Hessian is a little off. Rows are left out
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
        loss = self._loss(self._features(self.X[rows], basis), y, codes)
        theta, reached = newton(loss, np.zeros((loss.Z.shape[1], loss.q)), self.tolerance)
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
            walk = _Walk(order[:end], self.y[order[:end]], Z[:end], Z_test, start)
            yield from (score for [score] in self._together([walk]))

    def walks(self, orders: Sequence[ArrayLike]) -> Iterator[Sequence[Score]]:
        orders = [as_rows(order, self.n_rows) for order in orders]
        kinds = [np.unique(self.y[order]).tolist() for order in orders]
        lengths = {len(order) for order in orders}
        if len(orders) == 1 or len(lengths) > 1 or len(kinds[0]) != 2 or any(k != kinds[0] for k in kinds):
            yield from super().walks(orders)
            return
        walks = []
        for order in orders:
            basis, y = _basis(self.X[order]), self.y[order]
            Z, Z_test = self._features(self.X[order], basis), self._features(self.X_test, basis)
            alone = int(np.argmax(y != y[0]))  # rows of one class
            walks.append(_Walk(order, y, Z, Z_test, alone, [self(order[:1])] * alone))
        yield from self._together(walks)

    def without_each(self, groups: Iterable[ArrayLike]) -> Iterator[Score]:
        every = np.arange(self.n_rows)
        left_out = (as_rows(rows, self.n_rows) for rows in groups)
        codes, y = np.unique(self.y, return_inverse=True)
        if len(codes) < 2:
            yield from (self(np.setdiff1d(every, rows)) for rows in left_out)
            return
        loss, Z_test, theta, reached, H = self._whole
        counts = np.bincount(y)

        def kind(rows: Rows) -> str:
            """How a group is left out: as a `row` alone, as a `group`, or as any set of rows (`set`)."""
            if len(rows) == 1:
                return "row" if reached and counts[y[rows[0]]] > 1 else "set"
            stay = reached and np.all(counts > np.bincount(y[rows], minlength=len(counts)))
            return "group" if stay else "set"

        for way, some in itertools.groupby(left_out, kind):
            if way == "row":
                while block := list(itertools.islice(some, BLOCK)):
                    yield from self._leave(loss, theta, H, np.concatenate(block), y, codes, Z_test)
            for rows in some:
                kept = np.setdiff1d(every, rows)
                if way == "set":
                    yield self(kept)
                else:
                    x, known = np.empty((*theta.shape, 1)), {}
                    self._solve(loss.part(kept), y[kept], kept, theta, x[..., 0], known, 0)
                    yield from self._scores(Z_test, x, codes, known)

    @functools.cached_property
    def _whole(self) -> tuple[Loss, Array, Array, bool, Array | None]:
        """All rows' loss, test features, the optimum, whether it was reached, and the inverse Hessian."""
        codes, y = np.unique(self.y, return_inverse=True)
        basis = _basis(self.X)
        loss = self._loss(self._features(self.X, basis), y, codes)
        Z_test = self._features(self.X_test, basis)
        theta, reached = newton(loss, np.zeros((loss.Z.shape[1], loss.q)), self.tolerance)
        H = inverse(loss.hessian(loss.chances(theta))) if reached else None
        return loss, Z_test, theta, reached, H

    def _leave(self, loss, theta, H, rows, y, codes, Z_test) -> Iterator[Score]:
        """Yield the scores without each of some single rows."""
        if self._balanced:
            counts = np.bincount(y)[:, None] - (np.arange(len(codes))[:, None] == y[rows])
            total = np.full(len(rows), self.n_rows - 1.0)
            scale = (total / (len(codes) * counts))[y] / loss.s[:, None]
        else:
            total, scale = loss.total() - (1.0 if loss.s is None else loss.s[rows]), None
        goals = np.broadcast_to(self.tolerance * total, len(rows))
        x, reached = leave(loss, theta, H, rows, goals, scale)
        self.solved["carried"] += int(reached.sum())
        known: dict[int, Score] = {}
        for j in np.flatnonzero(~reached):
            kept = np.delete(np.arange(self.n_rows), rows[j])
            self._solve(loss.part(kept), y[kept], kept, theta, x[:, :, j], known, j)
        yield from self._scores(Z_test, x, codes, known)

    def _together(self, walks: list[_Walk]) -> Iterator[list[Score]]:
        """Yield the scores of the prefixes of walks of one length through the same classes, side by side."""
        n, codes = len(walks[0].order), np.unique(walks[0].y)
        ones = int(self.estimator.fit_intercept)
        for walk in walks:
            walk.y = np.searchsorted(codes, walk.y)
            walk.loss = self._loss(walk.Z, walk.y, codes)
            walk.theta = np.zeros((ones, walk.loss.q))
        while True:
            while all(walk.scores for walk in walks):
                yield [walk.scores.popleft() for walk in walks]
            going = [walk for walk in walks if walk.size < n]
            if not going:
                return
            D = max(min(min(walk.size + walk.ahead, n), walk.Z.shape[1] - ones) for walk in going) + ones
            D = max(D, *(len(walk.theta) for walk in going))
            blocks = {walk: self._joining(walk, D, len(codes)) for walk in going}
            carried = join([block for block in blocks.values() if block]) if any(blocks.values()) else []
            found = iter(carried)
            for walk, block in blocks.items():
                self._advance(walk, D, codes, next(found) if block else None)

    def _joining(self, walk: _Walk, D: int, k: int) -> Joining | None:
        """Return the next block of prefixes of a walk, with D features; None if it can't be carried."""
        size, end = walk.size, min(walk.size + walk.ahead, len(walk.order))
        near, y = walk.loss.part(slice(end), D), walk.y[:end]
        sizes, scale = np.arange(size + 1, end + 1), None
        walk.theta = np.concatenate([walk.theta, np.zeros((D - len(walk.theta), near.q))])
        if not walk.carries:
            return None
        total = sizes if near.s is None else near.s.cumsum()[size:]
        if self._balanced:
            now, then = (_balanced_weights(y, k, at) for at in ([size], sizes))
            near.s, scale, total = now[y, 0], (then / now)[y], sizes
        try:
            return Joining(near, size, walk.theta, walk.H, self.tolerance * total, scale)
        except linalg.LinAlgError:
            return None

    def _advance(self, walk: _Walk, D: int, codes: NDArray[np.intp], found: Joined | None) -> None:
        """Take a walk past the prefixes that were found, or past one that is solved alone."""
        known: dict[int, Score] = {}
        b = int(np.argmin(np.append(found[1], False))) if found else 0  # up to the first that wasn't reached
        if b:
            x, walk.H = found[0][..., :b], found[2]
            self.solved["carried"] += b
        else:
            x, rows = np.zeros((D, walk.loss.q, 1)), slice(walk.size + 1)
            part = walk.loss.part(rows, D)
            self._solve(part, walk.y[rows], walk.order[rows], walk.theta, x[..., 0], known, 0)
            b, walk.H = 1, None
        walk.scores.extend(self._scores(walk.Z_test[:, :D], x, codes, known))
        walk.size, walk.theta, walk.carries = walk.size + b, x[..., -1], True
        walk.ahead = min(BLOCK, 2 * walk.size) if walk.loss.q == 1 else min(CROWDED_BLOCK, 2 * b)

    def _solve(
        self,
        loss: Loss,
        y: NDArray[np.intp],
        rows: Rows,
        start: Array,
        x: Array,
        known: dict[int, Score],
        place: int,
    ) -> None:
        """Put the optimum of one set of rows into ``x``, or else the score of a plain fit into ``known``.

        Parameters
        ----------
        loss : Loss
            Of these rows.
        y : ndarray of int
            Their codes.
        rows : ndarray of int
            Their positions.
        start : ndarray, shape (D, q)
            Where Newton's method starts; if this fails, it starts from 0.
        """
        if self._balanced:
            loss.s = _balanced_weights(y, y.max() + 1, [len(y)])[y, 0]
        for theta in (start, np.zeros_like(start)):
            x[...], reached = newton(loss, theta, self.tolerance)
            if reached:
                self.solved["newton"] += 1
                return
        x[...] = 0.0
        known[place] = self.score_of(super().fit(rows))

    def _scores(self, Z_test: Array, x: Array, codes: NDArray, known: dict[int, Score]) -> Iterator[Score]:
        """Yield the scores of parameters (D, q, b), set by set, but for those that are known."""
        D, q, b = x.shape
        eta = (Z_test @ x.reshape(D, q * b)).reshape(-1, q, b).transpose(2, 0, 1)
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
            s = _balanced_weights(y, len(codes), [len(y)])[y, 0]
        elif weights is not None:
            s = np.array([weights.get(code, 1.0) for code in codes.tolist()], float)[y]
        return Loss(Z, y, len(codes), self.estimator.C, self.estimator.fit_intercept, s)

    def _features(self, X: Array, basis: Array) -> Array:
        turned = X @ basis
        return np.column_stack([np.ones(len(X)), turned]) if self.estimator.fit_intercept else turned


class _Walk:
    """How far a walk has come.

    Parameters
    ----------
    order : ndarray of int, shape (n,)
    y : ndarray of int, shape (n,)
    Z, Z_test : ndarray, shapes (n, D) and (m, D)
        Features in the walk's basis.
    size : int
        How many rows are behind; their optimum isn't known.
    scores : sequence of Score
        Those of the first prefixes.
    """

    loss: Loss

    def __init__(
        self,
        order: Rows,
        y: NDArray[np.intp],
        Z: Array,
        Z_test: Array,
        size: int,
        scores: Sequence[Score] = (),
    ):
        self.order, self.y, self.Z, self.Z_test, self.size = order, y, Z, Z_test, size
        self.scores, self.theta, self.H = deque(scores), np.empty(0), None
        self.ahead, self.carries = 1, False  # how many prefixes are next, and whether there is an optimum


def exactly(estimator: LogisticRegression, tolerance: float) -> LogisticRegression:
    """Return a classifier with the same optimum, which scikit-learn itself takes to a tolerance."""
    return clone(estimator).set_params(solver="newton-cholesky", tol=tolerance, max_iter=10_000)


def _basis(X: Array) -> Array:
    """Return orthonormal columns, shape (d, r), of which the first t span the first t rows of X."""
    return np.linalg.qr(X[: X.shape[1]].T)[0]


def _balanced_weights(y: NDArray[np.intp], k: int, sizes: ArrayLike) -> Array:
    """Return scikit-learn's `balanced` weights of the k classes in prefixes of labels, shape (k, sizes)."""
    counts = np.cumsum(y == np.arange(k)[:, None], axis=1)[:, np.asarray(sizes) - 1]
    return counts.sum(axis=0) / (k * np.maximum(counts, 1))
