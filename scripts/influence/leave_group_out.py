"""Retrain without a group of training rows; a random group is drawn and left out several times."""

from inquest.artefacts import read_json, write_json
from inquest.learners.chosen import chosen_utility, full_score
from inquest.learners.metrics import METRICS
from inquest.runtime import job
from inquest.valuation import leave_group_out

with job(snakemake):
    p = snakemake.params
    group = read_json(snakemake.input.group)
    _, utility = chosen_utility(snakemake.input.problem, snakemake.input.clean, p, list(METRICS))
    table = leave_group_out(utility, group["members"], full_score(snakemake.input.full, p.metric))
    repeats = table.assign(unconverged=utility.unconverged).to_dict("records")
    write_json(snakemake.output[0], {"name": group["name"], "kind": group["kind"], "repeats": repeats})
