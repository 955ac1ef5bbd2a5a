"""From the optimum of one set of rows to those of sets that differ in few rows (logistic regression)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from inquest.learners.softmax import Array, Loss, inverse, joining_curvature, settle


def join(
    loss: Loss,
    theta: Array,
    H: Array | None,
    size: int,
    goals: Array,
    scale: Array | None = None,
) -> tuple[Array, NDArray[np.bool_], int, Array]:
    """Return the optima of the prefixes of size + 1, size + 2, … rows, from about those of ``size`` rows.

    Parameters
    ----------
    loss : Loss
        Of size + b rows, in the order of each of R walks.
    theta : ndarray, shape (R, D, q)
        The optimum of the first ``size`` rows, or about that.
    H : ndarray, shape (R, P, P), optional
        About the inverse Hessian there, of the first P <= D·q parameters; computed anew if None.
    goals : ndarray, shape (R, b)
        The 2-norm that each prefix's gradient has to reach.
    scale : ndarray, shape (R, n, b), optional
        What the rows' weights are multiplied by in each prefix, if they depend on it.

    Returns
    -------
    theta : ndarray, shape (R, D, q, b)
    reached : ndarray of bool, shape (R, b)
    passes : int
    H : ndarray, shape (R, D·q, D·q)
        About the inverse Hessian with all the rows.

    Raises
    ------
    LinAlgError
        If a Hessian is singular.
    """
    R, D, q = theta.shape
    old, new = loss.part(slice(size)), loss.part(slice(size, None))
    b = new.Z.shape[1]
    p = loss.chances(theta)
    if H is None:
        H = np.array([inverse(hessian) for hessian in old.hessians(p[:, :size])])
    elif H.shape[1] < D * q:  # features that no row has had yet have the penalty's curvature alone
        known = H
        H = np.zeros((R, D * q, D * q))
        H[:, range(D * q), range(D * q)] = 1 / loss.penalty[-1]
        H[:, : known.shape[1], : known.shape[1]] = known
    curvature = None
    if q == 1:
        leverage = np.einsum("rid,rid->ri", new.Z @ H, new.Z)
        leverage = leverage if new.s is None else leverage * new.s
        curvature = joining_curvature(p[:, size:, 0], leverage)
    V = new.roots(p[:, size:], curvature)
    A = H @ V
    minors = V.mT @ A  # Woodbury (1950): the leading minors of I + Vᵀ H V belong to the prefixes,
    minors.reshape(R, -1)[:, :: b * q + 1] += 1.0  # and so do those of their Cholesky factors
    U = np.empty_like(A)
    for problem, minor in enumerate(minors):
        factor = linalg.cholesky(minor, lower=True, overwrite_a=True, check_finite=False)
        U[problem] = linalg.solve_triangular(factor, A[problem].T, lower=True, check_finite=False).T
    member = np.repeat(np.triu(np.ones((b, b))), q, axis=0)
    inside = np.triu(np.ones((b, b)))  # row i is part of prefixes j >= i

    def mask(residuals: Array, low: int, high: int, sets: slice) -> None:
        if scale is not None:
            residuals *= scale[:, low:high, None, sets]
        if high > size:
            first = max(low, size)
            residuals[:, first - low :] *= inside[first - size : high - size, None, sets]

    def gradients(x: Array, sets: slice) -> Array:
        return loss.gradients(x.reshape(R, D, q, -1), mask, sets).reshape(R, D * q, -1)

    def precondition(g: Array, sets: slice) -> Array:
        shares = U.mT @ g
        shares *= member[:, sets]
        return H @ g - U @ shares

    x = np.repeat(theta[..., None], b, axis=3)
    if scale is None:  # no pass is needed: rows join one after the other
        r = new.residuals(theta, 0, b)[..., 0]
        r = r if new.s is None else r * new.s[..., None]
        g = np.cumsum(new.Z.mT[:, :, None, :] * r.mT[:, None], axis=3)
        g += old.gradients(theta[..., None])
    else:
        g = loss.gradients(x, mask, slice(0, b))
    x, reached, passes = settle(
        gradients, precondition, x.reshape(R, D * q, b), g.reshape(R, D * q, b), goals
    )
    return x.reshape(R, D, q, b), reached, passes, H - U @ U.mT


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
        Of all rows; R = 1.
    theta : ndarray, shape (D, q)
        Its optimum.
    H : ndarray, shape (D·q, D·q)
        The inverse Hessian there.
    rows : ndarray of int, shape (b,)
        The rows that are left out, each alone.
    goals : ndarray, shape (b,)
    scale : ndarray, shape (n, b), optional
        Both as for `join`.

    Returns
    -------
    theta : ndarray, shape (D, q, b)
    reached : ndarray of bool, shape (b,)
    """
    D, q = theta.shape
    b, P = len(rows), D * q
    gone = loss.part(rows)
    V = gone.roots(gone.chances(theta[None]))[0]
    A = (H @ V).reshape(P, b, q)
    inner = np.eye(q) - np.einsum("pba,pbc->bac", V.reshape(P, b, q), A)
    inner = np.linalg.inv(np.maximum(inner, 1e-6) if q == 1 else inner)  # a row may alone hold a parameter

    def mask(residuals: Array, low: int, high: int, sets: slice) -> None:
        if scale is not None:
            residuals *= scale[low:high, None, sets]
        here = np.flatnonzero((rows[sets] >= low) & (rows[sets] < high))
        residuals[0, rows[sets][here] - low, :, here] = 0.0

    def gradients(x: Array, sets: slice) -> Array:
        return loss.gradients(x.reshape(1, D, q, -1), mask, sets).reshape(1, P, -1)

    def precondition(g: Array, sets: slice) -> Array:
        part = np.einsum("pba,pb->ba", A[:, sets], g[0])
        part = np.einsum("bac,bc->ba", inner[sets], part)
        return (H @ g[0] + np.einsum("pba,ba->pb", A[:, sets], part))[None]

    x = np.repeat(theta[:, :, None], b, axis=2)[None]
    if scale is None:
        r = gone.residuals(theta[None], 0, b)[..., 0]
        r = r if gone.s is None else r * gone.s[..., None]
        g = loss.gradients(theta[None, :, :, None]) - gone.Z.mT[:, :, None, :] * r.mT[:, None]
    else:
        g = loss.gradients(x, mask, slice(0, b))
    x, reached, _ = settle(gradients, precondition, x.reshape(1, P, b), g.reshape(1, P, b), goals[None])
    return x.reshape(D, q, b), reached[0]
