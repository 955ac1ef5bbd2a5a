"""The verification report: what a rerun gave beside the manifest, on one page."""

from __future__ import annotations

import html as html_module
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from inquest.artefacts import write_text
from inquest.errors import InquestError, listing
from inquest.report.document import environment
from inquest.report.fonts import font_faces
from inquest.report.pdf import write_pdf
from inquest.report.text import DASH, as_text, plural, tiny
from inquest.verify.compare import WITHIN, Comparison, Difference, verdict

SHOWN = (20, 10, 5, 2, 0)
"""How many differences the page shows: as many of these as leave it one page."""
WORDS = 48
"""Characters of what earns a mark: a line of its table."""


@dataclass(frozen=True)
class Rerun:
    """What the page says of the rerun itself."""

    config: str
    """`inquest.config.work_digest`."""
    commit: str | None
    seconds: float
    cores: int
    log: str
    """Where all differences are listed."""


def write_report(
    path: str | Path,
    comparison: Comparison,
    rerun: Rerun,
    marks: Mapping[str, Mapping[str, Any] | None],
    chapters: Sequence[str],
    templates: str | Path,
) -> None:
    """Write the page as HTML and PDF, with as many differences as leave it one page.

    Parameters
    ----------
    path : path
        Of both files, without an ending.
    comparison : Comparison
    rerun : Rerun
    marks : mapping
        The marks of each document by its name, as `inquest.report.document.typeset` returns them.
    chapters : sequence of str
        In their order.
    templates : path
        The folder `report/` of the workflow.
    """
    for most in SHOWN:
        page = verification_page(comparison, rerun, marks, chapters, templates, most)
        try:
            write_pdf(page, f"{path}.pdf", most=1)
        except InquestError as error:
            if "pages before" not in error.found or most == SHOWN[-1]:
                raise
        else:
            break
    write_text(f"{path}.html", page)


def verification_page(
    comparison: Comparison,
    rerun: Rerun,
    marks: Mapping[str, Mapping[str, Any] | None],
    chapters: Sequence[str],
    templates: str | Path,
    most: int,
) -> str:
    """Return the page as HTML that needs no other file, with ``most`` differences at most."""
    templates = Path(templates)
    sheets = [templates / "style.css", templates / "pages" / "verification.css"]
    css, own = (Markup(sheet.read_text(encoding="utf-8")) for sheet in sheets)
    page = (
        environment(templates)
        .get_template("pages/verification.html.j2")
        .render(
            study=comparison.manifest.study,
            passed=comparison.passed,
            verdict=verdict(comparison),
            rerun=rerun,
            chapters=comparison.chapters(chapters),
            compared=list(_compared(comparison, rerun)),
            how=_how(comparison),
            differences=[_row(one) for one in comparison.differences[:most]],
            more=max(0, len(comparison.differences) - most),
            log=rerun.log,
            documents=[_document(name, found) for name, found in marks.items() if found],
            most_words=WORDS,
            warnings=warnings(comparison, rerun, marks),
            css=css,
            own=own,
            plural=plural,
        )
    )
    return page.replace("/* fonts */", font_faces(html_module.unescape(page)), 1)


def _compared(comparison: Comparison, rerun: Rerun) -> Sequence[dict[str, Any]]:
    one, other, apart = comparison.manifest.machine, comparison.machine, comparison.unlike

    def row(what: str, key: str) -> dict[str, Any]:
        said = (
            ", ".join(value) if isinstance(value, list) else as_text(value)
            for value in (one.get(key), other.get(key))
        )
        return dict(zip(("what", "manifest", "rerun", "unlike"), (what, *said, key in apart), strict=True))

    yield row("Processor", "processor")
    yield row("Kernels", "blas")
    if "instructions" in apart:
        yield row("PyTorch", "instructions")
    keys = ("system", "architecture", "libc")
    systems = [
        ", ".join(machine[key] for key in keys if machine.get(key)) or DASH for machine in (one, other)
    ]
    yield {"what": "System", "manifest": systems[0], "rerun": systems[1], "unlike": bool({*keys} & {*apart})}
    yield row("Cores", "cores")
    yield row("Python", "python")
    if "pango" in apart:
        yield row("Pango", "pango")
    versions = [machine.get("versions") or {} for machine in (one, other)]
    names = [name for name in apart if name in {**versions[0], **versions[1]}]
    said = [listing([f"{name} {v.get(name, DASH)}" for name in names], 4) for v in versions]
    same = f"{len(versions[1])} packages, the same versions"
    yield {
        "what": "Packages",
        "manifest": said[0] if names else same,
        "rerun": said[1] if names else same,
        "unlike": bool(names),
    }
    yield {"what": "Config", "manifest": comparison.manifest.config, "rerun": rerun.config, "unlike": False}
    commits = (comparison.manifest.commit or "unknown", rerun.commit or "unknown")
    yield {"what": "Code", "manifest": commits[0], "rerun": commits[1], "unlike": False}


def _how(comparison: Comparison) -> str:
    """Return which of the two comparisons was made."""
    found, machines = comparison.numbers, listing(comparison.unlike, 4)
    if not comparison.unlike:
        return (
            "Processor, system and versions are those of the manifest: artefacts must have the same bytes, "
            f"and so must the {found['compared']:,} numbers in them."
        )
    return (
        f"Another machine ({machines}), so last digits may differ: {found['compared']:,} numbers are held "
        f"against their tolerances; {found['ignored']:,} that only the same bits reproduce are not compared. "
        "Figures and documents show these numbers, so their bytes may differ."
    )


def _row(one: Difference) -> dict[str, Any]:
    reference, found = _digits(one.reference, one.found)
    size = DASH if one.size is None else tiny(one.size)
    tolerance = DASH if one.tolerance is None else "0" if not one.tolerance else tiny(one.tolerance)
    return {
        "where": one.where,
        "reference": reference,
        "found": found,
        "size": size,
        "tolerance": tolerance,
    }


def _digits(*values: Any) -> list[Any]:
    """Return numbers with as many digits as tell them apart, six at least."""
    if not all(isinstance(value, float) for value in values):
        return ["none" if value is None else str(value) for value in values]
    for digits in range(6, 18):
        said = [f"{value:.{digits}g}" for value in values]
        if len(set(said)) > 1:
            return said
    return said


def _document(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    met = [row for row in found["marks"] if row["met"]]
    return {
        "name": name,
        "earned": sum(row["marks"] for row in met if not row["bonus"]),
        "extra": sum(row["marks"] for row in met if row["bonus"]),
        **found,
    }


def warnings(
    comparison: Comparison, rerun: Rerun, marks: Mapping[str, Mapping[str, Any] | None]
) -> list[str]:
    """Return what a reader of the report should know beside the verdict."""
    said = []
    theirs, ours = comparison.manifest.commit, rerun.commit
    if theirs and ours and theirs.rstrip("+") != ours.rstrip("+") and not comparison.passed:
        said.append("The code is another one than the manifest was written with, which may be why.")
    if ours and ours.endswith("+"):
        said.append("Files of the workflow differ from the commit (the plus sign behind it).")
    if theirs is None or ours is None:
        said.append("The code was not under version control, so its version is not known.")
    if comparison.unlike and comparison.passed:
        within = list(comparison.states.values()).count(WITHIN)
        if within:
            said.append(
                f"{plural(within, 'artefact')} with other bytes: only a machine like the manifest's can tell "
                "whether they would have the same ones there."
            )
    unmet = sum(not row["met"] for found in marks.values() if found for row in found["marks"])
    if unmet:
        said.append(f"{plural(unmet, 'line')} of the rubrics not earned; the documents' appendix says why.")
    return said
