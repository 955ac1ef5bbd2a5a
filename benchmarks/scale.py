"""The workflow's part: how a study grows with rows and walks, and what a run costs that has little to do."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.cases import ROOT
from benchmarks.large import Large, write_study
from benchmarks.measure import say

SIZES = (Large(rows=5_000), Large(rows=20_000), Large())
TINY = Large(
    rows=600,
    columns=8,
    groups=12,
    permutations=4,
    valued=30,
    groups_per_job=4,
    permutations_per_job=2,
)
CORES = 2
MORE = 100
"""How many walks are asked for in addition, to see which jobs that plans."""
LIMITS = {"nothing": 5.0, "reports": 15.0}
"""The most seconds of a run that has nothing to do but this."""
REPEATS = 3


def scale(quick: bool) -> dict[str, Any]:
    """Return what studies of each size cost, by rule."""
    folder = ROOT / "build" / "scale"
    return {"cores": CORES, "studies": [study(folder, size) for size in ((TINY,) if quick else SIZES)]}


def study(folder: Path, size: Large) -> dict[str, Any]:
    """Plan, compute and plan again a study; what is computed already is taken as it is."""
    place = folder / f"{size.rows}x{size.columns}"
    config = write_study(place, size)
    say(f"{size.rows:,} rows, {size.columns} columns, {size.groups:,} groups, {size.permutations} walks")
    every = ["--forceall", "--dry-run"]
    plan = workflow(place, config, *every)
    run = workflow(place, config)
    more = size.more(size.permutations + (MORE if size != TINY else size.permutations_per_job))
    again = workflow(place, write_study(place, more, "more"), "--dry-run")
    return facts_of(place, size, plan) | {
        "seconds": run["seconds"],
        "scheduler_mib": max(plan["peak_mib"], run["peak_mib"]),
        "more": {"permutations": more.permutations - size.permutations, "planned": planned(again["said"])},
    }


def facts_of(place: Path, size: Large, plan: dict[str, Any]) -> dict[str, Any]:
    """Return a study's size, what planning it took, and what its rules cost as far as they ran."""
    return {
        **{name: getattr(size, name) for name in ("rows", "columns", "groups", "permutations", "valued")},
        "plan_seconds": plan["seconds"],
        "plan_cpu": plan["cpu"],
        "scheduler_mib": plan["peak_mib"],
        "rules": rules(place / "results" / "large" / "timings" / "rules", planned(plan["said"])),
    }


def rules(folder: Path, jobs: dict[str, int]) -> list[dict[str, Any]]:
    """Return processor seconds and peak memory of each rule, the costliest first.

    Returns
    -------
    list of dict
        `rule`, how many `jobs` a complete run has, how many of them were `measured`, the mean processor
        seconds of one (`cpu`), the processor seconds of all (`cpu_all`), and the largest `peak_mib`.
    """
    rows = [
        {"rule": path.stem.split("-")[0], **pd.read_csv(path, sep="\t", na_values="-").iloc[-1]}
        for path in sorted(folder.glob("*.tsv"))
    ]
    found = []
    for rule, mine in pd.DataFrame(rows).groupby("rule") if rows else ():
        cpu, peak = mine["cpu_time"].mean(), mine["max_rss"].max()
        if pd.isna(cpu):  # over before it could be measured
            continue
        count = jobs.get(rule, len(mine))
        found.append({"rule": rule, "jobs": count, "measured": len(mine), "cpu": cpu, "cpu_all": count * cpu})
        found[-1]["peak_mib"] = peak
    return sorted(found, key=lambda one: -one["cpu_all"])


def runs(quick: bool) -> dict[str, Any]:
    """Return what a run takes that has nothing to do, and one that has only the reports to write."""
    place, config, name = (
        (ROOT, ROOT / "config.yaml", "the default study")
        if not quick
        else (
            ROOT / "build" / "scale" / "tiny",
            write_study(ROOT / "build" / "scale" / "tiny", TINY),
            "a tiny study",
        )
    )
    say(name)
    workflow(place, config)
    repeats = 1 if quick else REPEATS
    found: dict[str, list[dict[str, Any]]] = {what: [] for what in LIMITS}
    for _ in range(repeats):
        found["nothing"].append(workflow(place, config))
        found["reports"].append(workflow(place, config, "--forcerun", "html"))
    return {
        "study": name,
        "cores": CORES,
        "repeats": repeats,
        **{what: {**middle(found[what]), "at_most": most} for what, most in LIMITS.items()},
    }


def middle(runs: list[dict[str, Any]]) -> dict[str, float]:
    """Return the medians of what runs took."""
    return {key: statistics.median(run[key] for run in runs) for key in ("seconds", "cpu", "peak_mib")}


def workflow(place: Path, config: Path, *words: str) -> dict[str, Any]:
    """Run Snakemake in a folder.

    Returns
    -------
    dict
        Wall `seconds`, processor seconds with those of all its jobs (`cpu`), the largest resident set of
        the scheduler alone (`peak_mib`), and what it `said`.
    """
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), *words]
    command += ["--cores", str(CORES), "--configfile", str(config), "--nolock"]
    start = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, cwd=place, stdout=said, stderr=subprocess.STDOUT)
        peak, status = 0.0, Path(f"/proc/{process.pid}/status")
        while True:
            ended, code, used = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            peak = max(peak, high_water(status))
            time.sleep(0.2)
        process.returncode = os.waitstatus_to_exitcode(code)
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    if process.returncode:
        raise RuntimeError(f"{' '.join(words) or 'the run'} failed: {text[-1000:]}")
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "cpu": used.ru_utime + used.ru_stime, "peak_mib": peak, "said": text}


def high_water(status: Path) -> float:
    """Return the largest resident set of a process so far, in MiB; 0 where the system doesn't say."""
    try:
        found = re.search(r"VmHWM:\s+(\d+)", status.read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 2**10 if found else 0.0


def planned(said: str) -> dict[str, int]:
    """Return how many jobs of each rule a dry run announces.

    Examples
    --------
    >>> planned("job      count\\n-----  -------\\nfit      2\\nall      1\\ntotal    3\\n")
    {'fit': 2}
    """
    rows: Sequence[tuple[str, str]] = re.findall(r"^([a-z_]+) +(\d+)$", said, flags=re.MULTILINE)
    return {name: int(count) for name, count in rows if name not in ("total", "all")}
