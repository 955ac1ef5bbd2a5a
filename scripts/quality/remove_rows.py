"""Value the drawn rows by each method, and score on other test rows what is left as rows are removed."""

from inquest.artefacts import read_json, write_json, write_table
from inquest.learners.chosen import chosen_utility, open_problem, utility_of
from inquest.learners.metrics import FINE
from inquest.quality.methods import planned_models, planned_removals, remove_rows, value_rows
from inquest.quality.trials import draw_trial
from inquest.runtime import Progress, job, seed_for

with job(snakemake):
    p, clean = snakemake.params, snakemake.input.clean
    seed = seed_for(p.seed, "quality", int(snakemake.wildcards.repeat))
    problem, _ = chosen_utility(snakemake.input.problem, clean, p)
    trial, types = draw_trial(problem, p.rows, seed), read_json(clean)["features"]["types"]
    game, held = utility_of(trial.valued, p, types, [FINE]), utility_of(trial.held, p, types)
    features = draw_trial(open_problem(snakemake.input.features, clean), p.rows, seed).valued
    progress = Progress("models", planned_models(game.n_rows, p.options) + planned_removals(game))
    found = value_rows(game, features, p.options, seed_for(seed, "removal"), progress.step)
    curves = remove_rows(held, found.values, seed_for(seed, "ties"), progress.step)
    write_table(snakemake.output.curves, curves)
    sizes = {
        "rows": game.n_rows,
        "of": len(problem.y),
        "judges": len(trial.judges),
        "others": len(trial.others),
    }
    write_json(snakemake.output.facts, {"models": found.models, **sizes})
    write_json(snakemake.output.timings, found.seconds)
