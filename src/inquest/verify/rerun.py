"""A study run anew, by a Snakemake of its own, in a folder that looks like the working folder."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from inquest.artefacts import write_text
from inquest.errors import InquestError, one_line
from inquest.runtime import THREAD_VARIABLES

OWN = ("results", ".snakemake")
"""What a view has of its own."""
OUTSIDE = "paths that leave the working folder must be absolute"


def make_view(view: Path, here: Path) -> None:
    """Make a folder through which a run sees the working folder, and writes to results of its own.

    Everything in ``here`` but `results/` and `.snakemake/` is there as a symbolic link, and so is
    `results/downloads`, so that relative paths lead where they should and nothing is fetched twice. Results
    of an earlier run in the view are deleted first; links are taken away, never followed.

    Parameters
    ----------
    view, here : Path
        Both absolute.
    """
    view.mkdir(parents=True, exist_ok=True)
    for entry in view.iterdir():
        if entry.is_symlink():
            entry.unlink()
        elif entry.name in OWN:
            _remove(entry)
    for entry in here.iterdir():
        if entry.name not in OWN and not os.path.lexists(view / entry.name):
            (view / entry.name).symlink_to(entry)
    downloads = here / "results" / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    (view / "results").mkdir()
    (view / "results" / "downloads").symlink_to(downloads)


def _remove(folder: Path) -> None:
    """Delete a folder with what is protected in it; a link in it is taken away, not what it leads to."""
    for root, folders, _ in os.walk(folder):
        for path in (Path(root), *(Path(root, name) for name in folders)):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | stat.S_IRWXU)
    shutil.rmtree(folder)


def write_config(path: str | Path, config: Mapping[str, Any]) -> None:
    """Write a config as Snakemake reads it."""
    write_text(path, yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True))


def snakemake(
    *arguments: str, python: str = sys.executable, shown: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake as a program of its own.

    Its output goes where this process's goes, or is returned if it isn't ``shown``. Limits on threads that
    this process is under are not handed down: each of its jobs has its own.
    """
    environment = {key: value for key, value in os.environ.items() if key not in THREAD_VARIABLES}
    options = {} if shown else {"capture_output": True}
    return subprocess.run(
        [python, "-m", "snakemake", *arguments], env=environment, text=True, check=False, **options
    )


def outputs_of(results: str, *arguments: str, python: str = sys.executable) -> list[str]:
    """Return what the workflow writes below a results folder, as paths below it: files and folders.

    Parameters
    ----------
    results : str
        The folder as the rules name it: `results/<study>`.
    arguments : str
        Of Snakemake, to say which workflow and config.
    """
    done = snakemake("--summary", *arguments, python=python, shown=False)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise InquestError("snakemake --summary", one_line(said[-1]), "run the study first")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    paths = [row[0] for row in rows if len(row) > 3 and row[0].startswith(f"{results}/")]
    return sorted(path.removeprefix(f"{results}/") for path in paths)


def rerun(
    here: str | Path,
    study: str,
    config: Mapping[str, Any],
    snakefile: str | Path,
    cores: int | str,
    python: str = sys.executable,
    options: Sequence[str] = (),
) -> tuple[Path, list[str]]:
    """Run a study from nothing, in `results/verify/<study>/`, and return its results folder and its outputs.

    Parameters
    ----------
    here : path
        The working folder.
    study : str
        Its name.
    config : mapping
        The config as the workflow was given it.
    snakefile : path
    cores : int or "all"
    python : str
        The Python that has Snakemake.
    options : sequence of str
        More options of Snakemake, such as those of the profile.

    Raises
    ------
    InquestError
        If the run fails.
    """
    here = Path(here).resolve()
    view = here / "results" / "verify" / study
    make_view(view, here)
    file = view.with_name(f"{study}.config.yaml")
    write_config(file, config)
    workflow = ["--snakefile", str(snakefile), "--directory", str(view), "--configfile", str(file)]
    done = snakemake(*workflow, "--cores", str(cores), *options, python=python)
    if done.returncode:
        raise InquestError(
            f"the rerun of {study}",
            "it has failed, so there is nothing to compare",
            "what went wrong is said above, and in the logs in "
            f"{(view / 'results' / study / 'logs').relative_to(here)} ({OUTSIDE})",
        )
    return view / "results" / study, outputs_of(f"results/{study}", *workflow, python=python)
