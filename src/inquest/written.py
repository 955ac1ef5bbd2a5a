"""What each job has written: a record of its files by which a later run knows those that are others now.

The record of the job whose log is `results/<study>/logs/data/clean.log` is
`results/<study>/timings/written/data/clean.json`. While the job runs, it names the process; once the job has
ended well, the size and the SHA-256 of each file. A run adds the times that the files have had since.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inquest.files import atomic, leftovers, remove, sha256
from inquest.processes import this_process

FOLDER = Path("timings", "written")
ASIDE = "changed"  # the folder of a study for files that somebody else changed


class Record:
    """The record of one job.

    Parameters
    ----------
    log : path
        The job's log, `<study's folder>/logs/…`.
    outputs : iterable of path
        What the job makes: files and folders.
    """

    def __init__(self, log: str | Path, outputs: Iterable[str | Path]):
        log = Path(log)
        at = next((i for i in reversed(range(len(log.parts))) if log.parts[i] == "logs"), None)
        self.root = Path(*log.parts[:at]) if at else None
        if self.root:
            self.path = (self.root / FOLDER).joinpath(*log.parts[at + 1 :]).with_suffix(".json")
            paths = [Path(path) for path in outputs]
            self.outputs = [path.relative_to(self.root) for path in paths if path.is_relative_to(self.root)]

    def begin(self) -> None:
        """Write down that the job runs, and remove what a killed attempt of it left half-written."""
        if self.root:
            for output in self.outputs:
                for left in leftovers(self.root / output):
                    remove(left)
            names = [output.as_posix() for output in self.outputs]
            _write(self.path, {"outputs": names, "running": this_process(), "at": time.time_ns()})

    def finish(self) -> None:
        """Write down what the job has written."""
        if self.root:
            files = {
                path.relative_to(self.root).as_posix(): {"bytes": path.stat().st_size, "sha256": sha256(path)}
                for output in self.outputs
                for path in files_of(self.root / output)
            }
            names = [output.as_posix() for output in self.outputs]
            _write(self.path, {"outputs": names, "files": files, "at": time.time_ns()})


def _write(path: Path, record: dict[str, Any]) -> None:
    with atomic(path) as part:
        part.write_text(json.dumps(record, sort_keys=True), encoding="utf-8")


def files_of(output: Path) -> list[Path]:
    """Return an output's files: itself, or what lies in it and is not hidden."""
    if not output.is_dir():
        return [output]
    found = (path for path in sorted(output.rglob("*")) if path.is_file())
    return [
        path for path in found if not any(part.startswith(".") for part in path.relative_to(output).parts)
    ]


@dataclass(frozen=True)
class Trouble:
    """A result that is not what its rule wrote."""

    output: Path
    """What the rule makes: the file, or the folder in which it lies."""
    file: Path
    why: str
    """`changed`; `gone`; or `unfinished`, when the job that was to write it began and did not end."""


def records(root: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the records of a study that can be read, with their paths."""
    for folder, _, names in os.walk(root / FOLDER):
        for name in names:
            if name.endswith(".json") and not name.startswith("."):
                path = Path(folder, name)
                with contextlib.suppress(OSError, ValueError):
                    record = json.loads(path.read_bytes())
                    if isinstance(record, dict) and isinstance(record.get("outputs"), list):
                        yield path, record


def look(root: Path, mend: bool = True, times: bool = True) -> list[Trouble]:
    """Return which results of a study are not what their rules wrote.

    Only files whose size or time is not the recorded one are read.

    Parameters
    ----------
    root : path
        The study's folder.
    mend : bool
        Whether to give files with the recorded content the recorded time again (a `touch` or a copy changed
        it), and to write down the times that are not recorded yet.
    times : bool
        False takes the times of the files with the recorded content as they are, and records them.
    """
    found = list(records(root))
    owner: dict[str, tuple[int, int]] = {}  # of two records of one output, the later one counts
    for i, (_, record) in enumerate(found):
        for output in record["outputs"]:
            owner[output] = max(owner.get(output, (-1, -1)), (int(record.get("at", 0)), i))
    troubles = []
    for i, (path, record) in enumerate(found):
        outputs = [output for output in record["outputs"] if owner[output][1] == i]
        if "files" not in record:
            troubles += [Trouble(root / output, root / output, "unfinished") for output in outputs]
            continue
        new = False
        for name, known in record["files"].items():
            output = next((one for one in outputs if name == one or name.startswith(f"{one}/")), None)
            if output is None:
                continue
            why, added = _compare(root / name, known, mend, times)
            new |= added
            if why:
                troubles.append(Trouble(root / output, root / name, why))
        if new and mend:
            with contextlib.suppress(OSError):
                _write(path, record)
    return sorted(troubles, key=lambda trouble: trouble.file)


def _compare(path: Path, known: dict[str, Any], mend: bool, times: bool) -> tuple[str | None, bool]:
    """Return what is wrong with a file, and whether its time was added to what is known."""
    try:
        stat = os.stat(path)
    except OSError:
        return "gone", False
    recorded = known.get("mtime_ns")
    if stat.st_size != known["bytes"]:
        return "changed", False
    if stat.st_mtime_ns == recorded:
        return None, False
    try:
        if sha256(path) != known["sha256"]:
            return "changed", False
    except OSError:
        return "changed", False
    if recorded is None or not times:
        known["mtime_ns"] = stat.st_mtime_ns
        return None, True
    if mend:
        with contextlib.suppress(OSError):
            os.utime(path, ns=(stat.st_atime_ns, recorded))
    return None, False


def set_aside(root: Path, file: Path) -> Path:
    """Move a file of a study to its folder `changed`, beside what lies there, and return where it is now."""
    wanted = root / ASIDE / file.relative_to(root)
    wanted.parent.mkdir(parents=True, exist_ok=True)
    target, i = wanted, 1
    while target.exists():
        i += 1
        target = wanted.with_name(f"{wanted.stem}-{i}{wanted.suffix}")
    os.replace(file, target)
    return target
