"""Put the training rows in the order in which they are left out, so that asking for more keeps the first."""

from inquest.artefacts import read_table, write_table
from inquest.influence.points import order_points
from inquest.runtime import job, seed_for

with job(snakemake):
    p = snakemake.params
    write_table(
        snakemake.output[0],
        order_points(read_table(snakemake.input.unusual), p.choose, p.rows, seed_for(p.seed, "points")),
    )
