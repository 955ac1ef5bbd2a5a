"""Put together what the study knows of each training row, and find its nearest other rows."""

from inquest.artefacts import read_json, read_table, write_table
from inquest.explorer.rows import gather_rows, nearest_rows
from inquest.learners.problem import Problem
from inquest.runtime import job

with job(snakemake):
    given = snakemake.input
    clean = read_json(given.clean)
    rows = gather_rows(
        read_table(given.table),
        read_table(given.parts),
        read_table(given.unusual),
        clean,
        snakemake.params.metric,
        left_out=read_table(given.left_out) if given.get("left_out") else None,
        valued=read_table(given.valued) if given.get("valued") else None,
    )
    write_table(snakemake.output.rows, rows)
    problem = Problem.from_table(read_table(given.features), clean["label"]["classes"])
    near = nearest_rows(problem.X, problem.y, problem.rows, snakemake.params.neighbours)
    write_table(snakemake.output.neighbours, near)
