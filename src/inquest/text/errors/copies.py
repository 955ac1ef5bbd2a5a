"""Where people's copies of the error sheet are; light to import, as each start of the workflow asks."""

from __future__ import annotations

import re
from pathlib import Path


def find_files(folder: str | Path) -> list[Path]:
    """Return the copies of the error sheet in a folder, those named `errors` before `errors-anna` and others.

    Files that a program makes while one is open (`.~lock…`, `~$…`) and temporary ones are none; a folder that
    isn't there has no copies.
    """
    found = [
        path
        for path in Path(folder).glob("errors*")
        if path.suffix.lower() in (".csv", ".xlsx") and re.fullmatch(r"errors([-_. ].+)?", path.stem)
    ]
    return sorted(found, key=lambda path: (path.stem != "errors", path.name))


def suffix(path: Path) -> str:
    """Return whose copy it is by its name, or ""; anna's is `errors-anna.xlsx`."""
    return re.sub(r"^errors[-_. ]*", "", path.stem)
