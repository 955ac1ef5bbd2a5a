"""What a contestant is given, and what it hands back: read by inquest's Python and by the peers'."""

from __future__ import annotations

import contextlib
import importlib
import json
import resource
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

REHEARSED = 12
REPEATS, ENOUGH = 5, 1.0


@dataclass(frozen=True)
class Contest:
    """Rows to be valued, and by which classifier.

    Attributes
    ----------
    X, y : ndarrays, shapes (n, d) and (n,)
        Training rows and their class codes.
    X_test, y_test : ndarrays, shapes (m, d) and (m,)
    orders : ndarray of int, shape (p, n)
        The permutations to walk along: the first p that ``numpy.random.default_rng(seed)`` draws.
    seed : int
    classifier : str
        Import path of a scikit-learn class.
    params : dict
    task : {"walks", "leave one out"}
    """

    suffix: ClassVar[str] = ".npz"
    threads: ClassVar[int] = 1

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    orders: np.ndarray
    seed: int
    classifier: str
    params: dict[str, Any]
    task: str = "walks"

    @property
    def estimator(self):
        """The unfitted classifier."""
        module, _, name = self.classifier.rpartition(".")
        return getattr(importlib.import_module(module), name)(**self.params)

    @property
    def majority_share(self) -> float:
        """The accuracy of the empty set: that of predicting the most frequent training label."""
        return float(np.mean(self.y_test == np.bincount(self.y).argmax()))

    def subsets(self) -> list[np.ndarray]:
        """Return the rows that each utility of a full answer is the worth of, in their order."""
        n = len(self.y)
        if self.task == "leave one out":
            return [np.delete(np.arange(n), row) for row in range(n)]
        return [order[:size] for order in self.orders for size in range(1, n + 1)]

    def rehearsal(self) -> Contest:
        """Return the same contest over a few rows of both classes."""
        first = [np.flatnonzero(self.y == code)[:2] for code in np.unique(self.y)]
        rows = np.unique(np.concatenate([*first, np.arange(min(REHEARSED, len(self.y)))]))
        orders = orders_for(len(rows), 1, self.seed)
        return replace(self, X=self.X[rows], y=self.y[rows], orders=orders)

    def write(self, path: Path) -> None:
        arrays = {name: getattr(self, name) for name in ("X", "y", "X_test", "y_test", "orders")}
        rest = {name: getattr(self, name) for name in ("seed", "classifier", "params", "task")}
        np.savez(path, rest=np.array(json.dumps(rest)), **arrays)

    @classmethod
    def read(cls, path: str | Path) -> Contest:
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files if name != "rest"}
            return cls(**arrays, **json.loads(str(file["rest"])))


def orders_for(n: int, permutations: int, seed: int) -> np.ndarray:
    """Return the permutations that pyDVL's own sampler draws from a seed, shape (permutations, n)."""
    rng = np.random.default_rng(seed)
    return np.array([rng.permutation(n) for _ in range(permutations)]).reshape(permutations, n)


def enter(answer: Callable[[Contest], tuple[Any, dict[str, Any]]]) -> None:
    """Run a contestant: read a contest, answer it, write utilities, seconds and peak memory as JSON.

    Usage of each: ``python -m benchmarks.contestants.NAME contest.npz answer.json``. A rehearsal over a few
    rows comes before the clock starts, so that no contestant pays for imports within its time. What takes
    less than a second is done up to five times, from the start each time, and the median counts.
    """
    contest = Contest.read(sys.argv[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns where a fit stops short of so tight a tolerance
        answer(contest.rehearsal())
        times: list[float] = []
        while len(times) < REPEATS and sum(times) < ENOUGH:
            start = time.perf_counter()
            utilities, facts = answer(contest)
            times.append(time.perf_counter() - start)
    found = {
        "seconds": statistics.median(times),
        "peak_mib": peak_mib(),
        "utilities": np.ravel(utilities).tolist(),
        **facts,
    }
    Path(sys.argv[2]).write_text(json.dumps(found))


def peak_mib() -> float:
    """Return the largest resident set of this process, in MiB.

    Linux hands `ru_maxrss` on from the process that started this one, so the kernel's own mark is read there.
    """
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
