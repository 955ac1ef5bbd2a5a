"""Write the influence chapter's facts, tables and figures."""

from pathlib import Path

import pandas as pd

from inquest.artefacts import read_json, read_table, write_chapter
from inquest.influence.summary import summarise_every_row, summarise_groups, summarise_points
from inquest.influence.unusual import MEASURES
from inquest.report.plots import influence as plots
from inquest.runtime import job, seed_for

with job(snakemake):
    p, folder = snakemake.params, Path(snakemake.output[0]).parent
    clean, split = read_json(snakemake.input.clean), read_json(snakemake.input.split)
    unusual = read_table(snakemake.input.unusual)
    points = pd.DataFrame([point for path in snakemake.input.points for point in read_json(path)])
    points = points.astype({name: float for name in points if name.startswith("influence")})
    table, label, every = read_table(snakemake.input.table), clean["label"], None
    if snakemake.input.every:
        every, solved = read_table(snakemake.input.every[0]), read_json(snakemake.input.every[1])
        ends = read_table(snakemake.input.every[2])
    about_points, tables = summarise_points(
        points,
        unusual,
        table,
        label["name"],
        label["classes"],
        p.metric,
        split["test"],
        seed_for(p.seed, "unusual"),
        every,
    )
    about_every = {"every_row": None}
    if every is not None:
        about_every, more = summarise_every_row(
            every, solved, points, unusual, table, label["name"], p.metric, split["test"], ends
        )
        tables |= more
    groups = [group for path in snakemake.input.groups for group in read_json(path)]
    about_groups, group_tables = summarise_groups(groups, p.groups, split["train"])
    tables |= group_tables
    facts = {
        **about_points,
        **about_every,
        "tolerance": p.gradient_tolerance,
        **about_groups,
        "choose": p.choose,
        "neighbours": p.neighbours,
        "metric": p.metric,
        "n_train": split["train"],
        "n_test": split["test"],
        "features": [name for name in clean["features"]["names"]],
    }
    write_chapter(folder, facts, tables)
    figures = folder / "figures"
    plots.points(figures / "points.svg", tables["points"], p.metric, split["test"])
    measured = tables["points"] if every is None else tables["every_row"].join(unusual[list(MEASURES)])
    plots.unusual(figures / "unusual.svg", measured, facts["unusual"]["correlations"], label["classes"])
    if every is not None:
        plots.every_row(
            figures / "every_row.svg", tables["every_row"], label["classes"], p.metric, split["test"]
        )
        plots.ranks(figures / "ranks.svg", tables, about_every["every_row"]["ends"]["by"])
    plots.sizes(figures / "sizes.svg", tables["groups"], tables["group_repeats"], p.metric)
    plots.groups(figures / "groups.svg", tables["groups"], p.metric)
