"""Where people's copies of the error sheet are; light to import, as each start of the workflow asks."""

from __future__ import annotations

import re
from pathlib import Path

READ = (".csv", ".xlsx")
REFUSED = (".ods", ".fods", ".xls", ".xlsm", ".xlsb", ".numbers", ".tsv", ".parquet")


def find_files(folder: str | Path) -> list[Path]:
    """Return the copies of the error sheet in a folder, those named `errors` before `errors-anna` and others.

    Files that a program makes while one is open (`.~lock…`, `~$…`) and temporary ones are none; a folder that
    isn't there has no copies. Spreadsheets of other kinds are copies, too: who reads them refuses them, so
    that nobody's work is passed over in silence.
    """
    found = [
        path
        for path in Path(folder).glob("*")
        if path.suffix.lower() in (*READ, *REFUSED) and re.fullmatch(r"errors([-_. ].+)?", path.stem, re.I)
    ]
    return sorted(found, key=lambda path: (path.stem.lower() != "errors", path.name))


def suffix(path: Path) -> str:
    """Return whose copy it is by its name, or ""; anna's is `errors-anna.xlsx`."""
    return re.sub(r"^errors[-_. ]*", "", path.stem, flags=re.I)
