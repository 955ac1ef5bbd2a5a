"""Bad input through the whole workflow: one clear line, exit code 1, no traceback on the screen."""

from __future__ import annotations

import re

import pytest


def put(*keys, value):
    """Return a change of the config that sets a key, given by its path."""

    def change(config):
        for key in keys[:-1]:
            config = config[key]
        config[keys[-1]] = value

    return change


def move(*keys, to):
    """Return a change of the config that renames a key."""

    def change(config):
        for key in keys[:-1]:
            config = config[key]
        config[to] = config.pop(keys[-1])

    return change


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (move("shapley", to="shaply"), "unknown key (did you mean `shapley`?)"),
        (move("data", "split", to="spilt"), "config key `data.spilt`: unknown key (did you mean `split`?)"),
        (put("shapley", "permutations", value="ten"), "config key `shapley.permutations`: found 'ten'"),
        (put("data", "split", "test", value=1.5), "config key `data.split.test`: found 1.5"),
        (
            put("documents", "influence", "chapters", value=["data", "influense"]),
            "unknown chapter 'influense' (did you mean `influence`?)",
        ),
        (put("influence", "groups", 0, "kind", value="randon"), "influence.groups[0]"),
        (
            put("baseline", "classifiers", "k-NN", "class", value="sklearn.neighbors.KNeighborClassifier"),
            "did you mean `KNeighborsClassifier`?",
        ),
        (
            put("baseline", "classifiers", "k-NN", value={"class": "sklearn.linear_model.Ridge"}),
            "is no classifier",
        ),
        (
            put("baseline", "classifiers", "k-NN", "class", value="no_such_module.Classifier"),
            "can't be imported",
        ),
        (
            put("baseline", "classifiers", "k-NN", "params", value={"neighbours": 3}),
            "has no hyperparameter 'neighbours'",
        ),
        (put("study", value="../elsewhere"), "config key `study`: found '../elsewhere'"),
    ],
)
def test_config_mistakes_are_found_before_any_job(fresh, change, expected):
    done = fresh.run(config=fresh.config(change))
    assert expected in fresh.complaint(done)
    assert not (fresh.folder / "results").exists()


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda text: text + "seed: 8\n", "written.yaml, line 40: the key 'seed' stands in line 3, too"),
        (lambda text: text.replace("study: tiny\n", ""), "config key `study`: missing; it must be given"),
        (
            lambda text: text.replace("n_neighbors: 3", "n_neighbors: .nan"),
            "baseline.classifiers.k-NN.params",
        ),
        (
            lambda text: text.replace("sklearn.dummy.DummyClassifier", "subprocess.Popen"),
            "Python's own library",
        ),
    ],
    ids=["twice", "no study", "NaN", "Popen"],
)
def test_what_yaml_lets_pass_is_one_line(fresh, damage, expected):
    text = damage((fresh.folder / "tiny.yaml").read_text())
    (fresh.folder / "written.yaml").write_text(text)
    said = fresh.complaint(fresh.run("--dry-run", config="written.yaml"))
    assert expected.replace("line 40", f"line {len(text.splitlines())}") in said


@pytest.mark.parametrize(
    "written", [b"a: [", b"- a\n", b"", b"x: !!python/object/apply:os.system [id]\n", b"\xe9: 1\n"]
)
def test_where_snakemake_cannot_read_the_config_nothing_is_done(fresh, written):
    """It reads the file before the Snakefile, and says so in its own words."""
    (fresh.folder / "written.yaml").write_bytes(written)
    done = fresh.run(config="written.yaml")
    assert done.returncode == 1 and not (fresh.folder / "results").exists()
    assert re.search(
        r"Config file (is not valid|must be given)|UnicodeDecodeError", done.stdout + done.stderr
    )


def test_braces_in_what_people_write_are_no_wildcards(fresh):
    def change(config):
        config["data"] |= {"title": "The {best} data", "about": "a set {0, 1}", "label": "out{come}"}
        config["baseline"]["classifiers"]["{k}-NN"] = config["baseline"]["classifiers"].pop("k-NN")
        config["baseline"] |= {"classifier": "{k}-NN", "reason": "{a}", "metric_reason": "{b}"}
        config["influence"]["groups"][0]["name"] = "random {half}"

    table = (fresh.folder / "tiny.csv").read_text()
    (fresh.folder / "tiny.csv").write_text(table.replace("outcome", "out{come}"))
    config = fresh.config(change)
    assert "describe_data" in fresh.planned(config=config)
    done = fresh.run("results/tiny/data/facts.json", config=config)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize(
    ("change", "text", "expected"),
    [
        (
            put("data", "label", value="outcom"),
            None,
            "config key `data.label`: there is no column 'outcom' (did you mean `outcome`?)",
        ),
        (lambda config: None, "size,outcome\n1,yes\n2,no,3\n", "line 3: 3 cells where the header has 2"),
        (lambda config: None, "", "tiny.csv: the file is empty"),
        (lambda config: None, "size,outcome\n1,yes\n2,yes\n", "it has one class, 'yes'"),
        (lambda config: None, "size,outcome\n1,yes\n2,no\n3,no\n", "the class 'yes' has 1 row"),
        (put("data", "sources", value=[{"file": "tinny.csv"}]), None, "tinny.csv"),
        (put("data", "sources", value=[{"file": "tiny.csv", "sha256": "0" * 64}]), None, "0" * 64),
    ],
)
def test_data_mistakes_are_one_line(fresh, change, text, expected):
    if text is not None:
        (fresh.folder / "tiny.csv").write_text(text)
    done = fresh.run("results/tiny/data/split.json", config=fresh.config(change))
    assert expected in fresh.complaint(done)
    assert not (fresh.folder / "results" / "tiny" / "data" / "split.parquet").exists()


def test_what_is_computed_stays(workflow):
    """A group that matches nothing fails alone; the rest is kept, and mending it finishes the run."""
    before = workflow.artefacts()

    def change(config):
        config["study"] = "tiny"
        config["influence"]["groups"][1]["condition"] = "colour == 'violet'"

    done = workflow.run(config=workflow.config(change, "nothing"))
    assert "group `red ones`: it holds none of the 36 training rows" in workflow.complaint(done)
    left = workflow.artefacts()
    assert {
        name for name in before if name.startswith(("data/", "baseline/", "influence/leave_one_out"))
    } <= set(left)
    done = workflow.run()
    assert done.returncode == 0, done.stderr[-2000:]
    assert workflow.artefacts() == before


def test_a_listed_row_must_be_in_the_training_split(workflow):
    def change(config):
        config["influence"]["points"] = {"choose": "listed", "rows": [100000]}

    done = workflow.run("results/tiny/influence/order.parquet", config=workflow.config(change, "listed"))
    assert (
        "config key `influence.points.rows`: the row id 100000 is not in the training split"
        in workflow.complaint(done)
    )
    assert workflow.run().returncode == 0


def test_a_learner_that_cannot_be_fitted_fails_alone(fresh):
    """A k-NN that was promised distances refuses a table of features, but only when it is fitted."""

    def change(config):
        config["baseline"]["classifiers"]["broken"] = {
            "class": "sklearn.neighbors.KNeighborsClassifier",
            "params": {"metric": "precomputed"},
        }

    targets = [
        f"results/tiny/baseline/fitted/{name}.json" for name in ("broken", "logistic-regression", "k-nn")
    ]
    done = fresh.run(*targets, config=fresh.config(change))
    line = fresh.complaint(done)
    assert "KNeighborsClassifier: it can't be fitted on" in line
    assert [(fresh.folder / path).exists() for path in targets] == [False, True, True]
