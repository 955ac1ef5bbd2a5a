"""What one repeat of an experiment is played with: training rows, and test rows cut in two."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inquest.errors import InquestError
from inquest.learners.problem import Problem
from inquest.runtime import seed_for
from inquest.shapley.players import draw_rows
from inquest.utility import Rows
from inquest.valuation.experiments import flip_labels


@dataclasses.dataclass(frozen=True)
class Trial:
    """The same training rows in two games, scored on two halves of the test rows.

    Attributes
    ----------
    positions : ndarray of int, shape (n,)
        The training rows that play, as positions among all of them.
    judges, others : ndarray of int
        Positions of the test rows that rows are valued by, and of those that removal is scored on.
    valued, held : Problem
        These training rows with either half of the test rows.
    """

    positions: Rows
    judges: Rows
    others: Rows
    valued: Problem
    held: Problem


def draw_trial(problem: Problem, size: int, seed: int) -> Trial:
    """Draw training rows and halve the test rows, each label's share kept in both.

    No method may see the rows that it is judged by: the test rows of the one half make the values, those of
    the other half score what is left after removal.

    Raises
    ------
    InquestError
        If there are fewer than two training rows or test rows.
    """
    positions = draw_rows(problem.y, size, "stratified", seed_for(seed, "rows"))
    m = len(problem.y_test)
    judges = draw_rows(problem.y_test, (m + 1) // 2, "stratified", seed_for(seed, "halves"))
    others = np.setdiff1d(np.arange(m), judges)
    if len(positions) < 2 or not len(others):
        raise InquestError(
            "chapter `quality`",
            f"there are {len(positions)} training rows and {m} test rows",
            "two of each are needed",
        )
    return Trial(
        positions=positions,
        judges=judges,
        others=others,
        valued=_restricted(problem, positions, judges),
        held=_restricted(problem, positions, others),
    )


def with_wrong_labels(problem: Problem, share: float, seed: int) -> tuple[Problem, NDArray[np.bool_]]:
    """Return the problem with a share of its training labels flipped (one, if that is less), and which."""
    n = len(problem.y)
    noisy, flipped = flip_labels(problem.y, max(share, 1 / n), len(problem.classes), seed)
    return dataclasses.replace(problem, y=noisy), flipped


def _restricted(problem: Problem, rows: Rows, test_rows: Rows) -> Problem:
    return dataclasses.replace(
        problem,
        X=_take(problem.X, rows),
        y=problem.y[rows],
        rows=problem.rows[rows],
        X_test=_take(problem.X_test, test_rows),
        y_test=problem.y_test[test_rows],
        test_rows=problem.test_rows[test_rows],
    )


def _take(X: NDArray | pd.DataFrame, rows: Rows) -> NDArray | pd.DataFrame:
    return X.iloc[rows].reset_index(drop=True) if isinstance(X, pd.DataFrame) else X[rows]
