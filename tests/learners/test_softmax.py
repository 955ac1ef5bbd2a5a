"""Newton's method against finite differences, scikit-learn's loss and scipy's optimisers."""

import numpy as np
import pytest
from scipy import linalg, optimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from inquest.learners import softmax
from inquest.learners.softmax import Loss, inverse, joining_curvature, newton, norms, settle, sigmoid

CASES = [
    (k, intercept, weighted) for k in (2, 3) for intercept in (True, False) for weighted in (True, False)
]


def problem(k, intercept, weighted, n=12, d=3, C=0.7, seed=0):
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(n, d + intercept))
    if intercept:
        Z[:, 0] = 1.0
    y = rng.integers(k, size=n)
    y[:k] = np.arange(k)
    s = rng.uniform(0.5, 2.0, size=n) if weighted else None
    theta = rng.normal(size=(d + intercept, 1 if k == 2 else k))
    return Z, y, s, theta, Loss(Z, y, k, C, intercept, s)


@pytest.mark.parametrize(("k", "intercept", "weighted"), CASES)
def test_the_value_is_scikit_learns_log_loss_and_the_penalty(k, intercept, weighted):
    Z, y, s, theta, loss = problem(k, intercept, weighted)
    eta = Z @ theta
    eta = np.hstack([np.zeros_like(eta), eta]) if k == 2 else eta
    p = np.exp(eta) / np.exp(eta).sum(axis=1, keepdims=True)
    penalty = (theta[int(intercept) :] ** 2).sum() / 0.7 / 2
    pin = theta[0].sum() ** 2 / 2 if intercept and k > 2 else 0.0
    expected = log_loss(y, p, normalize=False, sample_weight=s)
    assert loss.value(theta) == pytest.approx(expected + penalty + pin, rel=1e-12)


@pytest.mark.parametrize(("k", "intercept", "weighted"), CASES)
def test_gradients_and_hessians_are_those_of_finite_differences(k, intercept, weighted, monkeypatch):
    *_, theta, loss = problem(k, intercept, weighted, n=300)
    stacked = np.stack([theta, theta + 0.1], axis=2)
    gradients = loss.gradients(stacked)
    hessian = loss.hessian(loss.chances(theta)).reshape(*theta.shape, *theta.shape)
    for place in np.ndindex(theta.shape):
        step = np.zeros_like(theta)
        step[place] = 1e-5
        for b in range(2):
            at = stacked[..., b]
            slope = (loss.value(at + step) - loss.value(at - step)) / 2e-5
            assert gradients[(*place, b)] == pytest.approx(slope, rel=1e-6, abs=1e-5)
        bend = loss.gradients((theta + step)[..., None]) - loss.gradients((theta - step)[..., None])
        assert hessian[place] == pytest.approx(bend[..., 0] / 2e-5, rel=1e-6, abs=1e-5)
    monkeypatch.setattr(softmax, "HELD", 0)  # as few rows at a time as may be
    assert loss.gradients(stacked) == pytest.approx(gradients, rel=1e-12)


@pytest.mark.parametrize(("k", "intercept", "weighted"), CASES)
def test_roots_make_up_the_rows_part_of_the_hessian(k, intercept, weighted):
    *_, theta, loss = problem(k, intercept, weighted)
    p = loss.chances(theta)
    H = np.random.default_rng(1).normal(size=(theta.size, theta.size))
    V, VH = loss.roots(p, H)
    without = loss.hessian(np.zeros_like(p))  # rows that are certain bend nothing
    found = np.einsum("icp,icr->pr", V, V) + without
    assert found == pytest.approx(loss.hessian(p), rel=1e-12, abs=1e-12)
    assert pytest.approx(V @ H, rel=1e-10, abs=1e-10) == VH
    assert V[[4]] == pytest.approx(loss.part([4]).roots(p[[4]], H)[0], rel=1e-12)


def test_chances_are_of_the_label_with_two_classes_and_of_each_class_with_more():
    Z, y, _, theta, loss = problem(2, True, False)
    positive = 1 / (1 + np.exp(-(Z @ theta)[:, 0]))
    assert loss.chances(theta)[:, 0] == pytest.approx(np.where(y == 1, positive, 1 - positive))
    Z, _, _, theta, loss = problem(3, True, False)
    e = np.exp(Z @ theta)
    assert loss.chances(theta) == pytest.approx(e / e.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("k", [2, 3])
def test_a_mask_leaves_rows_out(k):
    Z, y, s, theta, loss = problem(k, True, True)
    rows = np.arange(0, 12, 2)

    def mask(residuals, low, high):
        residuals[np.setdiff1d(np.arange(low, high), rows) - low] = 0.0

    part = Loss(Z[rows], y[rows], k, 0.7, True, s[rows])
    expected = part.gradients(theta[..., None])
    assert loss.gradients(theta[..., None], mask) == pytest.approx(expected, rel=1e-12)
    assert loss.part(rows).gradients(theta[..., None]) == pytest.approx(expected, rel=1e-12)
    assert loss.part(rows).total() == pytest.approx(s[rows].sum())


@pytest.mark.parametrize(("k", "intercept", "weighted"), CASES)
def test_newtons_method_finds_what_scipy_and_scikit_learn_find(k, intercept, weighted):
    Z, y, s, theta, loss = problem(k, intercept, weighted, n=40, d=4)
    found, reached = newton(loss, np.zeros_like(theta), 1e-11)
    assert reached
    assert np.linalg.norm(loss.gradients(found[:, :, None])) <= 1e-11 * loss.total()
    scipys = optimize.minimize(lambda x: loss.value(x.reshape(theta.shape)), np.zeros(theta.size))
    assert found.ravel() == pytest.approx(scipys.x, abs=1e-4)
    model = LogisticRegression(C=0.7, fit_intercept=intercept, solver="newton-cholesky", tol=1e-10)
    model.fit(Z[:, int(intercept) :], y, sample_weight=s)
    assert pytest.approx(model.coef_, abs=1e-8) == found[int(intercept) :].T
    if intercept and k == 2:
        assert found[0] == pytest.approx(model.intercept_, abs=1e-8)
    elif intercept:  # scikit-learn leaves their sum open
        assert found[0] - found[0, 0] == pytest.approx(model.intercept_ - model.intercept_[0], abs=1e-8)


def test_newtons_method_halves_steps_that_are_too_long():
    """From far away on the flat of a sigmoid a full step overshoots."""
    loss = Loss(np.ones((3, 1)), np.array([1, 1, 0]), 2, 1e6, False)
    found, reached = newton(loss, np.array([[12.0]]), 1e-10)
    assert reached
    assert sigmoid(found[0, 0]) == pytest.approx(2 / 3, abs=1e-5)


def test_newtons_method_says_where_it_fails():
    *_, theta, loss = problem(2, True, False)
    assert not newton(loss, theta * np.inf, 1e-9)[1]
    assert not newton(loss, theta, 0.0)[1]
    flat = Loss(np.eye(3)[:, :2], np.array([0, 1, 1]), 2, np.inf, False)
    flat.Z[:, 1] = 0.0  # nothing bends the loss in this direction
    assert not newton(flat, np.ones((2, 1)), 1e-9)[1]


def test_sigmoid_knows_no_overflow():
    with np.errstate(all="raise"):
        assert sigmoid(np.array([-700.0, 0.0, 700.0])).tolist() == [
            pytest.approx(9.86e-305, rel=1e-3),
            0.5,
            1.0,
        ]


@pytest.mark.parametrize(
    ("p", "leverage"), [(0.01, 3.0), (0.5, 1.0), (0.999, 10.0), (1e-30, 50.0), (0.3, 0.0)]
)
def test_the_joining_curvature_is_the_mean_on_the_way_to_the_new_margin(p, leverage):
    start = np.log(p / (1 - p))
    end = optimize.brentq(
        lambda margin: margin - start - leverage * (1 - sigmoid(margin)), start - 1, start + leverage + 1
    )
    grid = start + (end - start) * (np.arange(100_000) + 0.5) / 100_000
    expected = np.mean(sigmoid(grid) * sigmoid(-grid))
    assert joining_curvature(np.array([p]), np.array([leverage])) == pytest.approx([expected], rel=1e-3)


def test_the_inverse_of_a_positive_definite_matrix():
    A = np.random.default_rng(0).normal(size=(7, 9))
    assert inverse(A @ A.T) @ (A @ A.T) == pytest.approx(np.eye(7), abs=1e-10)
    with pytest.raises(linalg.LinAlgError):
        inverse(-np.eye(2))


def quadratics(seed, P=30, b=5):
    """Quadratic problems whose Hessians are near one another's: one Hessian, each problem's, the optima."""
    rng = np.random.default_rng(seed)
    base = rng.normal(size=(P, P))
    base = base @ base.T / P + np.eye(P)
    bumps = rng.normal(size=(b, P, 3)) / 6
    return base, base + bumps @ bumps.mT, rng.normal(size=(P, b))


def settled(base, hessians, optima, goal=1e-10):
    asked = []

    def gradients(x, sets):
        asked.append(len(sets))
        return np.einsum("bij,jb->ib", hessians[sets], x - optima[:, sets])

    x, goals = np.zeros_like(optima), np.full(optima.shape[1], goal)
    g = np.einsum("bij,jb->ib", hessians, -optima)
    found, reached, passes = settle(gradients, lambda g, sets: np.linalg.solve(base, g), x, g, goals)
    assert passes == len(asked)
    norms = np.linalg.norm(np.einsum("bij,jb->ib", hessians, found - optima), axis=0)
    assert (norms <= goal).tolist() == reached.tolist()
    return found, reached, asked


def test_nearby_problems_are_settled_in_few_passes():
    base, hessians, optima = quadratics(0)
    found, reached, asked = settled(base, hessians, optima)
    assert reached.all()
    assert found == pytest.approx(optima, abs=1e-9)
    assert len(asked) < 12


def test_only_what_is_left_is_asked_for():
    base, hessians, optima = quadratics(0)
    hessians[:4] = base  # one step solves these
    _, reached, asked = settled(base, hessians, optima)
    assert reached.all()
    assert asked == [5] + [1] * (len(asked) - 1)


def test_a_problem_that_gets_lost_is_given_up_and_the_others_are_not(monkeypatch):
    base, hessians, optima = quadratics(0)
    hessians[2:4] *= -1  # steps lead away
    monkeypatch.setattr(softmax, "LOST", 10.0)
    found, reached, asked = settled(base, hessians, optima)
    assert reached.tolist() == [True, True, False, False, True]
    assert asked[-1] < 5
    assert found[:, reached] == pytest.approx(optima[:, reached], abs=1e-9)


def test_there_is_a_last_pass(monkeypatch):
    monkeypatch.setattr(softmax, "MOST_PASSES", 3)
    _, reached, asked = settled(*quadratics(0))
    assert asked == [5, 5, 5]
    assert not reached.any()


def test_the_2_norms_of_columns():
    assert norms(np.array([[3.0, 0.0], [4.0, -2.0]])).tolist() == [5.0, 2.0]
