"""Figures of the errors chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from inquest.artefacts import write_figure
from inquest.report.figures import INK, RULE, SOFT, figure, label_colours, label_markers, named

FAINTEST = 0.25
"""The opacity of a text of which the classifier is least sure; of one of which it is sure it is 1."""
MOST_NAMED = 14
"""Labels in the legend; of more, the most frequent ones are named."""
PANEL = 2.45  # inches, the width of one of two
SIZES = {"X": 1.3, "P": 1.3, "*": 1.7}
"""By how much a marker's area is larger, so that it looks as large as the others."""


def error_map(
    path: str | Path, points: pd.DataFrame, classes: Sequence[str], methods: Sequence[Mapping[str, Any]]
) -> None:
    """Draw the map of the errors: the principal components, and beside them the projection that is shown.

    Parameters
    ----------
    path : path
    points : DataFrame
        `gold`, `predicted`, `confidence`, `wrong`, and `x:<name>` and `y:<name>` for each projection.
    classes : sequence of str
        The labels in the order of their codes.
    methods : sequence of mapping
        The projections as the facts have them: `name`, `title`, `method`, `trustworthiness`, `shown`.
    """
    drawn = [one for one in methods if one["method"] == "pca" or one["shown"]]
    with figure("wide", _height(points, drawn, classes), columns=len(drawn), squeeze=False) as (fig, axes):
        for ax, one in zip(axes[0], drawn, strict=True):
            _panel(ax, points, classes, one)
        _legends(fig, points, classes)
        write_figure(path, fig)


def opacity(confidence: ArrayLike, classes: int) -> NDArray[np.float64]:
    """Return how opaque a text is drawn: from `FAINTEST` at even chances to 1 at confidence 1.

    >>> opacity([0.5, 0.75, 1.0], classes=2).tolist()
    [0.25, 0.625, 1.0]
    """
    even = 1 / max(classes, 2)
    share = (np.asarray(confidence, float) - even) / (1 - even)
    return FAINTEST + (1 - FAINTEST) * share.clip(0, 1)


def _height(points: pd.DataFrame, drawn: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> float:
    """Return how tall the figure is: as the tallest map needs, and the legend; at most 2.6 inches."""
    spans = [
        [np.ptp(points[f"{axis}:{one['name']}"]) if len(points) else 0 for axis in "xy"] for one in drawn
    ]
    tallest = max((y / x if x else 1.0 for x, y in spans), default=1.0)
    legend = 1.35 + 0.14 * min(len(classes), MOST_NAMED)
    return min(2.6, max(0.55 + PANEL * tallest, legend))


def _panel(ax: Axes, points: pd.DataFrame, classes: Sequence[str], one: Mapping[str, Any]) -> None:
    """Draw right texts in their gold label's colour and, above them, errors in black."""
    colours, markers = label_colours(classes), label_markers(classes)
    for wrong in (False, True):
        for label in classes:
            mine = points[(points["wrong"] == wrong) & (points["gold"] == label)]
            faces = np.tile(to_rgba_array(INK if wrong else colours[label]), (len(mine), 1))
            faces[:, 3] = opacity(mine["confidence"], len(classes))
            ax.scatter(
                mine[f"x:{one['name']}"], mine[f"y:{one['name']}"], marker=markers[label], c=faces,
                s=(14 if wrong else 9) * SIZES.get(markers[label], 1), linewidth=0.35 if wrong else 0.25,
                edgecolor="white" if wrong else _edges(faces), zorder=3 if wrong else 2,
            )  # fmt: skip
    trusted = one["trustworthiness"]
    ax.set_title(one["title"])
    if trusted is not None:
        ax.set_xlabel(f"trustworthiness {trusted:.3f}", fontsize=7.5, color=SOFT)
    ax.set(xticks=[], yticks=[])
    ax.set_aspect("equal", adjustable="datalim")
    ax.grid(False)
    ax.margins(0.03)
    for spine in ax.spines.values():
        spine.set(visible=True, color=RULE)


def _edges(faces: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return darker colours for the edges, by which pale labels stand out from the paper."""
    return np.column_stack([0.65 * faces[:, :3], faces[:, 3]])


def _legends(fig: Figure, points: pd.DataFrame, classes: Sequence[str]) -> None:
    """Say at the right what colour, shape and opacity mean."""
    colours, markers = label_colours(classes), label_markers(classes)
    there = points["gold"].value_counts()
    common = sorted(classes, key=lambda label: -there.get(label, 0))[:MOST_NAMED]
    rows = [_heading("right, by gold label")]
    rows += [
        _mark(markers[label], colours[label], 1.0, named(label, 18)) for label in classes if label in common
    ]
    if len(classes) > len(common):
        rows.append(_heading(f"… and {len(classes) - len(common)} more", "normal"))
    rows += [_heading("wrong"), _mark(markers[classes[0]], INK, 1.0, "shape of the gold label")]
    rows.append(_heading("confidence"))
    for level in (1.0, (1 + 1 / len(classes)) / 2, 1 / len(classes)):
        rows.append(_mark("o", INK, float(opacity(level, len(classes))), f"{level:.2g}"))
    size = 7.5 if len(classes) <= 8 else 6.5
    legend = fig.legend(
        handles=rows, loc="outside center right", fontsize=size, handlelength=1, labelspacing=0.32,
        handletextpad=0.5,
    )  # fmt: skip
    for row, text in zip(rows, legend.get_texts(), strict=True):
        if row.get_gid():
            text.set(fontweight=row.get_gid(), x=-1.5 * size)


def _mark(marker: str, colour: str, alpha: float, label: str) -> Line2D:
    size = 4 * SIZES.get(marker, 1) ** 0.5
    return Line2D(
        [], [], linestyle="none", marker=marker, color=colour, alpha=alpha, mew=0, ms=size, label=label
    )


def _heading(label: str, weight: str = "semibold") -> Line2D:
    """Return a row of a legend that has no mark; its weight is kept for the text."""
    return Line2D([], [], linestyle="none", label=label, gid=weight)
