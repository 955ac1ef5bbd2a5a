"""Walk along permutations of the players, retraining on each prefix."""

import pandas as pd

from inquest.artefacts import read_json, write_table
from inquest.learners.chosen import chosen_utility
from inquest.runtime import Progress, batch, job, seed_for
from inquest.utility import Players
from inquest.valuation.shapley import permutation, walk

with job(snakemake):
    p = snakemake.params
    _, utility = chosen_utility(snakemake.input.problem, snakemake.input.clean, p)
    players = read_json(snakemake.input.players)
    game = Players(utility, players["members"])
    seed = seed_for(p.seed, "shapley", snakemake.wildcards.game)
    asked = batch(snakemake.wildcards.index)
    progress = Progress("prefixes retrained", game.n_rows * len(asked))
    walks = []
    for index in asked:
        order = permutation(game.n_rows, seed, index)
        table = walk(game, order, players["empty"], players["full"], p.tolerance, progress.step)
        table.insert(0, "permutation", index)
        walks.append(table)
    write_table(snakemake.output[0], pd.concat(walks, ignore_index=True))
