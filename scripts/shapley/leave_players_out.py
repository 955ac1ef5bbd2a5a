"""Leave each of the valued rows out of their game."""

from inquest.artefacts import read_json, write_table
from inquest.learners.chosen import chosen_utility
from inquest.learners.metrics import METRICS
from inquest.runtime import Progress, job
from inquest.shapley.players import game_of, score_of
from inquest.valuation import leave_one_out

with job(snakemake):
    p = snakemake.params
    _, utility = chosen_utility(snakemake.input.problem, snakemake.input.clean, p, list(METRICS))
    players = read_json(snakemake.input.players)
    game, _ = game_of(utility, players)
    progress = Progress("rows left out", game.n_rows)
    table = leave_one_out(game, full=score_of(players["full"], p.metric), step=progress.step)
    write_table(snakemake.output[0], table.assign(row=players["rows"]))
