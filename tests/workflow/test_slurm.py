"""Studies on a real Slurm, as `make test-slurm` starts one: see beside_slurm.sh."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
import time

import pytest

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.skipif(
        shutil.which("scontrol") is None
        or subprocess.run(["scontrol", "ping"], capture_output=True).returncode != 0,
        reason="no Slurm answers: make test-slurm starts one",
    ),
]
SLURM = [
    "--workflow-profile=profiles/slurm",
    "--latency-wait=10",
    "--slurm-init-seconds-before-status-checks=2",
    "--seconds-between-status-checks=2",
]


class Canceller(threading.Thread):
    """Cancel the first running job whose comment starts so, as an operator or a failing node would."""

    def __init__(self, comment: str):
        super().__init__(daemon=True)
        self.comment, self.cancelled, self.stopped = comment, None, False

    def run(self) -> None:
        asked = ["squeue", "--noheader", "--states=running", "--format=%i %k"]
        while not (self.cancelled or self.stopped):
            for line in subprocess.run(asked, capture_output=True, text=True).stdout.splitlines():
                job, _, comment = line.strip().partition(" ")
                if comment.startswith(self.comment) and not self.cancelled:
                    subprocess.run(["scancel", job], check=True)
                    self.cancelled = job
            time.sleep(0.3)


@pytest.fixture
def iris(make_workflow, tmp_path):
    """Return a function that makes the workflow with the study of irises, and nothing done."""

    def make(name: str):
        made = make_workflow(tmp_path / name)
        made.study = "iris"
        shutil.copy2(made.folder / "studies" / "iris.yaml", made.folder)
        return made

    return make


def test_a_study_on_slurm_has_the_same_bytes_though_a_job_was_cancelled(iris):
    workflow, fresh = iris("here"), iris("there")
    alone = workflow.run()
    assert alone.returncode == 0, alone.stderr[-3000:]
    canceller = Canceller("rule_find_flipped")
    canceller.start()
    done = fresh.run(*SLURM)
    canceller.stopped = True
    screen = done.stdout + done.stderr
    assert done.returncode == 0, screen[-5000:]
    assert canceller.cancelled and f"SLURM-job '{canceller.cancelled}' failed" in screen
    assert len(re.findall(r"Trying to restart job", screen)) == 1
    there, here = fresh.artefacts(), workflow.artefacts()
    assert sorted(there) == sorted(here)
    assert [name for name in here if there[name] != here[name]] == []
    for profile in (SLURM, []):  # nor does a run on one machine see anything to do
        assert fresh.planned(*profile) == {}


def test_a_job_that_took_too_much_memory_gets_more(fresh):
    """Slurm looks each second here; the start of Python alone takes longer, and more than 30 MB."""
    few = "--set-resources=split:mem_mb=30 * 50 ** (attempt - 1)"
    done = fresh.run("results/tiny/data/split.parquet", *SLURM, few)
    screen = done.stdout + done.stderr
    assert done.returncode == 0, screen[-5000:]
    assert len(re.findall(r"Trying to restart job", screen)) == 1
    assert (fresh.folder / "results/tiny/data/split.parquet").exists()


def test_a_mistake_ends_in_its_line(fresh):
    config = fresh.config(lambda c: c["data"].update(label="no such column"))
    done = fresh.run("results/tiny/data/clean.parquet", *SLURM, "--retries=0", config=config)
    assert "no such column" in fresh.complaint(done)


def test_commands_of_ones_own_submit_jobs_as_well(fresh):
    """Which has what a cancelled job needs: its state is asked for, and it is submitted again."""
    canceller = Canceller("")
    canceller.start()
    done = fresh.run("results/tiny/data/facts.json", "--workflow-profile=profiles/cluster-generic")
    canceller.stopped = True
    screen = done.stdout + done.stderr
    assert done.returncode == 0, screen[-5000:]
    assert canceller.cancelled and len(re.findall(r"Trying to restart job", screen)) == 1
