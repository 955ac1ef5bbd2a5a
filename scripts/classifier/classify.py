"""Classify the validation and the test texts."""

from inquest.artefacts import read_table, write_json, write_table
from inquest.runtime import job
from inquest.text.finetune import classify

with job(snakemake):
    p = snakemake.params
    texts = read_table(snakemake.input.texts)
    judged = texts[texts["part"] != "train"].reset_index(drop=True)
    table, seconds = classify(snakemake.input.model, judged, p.max_length, p.batch_size, p.threads)
    write_table(snakemake.output.predictions, table)
    write_json(snakemake.output.timings, seconds)
