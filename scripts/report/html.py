"""Typeset a document as one HTML page."""

from pathlib import Path

from inquest.artefacts import read_json, write_text
from inquest.report.document import render
from inquest.runtime import job

with job(snakemake):
    p, references = snakemake.params, Path(snakemake.input.references)
    page = render(
        document=p.document,
        study=p.config,
        chapters=p.chapters,
        templates=references.parent,
        references=references,
        rubric=snakemake.input.get("rubric") or None,
        provenance=read_json(snakemake.input.provenance),
        timings=p.timings,
    )
    write_text(snakemake.output[0], page)
