"""Optima that are carried along against those found anew by Newton's method."""

import numpy as np
import pytest
from scipy import linalg

from inquest.learners.carry import join, leave
from inquest.learners.softmax import Loss, inverse, newton

TOLERANCE = 1e-11
CASES = [
    (k, intercept, weighted) for k in (2, 3) for intercept in (True, False) for weighted in (True, False)
]


def problem(k, intercept, weighted, R=2, n=60, d=4, seed=0):
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(R, n, d + intercept))
    if intercept:
        Z[:, :, 0] = 1.0
    y = rng.integers(k, size=(R, n))
    y[:, :k] = np.arange(k)
    return Z, y, rng.uniform(0.5, 2.0, size=(R, n)) if weighted else None


def optimum(Z, y, s, k, intercept, D=None):
    """The optimum of one problem, (D, q), and its inverse Hessian."""
    s = None if s is None else s[None]
    loss = Loss(Z[None, :, :D], y[None], k, 1.0, intercept, s)
    theta, reached = newton(loss, np.zeros((loss.Z.shape[2], loss.q)), TOLERANCE)
    assert reached
    return theta, inverse(loss.hessians(loss.chances(theta[None]))[0])


def first(Z, y, s, rows):
    return Z[rows], y[rows], None if s is None else s[rows]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(("k", "intercept", "weighted"), CASES)
def test_rows_that_join(k, intercept, weighted, known):
    Z, y, s = problem(k, intercept, weighted)
    size, b = 50, 10
    starts = [
        optimum(*first(Z[r], y[r], None if s is None else s[r], slice(size)), k, intercept) for r in range(2)
    ]
    theta, H = (np.array(part) for part in zip(*starts, strict=True))
    totals = (np.ones_like(y, float) if s is None else s).cumsum(axis=1)[:, size:]
    loss = Loss(Z, y, k, 1.0, intercept, s)
    x, reached, passes, H = join(loss, theta, H if known else None, size, TOLERANCE * totals)
    assert reached.all()
    assert passes < 14
    for r, j in np.ndindex(2, b):
        rows = slice(size + j + 1)
        there, inverse_there = optimum(*first(Z[r], y[r], None if s is None else s[r], rows), k, intercept)
        assert x[r, :, :, j] == pytest.approx(there, abs=1e-9)
    assert H[1] == pytest.approx(inverse_there, abs=0.25 * np.abs(inverse_there).max())


@pytest.mark.parametrize("k", [2, 3])
def test_features_that_only_the_new_rows_have(k):
    """Rows 0 … 5 have no more than three features, so their optimum is 0 in the others."""
    Z, y, _ = problem(k, True, False, R=1, n=9, d=5)
    Z[:, :6, 4:] = 0.0
    Z[:, :, 1:] /= 3
    theta, H = optimum(Z[0, :6], y[0, :6], None, k, True, D=4)
    theta = np.concatenate([theta, np.zeros((2, theta.shape[1]))])[None]
    goals = TOLERANCE * np.arange(7.0, 10)[None]
    x, reached, *_ = join(Loss(Z, y, k, 1.0, True), theta, H[None], 6, goals)
    assert reached.all()
    for j in range(3):
        there, _ = optimum(Z[0, : 7 + j], y[0, : 7 + j], None, k, True)
        assert x[0, :, :, j] == pytest.approx(there, abs=1e-9)


@pytest.mark.parametrize("k", [2, 3])
def test_weights_that_depend_on_the_prefix(k):
    Z, y, s = problem(k, True, True, R=1)
    scale = np.random.default_rng(1).uniform(0.9, 1.1, size=(1, 60, 10))
    theta, _ = optimum(Z[0, :50], y[0, :50], s[0, :50], k, True)
    x, reached, *_ = join(
        Loss(Z, y, k, 1.0, True, s), theta[None], None, 50, np.full((1, 10), 50 * TOLERANCE), scale
    )
    assert reached.all()
    for j in range(10):
        rows = slice(51 + j)
        there, _ = optimum(Z[0, rows], y[0, rows], s[0, rows] * scale[0, rows, j], k, True)
        assert x[0, :, :, j] == pytest.approx(there, abs=1e-9)


@pytest.mark.parametrize(("k", "intercept", "weighted"), CASES)
def test_rows_that_leave(k, intercept, weighted):
    Z, y, s = problem(k, intercept, weighted, R=1)
    theta, H = optimum(Z[0], y[0], None if s is None else s[0], k, intercept)
    rows = np.arange(5, 60, 6)
    loss = Loss(Z, y, k, 1.0, intercept, s)
    x, reached = leave(loss, theta, H, rows, np.full(len(rows), 40 * TOLERANCE))
    assert reached.all()
    for j, row in enumerate(rows):
        kept = np.delete(np.arange(60), row)
        there, _ = optimum(*first(Z[0], y[0], None if s is None else s[0], kept), k, intercept)
        assert x[:, :, j] == pytest.approx(there, abs=1e-9)


@pytest.mark.parametrize("k", [2, 3])
def test_rows_that_leave_and_weights_that_depend_on_them(k):
    Z, y, s = problem(k, True, True, R=1)
    theta, H = optimum(Z[0], y[0], s[0], k, True)
    rows, scale = np.arange(5), np.random.default_rng(1).uniform(0.9, 1.1, size=(60, 5))
    x, reached = leave(Loss(Z, y, k, 1.0, True, s), theta, H, rows, np.full(5, 40 * TOLERANCE), scale)
    assert reached.all()
    for j in range(5):
        kept = np.delete(np.arange(60), j)
        there, _ = optimum(Z[0, kept], y[0, kept], s[0, kept] * scale[kept, j], k, True)
        assert x[:, :, j] == pytest.approx(there, abs=1e-9)


def test_a_row_that_alone_holds_a_parameter():
    """A feature that only one row has: without it, the shortcut may fail, but then says so."""
    Z, y, _ = problem(2, True, False, R=1)
    Z[:, :, 1] = 0.0
    Z[:, 3, 1] = 1e3
    theta, H = optimum(Z[0], y[0], None, 2, True)
    x, reached = leave(Loss(Z, y, 2, 1.0, True), theta, H, np.array([3, 4]), np.full(2, 1e-7))
    kept = np.delete(np.arange(60), 3)
    there, _ = optimum(Z[0, kept], y[0, kept], None, 2, True)
    assert x[:, :, 0] == pytest.approx(there, abs=1e-6) or not reached[0]
    assert reached[1]


def test_a_singular_hessian_is_an_error():
    Z, y, _ = problem(2, True, False, R=1)
    Z[:, :, 1] = 0.0
    loss = Loss(Z, y, 2, np.inf, True)
    with pytest.raises(linalg.LinAlgError):
        join(loss, np.zeros((1, 5, 1)), None, 50, np.ones((1, 10)))
