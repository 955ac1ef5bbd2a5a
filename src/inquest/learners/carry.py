"""From the optimum of one set of rows to those of sets that differ in few rows (logistic regression)."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from inquest.learners.softmax import Array, Loss, inverse, joining_curvature, norms, settle

Joined = tuple[Array, NDArray[np.bool_], Array]
"""Parameters, shape (D, q, b), which of them have reached their goals, shape (b,), and about the inverse
Hessian with all the rows, shape (P, P)."""

NEGLIGIBLE = 0.1  # what a class's share of a row may add to the Hessian, relative to it, and be left out
HOPEFUL = 1.0  # the share of a gradient that the first step may leave


class Joining:
    """The prefixes of size + 1, size + 2, … rows of one walk, from about the optimum of ``size`` rows.

    A step uses H, about the inverse Hessian of the first ``size`` rows, and U: H - U Uᵀ, with as many
    columns of U as a prefix has, is that of the prefix (Woodbury 1950).

    Parameters
    ----------
    loss : Loss
        Of size + b rows, in the order of the walk.
    size : int
    theta : ndarray, shape (D, q)
        The optimum of the first ``size`` rows, or about that.
    H : ndarray, shape (P', P'), optional
        About the inverse Hessian there, of the first P' <= P parameters; computed anew if None.
    goals : ndarray, shape (b,)
        The 2-norm that each prefix's gradient has to reach.
    scale : ndarray, shape (size + b, b), optional
        What the rows' weights are multiplied by in each prefix, if they depend on it.

    Raises
    ------
    LinAlgError
        If a Hessian is singular.
    """

    def __init__(
        self, loss: Loss, size: int, theta: Array, H: Array | None, goals: Array, scale: Array | None = None
    ):
        self.shape, self.size = theta.shape, size
        self._take(loss, goals, scale)
        p = loss.chances(theta)
        self._prepare(self._inverse_hessian(p) if H is None else _widened(H, theta.size, loss), p, ahead=True)
        self._first_step(theta)
        middle, last = (
            self.loss.chances(self.x[:, at].reshape(theta.shape)) for at in (self.b // 2, self.b - 1)
        )
        self._prepare(self._inverse_hessian(middle), last, ahead=False)

    def _take(self, loss: Loss, goals: Array, scale: Array | None) -> None:
        self.loss, self.goals, self.scale, self.b = loss, goals, scale, len(goals)
        self.old, self.new = loss.part(slice(self.size)), loss.part(slice(self.size, None))
        self.inside = _triangle(self.b)

    def _first_step(self, theta: Array) -> None:
        """Step from ``theta``, and give the prefixes up from the first on that isn't brought closer.

        Such a prefix begins with a row that changes too much.
        """
        x, every = np.repeat(theta.reshape(-1, 1), self.b, axis=1), slice(None)
        if self.scale is None:  # no pass is needed: rows join one after the other
            r = self.new.residuals(theta, 0, self.b)[..., 0]
            r = r if self.new.s is None else r * self.new.s[:, None]
            g = np.cumsum(self.new.Z.T[:, None, :] * r.T, axis=2)
            g += self.old.gradients(theta[..., None])
            g = g.reshape(x.shape)
        else:
            g = self.gradients(x, every)
        self.x = x - self.precondition(g, every)
        self.g = self.gradients(self.x, every)
        hopeless = np.flatnonzero(~(norms(self.g) < HOPEFUL * norms(g)))
        if len(hopeless):
            end = max(1, int(hopeless[0]))
            scale = None if self.scale is None else self.scale[: self.size + end, :end]
            self._take(self.loss.part(slice(self.size + end)), self.goals[:end], scale)
            self.x, self.g = self.x[:, :end], self.g[:, :end]

    def _inverse_hessian(self, p: Array) -> Array:
        """Return the inverse Hessian of the first ``size`` rows where the rows' chances are ``p``."""
        return inverse(self.old.hessian(p[: self.size]))

    def _prepare(self, H: Array, p: Array, ahead: bool) -> None:
        """Make H and U from the former and the chances of the rows.

        With ``ahead``, the rows that join bend the loss as they do on the way to where they will be.
        """
        new, p, curvature = self.new, p[self.size :], None
        if ahead and new.q == 1:
            leverage = np.einsum("id,id->i", new.Z @ H, new.Z)
            curvature = joining_curvature(p[:, 0], leverage if new.s is None else leverage * new.s)
        V, VH = (part.reshape(-1, len(H)) for part in new.roots(p, H, curvature))
        row = np.repeat(np.arange(self.b), new.q)
        if new.q > 1:
            tells = np.einsum("ip,ip->i", V, VH) > NEGLIGIBLE
            V, VH, row = V[tells], VH[tells], row[tells]
        self.H, self.U, self.member = H, VH.T, self.inside[row]
        if not len(row):
            return
        minor = VH @ V.T  # the leading minors of I + V H Vᵀ belong to the prefixes,
        minor.reshape(-1)[:: len(minor) + 1] += 1.0
        factor, info = linalg.lapack.dpotrf(minor.T, lower=1, overwrite_a=1)
        if info != 0:
            raise linalg.LinAlgError("not positive definite")
        self.U = linalg.lapack.dtrtrs(factor, VH, lower=1)[0].T  # and so do those of their Cholesky factors

    def precondition(self, g: Array, at: NDArray[np.intp] | slice) -> Array:
        """Return the steps (P, w) for gradients of the prefixes ``at``."""
        shares = self.U.T @ g
        shares *= self.member[:, at]
        return self.H @ g - self.U @ shares

    def gradients(self, x: Array, at: NDArray[np.intp] | slice) -> Array:
        """Return the gradients (P, w) for parameters of the prefixes ``at``."""
        inside = self.inside[:, at]

        def mask(residuals: Array, low: int, high: int) -> None:
            if self.scale is not None:
                residuals *= self.scale[low:high, None, at]
            if high > self.size:
                first = max(low, self.size)
                residuals[first - low :] *= inside[first - self.size : high - self.size, None]

        return self.loss.gradients(x.reshape(*self.shape, -1), mask).reshape(x.shape)


def join(blocks: Sequence[Joining]) -> list[Joined]:
    """Return the optima of the prefixes of several walks, with equally many parameters, side by side.

    Prefixes that were given up after the first step are not among them.
    """
    ends = np.cumsum([block.b for block in blocks])

    def each(method: str, stack: Array, sets: NDArray[np.intp]) -> Array:
        found, low = np.empty_like(stack), 0
        for block, end, high in zip(blocks, ends, np.searchsorted(sets, ends), strict=True):
            if low < high:
                at = slice(None) if high - low == block.b else sets[low:high] - (end - block.b)
                found[:, low:high] = getattr(block, method)(stack[:, low:high], at)
            low = high
        return found

    x, reached, _ = settle(
        lambda x, sets: each("gradients", x, sets),
        lambda g, sets: each("precondition", g, sets),
        np.concatenate([block.x for block in blocks], axis=1),
        np.concatenate([block.g for block in blocks], axis=1),
        np.concatenate([block.goals for block in blocks]),
    )
    parts = [slice(end - block.b, end) for block, end in zip(blocks, ends, strict=True)]
    return [
        (x[:, part].reshape(*block.shape, -1), reached[part], block.H - block.U @ block.U.T)
        for block, part in zip(blocks, parts, strict=True)
    ]


@functools.cache
def _triangle(b: int) -> Array:
    """Return 1 where row i is part of prefix j >= i."""
    return np.triu(np.ones((b, b)))


def _widened(H: Array, P: int, loss: Loss) -> Array:
    """Return H for P parameters; features that no row has had yet have the penalty's curvature alone."""
    known = len(H)
    if known == P:
        return H
    wide = np.eye(P) / loss.penalty[-1]
    wide[:known, :known] = H
    return wide


def leave(
    loss: Loss,
    theta: Array,
    H: Array,
    rows: NDArray[np.intp],
    goals: Array,
    scale: Array | None = None,
) -> tuple[Array, NDArray[np.bool_]]:
    """Return the optima without each of b rows, from the optimum of all.

    Parameters
    ----------
    loss : Loss
        Of all rows.
    theta : ndarray, shape (D, q)
        Its optimum.
    H : ndarray, shape (P, P)
        The inverse Hessian there.
    rows : ndarray of int, shape (b,)
        The rows that are left out, each alone.
    goals : ndarray, shape (b,)
    scale : ndarray, shape (n, b), optional
        Both as for `Joining`.

    Returns
    -------
    theta : ndarray, shape (D, q, b)
    reached : ndarray of bool, shape (b,)
    """
    (D, q), b, P = theta.shape, len(rows), theta.size
    gone = loss.part(rows)
    V, VH = gone.roots(gone.chances(theta), H)
    A = VH.transpose(2, 0, 1)
    inner = np.eye(q) - VH @ V.mT
    # a row may alone hold a parameter in place; the steps are then no good, and it is solved alone
    inner = 1 / np.maximum(inner, 1e-6) if q == 1 else np.linalg.pinv(inner)

    def gradients(x: Array, sets: NDArray[np.intp]) -> Array:
        out = rows[sets]

        def mask(residuals: Array, low: int, high: int) -> None:
            if scale is not None:
                residuals *= scale[low:high, None, sets]
            here = np.flatnonzero((out >= low) & (out < high))
            residuals[out[here] - low, :, here] = 0.0

        return loss.gradients(x.reshape(D, q, -1), mask).reshape(x.shape)

    def precondition(g: Array, sets: NDArray[np.intp]) -> Array:
        part = np.einsum("pba,pb->ba", A[:, sets], g)
        part = np.einsum("bac,bc->ba", inner[sets], part)
        return H @ g + np.einsum("pba,ba->pb", A[:, sets], part)

    x = np.repeat(theta.reshape(P, 1), b, axis=1)
    if scale is None:
        r = gone.residuals(theta, 0, b)[..., 0]
        r = r if gone.s is None else r * gone.s[:, None]
        g = (loss.gradients(theta[..., None]) - gone.Z.T[:, None, :] * r.T).reshape(P, b)
    else:
        g = gradients(x, np.arange(b))
    x, reached, _ = settle(gradients, precondition, x, g, goals)
    return x.reshape(D, q, b), reached
