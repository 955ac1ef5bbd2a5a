"""Find the training rows of each group and retrain without them; a random group is drawn several times."""

from inquest.artefacts import read_table, write_json
from inquest.data.groups import group_members
from inquest.learners.chosen import chosen_utility, full_score
from inquest.learners.metrics import METRICS
from inquest.learners.problem import Problem
from inquest.runtime import Progress, job
from inquest.valuation import leave_group_out

with job(snakemake):
    p = snakemake.params
    problem, utility = chosen_utility(snakemake.input.problem, snakemake.input.clean, p, list(METRICS))
    table = read_table(snakemake.input.table).set_index("row").loc[problem.rows].reset_index()
    clusters = any(group["kind"] == "cluster" for group in p.groups)
    features = (
        Problem.from_table(read_table(snakemake.input.features), problem.classes).X if clusters else None
    )
    members = [group_members(group, table, p.label, features, p.seed) for group in p.groups]
    full, found = full_score(snakemake.input.full, p.metric), []
    progress = Progress("groups left out", sum(map(len, members)))
    for group, mine in zip(p.groups, members, strict=True):  # each by itself: batches change nothing
        before = utility.unconverged
        left_out = leave_group_out(utility, mine, full, progress.step)
        found.append(
            {
                "name": group["name"],
                "kind": group["kind"],
                "members": mine[0],
                "repeats": left_out.to_dict("records"),
                "unconverged": utility.unconverged - before,
            }
        )
    write_json(snakemake.output[0], found)
