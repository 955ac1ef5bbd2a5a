"""Figures that are drawn straight to a PDF look as WeasyPrint draws them."""

import shutil
import subprocess

import numpy as np
import pytest
import weasyprint
from matplotlib.image import imread
from weasyprint.svg import SVG

from inquest.artefacts import write_figure
from inquest.report.figures import LABELS, figure
from inquest.report.vectors import _UnknownError, pdf_path, quick_figures

HEAD = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
width="120pt" height="80pt" viewBox="0 0 120 80" version="1.1"><defs>
<style type="text/css">*{stroke-linejoin: round; stroke-linecap: butt}</style></defs>"""


def _dots(ax):
    x = np.linspace(0, 3, 60)
    ax.scatter(x, x**2, c=x, s=9, lw=0.4, edgecolor="black", alpha=0.7)
    ax.scatter(x, x, color=LABELS[0], s=4, lw=0, marker="^")


def _lines(ax):
    x = np.linspace(0, 3, 60)
    ax.plot(x, np.sin(5 * x), ls=(0, (5, 2, 1, 2)), lw=1.5)
    ax.plot(x, np.cos(5 * x), marker="s", ms=3, mfc="white")
    ax.fill_between(x, x - 1, x, alpha=0.3, lw=0)
    ax.axhline(0.5, color="0.5", ls=":")
    ax.set_ylim(-0.8, 0.9)  # what is beyond is clipped


def _bars(ax):
    ax.bar([1, 2, 3], [3, 1, 2], alpha=0.85, color=LABELS[1])
    ax.barh([2, 3], [2, 1], facecolor="none", edgecolor="black")
    ax.text(1.5, 1.5, r"turned $U(N) - \frac{1}{2}$", rotation=33)


def _heat(ax):
    shown = ax.imshow(np.arange(12).reshape(3, 4), aspect="auto")
    ax.figure.colorbar(shown)


def _picture(svg: str, folder, name: str):
    page = f"<style>@page {{ size: 100mm 70mm; margin: 4mm }} body {{ margin: 0 }}</style>{svg}"
    weasyprint.HTML(string=page).write_pdf(folder / f"{name}.pdf")
    subprocess.run(
        ["pdftoppm", "-r", "150", "-png", "-singlefile", folder / f"{name}.pdf", folder / name], check=True
    )
    return imread(folder / f"{name}.png").mean(axis=2)


@pytest.fixture
def slow(monkeypatch):
    """How many figures were left to WeasyPrint."""
    asked = []
    draw = SVG.draw

    def noted(*args):
        asked.append(args)
        draw(*args)

    monkeypatch.setattr(SVG, "draw", noted)
    return asked


@pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="needs poppler's pdftoppm")
@pytest.mark.parametrize("draw", [_dots, _lines, _bars, _heat], ids=lambda draw: draw.__name__)
def test_a_figure_looks_the_same(draw, tmp_path, slow):
    with figure("column", 2.0) as (fig, ax):
        draw(ax)
        ax.set(xlabel="Rows that are left out", title="A title")
        write_figure(tmp_path / "figure.svg", fig)
    page = f'<img src="{(tmp_path / "figure.svg").as_uri()}">'
    expected = _picture(page, tmp_path, "slow")
    assert len(slow) == 1
    with quick_figures():
        found = _picture(page, tmp_path, "quick")
    assert len(slow) == 1  # it was drawn here
    assert np.ptp(expected) > 0.5
    unlike = np.abs(expected - found)
    assert unlike.mean() < 0.002
    assert (unlike > 0.35).mean() < 0.0005  # a hair's breadth at edges
    assert (tmp_path / "quick.pdf").stat().st_size < (tmp_path / "slow.pdf").stat().st_size


@pytest.mark.parametrize(
    "body",
    [
        '<circle r="9" cx="30" cy="30"/>',
        '<path d="M 1 1 H 20 V 20 z"/>',
        '<path d="M 1 1 l 20 20 L 1 20 z"/>',
        '<path d="M 1 1 L 20 20 L 1 20 z" fill="red"/>',
        '<path d="M 1 1 L 20 20 L 1 20 z" style="fill: red"/>',
        '<path d="M 1 1 L 20 20 L 1 20 z" style="fill: #ff0000; fill-rule: evenodd"/>',
        '<path d="M 1 1 L 20 20 z" style="fill: #ff0000; stroke: #000000; opacity: 0.5"/>',
        '<g style="opacity: 0.5"><path d="M 1 1 L 20 20 L 1 20 z"/></g>',
        '<path d="M 1 1 L 20 20 L 1 20 z" transform="skewX(20)"/>',
        '<path d="M 1 1 L 20 20 L 1 20 z" transform="rotate(20 5 5)"/>',
        '<path d="M 1 1 L 20 20 L 1 20 z" clip-path="url(#nothing)"/>',
        '<use xlink:href="#nothing"/>',
        '<path d="M 1 1 L 20 20 z" style="stroke: #000000; stroke-width: 1pt"/>',
        '<path d="M 1 1 L 20 20 z" style="stroke: #000000; stroke-linejoin: arcs"/>',
        "<text>words</text>",
    ],
)
def test_what_matplotlib_does_not_write_is_left_to_weasyprint(body, tmp_path, slow):
    (tmp_path / "figure.svg").write_text(HEAD + '<path d="M 50 50 L 60 50 L 60 60 z"/>' + body + "</svg>")
    page = f'<img src="{(tmp_path / "figure.svg").as_uri()}">'
    weasyprint.HTML(string=page).write_pdf(tmp_path / "slow.pdf", uncompressed_pdf=True)
    with quick_figures():
        weasyprint.HTML(string=page).write_pdf(tmp_path / "quick.pdf", uncompressed_pdf=True)
    assert len(slow) == 2
    streams = [(tmp_path / f"{name}.pdf").read_bytes().split(b"trailer")[0] for name in ("slow", "quick")]
    assert streams[0] == streams[1]  # nothing of the try is left


@pytest.mark.parametrize(
    ("data", "operators"),
    [
        ("M 1.5 -2 L 3 4 C 1 2 3 4 5 6 z", b"1.5 -2 m 3 4 l 1 2 3 4 5 6 c h"),
        ("M1 2L3 4Z", b"1 2 m 3 4 l h"),
        ("M 0 0 Q 3 3 6 0 L 1 1", b"0 0 m 2 2 4 2 6 0 c 1 1 l"),
        ("M 1e-2 -1.5e+1 L .5 2.", b"0.01 -15 m .5 2. l"),
        ("", b""),
        ("M 1 2 3 4", None),  # a line that isn't named
        ("m 1 2 l 3 4", None),
        ("M 1 2 L 3", None),
        ("M 1 2 q", None),
        ("1 2", None),
    ],
)
def test_a_path_as_operators(data, operators):
    if operators is None:
        with pytest.raises(_UnknownError):
            pdf_path(data)
    else:
        assert pdf_path(data) == operators


def test_weasyprint_is_left_as_it_was():
    before = SVG.draw
    with pytest.raises(ZeroDivisionError), quick_figures():
        assert SVG.draw is not before
        raise ZeroDivisionError
    assert SVG.draw is before
