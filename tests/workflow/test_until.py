"""Permutations that are added until the values are sure: what reruns, what is walked, and after a kill."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.workflow.conftest import Workflow

FACTS = "results/tiny/shapley/facts.json"
FURTHER = Path("results/tiny/shapley/rows/further")
CHAPTER = {"walk_on", "spot_check", "describe_shapley"}


def config(workflow: Workflow, until: tuple[float, int] | None = None, **others) -> str:
    """Write the study's config without the game of groups, and return its file's name."""

    def change(study):
        rule = until and {"standard_error": until[0], "max_permutations": until[1]}
        study["shapley"] |= {"groups": False, "until": rule, **others}

    return workflow.config(change, name=re.sub(r"\W+", "-", f"until {until} {others}"))


def chapter(workflow: Workflow) -> dict[str, bytes]:
    return {name: text for name, text in workflow.artefacts().items() if name.startswith("shapley/")}


def walked(workflow: Workflow) -> dict[str, int]:
    """Return when each further walk was whole: its account comes last."""
    return {path.name: path.stat().st_mtime_ns for path in (workflow.folder / FURTHER).rglob("*.json")}


def facts(workflow: Workflow) -> dict:
    return json.loads((workflow.folder / FACTS).read_text())["rows"]


@pytest.fixture(scope="module")
def fixed(tmp_path_factory) -> Workflow:
    """The chapter of the tiny study done, with a fixed number of permutations."""
    made = Workflow(tmp_path_factory.mktemp("until"))
    run(made, config(made))
    return made


@pytest.fixture
def done(fixed, tmp_path) -> Workflow:
    """The same in a folder that a test may change."""
    copy = object.__new__(Workflow)
    copy.folder, copy.study = tmp_path / "copy", fixed.study
    shutil.copytree(fixed.folder, copy.folder)
    return copy


def run(workflow: Workflow, file: str, cores: int = 2) -> None:
    ran = workflow.run(FACTS, config=file, cores=cores)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]


def test_tighter_goes_on_and_looser_keeps_what_is_there(done):
    loose, tight = config(done, (0.04, 60)), config(done, (0.025, 60))
    assert set(done.planned(FACTS, config=loose)) == CHAPTER  # no permutation is walked again
    run(done, loose)
    first, after_first, bytes_first = facts(done), walked(done), chapter(done)
    assert first["until"]["because"] == "sure" and 2 < first["permutations"] < 60
    assert len(after_first) == first["permutations"] - 2

    assert set(done.planned(FACTS, config=tight)) == CHAPTER
    run(done, tight)
    second, after_second = facts(done), walked(done)
    assert second["permutations"] > first["permutations"]
    assert after_second.items() > after_first.items()  # those that were there were not walked again
    assert second["until"]["looks"][: len(first["until"]["looks"])] == first["until"]["looks"]

    run(done, loose)
    assert walked(done) == after_second
    kept = {name: text for name, text in chapter(done).items() if "/further/" not in name}
    assert kept == {name: text for name, text in bytes_first.items() if "/further/" not in name}
    assert done.planned(FACTS, config=loose) == {}

    # of more fixed permutations, those that were walked before as further ones are used once
    more = config(done, (0.025, 60), permutations=4)
    assert set(done.planned(FACTS, config=more)) == {"permutation", *CHAPTER}
    run(done, more)
    assert walked(done).items() >= after_second.items()
    assert facts(done)["until"]["looks"][0]["permutations"] == 4


def test_exact_values_need_no_more_walks(fixed):
    exact = config(fixed, (0.02, 60), groups=True)
    assert fixed.planned(FACTS, config=exact)["walk_on"] == 1
    estimated = config(fixed, (0.02, 60), groups=True, exact_groups_up_to=0)
    assert fixed.planned(FACTS, config=estimated)["walk_on"] == 2


def test_a_killed_run_goes_on_to_the_same_bytes(done):
    file = config(done, (1e-6, 82))
    command = [sys.executable, "-m", "snakemake", FACTS, "--cores", "2", "--configfile", file]
    running = subprocess.Popen(
        command,
        cwd=done.folder,
        env={
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHONPATH"))
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        end = time.monotonic() + 120
        while len(walked(done)) < 5 and time.monotonic() < end:
            time.sleep(0.02)
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait()
    before = walked(done)
    assert 5 <= len(before) < 80 and not (done.folder / "results/tiny/shapley/rows/further.json").exists()
    done.run("--unlock", config=file)
    run(done, file)
    assert walked(done).items() > before.items()
    stopped, went_on = facts(done)["until"], chapter(done)
    assert stopped["because"] == "max_permutations" and stopped["permutations"] == 82

    shutil.rmtree(done.folder / "results/tiny/shapley")
    run(done, file, cores=1)
    assert chapter(done) == went_on
