"""The figure of the appendix: which rules feed which."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path as Curve

from inquest.artefacts import write_figure
from inquest.report.figures import FAINT, INK, SOFT, WIDTHS, figure, named
from inquest.report.rulegraph import lay_out

LAYER = 0.42  # inches from one layer to the next
BOX = 0.2  # inches, the height of a rule's box
LETTER = 0.057  # inches that a letter of a name takes at most, about


def graph(path: str | Path, edges: Iterable[Sequence[str]]) -> None:
    """Draw rules in layers, with an arrow from each to those that read what it makes.

    Parameters
    ----------
    path : path
    edges : list of (str, str)
        Pairs of rules, as `inquest.report.rulegraph.rules_behind` finds them.
    """
    layout = lay_out(edges)
    last = max((layer for _, layer in layout.places.values()), default=0)
    across = [abs(x) + len(name) / 2 for name, (x, _) in layout.places.items()]
    across += [abs(x) for path in layout.paths for x, _ in path]
    letter = min(LETTER, WIDTHS["wide"] / (2 * max(across) + 4))
    size = 7.5 * letter / LETTER
    with figure("wide", LAYER * last + 0.4) as (fig, ax):
        for points in layout.paths:
            _arrow(ax, [(letter * x, -LAYER * y) for x, y in points])
        for name, (x, y) in sorted(layout.places.items()):
            width = letter * len(name) + 0.1
            low = letter * x - width / 2, -LAYER * y - BOX / 2
            box = FancyBboxPatch(low, width, BOX, boxstyle="round,pad=0,rounding_size=0.05")
            box.set(facecolor="white", edgecolor=INK if y in (0, last) else FAINT, linewidth=0.7, zorder=3)
            ax.add_patch(box)
            ax.text(
                letter * x, -LAYER * y - 0.005, named(name), ha="center", va="center", fontsize=size, zorder=4
            )
        ax.set(xlim=(-WIDTHS["wide"] / 2, WIDTHS["wide"] / 2), ylim=(-LAYER * last - 0.15, 0.15))
        ax.set_aspect("equal")
        ax.axis("off")
        write_figure(path, fig)


def _arrow(ax, points: Sequence[tuple[float, float]]) -> None:
    """Draw a curve down through points, upright at each, with its head at the last."""
    (x, y), *_ = points
    nodes, codes = [(x, y - BOX / 2)], [Curve.MOVETO]
    for i, (x, y) in enumerate(points[1:], 2):
        end = (x, y + BOX / 2 + 0.04) if i == len(points) else (x, y)
        before, bend = nodes[-1], (nodes[-1][1] - end[1]) / 2
        nodes += [(before[0], before[1] - bend), (end[0], end[1] + bend), end]
        codes += [Curve.CURVE4] * 3
    ax.add_patch(PathPatch(Curve(nodes, codes), facecolor="none", edgecolor=FAINT, linewidth=0.8, zorder=1))
    x, y = nodes[-1]
    head = [(x - 0.03, y + 0.03), (x + 0.03, y + 0.03), (x, y - 0.03), (x - 0.03, y + 0.03)]
    ax.add_patch(PathPatch(Curve(head), facecolor=SOFT, linewidth=0, zorder=2))
