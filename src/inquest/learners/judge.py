"""How good a classifier is, how long a fit takes, and how both depend on the number of training rows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

from inquest.learners.metrics import METRICS, Predictions, bootstrap, evaluate
from inquest.learners.problem import Problem
from inquest.learners.retraining import RetrainingUtility
from inquest.utility import Rows

SHARES = (1.0, 0.1, 0.01)
REPEATS = 3  # a time is the median of this many fits


def judge(
    utility: RetrainingUtility, resamples: int, seed: int
) -> tuple[dict[str, Any], Predictions, dict[str, float]]:
    """Fit on all training rows and judge on the test rows.

    Returns
    -------
    facts : dict
        `metrics` with 95 % bootstrap intervals, the `confusion` matrix (true x predicted), `converged`.
    predictions : Predictions
    seconds : dict
        Wall time of the fit and of predicting all test rows; kept apart, as no rerun reproduces it.
    """
    start = time.perf_counter()
    model = utility.fit(np.arange(utility.n_rows))
    fitted = time.perf_counter()
    predictions = utility.predict(model, utility.X_test)
    predicted = time.perf_counter()
    facts = {
        "metrics": bootstrap(utility.y_test, predictions, METRICS, resamples, seed),
        "confusion": confusion_matrix(utility.y_test, predictions.labels, labels=range(utility.n_classes)),
        "converged": utility.unconverged == 0,
        "probabilities": predictions.probabilities is not None,
    }
    return facts, predictions, {"fit": fitted - start, "predict": predicted - fitted}


def most_common_error(confusion: np.ndarray, classes: Sequence[str]) -> dict[str, Any] | None:
    """Return which class is most often taken for which (true x predicted), and how often; None if none is."""
    wrong = confusion - np.diag(np.diag(confusion))
    if not wrong.any():
        return None
    true, predicted = np.unravel_index(wrong.argmax(), wrong.shape)
    return {
        "true": classes[true],
        "predicted": classes[predicted],
        "count": int(wrong[true, predicted]),
        "of": int(confusion[true].sum()),
    }


def time_shares(utility: RetrainingUtility, seed: int) -> tuple[list[dict[str, Any]], list[dict[str, float]]]:
    """Return the score, and apart from it the median seconds of a retrain, at each of `SHARES` of the rows.

    A smaller share's rows are also a larger one's, and hold a row of each class at least.
    """
    order = _every_class_first(utility, np.random.default_rng(seed).permutation(utility.n_rows))
    shares, times = [], []
    for share in SHARES:
        rows = order[: max(round(share * utility.n_rows), min(utility.n_classes, utility.n_rows))]
        seconds = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            model = utility.fit(rows)
            fitted = time.perf_counter()
            predictions = utility.predict(model, utility.X_test)
            seconds.append((fitted - start, time.perf_counter() - start))
        score = evaluate(utility.y_test, predictions, [utility.metric])[utility.metric]
        fit, retrain = np.median(seconds, axis=0)
        shares.append({"share": share, "rows": len(rows), "score": score})
        times.append({"share": share, "rows": len(rows), "fit": float(fit), "retrain": float(retrain)})
    return shares, times


def _every_class_first(utility: RetrainingUtility, order: Rows) -> Rows:
    _, first = np.unique(utility.y[order], return_index=True)
    return np.concatenate([order[np.sort(first)], np.delete(order, first)])


def predictions_table(problem: Problem, predictions: Predictions) -> pd.DataFrame:
    """Return `row`, `label`, `predicted`, and a `score:` (and `probability:`) column for each class."""
    table = pd.DataFrame({"row": problem.test_rows, "label": problem.y_test, "predicted": predictions.labels})
    for code, name in enumerate(problem.classes):
        table[f"score:{name}"] = predictions.scores[:, code]
        if predictions.probabilities is not None:
            table[f"probability:{name}"] = predictions.probabilities[:, code]
    return table


def projected_seconds(asked: dict[str, Any], times: list[dict[str, float]]) -> tuple[int, float]:
    """Return how many retrains a plan asks for and how many seconds they take on one core.

    Times between the measured sizes are interpolated linearly; a walk's prefixes are summed.

    Parameters
    ----------
    asked : dict
        `times`, and one of `share` (of the training rows), `rows` (a number), `prefixes` (each prefix of so
        many rows, `times` over).
    times : list of dict
        `rows` and `retrain` seconds, as `time_shares` measured them.
    """
    sizes, seconds = zip(*sorted((t["rows"], t["retrain"]) for t in times), strict=True)
    most = max(sizes)
    if "prefixes" in asked:
        n = min(asked["prefixes"], most)
        return asked["times"] * n, asked["times"] * float(
            np.interp(np.arange(1, n + 1), sizes, seconds).sum()
        )
    rows = min(asked["rows"], most) if "rows" in asked else asked["share"] * most
    retrains = min(asked["times"], most) if "rows" in asked else asked["times"]
    return retrains, retrains * float(np.interp(rows, sizes, seconds))
