"""Merged figures: fewer nodes, everything in its place."""

import io
import re

import numpy as np
import pytest
from pypdf import PdfReader

from inquest.artefacts import write_figure
from inquest.report.figures import LABELS, figure
from inquest.report.vectors import merge, pdf_path, quick_paths

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


@pytest.mark.parametrize(
    ("data", "operators"),
    [
        ("M 1.5 -2 L 3 4 C 1 2 3 4 5 6 z", b"1.5 -2 m 3 4 l 1 2 3 4 5 6 c  h"),
        ("M1 2L3 4Z", b"1 2 m 3 4 l  h"),
        ("", b""),
        ("M 1 2 Q 3 4 5 6", None),
        ("M 1 2 3 4", None),  # a line that isn't named
        ("m 1 2 l 3 4", None),
        ("M 1 2 L 3", None),
        ("M 1e-3 2", None),
        ("M 1 2 q", None),
    ],
)
def test_a_path_as_operators(data, operators):
    assert pdf_path(data) == operators


def test_quick_paths_look_the_same():
    """WeasyPrint's own way is the oracle: both streams draw the same points."""
    from weasyprint import HTML

    data = "M 1 2 L 30 4.5 C 30 10 20 20 10 20 z"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><path d="{data}"/></svg>'

    def points() -> list[bytes]:
        page = PdfReader(io.BytesIO(HTML(string=svg).write_pdf())).pages[0]
        return re.findall(rb"(?:-?[\d.]+ )+[mlc](?=\s)|(?<=\s)h(?=\s)", page.get_contents().get_data())

    slow = points()
    with quick_paths():
        quick = points()
    assert quick == [b"1 2 m", b"30 4.5 l", b"30 10 20 20 10 20 c", b"h"]
    assert [point for point in slow if point != b"0 0 m"] == quick
