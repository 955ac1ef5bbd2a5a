"""The chapter's scripts one after the other, and its pages, on Fisher's irises with all kinds of settings."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from inquest.artefacts import read_json, read_table, write_json, write_table
from inquest.learners.families import FAMILIES
from inquest.learners.problem import prepare
from inquest.report.blocks import Build, Chapter
from inquest.report.citations import Citations
from inquest.report.document import environment
from inquest.shapley.players import score_of
from inquest.valuation.shapley import permutation

REPO = Path(__file__).resolve().parents[2]
SPECIES = ["setosa", "versicolor", "virginica"]
FEATURES = ["sepal length", "sepal width", "petal length", "petal width"]
PREPROCESSING = {
    "numeric_missing": "median",
    "scale": "standard",
    "categorical_missing": "category",
    "max_categories": 50,
}
LOGISTIC = {"name": "logistic", "class": "sklearn.linear_model.LogisticRegression", "params": {}}
RIDGE = {"name": "ridge", "class": "sklearn.linear_model.RidgeClassifier", "params": {}}
FOREST = {
    "name": "forest",
    "class": "sklearn.ensemble.RandomForestClassifier",
    "params": {"n_estimators": 3},
}
GROUPS = {"short": range(0, 20), "wide": range(10, 30), "both": range(0, 36)}


class Files(list):
    """Paths by number and by name, as Snakemake has them."""

    def __init__(self, *paths, **named):
        super().__init__([*paths, *(path for path in named.values() if isinstance(path, str))])
        self.named = named

    def __getattr__(self, name):
        return self.named[name]

    def __getitem__(self, key):
        return self.named[key] if isinstance(key, str) else super().__getitem__(key)


class Study:
    """A study in a folder of its own: its chapter's rules can be run one by one."""

    def __init__(self, folder: Path, classes: int = 3, classifier=LOGISTIC, metric="accuracy", **options):
        self.folder, self.groups = folder, options.pop("groups", True)
        self.permutations = options.pop("permutations", 3)
        self.exact = options.pop("exact", True)
        self.until = options.pop("until", None)
        self.options = {
            "rows": None,
            "choose": "stratified",
            "tolerance": 0.0,
            "antithetic": False,
            "show": 3,
            "neighbours": 5,
            "checks": 4,
            "gradient_tolerance": 1e-9,
        } | options
        self.params = {
            "seed": 5,
            "classifier": classifier,
            "metric": metric,
            "preprocessing": PREPROCESSING,
            "gradient_tolerance": 1e-9,
        }
        self._prepare(classes)

    def _prepare(self, classes: int):
        X, y = load_iris(return_X_y=True)
        rows = np.random.default_rng(0).permutation(np.flatnonzero(y < classes))
        table = pd.DataFrame(X[rows], columns=FEATURES)
        table.insert(0, "row", rows)
        table["species"] = [SPECIES[code] for code in y[rows]]
        part = np.where(np.arange(len(rows)) < 36, "train", "test")
        types = dict.fromkeys(FEATURES, "numeric")
        parts = pd.DataFrame({"row": rows, "part": part})
        label = {"name": "species", "classes": SPECIES[:classes]}
        problem = prepare(table, parts, "species", SPECIES[:classes], types, PREPROCESSING, False)
        for name in ("problem.parquet", "features.parquet"):
            write_table(self.folder / name, problem)
        write_table(self.folder / "clean.parquet", table)
        write_json(self.folder / "clean.json", {"label": label, "features": {"types": types}})
        write_json(self.folder / "split.json", {"train": 36})
        for name, members in GROUPS.items():
            one = {"name": name, "members": list(members), "repeats": [{"influence": 0.01}]}
            write_json(self.folder / f"{name}.json", [one])

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def run(self, script: str, output: Files, input: dict[str, object] | None = None, **wildcards):
        """Run a script as Snakemake does."""
        files = {name: self.path(f"{name}.parquet") for name in ("problem", "features")}
        snakemake = SimpleNamespace(
            input=Files(**files, clean=self.path("clean.json"), **(input or {})),
            output=output,
            params=_Params(self.params | self.options),
            wildcards=SimpleNamespace(**wildcards),
            log=self.path(f"{script}.log"),
            rule=script,
            threads=2 if script == "walk_on" else 1,
        )
        try:
            runpy.run_path(str(REPO / "scripts/shapley" / f"{script}.py"), {"snakemake": snakemake})
        except SystemExit:
            pytest.fail((self.folder / f"{script}.log").read_text())

    def walk(self, game: str, players: str, index: str) -> tuple[str, str]:
        walks, solved = (self.path(f"{game}-{index}.{ending}") for ending in ("parquet", "json"))
        self.run(
            "permutation", Files(walks=walks, solved=solved), {"players": players}, game=game, index=index
        )
        return walks, solved

    def walk_on(self, game: str, players: str, walks: str) -> tuple[str, str]:
        """Add walks until the values are sure; return their file and the facts'."""
        further, facts = (self.path(f"{game}/further.{ending}") for ending in ("parquet", "json"))
        self.params |= {
            "options": self.params | self.options,
            "until": self.until,
            "code": "abc",
            "folder": self.path(f"{game}/further"),
            "lock": self.path("walk_on.lock"),
        }
        given = {"players": players, "walks": [walks]}
        self.run("walk_on", Files(walks=further, facts=facts), given, game=game)
        return further, facts

    def play(self):
        """Run all the scripts; return the facts, and the page."""
        players, knn, loo, checks = (
            self.path(name) for name in ("rows/players.json", "knn.parquet", "loo.parquet", "checks.json")
        )
        self.run("draw_players", Files(players))
        self.run("value_by_neighbours", Files(knn), {"players": players})
        self.run("leave_players_out", Files(loo), {"players": players})
        places, axes = self.path("map.parquet"), self.path("map.json")
        self.run("map_rows", Files(places=places, facts=axes), {"players": players})
        every = f"0-{self.permutations - 1}"
        walks, solved = self.walk("rows", players, every)
        further = [self.walk_on("rows", players, walks)] if self.until else []
        checked = [walks, *(file for file, _ in further)]
        self.run("spot_check", Files(checks), {"players": players, "walks": checked})
        given = {
            "walks_rows": [walks], "solved_rows": [solved], "table": self.path("clean.parquet"), "knn": knn,
            "split": self.path("split.json"), "players": [players], "loo": loo, "spot_checks": [checks],
            "left_out": [], "coalitions": [], "map": [places, axes],
        }  # fmt: skip
        if self.groups:
            groups = self.path("groups/players.json")
            given["left_out"] = [self.path(f"{name}.json") for name in GROUPS]
            self.run("gather_players", Files(groups), {"groups": given["left_out"]})
            walks, solved = self.walk("groups", groups, every)
            if self.until and not self.exact:
                further += [self.walk_on("groups", groups, walks)]
            given |= {"walks_groups": [walks], "solved_groups": [solved], "players": [players, groups]}
            if self.exact:
                worths, solved = self.path("coalitions.parquet"), self.path("coalitions.json")
                self.run("exact_groups", Files(worths=worths, solved=solved), {"players": groups})
                given["coalitions"] = [worths, solved]
        given |= {"further": [file for file, _ in further], "stopped": [facts for _, facts in further]}
        self.run("describe_shapley", Files(self.path("shapley/facts.json")), given)
        return read_json(self.folder / "shapley" / "facts.json"), self.page()

    def page(self) -> str:
        """Return the chapter's text, without its pictures."""
        facts = read_json(self.folder / "shapley" / "facts.json")
        chapter = Chapter(
            Build(Citations(REPO / "report/references.json")), "shapley", self.folder / "shapley"
        )
        words = {
            **chapter.words(),
            "facts": facts,
            "all_facts": {"baseline": {"metric": {"title": self.params["metric"]}}},
        }
        html = environment(REPO / "report").get_template("chapters/shapley.html.j2").render(**words)
        return " ".join(re.sub(r"<[^>]*>", " ", html).replace("\u00a0", " ").split())


class _Params(dict):
    __getattr__ = dict.__getitem__


def test_three_classes(tmp_path):
    study = Study(tmp_path)
    facts, page = study.play()
    rows, groups, checks = facts["rows"], facts["groups"], facts["checks"]
    assert facts["all"] is True and rows["count"] == facts["n_train"] == 36
    assert rows["family"] == "carried Newton steps" and rows["solved"]["carried"] > 0
    assert rows["efficiency"]["exact"] and rows["fine"]["positive"] > 0.5
    assert checks["count"] == 4 and max(check["size"] for check in checks["checks"]) == 36
    assert max(checks["largest"].values()) < 1e-7 and checks["differ"] == 0
    assert len(checks["largest"]) == 7
    assert groups["exact"]["sum"] == pytest.approx(groups["efficiency"]["sum"])
    assert "Broyden’s method" in page and "As a running proof, 4 prefixes" in page
    assert "retrained on each of the 8" in page and "nan" not in page.lower()
    values = read_table(tmp_path / "shapley/tables/values.parquet")
    assert {"beta_4_1", "beta_16_1", "banzhaf", "knn", "loo_fine"} <= set(values)
    knn = values.set_index("row")["knn"]
    assert knn.sum() == pytest.approx(knn.to_numpy().sum()) and (knn > 0).mean() > 0.5
    methods = read_table(tmp_path / "shapley/tables/methods.parquet")
    assert len(methods) == 8
    for figure in ("values", "running", "loo", "map", "groups"):
        assert (tmp_path / "shapley/figures" / f"{figure}.svg").stat().st_size < 300_000


def test_leave_one_out_is_in_the_game_of_the_rows(tmp_path):
    """U(all) less U(without the row), of 12 rows, as the walks' game has them."""
    study = Study(tmp_path, rows=12, groups=False, classes=2)
    players, loo = study.path("players.json"), study.path("loo.parquet")
    study.run("draw_players", Files(players))
    study.run("leave_players_out", Files(loo), {"players": players})
    drawn, table = read_json(players), read_table(loo)
    assert table["row"].tolist() == drawn["rows"] and len(table) == 12
    walks, _ = study.walk("rows", players, "0-19")
    walked = read_table(walks)
    last = walked[walked.groupby("permutation").cumcount() == 11]  # joins all the others
    for _, step in last.iterrows():
        left_out = table.iloc[int(step["player"])]
        assert step["marginal"] == pytest.approx(left_out["influence"], abs=1e-12)
        full = score_of(drawn["full"], "accuracy").metrics["neg_log_loss"]
        assert step["worth_neg_log_loss"] == pytest.approx(full, abs=1e-8)


def test_jobs_may_be_cut_in_any_way(tmp_path):
    study = Study(tmp_path, rows=14, classes=2, antithetic=True)
    players = study.path("players.json")
    study.run("draw_players", Files(players))
    whole = read_table(study.walk("rows", players, "0-3")[0])
    parts = [read_table(study.walk("rows", players, index)[0]) for index in ("0", "1-2", "3")]
    pd.testing.assert_frame_equal(pd.concat(parts, ignore_index=True), whole, check_exact=True)
    counts = [read_json(study.path(f"rows-{index}.json"))["solved"] for index in ("0", "1-2", "3", "0-3")]
    for way in counts[-1]:
        assert sum(count.get(way, 0) for count in counts[:-1]) == counts[-1][way]
    orders = [walk["player"].tolist() for _, walk in whole.groupby("permutation")]
    assert orders[1] == orders[0][::-1] != permutation(14, 0, 1).tolist()


@pytest.mark.parametrize(
    ("options", "says", "never"),
    [
        ({"classifier": RIDGE, "classes": 2}, "running proof", "log-loss"),
        (
            {"classifier": FOREST, "rows": 15, "permutations": 2, "exact": False},
            "The classifier has no shortcut that is exact",
            "Newton",
        ),
        (
            {"permutations": 1, "groups": False, "rows": 15},
            "One permutation gives no standard error",
            "chance",
        ),
        ({"permutations": 4, "antithetic": True, "rows": 15}, "Every other one is the reverse", "One perm"),
        ({"tolerance": 0.2, "groups": False, "checks": 3}, "truncation left out", "No walk was truncated"),
        ({"metric": "neg_log_loss", "classes": 2, "rows": 20}, "As a running proof", "and by the negative"),
    ],
    ids=["no-probabilities", "no-shortcut", "one", "antithetic", "truncated", "log-loss"],
)
def test_other_settings(tmp_path, options, says, never):
    facts, page = Study(tmp_path, **options).play()
    assert says in page and never not in page
    assert "nan" not in page.lower().replace("nant", "") and "None" not in page
    assert facts["checks"]["unconverged"] == 0
    assert max(facts["checks"]["largest"].values()) < 1e-7
    walks = facts["rows"]["permutations"] * facts["rows"]["count"]
    assert facts["rows"]["retrains"]["done"] == walks or options.get("tolerance")


@pytest.mark.parametrize(
    ("permutations", "error", "most", "because", "says"),
    [
        (4, 0.04, 60, "sure", "every value is as sure as was asked for"),
        (4, 1e-4, 18, "max_permutations", "would be needed"),
        (10, 9.0, 18, "sure", "The first ones were enough: the largest"),
    ],
    ids=["sure", "most", "enough"],
)
def test_permutations_are_added_until_the_values_are_sure(tmp_path, permutations, error, most, because, says):
    options = {"rows": 12, "classes": 2, "exact": False, "antithetic": True, "permutations": permutations}
    study = Study(tmp_path, until={"standard_error": error, "max_permutations": most}, **options)
    facts, page = study.play()
    rows, groups = facts["rows"], facts["groups"]
    assert rows["until"]["because"] == because and says in page
    assert rows["permutations"] == rows["until"]["permutations"] == rows["retrains"]["done"] / 12
    assert groups["permutations"] == groups["until"]["permutations"]
    values = read_table(tmp_path / "shapley/tables/values.parquet")
    least_sure = values.set_index("row")["standard_error"]
    assert rows["until"]["largest"] == pytest.approx(least_sure.max())
    assert least_sure[rows["until"]["player"]] == pytest.approx(least_sure.max())
    assert groups["until"]["player"] in GROUPS and "For them, too, permutations were added" in page
    assert "None" not in page and "nan" not in page.lower().replace("nant", "")
    assert 0.5 < sum(rows["solved"].values()) / rows["retrains"]["done"] <= 1
    for game, players in (("rows", 12), ("groups", 3)):
        further = read_table(tmp_path / game / "further.parquet")
        assert len(further) == facts[game]["until"]["added"] * players
        assert further["permutation"].min() == permutations or further.empty


def test_every_family_is_told_of_by_name():
    template = (REPO / "report/chapters/shapley.html.j2").read_text()
    told = set(re.findall(r'r\.family == "([^"]+)"', template))
    assert told == {family.family for family in FAMILIES}
