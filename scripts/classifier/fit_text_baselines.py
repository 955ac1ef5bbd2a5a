"""Fit what the classifier has to beat, on the same training texts."""

from inquest.artefacts import read_json, read_table, write_json, write_table
from inquest.runtime import job
from inquest.text.baselines import fit_baselines

with job(snakemake):
    texts, facts = read_table(snakemake.input.texts), read_json(snakemake.input.facts)
    predictions, about, seconds = fit_baselines(texts, facts["classes"])
    write_table(snakemake.output.predictions, predictions)
    write_json(snakemake.output.facts, about)
    write_json(snakemake.output.timings, seconds)
