"""Retrain some prefixes of the walks from scratch: the running proof that the walks are exact."""

from inquest.artefacts import read_json, read_table, write_json
from inquest.learners.chosen import chosen_utility
from inquest.learners.metrics import METRICS
from inquest.runtime import Progress, job, seed_for
from inquest.shapley.players import game_of
from inquest.shapley.spot_checks import check_prefix, draw_prefixes

with job(snakemake):
    p = snakemake.params
    _, utility = chosen_utility(snakemake.input.problem, snakemake.input.clean, p, list(METRICS))
    _, learner = game_of(utility, read_json(snakemake.input.players))
    plain = learner.plain()
    walks = [walk for path in snakemake.input.walks for _, walk in read_table(path).groupby("permutation")]
    lengths = [int(walk["evaluated"].sum()) for walk in walks]
    drawn = draw_prefixes(lengths, p.checks, seed_for(p.seed, "shapley", "spot checks"))
    progress = Progress("prefixes checked", len(drawn))
    checks = []
    for index, size in drawn:
        walk = walks[index]
        walked = {name: walk[f"worth_{name}"].iloc[size - 1] for name in plain.metrics}
        checks.append({"permutation": index, **check_prefix(plain, walk["player"].to_numpy()[:size], walked)})
        progress.step()
    write_json(snakemake.output[0], {"checks": checks, "unconverged": plain.unconverged})
