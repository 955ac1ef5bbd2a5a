"""Write the errors chapter's facts, tables and figure."""

from pathlib import Path

from inquest.artefacts import read_json, read_table, write_chapter, write_json
from inquest.report.plots.errors import error_map
from inquest.runtime import job
from inquest.text.errors.summary import summarise_errors
from inquest.text.errors.taxonomy import read_taxonomy

with job(snakemake):
    given, p = snakemake.input, snakemake.params
    folder = Path(snakemake.output[0]).parent
    texts_facts, map_facts = read_json(given.texts_facts), read_json(given.map)
    facts, tables = summarise_errors(
        sheet=read_table(given.sheet),
        tests=texts_facts["counts"]["test"],
        annotated=read_table(given.annotated),
        annotations=read_json(given.annotations),
        agreement=read_table(given.agreement),
        disagreements=read_table(given.disagreements),
        taxonomy=read_taxonomy(given.taxonomy),
        tags=read_json(given.tags),
        attributions=read_json(given.attributions),
        map_facts=map_facts,
        options=p.options,
    )
    write_chapter(folder, facts, tables)
    represented, explained = map(read_json, given.timings)
    write_json(snakemake.output.timings, {"represent": represented, "explain": explained})
    points = read_table(given.points)
    error_map(folder / "figures" / "map.svg", points, texts_facts["classes"], map_facts["methods"])
