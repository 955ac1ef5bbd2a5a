"""The problem and the classifier of a study, as its artefacts and params describe them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from inquest.artefacts import read_json, read_table
from inquest.errors import InquestError
from inquest.learners.estimators import build_classifier, weigh_by_code
from inquest.learners.metrics import NEED_BOTH_CLASSES, NEED_PROBABILITIES
from inquest.learners.problem import Problem, with_preprocessing
from inquest.learners.retraining import RetrainingUtility
from inquest.runtime import seed_for
from inquest.utility import Score


def open_problem(problem: str, clean: str) -> Problem:
    """Return the learning problem from the table that `prepare` wrote and the clean table's facts."""
    return Problem.from_table(read_table(problem), read_json(clean)["label"]["classes"])


def utility_of(
    problem: Problem, params: Mapping[str, Any], features: Mapping[str, str], metrics: Sequence[str] = ()
) -> RetrainingUtility:
    """Return the utility of the problem's training rows for a classifier of the study.

    Parameters
    ----------
    problem : Problem
    params : mapping
        `seed`, `classifier` (name, class, params), `metric`, `gradient_tolerance` and `preprocessing`, as
        rules give them. A `class_weight` is keyed by label.
    features : mapping of str to str
        The type of each feature of the clean table, for preprocessing that is refitted.
    metrics : sequence of str
        Metrics beside the primary one.
    """
    spec = params["classifier"]
    seed = seed_for(params["seed"], "classifier", spec["name"])
    estimator = build_classifier(spec["name"], spec["class"], spec["params"], seed)
    weigh_by_code(estimator, problem.classes)
    estimator = with_preprocessing(estimator, problem.X, features, params["preprocessing"])
    return problem.utility(estimator, params["metric"], metrics, params["gradient_tolerance"])


def chosen_utility(
    problem: str, clean: str, params: Mapping[str, Any], metrics: Sequence[str] = ()
) -> tuple[Problem, RetrainingUtility]:
    """Return the study's problem and the utility of all its training rows, from the paths of their artefacts.

    Raises
    ------
    InquestError
        If the classifier's predictions of these test rows can't be scored by the primary metric.
    """
    opened = open_problem(problem, clean)
    utility = utility_of(opened, params, read_json(clean)["features"]["types"], metrics)
    metric = utility.metric
    lacks = None
    if metric in NEED_PROBABILITIES and not hasattr(utility.estimator, "predict_proba"):
        lacks = f"probabilities, which the classifier `{params['classifier']['name']}` doesn't give"
    if metric in NEED_BOTH_CLASSES and len(np.unique(opened.y_test)) < 2:
        lacks = "test rows of two labels, and all have the same"
    if lacks:
        raise InquestError(
            "config key `baseline.metric`", f"`{metric}` needs {lacks}", "choose another metric"
        )
    return opened, utility


def full_score(fitted: str, metric: str) -> Score:
    """Return U(all) from the facts of a fitted classifier."""
    metrics = {
        name: float("nan") if found["value"] is None else found["value"]
        for name, found in read_json(fitted)["metrics"].items()
    }
    return Score(metrics[metric], metrics)
