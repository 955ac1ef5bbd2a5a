"""Whatever happens to a run, the same command finishes it, with the results of an undisturbed one."""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

KINDS = ("workflow", "job", "all")
ENDED = 60  # seconds that a job has to end after its workflow; it looks once it has read its code
# Stops before the file whose path ends in SLOW is renamed or opened to be written, says so, and waits.
SLOW = """
import builtins, os, time
end, mark = os.environ.get("SLOW"), os.environ.get("SLOW_MARK")
if end:
    replace, reach = os.replace, open
    def wait(path):
        if str(path).endswith(end):
            with reach(mark + ".part", "w") as file:
                file.write(str(os.getpid()))
            replace(mark + ".part", mark)
            time.sleep(600)
    def slow_replace(source, target, **options):
        wait(target)
        return replace(source, target, **options)
    def slow_open(file, mode="r", *arguments, **options):
        if "w" in mode:
            wait(file)
        return reach(file, mode, *arguments, **options)
    os.replace, builtins.open = slow_replace, slow_open
"""


def copy_of(made, folder: Path):
    """Return a copy of a workflow and its results."""
    shutil.copytree(made.folder, folder, symlinks=True)
    copy = object.__new__(type(made))
    copy.folder, copy.study = folder, made.study
    return copy


@pytest.fixture
def study(workflow, tmp_path):
    """A copy of the tiny study, done."""
    return copy_of(workflow, tmp_path / "copy")


def results(workflow) -> Path:
    return workflow.folder / "results" / workflow.study


def start(workflow, environment=None) -> psutil.Process:
    """Start a run, in a process group of its own, that writes what it says to `said`."""
    clean = {
        k: v for k, v in os.environ.items() if not k.startswith(("SNAKEMAKE", "PYTEST", "COV", "PYTHONPATH"))
    }
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", f"{workflow.study}.yaml"]
    with open(workflow.folder / "said", "a") as said:
        return psutil.Popen(
            command,
            cwd=workflow.folder,
            env={**clean, **(environment or {})},
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def start_slow(workflow, name: str) -> tuple[psutil.Process, psutil.Process]:
    """Start a run that waits before a file is renamed or written; return it and the job that waits."""
    (workflow.folder / "slow").mkdir(exist_ok=True)
    (workflow.folder / "slow" / "sitecustomize.py").write_text(SLOW)
    mark = workflow.folder / "slow" / "mark"
    mark.unlink(missing_ok=True)
    slow = {"PYTHONPATH": str(workflow.folder / "slow"), "SLOW": name, "SLOW_MARK": str(mark)}
    run = start(workflow, slow)
    while not mark.exists():
        assert run.poll() is None, (workflow.folder / "said").read_text()[-3000:]
        time.sleep(0.05)
    return run, psutil.Process(int(mark.read_text()))


def jobs_of(workflow) -> list[psutil.Process]:
    """Return the processes of this folder's jobs, whoever their parents are."""
    scripts, found = str(workflow.folder / ".snakemake" / "scripts"), []
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if len(line) > 1 and "python" in line[0] and line[1].startswith(scripts):
            found.append(process)
    return found


def kill(kind: str, run: psutil.Process, job: psutil.Process) -> None:
    """Kill the workflow, one job of it, or everything at once; and wait until nothing is left of it."""
    children = run.children(recursive=True)
    if kind == "workflow":
        run.send_signal(signal.SIGKILL)
    elif kind == "job":
        job.kill()
    else:
        os.killpg(run.pid, signal.SIGKILL)
    run.wait(600)
    _, left = psutil.wait_procs(children, timeout=ENDED)
    assert left == []


def finish(workflow, undisturbed) -> str:
    """Run the documented command; the results are those of an undisturbed run. Return what was said."""
    done = workflow.run()
    said = done.stdout + done.stderr
    assert done.returncode == 0, said[-3000:]
    before, after = undisturbed.artefacts(), workflow.artefacts()
    assert sorted(set(before) ^ {name for name in after if not name.startswith("changed/")}) == []
    assert [name for name in before if before[name] != after[name]] == []
    return said


def lines(said: str) -> list[str]:
    return [line for line in said.splitlines() if line.startswith("inquest: ")]


@pytest.mark.parametrize("kind", KINDS)
def test_a_kill_in_the_middle_of_a_rename(study, workflow, kind):
    (results(study) / "shapley/rows/knn_shapley.parquet").unlink()
    run, job = start_slow(study, "knn_shapley.parquet")
    parts = list((results(study) / "shapley/rows").glob(".knn_shapley.parquet.*.part"))
    assert len(parts) == 1
    kill(kind, run, job)
    said = lines(finish(study, workflow))
    assert said == (
        [] if kind == "job" else ["inquest: an earlier run was cut off; this one goes on from what it left"]
    )
    assert study.planned() == {}


def test_a_second_run_and_an_orphan_that_was_stopped(study, workflow):
    """Another run of the study is refused, one of another study is not; a stopped job is ended."""
    (results(study) / "shapley/rows/knn_shapley.parquet").unlink()
    run, job = start_slow(study, "knn_shapley.parquet")
    second = study.complaint(study.run())
    assert re.fullmatch(
        rf"inquest: study `tiny`: another run of it is going on in this folder \(process {run.pid} on \S+\); "
        rf"wait until it has ended, or stop it with `kill {run.pid}`, then start again",
        second,
    )
    other = study.config(lambda config: config.update(study="other"), "other")
    done = study.run("results/other/data/clean.json", config=other)
    assert done.returncode == 0, done.stderr[-2000:]
    assert run.is_running() and job.is_running()
    job.suspend()
    run.send_signal(signal.SIGKILL)
    run.wait(60)
    time.sleep(1)
    assert job.status() == psutil.STATUS_STOPPED
    said = finish(study, workflow)
    ended = f"a job of an earlier run was still there and has been ended: value_by_neighbours ({job.pid})"
    assert f"inquest: {ended}" in said
    assert not job.is_running()


def test_results_that_are_not_what_their_rules_wrote(study, workflow):
    """Touched: nothing happens. Cut, edited or deleted: told by a dry run, kept, and made anew by a run."""
    root = results(study)
    for path in root.rglob("*"):
        if path.is_file() and "timings" not in path.parts:
            os.utime(path)
    assert "Nothing to be done" in study.run().stdout + study.run().stderr
    os.truncate(root / "shapley/tables/values.parquet", 1000)
    (root / "quality/facts.json").unlink()
    words = (root / "influence.html").read_text()
    (root / "influence.html").write_text(words.replace("e", "E", 1))
    dry = study.run("--dry-run")
    told = lines(dry.stdout + dry.stderr)
    assert told == [
        *(
            f"inquest: results/tiny/{name} is not what its rule wrote; "
            "a run will set it aside and make it anew"
            for name in ("influence.html", "shapley/tables/values.parquet")
        ),
        "inquest: results/tiny/quality/facts.json is gone and is made anew",
    ]
    assert {"describe_shapley", "describe_quality", "html", "pdf"} <= set(study.planned())
    assert not (root / "changed").exists()
    said = lines(finish(study, workflow))
    assert "it is now results/tiny/changed/influence.html, and is made anew" in said[0]
    assert (root / "changed/influence.html").read_text() == words.replace("e", "E", 1)
    assert (root / "changed/shapley/tables/values.parquet").stat().st_size == 1000
    assert study.planned() == {}


mounts = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only root can mount a small disk"
)


@pytest.fixture
def mount():
    """Return a function that mounts, and unmounts in the end."""
    mounted = []

    def mounting(*arguments: str | Path) -> None:
        done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"this machine lets nobody mount: {done.stderr.strip()}")
        mounted.append(arguments[-1])

    yield mounting
    for place in reversed(dict.fromkeys(mounted)):
        subprocess.run(["umount", "-l", str(place)], check=True)


@mounts
def test_a_full_disk(study, workflow, mount):
    """One line for each rule that failed of it; once there is room, the same command finishes."""
    place, kept = study.folder / "results", study.folder / "kept"
    place.rename(kept)
    place.mkdir()
    mount("-t", "tmpfs", "-o", "size=64m", "tmpfs", place)
    shutil.copytree(kept, place, dirs_exist_ok=True)
    for name in ("shapley/tables/values.parquet", "quality/facts.json"):
        (results(study) / name).unlink()
    with open(place / "filler", "wb", buffering=0) as filler, contextlib.suppress(OSError):
        while filler.write(bytes(4096)):
            pass
    done = study.run()
    said = done.stdout + done.stderr
    assert done.returncode == 1, said[-3000:]
    told = set(lines(said))
    assert len([line for line in told if "is gone and is made anew" in line]) == 2
    failed = [line for line in told if line.startswith("inquest: rule ")]
    assert failed and all("No space left on device" in line for line in failed), said[-3000:]
    assert all(line.endswith("make room, then start again") for line in failed)
    assert [path for path in place.rglob("*") if path.name.endswith(".part")] == []
    (place / "filler").unlink()
    finish(study, workflow)


@mounts
def test_a_folder_that_cannot_be_written_to(study, mount):
    """What is done can be looked at; what is not is one line before any job."""
    assert study.run().returncode == 0  # the report names the folder's own templates among its inputs
    place = study.folder / "results"
    mount("--bind", place, place)
    mount("-o", "remount,ro,bind", place)
    assert study.planned() == {}
    done = study.run()
    assert done.returncode == 0 and "Nothing to be done" in done.stdout + done.stderr
    more = study.config(lambda config: config["shapley"].update(show=4))
    line = study.complaint(study.run(config=more))
    assert line.endswith("make it one that can be written to, then start again") and "results/tiny" in line


@mounts
def test_a_working_folder_that_cannot_be_written_to(study, mount):
    assert study.run().returncode == 0
    mount("--bind", study.folder, study.folder)
    mount("-o", "remount,ro,bind", study.folder)
    assert study.planned() == {}
    line = study.complaint(study.run())
    assert "the folder can't be written to" in line


def test_a_training_whose_workflow_is_killed_ends_and_the_next_one_goes_on(texts_workflow, fresh_texts):
    """Killed in the second checkpoint: no orphan trains on, and the first, which is whole, is taken up."""
    run, job = start_slow(fresh_texts, "checkpoint-16/trainer_state.json")
    kill("workflow", run, job)
    (training,) = results(fresh_texts).glob("classifier/checkpoints/*")
    assert sorted(path.name for path in training.glob("checkpoint-*")) == ["checkpoint-16", "checkpoint-8"]
    finish(fresh_texts, texts_workflow)
    log = (results(fresh_texts) / "logs" / "classifier" / "fine_tune.log").read_text()
    assert "epoch 2 of 3" in log and "epoch 1 of 3" not in log


@pytest.mark.long
@pytest.mark.parametrize("name", ["tiny", "tiny-texts"])
@pytest.mark.parametrize("kind", KINDS)
def test_kills_at_random_moments(request, tmp_path, kind, name):
    """Twenty kills for each kind, over both studies; after each the same command goes on."""
    fixture = "workflow" if name == "tiny" else "texts_workflow"
    undisturbed, one = request.getfixturevalue(fixture), None
    moments, hit, finished = random.Random(f"{kind} {name}"), Counter(), 0
    kills = int(os.environ.get("INQUEST_KILLS", 10))
    while sum(hit.values()) < kills:
        if one is None:
            folder = tmp_path / str(finished)
            if name == "tiny":
                one = type(undisturbed)(folder)
            else:
                one = request.getfixturevalue("make_texts_workflow")(folder)
        run, moment = start(one), moments.uniform(0, 25)
        while run.poll() is None and not jobs_of(one):
            time.sleep(0.02)
        ends = time.monotonic() + moment
        while run.poll() is None and time.monotonic() < ends:
            time.sleep(0.02)
        jobs = jobs_of(one)
        if run.poll() is not None:
            finish(one, undisturbed)
            one, finished = None, finished + 1
        elif jobs or kind != "job":
            doing = re.sub(r"^tmp[^.]*\.|\.py$", "", Path(jobs[0].cmdline()[1]).name) if jobs else "no job"
            kill(kind, run, jobs[0] if jobs else None)
            hit[doing] += 1
        else:
            run.wait(600)
    if one is not None:
        finish(one, undisturbed)
    with open(os.environ.get("INQUEST_KILLS_TO", os.devnull), "a") as file:
        print(
            json.dumps({"study": name, "kind": kind, "kills": sum(hit.values()), "hit": dict(hit)}), file=file
        )
