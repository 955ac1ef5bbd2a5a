"""Retrain from scratch without one training row, without the next, and so on to this job's last point."""

from inquest.artefacts import read_table, write_json
from inquest.errors import InquestError
from inquest.learners.chosen import chosen_utility
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
    table = leave_one_out(utility.plain(), points["position"]).rename(columns={"row": "position"})
    table.insert(0, "row", points["row"].to_numpy())
    write_json(snakemake.output[0], table.to_dict("records"))
