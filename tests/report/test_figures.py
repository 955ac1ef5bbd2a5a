"""The look of figures."""

import itertools
import re
import xml.dom.minidom
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from inquest.artefacts import write_figure
from inquest.report import figures
from inquest.report.figures import LABELS, METHOD, SIGN, SPLIT, WIDTHS, figure, named

STYLE = (Path(__file__).parents[2] / "report" / "style.css").read_text(encoding="utf-8")


@pytest.mark.parametrize("width", WIDTHS)
def test_a_figure_is_drawn_at_the_size_that_the_page_gives_it(tmp_path, width):
    with figure(width, 2.0) as (fig, axes):
        axes.plot([1, 2], [3, 4])
        write_figure(tmp_path / "f.svg", fig)
    points = float(re.search(r'<svg[^>]* width="([\d.]+)pt"', (tmp_path / "f.svg").read_text())[1])
    millimetres = float(re.search(rf"figure\.{width} img {{ width: (\d+)mm", STYLE)[1])
    assert points / 72 * 25.4 == pytest.approx(millimetres, rel=0.005)


def test_the_same_figure_has_the_same_bytes_and_its_text_is_source_sans(tmp_path):
    for name in "ab":
        with figure("column", 1.5) as (fig, axes):
            axes.set(title="Title", xlabel="−1 µ", ylabel=r"$U(S)$")
            write_figure(tmp_path / f"{name}.svg", fig)
    content = (tmp_path / "a.svg").read_bytes()
    assert content == (tmp_path / "b.svg").read_bytes()
    assert (
        b"SourceSansPro-Regular" in content
        and b"SourceSansPro-Semibold" in content
        and b"DejaVu" not in content
    )


def test_a_control_character_in_a_label_leaves_the_figure_readable(tmp_path):
    label = "a\x0bb\x00c\x7fd\ud800\uffff\te"
    assert named(label) == "a?b?c?d???e"
    assert named("two\nlines, é\xa0漢字 \u200c🙂") == "two\nlines, é\xa0漢字 \u200c🙂"
    with figure("column", 1.0) as (fig, axes):
        axes.set(title=named(label))
        write_figure(tmp_path / "f.svg", fig)
    xml.dom.minidom.parse(str(tmp_path / "f.svg"))


def test_the_style_ends_with_the_block():
    import matplotlib

    before = matplotlib.rcParams["font.family"]
    with figure("full", 1.0):
        assert matplotlib.rcParams["font.family"] == ["Source Sans Pro"]
    assert matplotlib.rcParams["font.family"] == before


# Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB
_BLIND = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


def _lab(colour, blind=None):
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    if blind:
        linear = np.clip(np.array(_BLIND[blind]) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    f = np.cbrt(xyz / [0.9505, 1.0, 1.089])
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("blind", [None, *_BLIND])
@pytest.mark.parametrize(
    "scale",
    [list(SIGN.values()), list(SPLIT.values()), list(METHOD.values()), LABELS],
    ids=["sign", "split", "method", "labels"],
)
def test_colours_of_one_scale_are_told_apart_by_everyone(scale, blind):
    for one, other in itertools.combinations(scale, 2):
        assert np.linalg.norm(_lab(one, blind) - _lab(other, blind)) > 20, (one, other)


@pytest.mark.parametrize(
    "scale", [LABELS[:2], SPLIT.values(), SIGN.values()], ids=["labels", "split", "sign"]
)
def test_two_of_a_kind_survive_a_grey_printer(scale):
    one, other = scale
    assert abs(_lab(one)[0] - _lab(other)[0]) > 25


@pytest.mark.parametrize("blind", [None, *_BLIND])
def test_the_chosen_classifier_has_a_colour_of_its_own(blind):
    """It stands beside the signs, the splits and the other classifiers, and is taken for none of them."""
    for other in (*SIGN.values(), *SPLIT.values(), *figures._GREYS):
        assert np.linalg.norm(_lab(figures.CHOSEN, blind) - _lab(other, blind)) > 20, other


def test_no_colour_has_two_meanings():
    meanings = [*SIGN.values(), *SPLIT.values(), *METHOD.values(), *LABELS, figures.CHOSEN]
    assert len(set(meanings)) == len(meanings)
    for one, other in itertools.combinations(meanings, 2):
        assert np.linalg.norm(_lab(one) - _lab(other)) > 7, (one, other)


def test_lines_of_methods_are_told_apart_without_colour():
    """In grey print a line is known by its dashes, or by a lightness of its own."""
    from inquest.report.plots.quality import LINES

    for one, other in itertools.combinations(LINES.values(), 2):
        lightness = abs(_lab(one["color"])[0] - _lab(other["color"])[0])
        assert one["linestyle"] != other["linestyle"] or lightness > 10, (one, other)


@pytest.mark.parametrize("blind", [None, *_BLIND])
def test_shades_of_both_signs_grow_apart_and_darken_as_printed(blind):
    steps = figures.signed_shades()(np.linspace(0, 1, 5))[:, :3]
    middle = _lab(steps[2], blind)
    away = [np.linalg.norm(_lab(step, blind) - middle) for step in steps]
    assert away[0] > away[1] > 10 and away[4] > away[3] > 10
    assert all(_lab(step, blind)[0] < middle[0] for step in steps[[0, 1, 3, 4]])
    assert _lab(figures.shades(figures.CHOSEN)(0.0)[:3])[0] > 99


def test_colours_and_lines_go_with_names():
    assert figures.label_colours(["no", "yes"]) == {"no": LABELS[0], "yes": LABELS[1]}
    lines = figures.classifier_lines(["a", "b", "c"], chosen="b")
    assert list(lines) == ["a", "b", "c"]
    assert lines["b"]["color"] == figures.CHOSEN and lines["b"]["linestyle"] == "solid"
    assert lines["a"]["linestyle"] != lines["c"]["linestyle"]
    assert figures.sign_colour(0.1) == SIGN["helps"] and figures.sign_colour(-0.1) == SIGN["hurts"]
