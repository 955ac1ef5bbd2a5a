"""Fit one classifier on all training rows and on shares of them, and judge it on the test rows."""

from inquest.artefacts import read_json, write_json, write_table
from inquest.learners.chosen import open_problem, utility_of
from inquest.learners.judge import judge, predictions_table, time_shares
from inquest.runtime import job, seed_for

with job(snakemake):
    p = snakemake.params
    facts = read_json(snakemake.input.clean)
    problem = open_problem(snakemake.input.problem, snakemake.input.clean)
    utility = utility_of(problem, p, facts["features"]["types"])
    judged, predictions, seconds = judge(utility, p.bootstrap, seed_for(p.seed, "bootstrap"))
    shares, times = time_shares(utility.plain(), seed_for(p.seed, "shares"))
    name = p.classifier["name"]
    write_json(snakemake.output.facts, {"name": name, "family": utility.family, **judged, "shares": shares})
    write_table(snakemake.output.predictions, predictions_table(problem, predictions))
    write_json(snakemake.output.timings, {"name": name, **seconds, "shares": times})
