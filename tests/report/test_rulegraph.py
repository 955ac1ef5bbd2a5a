"""Which rules feed which: found in a workflow, and put in layers."""

import re

import pytest

from inquest.report.plots import rules
from inquest.report.rulegraph import MOST_JOBS, lay_out, rules_behind


class Rule:
    """As much of Snakemake's rules as is asked: one output, inputs by its wildcards."""

    def __init__(self, name, output, inputs=lambda w: []):
        self.name, self.inputs, self.asked = name, inputs, 0
        self.pattern = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/.]+)", re.escape(output)))

    def is_producer(self, path):
        return self.pattern.fullmatch(path) is not None

    def get_wildcards(self, path):
        return self.pattern.fullmatch(path).groupdict()

    def expand_input(self, wildcards):
        self.asked += 1
        return self.inputs(wildcards), {}, {}, False


class Workflow:
    def __init__(self, *rules):
        self.rules = rules

    def get_rule(self, name):
        return next(rule for rule in self.rules if rule.name == name)


def study(jobs):
    fit = Rule("fit", "fit/{i}.json", lambda w: ["data.csv", "table"])
    return Workflow(
        Rule("fetch", "raw"),
        Rule("clean", "table", lambda w: ["raw"]),
        fit,
        Rule("odd", "odd"),
        Rule("html", "{name}.html", lambda w: [f"fit/{i}.json" for i in range(jobs)] + ["table"]),
        Rule("pdf", "{name}.pdf", lambda w: [f"{w['name']}.html"]),
    ), fit


def test_edges_lead_from_what_makes_a_file_to_what_reads_it():
    workflow, _ = study(3)
    edges = [("clean", "fit"), ("clean", "html"), ("fetch", "clean"), ("fit", "html"), ("html", "pdf")]
    assert rules_behind(workflow, "pdf", {"name": "report"}) == edges


def test_of_many_jobs_some_are_looked_at():
    workflow, fit = study(10_000)
    assert ("clean", "fit") in rules_behind(workflow, "pdf", {"name": "report"})
    assert fit.asked == MOST_JOBS


def test_each_rule_stands_below_what_it_reads_from_and_short_cuts_are_left_out():
    edges = [("a", "b"), ("b", "c"), ("a", "c"), ("late", "c"), ("a", "d"), ("d", "end"), ("c", "end")]
    layout = lay_out(edges)
    depth = {name: layer for name, (_, layer) in layout.places.items()}
    assert depth == {"a": 0, "b": 1, "c": 2, "late": 1, "d": 1, "end": 3}
    ends = {(path[0], path[-1]) for path in layout.paths}
    place = layout.places
    assert (place["a"], place["c"]) not in ends and (place["a"], place["b"]) in ends
    long = next(path for path in layout.paths if path[0] == place["d"])
    assert [layer for _, layer in long] == [1, 2, 3]  # through the layer that it passes
    assert lay_out(reversed(edges)) == layout


def test_no_two_rules_overlap_and_no_arrow_runs_through_a_rule():
    edges = [("one", f"reader_{i}") for i in range(6)] + [(f"reader_{i}", "end") for i in range(6)]
    edges += [("one", "x"), ("x", "y"), ("y", "end"), ("z", "end")]
    layout = lay_out(edges)
    boxes = [(x - len(n) / 2, x + len(n) / 2, layer) for n, (x, layer) in layout.places.items()]
    for low, high, layer in boxes:
        others = [b for b in boxes if b[2] == layer and b != (low, high, layer)]
        assert all(b[1] < low or b[0] > high for b in others)
        passing = [p for path in layout.paths for p in path[1:-1] if p[1] == layer]
        assert all(not low < x < high for x, _ in passing)


def test_a_circle_is_told():
    with pytest.raises(ValueError, match="circle"):
        lay_out([("a", "b"), ("b", "a")])


def test_the_figure_names_every_rule_and_has_the_same_bytes(tmp_path):
    edges = [["fetch", "clean"], ["clean", "a_rule_with_quite_a_long_name"], ["clean", "pdf"]]
    for name in "ab":
        rules.graph(tmp_path / f"{name}.svg", edges)
    svg = (tmp_path / "a.svg").read_text()
    assert svg == (tmp_path / "b.svg").read_text()
    assert all(f"<!-- {name} -->" in svg for edge in edges for name in edge)
