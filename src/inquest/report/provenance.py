"""What ran, where and for how long."""

from __future__ import annotations

import platform
import re
import subprocess
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from inquest.runtime import versions


def packages(base: str | Path) -> dict[str, str]:
    """Return the installed versions of what pyproject.toml asks for."""
    project = tomllib.loads((Path(base) / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [*project["project"]["dependencies"], *project["dependency-groups"]["workflow"]]
    return versions(sorted({re.match(r"[A-Za-z0-9._-]+", line)[0] for line in asked}))


def this_run(provenance: Mapping[str, Any], timings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a document prints of the run that made it: everything, its times by chapter included."""
    return {**provenance, "timings": timings, "of": "this"}


def recorded_run(record: Mapping[str, Any], base: str | Path) -> dict[str, Any]:
    """Return what a document prints of a recorded run: its machine and times, beside today's versions."""
    return {
        **record["provenance"],
        "versions": packages(base),
        "timings": record["timings"],
        "of": "recorded",
    }


def untimed_run(base: str | Path) -> dict[str, Any]:
    """Return what a document prints of a run without its times: what a rerun prints again."""
    hardware = {"python": platform.python_version()}
    return {
        "versions": packages(base),
        "hardware": hardware,
        "commit": None,
        "rules": [],
        "timings": {},
        "of": None,
    }


def commit(base: str | Path) -> str | None:
    """Return the commit of the workflow, with a plus sign if files differ; None outside a checkout."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(base), *words], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    try:
        return git("rev-parse", "--short=12", "HEAD") + ("+" if git("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def rule_times(benchmarks: Iterable[str | Path]) -> list[dict[str, Any]]:
    """Return jobs, seconds and the largest memory (MiB) of each rule, from Snakemake's benchmark files.

    A file is named `<rule>.tsv`, or `<rule>-<item>.tsv`; one that is not there is passed over.
    """
    rows = []
    for path in filter(Path.is_file, map(Path, benchmarks)):
        found = pd.read_csv(path, sep="\t", na_values="-")
        rows.append(
            {
                "rule": path.stem.split("-")[0],
                "seconds": found["s"].sum(),
                "max_rss_mib": found["max_rss"].max(),
            }
        )
    if not rows:
        return []
    table = pd.DataFrame(rows).groupby("rule", as_index=False)
    table = table.agg(
        jobs=("seconds", "size"), seconds=("seconds", "sum"), max_rss_mib=("max_rss_mib", "max")
    )
    return table.sort_values("seconds", ascending=False).to_dict("records")
