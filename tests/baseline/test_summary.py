"""The baseline chapter's facts and tables."""

import math

import numpy as np
import pytest

from inquest.artefacts import plain
from inquest.baseline.summary import METRIC_NAMES, summarise_baseline
from inquest.learners.metrics import METRICS, Predictions, bootstrap, evaluate

RNG = np.random.default_rng(0)
Y2 = (np.arange(60) % 3 == 0).astype(int)  # 20 of 60 are positive
Y3 = np.arange(60) % 3


def said(y, k, wrong, probabilities=True) -> Predictions:
    """Predictions that are wrong on the given rows, by one class."""
    labels = y.copy()
    labels[wrong] = (labels[wrong] + 1) % k
    p = np.full((len(y), k), 0.3 / (k - 1))
    p[np.arange(len(y)), labels] = 0.7
    return Predictions(labels, p, p if probabilities else None)


def fitted(name, y, predictions, converged=True):
    k = predictions.scores.shape[1]
    confusion = np.zeros((k, k), int)
    np.add.at(confusion, (y, predictions.labels), 1)
    facts = {
        "name": name,
        "metrics": bootstrap(y, predictions, METRICS, 50, seed=0),
        "confusion": confusion,
        "converged": converged,
        "probabilities": predictions.probabilities is not None,
        "family": "plain retraining",
        "shares": [{"share": s, "rows": r, "score": r / 1000} for s, r in ((1.0, 100), (0.1, 10), (0.01, 2))],
    }
    return plain(facts)  # as it comes back from JSON


def summarise(models, y=Y2, classes=("no", "yes"), chosen="a", metric="accuracy", resamples=200):
    params = {
        "chosen": chosen,
        "reason": "It is quick.",
        "metric": metric,
        "metric_reason": "All errors cost the same.",
        "refit": False,
        "bootstrap": resamples,
        "classifiers": {
            name: {"name": name, "class": f"package.{name.upper()}", "params": {"depth": 3, "tol": 1e-8}}
            for name in models
        },
    }
    facts = [fitted(name, y, predictions) for name, predictions in models.items()]
    return summarise_baseline(facts, models, y, classes, params, seed=1)


TWO = {"a": said(Y2, 2, [0, 3, 6, 1, 2]), "b": said(Y2, 2, [0, 3]), "c": said(Y2, 2, range(20))}


def test_the_chosen_classifier():
    facts, _ = summarise(TWO)
    chosen = facts["chosen"]
    assert (chosen["name"], chosen["path"], chosen["settings"]) == (
        "a",
        "package.A",
        "depth = 3, tol = 1e-08",
    )
    assert chosen["primary"]["value"] == pytest.approx(55 / 60) and chosen["errors"] == 5
    assert chosen["reason"] == "It is quick." and chosen["converged"] is True
    # three positives were taken for negative, two negatives for positive
    assert chosen["most_common_error"] == {"true": "yes", "predicted": "no", "count": 3, "of": 20}
    assert facts["metric"] == {"name": "accuracy", "title": "accuracy", "reason": "All errors cost the same."}
    assert facts["test_rows"] == 60 and facts["majority_share"] == pytest.approx(40 / 60)
    assert facts["names"] == ["a", "b", "c"] and facts["unconverged"] == facts["without_probabilities"] == []
    assert facts["shares"] == [
        {"share": 1.0, "rows": 100},
        {"share": 0.1, "rows": 10},
        {"share": 0.01, "rows": 2},
    ]


def test_the_headline():
    facts, _ = summarise(TWO)
    low, high = (facts["chosen"]["primary"][end] for end in ("low", "high"))
    assert facts["headline"] == [
        {"label": "Model", "value": "a"},
        {"label": "Accuracy", "value": f"0.917 [{low:.3f}, {high:.3f}]"},
    ]
    log_loss = summarise(TWO, metric="neg_log_loss")[0]["headline"][1]
    assert log_loss["label"] == "Negative log-loss"
    assert log_loss["value"].startswith("−0.427 [−0.")  # mean of log 0.7 (55 times) and log 0.3


def test_a_headline_keeps_its_capitals():
    assert summarise(TWO, metric="roc_auc")[0]["headline"][1]["label"] == "ROC AUC"
    assert summarise(TWO, metric="neg_brier_score")[0]["headline"][1]["label"] == "Negative Brier score"


def test_the_best_classifier_and_how_far_ahead_it_is():
    """b is right where a is wrong on three rows of 60: 0.05 ahead; resampled, a binomial share of 60."""
    best = summarise(TWO, resamples=2000)[0]["best"]
    assert best["name"] == "b" and best["primary"]["value"] == pytest.approx(58 / 60)
    assert best["ahead"]["value"] == pytest.approx(3 / 60)
    assert best["ahead"]["low"] == 0.0 and best["ahead"]["high"] == pytest.approx(7 / 60)


def test_the_comparison_is_paired():
    """On any resample b is at least as good as a, though the intervals of both overlap widely."""
    facts, _ = summarise(TWO)
    a, b = facts["chosen"]["primary"], facts["best"]["primary"]
    assert a["high"] > b["low"] and facts["best"]["ahead"]["low"] >= 0


def test_if_the_chosen_one_leads_there_is_nothing_ahead():
    facts, _ = summarise(TWO, chosen="b")
    assert facts["best"]["name"] == "b" and facts["best"]["ahead"] is None


def test_of_equals_the_chosen_one_leads():
    twins = {"z": said(Y2, 2, [0]), "a": said(Y2, 2, [3])}
    facts, _ = summarise(twins, chosen="a")
    assert facts["best"]["name"] == "a"


def test_tables_of_two_classes():
    _, tables = summarise(TWO)
    metrics = tables["metrics"].set_index("name")
    expected = evaluate(Y2, TWO["a"])
    for name in ("accuracy", "balanced_accuracy", "f1", "roc_auc", "average_precision"):
        assert metrics.loc["a", name] == expected[name]
        assert metrics.loc["a", f"{name}_low"] <= expected[name] <= metrics.loc["a", f"{name}_high"]
    for name in ("log_loss", "brier_score"):  # less is better: turned round, the interval too
        assert metrics.loc["a", name] == -expected[f"neg_{name}"] > 0
        assert metrics.loc["a", f"{name}_low"] < metrics.loc["a", name] < metrics.loc["a", f"{name}_high"]
    assert tables["confusion"].to_dict("list") == {
        "true": ["no", "yes"], "predicted no": [38, 3], "predicted yes": [2, 17],
    }  # fmt: skip
    assert tables["retraining"].to_dict("records")[0] == {
        "name": "a", "score_0": 0.1, "score_1": 0.01, "score_2": 0.002,
    }  # fmt: skip


def test_three_classes():
    models = {"a": said(Y3, 3, [0, 1, 4, 2]), "b": said(Y3, 3, [])}
    facts, tables = summarise(models, Y3, ("low", "middle", "high"))
    assert facts["chosen"]["most_common_error"] == {
        "true": "middle",
        "predicted": "high",
        "count": 2,
        "of": 20,
    }
    assert tables["confusion"]["predicted high"].tolist() == [0, 2, 19]
    assert facts["best"]["ahead"]["value"] == pytest.approx(4 / 60)
    assert (
        summarise(models, Y3, ("low", "middle", "high"), chosen="b")[0]["chosen"]["most_common_error"] is None
    )


def test_classifiers_without_probabilities():
    models = {"a": TWO["a"], "d": said(Y2, 2, [0], probabilities=False)}
    facts, tables = summarise(models)
    assert facts["without_probabilities"] == ["d"] and facts["best"]["name"] == "d"
    row = tables["metrics"].set_index("name").loc["d"]
    assert math.isnan(row["log_loss"]) and math.isnan(row["brier_score_low"]) and row["accuracy"] == 59 / 60
    facts, _ = summarise(models, metric="neg_brier_score")  # what has no such metric is not the best by it
    assert facts["best"]["name"] == "a" and facts["best"]["ahead"] is None
    facts, _ = summarise(models, metric="neg_brier_score", chosen="d")
    assert facts["headline"][1]["value"] == "–"
    assert math.isnan(facts["best"]["ahead"]["value"]) and math.isnan(facts["best"]["ahead"]["low"])


def test_a_fit_that_did_not_converge_is_named():
    facts = [fitted("a", Y2, TWO["a"], converged=False)]
    params = {
        "chosen": "a", "reason": "", "metric": "f1", "metric_reason": "", "refit": True, "bootstrap": 10,
        "classifiers": {"x": {"name": "a", "class": "package.A", "params": {}}},
    }  # fmt: skip
    found, _ = summarise_baseline(facts, {"a": TWO["a"]}, Y2, ["no", "yes"], params, seed=0)
    assert found["unconverged"] == ["a"] and found["chosen"]["converged"] is False
    assert found["refit_preprocessing"] is True and found["classifiers"][0]["settings"] == ""
    assert found["headline"][1]["label"] == "F1"


def test_every_metric_has_a_name():
    assert set(METRIC_NAMES) == set(METRICS)
