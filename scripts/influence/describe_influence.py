"""Write the influence chapter's facts, tables and figures."""

from pathlib import Path

import pandas as pd

from inquest.artefacts import read_json, read_table, write_chapter
from inquest.influence.summary import summarise_groups, summarise_points
from inquest.report.plots import influence as plots
from inquest.runtime import job, seed_for

with job(snakemake):
    p, folder = snakemake.params, Path(snakemake.output[0]).parent
    clean, split = read_json(snakemake.input.clean), read_json(snakemake.input.split)
    unusual = read_table(snakemake.input.unusual)
    points = pd.DataFrame([point for path in snakemake.input.points for point in read_json(path)])
    label = clean["label"]
    about_points, tables = summarise_points(
        points,
        unusual,
        read_table(snakemake.input.table),
        label["name"],
        label["classes"],
        p.metric,
        split["test"],
        seed_for(p.seed, "unusual"),
    )
    groups = [read_json(path) for path in snakemake.input.groups]
    about_groups, group_tables = summarise_groups(groups, p.groups, split["train"])
    tables |= group_tables
    facts = {
        **about_points,
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
    plots.unusual(
        figures / "unusual.svg", tables["points"], facts["unusual"]["correlations"], label["classes"]
    )
    plots.sizes(figures / "sizes.svg", tables["groups"], tables["group_repeats"], p.metric)
    plots.groups(figures / "groups.svg", tables["groups"], p.metric)
