"""Split the clean table."""

from inquest.artefacts import read_json, read_table, write_json, write_table
from inquest.data.splits import split_facts, split_rows
from inquest.runtime import job, seed_for

with job(snakemake):
    p = snakemake.params
    table = read_table(snakemake.input.table)
    parts = split_rows(table, p.label, p.split, seed_for(p.seed, "split"))
    write_table(snakemake.output.parts, parts)
    write_json(snakemake.output.facts, split_facts(table, parts, read_json(snakemake.input.facts)))
