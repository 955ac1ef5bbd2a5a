"""Each command of the README and of docs/ is tried: planned by a dry run, run, or listed with a reason."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.blocks import PAGES, ROOT, blocks, commands

LISTED = yaml.safe_load((ROOT / "tests" / "commands.yaml").read_text(encoding="utf-8"))
KNOWN = {*LISTED["run"], *LISTED["elsewhere"], *LISTED["not"]}
MAKE, SNAKEMAKE = re.compile(r"(\w+=\S+ )*make( |$)"), re.compile(r"(\w+=\S+ )*(\.venv/bin/)?snakemake ")
MINE = """from sklearn.linear_model import LogisticRegression


class MyClassifier(LogisticRegression):
    pass
"""


@pytest.fixture(scope="module")
def stranger(make_workflow, tmp_path_factory):
    """A copy of the repository, with the files that a reader of the pages would have made."""
    folder = tmp_path_factory.mktemp("stranger")
    make_workflow(folder)
    shutil.copy2(ROOT / "Makefile", folder)
    shutil.copytree(ROOT / "benchmarks", folder / "benchmarks", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "config.schema.json").symlink_to(ROOT / "config.schema.json")
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"hours": rng.uniform(0, 10, 400), "outcome": rng.choice(["yes", "no"], 400)})
    table.to_csv(folder / "my-table.csv", index=False)
    pd.DataFrame({"review": ["Fine."], "verdict": ["good"]}).to_csv(folder / "reviews.csv", index=False)
    own = next(block.text for block in blocks("docs/your-own-texts.md") if block.language == "yaml")
    (folder / "studies" / "reviews.yaml").write_text(own)
    (folder / "mine.py").write_text(MINE)
    study = yaml.safe_load((folder / "studies" / "your-own.yaml").read_text())
    study["baseline"] |= {"classifiers": {"mine": {"class": "mine.MyClassifier"}}, "classifier": "mine"}
    (folder / "studies" / "mine.yaml").write_text(yaml.safe_dump(study))
    return Stranger(folder)


class Stranger:
    """Someone who types what the pages say."""

    def __init__(self, folder: Path):
        self.folder, self.tried = folder, set()

    def shell(self, command: str) -> str:
        """Run a command, and return what it says."""
        hidden = ("SNAKEMAKE", "PYTEST", "COV", "PYTHONPATH", "MAKE")
        clean = {key: value for key, value in os.environ.items() if not key.startswith(hidden)}
        clean["PATH"] = f"{sys.prefix}/bin:{clean['PATH']}"
        done = subprocess.run(
            ["sh", "-c", command], cwd=self.folder, env=clean, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout + done.stderr

    def plan(self, command: str) -> None:
        """Have Snakemake say what a command would do."""
        dry = command if re.search(r" (-n|--dry-run)\b", command) else f"{command} --dry-run"
        if dry not in self.tried:
            self.tried.add(dry)
            said = self.shell(dry)
            assert "total" in said or "Nothing to be done" in said, said

    def make(self, command: str) -> None:
        """Have make say what it would start, and plan what of it is Snakemake."""
        for line in self.shell(re.sub(r"\bmake\b", "make --dry-run", command, count=1)).splitlines():
            if line.startswith(".venv/bin/snakemake --cores") or " verify --cores" in line:
                self.plan(line)


@pytest.mark.parametrize("page", [page for page in PAGES if commands(page)])
def test_every_command_of_a_page_is_tried(page, stranger):
    for command in commands(page):
        if command in LISTED["run"]:
            stranger.shell(command)
        elif command in KNOWN:
            continue
        elif MAKE.match(command):
            stranger.make(command)
        elif SNAKEMAKE.match(command):
            stranger.plan(command)
        else:
            pytest.fail(
                f"{page}: no test knows the command {command!r}; tests/commands.yaml is where to list it"
            )


def test_the_list_of_commands_has_no_other_and_names_tests_that_are_there():
    written = {command for page in PAGES for command in commands(page)}
    assert sorted(KNOWN - written) == []
    for test in LISTED["elsewhere"].values():
        assert (ROOT / test).is_file(), test
    assert all(len(reason) > 10 for reason in LISTED["not"].values())


def test_every_make_target_that_a_page_names_is_there():
    targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
    for page in PAGES:
        named = re.findall(r"`make ([a-z-]+)[^`]*`", (ROOT / page).read_text(encoding="utf-8"))
        assert set(named) <= targets, page
