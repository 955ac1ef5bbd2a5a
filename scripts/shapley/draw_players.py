"""Draw the training rows that are valued, and find U(empty), U(all) and every leave-one-out of their game."""

import numpy as np

from inquest.artefacts import write_json
from inquest.learners.chosen import chosen_utility
from inquest.runtime import Progress, job, seed_for
from inquest.shapley.players import draw_rows
from inquest.utility import Players

with job(snakemake):
    p = snakemake.params
    problem, utility = chosen_utility(snakemake.input.problem, snakemake.input.clean, p)
    members = draw_rows(problem.y, p.rows, p.choose, seed_for(p.seed, "shapley", "rows"))[:, None]
    game = Players(utility, members)
    progress = Progress("rows left out", game.n_rows)
    without = []
    for row in range(game.n_rows):
        without.append(float(game.without([row])))
        progress.step()
    write_json(
        snakemake.output[0],
        {
            "rows": problem.rows[members[:, 0]],
            "members": members,
            "empty": float(game([])),
            "full": float(game(np.arange(game.n_rows))),
            "without": without,
        },
    )
