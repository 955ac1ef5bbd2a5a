"""The rows on a plane: a map of the data, to see where rows of high and of low value lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

NAMED = 3  # features by which each end of an axis is told
SPREAD = 1e-12  # of all variance: axes with less have no direction of their own


def project(features: NDArray[np.float64], names: Sequence[str]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Put rows on the plane of the first two principal components of their features' ranks.

    Ranks run from 0 to 1, ties share theirs: a feature with a few huge values takes no axis for itself, and
    numbers and categories count alike. An axis points to where its largest loading is positive, so that equal
    data give an equal map.

    Parameters
    ----------
    features : ndarray of float, shape (n, d)
    names : list of str, length d

    Returns
    -------
    places : DataFrame
        `x` and `y`, shape (n, 2); 0 for an axis that the features don't have.
    facts : dict
        `axes`: of each, the `share` of all variance, and the names of the features with the largest loadings
        that point its way (`high`) and the other (`low`), largest first.
    """
    ranks = rankdata(features, axis=0) / len(features)
    centred = ranks - ranks.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    total = float(values.clip(0).sum())
    places, axes = np.zeros((len(centred), 2)), []
    for k, i in enumerate(np.argsort(-values, kind="stable")[:2]):
        if values[i] <= SPREAD * max(total, SPREAD):
            continue
        # of features that load alike but for rounding, the first decides
        load = vectors[:, i] * np.sign(vectors[np.argmax(np.abs(vectors[:, i]).round(9)), i])
        places[:, k] = (centred @ load).round(9)
        axes.append({"share": float(values[i] / total), **_ends(load.round(9), names)})
    return pd.DataFrame(places, columns=["x", "y"]), {"axes": axes, "rows": len(centred)}


def _ends(load: NDArray[np.float64], names: Sequence[str]) -> dict[str, list[str]]:
    """Return the features with the largest positive and the largest negative loadings.

    Those with less than a quarter of the largest loading tell little of the axis, and are left out.
    """
    order = np.argsort(-np.abs(load), kind="stable")
    known = [i for i in order if abs(load[i]) >= np.abs(load).max() / 4]
    return {
        "high": [names[i] for i in known if load[i] > 0][:NAMED],
        "low": [names[i] for i in known if load[i] < 0][:NAMED],
    }
