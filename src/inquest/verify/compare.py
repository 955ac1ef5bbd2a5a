"""A rerun held against a manifest: the same bytes, numbers within their tolerance, or a difference."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inquest.errors import InquestError
from inquest.verify.machine import unlike
from inquest.verify.manifest import FREEZE, Manifest

SAME, WITHIN, DIFFERS = "same", "within", "differs"
DOCUMENTS = "documents"


@dataclass(frozen=True)
class Difference:
    """An artefact or a number that is not what the manifest says."""

    where: str
    reference: Any
    found: Any
    tolerance: float | None = None
    """Of a number, on another machine."""

    @property
    def size(self) -> float | None:
        """How far a number is off; None for what is no number."""
        numbers = (self.reference, self.found)
        if all(isinstance(one, (int, float)) and not isinstance(one, bool) for one in numbers):
            return abs(self.found - self.reference)
        return None


@dataclass(frozen=True)
class Comparison:
    """What came of it."""

    manifest: Manifest
    machine: Mapping[str, Any]
    """The machine of the rerun."""
    unlike: Sequence[str]
    """In what it differs from the manifest's; on an unlike machine numbers may be off by their tolerances."""
    states: Mapping[str, str]
    """`same`, `within` or `differs`, by artefact."""
    differences: Sequence[Difference]
    numbers: Mapping[str, int]
    """How many were `compared`, of these `off` by more than their tolerance, and `ignored`."""

    @property
    def passed(self) -> bool:
        """Whether nothing differs."""
        return DIFFERS not in self.states.values()

    def chapters(self, order: Iterable[str] = ()) -> list[dict[str, Any]]:
        """Return for each chapter its artefacts, counted by what became of them; documents come last."""
        counts: dict[str, dict[str, Any]] = {}
        for artefact, state in self.states.items():
            row = counts.setdefault(chapter_of(artefact), dict.fromkeys((SAME, WITHIN, DIFFERS), 0))
            row[state] += 1
        names = [name for name in order if name in counts]
        names += sorted(counts.keys() - {*names, DOCUMENTS}) + [DOCUMENTS] * (DOCUMENTS in counts)
        return [{"chapter": name, "artefacts": sum(counts[name].values()), **counts[name]} for name in names]


def chapter_of(name: str) -> str:
    """Return the chapter of an artefact or a number; documents and their marks stand beside the chapters."""
    first, slash, _ = name.partition("/")
    return first if slash and first != "marks" else DOCUMENTS


def compare(
    manifest: Manifest,
    artefacts: Mapping[str, str],
    numbers: Mapping[str, Any],
    machine: Mapping[str, Any],
    complete: bool = True,
) -> Comparison:
    """Hold what a rerun gave against a manifest.

    On a machine like the manifest's every artefact must have the same bytes. On another one a number may be
    off by its tolerance, and artefacts without numbers of their own, such as figures, may have other bytes.

    Parameters
    ----------
    manifest : Manifest
    artefacts, numbers : mappings
        What `inquest.verify.manifest.describe` says of the rerun.
    machine : mapping
        The machine of the rerun.
    complete : bool
        Whether ``artefacts`` are all of the rerun and nothing else; if not, those that the manifest lacks are
        no difference.
    """
    apart = unlike(manifest.machine, machine)
    expected, given = _by_artefact(manifest.numbers), _by_artefact(numbers)
    states: dict[str, str] = {}
    differences: list[Difference] = []
    off = 0
    for name in sorted({*manifest.artefacts, *(artefacts if complete else ())}):
        reference, found = manifest.artefacts.get(name), artefacts.get(name)
        parted = []
        if reference is not None and found is not None:
            parted = list(_numbers(name, expected.get(name, {}), given.get(name, {}), bool(apart)))
        off += len(parted)
        if reference == found and not parted:
            states[name] = SAME
        elif not apart or reference is None or found is None or name in manifest.same_bytes or parted:
            states[name] = DIFFERS
            differences += parted or [Difference(name, _short(reference), _short(found))]
        else:
            states[name] = WITHIN
    ignored = sum(tolerance is None for _, tolerance in manifest.numbers.values()) if apart else 0
    return Comparison(
        manifest,
        machine,
        apart,
        states,
        sorted(differences, key=_by_weight),
        {"compared": len(manifest.numbers) - ignored, "off": off, "ignored": ignored},
    )


def _numbers(
    name: str, expected: Mapping[str, Any], given: Mapping[str, Any], tolerant: bool
) -> Iterable[Difference]:
    missing = object()
    for place in {**expected, **given}:
        reference, tolerance = expected.get(place, (missing, 0.0))
        value = given.get(place, missing)
        if reference == value or (tolerant and tolerance is None):
            continue
        number = Difference(f"{name}#{place}", reference, value, tolerance if tolerant else None)
        if not (tolerant and number.size is not None and number.size <= tolerance):
            shown = ("not there" if one is missing else one for one in (reference, value))
            yield Difference(number.where, *shown, number.tolerance)


def _by_artefact(numbers: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for name, value in numbers.items():
        artefact, _, place = name.partition("#")
        found.setdefault(artefact, {})[place] = value
    return found


def _short(digest: str | None) -> str:
    return "not there" if digest is None else digest[:12]


def _by_weight(one: Difference) -> tuple:
    """Sort what is missing or new first, then numbers by how far they are off, then other bytes."""
    if "not there" in (one.reference, one.found):
        return 0, 0.0, one.where
    if one.size is None:
        return (2 if "#" not in one.where else 1), 0.0, one.where
    scale = (abs(one.reference) or 1.0) if one.tolerance is None else one.tolerance
    return 1, -one.size / scale if scale else -math.inf, one.where


def check_config(manifest: Manifest, config: str, path: str, freeze: str = FREEZE) -> None:
    """Refuse a manifest of another config, before anything is run: the numbers can't agree.

    Raises
    ------
    InquestError
    """
    if manifest.config != config:
        raise InquestError(
            path,
            f"it was written for another config of the study {manifest.study}",
            f"numbers can't agree: take the config back, or write it anew with `{freeze}`",
        )


def lines(comparison: Comparison, order: Iterable[str] = (), most: int = 40) -> list[str]:
    """Return the comparison as it is printed: a table of the chapters, then the differences."""
    heads = ("artefacts", "same bytes", "within tolerance", "differ")
    rows = comparison.chapters(order)
    total = {key: sum(row[key] for row in rows) for key in ("artefacts", SAME, WITHIN, DIFFERS)}
    rows.append({"chapter": "together", **total})
    width = max(len(row["chapter"]) for row in rows) + 2
    said = [" " * width + "".join(f"{head:>18}" for head in heads)]
    for row in rows:
        counts = (row["artefacts"], row[SAME], row[WITHIN], row[DIFFERS])
        said.append(f"{row['chapter']:<{width}}" + "".join(f"{count:>18,}" for count in counts))
    if comparison.differences:
        said += ["", "Differences (reference, found, by how much, tolerance):"]
        for one in comparison.differences[:most]:
            size = "" if one.size is None else f", {one.size:.4g}"
            tolerance = "" if one.tolerance is None else f", {one.tolerance:.4g}"
            said.append(f"  {one.where}: {_value(one.reference)}, {_value(one.found)}{size}{tolerance}")
        if len(comparison.differences) > most:
            said.append(f"  and {len(comparison.differences) - most:,} more")
    return said


def _value(value: Any) -> str:
    return "none" if value is None else f"{value!r}" if isinstance(value, float) else str(value)


def verdict(comparison: Comparison) -> str:
    """Return the outcome in one sentence."""
    states = list(comparison.states.values())
    differ, within = states.count(DIFFERS), states.count(WITHIN)
    where = "on a machine like the first one" if not comparison.unlike else "on another machine"
    if differ:
        return (
            f"{differ:,} of {len(states):,} artefacts differ{'s' * (differ == 1)} from the manifest, {where}."
        )
    if not within:
        return f"All {len(states):,} artefacts have the same bytes, {where}."
    same = states.count(SAME)
    return (
        f"All numbers agree within their tolerances, {where}: {same:,} artefacts have the same bytes, "
        f"{within:,} have others."
    )
