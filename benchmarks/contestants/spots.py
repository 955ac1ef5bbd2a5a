"""The plain loop at a few prefixes of the first order, each timed, for what would take hours in full."""

from __future__ import annotations

import statistics
import time

from benchmarks.contest import Contest, enter
from benchmarks.contestants.plain import worth

REPEATS = 3
SPOTS = 8


def sizes(n: int) -> list[int]:
    """Return prefix sizes up to n, each twice the one before."""
    return sorted({max(n >> i, 2) for i in range(SPOTS)})


def answer(contest: Contest):
    worths, seconds = [], []
    for size in sizes(len(contest.y)):
        times = []
        for _ in range(REPEATS):
            start = time.perf_counter()
            found = worth(contest, contest.orders[0][:size])
            times.append(time.perf_counter() - start)
        worths.append(found)
        seconds.append(statistics.median(times))
    return worths, {"sizes": sizes(len(contest.y)), "each": seconds}


if __name__ == "__main__":
    enter(answer)
