"""Retrain on every coalition of the groups: their exact values follow."""

import numpy as np
import pandas as pd

from inquest.artefacts import read_json, write_json, write_table
from inquest.learners.chosen import chosen_utility
from inquest.learners.metrics import METRICS
from inquest.runtime import Progress, job
from inquest.shapley.players import game_of
from inquest.valuation.exact import coalition_worths
from inquest.valuation.scores import metrics_of

with job(snakemake):
    p = snakemake.params
    _, utility = chosen_utility(snakemake.input.problem, snakemake.input.clean, p, list(METRICS))
    game, learner = game_of(utility, read_json(snakemake.input.players))
    progress = Progress("coalitions of groups retrained", 2**game.n_rows)
    worths = coalition_worths(game, progress.step)
    metrics = {f"worth_{name}": values for name, values in metrics_of(worths).items()}
    table = pd.DataFrame({"coalition": np.arange(len(worths)), "worth": np.array(worths, float), **metrics})
    write_table(snakemake.output.worths, table)
    write_json(snakemake.output.solved, learner.account())
