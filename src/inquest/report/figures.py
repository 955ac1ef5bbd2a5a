"""The look of all figures: printed size, typeface, one colour scale for each meaning."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Literal

from inquest.report.fonts import SANS, register_with_matplotlib

if TYPE_CHECKING:
    from matplotlib.colors import Colormap
    from matplotlib.figure import Figure

Width = Literal["full", "wide", "column"]

WIDTHS: dict[str, float] = {"full": 4.80, "wide": 6.46, "column": 3.07}
"""Inches: ``full`` is the text's width, ``wide`` the text and the margin, ``column`` a small figure.
report/style.css has the same measures in millimetres."""

INK, SOFT, FAINT, RULE = "#1d1d22", "#5b5f68", "#a9adb5", "#d9dce1"
"""Text and data without a meaning of their own, from black to nearly white."""

SIGN = {"helps": "#174f80", "hurts": "#e0703a"}
"""The sign of an influence or a value: positive rows help, negative rows hurt. The darker help."""
SPLIT = {"train": "#8d939d", "test": "#1d1d22"}
"""Training rows are grey, test rows black."""
METHOD = {
    "loo": "#6a3d7c",
    "group": "#b08a1e",
    "shapley": "#16766b",
    "beta": "#57bd88",
    "banzhaf": "#d88be3",
    "knn": "#8e1616",
    "oob": "#3f2bd0",
}
"""Leave-one-out, leave-group-out, Shapley, Beta Shapley, Banzhaf, k-NN Shapley, Data-OOB."""
LABELS = ("#d9a03f", "#3d3a78", "#4fa892", "#7a1f3d", "#b4d0ee", "#8a6d4a", "#8f82d8", "#dfe0b0")
"""Classes of the label, in their order."""
CHOSEN = "#335dcc"
"""The chosen classifier; the others are greys, told apart by their line styles."""

_LINES = ("solid", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)), (0, (3, 1, 1, 1, 1, 1)))
_GREYS = ("#4d525b", "#7c828c", "#a3a8b0")
_CONTROL = re.compile("[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


def style() -> dict[str, Any]:
    """Return matplotlib's settings for every figure, for ``matplotlib.rc_context``."""
    register_with_matplotlib()
    return {
        "font.family": [SANS],
        "font.size": 8.5,
        "axes.titlesize": 9,
        "axes.titleweight": "semibold",
        "axes.titlelocation": "left",
        "axes.titlepad": 7,
        "axes.labelsize": 8.5,
        "axes.labelcolor": INK,
        "axes.labelpad": 4,
        "axes.edgecolor": SOFT,
        "axes.linewidth": 0.6,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "axes.axisbelow": True,
        "axes.formatter.use_mathtext": True,
        "axes.prop_cycle": _cycle(),
        "axes.unicode_minus": True,
        "grid.color": RULE,
        "grid.linewidth": 0.5,
        "xtick.labelsize": 8,
        "ytick.labelsize": 8,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "xtick.major.size": 2.5,
        "ytick.major.size": 0,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.minor.visible": False,
        "text.color": INK,
        "legend.frameon": False,
        "legend.fontsize": 8,
        "legend.handlelength": 1.8,
        "legend.borderaxespad": 0.2,
        "lines.linewidth": 1.4,
        "lines.markersize": 4.5,
        "patch.linewidth": 0,
        "errorbar.capsize": 0,
        "hatch.linewidth": 0.6,
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "figure.dpi": 144,
        "savefig.dpi": 300,  # of marks that are too many to draw one by one
        "mathtext.fontset": "custom",
        "mathtext.rm": SANS,
        "mathtext.it": f"{SANS}:italic",
        "mathtext.bf": f"{SANS}:semibold",
        "mathtext.cal": f"{SANS}:italic",
        "mathtext.fallback": "stixsans",
        "image.cmap": "cividis",
    }


def _cycle():
    from cycler import cycler

    return cycler(color=[INK, *METHOD.values(), *SIGN.values()])


@contextlib.contextmanager
def figure(
    width: Width = "full",
    height: float = 2.8,
    rows: int = 1,
    columns: int = 1,
    mosaic: str | None = None,
    **options: Any,
) -> Iterator[tuple[Figure, Any]]:
    """Yield a figure at its printed size and its axes, in the house style.

    Draw and write it inside the ``with`` block: the settings hold there only.

    Parameters
    ----------
    width : {"full", "wide", "column"}
        One of `WIDTHS`; the report's template says the same.
    height : float
        Inches.
    rows, columns : int
        How many axes; more than one comes as an array, as from ``plt.subplots``.
    mosaic : str, optional
        Axes by letters instead, such as ``AA;BC``, as from ``plt.subplot_mosaic``: they come as a mapping.
    **options
        What else ``plt.subplots`` (or that) takes, such as ``sharey`` or ``width_ratios``.
    """
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context(style()):
        fig = Figure(figsize=(WIDTHS[width], height), layout="constrained")
        FigureCanvasSVG(fig)
        fig.get_layout_engine().set(w_pad=0.02, h_pad=0.02)
        yield fig, fig.subplot_mosaic(mosaic, **options) if mosaic else fig.subplots(rows, columns, **options)


def label_colours(classes: Iterable[object]) -> dict[str, str]:
    """Return a colour for each class of the label; the same class has the same colour in every figure.

    Classes beyond the scale take its colours again: tell them apart by position or name.
    """
    return {str(name): LABELS[i % len(LABELS)] for i, name in enumerate(classes)}


def label_markers(classes: Iterable[object]) -> dict[str, str]:
    """Return a marker for each class of the label, for grey print."""
    return {str(name): _MARKERS[i % len(_MARKERS)] for i, name in enumerate(classes)}


def classifier_lines(names: Iterable[str], chosen: str) -> dict[str, dict[str, Any]]:
    """Return ``plot`` options for each classifier's line: the chosen one in colour, the others dashed."""
    others = [name for name in names if name != chosen]
    lines: dict[str, dict[str, Any]] = {
        name: {
            "color": _GREYS[i % len(_GREYS)],
            "linestyle": _LINES[1 + i % (len(_LINES) - 1)],
            "linewidth": 1.1,
            "zorder": 2,
        }
        for i, name in enumerate(others)
    }
    lines[chosen] = {"color": CHOSEN, "linestyle": "solid", "linewidth": 1.9, "zorder": 3}
    return {name: lines[name] for name in names}


def sign_colour(value: float) -> str:
    """Return the colour of a positive (helps) or negative (hurts) influence; zero is grey."""
    return SIGN["helps"] if value > 0 else SIGN["hurts"] if value < 0 else FAINT


def named(text: object, most: int = 60) -> str:
    """Return text from data for a figure: a dollar sign opens no formula, and long text is cut.

    Control characters and lone surrogates become question marks: SVG, being XML, can't hold most of them.
    """
    text = _CONTROL.sub("?", str(text))
    return (text if len(text) <= most else text[: most - 1] + "…").replace("$", r"\$")


def shades(colour: str) -> Colormap:
    """Return a scale from paper to a colour, for shares and counts."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("shades", ["#ffffff", colour])


def signed_shades() -> Colormap:
    """Return a scale for values from hurting through nothing to helping; nothing is a light grey."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("signed", [SIGN["hurts"], "#e9e7e3", SIGN["helps"]])


def scale(values: Iterable[float]) -> int:
    """Return the power of ten to count an axis of small or large values in; 0 for ordinary ones."""
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    power = math.floor(math.log10(largest)) if largest else 0
    return power if power < -2 or power > 4 else 0


def times(power: int) -> str:
    """Return what to add to an axis label whose values were divided by 10**power."""
    return rf" ($\times 10^{{{power}}}$)" if power else ""
