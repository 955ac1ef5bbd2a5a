"""Value the same rows in the game of k nearest neighbours, where Shapley values have a closed form."""

import pandas as pd

from inquest.artefacts import read_json, read_table, write_table
from inquest.learners.problem import Problem
from inquest.runtime import job
from inquest.valuation.knn_shapley import knn_shapley

with job(snakemake):
    classes = read_json(snakemake.input.clean)["label"]["classes"]
    problem = Problem.from_table(read_table(snakemake.input.features), classes)
    rows = read_json(snakemake.input.players)["positions"]
    values = knn_shapley(
        problem.X[rows], problem.y[rows], problem.X_test, problem.y_test, snakemake.params.neighbours
    )
    write_table(snakemake.output[0], pd.DataFrame({"row": problem.rows[rows], "value": values}))
