"""What is handed in: an archive with the reports, the code that made them, and what people wrote."""

from __future__ import annotations

import hashlib
import textwrap
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from inquest.files import atomic

CODE = (
    "Snakefile",
    "Makefile",
    "LICENSE",
    "README.md",
    "pyproject.toml",
    "config.yaml",
    "config.schema.json",
    "rules",
    "scripts",
    "src/inquest",
    "report",
    "envs",
    "profiles",
)
"""The files and folders of the workflow that a rerun needs."""
LARGEST = 50_000_000
"""Bytes of a file or folder of one's own that go into an archive; a larger one is named in it instead."""

_MOMENT = (1980, 1, 1, 0, 0, 0)  # no clock: the same files give the same bytes


def code_files(base: str | Path) -> dict[str, Path]:
    """Return the workflow's files by their path in its folder, less what editors and Python leave there."""
    base, found = Path(base), {}
    for part in CODE:
        place = base / part
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            name = path.relative_to(base)
            if path.is_file() and not any(_is_leftover(step) for step in name.parts):
                found[name.as_posix()] = path
    return found


def _is_leftover(name: str) -> bool:
    return name.startswith((".", "#")) or name.endswith(("~", ".pyc", ".orig")) or name == "__pycache__"


def own_files(paths: Iterable[str | Path], folder: str | Path) -> tuple[dict[str, Path], list[str]]:
    """Return files of one's own by their path below a folder, and which paths are left out.

    Left out is what lies elsewhere, since it would not be found there when the archive is unpacked, and what
    has more bytes than `LARGEST`.

    Parameters
    ----------
    paths : iterable of path
        Files, and folders with all that is in them.
    folder : path
        Where the workflow was started.
    """
    folder, found, left = Path(folder).resolve(), {}, []
    for path in dict.fromkeys(map(str, paths)):
        place = (folder / Path(path).expanduser()).resolve()
        files = [one for one in (sorted(place.rglob("*")) if place.is_dir() else [place]) if one.is_file()]
        if not place.is_relative_to(folder) or sum(one.stat().st_size for one in files) > LARGEST:
            left.append(path)
        else:
            found |= {one.relative_to(folder).as_posix(): one for one in files}
    return found, left


def files_digest(files: Mapping[str, Path]) -> str:
    """Return a digest of names and contents: code counts as input."""
    digest = hashlib.sha256()
    for name, path in sorted(files.items()):
        digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()[:16]


def contents_note(
    title: str, reports: Sequence[str], has_sheet: bool, command: str, left: Sequence[str]
) -> str:
    """Return the text that stands in the archive beside the reports: what is there, and how it is run again.

    Parameters
    ----------
    title : str
        Of the first document.
    reports : list of str
        The names of the PDFs.
    has_sheet : bool
        Whether there is a folder with an error sheet.
    command : str
        What makes the reports again, in the folder of the code.
    left : list of str
        The files of one's own that are not in the archive.
    """
    sheet = ["errors/  the error sheet, and what people wrote in their copies of it"] if has_sheet else []
    again = f"To make them again, on a machine with Python 3.11 or newer: cd code && {command}"
    missing = [f"Not in here, and needed before that: {', '.join(left)}"] if left else []
    lines = [
        title,
        "",
        *(f"{name}  (and as a page: {name[:-4]}.html)" for name in reports),
        *sheet,
        "marks/  where each mark is earned, as JSON; the appendix of a report has it as a table",
        "code/  the workflow that made the reports: its rules, scripts and library, the config, and the pins",
        "",
        *textwrap.wrap(again, 100),
        *missing,
    ]
    return "\n".join(lines) + "\n"


def write_zip(path: str | Path, files: Mapping[str, Path | str], top: str) -> None:
    """Write an archive with everything in one folder; the same files give the same bytes.

    Parameters
    ----------
    path : path
        It is there whole or not at all.
    files : mapping
        A file, or a text, by its path in the archive.
    top : str
        The name of the folder.
    """
    with atomic(path) as part, zipfile.ZipFile(part, "w") as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(f"{top}/{name}", _MOMENT)
            entry.create_system = 3  # Unix, on every system
            entry.external_attr = (0o100755 if name.endswith(".sh") else 0o100644) << 16
            data = content.encode() if isinstance(content, str) else content.read_bytes()
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED, compresslevel=9)
