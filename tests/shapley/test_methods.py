"""Other values of the same walks, held against enumeration."""

import itertools

import numpy as np
import pandas as pd
import pytest

from inquest.shapley.methods import compare_methods, weights_of
from inquest.utility import FunctionUtility
from inquest.valuation.exact import exact_semivalue
from inquest.valuation.shapley import combine, random_walks, walk

POWERS = np.array([3.0, 2.0, 1.0, 0.5, -0.5])
GAME = FunctionUtility(lambda rows: float(np.tanh(POWERS[rows].sum())), n_rows=5)


def compared(permutations=None, fine=None):
    """Compare methods on random walks, or along every order of the players, which leaves no error."""
    orders = list(itertools.permutations(range(5)))
    walks = (
        random_walks(GAME, permutations)
        if permutations
        else [walk(GAME, order, GAME([]), GAME(range(5))) for order in orders]
    )
    found = combine(walks, GAME([]), GAME(range(5)))
    values = pd.DataFrame({"value": found.values, "loo": POWERS, "knn": -POWERS})
    return compare_methods(values, walks, False, fine)


def test_semivalues_of_the_walks_are_those_of_enumeration():
    columns, table = compared()
    table = table.set_index("method")
    assert set(columns) == {"beta_4_1", "beta_16_1", "banzhaf"}
    for name, weights in weights_of(5).items():
        exact = exact_semivalue(GAME, weights)
        assert columns[name] == pytest.approx(exact, abs=1e-12)
        assert table["mean"][name] == pytest.approx(exact.mean(), abs=1e-12)
        assert table["positive"][name] == 0.8


def test_how_methods_agree():
    _, table = compared()
    table = table.set_index("method")
    assert table.index.tolist() == ["shapley", "beta_4_1", "beta_16_1", "banzhaf", "loo", "knn"]
    assert table["shapley"]["shapley"] == table["loo"]["loo"] == pytest.approx(1)
    assert table["shapley"]["knn"] == table["loo"]["knn"] == pytest.approx(-1)
    assert table["shapley"]["loo"] == table["loo"]["shapley"]
    assert np.isnan(table["share"]["knn"]) and np.isnan(table["again"]["loo"])
    assert 0.9 < table["again"]["shapley"] < 1 and "fine" not in table


def test_the_share_of_the_walks_by_hand():
    """Binomial weights of 5 players, 5 (1, 4, 6, 4, 1) / 16: mean square 25 · 70 / (256 · 5)."""
    _, table = compared(20)
    share = table.set_index("method")["share"]
    assert share["banzhaf"] == pytest.approx(256 * 5 / (25 * 70))
    assert share["shapley"] == 1.0
    # Beta(α, 1) weighs small sets by about α (1 - j / n)^(α - 1): mean square α² / (2 α - 1)
    many = {name: 1 / np.mean(weights**2) for name, weights in weights_of(8000).items()}
    assert many["beta_4_1"] == pytest.approx(7 / 16, rel=1e-3)
    assert many["beta_16_1"] == pytest.approx(31 / 256, rel=2e-3)
    assert many["banzhaf"] == pytest.approx(np.sqrt(np.pi / 8000), rel=1e-3)  # normal


def test_values_by_the_log_loss_stand_below_those_of_the_metric():
    fine = {"values": np.array([1.0, 2.0, 3.0, 4.0, -5.0]), "again": 0.25, "loo": -POWERS}
    _, table = compared(fine=fine)
    assert table["method"].tolist()[:2] == ["shapley", "shapley_fine"]
    assert table.iloc[1][["mean", "positive", "again"]].tolist() == [1.0, 0.8, 0.25]
    table = table.set_index("method")
    assert table["fine"]["shapley_fine"] == pytest.approx(1)
    assert table["fine"]["loo"] == pytest.approx(0)  # ranks 5 4 3 2 1 and 2 3 4 5 1: squares add up to 20
    assert table["loo"]["loo_fine"] == pytest.approx(-1)


def test_what_one_permutation_can_not_tell():
    _, table = compared(1)
    assert table["again"].isna().all()


def test_methods_that_do_not_vary_have_no_correlation():
    values = pd.DataFrame({"value": [1.0, 1.0], "loo": [0.0, 0.0], "knn": [1.0, 2.0]})
    walks = random_walks(FunctionUtility(lambda rows: float(len(rows)), n_rows=2), 3)
    _, table = compare_methods(values, walks, False, None)
    assert table["loo"].isna().all() and table["shapley"].isna().all()
