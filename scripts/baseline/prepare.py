"""Turn the clean table into the learning problem."""

from inquest.artefacts import read_json, read_table, write_table
from inquest.learners.problem import prepare
from inquest.runtime import job

with job(snakemake):
    p = snakemake.params
    table, parts = read_table(snakemake.input.table), read_table(snakemake.input.parts)
    facts = read_json(snakemake.input.clean)
    types = {
        name: facts["features"]["types"][name]
        for name in facts["features"]["names"]
        if name != p.split["column"]
    }
    for path, refit in ((snakemake.output.features, False), (snakemake.output.problem, p.refit)):
        label = facts["label"]
        write_table(
            path, prepare(table, parts, label["name"], label["classes"], types, p.preprocessing, refit)
        )
