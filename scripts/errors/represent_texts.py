"""Represent the training and the test texts as the classifier sees them."""

import time

from inquest.artefacts import read_table, write_json, write_table
from inquest.runtime import job
from inquest.text.errors.states import represent, states_table

with job(snakemake):
    p = snakemake.params
    texts = read_table(snakemake.input.texts)
    texts = texts[texts["part"].isin(["train", "test"])].reset_index(drop=True)
    start = time.perf_counter()
    states = represent(snakemake.input.model, texts, p.max_length, p.batch_size, p.threads)
    seconds = time.perf_counter() - start
    write_table(snakemake.output.states, states_table(texts["row"], states))
    write_json(snakemake.output.timings, {"represent_seconds": seconds, "represent_texts": len(texts)})
