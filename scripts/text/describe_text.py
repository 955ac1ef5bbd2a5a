"""Write the text chapter's facts, table and figure."""

from pathlib import Path

from inquest.artefacts import read_json, read_table, write_chapter
from inquest.report.plots import text as plots
from inquest.runtime import job, seed_for
from inquest.text.texts_summary import summarise_texts, word_counts

with job(snakemake):
    p = snakemake.params
    folder = Path(snakemake.output[0]).parent
    texts, made = read_table(snakemake.input.texts), read_json(snakemake.input.facts)
    sources = [read_json(path) for path in snakemake.input.sources]
    facts, tables = summarise_texts(texts, made, sources, p.about, seed_for(p.seed, "examples"))
    write_chapter(folder, facts | {"by_label": plots.by_label(made["classes"])}, tables)
    plots.words(folder / "figures" / "words.svg", word_counts(texts), texts["label"], made["classes"])
