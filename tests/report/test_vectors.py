"""Merged figures: fewer nodes, everything in its place."""

import re

import numpy as np

from inquest.artefacts import write_figure
from inquest.report.figures import LABELS, figure
from inquest.report.vectors import merge

SVG = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">
<defs><path id="a" d="M 0 0 L 64 128 Q 1 2 3 4 z" transform="scale(0.5)"/>
<path id="m" d="M -1 0 L 1 0"/></defs>
<g><use xlink:href="#a"/><use xlink:href="#a" transform="translate(10 1) scale(2)"/></g>
<g><use xlink:href="#m" x="5" y="6" style="fill: #111; stroke: #111"/>
<use xlink:href="#m" x="7" y="8" style="fill: #111; stroke: #111"/>
<use xlink:href="#m" x="7" y="8" style="fill: #222; stroke: #ffffff"/>
<use xlink:href="#m" x="9" y="9" style="fill: #222; stroke: #222; fill-opacity: 0.5"/></g></svg>"""


def test_runs_of_one_style_become_one_path_with_everything_in_its_place():
    merged = merge(SVG.encode()).decode()
    paths = re.findall(r'<path d="([^"]*)" style="([^"]*)"', merged)
    glyphs = (
        "M 0.00 0.00 L 32.00 64.00 Q 0.50 1.00 1.50 2.00 z "  # halved
        "M 10.00 1.00 L 74.00 129.00 Q 11.00 3.00 13.00 5.00 z"  # halved, doubled, moved
    )
    markers = "M 4.00 6.00 L 6.00 6.00 M 6.00 8.00 L 8.00 8.00"
    assert paths == [(glyphs, ""), (markers, "fill: #111; stroke: #111")]
    assert merged.count("<use") == 2  # an edge of another colour, and a translucent marker, stay


def test_glyphs_and_markers_of_a_real_figure_are_merged(tmp_path):
    with figure("full", 2.5) as (fig, axes):
        axes.scatter(np.arange(50), np.arange(50) ** 2, color=LABELS[0], s=9, lw=0)
        axes.set(xlabel="Rows that are left out", ylabel=r"$U(N) - U(S)$", title="A title")
        write_figure(tmp_path / "f.svg", fig)
    before = (tmp_path / "f.svg").read_bytes()
    after = merge(before)
    assert before.count(b"<use") > 100
    assert after.count(b"<use") == 0
