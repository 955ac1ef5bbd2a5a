"""Retrain without each training row, all in one go."""

from inquest.artefacts import write_json, write_table
from inquest.learners.chosen import chosen_utility, full_score
from inquest.learners.metrics import METRICS
from inquest.runtime import Progress, job
from inquest.valuation import leave_one_out

with job(snakemake):
    p = snakemake.params
    problem, utility = chosen_utility(snakemake.input.problem, snakemake.input.clean, p, list(METRICS))
    progress = Progress("rows left out", utility.n_rows)
    full = full_score(snakemake.input.full, p.metric)
    table = leave_one_out(utility, full=full, step=progress.step).rename(columns={"row": "position"})
    table.insert(0, "row", problem.rows)
    write_table(snakemake.output.table, table)
    write_json(snakemake.output.facts, utility.account())
