"""How far a run has come: which lines are said when, and what time is left."""

from __future__ import annotations

import pytest

from inquest.progress import Run, earlier_seconds, spoken


class Clock:
    """A clock that a test moves on."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def do(run, clock, job, rule, seconds):
    """Do one job after the others, and return the line that its end gives."""
    run.start(job, rule)
    clock.now += seconds
    return run.end(job)


def test_a_line_is_said_every_now_and_then_and_at_the_end(clock):
    run = Run(1, every=30, now=clock)
    run.plan({"fit": 4, "compare": 1, "all": 1})
    lines = [do(run, clock, i, rule, 20) for i, rule in enumerate(["fit"] * 4 + ["compare", "all"])]
    assert lines == [
        None,
        "progress: 2 of 6 jobs done, about 1 min left",  # for an unknown rule, the mean
        None,
        "progress: 4 of 6 jobs done, about 20 s left",
        None,
        "progress: all 6 jobs done in 2 min",
    ]


def test_a_short_run_says_nothing(clock):
    run = Run(2, every=30, now=clock)
    run.plan({"fit": 2, "all": 1})
    assert [do(run, clock, i, rule, 9) for i, rule in enumerate(["fit", "fit", "all"])] == [None] * 3


def test_what_is_left_is_weighed_by_rule_and_shared_by_the_cores(clock):
    """Nine walks of 100 s and one of which 60 s are left, on two cores; a quick job says nothing of them."""
    run = Run(2, lambda: {"walk": 500.0, "describe": 40.0}, every=30, now=clock)
    run.plan({"walk": 11, "quick": 1, "describe": 1, "all": 1})
    do(run, clock, 0, "quick", 1)
    do(run, clock, 1, "walk", 100)
    run.start(2, "walk")
    clock.now += 40
    assert run.left(clock.now) == pytest.approx((9 * 100 + 60 + 40) / 2)


def test_a_rule_that_never_ran_takes_what_it_took_before_or_else_the_mean(clock):
    run = Run(1, lambda: {"walk": 50.0}, now=clock)
    run.plan({"fit": 1, "walk": 1, "new": 1})
    do(run, clock, 0, "fit", 10)
    assert run.left(clock.now) == pytest.approx(50 + 10)


def test_cores_beyond_the_jobs_that_are_left_help_nobody(clock):
    run = Run(64, lambda: {"walk": 50.0, "fit": 10.0}, now=clock)
    run.plan({"walk": 1, "fit": 2})
    run.start(0, "walk")
    clock.now += 10
    assert run.left(clock.now) == pytest.approx(40)  # the walk ends last, whoever does the fits
    run = Run(0, now=clock)
    assert run.cores == 1 and run.left(clock.now) == 0


def test_earlier_runs_are_asked_once_and_only_when_it_matters(clock):
    asked = []
    run = Run(1, lambda: asked.append(1) or {}, every=30, now=clock)
    run.plan({"fit": 9})
    do(run, clock, 0, "fit", 1)
    assert not asked
    for job in (1, 2):
        do(run, clock, job, "fit", 40)
    assert asked == [1]


def test_jobs_of_no_run_are_passed_over(clock):
    run = Run(1, now=clock)
    run.start(3, "fit")
    clock.now = 100
    assert run.end(3) is None


def test_benchmark_files_give_the_mean_of_each_rule(tmp_path):
    head = "s\th:m:s\tmax_rss\n"
    for name, seconds in {"fit-a": "2", "fit-b": "4", "clean": "7.5", "bad": "-"}.items():
        (tmp_path / f"{name}.tsv").write_text(f"{head}{seconds}\t0:00:02\t-\n")
    (tmp_path / "cut.tsv").write_text("s")
    (tmp_path / "facts.json").write_text("{}")
    assert earlier_seconds(tmp_path) == {"fit": 3.0, "clean": 7.5}
    assert earlier_seconds(tmp_path / "none") == {}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min"), (89, "1 min"), (3_570, "1 h"), (90_000, "25 h")],
)
def test_time_is_said_in_few_words(seconds, words):
    assert spoken(seconds) == words
