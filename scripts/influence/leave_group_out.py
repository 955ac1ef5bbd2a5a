"""Find the training rows of a group and retrain without them; a random group is drawn several times."""

from inquest.artefacts import read_table, write_json
from inquest.data.groups import group_members
from inquest.learners.chosen import chosen_utility, full_score
from inquest.learners.metrics import METRICS
from inquest.learners.problem import Problem
from inquest.runtime import job
from inquest.valuation import leave_group_out

with job(snakemake):
    p = snakemake.params
    problem, utility = chosen_utility(snakemake.input.problem, snakemake.input.clean, p, list(METRICS))
    table = read_table(snakemake.input.table).set_index("row").loc[problem.rows].reset_index()
    features = Problem.from_table(read_table(snakemake.input.features), problem.classes).X
    members = group_members(p.group, table, p.label, features, p.seed)
    left_out = leave_group_out(utility, members, full_score(snakemake.input.full, p.metric))
    write_json(
        snakemake.output[0],
        {
            "name": p.group["name"],
            "kind": p.group["kind"],
            "members": members[0],
            "repeats": left_out.to_dict("records"),
            "unconverged": utility.unconverged,
        },
    )
