"""Walk along one permutation of the players, retraining on each prefix."""

from inquest.artefacts import read_json, write_table
from inquest.learners.chosen import chosen_utility
from inquest.runtime import Progress, job, seed_for
from inquest.utility import Players
from inquest.valuation.shapley import permutation, walk

with job(snakemake):
    p = snakemake.params
    _, utility = chosen_utility(snakemake.input.problem, snakemake.input.clean, p)
    players = read_json(snakemake.input.players)
    game = Players(utility, players["members"])
    seed = seed_for(p.seed, "shapley", snakemake.wildcards.game)
    order = permutation(game.n_rows, seed, int(snakemake.wildcards.index))
    progress = Progress("prefixes retrained", game.n_rows)
    write_table(snakemake.output[0], walk(game, order, players["empty"], players["full"], p.tolerance, progress.step))
