"""Which process is which, and jobs that end with the workflow that started them."""

from __future__ import annotations

import contextlib
import os
import platform
import signal
import threading
import time
from collections.abc import Mapping

import psutil

EVERY = 0.5  # seconds between two looks
WORKFLOW = "INQUEST_WORKFLOW"  # the environment variable with the process that a job ends with


def this_process() -> dict[str, object]:
    """Return what tells this process from all others: host, number, and when it began (s since 1970)."""
    return {"host": platform.node(), "process": os.getpid(), "began": psutil.Process().create_time()}


def find(known: Mapping[str, object]) -> psutil.Process | None:
    """Return the process that `this_process` told of, if it runs on this host."""
    if known.get("host") != platform.node():
        return None
    with contextlib.suppress(psutil.Error, TypeError, ValueError):
        process = psutil.Process(int(known["process"]))
        if abs(process.create_time() - float(known["began"])) < 2 and not over(process):
            return process
    return None


def over(process: psutil.Process) -> bool:
    """Whether a process has ended, be it that nobody has taken notice yet."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def end(process: psutil.Process) -> None:
    """End a process, even one that is stopped, and first all that it started; nothing is tidied up."""
    for one in [*process.children(recursive=True), process]:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()


def end_with_workflow() -> None:
    """End this process, and all that it started, as soon as the workflow that started it is gone.

    A workflow that was killed can't end its jobs; they would go on, and write into the next run's results.
    The workflow is the process that the environment names (see `inquest.runtime.hand_down`); without one
    nothing happens.
    """
    number = os.environ.get(WORKFLOW)
    if not number:
        return
    here = psutil.Process()
    try:
        workflow = psutil.Process(int(number))
        reused = workflow.create_time() > here.create_time()
    except psutil.NoSuchProcess:
        reused = True
    if reused:
        _end_here(here)

    def watch() -> None:
        while not over(workflow):
            time.sleep(EVERY)
        _end_here(here)

    threading.Thread(target=watch, name="ends with the workflow", daemon=True).start()


def _end_here(here: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        end(here)
    os.kill(os.getpid(), signal.SIGKILL)
