"""A whole tiny study: what comes out, what a rerun does, and what a change reruns."""

from __future__ import annotations

import json
import os
import re
from contextlib import contextmanager

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score

REPORT = {"provenance", "html", "pdf"}
EXPLORER = {"gather_rows", "draw_explorer"}


@contextmanager
def edited(path, old, new):
    """A file with a piece of text replaced, for a while; its times are kept."""
    before, stat = path.read_text(), path.stat()
    assert old in before
    path.write_text(before.replace(old, new))
    try:
        yield
    finally:
        path.write_text(before)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def facts(workflow, name):
    return json.loads((workflow.folder / "results" / "tiny" / name).read_text())


def test_the_report_is_a_pdf_and_a_page(workflow):
    results = workflow.folder / "results" / "tiny"
    assert (results / "influence.pdf").read_bytes().startswith(b"%PDF-")
    page = (results / "influence.html").read_text()
    for heading in (
        "The data",
        "The classifiers",
        "Leaving rows and groups out",
        "Data Shapley values",
        "Are the values any good?",
    ):
        assert heading in page


def test_leave_one_out_equals_a_fit_by_hand(workflow):
    """The number in the report, from nothing but the problem's table and scikit-learn."""
    problem = pd.read_parquet(workflow.folder / "results/tiny/baseline/problem.parquet")
    train, test = problem[problem["part"] == "train"], problem[problem["part"] == "test"]
    features = [name for name in problem if name.startswith("feature:")]

    def score(rows):
        model = LogisticRegression(tol=1e-8).fit(rows[features].to_numpy(), rows["code"])
        return accuracy_score(test["code"], model.predict(test[features].to_numpy()))

    points = facts(workflow, "influence/leave_one_out/0-3.json")
    assert len(points) == 4
    for point in points:
        expected = score(train) - score(train[train["row"] != point["row"]])
        assert point["influence"] == pytest.approx(expected, abs=1e-12)
        assert point["influence_accuracy"] == point["influence"]


def test_shapley_values_add_up(workflow):
    rows = facts(workflow, "shapley/facts.json")["rows"]
    assert rows["efficiency"]["gap"] == pytest.approx(0, abs=1e-12)
    table = pd.read_parquet(workflow.folder / "results/tiny/shapley/tables/values.parquet")
    assert table["value"].sum() == pytest.approx(rows["full"] - rows["empty"])
    assert len(table) == 12


def test_a_second_run_does_nothing(workflow):
    assert workflow.planned() == {}


def test_a_touch_reruns_nothing(workflow):
    for path in (
        "scripts/baseline/fit.py",
        "src/inquest/learners/metrics.py",
        "tiny.yaml",
        "rules/influence.smk",
    ):
        os.utime(workflow.folder / path)
    assert workflow.planned() == {}


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (lambda c: c["documents"]["influence"].update(title="Another title"), {"html", "pdf"}),
        (lambda c: c["documents"]["influence"].update(paper="Letter"), {"html", "pdf"}),
        (
            lambda c: c["shapley"].update(permutations=4),
            {"permutation", "spot_check", "describe_shapley", "project_retraining"} | EXPLORER | REPORT,
        ),
        (lambda c: c["shapley"].update(show=4), {"describe_shapley"} | EXPLORER | REPORT),
        (
            lambda c: c["influence"]["points"].update(count=8),
            {"leave_one_out", "describe_influence", "project_retraining"} | REPORT,
        ),
        (
            lambda c: c["influence"].update(neighbours=5),
            {"find_unusual", "order_points", "leave_one_out", "describe_influence"} | EXPLORER | REPORT,
        ),
        (lambda c: c["baseline"].update(reason="Another reason."), {"compare"} | REPORT),
        (lambda c: c["data"].update(about="Another text."), {"describe_data"} | REPORT),
    ],
    ids=["title", "paper", "permutations", "show", "count", "neighbours", "reason", "about"],
)
def test_a_changed_key_reruns_what_it_concerns(workflow, change, rules):
    assert set(workflow.planned(config=workflow.config(change))) == rules


def test_more_permutations_compute_only_the_new_ones(workflow):
    planned = workflow.planned(config=workflow.config(lambda c: c["shapley"].update(permutations=4)))
    assert planned["permutation"] == 2  # one batch of two for each of the two games


def test_all_rows_are_left_out_once_for_two_chapters(workflow):
    """Their game is the one that the influence chapter plays, so its leave-one-out is taken from there."""
    planned = workflow.planned(config=workflow.config(lambda c: c["shapley"].update(rows=None)))
    assert "draw_players" in planned and "leave_players_out" not in planned


def test_exact_values_are_for_few_groups(workflow):
    change = workflow.config(lambda c: c["shapley"].update(exact_groups_up_to=2))
    assert "exact_groups" not in workflow.planned(config=change)
    change = workflow.config(lambda c: c["shapley"].update(rows=13))
    assert "exact_groups" not in workflow.planned(config=change)  # another game


def test_a_new_group_leaves_the_others_alone(workflow):
    def change(config):
        config["influence"]["groups"].append(
            {"name": "green", "kind": "where", "condition": "colour == 'green'"}
        )

    assert workflow.planned(config=workflow.config(change))["leave_group_out"] == 1


def test_a_group_of_rows_is_read_from_a_file_and_an_edit_of_it_reruns_the_group(workflow):
    def change(config):
        config["influence"]["groups"].append({"name": "saved", "kind": "rows", "file": "rows.csv"})

    config, path = workflow.config(change), workflow.folder / "rows.csv"
    target = f"results/{workflow.study}/influence/leave_group_out/saved.json"
    split = pd.read_parquet(workflow.folder / "results" / workflow.study / "data" / "split.parquet")
    train = split.loc[split["part"] == "train", "row"].tolist()
    assert "`influence.groups[3].file`: there is no 'rows.csv'" in workflow.complaint(
        workflow.run("-n", config=config)
    )
    path.write_text(f"row\n{train[5]}\n{train[2]}\n")
    assert workflow.planned(target, config=config) == {"leave_group_out": 1}
    done = workflow.run(target, config=config)
    assert done.returncode == 0, done.stderr[-3000:]
    (found,) = json.loads((workflow.folder / target).read_text())
    assert found["members"] == [2, 5] and workflow.planned(target, config=config) == {}
    path.write_text(f"row\n{train[5]}\n")
    assert workflow.planned(target, config=config) == {"leave_group_out": 1}
    path.write_text("row\n1.5\n")
    assert "line 2: '1.5' is no row id" in workflow.complaint(workflow.run("-n", config=config))
    path.unlink()
    (workflow.folder / target).unlink()


@pytest.mark.parametrize(
    ("path", "rules"),
    [
        (
            "src/inquest/valuation/shapley.py",
            {"permutation", "describe_shapley", "leave_one_out", "leave_group_out"},
        ),
        ("src/inquest/report/plots/data.py", {"describe_data"}),
        ("src/inquest/influence/points.py", {"order_points"}),
        ("src/inquest/report/rubric.py", {"html"}),
    ],
)
def test_an_edited_module_reruns_the_rules_that_import_it(workflow, path, rules):
    with edited(workflow.folder / path, "from __future__", "# edited\nfrom __future__"):
        planned = set(workflow.planned())
    assert rules <= planned
    never = {"fetch", "clean", "split", "prepare", "fit"}
    assert not planned & never


def test_one_core_gives_the_same_bytes_as_two(workflow, fresh):
    done = fresh.run(cores=1)
    assert done.returncode == 0, done.stderr[-3000:]
    one, two = fresh.artefacts(), workflow.artefacts()
    assert sorted(one) == sorted(two)
    assert [name for name in two if one[name] != two[name]] == []


def test_batches_change_nothing(workflow, fresh):
    def change(config):
        config["influence"]["points_per_job"] = 1
        config["influence"]["groups_per_job"] = 2
        config["shapley"]["permutations_per_job"] = 1

    done = fresh.run(config=fresh.config(change))
    assert done.returncode == 0, done.stderr[-3000:]

    def but_for_jobs(results):
        cut = re.compile(r"/leave_group_out/|/\d+(-\d+)?\.")
        return {name: content for name, content in results.items() if not cut.search(name)}

    one, many = but_for_jobs(fresh.artefacts()), but_for_jobs(workflow.artefacts())
    assert "influence.pdf" in many
    assert sorted(one) == sorted(many)
    assert [name for name in many if one[name] != many[name]] == []
    left_out = fresh.folder / "results/tiny/influence/leave_group_out"
    assert sorted(path.name for path in left_out.iterdir()) == ["0-1.json", "2-2.json"]


def test_a_run_says_how_far_it_has_come(fresh):
    """Each job would give a line, if lines were not apart in time."""
    asked = "results/tiny/data/split.json"
    with edited(fresh.folder / "src/inquest/progress.py", "EVERY = 30.0", "EVERY = 0.0"):
        done = fresh.run(asked)
        again = fresh.run(asked)
        silent = fresh.run(asked, "--quiet", "all", "--forcerun", "split")
    lines = [line for line in done.stderr.splitlines() if line.startswith("progress: ")]
    assert [line.split(" jobs")[0] for line in lines] == [
        "progress: 1 of 3",
        "progress: 2 of 3",
        "progress: all 3",
    ]
    assert re.fullmatch(r"progress: 1 of 3 jobs done, about \d+ s left", lines[0])
    assert re.fullmatch(r"progress: all 3 jobs done in \d+ s", lines[2])
    assert done.returncode == again.returncode == silent.returncode == 0
    assert "progress: " not in again.stderr + silent.stderr


def test_pages_have_no_barrier_that_a_checker_finds(workflow, barriers):
    pages = sorted((workflow.folder / "results" / workflow.study).glob("*.html"))
    assert {page.name for page in pages} >= set(["influence.html"])
    assert {page.name: found for page in pages if (found := barriers(page))} == {}
