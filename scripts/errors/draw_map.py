"""Write the map of the errors as a page to explore."""

from pathlib import Path

from inquest.artefacts import read_json, read_table, write_text
from inquest.report.map_page import map_page, with_findings
from inquest.runtime import job

with job(snakemake):
    found = snakemake.input
    points = with_findings(read_table(found.points), read_table(found.sheet), read_table(found.annotated))
    classes, facts = read_json(found.texts_facts)["classes"], read_json(found.facts)
    title = f"Errors: {snakemake.params.title}"
    write_text(snakemake.output[0], map_page(points, classes, facts, title, Path(found.page[0]).parent))
