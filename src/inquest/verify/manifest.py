"""What a study gave, written down: a digest of every artefact, and every number with its tolerance."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from inquest.artefacts import plain, read_json, read_table, write_text
from inquest.errors import InquestError
from inquest.report.provenance import commit
from inquest.verify.machine import machine
from inquest.verify.tolerances import Tolerances

APART = ("logs", "timings", "changed")
"""Folders without artefacts: what a run says, what it took, what was moved aside."""
FREEZE = "make freeze"
SUMMARIES = {"count": len, "mean": np.mean, "sd": np.std, "min": np.min, "max": np.max}
"""What is kept of a table's column, of the values that it has."""

_PIECE = re.compile(r"\d+(-\d+)?(\.json|\.parquet)")
_IN_PIECES = ("influence/leave_group_out",)  # a job that does one group has its name


@dataclass(frozen=True)
class Manifest:
    """What a study gave, and on which machine."""

    study: str
    config: str
    """`inquest.config.work_digest` of the study: two of the same config give the same numbers."""
    machine: Mapping[str, Any]
    """`inquest.verify.machine.machine`."""
    commit: str | None
    """Of the code, with a plus sign if files differed."""
    artefacts: Mapping[str, str]
    """SHA-256 by the path below the results folder; `*.json` stands for the pieces of one table or list."""
    same_bytes: Sequence[str] = ()
    """The artefacts that have the same bytes on every machine."""
    numbers: Mapping[str, tuple[float | int | None, float | None]] = field(default_factory=dict)
    """Value and tolerance by name: `influence/facts.json#/every_row/mean`,
    `data/tables/labels.parquet#rows/mean`. A tolerance of None: on another machine it isn't
    compared."""


def describe(
    results: str | Path, outputs: Iterable[str] | None = None
) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the digest of every artefact in a results folder, and every number in them.

    Parameters
    ----------
    results : path
        `results/<study>`.
    outputs : iterable of str, optional
        Paths below it, of files and folders, that the study writes; all that is there, if not given. A folder
        in use has files of earlier configs beside them.
    """
    results = Path(results)
    artefacts, numbers = {}, {}
    for name, pieces in _gather(results, outputs).items():
        try:
            artefacts[name] = _digest(name, pieces)
            if name.endswith("/facts.json"):
                numbers |= {f"{name}#{place}": value for place, value in _leaves(read_json(pieces[0]))}
            elif Path(name).parent.name == "tables" and name.endswith(".parquet"):
                numbers |= {f"{name}#{place}": value for place, value in _columns(read_table(pieces[0]))}
        except (OSError, ValueError) as error:
            raise InquestError(
                str(pieces[0]),
                f"it cannot be read ({error})",
                "a result as its rule wrote it is needed: delete it and run the study again",
            ) from None
    return artefacts, numbers


def _gather(results: Path, outputs: Iterable[str] | None) -> dict[str, list[Path]]:
    """Return the files behind each artefact; those of jobs in batches are pieces of one, in their order.

    How many of its items a job does is free to choose (`points_per_job`): the pieces have other names then,
    and together the same content.
    """
    roots = [results] if outputs is None else [results / output for output in outputs]
    inside = (sorted(root.rglob("*")) if root.is_dir() else [root] for root in roots)
    found: dict[str, list[Path]] = {}
    for path in itertools.chain.from_iterable(inside):
        relative = path.relative_to(results)
        if relative.parts[0] in APART or path.name.startswith(".") or not path.is_file():
            continue
        piece = _PIECE.fullmatch(path.name) or str(relative.parent) in _IN_PIECES
        name = str(relative.with_name(f"*{path.suffix}") if piece else relative)
        found.setdefault(name, []).append(path)
    for name, paths in found.items():
        if Path(name).stem == "*":
            paths.sort(key=lambda path: int("0" + re.match(r"\d*", path.name)[0]))
    return dict(sorted(found.items()))


def _digest(name: str, pieces: list[Path]) -> str:
    if Path(name).stem != "*":
        with open(pieces[0], "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    if name.endswith(".json"):
        whole = json.dumps(_joined([read_json(path) for path in pieces]), sort_keys=True).encode()
    else:
        buffer = io.BytesIO()
        pd.concat(map(read_table, pieces), ignore_index=True).to_parquet(buffer, index=False)
        whole = buffer.getvalue()
    return hashlib.sha256(whole).hexdigest()


def _joined(parts: list[Any]) -> Any:
    """Return what lists hold together (their order is free), and counts added up key by key."""
    if all(isinstance(part, list) for part in parts):
        return sorted(itertools.chain.from_iterable(parts), key=_text)
    if all(isinstance(part, dict) for part in parts):
        keys = sorted({key for part in parts for key in part})
        return {key: _joined([part[key] for part in parts if key in part]) for key in keys}
    if all(isinstance(part, int) and not isinstance(part, bool) for part in parts):
        return sum(parts)
    return [json.loads(kind) for kind in sorted({json.dumps(part, sort_keys=True) for part in parts})]


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, float | int | None]]:
    """Yield the numbers of a JSON document, and where one is missing, by their JSON pointers (RFC 6901)."""
    if isinstance(value, (dict, list)):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(item, f"{place}/{str(key).replace('~', '~0').replace('/', '~1')}")
    elif value is None or (isinstance(value, (int, float)) and not isinstance(value, bool)):
        yield place, value


def _columns(table: pd.DataFrame) -> Iterator[tuple[str, float | int | None]]:
    for column in table.select_dtypes("number"):
        values = table[column].dropna().to_numpy(dtype=float)
        for name, summary in SUMMARIES.items():
            yield f"{column}/{name}", plain(summary(values)) if len(values) or name == "count" else None


def make_manifest(
    study: str,
    config: str,
    results: str | Path,
    outputs: Iterable[str],
    tolerances: Tolerances,
    base: str | Path,
) -> Manifest:
    """Return the manifest of a study that was run on this machine.

    Parameters
    ----------
    study, config : str
        Its name and its `inquest.config.work_digest`.
    results : path
        `results/<study>`.
    outputs : iterable of str
        Paths below it that the study writes.
    tolerances : Tolerances
    base : path
        The workflow's folder.
    """
    artefacts, numbers = describe(results, outputs)
    return Manifest(
        study,
        config,
        machine(base),
        commit(base),
        artefacts,
        [name for name in artefacts if tolerances.exact(name)],
        {name: (value, tolerances.of(study, name, value)) for name, value in numbers.items()},
    )


def write_manifest(path: str | Path, manifest: Manifest) -> None:
    """Write a manifest as JSON with a line for each artefact and each number, for people to read the diff."""
    content = plain(asdict(manifest))
    lines = []
    for key in sorted(content):
        value = content[key]
        if key in ("artefacts", "numbers"):
            rows = [f"  {_text(name)}: {_text(value[name])}" for name in sorted(value)]
            lines.append(f" {_text(key)}: {{\n" + ",\n".join(rows) + "\n }")
        else:
            lines.append(f" {_text(key)}: " + _text(value, indent=1).replace("\n", "\n "))
    write_text(path, "{\n" + ",\n".join(lines) + "\n}\n")


def _text(value: Any, **options: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False, **options)


def read_manifest(path: str | Path, freeze: str = FREEZE) -> Manifest:
    """Return the manifest of a file; ``freeze`` is the command that writes it.

    Raises
    ------
    InquestError
        If there is none, or it is none.
    """
    path = Path(path)
    if not path.is_file():
        raise InquestError(
            str(path), "there is no manifest of this study", f"`{freeze}` runs the study and writes it"
        )
    try:
        manifest = Manifest(**read_json(path))
        if not all(
            isinstance(part, dict) for part in (manifest.artefacts, manifest.numbers, manifest.machine)
        ):
            raise TypeError("its parts are not what they should be")
        numbers = {name: (value, tolerance) for name, (value, tolerance) in manifest.numbers.items()}
    except (OSError, ValueError, TypeError) as error:
        raise InquestError(
            str(path), f"it is no manifest ({error})", f"take it back, or write it anew with `{freeze}`"
        ) from None
    return Manifest(**{**vars(manifest), "numbers": numbers})
