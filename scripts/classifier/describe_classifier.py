"""Write the classifier chapter's facts, tables and figures."""

from pathlib import Path

from inquest.artefacts import read_json, read_table, write_chapter, write_json
from inquest.report.plots import classifier as plots
from inquest.runtime import job
from inquest.text.summary import summarise_classifier

with job(snakemake):
    found, p = snakemake.input, snakemake.params
    folder = Path(snakemake.output[0]).parent
    history = read_json(found.history)
    facts, tables = summarise_classifier(
        texts=read_table(found.texts),
        texts_facts=read_json(found.texts_facts),
        encoder=read_json(found.encoder),
        model=read_json(found.model),
        history=history,
        predictions=read_table(found.predictions),
        baselines=read_table(found.baselines),
        baselines_facts=read_json(found.baselines_facts),
        options=p.options,
        published=found.published or None,
        seed=p.seed,
    )
    write_chapter(folder, facts, tables)
    training, predicting, baselines = map(read_json, found.timings)
    write_json(snakemake.output.timings, {**training, **predicting, "baselines": baselines})
    figures, test = folder / "figures", facts["test"]
    plots.learning(figures / "learning.svg", history)
    plots.quality(
        figures / "quality.svg",
        test["confusion"],
        facts["classes"],
        test["reliability"],
        test["ece"]["value"],
    )
    plots.expectations(figures / "expectations.svg", facts["expectations"])
