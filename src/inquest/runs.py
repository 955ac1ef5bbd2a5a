"""A run of a study among others: one at a time, going on from what one that was killed left behind."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import psutil

from inquest.errors import InquestError
from inquest.processes import end, find, this_process
from inquest.written import Trouble, look, records, set_aside

LOCKS = Path(".snakemake", "locks")
CUT_OFF = "an earlier run was cut off; this one goes on from what it left"
SAID = 5  # so many results are named one by one


def guard(workflow: Any, study: str) -> None:
    """Let a run of the study look after its results before it decides what to do, and after its last job.

    Snakemake has no hook that early, so two steps of its workflow object are wrapped: `execute`, which other
    commands (such as ``--lint`` or ``--summary``) don't come to, and the making of the graph of jobs. A dry
    run tells the truth, and changes nothing.

    Parameters
    ----------
    workflow
        What a Snakefile knows as ``workflow``.
    study : str
    """
    if not (hasattr(workflow, "execute") and hasattr(workflow, "_build_dag")):
        return  # another version of Snakemake: its own locks and words stand
    execute, build = workflow.execute, workflow._build_dag
    root, mode = Path("results", study), []

    def guarded_execute(executor_plugin: Any, *arguments: Any, **settings: Any) -> Any:
        kind = executor_plugin.common_settings
        mode.append("dry" if kind.dryrun_exec else "touch" if kind.touch_exec else "run")
        if mode[0] == "dry":
            return execute(executor_plugin, *arguments, **settings)
        try:
            check_place(Path(".snakemake"))
            with alone(study) if workflow.execution_settings.lock else contextlib.nullcontext():
                try:
                    return execute(executor_plugin, *arguments, **settings)
                finally:
                    look(root, times=mode[0] == "run")
                    with contextlib.suppress(OSError):  # a dry run asks for it, in a read-only folder, too
                        LOCKS.mkdir(parents=True, exist_ok=True)
        except InquestError as error:
            sys.exit(f"inquest: {error}")

    def guarded_build() -> None:
        troubles = []
        if mode == ["dry"] and not os.access(".snakemake", os.W_OK):
            workflow.persistence.save_iocache = lambda: None  # a failure, there
        if mode and mode[0] != "touch":
            troubles = look(root, mend=mode[0] == "run")
            workflow.dag.forcefiles.update(str(trouble.output) for trouble in troubles)
        build()
        if troubles or mode == ["run"]:
            planned = {str(file) for job in workflow.dag.needrun_jobs() for file in job.output}
            if planned and mode == ["run"]:
                check_place(root)
            tell([t for t in troubles if str(t.output) in planned], root, move=mode == ["run"])
            if troubles and mode == ["run"]:
                workflow.iocache.clear()  # of files that have just been set aside

    workflow.execute, workflow._build_dag = guarded_execute, guarded_build


def say(line: str) -> None:
    print(f"inquest: {line}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def alone(study: str) -> Iterator[None]:
    """Hold a study's lock, and clear away what a run of it that was killed left: its jobs and its locks.

    The lock goes with the process that holds it. A file system without locks has none; then nothing is
    cleared, and Snakemake's own locks and words stand.

    Parameters
    ----------
    study : str

    Raises
    ------
    InquestError
        If another run of the study is going on.
    """
    path = Path(".snakemake", "inquest", "runs", f"{study}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(study, _note(file)) from None
        except OSError:
            yield
            return
        before = _note(file)
        _write(file, json.dumps(this_process()))
        if before.get("host", platform.node()) == platform.node():
            end_jobs(study)
            clear_locks(study)
        yield
        _write(file, "")


def _note(file) -> dict:
    file.seek(0)
    with contextlib.suppress(ValueError):
        note = json.loads(file.read() or "{}")
        return note if isinstance(note, dict) else {}
    return {}


def _write(file, text: str) -> None:
    with contextlib.suppress(OSError):  # of a full disk; the lock holds without
        file.seek(0)
        file.truncate()
        file.write(text)
        file.flush()


def _busy(study: str, note: dict) -> InquestError:
    process, host = note.get("process"), note.get("host")
    who = f" (process {process} on {host})" if process else ""
    stop = f", or stop it with `kill {process}`" if process and host == platform.node() else ""
    return InquestError(
        f"study `{study}`",
        f"another run of it is going on in this folder{who}",
        f"wait until it has ended{stop}, then start again",
    )


def end_jobs(study: str) -> None:
    """End the jobs of an earlier run that still live: such a one was stopped when its workflow was killed."""
    for path, record in records(Path("results", study)):
        process = find(record.get("running", {}))
        if process:
            end(process)
            with contextlib.suppress(psutil.TimeoutExpired):
                process.wait(10)
            say(f"a job of an earlier run was still there and has been ended: {path.stem} ({process.pid})")


def clear_locks(study: str) -> None:
    """Remove Snakemake's locks of a study that no run holds any more."""
    mine = f"results/{study}/"
    for kind in ("output", "input"):
        stale = []
        for path in sorted(LOCKS.glob(f"*.{kind}.lock")):
            with contextlib.suppress(OSError):
                if any(line.startswith(mine) for line in path.read_text().splitlines()):
                    path.unlink()
                    stale.append(path)
        if stale and kind == "output":
            say(CUT_OFF)


def tell(troubles: Iterable[Trouble], root: Path, move: bool) -> None:
    """Say which results are not what their rules wrote, and set aside those that somebody changed."""
    troubles = [trouble for trouble in troubles if trouble.why != "unfinished"]
    for trouble in troubles:
        if trouble.why == "changed" and not move:
            say(f"{trouble.file} is not what its rule wrote; a run will set it aside and make it anew")
        elif trouble.why == "changed":
            aside = set_aside(root, trouble.file)
            say(f"{trouble.file} was not what its rule wrote; it is now {aside}, and is made anew")
    gone = [trouble for trouble in troubles if trouble.why == "gone"]
    for trouble in gone[:SAID]:
        say(f"{trouble.file} is gone and is made anew")
    if len(gone) > SAID:
        say(f"… and {len(gone) - SAID} more results that are gone")


def check_place(path: Path) -> None:
    """Find a folder that can't be written to before any job fails of it.

    Raises
    ------
    InquestError
    """
    place = next(place for place in (path, *path.absolute().parents) if place.exists())
    if not os.access(place, os.W_OK | os.X_OK):
        raise InquestError(
            str(place),
            "the folder can't be written to, and a run has results to write there",
            "make it one that can be written to, then start again",
        )
