"""Permutations that are added, in rounds, until the values are as sure as they are asked to be.

When to stop depends on nothing but the walks: not on how many processes walk them, nor on what an earlier run
left. Each walk is kept in a file of its own as soon as it is done, in a folder whose name is a digest of all
that the walk depends on, so a run that was cut short goes on from there, and a stale walk is never taken.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import math
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed, parallel_config
from numpy.typing import NDArray

from inquest.artefacts import read_json, read_table, write_json, write_table
from inquest.data.checksums import holds
from inquest.learners.chosen import chosen_utility
from inquest.learners.metrics import METRICS
from inquest.runtime import seed_for, versions
from inquest.shapley.players import game_of, score_of
from inquest.valuation.semivalues import Semivalues, by_player
from inquest.valuation.shapley import permutation, walk

ROUND = 10
"""How many permutations are added at a time; even, so that antithetic pairs stay together."""
FEWEST = 5
"""So many samples it takes to judge a standard error: two that happen to be equal would have one of 0."""
LIBRARIES = ("numpy", "scipy", "scikit-learn", "xgboost", "xgboost-cpu")  # another version, another last bit


def rounds(permutations: int, most: int) -> Iterator[range]:
    """Yield the numbers of the permutations that are added to the first ones, round by round.

    Examples
    --------
    >>> list(rounds(4, 17))
    [range(4, 14), range(14, 17)]
    """
    for first in range(permutations, most, ROUND):
        yield range(first, min(first + ROUND, most))


def walk_until(
    first: Sequence[pd.DataFrame],
    further: Callable[[range], Sequence[pd.DataFrame]],
    until: Mapping[str, Any],
    antithetic: bool = False,
    say: Callable[[Mapping[str, Any]], object] = lambda look: None,
) -> dict[str, Any]:
    """Add rounds of walks until every value's standard error is small enough, or there are enough walks.

    Parameters
    ----------
    first : list of DataFrame
        The walks that are always there, as `inquest.valuation.shapley.walk` returns them.
    further : callable
        Returns the walks of some numbers.
    until : mapping
        `standard_error`, in units of the primary metric: the largest that a value may have; and
        `max_permutations`.
    antithetic : bool
    say : callable
        Told what each look at the values found.

    Returns
    -------
    dict
        `because`: "sure" or "max_permutations"; how many `permutations` there are then, and how many at
        `least`; and `looks`, one before the first round and one after each: after how many `permutations`,
        the `largest` and the `median` standard error over the players, and which `player` has the largest
        (its position). NaN and None from fewer than `FEWEST` samples.
    """
    marginals = by_player(first, None, None)
    looks = [_look(marginals, antithetic)]
    say(looks[-1])
    for numbers in rounds(len(first), until["max_permutations"]):
        if looks[-1]["largest"] <= until["standard_error"]:
            break
        marginals = np.concatenate([marginals, by_player(further(numbers), None, None)])
        looks.append(_look(marginals, antithetic))
        say(looks[-1])
    return {
        **until,
        "because": "sure" if looks[-1]["largest"] <= until["standard_error"] else "max_permutations",
        "permutations": len(marginals),
        "least": len(first),
        "round": ROUND,
        "looks": looks,
    }


def _look(marginals: NDArray[np.float64], antithetic: bool) -> dict[str, Any]:
    found = Semivalues(marginals=marginals, evaluated=np.empty(0, np.intp), antithetic=antithetic)
    errors = found.standard_errors
    known = len(found.samples) >= FEWEST and bool(np.isfinite(errors).all())
    return {
        "permutations": len(marginals),
        "largest": float(errors.max()) if known else math.nan,
        "median": float(np.median(errors)) if known else math.nan,
        "player": int(errors.argmax()) if known else None,
    }


class FurtherWalks:
    """The further walks of a game: found in a folder, or walked and kept there.

    Parameters
    ----------
    root : path
        Where the folder is; folders there of other settings are given up by `tidy`.
    game : {"rows", "groups"}
    files : mapping
        The paths of `problem`, `clean` and `players`.
    options : mapping
        What `chosen_utility` takes, the truncation `tolerance`, `antithetic`, and the `code` digest.
    processes : int
        How many walk side by side, each with one thread. The walks do not depend on it.
    """

    def __init__(
        self,
        root: str | Path,
        game: str,
        files: Mapping[str, str],
        options: Mapping[str, Any],
        processes: int = 1,
    ):
        self.root, self.game, self.processes = Path(root), game, processes
        self.files, self.options = dict(files), dict(options)
        self.folder = self.root / self._digest()

    def _digest(self) -> str:
        said = [self.game, self.options, versions(LIBRARIES)]
        digest = hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode())
        for name in sorted(self.files):
            digest.update(Path(self.files[name]).read_bytes())
        return digest.hexdigest()[:16]

    def missing(self, numbers: Sequence[int]) -> list[int]:
        """Return which of these walks are not there yet, or not whole."""
        return [number for number in numbers if account_of(self.folder, number) is None]

    def read(self, numbers: Sequence[int], step: Callable[[], object] = lambda: None) -> list[pd.DataFrame]:
        """Return the walks of these numbers; walk those that are missing. Each that is done is a ``step``."""
        missing = self.missing(numbers)
        for _ in range(len(numbers) - len(missing)):
            step()
        if missing:
            task, given = delayed(walk_and_keep), (self.game, self.files, self.options, os.getpid())
            side_by_side = Parallel(
                n_jobs=min(self.processes, len(missing)), return_as="generator_unordered", max_nbytes=None
            )
            with parallel_config(backend="loky", inner_max_num_threads=1):
                for _ in side_by_side(task(self.folder, number, *given) for number in missing):
                    step()
        return [read_table(self.folder / f"{number}.parquet") for number in numbers]

    def account(self, numbers: Sequence[int]) -> dict[str, Any]:
        """Return how the models of these walks were had: `solved`, by way, and how many `unconverged`."""
        accounts = [account_of(self.folder, number) for number in numbers]
        solved: Counter[str] = Counter()
        for one in accounts:
            solved.update(one["solved"])
        return {"solved": dict(solved), "unconverged": sum(one["unconverged"] for one in accounts)}

    def tidy(self) -> None:
        """Remove what nobody will ask for: walks of other settings, and what was cut short in writing."""
        for other in self.root.glob("*"):
            if other != self.folder:
                shutil.rmtree(other)
        for part in self.folder.glob(".*.part"):
            part.unlink()


def account_of(folder: Path, number: int) -> dict[str, Any] | None:
    """Return how the models of a kept walk were had; None if the walk is not there, or not whole."""
    with contextlib.suppress(OSError, ValueError):
        account = read_json(folder / f"{number}.json")
        if holds(folder / f"{number}.parquet", account["sha256"]):
            return account
    return None


def walk_and_keep(
    folder: Path, number: int, game: str, files: Mapping[str, str], options: Mapping[str, Any], parent: int
) -> None:
    """Walk along one permutation and write the walk to a folder; its account comes last, and makes it whole.

    The learner is a new one, so that a walk is the same whatever was walked before it.
    """
    if os.getpid() != parent:
        _end_with(parent)
    _, utility = chosen_utility(files["problem"], files["clean"], options, list(METRICS))
    players = read_json(files["players"])
    played, learner = game_of(utility, players)
    empty, full = (score_of(players[name], options["metric"]) for name in ("empty", "full"))
    seed = seed_for(options["seed"], "shapley", game)
    order = permutation(played.n_rows, seed, number, options["antithetic"])
    table = walk(played, order, empty, full, options["tolerance"])
    table.insert(0, "permutation", number)
    path = folder / f"{number}.parquet"
    write_table(path, table)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    write_json(path.with_suffix(".json"), learner.account() | {"sha256": sha256})


@functools.cache
def _end_with(parent: int) -> None:
    """End this process when the one that started it ends, even by a kill that it can't pass on."""

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
