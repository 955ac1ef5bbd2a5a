"""Contestants at the start: each in a process of its own, with as many cores as it has threads."""

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
from typing import Any, Protocol

from inquest.runtime import THREAD_VARIABLES

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / ".venv-peers" / "bin" / "python"
PEER_SCRIPTS = ("pydvl_tmc",)


class Contest(Protocol):
    """What a contestant is given: a file of this suffix, read in a process with so many threads."""

    suffix: str
    threads: int

    def write(self, path: Path) -> None: ...


def race(entries: Sequence[tuple[str, Contest, int]]) -> list[dict[str, Any]]:
    """Run contestants in turns, and return for each entry what `middle` makes of its runs.

    Parameters
    ----------
    entries : sequence of (script, contest, runs)
    """
    return [middle(runs) for runs in heats(entries)]


def heats(entries: Sequence[tuple[str, Contest, int]]) -> list[list[dict[str, Any]]]:
    """Run contestants in turns, and return for each entry what each of its runs answered."""
    answers: list[list[dict[str, Any]]] = [[] for _ in entries]
    for i in turns([runs for _, _, runs in entries]):
        script, contest, _ = entries[i]
        answers[i].append(together(script, [contest])[0])
    return answers


def middle(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return what the last run answered, but for the time and memory of all.

    These are `times` (s, one a run), `seconds` (their median) and `peak_mib` (the largest).
    """
    times = [run["seconds"] for run in runs]
    peak = max(run["peak_mib"] for run in runs)
    return runs[-1] | {"times": times, "seconds": statistics.median(times), "peak_mib": peak}


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
    """Run one script on several contests at once, each on cores of its own.

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
    threads = contests[0].threads
    environment = os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads))
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "src")])
    with tempfile.TemporaryDirectory() as folder:
        commands = []
        for i, (contest, mine) in enumerate(zip(contests, cores(len(contests), threads), strict=True)):
            files = [f"{folder}/{i}{contest.suffix}", f"{folder}/{i}.answer"]
            contest.write(Path(files[0]))
            pinned = ["taskset", "--cpu-list", mine] if mine else []
            commands.append([*pinned, str(python), "-m", f"benchmarks.contestants.{script}", *files])
        start = time.perf_counter()
        running = [
            subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
            for command in commands
        ]
        said = [process.communicate()[1] for process in running]
        wall = time.perf_counter() - start
        for process, text in zip(running, said, strict=True):
            if process.returncode:
                raise RuntimeError(f"{script} failed: {(text.strip().splitlines() or ['no word'])[-1]}")
        answers = [json.loads(Path(folder, f"{i}.answer").read_text()) for i in range(len(contests))]
    return [answer | {"wall": wall} for answer in answers]


def cores(processes: int, threads: int) -> list[str | None]:
    """Return the cores that each process is pinned to (the last ones); None where there is no such thing."""
    if not (hasattr(os, "sched_getaffinity") and shutil.which("taskset")):
        return [None] * processes
    allowed = sorted(os.sched_getaffinity(0), reverse=True)
    places = [range(i * threads, (i + 1) * threads) for i in range(processes)]
    return [",".join(str(allowed[place % len(allowed)]) for place in own) for own in places]


def say(line: str) -> None:
    print(line, flush=True)
