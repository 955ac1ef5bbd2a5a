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
    "distance": "Euclidean distance to the centre of the row's class, in scaled features",
}
"""The measures and what they mean. Unusual is a high loss, isolation and distance, a low margin and agreement."""

RESAMPLES = 9999
EXACT = 200  # rows up to which p-values come from permutations

UNUSUAL_IS_LOW = ("margin", "agreement")


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
    centres = np.stack(
        [features[y == c].mean(axis=0) if (y == c).any() else features[0] for c in range(y.max() + 1)]
    )
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
            "distance": np.linalg.norm(features - centres[y], axis=1),
        }
    )


def unusual_ranks(table: pd.DataFrame) -> pd.DataFrame:
    """Return, for each measure, which share of all rows is at most as unusual as this one (1: the most unusual)."""
    sign = {name: -1 if name in UNUSUAL_IS_LOW else 1 for name in MEASURES}
    return pd.DataFrame({name: (sign[name] * table[name]).rank(pct=True, method="max") for name in MEASURES})


def correlations(influence: pd.Series, measures: pd.DataFrame, seed: int = 0) -> list[dict[str, Any]]:
    """Return Spearman's correlation of influence with each measure, and its two-sided p-value.

    The p-value is from 9,999 random permutations for up to 200 rows, from Student's t beyond. Both are NaN
    where either side does not vary.
    """
    found = []
    for name in measures:
        x, y = measures[name].to_numpy(float), influence.to_numpy(float)
        known = ~(np.isnan(x) | np.isnan(y))
        x, y = x[known], y[known]
        rho = p = np.nan
        if len(x) > 2 and np.ptp(x) > 0 and np.ptp(y) > 0:
            rho, p = stats.spearmanr(x, y)
            if len(x) <= EXACT:
                p = _permutation_p(stats.rankdata(x), stats.rankdata(y), np.random.default_rng(seed))
        found.append({"measure": name, "rho": float(rho), "p": float(p), "rows": int(known.sum())})
    return found


def _permutation_p(x: NDArray, y: NDArray, rng: np.random.Generator) -> float:
    """Return the share of random pairings, the given one among them, whose correlation is at least as large."""
    x, y = x - x.mean(), y - y.mean()
    drawn = np.abs(rng.permuted(np.tile(x, (RESAMPLES, 1)), axis=1) @ y)
    return (1 + int((drawn >= abs(x @ y) * (1 - 1e-9)).sum())) / (1 + RESAMPLES)
