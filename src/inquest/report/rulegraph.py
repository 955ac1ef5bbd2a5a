"""Which rules a document rests on, and how they feed each other: found in the workflow, put in layers."""

from __future__ import annotations

import functools
import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

MOST_JOBS = 24  # of one rule that are looked at: those that differ by a number alone have the same needs
_SWEEPS = 12  # times that layers are put in order by their neighbours
_NARROW = 2  # letters: what an arrow that passes a layer takes
_PADDING = 4  # letters: what a rule takes beside its name


def rules_behind(workflow: Any, rule: str, wildcards: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return which rules feed which, from a rule's job back to the first inputs.

    What is asked are the rules themselves, so that the answer is the same whatever is computed already, and
    in every process of a run.

    Parameters
    ----------
    workflow : snakemake.workflow.Workflow
        With all its rules; nothing else of it is read.
    rule : str
    wildcards : mapping of str to str
        Of the job to start with.

    Returns
    -------
    list of (str, str)
        Pairs of rules, the first of which makes what the second reads; sorted.
    """
    rules = list(workflow.rules)
    waiting = [(workflow.get_rule(rule), dict(wildcards))]
    seen, counts, edges = set(), defaultdict(int), set()
    while waiting:
        job, given = waiting.pop()
        for path in dict.fromkeys(str(path) for path in job.expand_input(given)[0]):
            maker = next((one for one in rules if one.is_producer(path)), None)
            if maker is None:
                continue
            edges.add((maker.name, job.name))
            found = maker.get_wildcards(path)
            key = (maker.name, tuple(sorted(found.items())))
            if key not in seen and counts[maker.name] < MOST_JOBS:
                seen.add(key)
                counts[maker.name] += 1
                waiting.append((maker, found))
    return sorted(edges)


@dataclass(frozen=True)
class Layout:
    """Where rules stand, and along which points the arrows between them run.

    Attributes
    ----------
    places : dict of str to (float, int)
        Of each rule: how far from the middle, in letters, and its layer, counted from 0.
    paths : list of list of (float, int)
        Of each arrow, from the rule that makes something to the one that reads it.
    """

    places: dict[str, tuple[float, int]]
    paths: list[list[tuple[float, int]]]


def lay_out(edges: Iterable[Sequence[str]]) -> Layout:
    """Lay rules out in layers, each below all that it reads from, in an order with few crossings.

    An arrow is left out where a longer way leads from the one to the other. Within a layer, rules are ordered
    by the mean place of their neighbours in the layer beside it (Sugiyama, Tagawa & Toda 1981); an arrow that
    passes layers has a stand-in in each. The layout depends on the edges alone.

    Raises
    ------
    ValueError
        If the rules feed each other in a circle.
    """
    edges = sorted({(one, other) for one, other in edges})
    depth = _depths(edges)
    chains = [_chain(edge, depth) for edge in _direct(edges)]
    rows: list[list[Any]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for node in sorted({node for chain in chains for node in chain}, key=str):
        rows[depth[node] if isinstance(node, str) else node[2]].append(node)
    above, below = defaultdict(list), defaultdict(list)
    for one, other in itertools.chain.from_iterable(map(itertools.pairwise, chains)):
        above[other].append(one)
        below[one].append(other)
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for i in range(1, len(rows)) if down else range(len(rows) - 2, -1, -1):
            place = _across(rows[i - 1 if down else i + 1])
            own, near = _across(rows[i]), above if down else below
            rows[i].sort(key=lambda node: (_mean([place[n] for n in near[node]], own[node]), str(node)))
    at = {node: (x, i) for i, row in enumerate(rows) for node, x in _across(row).items()}
    places = {node: place for node, place in at.items() if isinstance(node, str)}
    return Layout(places, [[at[node] for node in chain] for chain in chains])


def _direct(edges: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the edges whose ends no longer way joins."""
    readers = defaultdict(set)
    for one, other in edges:
        readers[one].add(other)

    @functools.cache
    def behind(node: str) -> frozenset[str]:
        return frozenset(readers[node]).union(*(behind(other) for other in readers[node]))

    return [(one, other) for one, other in edges if not any(other in behind(via) for via in readers[one])]


def _depths(edges: list[tuple[str, str]]) -> dict[str, int]:
    """Return the layer of each rule: the longest way from a first one; first ones stand above a reader."""
    nodes = sorted({node for edge in edges for node in edge})
    depth = dict.fromkeys(nodes, 0)
    for _ in range(len(nodes) + 1):
        moved = [(one, other) for one, other in edges if depth[other] <= depth[one]]
        for one, other in moved:
            depth[other] = max(depth[other], depth[one] + 1)
        if not moved:
            break
    else:
        raise ValueError("the rules feed each other in a circle")
    for node in nodes:
        if not any(other == node for _, other in edges):
            depth[node] = min(depth[other] for one, other in edges if one == node) - 1
    return depth


def _chain(edge: tuple[str, str], depth: Mapping[str, int]) -> list[Any]:
    """Return an edge's ends and, between them, a stand-in for each layer that it passes."""
    one, other = edge
    return [one, *((one, other, i) for i in range(depth[one] + 1, depth[other])), other]


def _across(row: Sequence[Any]) -> dict[Any, float]:
    """Return how far from the middle of their layer its nodes stand, in letters; a stand-in is narrow."""
    widths = [len(node) + _PADDING if isinstance(node, str) else _NARROW for node in row]
    ends = list(itertools.accumulate(widths, initial=0.0))
    return {node: end + width / 2 - ends[-1] / 2 for node, end, width in zip(row, ends, widths, strict=False)}


def _mean(places: list[float], otherwise: float) -> float:
    return sum(places) / len(places) if places else otherwise
