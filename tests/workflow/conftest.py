"""A copy of the workflow in a folder of its own, and a way to run it there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

REPO = Path(__file__).resolve().parents[2]
PARTS = (
    "Snakefile",
    "config.yaml",
    "pyproject.toml",
    "rules",
    "scripts",
    "src",
    "report",
    "studies",
    "profiles",
    "envs",
)


def tiny_table(rows: int = 60) -> pd.DataFrame:
    """Return a table to learn from, with a missing value and a comma in a cell."""
    rng = np.random.default_rng(3)
    size = rng.normal(size=rows)
    colour = rng.choice(["red", "green", "blue, or so"], size=rows)
    label = np.where(size + (colour == "red") + rng.normal(scale=0.5, size=rows) > 0.4, "yes", "no")
    table = pd.DataFrame({"size": size.round(3), "colour": colour, "outcome": label})
    table.loc[5, "size"] = np.nan
    return table


class Workflow:
    """The workflow in a folder of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        for part in PARTS:
            source = REPO / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            elif source.exists():
                shutil.copy2(source, folder / part)
        tiny_table().to_csv(folder / "tiny.csv", index=False)
        shutil.copy2(REPO / "tests" / "studies" / "tiny.yaml", folder / "tiny.yaml")

    def config(
        self, change: Callable[[dict[str, Any]], object] = lambda config: None, name: str = "changed"
    ) -> str:
        """Write the tiny study's config with a change, and return its file's name."""
        config = yaml.safe_load((REPO / "tests" / "studies" / "tiny.yaml").read_text())
        change(config)
        (self.folder / f"{name}.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
        return f"{name}.yaml"

    def run(
        self,
        *arguments: str,
        config: str = "tiny.yaml",
        cores: int = 2,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run Snakemake as a user would."""
        clean = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("SNAKEMAKE", "PYTEST", "COV", "PYTHONPATH"))
        }
        command = [
            sys.executable,
            "-m",
            "snakemake",
            *arguments,
            "--cores",
            str(cores),
            "--configfile",
            config,
        ]
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**clean, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=900,
        )

    def planned(self, *arguments: str, config: str = "tiny.yaml") -> dict[str, int]:
        """Return how many jobs of each rule a run would do (nothing, if all is up to date)."""
        done = self.run("--dry-run", *arguments, config=config)
        assert done.returncode == 0, done.stderr
        text = done.stdout + done.stderr
        if "Nothing to be done" in text:
            return {}
        rows = re.findall(r"^([a-z_]+) +(\d+)$", text, flags=re.M)
        assert rows, text
        return {name: int(count) for name, count in rows if name not in ("total", "all")}

    def artefacts(self, study: str = "tiny") -> dict[str, bytes]:
        """Return the content of every result that a rerun has to reproduce."""
        root = self.folder / "results" / study
        apart = {"logs", "timings"}
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file()
            and path.relative_to(root).parts[0] not in apart
            and path.suffix not in (".html", ".pdf")
        }


@pytest.fixture(scope="session")
def workflow(tmp_path_factory) -> Workflow:
    """The workflow with the tiny study done, on two cores."""
    made = Workflow(tmp_path_factory.mktemp("workflow"))
    done = made.run()
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return made


@pytest.fixture
def fresh(tmp_path) -> Workflow:
    """The workflow with nothing done."""
    return Workflow(tmp_path)
