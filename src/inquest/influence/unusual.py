"""What is unusual about a training row, by five measures, and whether that goes with its influence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import NearestNeighbors

from inquest.learners.retraining import RetrainingUtility

MEASURES: Mapping[str, str] = {
    "loss": "log-loss of the row's label under the model trained on all rows",
    "margin": "score of the row's label less the best other one; negative means misclassified",
    "agreement": "share of the nearest other training rows that have the row's label",
    "isolation": "isolation-forest score; higher means easier to isolate from the other rows",
    "distance": "Euclidean distance to the centre of the row's class, in preprocessed features",
}
"""The measures and what they mean."""

UNUSUAL_IS_LOW = ("margin", "agreement")  # of the others, a high value is unusual

RESAMPLES = 9999
MOST_PERMUTED = 200  # rows up to which p-values come from permutations
LEVEL = 0.05


def measure_unusual(
    utility: RetrainingUtility, features: NDArray[np.float64], neighbours: int, seed: int
) -> pd.DataFrame:
    """Measure each training row.

    Parameters
    ----------
    utility : RetrainingUtility
        Of the classifier; fitted here on all rows.
    features : ndarray, shape (n, d)
        Preprocessed features, for what looks at rows alone.
    neighbours : int
        How many nearest other rows are asked for their label (fewer if there are fewer rows).
    seed : int
        Of the isolation forest (Liu et al. 2008).

    Returns
    -------
    DataFrame, shape (n, …)
        `code` (class), `predicted`, `probability` (of the row's label; NaN without probabilities), and a
        column for each of `MEASURES`.
    """
    y, every = utility.y, np.arange(utility.n_rows)
    said = utility.predict(utility.fit(every), utility.X)
    own = said.scores[every, y]
    others = said.scores.copy()
    others[every, y] = -np.inf
    probability = np.full(len(y), np.nan) if said.probabilities is None else own
    eps = np.finfo(float).eps
    k = min(neighbours, len(y) - 1)
    near = NearestNeighbors(n_neighbors=k).fit(features).kneighbors(return_distance=False)
    centres = pd.DataFrame(features).groupby(y).transform("mean").to_numpy()
    forest = IsolationForest(random_state=seed, n_jobs=1).fit(features)
    return pd.DataFrame(
        {
            "code": y,
            "predicted": said.labels,
            "probability": probability,
            "loss": -np.log(np.clip(probability, eps, 1 - eps)),
            "margin": own - others.max(axis=1),
            "agreement": (y[near] == y[:, None]).mean(axis=1),
            "isolation": -forest.score_samples(features),
            "distance": np.linalg.norm(features - centres, axis=1),
        }
    )


def unusual_ranks(table: pd.DataFrame) -> pd.DataFrame:
    """Return, for each measure, the share of rows at most as unusual as this one (1: none is more so)."""
    return _unusualness(table).rank(pct=True, method="max")


def most_unusual(table: pd.DataFrame, share: float) -> pd.DataFrame:
    """Return, for each measure, whether at most this share of the rows is at least as unusual as this one."""
    return (-_unusualness(table)).rank(pct=True, method="max") <= share


def _unusualness(table: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({name: table[name] * (-1 if name in UNUSUAL_IS_LOW else 1) for name in MEASURES})


def correlations(influence: pd.Series, measures: pd.DataFrame, seed: int = 0) -> list[dict[str, Any]]:
    """Return Spearman's correlation of influence with each measure, and what chance would do.

    Returns
    -------
    list of dict
        `measure`, `rho`, the two-sided p-value `p`, `critical` (the smallest size of a correlation that has
        p < 0.05; ties included), and `rows` (those with both numbers). p comes from 9,999 random permutations
        for up to 200 rows, from Student's t beyond. NaN where either side does not vary, and for a critical
        value where there are too few rows for any.
    """
    found = []
    for name in measures:
        x, y = measures[name].to_numpy(float), influence.to_numpy(float)
        known = ~(np.isnan(x) | np.isnan(y))
        rho, p, critical = _spearman_test(x[known], y[known], np.random.default_rng(seed))
        found.append({"measure": name, "rho": rho, "p": p, "critical": critical, "rows": int(known.sum())})
    return found


def _spearman_test(x: NDArray, y: NDArray, rng: np.random.Generator) -> tuple[float, float, float]:
    n = len(x)
    # twice the ranks less their mean: whole numbers, so that equal correlations are equal to the last bit
    x, y = (2 * stats.rankdata(values) - (n + 1) for values in (x, y))
    size = np.sqrt((x @ x) * (y @ y))
    if size == 0:
        return np.nan, np.nan, np.nan
    rho = float(x @ y / size)
    if n > MOST_PERMUTED:
        t = stats.t.isf(LEVEL / 2, n - 2)
        return rho, float(stats.spearmanr(x, y).pvalue), float(t / np.sqrt(n - 2 + t**2))
    drawn = np.sort(np.abs(rng.permuted(np.tile(x, (RESAMPLES, 1)), axis=1) @ y))
    p = (1 + int((drawn >= abs(x @ y)).sum())) / (1 + RESAMPLES)  # the given pairing is one of them
    likely = drawn[-int(np.ceil(LEVEL * (1 + RESAMPLES))) + 1]  # its p is at least LEVEL
    rare = drawn[drawn > likely]
    return rho, p, float(rare[0] / size) if len(rare) else np.nan
