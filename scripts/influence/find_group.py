"""Find the training rows of one group."""

from inquest.artefacts import read_table, write_json
from inquest.data.groups import group_members
from inquest.learners.problem import Problem
from inquest.runtime import job

with job(snakemake):
    p = snakemake.params
    problem = Problem.from_table(read_table(snakemake.input.features), [])
    table = read_table(snakemake.input.table)
    train = table[table["row"].isin(problem.rows)].reset_index(drop=True)
    members = group_members(p.group, train, p.label, problem.X, p.seed)
    write_json(snakemake.output[0], {"name": p.group["name"], "kind": p.group["kind"], "members": members})
