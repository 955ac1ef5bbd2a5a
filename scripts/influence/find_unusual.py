"""Measure how unusual each training row is: to the classifier, to its neighbours, to its class."""

from inquest.artefacts import read_table, write_table
from inquest.influence.unusual import measure_unusual
from inquest.learners.chosen import chosen_utility
from inquest.learners.problem import Problem
from inquest.runtime import job, seed_for

with job(snakemake):
    p = snakemake.params
    problem, utility = chosen_utility(snakemake.input.problem, snakemake.input.clean, p)
    features = Problem.from_table(read_table(snakemake.input.features), problem.classes).X
    table = measure_unusual(utility, features, p.neighbours, seed_for(p.seed, "isolation forest"))
    table.insert(0, "row", problem.rows)
    write_table(snakemake.output[0], table)
