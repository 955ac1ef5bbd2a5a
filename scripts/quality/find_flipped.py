"""Flip some labels of the drawn rows, and value all of them by each method."""

from inquest.artefacts import read_json, write_json, write_table
from inquest.learners.chosen import chosen_utility, open_problem, utility_of
from inquest.learners.metrics import FINE
from inquest.quality.methods import planned_models, value_rows
from inquest.quality.trials import draw_trial, with_wrong_labels
from inquest.runtime import Progress, job, seed_for

with job(snakemake):
    p, clean = snakemake.params, snakemake.input.clean
    seed = seed_for(p.seed, "quality", int(snakemake.wildcards.repeat))
    problem, _ = chosen_utility(snakemake.input.problem, clean, p)
    trial = draw_trial(problem, p.rows, seed)
    noisy, flipped = with_wrong_labels(trial.valued, p.flip, seed_for(seed, "flips"))
    game = utility_of(noisy, p, read_json(clean)["features"]["types"], [FINE])
    features = draw_trial(open_problem(snakemake.input.features, clean), p.rows, seed).valued
    progress = Progress("models", planned_models(game.n_rows, p.options))
    found = value_rows(game, features, p.options, seed_for(seed, "flipped"), progress.step)
    table = found.values
    table.insert(0, "row", noisy.rows)
    table.insert(1, "flipped", flipped)
    write_table(snakemake.output.values, table)
    write_json(snakemake.output.facts, {"models": found.models, "family": game.family})
    write_json(snakemake.output.timings, found.seconds)
