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
    "annotations",
    "studies",
    "profiles",
    "envs",
    "reference",
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


def tiny_texts(rows: int = 130) -> pd.DataFrame:
    """Return sentences whose sentiment one word tells, with a rating; on some nobody has an opinion."""
    rng = np.random.default_rng(4)
    words = ["the", "film", "is", "a", "story", "plot", "very", "and", "not", "but"]
    opinions = {-1: ["bad", "dull", "cold", "sad", "slow"], 1: ["good", "great", "warm", "funny", "clever"]}
    table = []
    for i in range(rows):
        sign = [-1, 1][i % 2]
        said = [*rng.choice(words, size=rng.integers(1, 12)), rng.choice(opinions[sign])]
        rating = 0.0 if i % 50 == 0 else sign * round(float(rng.uniform(0.2, 4)), 2)
        table.append({"sentence": " ".join(said), "rating": rating})
    return pd.DataFrame(table)


class Workflow:
    """The workflow in a folder of its own."""

    def __init__(self, folder: Path, study: str = "tiny"):
        self.folder, self.study = folder, study
        folder.mkdir(parents=True, exist_ok=True)
        for part in PARTS:
            source = REPO / part
            if source.is_dir():
                shutil.copytree(source, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
            elif source.exists():
                shutil.copy2(source, folder / part)
        tiny_table().to_csv(folder / "tiny.csv", index=False)
        tiny_texts().to_csv(folder / "texts.csv", index=False)
        shutil.copy2(REPO / "tests" / "studies" / f"{study}.yaml", folder)

    def config(
        self, change: Callable[[dict[str, Any]], object] = lambda config: None, name: str = "changed"
    ) -> str:
        """Write the study's config with a change, and return its file's name."""
        config = yaml.safe_load((self.folder / f"{self.study}.yaml").read_text())
        change(config)
        (self.folder / f"{name}.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
        return f"{name}.yaml"

    def run(
        self,
        *arguments: str,
        config: str | None = None,
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
            config or f"{self.study}.yaml",
        ]
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**clean, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=1800,
        )

    def planned(self, *arguments: str, config: str | None = None) -> dict[str, int]:
        """Return how many jobs of each rule a run would do (nothing, if all is up to date)."""
        done = self.run("--dry-run", *arguments, config=config)
        assert done.returncode == 0, done.stderr
        text = done.stdout + done.stderr
        if "Nothing to be done" in text:
            return {}
        rows = re.findall(r"^([a-z_]+) +(\d+)$", text, flags=re.M)
        assert rows, text
        return {name: int(count) for name, count in rows if name not in ("total", "all")}

    @staticmethod
    def complaint(done: subprocess.CompletedProcess[str]) -> str:
        """Return the one line that inquest wrote, having checked how the run ended."""
        screen = done.stdout + done.stderr
        assert done.returncode == 1, screen
        assert "Traceback" not in screen
        lines = [line for line in screen.splitlines() if line.startswith("inquest: ")]
        assert lines, screen
        assert len(set(lines)) == 1, lines
        return lines[-1]

    def artefacts(self) -> dict[str, bytes]:
        """Return the content of every result that a rerun has to reproduce."""
        root = self.folder / "results" / self.study
        apart = {"logs", "timings"}
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and path.relative_to(root).parts[0] not in apart
        }


@pytest.fixture(scope="session")
def workflow(tmp_path_factory) -> Workflow:
    """The workflow with the tiny study done, on two cores."""
    made = Workflow(tmp_path_factory.mktemp("workflow"))
    done = made.run()
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return made


@pytest.fixture(scope="session")
def make_workflow():
    """Return what makes the workflow in a folder, with nothing done."""
    return Workflow


@pytest.fixture
def fresh(tmp_path) -> Workflow:
    """The workflow with nothing done."""
    return Workflow(tmp_path)


@pytest.fixture(scope="session")
def make_texts_workflow(tiny_encoder, tiny_llm):
    """Return a function that makes the workflow with the tiny study of texts, and nothing done."""

    def make(folder: Path) -> Workflow:
        made = Workflow(folder, "tiny-texts")
        shutil.copytree(tiny_encoder, folder / "tiny-bert")
        shutil.copytree(tiny_llm, folder / "tiny-llama")
        return made

    return make


@pytest.fixture(scope="session")
def texts_workflow(make_texts_workflow, tmp_path_factory) -> Workflow:
    """The workflow with the tiny study of texts done, on two cores."""
    made = make_texts_workflow(tmp_path_factory.mktemp("texts"))
    done = made.run()
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return made


@pytest.fixture
def fresh_texts(make_texts_workflow, tmp_path) -> Workflow:
    """The same with nothing done."""
    return make_texts_workflow(tmp_path)
