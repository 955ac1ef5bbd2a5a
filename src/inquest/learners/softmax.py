"""Newton's method for L2-regularised logistic regression, many related optima at a time.

The loss of a set of rows is sum_i s_i l_i(θ) + ‖coefficients‖² / 2C with the log-loss l_i of row i; two
classes have one linear predictor (q = 1), k > 2 classes have one each (q = k, softmax). Parameters θ have
shape (D, q); the first of the D is the intercept, if there is one. Sets that differ in few rows have optima
that lie close together: those of b sets are stacked as (D, q, b), so that a pass over the rows is one matrix
product. A leading axis holds R such problems of one size side by side.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

Array = NDArray[np.float64]
Mask = Callable[[Array, int, int, slice], None]
"""Called with residuals (R, high - low, q, b) of rows low … high - 1 and the b sets that they are for; it
multiplies, in place, those of rows outside a set by 0."""

HELD = 1 << 17  # residuals held at a time: one megabyte stays in the processor's cache
MOST_STEPS, HALVINGS = 60, 30
MOST_PASSES = 16
MEMORY = 8  # secants kept
SPANNED = 1e-5
HOPEFUL = 1.0  # the share of a gradient that the first step may leave


class Loss:
    """The regularised log-losses of R problems with n rows each.

    Parameters
    ----------
    Z : ndarray, shape (R, n, D)
        Rows; the first column is 1 if there is an intercept.
    y : ndarray of int, shape (R, n)
        Codes 0 … k - 1 of the k classes.
    k : int
    C : float
        Inverse strength of the penalty.
    intercept : bool
        Whether the first column has no penalty.
    s : ndarray, shape (R, n), optional
        Weights of the rows; 1 by default.
    """

    def __init__(
        self, Z: Array, y: NDArray[np.intp], k: int, C: float, intercept: bool, s: Array | None = None
    ):
        self.q, self.intercept = (1 if k == 2 else k), intercept
        # with two classes a row times -1 or 1 has the residual -σ(-η), whatever its label
        self.Z = Z * np.where(y == 1, 1.0, -1.0)[..., None] if self.q == 1 else Z
        self.target = None if self.q == 1 else np.eye(k)[y]
        self.s = s
        self.penalty = np.full(Z.shape[-1], 1 / C)
        self.penalty[: int(intercept)] = 0.0

    def part(
        self, rows: slice | NDArray[np.intp], D: int | None = None, problem: slice = slice(None)
    ) -> Loss:
        """Return the loss of some of the rows and of the first ``D`` features, in some of the problems."""
        part = object.__new__(Loss)
        part.q, part.intercept, part.penalty = self.q, self.intercept, self.penalty[:D]
        part.Z = self.Z[problem, rows, :D]
        part.target = None if self.target is None else self.target[problem, rows]
        part.s = None if self.s is None else self.s[problem, rows]
        return part

    def totals(self) -> Array:
        """Return the sum of the weights, shape (R,)."""
        return np.full(len(self.Z), float(self.Z.shape[1])) if self.s is None else self.s.sum(axis=1)

    def residuals(self, flat: Array, low: int, high: int) -> Array:
        """Return the rows' losses' derivatives by predictor, (R, high - low, q, b), for θ (R, D, q·b)."""
        eta = self.Z[:, low:high] @ flat
        if self.q == 1:
            with np.errstate(over="ignore"):  # 1 / (1 + ∞) = 0 is right
                np.exp(eta, out=eta)
            eta += 1
            np.divide(-1, eta, out=eta)
            return eta[:, :, None, :]
        eta = eta.reshape(*eta.shape[:2], self.q, -1)
        eta -= eta.max(axis=2, keepdims=True)
        np.exp(eta, out=eta)
        eta /= eta.sum(axis=2, keepdims=True)
        eta -= self.target[:, low:high, :, None]
        return eta

    def gradients(self, theta: Array, mask: Mask | None = None, sets: slice = slice(None)) -> Array:
        """Return the gradients for stacked θ, both of shape (R, D, q, b)."""
        R, D, q, b = theta.shape
        flat = theta.reshape(R, D, q * b)
        gradient = self.penalty[:, None, None] * theta
        if self.intercept and q > 1:  # pins the sum of the intercepts, which the loss leaves open
            gradient[:, 0] += theta[:, 0].sum(axis=1, keepdims=True)
        n, held = self.Z.shape[1], max(128, HELD // (R * q * b))
        for low in range(0, n, held):
            high = min(low + held, n)
            r = self.residuals(flat, low, high)
            if self.s is not None:
                r *= self.s[:, low:high, None, None]
            if mask is not None:
                mask(r, low, high, sets)
            gradient += (self.Z[:, low:high].mT @ r.reshape(R, high - low, q * b)).reshape(theta.shape)
        return gradient

    def values(self, theta: Array) -> Array:
        """Return the losses of all rows, shape (R,), for θ of shape (R, D, q)."""
        eta = self.Z @ theta
        if self.q == 1:
            losses = np.logaddexp(0, -eta[:, :, 0])
        else:
            top = eta.max(axis=2)
            losses = top + np.log(np.exp(eta - top[:, :, None]).sum(axis=2)) - (self.target * eta).sum(axis=2)
        pinned = theta[:, 0].sum(axis=1) ** 2 if self.intercept and self.q > 1 else 0.0
        losses = losses if self.s is None else self.s * losses
        return losses.sum(axis=1) + ((theta**2).sum(axis=2) @ self.penalty + pinned) / 2

    def chances(self, theta: Array) -> Array:
        """Return the probability of each predictor's class, (R, n, q); with two, that of the row's label."""
        r = self.residuals(theta, 0, self.Z.shape[1])[..., 0]
        return r + 1 if self.q == 1 else r + self.target

    def hessians(self, p: Array) -> Array:
        """Return the Hessians, shape (R, D·q, D·q), where the rows' chances are ``p``."""
        R, _, D = self.Z.shape
        q, s = self.q, np.ones(p.shape[:2]) if self.s is None else self.s
        if q == 1:
            scaled = self.Z * np.sqrt(s * p[:, :, 0] * (1 - p[:, :, 0]))[:, :, None]
            hessians = scaled.mT @ scaled  # the same array twice: half the work
        else:
            blocks = np.empty((R, D, q, D, q))
            for a in range(q):
                for c in range(a, q):
                    weights = s * p[:, :, a] * ((a == c) - p[:, :, c])
                    block = self.Z.mT @ (self.Z * weights[:, :, None])
                    blocks[:, :, a, :, c] = blocks[:, :, c, :, a] = block
            hessians = blocks.reshape(R, D * q, D * q)
        hessians.reshape(R, -1)[:, :: D * q + 1] += np.repeat(self.penalty, q)
        if self.intercept and q > 1:
            hessians[:, :q, :q] += 1.0
        return hessians

    def roots(self, p: Array, curvature: Array | None = None) -> Array:
        """Return V, shape (R, D·q, n·q), with V Vᵀ the rows' part of the Hessian; a row's columns adjoin.

        Parameters
        ----------
        p : ndarray, shape (R, n, q)
            The rows' chances.
        curvature : ndarray, shape (R, n), optional
            With two classes, what stands for p (1 - p).
        """
        s = np.ones(p.shape[:2]) if self.s is None else self.s
        if self.q == 1:
            curvature = p[:, :, 0] * (1 - p[:, :, 0]) if curvature is None else curvature
            return (self.Z * np.sqrt(s * curvature)[:, :, None]).mT
        A = (np.eye(self.q) - p[..., None]) * np.sqrt(p)[:, :, None, :]  # A Aᵀ = diag(p) - p pᵀ
        V = (self.Z * np.sqrt(s)[:, :, None]).mT[:, :, None, :, None] * A.transpose(0, 2, 1, 3)[:, None]
        return V.reshape(len(p), -1, p.shape[1] * self.q)


def sigmoid(eta: Array) -> Array:
    """Return 1 / (1 + exp(-η)), without overflow."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-eta))


def joining_curvature(p: Array, leverage: Array) -> Array:
    """Return the mean of σ' on the way from each row's margin to the one that it has after joining alone.

    A row that is badly misjudged hardly bends the loss where it stands now; on its way it does.

    Parameters
    ----------
    p : ndarray
        The chances of the rows' labels before they join.
    leverage : ndarray, of the same shape
        z H⁻¹ z times the row's weight.
    """
    p = np.clip(p, 1e-300, 1 - 1e-16)
    start = np.log(p) - np.log1p(-p)
    margin = start.copy()
    for _ in range(4):  # margin = start + leverage (1 - σ(margin)), by Newton's method
        chance = 1 / (1 + np.exp(-margin))
        margin -= (margin - start - leverage * (1 - chance)) / (1 + leverage * chance * (1 - chance))
    way = margin - start
    far = np.abs(way) > 1e-3
    rise = 1 / (1 + np.exp(-margin)) - p
    return np.where(far, np.maximum(np.divide(rise, way, out=np.zeros_like(p), where=far), 0), p * (1 - p))


def inverse(matrix: Array) -> Array:
    """Return the inverse of a symmetric positive definite matrix, which may be overwritten.

    Raises
    ------
    LinAlgError
        If it is not positive definite.
    """
    factor, info = linalg.lapack.dpotrf(matrix, lower=0, clean=0, overwrite_a=1)
    if info == 0:
        found, info = linalg.lapack.dpotri(factor, lower=0, overwrite_c=1)
    if info != 0:
        raise linalg.LinAlgError("not positive definite")
    return np.triu(found) + np.triu(found, 1).T


def newton(loss: Loss, theta: Array, tolerance: float) -> tuple[Array, bool]:
    """Return the optimum of a single problem by Newton's method with step halving, and whether it was had.

    It is reached where the 2-norm of the gradient of the mean loss is at most ``tolerance``; its largest
    component, which scikit-learn looks at, is then no larger.

    Parameters
    ----------
    loss : Loss
        With R = 1.
    theta : ndarray, shape (D, q)
        Where to start.
    tolerance : float
    """
    goal = tolerance * loss.totals()[0]
    with np.errstate(invalid="ignore", over="ignore"):
        value = loss.values(theta[None])[0]
    for _ in range(MOST_STEPS):
        if not np.isfinite(value):
            break
        gradient = loss.gradients(theta[None, :, :, None])[0, :, :, 0]
        if np.linalg.norm(gradient) <= goal:
            return theta, True
        hessian = loss.hessians(loss.chances(theta[None]))[0]
        factor, info = linalg.lapack.dpotrf(hessian, overwrite_a=1)
        if info != 0:
            break
        step = linalg.lapack.dpotrs(factor, gradient.ravel())[0].reshape(theta.shape)
        slope = float((gradient * step).sum())
        for halving in range(HALVINGS):
            new = theta - step / 2**halving
            new_value = loss.values(new[None])[0]
            # near the optimum the decrease drowns in rounding, and the full step is right
            if new_value <= value - 1e-4 * slope / 2**halving + 1e-13 * abs(value):
                break
        else:
            break
        theta, value = new, new_value
    return theta, False


def settle(
    gradients: Callable[[Array, slice], Array],
    precondition: Callable[[Array, slice], Array],
    x: Array,
    g: Array,
    goals: Array,
) -> tuple[Array, NDArray[np.bool_], int]:
    """Drive the gradients of stacked sets to zero from nearby optima, by accelerated Newton steps.

    Newton steps with a Hessian that is a little off converge linearly; what a step did to the last ones
    (secants) corrects for it (Anderson 1965; Walker & Ni 2011), here with an orthonormal basis of the
    secants, for each set its own. Sets at either end of the stack that have converged are left alone. From
    the first set on that the first step didn't bring closer, all are given up: they begin with a row that
    changes too much for the Hessian at hand.

    Parameters
    ----------
    gradients : callable
        From parameters (R, P, b) and the b sets that they are for to gradients (R, P, b).
    precondition : callable
        From gradients and sets to steps: about the inverse Hessians times the gradients.
    x, g : ndarray, shape (R, P, b)
        Where to start, and the gradients there.
    goals : ndarray, shape (R, b)
        The 2-norm that each gradient has to reach.

    Returns
    -------
    x : ndarray, shape (R, P, b)
    reached : ndarray of bool, shape (R, b)
    passes : int
    """
    R, P, b = x.shape
    found, reached, stuck = x.copy(), np.zeros((R, b), bool), np.zeros((R, b), bool)
    sets = slice(0, b)
    memory = min(P, MEMORY)
    secants, moves = np.empty((2, memory, R, P, b))  # orthonormal changes of f, and what x - f did
    known, last = 0, None
    start = _norms(g)
    for passes in range(1, MOST_PASSES + 1):
        f = precondition(g, sets)
        new = x - f
        if last is not None:
            known %= memory  # a full basis says all that can be said; begin another
            secant = f - last[1]
            move = x - last[0]
            move -= secant
            before = _norms(secant)
            if known:
                share = np.einsum("irpb,rpb->irb", secants[:known, ..., sets], secant)
                secant -= np.einsum("irpb,irb->rpb", secants[:known, ..., sets], share)
                move -= np.einsum("irpb,irb->rpb", moves[:known, ..., sets], share)
            size = _norms(secant)
            # what is in the span of the known secants but for rounding says nothing new
            size = np.divide(1, size, out=np.zeros_like(size), where=size > SPANNED * before)[:, None, :]
            np.multiply(secant, size, out=secants[known, ..., sets])
            np.multiply(move, size, out=moves[known, ..., sets])
            known += 1
            share = np.einsum("irpb,rpb->irb", secants[:known, ..., sets], f)
            new -= np.einsum("irpb,irb->rpb", moves[:known, ..., sets], share)
        last, x = (x, f), new
        g = gradients(x, sets)
        norm = _norms(g)
        done = (norm <= goals[:, sets]) & ~reached[:, sets]
        if done.any():
            np.copyto(found[..., sets], x, where=done[:, None, :])
            reached[:, sets] |= done
        if passes == 1:
            stuck = ~reached & ~(norm < HOPEFUL * start)
            hopeless = np.flatnonzero(stuck.any(axis=0))
            end = max(1, int(hopeless[0])) if len(hopeless) else b
        left = np.flatnonzero((~reached[:, sets] & ~stuck[:, sets] & np.isfinite(norm)).any(axis=0))
        left = left[left < end - sets.start]
        if not len(left):
            break
        inner = slice(int(left[0]), int(left[-1]) + 1)
        x, g, last = x[..., inner], g[..., inner], (last[0][..., inner], last[1][..., inner])
        sets = slice(sets.start + inner.start, sets.start + inner.stop)
    return found, reached, passes


def _norms(stack: Array) -> Array:
    """Return the 2-norms over the parameters, shape (R, b)."""
    return np.sqrt(np.einsum("rpb,rpb->rb", stack, stack))
