"""Write the explorer of the training rows as a page."""

from pathlib import Path

from inquest.artefacts import read_json, read_table, write_text
from inquest.baseline.summary import METRIC_NAMES
from inquest.report.explorer_page import explorer_page
from inquest.runtime import job

with job(snakemake):
    given, p = snakemake.input, snakemake.params
    about = {"title": p.title, "metric": METRIC_NAMES[p.metric], "describe": p.describe}
    page = explorer_page(
        read_table(given.rows),
        read_table(given.neighbours),
        read_table(given.table),
        read_json(given.clean),
        about,
        Path(given.page[0]).parent,
    )
    write_text(snakemake.output[0], page)
