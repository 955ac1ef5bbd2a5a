"""The problem and the classifier of a study, as its artefacts and params describe them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from inquest.artefacts import read_json, read_table
from inquest.learners.estimators import build_classifier
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
        `seed`, `classifier` (name, class, params), `metric`, `preprocessing` and `refit`, as rules give them.
    features : mapping of str to str
        The type of each feature of the clean table, for preprocessing that is refitted.
    metrics : sequence of str
        Metrics beside the primary one.
    """
    spec = params["classifier"]
    seed = seed_for(params["seed"], "classifier", spec["name"])
    estimator = build_classifier(spec["name"], spec["class"], spec["params"], seed)
    estimator = with_preprocessing(estimator, features, params["preprocessing"], params["refit"])
    return problem.utility(estimator, params["metric"], metrics)


def chosen_utility(
    problem: str, clean: str, params: Mapping[str, Any], metrics: Sequence[str] = ()
) -> tuple[Problem, RetrainingUtility]:
    """Return the study's problem and the utility of all its training rows, from the paths of their artefacts."""
    opened = open_problem(problem, clean)
    return opened, utility_of(opened, params, read_json(clean)["features"]["types"], metrics)


def full_score(fitted: str, metric: str) -> Score:
    """Return U(all) from the facts of a fitted classifier."""
    metrics = {
        name: float("nan") if found["value"] is None else found["value"]
        for name, found in read_json(fitted)["metrics"].items()
    }
    return Score(metrics[metric], metrics)
