"""Utilities number by number: equal, out of a peer's reach, decided by rounding, or wrong."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.contest import Contest

EQUAL = 1e-9
MARGIN = 1e-4
"""How far a decision value (relative to the largest, if that exceeds 1) may lie from a tie and still be one.

scikit-learn stops where each entry of the mean loss's gradient is below 1e-8. The penalty's curvature is
1 / (C n), so that the weights of d columns and n = 450 rows are within 450 √d 1e-8 of the optimum, and a
decision value within that times the length of a test row, about √d: 1.4e-4 for d = 30.
"""
LISTED = 40


def compare(contest: Contest, ours: list[float], theirs: list[float]) -> dict[str, Any]:
    """Compare our utilities with a peer's, in the order of ``contest.subsets()``.

    Returns
    -------
    dict
        `compared`, `equal`, `unfit` (subsets for which the peer returned its default score, since its
        classifier can't be fitted on one class or finds fewer rows than neighbours), `ties` (unequal because
        test rows are nearer to the boundary than `MARGIN`; the first `LISTED` of them under `listed`),
        `wrong` (unequal without such a reason) and `largest` (the largest difference but for `unfit`).
    """
    subsets = contest.subsets()
    if not len(ours) == len(theirs) == len(subsets):
        raise ValueError(f"{len(subsets)} subsets, but {len(ours)} and {len(theirs)} utilities")
    difference = np.abs(np.subtract(ours, theirs))
    unfit, ties, wrong, apart = 0, [], 0, 0.0
    for i in np.flatnonzero(difference > EQUAL):
        rows = subsets[i]
        if abs(theirs[i] - contest.majority_share) <= EQUAL and _is_unfit(contest, rows):
            unfit += 1
            continue
        apart = max(apart, float(difference[i]))
        moved, margins = round(difference[i] * len(contest.y_test)), near(contest, rows)
        if moved <= len(margins):
            tie = {"walk": int(i) // len(contest.y) if contest.task == "walks" else None, "size": len(rows)}
            ties.append(tie | {"test_rows": moved, "margins": margins[:moved].tolist()})
        else:
            wrong += 1
    return {
        "compared": len(subsets),
        "equal": len(subsets) - unfit - len(ties) - wrong,
        "unfit": unfit,
        "ties": len(ties),
        "listed": ties[:LISTED],
        "wrong": wrong,
        "largest": apart,
    }


def _is_unfit(contest: Contest, rows: np.ndarray) -> bool:
    """Return whether scikit-learn's classifier fails on so few rows or classes."""
    return len(np.unique(contest.y[rows])) < 2 or len(rows) < contest.params.get("n_neighbors", 0)


def near(contest: Contest, rows: np.ndarray) -> np.ndarray:
    """Return the test rows' margins below `MARGIN`, smallest first, from a refit at a tighter tolerance.

    A classifier without decision values (nearest neighbours) has none: its ties are broken, not rounded.
    """
    if len(np.unique(contest.y[rows])) < 2:
        return np.empty(0)
    params = contest.params
    if contest.classifier.endswith("LogisticRegression"):
        params = params | {"solver": "newton-cholesky", "tol": 1e-12}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = replace(contest, params=params).estimator.fit(contest.X[rows], contest.y[rows])
    decide = getattr(model, "decision_function", None) or getattr(model, "predict_joint_log_proba", None)
    if decide is None:
        return np.empty(0)
    values = decide(contest.X_test)
    if values.ndim == 1:
        margins = np.abs(values)
    else:
        best = np.sort(values, axis=1)
        margins = best[:, -1] - best[:, -2]
    margins = np.sort(margins / max(1.0, float(np.abs(values).max())))
    return margins[margins < MARGIN]
