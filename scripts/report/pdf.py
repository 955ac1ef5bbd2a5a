"""Print a document."""

from pathlib import Path

from inquest.report.pdf import write_pdf
from inquest.runtime import job

with job(snakemake):
    page = Path(snakemake.input[0]).read_text(encoding="utf-8")
    p, path = snakemake.params, Path(snakemake.output[0])
    memory = Path(".snakemake", "inquest", f"{path.parent.name}-{path.stem}.json")
    write_pdf(page, path, p.paper, p.pages, memory, p.code)
