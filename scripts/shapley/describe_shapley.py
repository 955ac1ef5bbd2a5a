"""Write the Shapley chapter's facts, tables and figures."""

from pathlib import Path

from inquest.artefacts import read_json, read_table, write_chapter
from inquest.report.plots import plane
from inquest.report.plots import shapley as plots
from inquest.runtime import job
from inquest.shapley.summary import (
    solved_in_all,
    summarise_checks,
    summarise_groups,
    summarise_rows,
    why_stopped,
)

with job(snakemake):
    p, folder = snakemake.params, Path(snakemake.output[0]).parent
    label, n_train = read_json(snakemake.input.clean)["label"], read_json(snakemake.input.split)["train"]
    players = {Path(path).parent.name: read_json(path) for path in snakemake.input.players}
    further = {Path(path).parent.name: path for path in snakemake.input.further}
    stopped = {Path(path).parent.name: read_json(path) for path in snakemake.input.stopped}
    walks = {
        game: [
            table
            for path in [*snakemake.input[f"walks_{game}"], *([further[game]] if game in further else [])]
            for _, table in read_table(path).groupby("permutation")
        ]
        for game in players
    }
    solved = {
        game: solved_in_all(
            [
                *(read_json(path) for path in snakemake.input[f"solved_{game}"]),
                *([stopped[game]] if game in stopped else []),
            ]
        )
        for game in players
    }
    until = {game: why_stopped(stopped[game]) if game in stopped else None for game in players}
    rows, tables, found = summarise_rows(
        players["rows"],
        walks["rows"],
        read_table(snakemake.input.loo),
        read_table(snakemake.input.knn)["value"],
        read_table(snakemake.input.table),
        label,
        {"metric": p.metric, "tolerance": p.tolerance, "antithetic": p.antithetic, "show": p.show},
    )
    checks = [summarise_checks(read_json(path)) for path in snakemake.input.spot_checks]
    facts = {
        "metric": p.metric,
        "choose": p.choose,
        "n_train": n_train,
        "all": rows["count"] == n_train,
        "gradient_tolerance": p.gradient_tolerance,
        "neighbours": p.neighbours,
        "rows": rows | solved["rows"] | {"until": until["rows"]},
        "checks": checks[0] if checks else None,
        "groups": None,
        "classes": label["classes"],
        "map": read_json(snakemake.input.map[1]),
    }
    figures = folder / "figures"
    if "groups" in players:
        worths = read_table(snakemake.input.coalitions[0])["worth"] if snakemake.input.coalitions else None
        groups, tables["groups"] = summarise_groups(
            players["groups"],
            walks["groups"],
            [group for path in snakemake.input.left_out for group in read_json(path)],
            n_train,
            p.metric,
            p.antithetic,
            worths,
        )
        facts["groups"] = groups | solved["groups"] | {"until": until["groups"]}
        plots.groups(figures / "groups.svg", tables["groups"], p.metric)
    write_chapter(folder, facts, tables)
    plots.values(figures / "values.svg", tables["values"], label["classes"], p.metric)
    plots.running(figures / "running.svg", found, tables["agreement"], facts["rows"])
    plots.loo(figures / "loo.svg", tables["values"], label["classes"], p.metric)
    plane.rows(
        figures / "map.svg", read_table(snakemake.input.map[0]), tables["values"], label["classes"], p.metric
    )
