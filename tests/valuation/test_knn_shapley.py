"""The closed form against enumeration of the very game that it solves."""

from importlib import import_module

import numpy as np
import pytest

from inquest.utility import FunctionUtility
from inquest.valuation import exact_shapley
from inquest.valuation.knn_shapley import knn_shapley


def data(n, m=7, classes=3, seed=0, grid=False):
    rng = np.random.default_rng(seed)
    X, X_test = rng.normal(size=(n, 2)), rng.normal(size=(m, 2))
    if grid:
        X, X_test = X.round(), X_test.round()
    return X, rng.integers(classes, size=n), X_test, rng.integers(classes, size=m)


def game(X, y, X_test, y_test, k) -> FunctionUtility:
    """The share of the k nearest with the right label, as it is written in words."""

    def worth(rows):
        total = 0.0
        for x, label in zip(X_test, y_test, strict=True):
            nearest = sorted(rows, key=lambda row: (np.sum((X[row] - x) ** 2), row))[:k]
            total += sum(y[row] == label for row in nearest) / k
        return total / len(X_test)

    return FunctionUtility(worth, len(X))


@pytest.mark.parametrize(("n", "k"), [(7, 1), (7, 3), (7, 7), (5, 9), (1, 1), (1, 4)])
@pytest.mark.parametrize("grid", [False, True])
def test_the_closed_form_is_the_shapley_value_of_its_game(n, k, grid):
    problem = data(n, grid=grid, seed=n + k)
    values, utility = knn_shapley(*problem, k), game(*problem, k)
    assert values == pytest.approx(exact_shapley(utility), abs=1e-12)
    assert values.sum() == pytest.approx(utility(np.arange(n)), abs=1e-12)  # efficiency


def test_three_rows_by_hand():
    """Nearest right, next wrong, last right, k = 1: s3 = 1/3, s2 = 1/3 - 1/2, s1 = s2 + 1."""
    values = knn_shapley([[1.0], [2.0], [3.0]], ["a", "b", "a"], [[0.0]], ["a"], k=1)
    assert values == pytest.approx([5 / 6, -1 / 6, 1 / 3])


def test_chunks_of_test_rows_change_nothing(monkeypatch):
    problem = data(40, m=23)
    whole = knn_shapley(*problem, 5)
    monkeypatch.setattr(
        import_module("inquest.valuation.knn_shapley"), "CHUNK", 200
    )  # five test rows at a time
    assert knn_shapley(*problem, 5) == pytest.approx(whole, abs=1e-15)


@pytest.mark.parametrize(("n", "m", "k"), [(0, 3, 1), (3, 0, 1), (3, 3, 0)])
def test_nothing_to_value(n, m, k):
    with pytest.raises(ValueError, match=f"found {n}, {m} and {k}"):
        knn_shapley(*data(n, m), k)
