"""What the report says of the classifiers: the chapter's facts and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from inquest.learners.judge import most_common_error
from inquest.learners.metrics import METRICS, Predictions, evaluate

METRIC_NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "f1": "F1",
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "neg_log_loss": "negative log-loss",
    "neg_brier_score": "negative Brier score",
}
"""What the report calls the metrics."""


def read_predictions(table: pd.DataFrame, classes: Sequence[str]) -> Predictions:
    """Return the predictions from the table that the rule `fit` wrote."""
    scores = table[[f"score:{name}" for name in classes]].to_numpy()
    known = f"probability:{classes[0]}" in table
    probabilities = table[[f"probability:{name}" for name in classes]].to_numpy() if known else None
    return Predictions(table["predicted"].to_numpy(np.intp), scores, probabilities)


def summarise_baseline(
    fitted: Sequence[Mapping[str, Any]],
    predictions: Mapping[str, Predictions],
    y: np.ndarray,
    classes: Sequence[str],
    params: Mapping[str, Any],
    seed: int,
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Return the facts and the tables `metrics`, `retraining` and `confusion` of the chapter.

    Parameters
    ----------
    fitted : list of mapping
        The facts of each classifier.
    predictions : mapping
        Each classifier's predictions for the test rows.
    y : ndarray of int, shape (n_test,)
        Their labels, as codes.
    classes : list of str
    params : mapping
        `chosen`, `reason`, `metric`, `metric_reason`, `refit`, `bootstrap`, `classifiers` of the config.
    seed : int
        Of the paired bootstrap between the chosen classifier and the best one.
    """
    metric, title = params["metric"], METRIC_NAMES[params["metric"]]
    specs = {spec["name"]: spec for spec in params["classifiers"].values()}
    by_name = {one["name"]: one for one in fitted}
    chosen = by_name[params["chosen"]]

    def primary(one: Mapping[str, Any]) -> tuple[float, bool]:
        value = one["metrics"][metric]["value"]
        return -np.inf if value is None else value, one is chosen  # of equals, the chosen one leads

    best = max(fitted, key=primary)
    majority = float(np.bincount(y).max() / len(y))
    metrics = pd.DataFrame([{"name": one["name"], **_flat(one["metrics"])} for one in fitted])
    retraining = pd.DataFrame(
        [
            {"name": one["name"], **{f"score_{i}": s["score"] for i, s in enumerate(one["shares"])}}
            for one in fitted
        ]
    )
    confusion = pd.DataFrame(chosen["confusion"], columns=[f"predicted {name}" for name in classes])
    confusion.insert(0, "true", list(classes))
    facts = {
        "classifiers": [_specified(one["name"], specs[one["name"]]) for one in fitted],
        "shares": [{"share": s["share"], "rows": s["rows"]} for s in chosen["shares"]],
        "names": [one["name"] for one in fitted],
        "refit_preprocessing": params["refit"],
        "bootstrap": params["bootstrap"],
        "test_rows": len(y),
        "majority_share": majority,
        "metric": {"name": metric, "title": title, "reason": params["metric_reason"]},
        "chosen": {
            **_specified(chosen["name"], specs[chosen["name"]]),
            "reason": params["reason"],
            "metrics": chosen["metrics"],
            "primary": chosen["metrics"][metric],
            "converged": chosen["converged"],
            "family": chosen["family"],
            "errors": int((predictions[chosen["name"]].labels != y).sum()),
            "most_common_error": most_common_error(np.asarray(chosen["confusion"]), classes),
        },
        "best": {
            "name": best["name"],
            "primary": best["metrics"][metric],
            "ahead": None
            if best is chosen
            else _paired(
                y, predictions[best["name"]], predictions[chosen["name"]], metric, params["bootstrap"], seed
            ),
        },
        "unconverged": [one["name"] for one in fitted if not one["converged"]],
        "without_probabilities": [one["name"] for one in fitted if not one["probabilities"]],
        "headline": [
            {"label": "Model", "value": chosen["name"]},
            {"label": title[0].upper() + title[1:], "value": _with_interval(chosen["metrics"][metric])},
        ],
    }
    return facts, {"metrics": metrics, "retraining": retraining, "confusion": confusion}


def _specified(name: str, spec: Mapping[str, Any]) -> dict[str, str]:
    settings = ", ".join(f"{key} = {value}" for key, value in spec["params"].items())
    return {"name": name, "path": spec["class"], "settings": settings}


def _flat(metrics: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Return value, low and high of each metric in columns; losses are turned to what people know them as."""
    flat: dict[str, float] = {}
    for name in METRICS:
        value, low, high = (
            np.nan if metrics[name][k] is None else metrics[name][k] for k in ("value", "low", "high")
        )
        if name.startswith("neg_"):
            name, value, low, high = name.removeprefix("neg_"), -value, -high, -low
        flat |= {name: value, f"{name}_low": low, f"{name}_high": high}
    return flat


def _paired(
    y, one: Predictions, other: Predictions, metric: str, resamples: int, seed: int
) -> dict[str, float]:
    """Return how far ``one`` is ahead of ``other`` on the same rows, with a paired bootstrap interval."""

    def ahead(rows: np.ndarray) -> float:
        return (
            evaluate(y[rows], one[rows], [metric])[metric] - evaluate(y[rows], other[rows], [metric])[metric]
        )

    rng = np.random.default_rng(seed)
    draws = [ahead(rng.integers(len(y), size=len(y))) for _ in range(resamples)]
    low, high = np.nanpercentile(draws, [2.5, 97.5]) if not np.isnan(draws).all() else (np.nan, np.nan)
    return {"value": ahead(np.arange(len(y))), "low": float(low), "high": float(high)}


def _with_interval(found: Mapping[str, Any]) -> str:
    if found["value"] is None:
        return "–"
    return "{value:.3f} [{low:.3f}, {high:.3f}]".format(**found).replace("-", "\N{MINUS SIGN}")
