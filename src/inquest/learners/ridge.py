"""Ridge classifier: all the prefixes of a stretch of a walk from one factorisation."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from numbers import Real

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotrs, dtrtrs
from sklearn.base import BaseEstimator
from sklearn.linear_model import RidgeClassifier

from inquest.learners.stacked import Stack, StackedUtility, chosen, leads
from inquest.utility import Rows

TIE = 1e-9  # a lead below this is scikit-learn's rounding to decide
ACCURATE = 1e-10  # the largest correction of a decision value in the last step
STEPS = 3  # the most steps; one is the rule

Step = Callable[[NDArray[np.float64]], NDArray[np.float64]]


class RidgeUtility(StackedUtility):
    """`RetrainingUtility` of scikit-learn's `RidgeClassifier` with a direct solver.

    The optimum solves (Z' S Z + α E) β = Z' S Y: Z are the rows, with a column of ones for the intercept,
    which E leaves out of the penalty; S are their class weights, and Y is 1 for the rows of a class, -1 for
    the others. With H the matrix of the rows before a stretch, and Z of the b rows in it, the identity of
    Woodbury (Golub & Van Loan 2013, section 2.1.4) needs S⁻¹ + Z H⁻¹ Z' = L L' for the last prefix, and the
    leading minors of L are the factors for those before it. So with W = H⁻¹ Z' L⁻ᵀ,

        β_j = β_0 + Σ_{i ≤ j} w_i q_i',   q = L⁻¹ (Y - Z β_0),   H_j⁻¹ = H⁻¹ - Σ_{i ≤ j} w_i w_i'.

    Balanced class weights change for all rows at each step, and what is left without a group of rows has no
    such order: these matrices are put together from those of the classes and solved one by one.

    Each β is then corrected from its residual over the rows themselves (iterative refinement, section
    3.5.3). Where the last of at most three such steps still moves a decision value by more than 1e-10, or a
    test row is undecided within 1e-9, scikit-learn is asked.
    """

    family = "ridge with nested factors"
    most = 64

    @classmethod
    def covers(cls, estimator: BaseEstimator) -> bool:
        """Return whether the family gives just what this estimator would."""
        if type(estimator) is not RidgeClassifier:
            return False
        alpha, weights = estimator.alpha, estimator.class_weight
        return (
            isinstance(alpha, Real)
            and 0 < alpha < np.inf
            and estimator.solver in ("auto", "svd", "cholesky")
            and not estimator.positive
            and (
                weights in (None, "balanced")
                or (isinstance(weights, dict) and all(0 < weight < np.inf for weight in weights.values()))
            )
        )

    def _follower(self, order: Rows) -> Callable[[int, int, NDArray[np.intp]], Stack]:
        solve = self._balanced if self.estimator.class_weight == "balanced" else self._nested

        def follow(start: int, stop: int, present: NDArray[np.intp]) -> Stack:
            centre = self._features[order[:start]].mean(axis=0)
            Z = self._design(self._features[order[:stop]], centre)
            coefs, step = solve(self.y[order[:stop]], start, Z, present)
            return self._judge(coefs, step, centre, present)

        return follow

    def _nested(
        self, y: NDArray[np.intp], start: int, Z: NDArray[np.float64], present: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], Step]:
        """Return the coefficients after each row from ``start`` on, and the step that corrects them.

        Parameters
        ----------
        y, Z : shapes (n,) and (n, d)
            All the rows up to the end of the stretch.

        Returns
        -------
        coefs : shape (n - start, t, d)
            Of one target if there are two classes, else of one for each; NaN where there is no solution.
        step : function
            From coefficients to what is to be taken off them, of the same shape.
        """
        Y, weights = _targets(y, present), self._weights[y]
        before = Z[:start] * weights[:start, None]
        H, Q = before.T @ Z[:start] + self._penalty, before.T @ Y[:start]
        Z, Y, weights = Z[start:], Y[start:], weights[start:]
        factor, failed = dpotrf(H, lower=1)
        U = dpotrs(factor, Z.T, lower=1)[0]
        L, failed_too = dpotrf(Z @ U + np.diag(1 / weights), lower=1)
        b, t, d = len(Z), Y.shape[1], Z.shape[1]
        if failed or failed_too:
            return np.full((b, t, d), np.nan), np.zeros_like
        W = dtrtrs(L, U.T, lower=1)[0]
        initial = dpotrs(factor, Q, lower=1)[0]
        q = dtrtrs(L, Y - Z @ initial, lower=1)[0]
        coefs = initial.T + np.cumsum(q[:, :, None] * W[:, None, :], axis=0)

        so_far = np.tri(b)[:, None]
        pull = np.tile(Q.T, (b, 1))

        def step(coefs: NDArray[np.float64]) -> NDArray[np.float64]:
            flat = coefs.reshape(b * t, d)
            misfit = ((flat @ Z.T).reshape(b, t, b) - Y.T) * (so_far * weights)
            residual = flat @ H - pull + misfit.reshape(b * t, b) @ Z
            inner = ((residual @ W.T).reshape(b, t, b) * so_far).reshape(b * t, b)
            return (dpotrs(factor, residual.T, lower=1)[0].T - inner @ W).reshape(b, t, d)

        return coefs, step

    def _balanced(
        self, y: NDArray[np.intp], start: int, Z: NDArray[np.float64], present: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], Step]:
        """Return what `_nested` does, with weights that follow the shares of the classes in each prefix."""
        Y = _targets(y, present)
        counts = np.cumsum(y[:, None] == present, axis=0)[start:]
        weights = counts.sum(axis=1, keepdims=True) / (len(present) * counts)
        b, d = len(weights), Z.shape[1]
        H, Q = np.tile(self._penalty, (b, 1, 1)), np.zeros((b, d, Y.shape[1]))
        for c, code in enumerate(present.tolist()):
            own = Z * (y == code)[:, None]
            new = own[start:, :, None]
            squares = own[:start].T @ own[:start] + np.cumsum(new * own[start:, None, :], axis=0)
            products = own[:start].T @ Y[:start] + np.cumsum(new * Y[start:, None, :], axis=0)
            H += weights[:, c, None, None] * squares
            Q += weights[:, c, None, None] * products
        so_far = np.arange(len(y)) <= np.arange(start, len(y))[:, None]
        return self._solved(H, Q, Z, Y, so_far * weights[:, np.searchsorted(present, y)])

    def _left(self, groups: list[Rows], counts: NDArray[np.intp], present: NDArray[np.intp]) -> Stack:
        centre, Z, squares, sums = self._whole
        Y = _targets(self.y, present)
        weights = np.zeros((len(groups), self.n_classes))
        if self.estimator.class_weight == "balanced":
            weights[:, present] = counts.sum(axis=1, keepdims=True) / (len(present) * counts[:, present])
        else:
            weights[:, present] = self._weights[present]
        products = sums[:, :, None] * _targets(np.arange(self.n_classes), present)[:, None, :]
        H = np.tensordot(weights, squares, axes=1) + self._penalty
        Q = np.tensordot(weights, products, axes=1)
        each = weights[:, self.y]
        for i, rows in enumerate(groups):
            weighed = Z[rows] * each[i, rows, None]
            H[i] -= weighed.T @ Z[rows]
            Q[i] -= weighed.T @ Y[rows]
            each[i, rows] = 0
        coefs, step = self._solved(H, Q, Z, Y, each)
        return self._judge(coefs, step, centre, present)

    def _solved(
        self,
        H: NDArray[np.float64],
        Q: NDArray[np.float64],
        Z: NDArray[np.float64],
        Y: NDArray[np.float64],
        weights: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], Step]:
        """Return the coefficients of b sets of rows, and the step that corrects them, as `_nested` does.

        Parameters
        ----------
        H, Q : shapes (b, d, d) and (b, d, t)
            The normal equations.
        Z, Y : shapes (n, d) and (n, t)
        weights : shape (b, n)
            Of each row in each set; 0 for a row that isn't in it.
        """

        def step(coefs: NDArray[np.float64]) -> NDArray[np.float64]:
            b, t, d = coefs.shape
            flat = coefs.reshape(b * t, d)  # one product of matrices, not b
            misfit = (flat @ Z.T).reshape(b, t, -1)
            misfit -= Y.T
            misfit *= weights[:, None]
            residual = (misfit.reshape(b * t, -1) @ Z + flat @ self._penalty).reshape(b, t, d)
            return np.linalg.solve(H, residual.transpose(0, 2, 1)).transpose(0, 2, 1)

        try:
            return np.linalg.solve(H, Q).transpose(0, 2, 1), step
        except np.linalg.LinAlgError:
            return np.full(Q.transpose(0, 2, 1).shape, np.nan), np.zeros_like

    def _judge(
        self,
        coefs: NDArray[np.float64],
        step: Step,
        centre: NDArray[np.float64],
        present: NDArray[np.intp],
    ) -> Stack:
        """Return what models of the classes present say, from their coefficients, shape (b, t, d)."""
        tests = self._design(self._tests, centre).T
        t = coefs.shape[1]
        for _ in range(STEPS):
            taken = step(coefs)
            coefs = coefs - taken
            moved = np.max([np.abs(taken[:, target] @ tests).max(axis=1) for target in range(t)], axis=0)
            if moved.max() <= ACCURATE:
                break
        decision = np.stack([coefs[:, target] @ tests for target in range(t)])
        if t == 1:
            labels = np.where(decision[0] > 0, present[1], present[0])
            lead = np.abs(decision[0])
        else:
            labels, lead = chosen(decision, present), leads(decision)
        exact = (moved <= ACCURATE) & (lead.min(axis=1) > TIE)  # false where there is no number
        if self._needs_only_labels:
            return Stack(labels, np.broadcast_to(np.nan, (*labels.shape, self.n_classes)), None, exact)
        if t == 1:
            decision = np.concatenate([-decision, decision])
        scores = np.empty((self.n_classes, *labels.shape))
        scores[:] = decision.min(axis=(0, 2))[:, None] - 1  # a class that the rows lack comes last
        scores[present] = decision
        return Stack(labels, np.moveaxis(scores, 0, -1), None, exact)

    def _design(self, X: NDArray[np.float64], centre: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return rows about a centre with a column of ones, or as they are if there is no intercept."""
        return np.hstack([X - centre, np.ones((len(X), 1))]) if self.estimator.fit_intercept else X

    @cached_property
    def _origin(self) -> NDArray[np.float64]:
        return super()._origin if self.estimator.fit_intercept else np.zeros(self.X.shape[1])

    @cached_property
    def _penalty(self) -> NDArray[np.float64]:
        """α E, shape (d, d)."""
        penalty = np.full(self.X.shape[1], float(self.estimator.alpha))
        return np.diag(np.append(penalty, 0) if self.estimator.fit_intercept else penalty)

    @cached_property
    def _weights(self) -> NDArray[np.float64]:
        """The weight of each class, if it isn't balanced."""
        given = self.estimator.class_weight or {}
        return np.array([float(given.get(code, 1)) for code in range(self.n_classes)])

    @cached_property
    def _whole(self) -> tuple[NDArray[np.float64], ...]:
        """The centre of all rows, the rows Z about it, and of each class Z' Z and the sum of its rows."""
        centre = self._features.mean(axis=0)
        Z = self._design(self._features, centre)
        own = [Z[self.y == code] for code in range(self.n_classes)]
        return centre, Z, np.stack([z.T @ z for z in own]), np.stack([z.sum(axis=0) for z in own])


def _targets(y: NDArray[np.intp], present: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return 1 and -1 for the last of two classes, shape (n, 1), or for each of more, shape (n, t)."""
    return 2.0 * (y[:, None] == (present[1:] if len(present) == 2 else present)) - 1
