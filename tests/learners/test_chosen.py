"""The study's problem and classifier from their artefacts."""

import math

import numpy as np
import pandas as pd
import pytest

from inquest.artefacts import write_json, write_table
from inquest.config.baseline import Baseline, Preprocessing
from inquest.errors import InquestError
from inquest.learners.chosen import chosen_utility, full_score, open_problem, utility_of
from inquest.learners.problem import prepare
from inquest.runtime import seed_for

CLASSES = ["no", "yes"]


@pytest.fixture
def study(tmp_path):
    """Write the artefacts of 30 rows and return a way to open them."""
    rng = np.random.default_rng(0)
    size, colour = rng.normal(size=30), pd.Series(rng.choice(["red", "blue"], size=30), dtype="str")
    label = pd.Series(np.where(size + (colour == "red") > 0.4, "yes", "no"), dtype="str")
    table = pd.DataFrame(
        {"row": np.arange(30), "size": size, "colour": colour, "when": size, "outcome": label}
    )
    types = {"size": "numeric", "colour": "categorical", "when": "numeric"}
    preprocessing = Preprocessing().model_dump()

    def write(refit=False, test=None):
        test = np.arange(30) >= 20 if test is None else np.isin(np.arange(30), test)
        parts = pd.DataFrame({"row": np.arange(30), "part": np.where(test, "test", "train")})
        without_split = {name: kind for name, kind in types.items() if name != "when"}  # the split's column
        made = prepare(table, parts, "outcome", CLASSES, without_split, preprocessing, refit)
        write_table(tmp_path / "problem.parquet", made)
        write_json(tmp_path / "clean.json", {"label": {"classes": CLASSES}, "features": {"types": types}})
        return tmp_path / "problem.parquet", tmp_path / "clean.json"

    return write


def params(path="sklearn.linear_model.LogisticRegression", metric="accuracy", **hyperparameters):
    return {
        "seed": 5,
        "classifier": {"name": "mine", "class": path, "params": hyperparameters},
        "metric": metric,
        "preprocessing": Preprocessing().model_dump(),
        "gradient_tolerance": 1e-9,
        "refit": False,
    }


def test_the_classifier_has_the_seed_of_its_name(study):
    _, utility = chosen_utility(
        *study(), params("sklearn.ensemble.RandomForestClassifier", n_estimators=2), ["f1"]
    )
    assert utility.estimator.random_state == seed_for(5, "classifier", "mine")
    assert (utility.n_rows, utility.metrics) == (20, ("accuracy", "f1"))


def test_refitted_preprocessing_leaves_the_column_of_the_split_alone(study):
    values = []
    for refit in (False, True):
        problem, utility = chosen_utility(*study(refit), params(metric="neg_log_loss", tol=1e-10))
        assert isinstance(problem.X, pd.DataFrame) == refit
        values.append(float(utility(range(20))))
    assert values[0] == pytest.approx(values[1], abs=1e-9)


def test_class_weights_of_the_config_are_keyed_by_label(study):
    """Through the config's JSON, where keys are text."""
    spec = {
        "class": "sklearn.linear_model.LogisticRegression",
        "params": {"class_weight": {"yes": 5, "no": 1}},
    }
    config = Baseline(classifiers={"mine": spec}, classifier="mine").model_dump(mode="json", by_alias=True)
    given = params() | {"classifier": {"name": "mine", **config["classifiers"]["mine"]}}
    _, utility = chosen_utility(*study(), given)
    assert utility.estimator.class_weight == {1: 5, 0: 1}
    assert utility.fit(range(20)).estimator.class_weight == {1: 5, 0: 1}


def test_a_metric_of_probabilities_needs_some(study):
    with pytest.raises(InquestError) as caught:
        chosen_utility(*study(), params("sklearn.linear_model.RidgeClassifier", metric="neg_log_loss"))
    assert str(caught.value) == (
        "config key `baseline.metric`: `neg_log_loss` needs probabilities, which the classifier `mine` "
        "doesn't give; choose another metric"
    )


def test_a_metric_of_ranks_needs_test_rows_of_two_labels(study):
    problem = open_problem(*study())
    same = problem.test_rows[problem.y_test == 1][:3]
    with pytest.raises(InquestError, match="`roc_auc` needs test rows of two labels, and all have the same"):
        chosen_utility(*study(test=same), params(metric="roc_auc"))


def test_other_classifiers_may_lack_the_primary_metric(study):
    """They stand in the table of all classifiers, where it is blank."""
    problem = open_problem(*study())
    utility = utility_of(problem, params("sklearn.linear_model.RidgeClassifier", metric="neg_log_loss"), {})
    assert math.isnan(utility(range(20)))


def test_the_full_score_from_the_facts_of_a_fit(tmp_path):
    found = {"accuracy": {"value": 0.8}, "neg_log_loss": {"value": float("nan")}}
    write_json(tmp_path / "fitted.json", {"metrics": found})
    score = full_score(tmp_path / "fitted.json", "accuracy")
    assert float(score) == 0.8 and score.metrics["accuracy"] == 0.8
    assert math.isnan(score.metrics["neg_log_loss"])
