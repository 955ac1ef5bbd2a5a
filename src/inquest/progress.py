"""How far a whole run has come: jobs done, of how many, and about how much time is left."""

from __future__ import annotations

import csv
import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

EVERY = 30.0
"""Seconds between two lines; a run that is over sooner says none."""


def spoken(seconds: float) -> str:
    """Return a span of time as one says it.

    Examples
    --------
    >>> [spoken(s) for s in (0.2, 59, 100, 3_599, 8_000)]
    ['0 s', '59 s', '2 min', '1 h', '2 h 13 min']
    """
    if round(seconds) < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return " ".join([f"{hours} h"] * (hours > 0) + [f"{minutes} min"] * (minutes > 0))


class Run:
    """The jobs of a run, as they are planned, start and end; each end gives a line to say, or none yet.

    What a job will take is what the same rule's jobs took in this run, or else in an earlier one, or else
    what jobs took on average; what is left in all is shared by the cores.

    Parameters
    ----------
    cores : int
        How many jobs run side by side.
    earlier : callable
        Returns the mean seconds of rules' jobs in an earlier run; called once, when the first line is due.
    every : float
        Seconds between two lines.
    now : callable
        The clock, in seconds.

    Examples
    --------
    >>> clock = iter([0.0, 0.0, 40.0])
    >>> run = Run(cores=2, now=lambda: next(clock))
    >>> run.plan({"fit": 4, "all": 1})
    >>> run.start(1, "fit")
    >>> run.end(1)
    'progress: 1 of 5 jobs done, about 1 min left'
    """

    def __init__(
        self,
        cores: int,
        earlier: Callable[[], Mapping[str, float]] = dict,
        every: float = EVERY,
        now: Callable[[], float] = time.monotonic,
    ):
        self.cores, self.every, self.now = max(1, cores), every, now
        self._earlier, self._known = earlier, None
        self.waiting: Counter[str] = Counter()
        self.running: dict[int, tuple[str, float]] = {}
        self.took: dict[str, list[float]] = {}
        self.total = self.done = 0
        self.began = self.said = 0.0

    def plan(self, jobs: Mapping[str, int]) -> None:
        """Begin a run of so many jobs of each rule."""
        self.waiting, self.total = Counter(jobs), sum(jobs.values())
        self.began = self.said = self.now()

    def start(self, job: int, rule: str) -> None:
        """Note that a job has started."""
        if rule in self.waiting:
            self.waiting[rule] -= 1
            self.running[job] = (rule, self.now())

    def end(self, job: int) -> str | None:
        """Note that a job has ended well, and return the line that is due."""
        if not self.total:  # a job of another process's run
            return None
        now = self.now()
        if job in self.running:
            rule, started = self.running.pop(job)
            self.took.setdefault(rule, []).append(now - started)
        self.done += 1
        if self.done >= self.total and now - self.began >= self.every:
            return f"progress: all {self.total:,} jobs done in {spoken(now - self.began)}"
        if self.done >= self.total or now - self.said < self.every:
            return None
        self.said = now
        return f"progress: {self.done:,} of {self.total:,} jobs done, about {spoken(self.left(now))} left"

    def left(self, now: float) -> float:
        """Return about how many seconds are left."""
        if self._known is None:
            self._known = self._earlier()
        means = (
            self._known | {rule: statistics.fmean(took) for rule, took in self.took.items()} | {"all": 0.0}
        )
        usual = statistics.fmean([seconds for took in self.took.values() for seconds in took] or [0.0])
        running = [max(0.0, means.get(rule, usual) - (now - since)) for rule, since in self.running.values()]
        waiting = sum(means.get(rule, usual) * count for rule, count in self.waiting.items())
        jobs = len(running) + self.waiting.total()
        return max((sum(running) + waiting) / min(self.cores, max(1, jobs)), max(running, default=0.0))


def earlier_seconds(folder: str | Path) -> dict[str, float]:
    """Return the mean seconds of rules' jobs by the benchmark files in a folder, `<rule>-<item>.tsv`."""
    took: dict[str, list[float]] = {}
    for path in sorted(Path(folder).glob("*.tsv")):
        try:
            with open(path, encoding="utf-8", newline="") as file:
                seconds = [float(row["s"]) for row in csv.DictReader(file, delimiter="\t")]
        except (OSError, ValueError, KeyError, TypeError):
            continue  # cut short, or taken away meanwhile
        took.setdefault(path.stem.split("-")[0], []).extend(seconds)
    return {rule: statistics.fmean(seconds) for rule, seconds in took.items() if seconds}
