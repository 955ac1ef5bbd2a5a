"""Optima that are carried along against those found anew by Newton's method."""

import itertools

import numpy as np
import pytest
from scipy import linalg

from inquest.learners import carry
from inquest.learners.carry import Joining, join, leave
from inquest.learners.softmax import Loss, inverse, newton

TOLERANCE = 1e-11
CASES = list(itertools.product((2, 3), (True, False), (True, False)))  # k, intercept, weighted


def problem(k, intercept, weighted, n=60, d=4, seed=0):
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(n, d + intercept))
    if intercept:
        Z[:, 0] = 1.0
    y = rng.integers(k, size=n)
    y[:k] = np.arange(k)
    return Z, y, rng.uniform(0.5, 2.0, size=n) if weighted else None


def optimum(Z, y, s, k, intercept, rows=slice(None), factor=1.0):
    """The optimum of some of the rows, (D, q), and its inverse Hessian."""
    s = None if s is None else (s * factor)[rows]
    loss = Loss(Z[rows], y[rows], k, 1.0, intercept, s)
    theta, reached = newton(loss, np.zeros((Z.shape[1], loss.q)), TOLERANCE)
    assert reached
    return theta, inverse(loss.hessian(loss.chances(theta)))


def totals(y, s):
    return np.arange(1.0, len(y) + 1) if s is None else s.cumsum()


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(("k", "intercept", "weighted"), CASES)
def test_rows_that_join_walks_of_their_own_lengths(k, intercept, weighted, known):
    sizes, ends, blocks, rows = (50, 40), (60, 45), [], []
    for seed, (size, end) in enumerate(zip(sizes, ends, strict=True)):
        Z, y, s = rows_of = problem(k, intercept, weighted, n=end, seed=seed)
        theta, H = optimum(*rows_of, k, intercept, slice(size))
        loss, goals = Loss(Z, y, k, 1.0, intercept, s), TOLERANCE * totals(y, s)[size:]
        blocks.append(Joining(loss, size, theta, H if known else None, goals))
        rows.append(rows_of)
    found = join(blocks)
    for rows_of, size, end, (x, reached, H) in zip(rows, sizes, ends, found, strict=True):
        assert reached.tolist() == [True] * (end - size)
        for j in range(end - size):
            there, inverse_there = optimum(*rows_of, k, intercept, slice(size + j + 1))
            assert x[:, :, j] == pytest.approx(there, abs=1e-9)
        assert pytest.approx(inverse_there, abs=0.25 * np.abs(inverse_there).max()) == H


@pytest.mark.parametrize("k", [2, 3])
def test_features_that_only_the_new_rows_have(k):
    """The first six rows have no more than three features, so their optimum is 0 in the others."""
    Z, y, _ = problem(k, True, False, n=9, d=5)
    Z[:6, 4:] = 0.0
    Z[:, 1:] /= 3
    theta, H = optimum(Z[:6, :4], y[:6], None, k, True)
    theta = np.concatenate([theta, np.zeros((2, theta.shape[1]))])
    [(x, reached, _)] = join([Joining(Loss(Z, y, k, 1.0, True), 6, theta, H, TOLERANCE * np.arange(7.0, 10))])
    assert reached.all()
    for j in range(3):
        assert x[:, :, j] == pytest.approx(optimum(Z, y, None, k, True, slice(7 + j))[0], abs=1e-9)


@pytest.mark.parametrize("k", [2, 3])
def test_weights_that_depend_on_the_prefix(k):
    Z, y, s = problem(k, True, True)
    scale = np.random.default_rng(1).uniform(0.9, 1.1, size=(60, 10))
    theta, _ = optimum(Z, y, s, k, True, slice(50))
    block = Joining(Loss(Z, y, k, 1.0, True, s), 50, theta, None, np.full(10, 50 * TOLERANCE), scale)
    [(x, reached, _)] = join([block])
    assert reached.all()
    for j in range(10):
        there, _ = optimum(Z, y, s, k, True, slice(51 + j), scale[:, j])
        assert x[:, :, j] == pytest.approx(there, abs=1e-9)


@pytest.mark.parametrize("scaled", [True, False])
def test_prefixes_from_a_row_on_that_changes_too_much_are_given_up(scaled, monkeypatch):
    """Rows before row 55 hardly weigh anything."""
    monkeypatch.setattr(carry, "HOPEFUL", 1e-3)
    Z, y, s = problem(2, True, True)
    s[50:55] = 1e-4
    theta, H = optimum(Z, y, s, 2, True, slice(50))
    loss, scale = Loss(Z, y, 2, 1.0, True, s), np.ones((60, 10)) if scaled else None
    block = Joining(loss, 50, theta, H, TOLERANCE * s.cumsum()[50:], scale)
    assert block.b == 5
    [(x, reached, _)] = join([block])
    assert x.shape == (5, 1, 5)
    assert reached.all()
    assert x[:, :, 4] == pytest.approx(optimum(Z, y, s, 2, True, slice(55))[0], abs=1e-9)


@pytest.mark.parametrize(("k", "intercept", "weighted"), CASES)
def test_rows_that_leave(k, intercept, weighted):
    Z, y, s = problem(k, intercept, weighted)
    theta, H = optimum(Z, y, s, k, intercept)
    rows = np.arange(5, 60, 6)
    loss = Loss(Z, y, k, 1.0, intercept, s)
    x, reached = leave(loss, theta, H, rows, np.full(len(rows), 40 * TOLERANCE))
    assert reached.all()
    for j, row in enumerate(rows):
        there, _ = optimum(Z, y, s, k, intercept, np.delete(np.arange(60), row))
        assert x[:, :, j] == pytest.approx(there, abs=1e-9)


@pytest.mark.parametrize("k", [2, 3])
def test_rows_that_leave_and_weights_that_depend_on_them(k):
    Z, y, s = problem(k, True, True)
    theta, H = optimum(Z, y, s, k, True)
    rows, scale = np.arange(5), np.random.default_rng(1).uniform(0.9, 1.1, size=(60, 5))
    x, reached = leave(Loss(Z, y, k, 1.0, True, s), theta, H, rows, np.full(5, 40 * TOLERANCE), scale)
    assert reached.all()
    for j in range(5):
        there, _ = optimum(Z, y, s, k, True, np.delete(np.arange(60), j), scale[:, j])
        assert x[:, :, j] == pytest.approx(there, abs=1e-9)


def test_a_row_that_alone_holds_a_parameter():
    """A feature that only one row has: without it, the shortcut may fail, but then says so."""
    Z, y, _ = problem(2, True, False)
    Z[:, 1] = 0.0
    Z[3, 1] = 1e3
    theta, H = optimum(Z, y, None, 2, True)
    x, reached = leave(Loss(Z, y, 2, 1.0, True), theta, H, np.array([3, 4]), np.full(2, 1e-7))
    there, _ = optimum(Z, y, None, 2, True, np.delete(np.arange(60), 3))
    assert x[:, :, 0] == pytest.approx(there, abs=1e-6) or not reached[0]
    assert reached[1]


def test_a_singular_hessian_is_an_error():
    Z, y, _ = problem(2, True, False)
    Z[:, 1] = 0.0
    with pytest.raises(linalg.LinAlgError):
        Joining(Loss(Z, y, 2, np.inf, True), 50, np.zeros((5, 1)), None, np.ones(10))


def test_rows_that_hardly_weigh_anything():
    """Their share of the Hessian is left out of the steps, not out of the gradients."""
    Z, y, s = problem(3, True, True)
    s[50:] = 1e-3
    theta, H = optimum(Z, y, s, 3, True, slice(50))
    block = Joining(Loss(Z, y, 3, 1.0, True, s), 50, theta, H, TOLERANCE * s.cumsum()[50:])
    assert block.U.shape == (15, 0)
    [(x, reached, _)] = join([block])
    assert reached.all()
    assert x[:, :, 9] == pytest.approx(optimum(Z, y, s, 3, True)[0], abs=1e-9)
