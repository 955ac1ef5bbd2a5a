"""Which training rows are valued, and the games that rows and groups of rows play."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inquest.data.tables import largest_remainder
from inquest.learners.retraining import RetrainingUtility
from inquest.utility import Players, Rows, Score, Utility


def draw_rows(y: NDArray[np.intp], size: int | None, choose: str, seed: int) -> Rows:
    """Return the sorted positions of ``size`` training rows (all, if there are no more, or for None).

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        Class codes.
    size : int, optional
    choose : {"random", "stratified"}
        `stratified` keeps each class's share up to one row.
    seed : int
    """
    if size is None or size >= len(y):
        return np.arange(len(y))
    order = np.random.default_rng(seed).permutation(len(y))
    if choose == "random":
        return np.sort(order[:size])
    quota = largest_remainder(np.bincount(y) / len(y), size)
    return np.sort(np.concatenate([order[y[order] == code][:n] for code, n in enumerate(quota)]))


def game_of(utility: RetrainingUtility, players: Mapping[str, Any]) -> tuple[Utility, RetrainingUtility]:
    """Return the game of the players, and the learner that plays it and counts how it retrained.

    Parameters
    ----------
    utility : RetrainingUtility
        Of all the training rows.
    players : mapping
        `positions` of the rows that play, each for itself, or `members` of groups.
    """
    if "members" in players:
        return Players(utility, players["members"]), utility
    learner = utility.among(players["positions"])
    return learner, learner


def score_of(metrics: Mapping[str, float | None], metric: str) -> Score:
    """Return a score from its metrics as JSON has them: a metric that can't be computed is None there."""
    known = {name: math.nan if value is None else value for name, value in metrics.items()}
    return Score(known[metric], known)
