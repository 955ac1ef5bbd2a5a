"""Metrics against scikit-learn's, and by hand where scikit-learn has none."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from inquest.learners.metrics import METRICS, Predictions, bootstrap, evaluate

settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
settings.load_profile("unhurried")


def predictions(probabilities) -> Predictions:
    p = np.asarray(probabilities, float)
    return Predictions(p.argmax(axis=1), p, p)


def by_scikit_learn(y, p: Predictions) -> dict[str, float]:
    """What scikit-learn's metrics say; one-against-rest ones over the classes for which they are defined."""
    k = p.scores.shape[1]
    two = k == 2
    classes = [c for c in ([1] if two else range(k)) if 0 < np.sum(y == c) < len(y)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {
            "accuracy": sk.accuracy_score(y, p.labels),
            "balanced_accuracy": sk.balanced_accuracy_score(y, p.labels),
            "f1": sk.f1_score(y, p.labels, average="binary" if two else "macro", zero_division=0),
            "roc_auc": np.mean([sk.roc_auc_score(y == c, p.scores[:, c]) for c in classes]),
            "average_precision": np.mean(
                [sk.average_precision_score(y == c, p.scores[:, c]) for c in classes]
            ),
            "neg_log_loss": -sk.log_loss(y, p.probabilities, labels=range(k)),
            "neg_brier_score": -sk.brier_score_loss(y, p.probabilities, labels=range(k)),
        }


@st.composite
def problems(draw):
    """Labels and coarse probabilities, so that they tie; classes may be never there or never said."""
    k, n = draw(st.integers(2, 4)), draw(st.integers(1, 30))
    y = np.array(draw(st.lists(st.integers(0, k - 1), min_size=n, max_size=n)))
    parts = draw(st.lists(st.lists(st.integers(0, 3), min_size=k, max_size=k), min_size=n, max_size=n))
    weights = np.array(parts, float)
    weights[weights.sum(axis=1) == 0] = 1
    return y, predictions(weights / weights.sum(axis=1, keepdims=True))


@given(problems())
def test_every_metric_is_scikit_learns(problem):
    assert evaluate(*problem) == pytest.approx(by_scikit_learn(*problem), abs=1e-12, nan_ok=True)


def test_one_against_rest_means_are_scikit_learns_own_when_every_class_is_there():
    rng = np.random.default_rng(0)
    p = predictions(rng.dirichlet(np.ones(3), size=60))
    y = rng.integers(3, size=60)
    found = evaluate(y, p)
    assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(y, p.scores, multi_class="ovr"), abs=1e-12)
    truth = np.eye(3)[y]
    assert found["average_precision"] == pytest.approx(sk.average_precision_score(truth, p.scores), abs=1e-12)


def test_by_hand():
    y = np.array([0, 0, 1, 1])
    p = predictions([[0.9, 0.1], [0.4, 0.6], [0.3, 0.7], [0.8, 0.2]])
    assert evaluate(y, p) == pytest.approx(
        {
            "accuracy": 0.5,
            "balanced_accuracy": 0.5,
            "f1": 0.5,  # one of two positives found, one of two said ones right
            "roc_auc": 0.75,  # of four pairs, only (0.2, 0.6) is out of order
            "average_precision": (1 + 2 / 3) / 2,
            "neg_log_loss": (math.log(0.9) + math.log(0.4) + math.log(0.7) + math.log(0.2)) / 4,
            "neg_brier_score": -(0.01 + 0.36 + 0.09 + 0.64) / 4,
        }
    )


def test_with_three_classes_the_brier_score_is_the_whole_square():
    assert evaluate(np.array([2]), predictions([[1, 0, 0]]), ["neg_brier_score"]) == {"neg_brier_score": -2.0}
    assert evaluate(np.array([1]), predictions([[1, 0]]), ["neg_brier_score"]) == {"neg_brier_score": -1.0}


def test_what_only_one_class_can_not_tell():
    found = evaluate(np.array([1, 1]), predictions([[0.2, 0.8], [0.6, 0.4]]))
    assert math.isnan(found["roc_auc"]) and math.isnan(found["average_precision"])
    assert found["accuracy"] == 0.5 and found["balanced_accuracy"] == 0.5
    assert found["f1"] == pytest.approx(2 / 3)


def test_certain_and_wrong_is_bad_but_finite():
    found = evaluate(np.array([1]), predictions([[1.0, 0.0]]), ["neg_log_loss"])
    assert found["neg_log_loss"] == pytest.approx(math.log(np.finfo(float).eps))


def test_without_probabilities_there_is_no_log_loss():
    scores = np.array([[-1.0, 1.0], [2.0, -2.0]])
    found = evaluate(np.array([1, 0]), Predictions(scores.argmax(axis=1), scores, None))
    assert math.isnan(found["neg_log_loss"]) and math.isnan(found["neg_brier_score"])
    assert found["accuracy"] == found["roc_auc"] == found["average_precision"] == 1.0


def test_predictions_of_some_rows():
    p = predictions([[0.9, 0.1], [0.4, 0.6]])
    assert p[np.array([1, 1])].labels.tolist() == [1, 1]
    assert p[np.array([1])].probabilities.tolist() == [[0.4, 0.6]]
    assert Predictions(p.labels, p.scores, None)[np.array([0])].probabilities is None


# bootstrap


def sample(n=200):
    rng = np.random.default_rng(1)
    p = rng.uniform(size=n)
    return (rng.uniform(size=n) < p).astype(int), predictions(np.column_stack([1 - p, p]))


def test_a_bootstrap_is_reproducible_and_its_seed_matters():
    y, p = sample()
    assert bootstrap(y, p, METRICS, 100, seed=3) == bootstrap(y, p, METRICS, 100, seed=3)
    assert bootstrap(y, p, ["roc_auc"], 100, seed=4) != bootstrap(y, p, ["roc_auc"], 100, seed=3)
    alone = bootstrap(y, p, ["accuracy"], 100, seed=3)["accuracy"]
    assert alone == bootstrap(y, p, METRICS, 100, seed=3)["accuracy"]


def test_the_interval_of_an_accuracy_is_the_binomial_one():
    """100 of 400 rows wrong: 0.75 with a standard error of √(0.75 · 0.25 / 400) = 0.0217."""
    y = np.zeros(400, int)
    labels = (np.arange(400) < 100).astype(int)
    found = bootstrap(y, predictions(np.eye(2)[labels]), ["accuracy"], 4000, seed=0)["accuracy"]
    assert found["value"] == 0.75
    assert found["low"] == pytest.approx(0.75 - 1.96 * 0.02165, abs=0.004)
    assert found["high"] == pytest.approx(0.75 + 1.96 * 0.02165, abs=0.004)


def test_resamples_that_have_no_such_metric_are_left_out():
    y = np.array([0, 0, 0, 1])  # a third of the resamples have no positive row
    found = bootstrap(y, predictions([[0.8, 0.2], [0.7, 0.3], [0.4, 0.6], [0.5, 0.5]]), METRICS, 200, seed=0)
    assert found["roc_auc"]["value"] == pytest.approx(2 / 3)
    assert 0 <= found["roc_auc"]["low"] < found["roc_auc"]["high"] <= 1


def test_a_metric_that_can_not_be_had_has_no_interval():
    y, p = sample()
    found = bootstrap(y, Predictions(p.labels, p.scores, None), ["neg_log_loss"], 10, seed=0)["neg_log_loss"]
    assert all(math.isnan(found[name]) for name in ("value", "low", "high"))
