"""Write the Shapley chapter's facts, tables and figures."""

from pathlib import Path

from inquest.artefacts import read_json, read_table, write_chapter
from inquest.report.plots import shapley as plots
from inquest.runtime import job
from inquest.shapley.summary import summarise_groups, summarise_rows

with job(snakemake):
    p, folder = snakemake.params, Path(snakemake.output[0]).parent
    label = read_json(snakemake.input.clean)["label"]
    players = {Path(path).parent.name: read_json(path) for path in snakemake.input.players}
    walks = {
        game: [
            table
            for path in snakemake.input[f"walks_{game}"]
            for _, table in read_table(path).groupby("permutation")
        ]
        for game in players
    }
    rows, tables, found = summarise_rows(
        players["rows"], walks["rows"], read_table(snakemake.input.table), label, p.tolerance, p.show
    )
    facts = {
        "metric": p.metric,
        "choose": p.choose,
        "rows": rows,
        "groups": None,
        "classes": label["classes"],
    }
    figures = folder / "figures"
    if "groups" in players:
        left_out = [read_json(path) for path in snakemake.input.left_out]
        n_train = read_json(snakemake.input.split)["train"]
        facts["groups"], tables["groups"] = summarise_groups(
            players["groups"], walks["groups"], left_out, n_train
        )
        plots.groups(figures / "groups.svg", tables["groups"], p.metric)
    write_chapter(folder, facts, tables)
    plots.values(figures / "values.svg", tables["values"], label["classes"], p.metric)
    plots.running(figures / "running.svg", found, players["rows"]["rows"])
    plots.loo(figures / "loo.svg", tables["values"], label["classes"])
