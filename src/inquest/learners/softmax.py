"""Newton's method for L2-regularised logistic regression, many related optima at a time.

The loss of a set of rows is sum_i s_i l_i(θ) + ‖coefficients‖² / 2C with the log-loss l_i of row i; two
classes have one linear predictor (q = 1), k > 2 classes have one each (q = k, softmax). Parameters θ have
shape (D, q); the first of the D is the intercept, if there is one. Sets that differ in few rows have optima
that lie close together: those of b sets are stacked as (D, q, b), so that a pass over the rows is one matrix
product. P = D·q counts the parameters.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

Array = NDArray[np.float64]
Mask = Callable[[Array, int, int], None]
"""Called with residuals (high - low, q, b) of rows low … high - 1; it multiplies, in place, those of rows
outside a set by 0."""

HELD = 1 << 16  # residuals held at a time: half a megabyte stays in the processor's cache
MOST_STEPS, HALVINGS = 60, 30
MOST_PASSES = 16
LOST = 1e3  # by what factor a gradient may grow before a set is given up
LEAST, TINY = 0.1, 1e-300  # what steps are divided by at least
CROWDED = 0.8  # the share of sets still to be solved at which the others are taken out


class Loss:
    """The regularised log-loss of n rows.

    Parameters
    ----------
    Z : ndarray, shape (n, D)
        Rows; the first column is 1 if there is an intercept.
    y : ndarray of int, shape (n,)
        Codes 0 … k - 1 of the k classes.
    k : int
    C : float
        Inverse strength of the penalty.
    intercept : bool
        Whether the first column has no penalty.
    s : ndarray, shape (n,), optional
        Weights of the rows; 1 by default.
    """

    def __init__(
        self, Z: Array, y: NDArray[np.intp], k: int, C: float, intercept: bool, s: Array | None = None
    ):
        self.q, self.intercept = (1 if k == 2 else k), intercept
        # with two classes a row times -1 or 1 has the residual -σ(-η), whatever its label
        self.Z = Z * np.where(y == 1, 1.0, -1.0)[:, None] if self.q == 1 else Z
        self.target = None if self.q == 1 else np.eye(k)[y]
        self.s = s
        self.penalty = np.full(Z.shape[1], 1 / C)
        self.penalty[: int(intercept)] = 0.0

    def part(self, rows: slice | NDArray[np.intp], D: int | None = None) -> Loss:
        """Return the loss of some of the rows and of the first ``D`` features."""
        part = object.__new__(Loss)
        part.q, part.intercept, part.penalty = self.q, self.intercept, self.penalty[:D]
        part.Z = self.Z[rows, :D]
        part.target = None if self.target is None else self.target[rows]
        part.s = None if self.s is None else self.s[rows]
        return part

    def total(self) -> float:
        """Return the sum of the weights."""
        return float(len(self.Z)) if self.s is None else float(self.s.sum())

    def residuals(self, flat: Array, low: int, high: int) -> Array:
        """Return the rows' losses' derivatives by predictor, (high - low, q, b), for θ (D, q·b)."""
        eta = self.Z[low:high] @ flat
        if self.q == 1:
            with np.errstate(over="ignore"):  # 1 / (1 + ∞) = 0 is right
                np.exp(eta, out=eta)
            eta += 1
            np.divide(-1, eta, out=eta)
            return eta[:, None]
        eta = eta.reshape(len(eta), self.q, -1)
        eta -= eta.max(axis=1, keepdims=True)
        np.exp(eta, out=eta)
        eta /= eta.sum(axis=1, keepdims=True)
        eta -= self.target[low:high, :, None]
        return eta

    def gradients(self, theta: Array, mask: Mask | None = None) -> Array:
        """Return the gradients for stacked θ, both of shape (D, q, b)."""
        D, q, b = theta.shape
        flat = theta.reshape(D, q * b)
        gradient = self.penalty[:, None] * flat
        n, held = len(self.Z), max(128, HELD // (q * b))
        for low in range(0, n, held):
            high = min(low + held, n)
            r = self.residuals(flat, low, high)
            if self.s is not None:
                r *= self.s[low:high, None, None]
            if mask is not None:
                mask(r, low, high)
            gradient += self.Z[low:high].T @ r.reshape(high - low, q * b)
        gradient = gradient.reshape(theta.shape)
        if self.intercept and q > 1:  # pins the sum of the intercepts, which the loss leaves open
            gradient[0] += theta[0].sum(axis=0)
        return gradient

    def value(self, theta: Array) -> float:
        """Return the loss of all rows for θ of shape (D, q)."""
        eta = self.Z @ theta
        if self.q == 1:
            losses = np.logaddexp(0, -eta[:, 0])
        else:
            top = eta.max(axis=1)
            losses = top + np.log(np.exp(eta - top[:, None]).sum(axis=1)) - (self.target * eta).sum(axis=1)
        pinned = theta[0].sum() ** 2 if self.intercept and self.q > 1 else 0.0
        losses = losses if self.s is None else self.s * losses
        return float(losses.sum() + ((theta**2).sum(axis=1) @ self.penalty + pinned) / 2)

    def chances(self, theta: Array) -> Array:
        """Return the probability of each predictor's class, (n, q); with two, that of the row's label."""
        r = self.residuals(theta, 0, len(self.Z))[..., 0]
        return r + 1 if self.q == 1 else r + self.target

    def hessian(self, p: Array) -> Array:
        """Return the Hessian, shape (P, P), where the rows' chances are ``p``."""
        D, q, s = self.Z.shape[1], self.q, 1.0 if self.s is None else self.s
        if q == 1:
            scaled = self.Z * np.sqrt(s * p[:, 0] * (1 - p[:, 0]))[:, None]
            hessian = scaled.T @ scaled  # the same array twice: half the work
        else:
            blocks = np.empty((q, q, D, D))
            for a in range(q):
                weights = (s * p[:, a])[:, None] * (np.eye(q)[a, a:] - p[:, a:])
                weighted = (self.Z[:, None, :] * weights[:, :, None]).reshape(len(p), -1)
                blocks[a, a:] = (self.Z.T @ weighted).reshape(D, q - a, D).transpose(1, 0, 2)
                blocks[a:, a] = blocks[a, a:]
            hessian = blocks.transpose(2, 0, 3, 1).reshape(D * q, D * q)
        hessian.reshape(-1)[:: D * q + 1] += np.repeat(self.penalty, q)
        if self.intercept and q > 1:
            hessian[:q, :q] += 1.0
        return hessian

    def roots(self, p: Array, H: Array, curvature: Array | None = None) -> tuple[Array, Array]:
        """Return V, shape (n, q, P), and V H; the rows' part of the Hessian is Σ vᵀ v over the rows of V.

        Parameters
        ----------
        p : ndarray, shape (n, q)
            The rows' chances.
        H : ndarray, shape (P, P)
        curvature : ndarray, shape (n,), optional
            With two classes, what stands for p (1 - p).
        """
        n, D = self.Z.shape
        if self.q == 1:
            A = np.sqrt(p[:, 0] * (1 - p[:, 0]) if curvature is None else curvature)[:, None, None]
        else:
            A = (np.eye(self.q) - p[:, None]) * np.sqrt(p)[:, :, None]  # Aᵀ A = diag(p) - p pᵀ
        if self.s is not None:
            A = A * np.sqrt(self.s)[:, None, None]
        V = self.Z[:, None, :, None] * A[:, :, None]
        VH = A @ (self.Z @ H.reshape(D, -1)).reshape(n, self.q, -1)
        return V.reshape(VH.shape), VH


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
    # LAPACK stores arrays the other way round, and the transpose is the same matrix
    factor, info = linalg.lapack.dpotrf(matrix.T, lower=1, clean=1, overwrite_a=1)
    if info == 0:
        found, info = linalg.lapack.dpotri(factor, lower=1, overwrite_c=1)
    if info != 0:
        raise linalg.LinAlgError("not positive definite")
    diagonal = found.diagonal().copy()
    found += found.T
    np.fill_diagonal(found, diagonal)
    return found


def newton(loss: Loss, theta: Array, tolerance: float) -> tuple[Array, bool]:
    """Return the optimum of one set of rows by Newton's method with step halving, and whether it was had.

    It is reached where the 2-norm of the gradient of the mean loss is at most ``tolerance``; its largest
    component, which scikit-learn looks at, is then no larger.

    Parameters
    ----------
    loss : Loss
    theta : ndarray, shape (D, q)
        Where to start.
    tolerance : float
    """
    with np.errstate(invalid="ignore", over="ignore"):
        goal, value = tolerance * loss.total(), loss.value(theta)
    for _ in range(MOST_STEPS):
        if not np.isfinite(value):
            break
        gradient = loss.gradients(theta[:, :, None])[:, :, 0]
        if np.linalg.norm(gradient) <= goal:
            return theta, True
        factor, info = linalg.lapack.dpotrf(loss.hessian(loss.chances(theta)).T, lower=1, overwrite_a=1)
        if info != 0:
            break
        step = linalg.lapack.dpotrs(factor, gradient.ravel(), lower=1)[0].reshape(theta.shape)
        slope = float((gradient * step).sum())
        for halving in range(HALVINGS):
            new = theta - step / 2**halving
            new_value = loss.value(new)
            # near the optimum the decrease drowns in rounding, and the full step is right
            if new_value <= value - 1e-4 * slope / 2**halving + 1e-13 * abs(value):
                break
        else:
            break
        theta, value = new, new_value
    return theta, False


def settle(
    gradients: Callable[[Array, NDArray[np.intp]], Array],
    precondition: Callable[[Array, NDArray[np.intp]], Array],
    x: Array,
    g: Array,
    goals: Array,
) -> tuple[Array, NDArray[np.bool_], int]:
    """Drive the gradients of N sets to zero from nearby optima, by accelerated Newton steps.

    Newton steps with a Hessian that is a little off converge linearly; Broyden's (1965) method, for each set
    its own, learns from each step how far off it is. The steps are all that it has to keep (Kelley 1995,
    section 7.3).

    Parameters
    ----------
    gradients : callable
        From parameters (P, w) and the w sets that they are for, in ascending order, to gradients (P, w).
    precondition : callable
        From gradients and sets to steps: about the inverse Hessians times the gradients.
    x, g : ndarray, shape (P, N)
        Where to start, and the gradients there.
    goals : ndarray, shape (N,)
        The 2-norm that each gradient has to reach.

    Returns
    -------
    x : ndarray, shape (P, N)
    reached : ndarray of bool, shape (N,)
    passes : int
    """
    found, lost = x.copy(), LOST * norms(g)
    sets, steps, reached = np.arange(len(goals)), [], np.zeros(len(goals), bool)
    for passes in range(MOST_PASSES + 1):
        norm = norms(g)
        done = (norm <= goals[sets]) & ~reached[sets]
        found[:, sets[done]] = x[:, done]
        reached[sets[done]] = True
        left = ~reached[sets] & (norm < lost[sets])
        if passes == MOST_PASSES or not left.any():
            break
        if np.count_nonzero(left) < CROWDED * len(sets):
            sets, x, g = sets[left], x[:, left], g[:, left]
            steps = [(step[:, left], size[left]) for step, size in steps]
        step = -precondition(g, sets)
        for (last, size), (then, _) in itertools.pairwise(steps):
            step += then * (np.einsum("pb,pb->b", last, step) / size)
        if steps:
            last, size = steps[-1]
            step /= np.maximum(1 - np.einsum("pb,pb->b", last, step) / size, LEAST)
        x = x + step
        g = gradients(x, sets)
        steps.append((step, np.maximum(np.einsum("pb,pb->b", step, step), TINY)))
    return found, reached, passes


def norms(stack: Array) -> Array:
    """Return the 2-norms of the columns."""
    return np.sqrt(np.einsum("pb,pb->b", stack, stack))
