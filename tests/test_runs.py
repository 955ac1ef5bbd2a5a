"""One run of a study at a time, and what a run that was killed left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from inquest import runs
from inquest.errors import InquestError
from inquest.processes import this_process
from inquest.written import Record, Trouble

SRC = Path(__file__).parents[1] / "src"
HOLD = "import sys; from inquest.runs import alone\nwith alone('s'): print(1, flush=True); sys.stdin.read()"


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def other():
    """Another run of the study `s`."""
    environment = {**os.environ, "PYTHONPATH": str(SRC)}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", HOLD], env=environment, **pipes)
    assert process.stdout.readline()
    yield process
    process.kill()
    process.wait()


def lock(name, *files):
    runs.LOCKS.mkdir(parents=True, exist_ok=True)
    (runs.LOCKS / name).write_text("\n".join(files) + "\n")


def test_a_second_run_is_told_of_the_first_and_leaves_it_alone(other):
    lock("0.output.lock", "results/s/a.json")
    with pytest.raises(InquestError, match=f"process {other.pid} on .*`kill {other.pid}`"), runs.alone("s"):
        pass
    assert other.poll() is None and (runs.LOCKS / "0.output.lock").exists()
    with runs.alone("t"):  # another study
        pass


def test_a_run_clears_away_the_locks_of_one_that_was_killed(other, capsys):
    lock("0.output.lock", "results/s/a.json", "results/s/b.json")
    lock("0.input.lock", "report/style.css", "results/s/a.json")
    lock("1.output.lock", "results/s-2/a.json")  # of another study
    other.kill()
    other.wait()
    with runs.alone("s"):
        assert [path.name for path in runs.LOCKS.iterdir()] == ["1.output.lock"]
    assert capsys.readouterr().err == "inquest: " + runs.CUT_OFF + "\n"
    with runs.alone("s"):
        pass
    assert capsys.readouterr().err == ""


def test_locks_of_a_run_on_another_machine_stay(other):
    path = Path(".snakemake/inquest/runs/s.lock")
    other.kill()
    other.wait()
    path.write_text(json.dumps({**this_process(), "host": "elsewhere"}))
    lock("0.output.lock", "results/s/a.json")
    with runs.alone("s"):
        assert (runs.LOCKS / "0.output.lock").exists()


def test_without_locks_nothing_is_cleared(monkeypatch):
    def none(*arguments):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(runs.fcntl, "flock", none)
    lock("0.output.lock", "results/s/a.json")
    with runs.alone("s"):
        assert (runs.LOCKS / "0.output.lock").exists()


def test_a_job_that_was_stopped_when_its_workflow_was_killed_is_ended(capsys):
    code = (
        "import os, signal; from inquest.written import Record\n"
        "Record('results/s/logs/a/slow.log', ['results/s/a.json']).begin()\n"
        "os.kill(os.getpid(), signal.SIGSTOP)"
    )
    environment = {**os.environ, "PYTHONPATH": str(SRC)}
    job = subprocess.Popen([sys.executable, "-c", code], env=environment)
    while psutil.Process(job.pid).status() != psutil.STATUS_STOPPED:
        assert job.poll() is None
    with runs.alone("s"):
        assert not psutil.pid_exists(job.pid)
    job.wait()
    assert f"still there and has been ended: slow ({job.pid})" in capsys.readouterr().err
    Record("results/s/logs/a/slow.log", ["results/s/a.json"]).begin()  # of this very process
    record = Path("results/s/timings/written/a/slow.json")
    record.write_text(record.read_text().replace(str(os.getpid()), "1"))  # whose number was used again
    with runs.alone("s"):
        pass


def test_what_is_changed_is_set_aside_and_what_is_gone_is_named(capsys):
    root = Path("results/s")
    root.mkdir(parents=True)
    (root / "a.json").write_text("mine")
    changed = Trouble(root / "a.json", root / "a.json", "changed")
    gone = [Trouble(root / f"{i}.json", root / f"{i}.json", "gone") for i in range(7)]
    begun = Trouble(root / "c.json", root / "c.json", "unfinished")
    runs.tell([changed, *gone, begun], root, move=False)
    assert (root / "a.json").exists()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 7 and "a run will set it aside" in lines[0]
    assert lines[1] == "inquest: results/s/0.json is gone and is made anew"
    assert lines[-1] == "inquest: … and 2 more results that are gone"
    runs.tell([changed], root, move=True)
    assert "it is now results/s/changed/a.json, and is made anew" in capsys.readouterr().err
    assert (root / "changed" / "a.json").read_text() == "mine"


def test_a_folder_that_cannot_be_written_to_is_found(monkeypatch):
    runs.check_place(Path("results/s"))
    monkeypatch.setattr(runs.os, "access", lambda place, how: place != Path.cwd())
    with pytest.raises(InquestError, match="the folder can't be written to"):
        runs.check_place(Path("results/s"))
