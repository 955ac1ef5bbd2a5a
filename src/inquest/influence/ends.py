"""The rows with the highest and the lowest influence, and how much that depends on the test rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inquest.data.tables import ROW
from inquest.learners.metrics import FINE, Predictions
from inquest.learners.retraining import RetrainingUtility

SHOWN = 8  # most helpful and most harmful rows
_Z = 1.959964  # the normal distribution's 97.5 % point


def ranking(every: pd.DataFrame) -> pd.DataFrame:
    """Return the influences of all rows, most helpful first: by the log-loss, where it is known.

    Ties go by the primary metric, and then by the row's number.
    """
    by = [f"influence_{FINE}", "influence"] if every[f"influence_{FINE}"].notna().all() else ["influence"]
    return every.sort_values([*by, ROW], ascending=[False] * len(by) + [True], kind="stable")


def two_ends(ranked: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the `SHOWN` most helpful and the most harmful rows, each the most extreme first, none twice."""
    most = min(SHOWN, len(ranked) // 2)
    return ranked.head(most), ranked.tail(most).iloc[::-1]


def judge_ends(utility: RetrainingUtility, positions: Sequence[int]) -> pd.DataFrame:
    """Return the influence of rows on the log-loss with an interval for the choice of the test rows.

    An influence is a mean over the test rows, of what each loses when the classifier is retrained without the
    training row; these differences vary, and the interval is that of their mean. The retrains are from
    scratch. A classifier without probabilities is judged by whether it is right.

    Parameters
    ----------
    utility : RetrainingUtility
    positions : sequence of int
        Training rows, as positions.

    Returns
    -------
    DataFrame
        `position`, `influence`, `low` and `high` (95 %), and `test_rows`: the fewest test rows that make up
        half of all that changes.
    """
    everyone = np.arange(utility.n_rows)
    whole = _worth(utility, utility.predict(utility.fit(everyone), utility.X_test))
    found = []
    for position in positions:
        model = utility.fit(np.delete(everyone, position))
        lost = whole - _worth(utility, utility.predict(model, utility.X_test))
        half = _Z * lost.std(ddof=1) / len(lost) ** 0.5 if len(lost) > 1 else np.nan
        reached = np.cumsum(np.sort(np.abs(lost))[::-1])
        found.append(
            {
                "position": position,
                "influence": lost.mean(),
                "low": lost.mean() - half,
                "high": lost.mean() + half,
                "test_rows": int(np.searchsorted(reached, reached[-1] / 2) + 1) if reached[-1] > 0 else 0,
            }
        )
    columns = ["position", "influence", "low", "high", "test_rows"]
    return pd.DataFrame(found, columns=columns).astype({"position": int, "test_rows": int})


def _worth(utility: RetrainingUtility, said: Predictions) -> NDArray[np.float64]:
    """Return what each test row is worth: the log-probability of its label, or 1 if that is predicted."""
    y = utility.y_test
    if said.probabilities is None:
        return (said.labels == y).astype(float)
    eps = np.finfo(np.float64).eps  # clipped as the metric is
    true = np.asarray(said.probabilities[np.arange(len(y)), y], np.float64)
    return np.log(np.clip(true, eps, 1 - eps))
