"""Retrain without one training row, and without the next, and so on to the last of this job's points."""

from inquest.artefacts import read_table, write_json
from inquest.errors import InquestError
from inquest.learners.chosen import chosen_utility, full_score
from inquest.learners.metrics import METRICS
from inquest.runtime import batch, job
from inquest.valuation import leave_one_out

with job(snakemake):
    p = snakemake.params
    asked = batch(snakemake.wildcards.points)
    order = read_table(snakemake.input.order)
    if asked.stop > len(order):
        raise InquestError(
            "config key `influence.points.count`",
            f"more points than the {len(order):,} training rows",
            f"at most {len(order)} are allowed",
        )
    points = order.iloc[asked.start : asked.stop]
    _, utility = chosen_utility(snakemake.input.problem, snakemake.input.clean, p, list(METRICS))
    full = full_score(snakemake.input.full, p.metric)
    table = leave_one_out(utility, points["position"], full).rename(columns={"row": "position"})
    table.insert(0, "row", points["row"].to_numpy())
    write_json(snakemake.output[0], table.to_dict("records"))
