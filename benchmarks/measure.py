"""Contestants at the start: each in a process of its own, on one core, with one thread."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.contest import Contest
from inquest.runtime import THREAD_VARIABLES

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".venv-peers" / "bin" / "python"
PEER_SCRIPTS = ("pydvl_tmc",)


def race(entries: Sequence[tuple[str, Contest, int]]) -> list[dict[str, Any]]:
    """Run contestants in turns.

    Parameters
    ----------
    entries : sequence of (script, contest, runs)

    Returns
    -------
    list of dict
        For each entry: what its last run answered, with `times` (s, one a run), `seconds` (their median) and
        `peak_mib` (the largest of its runs).
    """
    answers: list[list[dict[str, Any]]] = [[] for _ in entries]
    for i in turns([runs for _, _, runs in entries]):
        script, contest, _ = entries[i]
        answers[i].append(together(script, [contest])[0])
    found = []
    for runs in answers:
        times = [run["seconds"] for run in runs]
        peak = max(run["peak_mib"] for run in runs)
        found.append(
            runs[-1] | {"times": times, "seconds": statistics.median(times), "peak_mib": peak},
        )
    return found


def turns(runs: Sequence[int]) -> list[int]:
    """Return who runs when, so that each contestant's runs are spread evenly over the race.

    Examples
    --------
    >>> turns([5, 2])
    [0, 1, 0, 0, 1, 0, 0]
    """
    places = [((k + 0.5) / count, i) for i, count in enumerate(runs) for k in range(count)]
    return [i for _, i in sorted(places)]


def together(script: str, contests: Sequence[Contest]) -> list[dict[str, Any]]:
    """Run one script on several contests at once, a core for each.

    Returns
    -------
    list of dict
        What each answered, and the `wall` seconds from the first start to the last end, imports included.

    Raises
    ------
    RuntimeError
        With the last line that a contestant said, if it fails.
    """
    python = PEERS if script in PEER_SCRIPTS else sys.executable
    environment = os.environ | dict.fromkeys(THREAD_VARIABLES, "1")
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    with tempfile.TemporaryDirectory() as folder:
        commands = []
        for i, (contest, core) in enumerate(zip(contests, cores(len(contests)), strict=True)):
            contest.write(Path(folder) / f"{i}.npz")
            pinned = [] if core is None else ["taskset", "--cpu-list", str(core)]
            files = [f"{folder}/{i}.npz", f"{folder}/{i}.json"]
            commands.append([*pinned, str(python), "-m", f"benchmarks.contestants.{script}", *files])
        start = time.perf_counter()
        running = [
            subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
            for command in commands
        ]
        said = [process.communicate()[1] for process in running]
        wall = time.perf_counter() - start
        for process, text in zip(running, said, strict=True):
            if process.returncode:
                raise RuntimeError(f"{script} failed: {(text.strip().splitlines() or ['no word'])[-1]}")
        answers = [json.loads(Path(folder, f"{i}.json").read_text()) for i in range(len(contests))]
    return [answer | {"wall": wall} for answer in answers]


def cores(processes: int) -> list[int | None]:
    """Return the core that each process is pinned to (the last ones); None where there is no such thing."""
    if not (hasattr(os, "sched_getaffinity") and shutil.which("taskset")):
        return [None] * processes
    allowed = sorted(os.sched_getaffinity(0), reverse=True)
    return [allowed[i % len(allowed)] for i in range(processes)]
