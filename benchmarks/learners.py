"""The learners' part: families that carry their model from set to set, against retraining from scratch."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.cases import LOGISTIC, NEWTON, TIGHT, Case, adult, cases, contest
from benchmarks.judge import compare
from benchmarks.measure import PEERS, race, say, together
from inquest.runtime import versions

SIZES = (500, 1000, 2000, 4000, 8000)
PROCESSES = 2
VERSIONS = ("numpy", "scipy", "scikit-learn", "pyDVL")


def learners(quick: bool) -> dict[str, Any]:
    """Return what all comparisons of learners found."""
    sizes = (20, 40, 80) if quick else SIZES
    return {
        "versions": {"inquest": versions(VERSIONS), "peers": peer_versions()},
        "cases": [compete(case) for case in cases(quick)],
        "growth": growth(sizes),
        "study": study(sizes[-1], 2 if quick else 10),
    }


def compete(case: Case) -> dict[str, Any]:
    """Return what a case's contestants took, their ratios, and how their utilities compare."""
    say(case.work)
    contests = [case.contest(), *(case.contest(peer) for peer in case.peers)]
    entries = [("ours", contests[0], case.runs)]
    entries += [(peer.script, own, peer.runs) for peer, own in zip(case.peers, contests[1:], strict=True)]
    if case.floor:
        entries.append(("floor", contests[0], 1))
    answers = race(entries)
    ours, found = answers[0], []
    for peer, own, theirs in zip(case.peers, contests[1:], answers[1:], strict=False):
        ratio = theirs["seconds"] / ours["seconds"]
        compared = compare(own, ours["utilities"], theirs["utilities"])
        found.append(
            {"name": peer.name, "ratio": ratio, "at_least": peer.at_least, "utilities": compared}
            | {name: theirs[name] for name in ("seconds", "times", "peak_mib")}
        )
        say(f"  {ratio:,.0f} times faster than {peer.name}; {compared['wrong']} utilities differ")
    kept = {name: ours[name] for name in ("seconds", "times", "peak_mib", "family", "solved")}
    floor = above(ours["seconds"], answers[-1]) if case.floor else None
    return {"name": case.name, "work": case.work, "inquest": kept, "peers": found, "floor": floor}


def above(seconds: float, floor: dict[str, Any]) -> dict[str, float]:
    """Return the floor's seconds, and how many times it fits into ours."""
    least = floor["gradient"] + floor["scoring"]
    return {"gradient": floor["gradient"], "scoring": floor["scoring"], "times": seconds / least}


def growth(sizes: tuple[int, ...]) -> dict[str, Any]:
    """Return the time of one permutation of Adult at each size, its floor, and the exponent of its growth."""
    points = []
    for size in sizes:
        say(f"Adult, logistic regression, 1 permutation of {size:,} rows")
        runs = 2 if size <= sizes[-1] / 4 else 1
        walk = contest(adult(size), 1, LOGISTIC, TIGHT | NEWTON)
        ours, floor = race([("ours", walk, runs), ("floor", walk, 1)])
        points.append(
            {"rows": size, "floor": above(ours["seconds"], floor)}
            | {name: ours[name] for name in ("seconds", "times", "peak_mib", "solved")}
        )
    return {"points": points, "exponent": exponent(sizes, [point["seconds"] for point in points])}


def exponent(sizes, seconds) -> float:
    """Return the slope of log seconds over log rows, by least squares."""
    return float(np.polyfit(np.log(sizes), np.log(seconds), 1)[0])


def study(rows: int, permutations: int) -> dict[str, Any]:
    """Return what the permutations of all of Adult take on two cores, and would take in a plain loop."""
    work = f"Adult, logistic regression, {permutations} permutations of {rows:,} rows, {PROCESSES} processes"
    say(work)
    whole = contest(adult(rows), permutations, LOGISTIC, TIGHT | NEWTON)
    parts = [replace(whole, orders=whole.orders[i::PROCESSES]) for i in range(PROCESSES)]
    ours = together("ours", parts)
    spots = together("spots", [whole])[0]
    walk = plain_walk(spots["sizes"], spots["each"])
    wall = ours[0]["wall"]
    apart = [
        abs(ours[0]["utilities"][size - 1] - worth)
        for size, worth in zip(spots["sizes"], spots["utilities"], strict=True)
    ]
    return {
        "work": work,
        "wall": wall,
        "processes": PROCESSES,
        "seconds": [answer["seconds"] for answer in ours],
        "peak_mib": max(answer["peak_mib"] for answer in ours),
        "solved": [answer["solved"] for answer in ours],
        "spots": {name: spots[name] for name in ("sizes", "each")} | {"largest_difference": max(apart)},
        "extrapolated": walk * permutations / PROCESSES,
        "ratio": walk * permutations / PROCESSES / wall,
    }


def plain_walk(sizes: list[int], seconds: list[float]) -> float:
    """Return the seconds of a plain walk to the largest size, from its fits' seconds at these sizes.

    Examples
    --------
    >>> plain_walk([2, 4], [1.0, 3.0])
    7.0
    """
    return float(np.interp(np.arange(1, max(sizes) + 1), sizes, seconds).sum())


def peer_versions() -> dict[str, str]:
    """Return the versions in the peers' environment."""
    code = "import sys, importlib.metadata as m; print(*map(m.version, sys.argv[1:]))"
    said = subprocess.run([PEERS, "-c", code, *VERSIONS], capture_output=True, text=True, check=True).stdout
    return dict(zip(VERSIONS, said.split(), strict=True))
