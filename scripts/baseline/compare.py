"""Compare the classifiers."""

from pathlib import Path

from inquest.artefacts import read_json, read_table, write_chapter
from inquest.baseline.summary import read_predictions, summarise_baseline
from inquest.report.plots import baseline as plots
from inquest.runtime import job, seed_for

with job(snakemake):
    p, folder = snakemake.params, Path(snakemake.output[0]).parent
    classes = read_json(snakemake.input.clean)["label"]["classes"]
    fitted = [read_json(path) for path in snakemake.input.fitted]
    tables = {
        one["name"]: read_table(path) for one, path in zip(fitted, snakemake.input.predictions, strict=True)
    }
    predictions = {name: read_predictions(table, classes) for name, table in tables.items()}
    y = tables[p.chosen]["label"].to_numpy()
    seed = seed_for(p.seed, "paired bootstrap")
    facts, shown = summarise_baseline(fitted, predictions, y, classes, dict(p.items()), seed)
    write_chapter(folder, facts, shown)
    plots.metrics(folder / "figures" / "metrics.svg", shown["metrics"], p.chosen)
    plots.confusion(folder / "figures" / "confusion.svg", fitted, classes, p.chosen)
    plots.curves(folder / "figures" / "curves.svg", y, predictions, p.chosen)
