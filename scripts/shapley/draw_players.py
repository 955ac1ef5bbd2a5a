"""Draw the training rows that are valued, and find U(empty), U(all) and every leave-one-out of their game."""

import numpy as np

from inquest.artefacts import read_json, write_json
from inquest.learners.chosen import open_problem, utility_of
from inquest.runtime import Progress, job, seed_for
from inquest.shapley.players import draw_rows

with job(snakemake):
    p = snakemake.params
    problem = open_problem(snakemake.input.problem, snakemake.input.clean)
    positions = draw_rows(problem.y, p.rows, p.choose, seed_for(p.seed, "shapley", "rows"))
    game = problem.take(positions)
    types = read_json(snakemake.input.clean)["features"]["types"]
    utility = utility_of(game, p, types)
    full = float(utility(np.arange(utility.n_rows)))
    progress = Progress("rows left out", utility.n_rows)
    without = []
    for row in range(utility.n_rows):
        without.append(float(utility.without([row])))
        progress.step()
    # U(empty) is what the majority class of the whole training split scores
    empty = float(utility_of(problem, p, types)([]))
    write_json(
        snakemake.output[0],
        {"rows": game.rows, "members": positions[:, None], "empty": empty, "full": full, "without": without},
    )
