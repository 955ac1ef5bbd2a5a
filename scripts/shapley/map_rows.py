"""Put the valued rows on a plane."""

from inquest.artefacts import read_json, read_table, write_json, write_table
from inquest.learners.problem import FEATURE, Problem
from inquest.runtime import job
from inquest.shapley.plane import project

with job(snakemake):
    classes = read_json(snakemake.input.clean)["label"]["classes"]
    table = read_table(snakemake.input.features)
    problem = Problem.from_table(table, classes)
    rows = read_json(snakemake.input.players)["positions"]
    names = [name.removeprefix(FEATURE) for name in table if name.startswith(FEATURE)]
    places, facts = project(problem.X[rows], names)
    places.insert(0, "row", problem.rows[rows])
    write_table(snakemake.output.places, places)
    write_json(snakemake.output.facts, facts)
