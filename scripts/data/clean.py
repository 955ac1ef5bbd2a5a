"""Put the raw files one below the other and make the clean table."""

from pathlib import Path

from inquest.artefacts import write_json, write_table
from inquest.data.raw import read_raw, stack
from inquest.data.tables import clean
from inquest.runtime import job, seed_for

with job(snakemake):
    p = snakemake.params
    raw = [
        read_raw(Path(path), p.options, skip_rows, name)
        for path, skip_rows, name in zip(snakemake.input.raw, p.skip_rows, p.names, strict=True)
    ]
    table, facts = clean(stack(raw, p.names), p.options, seed_for(p.seed, "sample"))
    write_table(snakemake.output.table, table)
    write_json(snakemake.output.facts, facts)
