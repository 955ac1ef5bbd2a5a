"""Explain by which words the classifier came to each wrong label."""

from inquest.artefacts import read_table, write_json, write_table
from inquest.runtime import job
from inquest.text.errors.explain import explain

with job(snakemake):
    found, output, p = snakemake.input, snakemake.output, snakemake.params
    wrong = read_table(found.predictions).query("part == 'test' and label != predicted")
    texts = read_table(found.texts).set_index("row").loc[wrong["row"]].reset_index()
    sides = wrong[["predicted", "label"]].to_numpy()
    explained = explain(found.model, texts, sides, p.max_length, p.threads, p.steps, p.tolerance)
    write_table(output.attributions, explained.words)
    write_json(output.facts, explained.facts)
    write_json(output.timings, {"explain_seconds": explained.seconds, "explain_texts": len(texts)})
