"""How a job runs: seeds, threads, progress, and errors that end in one line."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest

from inquest import runtime
from inquest.errors import InquestError
from inquest.runtime import Progress, alone, batch, describe, hardware, job, seed_for, versions

SRC = Path(__file__).parents[1] / "src"


@pytest.fixture
def rule(tmp_path, monkeypatch):
    """Return what Snakemake gives a script; the threads of the tests stay as they are."""
    monkeypatch.setattr(runtime, "limit_threads", lambda threads: None)
    return SimpleNamespace(log=str(tmp_path / "logs" / "a.log"), rule="clean", threads=1, output=[])


def run_python(code: str, **keys) -> subprocess.CompletedProcess:
    environment = {**os.environ, "PYTHONPATH": str(SRC)}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, **keys
    )


def test_a_job_writes_its_log_and_nothing_to_the_screen(rule, capsys):
    with job(rule):
        print("on the way")
        print("a warning", file=sys.stderr)
    assert capsys.readouterr() == ("", "")
    assert Path(rule.log).read_text() == "on the way\na warning\n"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (InquestError("t.csv, line 3", "3 cells", "2 are\nallowed"), "t.csv, line 3: 3 cells; 2 are allowed"),
        (ValueError("no\nsecond line"), "rule clean failed: ValueError: no{end}"),
        (KeyError("k"), "rule clean failed: KeyError: 'k'{end}"),
        (AssertionError(), "rule clean failed: AssertionError:{end}"),
        (MemoryError(), "rule clean failed: MemoryError:{end}"),
        (ValueError("\x1b[2Jred \ud800"), "rule clean failed: ValueError: \ufffd[2Jred \ufffd{end}"),
        (ExceptionGroup("2", [ValueError()]), "rule clean failed: ExceptionGroup: 2 (1 sub-exception){end}"),
    ],
)  # fmt: skip
def test_an_error_is_one_line_on_the_screen_and_a_traceback_in_the_log(rule, capsys, error, line):
    with pytest.raises(SystemExit) as caught, job(rule):
        print("on the way")
        raise error
    assert caught.value.code == 1
    line = "inquest: " + line.format(end=f" (traceback in {rule.log})")
    assert capsys.readouterr() == ("", line + "\n")
    log = Path(rule.log).read_text(encoding="utf-8")
    assert log.startswith("on the way\n")
    assert "Traceback (most recent call last):" in log
    assert "test_runtime.py" in log
    assert log.endswith(f"\n{line}\n")
    assert describe(error, "clean", Path(rule.log)) == line


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_being_stopped_is_no_error(rule, capsys, error):
    with pytest.raises(type(error)) as caught, job(rule):
        print("on the way")
        raise error
    assert caught.value is error
    assert capsys.readouterr() == ("", "")
    assert Path(rule.log).read_text() == "on the way\n"


def test_a_job_without_a_log(rule, capsys):
    rule.log = None
    with pytest.raises(SystemExit), job(rule):
        raise InquestError("a", "b", "c")
    assert capsys.readouterr() == ("", "inquest: a: b; c\n")


def test_a_script_that_fails_has_exit_code_1(tmp_path):
    done = run_python(
        "from types import SimpleNamespace\n"
        "from inquest.errors import InquestError\n"
        "from inquest.runtime import job\n"
        "with job(SimpleNamespace(log='a.log', rule='clean', threads=1, output=[])):\n"
        "    print('on the way')\n"
        "    raise InquestError('data.label', 'größe', 'ok')\n",
        cwd=tmp_path,
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "inquest: data.label: größe; ok\n")
    assert "Traceback" in (tmp_path / "a.log").read_text()


@pytest.mark.parametrize("before", ["", "import numpy, scipy.linalg\n"])
def test_threads_are_limited_before_and_after_numpy_is_imported(before):
    done = run_python(
        f"{before}from inquest.runtime import limit_threads\n"
        "limit_threads(1)\n"
        "import os, numpy, scipy.linalg\n"
        "from threadpoolctl import threadpool_info\n"
        "print(max(pool['num_threads'] for pool in threadpool_info()), os.environ['OMP_NUM_THREADS'])"
    )
    assert done.stdout == "1 1\n", done.stderr


def test_seeds_depend_on_names_alone():
    # sha256("7\x1fshapley\x1f3") begins with these four bytes
    assert seed_for(7, "shapley", 3) == 0x126B6AFD
    assert seed_for(7, "shapley", 3) == seed_for(7, "shapley", "3")
    seeds = {seed_for(study, name, i) for study in range(5) for name in ("a", "b", "ab") for i in range(100)}
    assert len(seeds) == 1500
    assert all(0 <= seed < 2**32 for seed in seeds)
    assert sum(seed < 2**31 for seed in seeds) == pytest.approx(750, abs=80)  # four standard errors
    assert seed_for(1, "a", "b") != seed_for(1, "ab") != seed_for(1, "b", "a")


def test_batches_are_named_by_their_ends():
    assert [list(batch(name)) for name in ("3", "3-5", "0-0")] == [[3], [3, 4, 5], [0]]


def test_progress_is_told_now_and_then(monkeypatch, capsys):
    now = iter([0.0, 1.0, 6.0, 7.0, 8.0])
    monkeypatch.setattr(runtime.time, "monotonic", lambda: next(now))
    monkeypatch.setattr(runtime.sys, "__stderr__", screen := io.StringIO())
    progress = Progress("fits", 8, every=5, on_screen=8)
    for done in (1, 2, 3, 2):  # after 1, 6, 7 and 8 seconds
        progress.step(done)
    assert capsys.readouterr().out == "fits: 3 of 8, 10 s left\nfits: 8 of 8, 0 s left\n"
    assert screen.getvalue() == "fits: 8 of 8, 0 s left\n"


def test_facts_of_the_machine_and_the_packages():
    found = hardware()
    assert set(found) == {"processor", "cores", "memory_gib", "system", "python"}
    assert found["cores"] == os.cpu_count()
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))
    assert found["memory_gib"] is None or 0.1 < found["memory_gib"] < 1e5
    import numpy

    assert versions(["numpy", "no-such-package"]) == {"numpy": numpy.__version__}


def test_a_job_waits_for_one_that_holds_the_lock(tmp_path, capfd):
    """A job that outlived its workflow would take away what the next one of its kind writes."""
    lock, order = tmp_path / "sub" / "a.lock", []

    def second():
        with alone(lock):
            order.append("second")

    with alone(lock):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"] and "waiting for another job" in capfd.readouterr().out
    with alone(lock):
        pass
