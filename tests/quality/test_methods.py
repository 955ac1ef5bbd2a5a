"""All methods in one game: against the library's own functions, and what they cost."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from inquest.errors import InquestError
from inquest.learners.problem import Problem
from inquest.learners.retraining import RetrainingUtility
from inquest.quality.methods import (
    BY_SCORE,
    METHODS,
    SHARES,
    planned_models,
    planned_removals,
    remove_rows,
    scales,
    value_rows,
)
from inquest.quality.trials import with_wrong_labels
from inquest.runtime import seed_for
from inquest.valuation import tmc_shapley
from inquest.valuation.experiments import detection

OPTIONS = {"permutations": 2, "subsets": 8, "bags": 9}
FINE = "neg_log_loss"
DATA = load_iris()


def game_of(estimator, rows=slice(0, 150, 5), tests=slice(1, 150, 5), metric="accuracy"):
    X, y = DATA.data, DATA.target
    problem = Problem(X[rows], y[rows], X[tests], y[tests], rows, tests, list("abc"))
    return problem, problem.utility(estimator, metric, [FINE])


def value(estimator, metric="accuracy", seed=1, **options):
    problem, game = game_of(estimator, metric=metric)
    steps = []
    found = value_rows(game, problem, OPTIONS | options, seed, lambda: steps.append(1))
    assert len(steps) == planned_models(game.n_rows, OPTIONS | options)
    return game, found


def test_every_method_values_every_row_by_either_score():
    game, found = value(DecisionTreeClassifier(max_depth=2, random_state=0))
    by_score = {f"{method}:{FINE}" for method in BY_SCORE}
    assert set(found.values) == set(METHODS) | by_score
    assert list(dict.fromkeys(name.partition(":")[0] for name in found.values)) == list(METHODS)
    assert found.values.shape == (30, 11)
    assert found.values.drop(columns=["oob", "banzhaf", f"banzhaf:{FINE}"]).notna().all(axis=None)
    full, empty = game(np.arange(30)), game([])
    for metric, column in (("accuracy", "shapley"), (FINE, f"shapley:{FINE}")):
        assert found.values[column].sum() == pytest.approx(full.metrics[metric] - empty.metrics[metric])
        left_out = [full.metrics[metric] - game.without([row]).metrics[metric] for row in range(30)]
        assert found.values[column.replace("shapley", "loo")].to_numpy() == pytest.approx(left_out)


def test_walks_are_those_of_data_shapley():
    game, found = value(KNeighborsClassifier(3), seed=4)
    expected = tmc_shapley(game, OPTIONS["permutations"], seed=seed_for(4, "walks")).values
    assert found.values["shapley"].to_numpy() == pytest.approx(expected, abs=1e-12)


def test_what_methods_cost():
    """A tree has no shortcut: each set of two labels or more is a fit, and these sets are counted by hand."""
    _, found = value(DecisionTreeClassifier(max_depth=2, random_state=0))
    assert list(found.models) == list(found.seconds) == list(METHODS)
    assert found.models["random"] == found.models["knn"] == 0
    assert found.models["loo"] == 31  # all rows, and each left out
    assert found.models["oob"] == 9 and found.models["banzhaf"] == 8
    assert 2 * 20 < found.models["shapley"] == found.models["beta"] < 2 * 30
    assert min(found.seconds.values()) >= 0


@pytest.mark.parametrize(
    ("estimator", "metric"),
    [(RidgeClassifier(), "accuracy"), (DecisionTreeClassifier(max_depth=1), FINE)],
    ids=["no probabilities", "the log-loss itself"],
)
def test_without_a_finer_score_there_is_one_of_each(estimator, metric):
    game, found = value(estimator, metric)
    assert scales(game) == [metric]
    assert list(found.values) == list(METHODS)


def test_the_same_seed_gives_the_same_values_and_another_one_others():
    one, same, other = (value(LogisticRegression(), seed=seed)[1].values for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert not np.allclose(one["random"], other["random"])
    assert not np.allclose(one["shapley"], other["shapley"])
    assert np.allclose(one["loo"], other["loo"]) and np.allclose(one["knn"], other["knn"])


def test_good_methods_find_the_flipped_irises():
    problem, _ = game_of(LogisticRegression(), slice(0, 150, 2))
    noisy, flipped = with_wrong_labels(problem, 0.1, seed=0)
    game = noisy.utility(LogisticRegression(), "accuracy", [FINE])
    values = value_rows(game, noisy, OPTIONS | {"bags": 60}, 0).values
    for method in (f"loo:{FINE}", "knn", "oob"):
        assert detection(values[method], flipped).roc_auc > 0.9
    assert abs(detection(values["random"], flipped).roc_auc - 0.5) < 0.4


def test_a_score_that_half_of_the_test_rows_lack_is_told():
    problem, game = game_of(LogisticRegression(), tests=slice(0, 40), metric="roc_auc")  # one species
    with pytest.raises(InquestError, match="half of the test rows has no roc_auc"):
        value_rows(game, problem, OPTIONS, 0)


@pytest.mark.parametrize("estimator", [LogisticRegression(), DummyClassifier(strategy="prior")])
def test_removal_scores_the_rows_that_are_left(estimator):
    _, game = game_of(estimator)
    values = pd.DataFrame({"a": np.arange(30.0), "b:neg_log_loss": -np.arange(30.0)})
    steps = []
    curves = remove_rows(game, values, 0, lambda: steps.append(1))
    variants = len(METHODS) + len(BY_SCORE)
    assert len(steps) == len(curves) == planned_removals(game) * len(values.columns) / variants
    walked = game.family != RetrainingUtility.family
    assert len(curves) == 4 * (31 if walked else len(SHARES))
    for row in curves[curves["kept"] > 0].iloc[::7].itertuples():
        high = (row.variant == "a") == (row.first == "worst")  # then the high rows are left
        left = range(30 - row.kept, 30) if high else range(row.kept)
        assert row.worth == pytest.approx(game(left), abs=1e-12)
        assert row.removed == pytest.approx(1 - row.kept / 30, abs=1 / 60)
