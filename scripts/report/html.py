"""Typeset a document as one HTML page, and write down the marks that it earns."""

from pathlib import Path

from inquest.artefacts import read_json, write_json, write_text
from inquest.report.document import typeset
from inquest.report.provenance import recorded_run, this_run, untimed_run
from inquest.runtime import job

with job(snakemake):
    given, p = snakemake.input, snakemake.params
    references = [Path(path) for path in given.references]
    base = references[0].parent.parent
    if given.get("provenance"):
        timings = {name: read_json(path) for name, path in p.timings.items()}
        provenance = this_run(read_json(given.provenance), timings)
    elif given.get("record"):
        provenance = recorded_run(read_json(given.record[0]), base)
    else:
        provenance = untimed_run(base)
    made = typeset(
        document=p.document,
        study=p.config,
        chapters=p.chapters,
        templates=base / "report",
        references=references,
        rubric=given.get("rubric") or None,
        provenance=provenance,
        rules=Path(given.rules[0]).parent,
        ran=[(chapter, rule, script) for chapter, rule, script, _ in p.ran],
    )
    write_text(snakemake.output.page, made.page)
    write_json(snakemake.output.marks, made.marks)
