"""Write the quality chapter's facts, tables and figures."""

from pathlib import Path

from inquest.artefacts import read_json, read_table, write_chapter, write_json
from inquest.quality.summary import summarise
from inquest.report.plots import quality as plots
from inquest.runtime import job

with job(snakemake):
    p, given, folder = snakemake.params, snakemake.input, Path(snakemake.output[0]).parent
    facts, tables, seconds = summarise(
        [read_table(path) for path in given.valued],
        [read_table(path) for path in given.curves],
        [read_json(path) for path in given.found],
        [read_json(path) for path in given.removed],
        [read_json(path) for path in given.seconds],
        p.metric,
    )
    facts |= {name: p.options[name] for name in ("flip", "repeats", "permutations", "subsets", "bags")}
    write_chapter(folder, facts, tables)
    write_json(snakemake.output.timings, {"seconds": seconds})
    plots.detection(folder / "figures" / "detection.svg", tables["precision"], facts)
    plots.removal(folder / "figures" / "removal.svg", tables["curves"], facts)
