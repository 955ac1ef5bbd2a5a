"""Gather the groups as players: their rows, and U(empty) and U(all) of their game."""

import numpy as np

from inquest.artefacts import read_json, write_json
from inquest.learners.chosen import chosen_utility
from inquest.learners.metrics import METRICS
from inquest.runtime import job
from inquest.utility import Players

with job(snakemake):
    p = snakemake.params
    _, utility = chosen_utility(snakemake.input.problem, snakemake.input.clean, p, list(METRICS))
    groups = [group for path in snakemake.input.groups for group in read_json(path)]
    members = [group["members"] for group in groups]
    game = Players(utility, members)
    write_json(
        snakemake.output[0],
        {
            "names": [group["name"] for group in groups],
            "members": members,
            "empty": game([]).metrics,
            "full": game(np.arange(game.n_rows)).metrics,
            "covered": len(set().union(*members)),
        },
    )
