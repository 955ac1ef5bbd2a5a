"""Write the map of the errors as a page to explore."""

from pathlib import Path

from inquest.artefacts import read_json, read_table, write_text
from inquest.report.map_page import map_page, with_findings
from inquest.runtime import job

with job(snakemake):
    found, p = snakemake.input, snakemake.params
    points = with_findings(read_table(found.points), read_table(found.sheet))
    classes = read_json(found.texts_facts)["classes"]
    page = map_page(points, classes, read_json(found.facts), p.title, Path(found.template).parent)
    write_text(snakemake.output[0], page)
