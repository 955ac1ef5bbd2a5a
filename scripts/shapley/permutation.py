"""Walk along permutations of the players, retraining on each prefix."""

import pandas as pd

from inquest.artefacts import read_json, write_json, write_table
from inquest.learners.chosen import chosen_utility
from inquest.learners.metrics import METRICS
from inquest.runtime import Progress, batch, job, seed_for
from inquest.shapley.players import game_of, score_of
from inquest.valuation.shapley import permutation, walk

with job(snakemake):
    p = snakemake.params
    _, utility = chosen_utility(snakemake.input.problem, snakemake.input.clean, p, list(METRICS))
    players = read_json(snakemake.input.players)
    game, learner = game_of(utility, players)
    empty, full = (score_of(players[name], p.metric) for name in ("empty", "full"))
    seed = seed_for(p.seed, "shapley", snakemake.wildcards.game)
    asked = batch(snakemake.wildcards.index)
    progress = Progress(f"prefixes of {snakemake.wildcards.game} retrained", game.n_rows * len(asked))
    walks = []
    for index in asked:
        order = permutation(game.n_rows, seed, index, p.antithetic)
        table = walk(game, order, empty, full, p.tolerance, progress.step)
        table.insert(0, "permutation", index)
        walks.append(table)
    write_table(snakemake.output.walks, pd.concat(walks, ignore_index=True))
    write_json(snakemake.output.solved, learner.account())
