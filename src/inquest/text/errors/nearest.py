"""Which training texts look most like an error to the classifier."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inquest.text.properties import BLOCK, closest

CUT = 160  # characters of a neighbour's text
DIGITS = 6  # of a similarity: the same text in another batch differs behind them


def states_of(table: pd.DataFrame, rows: pd.Series) -> NDArray[np.float64]:
    """Return the vectors of some rows, in their order, shape (n, hidden_size).

    Parameters
    ----------
    table : DataFrame
        `row` and a column for each dimension, as `states_table` makes it.
    """
    return table.set_index("row").loc[rows.to_numpy()].to_numpy(float)


def nearest(
    states: NDArray[np.float64], known: NDArray[np.float64], k: int
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the nearest of the known vectors by the cosine of the angle between them.

    Parameters
    ----------
    states, known : ndarray, shapes (n, hidden_size) and (m, hidden_size)
    k : int

    Returns
    -------
    places : ndarray of int, shape (n, min(k, m))
        Of the nearest first; of equally near ones (to six digits) the first come first.
    similarities : ndarray of float, same shape
        Cosines, in -1 … 1; a vector of zeros is at 0 from all.
    """
    Z, X = _normed(states), _normed(known)
    k = min(k, len(X))
    places, similarities = np.empty((len(Z), k), np.intp), np.empty((len(Z), k))
    size = max(1, BLOCK // len(X))
    for start in range(0, len(Z), size):
        near = np.round(Z[start : start + size] @ X.T, DIGITS)
        for i, row in enumerate(near, start):
            places[i] = closest(row, k)
            similarities[i] = row[places[i]]
    return places, similarities


def _normed(vectors: NDArray) -> NDArray[np.float64]:
    vectors = np.asarray(vectors, float)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms > 0, norms, 1)


def neighbour_lines(places: NDArray, similarities: NDArray, train: pd.DataFrame) -> list[str]:
    """Return the neighbours of each text as the sheet has them: a line each, `0.93 positive: the text …`."""
    return [
        "\n".join(
            f"{cosine:.2f} {train['label'].iloc[place]}: {_short(train.iloc[place])}"
            for place, cosine in zip(mine, cosines, strict=True)
        )
        for mine, cosines in zip(places, similarities, strict=True)
    ]


def _short(text: pd.Series) -> str:
    whole = " | ".join(text[name] for name in ("text", "pair") if name in text)
    flat = " ".join(whole.split())
    return flat if len(flat) <= CUT else flat[: CUT - 1].rstrip() + "…"
