"""The work that is timed: data, classifiers, who takes part and how often."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from benchmarks.contest import Contest, orders_for
from inquest.learners.chosen import open_problem

ROOT = Path(__file__).resolve().parent.parent
PROBLEM, CLEAN = "results/default/baseline/problem.parquet", "results/default/data/clean.json"
SEED = 7

Parts = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]

LOGISTIC = "sklearn.linear_model.LogisticRegression"
TIGHT = {"tol": 1e-8, "max_iter": 10_000}
"""scikit-learn's default of 1e-4 leaves probabilities off by up to 0.01: no peer for exact values."""
NEWTON = {"solver": "newton-cholesky"}


@dataclass(frozen=True)
class Peer:
    """Whom inquest is held against: a name, a script, how often it runs, what ratio is asked for."""

    name: str
    script: str
    runs: int
    at_least: float | None = None
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A piece of work that inquest and its peers do in full."""

    name: str
    work: str
    parts: Callable[[], Parts]
    classifier: str
    params: dict[str, Any]
    peers: list[Peer]
    permutations: int = 1
    task: str = "walks"
    runs: int = 3
    floor: bool = False

    def contest(self, peer: Peer | None = None) -> Contest:
        """Return what a contestant is given; peers may solve the same problem by another solver."""
        params = self.params | (peer.params if peer else {})
        return contest(self.parts(), self.permutations, self.classifier, params, self.task)


def contest(
    parts: Parts, permutations: int, classifier: str, params: dict[str, Any], task: str = "walks"
) -> Contest:
    orders = orders_for(len(parts[1]), permutations, SEED)
    return Contest(*parts, orders, SEED, classifier, params, task)


def cases(quick: bool) -> list[Case]:
    """Return the comparisons, or tiny ones of the same kind, each contestant running once."""
    small, large, digit, people, walks = (25, 40, 40, 60, 2) if quick else (200, 450, 300, 1000, 10)
    pydvl, plain = ("pyDVL", "pydvl_tmc"), ("plain loop", "plain")
    found = [
        Case(
            f"logistic-{rows}",
            f"breast_cancer, logistic regression, {walks} permutations of {rows} rows",
            lambda rows=rows: breast_cancer(rows),
            LOGISTIC,
            TIGHT,
            [Peer(*pydvl, 2, 200), Peer("pyDVL, newton-cholesky", "pydvl_tmc", 1, params=NEWTON)],
            walks,
            floor=True,
        )
        for rows in (small, large)
    ]
    found += [
        Case(
            "multinomial",
            f"digits, multinomial logistic regression, 2 permutations of {digit} rows",
            lambda: digits(digit),
            LOGISTIC,
            TIGHT,
            [Peer(*plain, 2, 50)],
            2,
        ),
        Case(
            "leave-one-out",
            f"breast_cancer, logistic regression, leave-one-out of all {large} rows",
            lambda: breast_cancer(large),
            LOGISTIC,
            TIGHT,
            [Peer(*plain, 3, 200), Peer("plain loop, newton-cholesky", "plain", 2, params=NEWTON)],
            task="leave one out",
        ),
    ]
    for name, words, classifier, params, at_least in (
        ("neighbours", "5 nearest neighbours", "neighbors.KNeighborsClassifier", {"n_neighbors": 5}, 500),
        ("naive-bayes", "Gaussian naive Bayes", "naive_bayes.GaussianNB", {}, 150),
        ("ridge", "ridge classifier", "linear_model.RidgeClassifier", {}, 150),
    ):
        found.append(
            Case(
                name,
                f"breast_cancer, {words}, {walks} permutations of {large} rows",
                lambda: breast_cancer(large),
                f"sklearn.{classifier}",
                params,
                [Peer(*pydvl, 2, at_least)],
                walks,
            )
        )
    found.append(
        Case(
            "census",
            f"Adult, logistic regression, 1 permutation of {people:,} rows",
            lambda: adult(people),
            LOGISTIC,
            TIGHT,
            [Peer(*plain, 2, 60), Peer("plain loop, newton-cholesky", "plain", 1, params=NEWTON)],
            floor=True,
        )
    )
    return [once(case) for case in found] if quick else found


def once(case: Case) -> Case:
    """Return a case in which each contestant runs once."""
    return replace(case, runs=1, peers=[replace(peer, runs=1) for peer in case.peers])


def breast_cancer(rows: int) -> Parts:
    """Return ``rows`` training rows of the 450, and the 119 others as test rows."""
    return _split(*load_breast_cancer(return_X_y=True), 450, rows)


def digits(rows: int) -> Parts:
    """Return ``rows`` training rows of 300, and the 1,497 others as test rows."""
    return _split(*load_digits(return_X_y=True), 300, rows)


def _split(X: np.ndarray, y: np.ndarray, train: int, rows: int) -> Parts:
    X, X_test, y, y_test = train_test_split(X, y, train_size=train, stratify=y, random_state=SEED)
    scaler = StandardScaler().fit(X[:rows])
    return scaler.transform(X[:rows]), y[:rows], scaler.transform(X_test), y_test


def adult(rows: int) -> Parts:
    """Return ``rows`` of the default study's training rows at random, and all its test rows."""
    if not ((ROOT / PROBLEM).exists() and (ROOT / CLEAN).exists()):
        snakemake = ROOT / ".venv" / "bin" / "snakemake"
        subprocess.run([snakemake, "--cores", "2", "--quiet", "all", "--", PROBLEM], cwd=ROOT, check=True)
    problem = open_problem(str(ROOT / PROBLEM), str(ROOT / CLEAN))
    chosen = np.random.default_rng(SEED).permutation(len(problem.y))[:rows]
    return problem.X[chosen], problem.y[chosen], problem.X_test, problem.y_test
