"""Write the facts, tables and figure of the language model's chapter."""

from pathlib import Path

from inquest.artefacts import read_json, read_table, write_chapter, write_json
from inquest.report.plots import llm as plots
from inquest.runtime import job
from inquest.text.llm.summary import summarise_llm

with job(snakemake):
    found, p = snakemake.input, snakemake.params
    facts, tables = summarise_llm(
        texts=read_table(found.texts),
        texts_facts=read_json(found.texts_facts),
        predictions=read_table(found.predictions),
        labels=read_table(found.labels),
        prompts=read_table(found.prompts),
        prompts_facts=read_json(found.prompts_facts),
        model=read_json(found.model),
        options=p.options,
        seed=p.seed,
        bootstrap=p.bootstrap,
    )
    folder = Path(snakemake.output[0]).parent
    write_chapter(folder, facts | {"by_label": plots.by_label(facts["classes"])}, tables)
    plots.who_is_right(folder / "figures" / "who_is_right.svg", tables["agreement"], facts["classes"])
    write_json(snakemake.output.timings, read_json(found.timings))
