"""Which process is which, and jobs that end with the workflow that started them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from inquest import processes

SRC = Path(__file__).parents[1] / "src"

# A workflow that starts a job, which starts a process of its own, says its number and waits.
WORKFLOW = """
import os, subprocess, sys, time
os.environ["INQUEST_WORKFLOW"] = str(os.getpid())
job = '''
import subprocess, sys, time
from inquest.processes import end_with_workflow
end_with_workflow()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
print(child.pid, flush=True)
time.sleep(300)
'''
started = subprocess.Popen([sys.executable, "-c", job], stdout=subprocess.PIPE, text=True)
print(started.pid, started.stdout.readline(), flush=True)
time.sleep(300)
"""


def test_a_job_and_what_it_started_end_with_a_workflow_that_is_killed():
    environment = {**os.environ, "PYTHONPATH": str(SRC)}
    workflow = subprocess.Popen(
        [sys.executable, "-c", WORKFLOW], env=environment, stdout=subprocess.PIPE, text=True
    )
    started = [psutil.Process(int(number)) for number in workflow.stdout.readline().split()]
    assert len(started) == 2 and all(process.is_running() for process in started)
    workflow.send_signal(signal.SIGKILL)  # and nobody has asked how it ended: it is a zombie
    gone, alive = psutil.wait_procs(started, timeout=30)
    assert not alive and len(gone) == 2
    workflow.wait()


def test_a_job_whose_workflow_is_gone_ends_at_once():
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    ended.wait()
    code = "from inquest.processes import end_with_workflow; end_with_workflow(); print('on the way')"
    environment = {**os.environ, "PYTHONPATH": str(SRC), processes.WORKFLOW: str(ended.pid)}
    job = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (job.returncode, job.stdout) == (-signal.SIGKILL, "")


def test_a_job_without_a_workflow_runs(monkeypatch):
    monkeypatch.delenv(processes.WORKFLOW, raising=False)
    processes.end_with_workflow()


def test_a_process_is_known_by_more_than_its_number():
    known = processes.this_process()
    assert processes.find(known) == psutil.Process()
    assert processes.find({**known, "began": known["began"] - 60}) is None  # the number was used again
    assert processes.find({**known, "host": "elsewhere"}) is None
    assert processes.find({}) is None and processes.find({**known, "process": None}) is None


@pytest.mark.parametrize("stopped", [False, True])
def test_a_stopped_process_is_ended_too(stopped):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    if stopped:
        child.send_signal(signal.SIGSTOP)
    processes.end(psutil.Process(child.pid))
    assert child.wait(10) == -signal.SIGKILL
