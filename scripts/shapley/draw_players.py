"""Draw the training rows that are valued, and find U(empty) and U(all) of their game."""

import numpy as np

from inquest.artefacts import write_json
from inquest.learners.chosen import chosen_utility
from inquest.learners.metrics import METRICS
from inquest.runtime import job, seed_for
from inquest.shapley.players import draw_rows

with job(snakemake):
    p = snakemake.params
    problem, utility = chosen_utility(snakemake.input.problem, snakemake.input.clean, p, list(METRICS))
    positions = draw_rows(problem.y, p.rows, p.choose, seed_for(p.seed, "shapley", "rows"))
    game = utility.among(positions)
    write_json(
        snakemake.output[0],
        {
            "rows": problem.rows[positions],
            "positions": positions,
            "empty": game([]).metrics,
            "full": game(np.arange(game.n_rows)).metrics,
        },
    )
