"""How results are written and read: atomically, with the same bytes each time, never as a pickle."""

from __future__ import annotations

import contextlib
import datetime
import io
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from inquest.errors import DamagedError
from inquest.files import atomic

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plain(value: Any) -> Any:
    """Return ``value`` as JSON knows it: numpy scalars and arrays unwrapped, NaN and infinities as None."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, pd.Index, pd.Series)):
        return [plain(item) for item in (sorted(value) if isinstance(value, set) else value)]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, (datetime.date, Path)):  # pandas' timestamps are dates, too
        return str(value)
    return value


def write_json(path: str | Path, facts: Any) -> None:
    """Write facts as JSON with sorted keys; floats keep every digit."""
    text = json.dumps(plain(facts), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def read_json(path: str | Path) -> Any:
    """Read facts; a file that holds no JSON is a `DamagedError`."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:  # undecodable text is one, too
        raise DamagedError(path, f"it can't be read as JSON ({error})") from error


def write_text(path: str | Path, text: str) -> None:
    """Write UTF-8 text."""
    with atomic(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")


def write_table(path: str | Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet, without its index."""
    with atomic(path) as part:
        table.to_parquet(part, index=False)


def write_tables(path: str | Path, tables: Iterable[pd.DataFrame]) -> None:
    """Write tables with the same columns below each other, as one; they may come one at a time."""
    import pyarrow
    from pyarrow import parquet

    with atomic(path) as part, contextlib.ExitStack() as stack:
        writer = None
        for table in tables:
            rows = pyarrow.Table.from_pandas(table, preserve_index=False)
            writer = writer or stack.enter_context(parquet.ParquetWriter(part, rows.schema))
            writer.write_table(rows)


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a Parquet table; a file that holds none is a `DamagedError`."""
    try:
        return pd.read_parquet(path)
    except (FileNotFoundError, PermissionError):
        raise
    except (OSError, ValueError) as error:  # as which pyarrow says it
        raise DamagedError(path, f"it can't be read as Parquet ({error})") from error


def write_chapter(folder: str | Path, facts: Any, tables: dict[str, pd.DataFrame]) -> None:
    """Write what a chapter's pages read besides its figures: `facts.json` and `tables/*.parquet`."""
    folder = Path(folder)
    write_json(folder / "facts.json", facts)
    for name, table in tables.items():
        write_table(folder / "tables" / f"{name}.parquet", table)


def write_figure(path: str | Path, figure: Figure) -> None:
    """Write a figure as SVG: the same figure gives the same bytes."""
    import matplotlib

    buffer = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "inquest", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    write_text(path, buffer.getvalue())
