"""The plain loop that every tool has at heart: clone, fit and score the classifier for each subset."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone

from benchmarks.contest import Contest, enter


def worth(contest: Contest, rows: np.ndarray) -> float:
    """Return the accuracy of the classifier retrained on the rows; rows of one class predict that class."""
    X, y = contest.X[rows], contest.y[rows]
    if (y == y[0]).all():
        return float(np.mean(contest.y_test == y[0]))
    return float(clone(contest.estimator).fit(X, y).score(contest.X_test, contest.y_test))


def answer(contest: Contest):
    return [worth(contest, rows) for rows in contest.subsets()], {}


if __name__ == "__main__":
    enter(answer)
