"""Write the data chapter's facts, tables and figures."""

from pathlib import Path

from inquest.artefacts import read_json, read_table, write_chapter
from inquest.data.summary import summarise_data
from inquest.report.plots import data as plots
from inquest.runtime import job

with job(snakemake):
    folder = Path(snakemake.output[0]).parent
    table, clean, split = (
        read_table(snakemake.input.table),
        read_json(snakemake.input.clean),
        read_json(snakemake.input.split),
    )
    sources = [read_json(path) for path in snakemake.input.sources]
    facts, tables = summarise_data(table, clean, split, sources, dict(snakemake.params.items()))
    write_chapter(folder, facts, tables)
    plots.labels(folder / "figures" / "labels.svg", tables["labels"])
    plots.features(folder / "figures" / "features.svg", table, clean)
