"""Permutations that are added until the values are sure: the rule by hand, and the walks that are kept."""

import itertools
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from inquest.artefacts import read_json
from inquest.learners.metrics import METRICS
from inquest.shapley.further import FEWEST, ROUND, FurtherWalks, account_of, rounds, walk_until
from inquest.shapley.summary import why_stopped
from inquest.utility import FunctionUtility
from inquest.valuation.shapley import combine, permutation, tmc_shapley, walk
from tests.shapley.test_chapter import LOGISTIC, Files, Study

# a row is worth nothing without another one of its kind, so contributions vary
game = FunctionUtility(lambda rows: float(len(rows) // 2 + (0 in rows and 3 in rows)), n_rows=5)
EMPTY, FULL = game([]), game(range(5))


def walked(numbers, antithetic=False):
    return [walk(game, permutation(5, 0, i, antithetic), EMPTY, FULL) for i in numbers]


@pytest.mark.parametrize("antithetic", [False, True])
@pytest.mark.parametrize("wanted", [1.0, 0.1, 0.06, 0.05, 1e-9])
def test_the_rule_stops_where_a_plain_loop_does(wanted, antithetic):
    until = {"standard_error": wanted, "max_permutations": 76}
    found = walk_until(
        walked(range(4), antithetic), lambda numbers: walked(numbers, antithetic), until, antithetic
    )

    count = 4
    while True:
        values = tmc_shapley(game, count, antithetic=antithetic)
        sure = count >= FEWEST * (1 + antithetic) and values.standard_errors.max() <= wanted
        if sure or count == 76:
            break
        count = min(count + ROUND, 76)

    assert found["permutations"] == count and found["because"] == ("sure" if sure else "max_permutations")
    last = found["looks"][-1]
    assert last["largest"] == values.standard_errors.max()
    assert last["player"] == values.standard_errors.argmax()
    assert [look["permutations"] for look in found["looks"]] == [*range(4, count, ROUND), count]


def test_rounds_keep_pairs_together():
    assert ROUND % 2 == 0
    for least, most in ((2, 2), (2, 4), (10, 36)):
        numbers = [number for some in rounds(least, most) for number in some]
        assert numbers == list(range(least, most))
        assert all(some.start % 2 == some.stop % 2 == 0 for some in rounds(least, most))


def test_few_equal_walks_are_not_sure():
    """Where nothing varies, the error is 0; but that of two walks is none to go by."""
    additive = FunctionUtility(lambda rows: float(len(rows)), n_rows=3)

    def further(numbers):
        return [walk(additive, permutation(3, 0, i), 0.0, 3.0) for i in numbers]

    until = {"standard_error": 0.01, "max_permutations": 40}
    found = walk_until(further(range(2)), further, until)
    assert found["permutations"] == 2 + ROUND and found["because"] == "sure"
    assert math.isnan(found["looks"][0]["largest"]) and found["looks"][0]["player"] is None
    few = walk_until(further(range(1)), further, {"standard_error": 0.01, "max_permutations": 3})
    assert few["because"] == "max_permutations" and few["permutations"] == 3


def test_enough_walks_are_asked_for_no_more():
    until = {"standard_error": 10.0, "max_permutations": 40}
    found = walk_until(walked(range(6)), lambda numbers: pytest.fail("not asked for"), until)
    assert found["because"] == "sure" and found["permutations"] == found["least"] == 6


def test_how_many_would_be_needed():
    """Half the error takes four times the permutations."""
    look = {"permutations": 30, "largest": 0.02, "median": 0.01, "player": 7}
    found = {"because": "max_permutations", "permutations": 30, "least": 10, "round": 10, "looks": [look]}
    found |= {"standard_error": 0.01, "max_permutations": 30}
    assert why_stopped(found)["needed"] == 120 and why_stopped(found)["added"] == 20
    assert why_stopped(found)["player"] == 7
    assert why_stopped(found | {"because": "sure"})["needed"] is None
    unknown = look | {"largest": None, "median": None, "player": None}
    assert why_stopped(found | {"looks": [unknown]})["needed"] is None


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    made = Study(tmp_path_factory.mktemp("further"), classes=2, rows=10)
    made.run("draw_players", Files(made.path("players.json")))
    return made


def kept(study, folder, processes=1, **options):
    files = {name: study.path(f"{name}.parquet") for name in ("problem",)}
    files |= {"clean": study.path("clean.json"), "players": study.path("players.json")}
    given = study.params | {"tolerance": 0.0, "antithetic": False, "code": "abc"} | options
    return FurtherWalks(folder, "rows", files, given, processes)


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_they_are_the_walks_that_the_permutation_rule_walks(study, tmp_path):
    walks, solved = study.walk("rows", study.path("players.json"), "3-5")
    further = kept(study, tmp_path)
    found = further.read(range(3, 6))
    expected = pd.read_parquet(walks)
    pd.testing.assert_frame_equal(pd.concat(found, ignore_index=True), expected, check_exact=True)
    assert {f"worth_{name}" for name in METRICS} <= set(expected)
    account = read_json(solved)
    assert further.account(range(3, 6)) == {name: account[name] for name in ("solved", "unconverged")}


def test_processes_change_no_byte_and_what_is_there_is_not_walked_again(study, tmp_path):
    one, two = kept(study, tmp_path / "1"), kept(study, tmp_path / "2", processes=2)
    one.read(range(2, 6))
    steps = []
    two.read(range(2, 4), lambda: steps.append(1))
    before = (two.folder / "2.parquet").stat().st_mtime_ns
    two.read(range(2, 6), lambda: steps.append(1))
    assert len(steps) == 6 and (two.folder / "2.parquet").stat().st_mtime_ns == before
    assert one.folder.name == two.folder.name and contents(one.folder) == contents(two.folder)


def test_a_walk_that_is_not_whole_is_walked_again(study, tmp_path):
    further = kept(study, tmp_path)
    further.read(range(2, 6))
    whole = contents(further.folder)
    (further.folder / "2.json").unlink()  # killed between the walk and its account
    (further.folder / "3.parquet").write_bytes(whole["3.parquet"][:-7])
    (further.folder / "4.json").write_text("{")
    (further.folder / ".5.parquet.abc.part").write_text("cut short")
    assert further.missing(range(2, 6)) == [2, 3, 4]
    assert account_of(further.folder, 5)["family"] == "carried Newton steps"
    further.read(range(2, 6))
    further.tidy()
    assert contents(further.folder) == whole


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 6},
        {"tolerance": 0.1},
        {"antithetic": True},
        {"code": "abd"},
        {"metric": "f1"},
        {"gradient_tolerance": 1e-8},
        {"classifier": LOGISTIC | {"params": {"C": 2.0}}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_walks_of_other_settings_are_never_taken(study, tmp_path, change):
    assert kept(study, tmp_path, **change).folder != kept(study, tmp_path).folder


def test_walks_of_other_data_are_never_taken_and_given_up_in_the_end(study, tmp_path):
    before = kept(study, tmp_path / "further")
    before.read([2])
    (tmp_path / "other").mkdir()
    other = Study(tmp_path / "other", classes=2, rows=10)
    for name in ("problem.parquet", "clean.json", "players.json"):
        shutil.copy(study.path(name), other.folder)
    assert kept(other, tmp_path / "further").folder == before.folder
    (other.folder / "problem.parquet").write_bytes(b"another")
    after = kept(other, tmp_path / "further")
    assert after.folder != before.folder
    after.folder.mkdir()
    after.tidy()
    assert after.folder.exists() and not before.folder.exists()


def test_more_walks_make_the_values_surer():
    """What the rule is for: the error that is reported is about the distance from the exact values."""
    until = {"standard_error": 0.02, "max_permutations": 2000}
    found = walk_until(walked(range(10)), walked, until)
    values = combine(walked(range(found["permutations"])), EMPTY, FULL).values
    orders = itertools.permutations(range(5))
    exact = combine([walk(game, order, EMPTY, FULL) for order in orders], EMPTY, FULL).values
    assert found["because"] == "sure" and np.abs(values - exact).max() < 4 * 0.02


NAPS = """
import os, time
from joblib import Parallel, delayed
from inquest.shapley.further import _end_with

def nap(parent):
    _end_with(parent)
    print("asleep", flush=True)
    time.sleep(300)

Parallel(n_jobs=2)(delayed(nap)(os.getpid()) for _ in range(2))
"""


def test_processes_end_with_the_one_that_started_them():
    source = str(Path(__file__).parents[2] / "src")
    started = subprocess.Popen(
        [sys.executable, "-c", NAPS], env=os.environ | {"PYTHONPATH": source}, stdout=subprocess.PIPE
    )
    assert [started.stdout.readline() for _ in range(2)] == [b"asleep\n"] * 2
    started.kill()
    started.communicate(timeout=60)  # comes to an end when nobody has the pipe any more
