"""Find how much the influence of the most helpful and the most harmful rows depends on the test rows."""

from inquest.artefacts import read_table, write_table
from inquest.influence.ends import judge_ends, ranking, two_ends
from inquest.learners.chosen import chosen_utility
from inquest.runtime import job

with job(snakemake):
    problem, utility = chosen_utility(snakemake.input.problem, snakemake.input.clean, snakemake.params)
    helpful, harmful = two_ends(ranking(read_table(snakemake.input.every)))
    ends = judge_ends(utility, [*helpful["position"], *harmful["position"]])
    ends.insert(0, "row", problem.rows[ends["position"]])
    write_table(snakemake.output[0], ends)
