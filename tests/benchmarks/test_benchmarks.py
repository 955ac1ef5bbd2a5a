"""The learners' part on a tiny contest: processes, verdicts and pages, without the peers' environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

ROOT = Path(__file__).resolve().parents[2]
LOGISTIC = "sklearn.linear_model.LogisticRegression"


@pytest.fixture
def contest(bench):
    """Two walks over ten rows of two classes of iris that can't be told apart without error."""
    X, y = load_iris(return_X_y=True)
    X, y = X[50:, :2], y[50:] - 1
    rows = np.r_[0:5, 50:55]
    parts = X[rows], y[rows], X[5:45], y[5:45]
    return bench.cases.contest(parts, 2, LOGISTIC, {"tol": 1e-8, "max_iter": 10_000})


def plain(contest) -> list[float]:
    """Return every utility by scikit-learn at a tight tolerance."""
    worths = []
    for rows in contest.subsets():
        y = contest.y[rows]
        if len(np.unique(y)) < 2:
            worths.append(float(np.mean(contest.y_test == y[0])))
        else:
            model = LogisticRegression(solver="newton-cholesky", tol=1e-12).fit(contest.X[rows], y)
            worths.append(float(np.mean(model.predict(contest.X_test) == contest.y_test)))
    return worths


def test_contestants_in_processes_of_their_own_agree_with_scikit_learn(bench, contest):
    ours, theirs = bench.measure.race([("ours", contest, 1), ("plain", contest, 1)])
    assert ours["utilities"] == pytest.approx(plain(contest), abs=1e-12)
    assert theirs["utilities"] == ours["utilities"]
    assert ours["times"] == [ours["seconds"]] and 0 < ours["seconds"] < 60
    assert ours["peak_mib"] > 20 and sum(ours["solved"].values()) > 0


def test_leave_one_out_answers_in_the_order_of_its_subsets(bench, contest):
    alone = replace(contest, task="leave one out")
    first, second = bench.measure.together("ours", [alone, replace(alone, X=-alone.X, X_test=-alone.X_test)])
    assert first["utilities"] == pytest.approx(plain(alone), abs=1e-12)
    assert second["utilities"] == pytest.approx(first["utilities"], abs=1e-12)
    assert first["wall"] > first["seconds"]


def test_a_contestant_that_fails_is_named_with_its_reason(bench, contest):
    with pytest.raises(RuntimeError, match=r"^plain failed: AttributeError: .*NoSuchClass"):
        bench.measure.together("plain", [replace(contest, classifier="sklearn.linear_model.NoSuchClass")])


def test_a_contest_survives_its_file(bench, contest, tmp_path):
    contest.write(tmp_path / "contest.npz")
    again = bench.contest.Contest.read(tmp_path / "contest.npz")
    assert np.array_equal(again.X, contest.X) and np.array_equal(again.orders, contest.orders)
    assert (again.params, again.classifier, again.task) == (contest.params, contest.classifier, contest.task)


def test_orders_are_successive_draws_of_one_generator(bench):
    rng = np.random.default_rng(3)
    assert bench.contest.orders_for(6, 2, 3).tolist() == [rng.permutation(6).tolist() for _ in range(2)]


def test_a_difference_without_a_tie_is_wrong(bench, contest):
    worths = plain(contest)
    off = [*worths[:-1], worths[-1] + 0.5]
    found = bench.judge.compare(contest, worths, off)
    assert (found["equal"], found["wrong"], found["largest"]) == (19, 1, 0.5)
    assert bench.judge.compare(contest, worths, worths)["equal"] == 20


def test_a_test_row_on_the_boundary_is_a_listed_tie(bench, contest):
    model = LogisticRegression(solver="newton-cholesky", tol=1e-12).fit(contest.X, contest.y)
    w, b = model.coef_[0], model.intercept_[0]
    row = contest.X_test[0] - w * (w @ contest.X_test[0] + b) / (w @ w)
    tied = replace(contest, X_test=np.vstack([contest.X_test, row]), y_test=np.r_[contest.y_test, 1])
    full = plain(tied)
    off = [*full[:9], full[9] - 1 / 41, *full[10:]]
    found = bench.judge.compare(tied, full, off)
    assert (found["equal"], found["ties"], found["wrong"]) == (19, 1, 0)
    assert {name: found["listed"][0][name] for name in ("walk", "size", "test_rows")} == {
        "walk": 0,
        "size": 10,
        "test_rows": 1,
    }
    assert found["listed"][0]["margins"][0] < 1e-8
    two = [*full[:9], full[9] - 2 / 41, *full[10:]]
    assert bench.judge.compare(tied, full, two)["wrong"] == 1


def test_a_default_score_counts_as_unfit_only_where_no_fit_is_possible(bench, contest):
    alone = int(np.flatnonzero(contest.y != np.bincount(contest.y).argmax())[0])
    first = np.r_[alone, np.delete(np.arange(10), alone)]
    one = replace(contest, orders=first[None], y_test=np.r_[np.zeros(30, int), np.ones(10, int)])
    worths, default = plain(one), one.majority_share
    found = bench.judge.compare(one, worths, [default, *worths[1:]])
    assert worths[0] != default and (found["unfit"], found["wrong"]) == (1, 0)
    found = bench.judge.compare(one, [*worths[:-1], default + 0.5], [*worths[:-1], default])
    assert (found["unfit"], found["wrong"]) == (0, 1)


def test_contestants_take_turns(bench):
    assert bench.measure.turns([3, 1]) == [0, 0, 1, 0]
    assert bench.measure.turns([1, 1, 1]) == [0, 1, 2]


def test_each_process_has_cores_of_its_own(bench, monkeypatch):
    monkeypatch.setattr(bench.measure.shutil, "which", lambda name: name)
    monkeypatch.setattr(bench.measure.os, "sched_getaffinity", lambda process: {0, 1, 2, 3}, raising=False)
    assert bench.measure.cores(2, 1) == ["3", "2"]
    assert bench.measure.cores(1, 2) == ["3,2"]
    assert bench.measure.cores(2, 2) == ["3,2", "1,0"]


def test_peak_memory_is_not_that_of_the_process_before(bench):
    """Linux hands `ru_maxrss` on to a process that is started by a large one."""
    ballast = bytearray(400 * 2**20)
    ballast[::4096] = b"x" * len(ballast[::4096])
    code = "from benchmarks.contest import peak_mib; print(peak_mib())"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=True)
    assert len(ballast) == 400 * 2**20 and 5 < float(run.stdout) < 300


def test_growth_of_a_power_law_is_its_exponent(bench):
    sizes = np.array([10, 20, 80])
    assert bench.learners.exponent(sizes, 0.3 * sizes**1.7) == pytest.approx(1.7)


def test_a_plain_walk_adds_up_fits_along_straight_lines(bench):
    # 1 s for one and two rows; then 1.5 s, 2 s, 2.5 s, 3 s
    assert bench.learners.plain_walk([2, 6], [1.0, 3.0]) == pytest.approx(1 + 1 + 1.5 + 2 + 2.5 + 3)


def test_every_case_gives_each_peer_the_problem_of_ours(bench):
    for case in bench.cases.cases(quick=True):
        if case.name == "census":  # needs the study's own table
            continue
        ours = case.contest()
        for peer in case.peers:
            theirs = case.contest(peer)
            assert np.array_equal(ours.X, theirs.X) and np.array_equal(ours.orders, theirs.orders)
            assert theirs.params == ours.params | peer.params
    names = [case.name for case in bench.cases.cases(quick=False)]
    assert len(set(names)) == len(names)


def test_pages_print_the_facts(bench, tmp_path):
    compared = {"compared": 20, "equal": 18, "unfit": 1, "ties": 1, "wrong": 0, "largest": 0.1}
    tie = {"walk": 0, "size": 7, "test_rows": 1, "margins": [2e-7]}
    peer = {"name": "pyDVL", "ratio": 321.4, "at_least": 200, "seconds": 9.0, "times": [9.0], "peak_mib": 90}
    ours = {"seconds": 0.028, "peak_mib": 80, "family": "a family", "solved": {"carried": 19, "newton": 1}}
    floor = {"gradient": 0.01, "scoring": 0.004, "times": 2.0}
    points = [
        {"rows": rows, "seconds": rows / 10, "peak_mib": 99, "floor": floor, "solved": {}}
        for rows in (10, 20)
    ]
    facts = {
        "machine": dict.fromkeys(("processor", "cores", "memory_gib", "system", "python"), "x"),
        "versions": {"inquest": {"numpy": "2"}, "peers": {"numpy": "1"}},
        "cases": [
            {
                "name": "tiny",
                "work": "tiny work",
                "inquest": ours,
                "peers": [peer | {"utilities": compared | {"listed": [tie]}}],
                "floor": floor,
            }
        ],
        "growth": {"points": points, "exponent": 2.2},
        "study": {
            "work": "all",
            "wall": 260.0,
            "peak_mib": 500.0,
            "extrapolated": 2600.0,
            "ratio": 10.0,
            "spots": {"sizes": [2, 4], "largest_difference": 0.0},
        },
    }
    bench.results.write(tmp_path, {"learners": facts})
    text = (tmp_path / "results.md").read_text()
    assert "| tiny work | pyDVL | 0.028 | 9 | **321** | 200 | yes | 18 of 20 equal, 1 ties, 1 unfit |" in text
    assert "| tiny work | pyDVL | 1 | 7 | 1 | 2.0e-07 |" in text
    assert "| tiny work | a family | 19 carried, 1 newton |" in text
    assert "power 2.20 (at most 2.1 is asked: **no**)" in text and "240 s is asked: **no**" in text
    assert json.loads((tmp_path / "results.json").read_text()) == {"learners": facts}
    for name in ("speed.svg", "growth.svg"):
        assert (tmp_path / name).read_text().startswith("<?xml")
