"""Print a document."""

from pathlib import Path

from inquest.report.pdf import write_pdf
from inquest.runtime import job

with job(snakemake):
    page = Path(snakemake.input[0]).read_text(encoding="utf-8")
    p = snakemake.params
    write_pdf(page, Path(snakemake.output[0]), p.paper, p.pages)
