"""How a job runs: seeds by name, thread limits, hardware facts, and errors that end in one line."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import importlib.metadata
import io
import os
import platform
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

from inquest.errors import DamagedError, InquestError, one_line
from inquest.processes import WORKFLOW, end_with_workflow
from inquest.progress import spoken
from inquest.written import Record, set_aside

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)

# What the system says when nothing more can be written, and what to do about it.
FULL = {
    os.strerror(errno.ENOSPC): "make room, then start again",
    os.strerror(errno.EDQUOT): "make room, then start again",
    os.strerror(errno.EROFS): "make the folder one that can be written to, then start again",
}


def seed_for(study_seed: int, *names: object) -> int:
    """Return the seed that belongs to a name, such as ``seed_for(7, "shapley", 3)``.

    Seeds depend on names alone, never on how many were drawn before: the order and the number of jobs
    change nothing.

    Returns
    -------
    int
        In 0 … 2**32 - 1, uniform over names (the first four bytes of a SHA-256).
    """
    text = "\x1f".join(str(part) for part in (study_seed, *names))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def limit_threads(threads: int) -> None:
    """Give BLAS and OpenMP exactly ``threads`` threads. Call it before numpy is imported."""
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(threads)
    if "numpy" in sys.modules:
        import threadpoolctl

        threadpoolctl.threadpool_limits(threads)


def hardware() -> dict[str, object]:
    """Return processor, cores, memory (GiB) and system of this machine, for the provenance page."""
    cpu, memory = platform.processor() or platform.machine(), None
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        cpu = names[0] if names else cpu
    with contextlib.suppress(OSError, ValueError, AttributeError):
        memory = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    return {
        "processor": cpu,
        "cores": os.cpu_count(),
        "memory_gib": memory,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def versions(distributions: Iterable[str]) -> dict[str, str]:
    """Return the installed version of each distribution that is installed."""
    found = {}
    for name in distributions:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def hand_down(folder: Path) -> None:
    """Put a folder of modules on the path of every process that this one starts; jobs among them end with it.

    Their threads wait for each other asleep: where other programs use the processor, too, threads that spin
    take the time that those need on whom they wait, and a fine-tuning gets slower by a factor of ten.
    """
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), before]))
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ[WORKFLOW] = str(os.getpid())


def batch(name: str) -> range:
    """Return the items of a batched job by its name: ``3`` is one item, ``3-5`` are three."""
    first, _, last = name.partition("-")
    return range(int(first), int(last or first) + 1)


@contextlib.contextmanager
def alone(path: str | Path) -> Iterator[None]:
    """Wait for another job that holds a lock file to end: one that outlived its workflow, which was killed.

    The lock goes with the process that holds it. A file system without locks has none.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another job of an earlier run to end ({path})", flush=True)
            print(f"waiting for another job of an earlier run to end ({path})", file=sys.__stderr__)
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            pass
        yield


class Progress:
    """Say in the rule's log, and now and then on the screen, how much of a long job is done and what is left.

    Parameters
    ----------
    what : str
        What is counted, such as ``rows left out``.
    total : int
    every, on_screen : float
        Seconds between two lines in the log, and on the screen.
    """

    def __init__(self, what: str, total: int, every: float = 5.0, on_screen: float = 20.0):
        self.what, self.total, self.every, self.on_screen = what, total, every, on_screen
        self.done, self.started = 0, time.monotonic()
        self.said = self.shown = self.started

    def step(self, done: int = 1) -> None:
        self.done += done
        now = time.monotonic()
        if now - self.said >= self.every or self.done == self.total:
            self.said = now
            left = (now - self.started) / self.done * (self.total - self.done)
            line = f"{self.what}: {self.done:,} of {self.total:,}, {spoken(left)} left"
            print(line, flush=True)
            if now - self.shown >= self.on_screen:  # beside the log, to which a job's output goes
                self.shown = now
                print(line, file=sys.__stderr__, flush=True)


class _Log(io.FileIO):
    """A log for which a full disk is no error: the rule is to say what it could not write, not its log."""

    def write(self, data) -> int:
        with contextlib.suppress(OSError):
            return super().write(data)
        return len(data)


@contextlib.contextmanager
def job(snakemake) -> Iterator[None]:
    """Run a rule's script: output goes to the rule's log, an error ends in one line on the screen.

    The traceback is in the log. The line on the screen (and last in the log) starts with ``inquest:``.
    Takes Snakemake's ``snakemake`` object (its ``log``, ``output``, ``rule`` and ``threads``), and exits with
    code 1 on an error. What the rule has written is recorded (see `inquest.written`), and the process ends
    as soon as the workflow that started it is gone.
    """
    end_with_workflow()
    limit_threads(snakemake.threads)
    path = Path(str(snakemake.log)) if snakemake.log else Path(os.devnull)
    line = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        log = _Log(path, "w")
    except OSError:  # nothing can be written here, and the outputs will say so
        log = _Log(os.devnull, "w")
    with (
        io.TextIOWrapper(
            io.BufferedWriter(log), encoding="utf-8", errors="backslashreplace", line_buffering=True
        ) as said,
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        try:
            record = Record(path, snakemake.output)
            record.begin()
            yield
            record.finish()
        except Exception as error:
            traceback.print_exc()
            line = describe(error, snakemake.rule, path)
            print(line)
    if line is not None:
        print(line, file=sys.stderr, flush=True)
        sys.exit(1)


def describe(error: Exception, rule: str, log: Path) -> str:
    """Return the one line that a person sees for an error."""
    if isinstance(error, DamagedError):
        return f"inquest: {_out_of_the_way(error, log)}"
    if isinstance(error, InquestError):
        return f"inquest: {error}"
    full = next((why for why in FULL if why in str(error)), None)  # libraries say it in errors of their own
    if full:
        file = f" ({error.filename})" if isinstance(error, OSError) and error.filename else ""
        return one_line(f"inquest: rule {rule}: {full}{file}; {FULL[full]}")
    first = (str(error).strip().splitlines() or [""])[0]
    return one_line(f"inquest: rule {rule} failed: {type(error).__name__}: {first} (traceback in {log})")


def _out_of_the_way(error: DamagedError, log: Path) -> InquestError:
    """Move a damaged result to the study's folder for them, so that the next run makes it anew."""
    root, damaged = Record(log, ()).root, Path(error.path)
    if root is None or not damaged.is_relative_to(root):
        return error
    try:
        aside = set_aside(root, damaged)
    except OSError:
        return InquestError(str(damaged), error.found, "remove it, then start again with the same command")
    again = f"it is now {aside}; start again with the same command, and it is made anew"
    return InquestError(str(damaged), error.found, again)
