"""The map of the data: the rows on a plane, coloured by what they are worth."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from inquest.artefacts import write_figure
from inquest.baseline.summary import METRIC_NAMES
from inquest.learners.metrics import FINE
from inquest.report.figures import (
    INK,
    RULE,
    SIGN,
    SOFT,
    figure,
    label_colours,
    label_markers,
    named,
    scale,
    signed_shades,
    times,
)

NAMED = 5  # rows at either end that are named
BEYOND = 0.025  # of the rows, largest by size, have the full colour
EDGE = 0.002  # of the rows at each side of an axis may lie beyond it, and are drawn at its edge
STEPS = 15  # shades of values
GAP = 0.055  # of the map's height between two names
SIDE = 0.34  # of the map's width is left at either side for the names
MOST_DOTS = 400  # rows that are drawn one by one, and not as a picture


def rows(
    path: str | Path, places: pd.DataFrame, values: pd.DataFrame, classes: Sequence[str], metric: str
) -> None:
    """Draw a page of maps: by leave-one-out influence with names, by Shapley value, and by label.

    Parameters
    ----------
    path : path
    places : DataFrame
        `row`, `x` and `y`.
    values : DataFrame
        `row`, `label`, `loo` and `value`, and `loo_fine` and `value_fine` where the log-loss is known:
        these are drawn, then.
    classes : list of str
    metric : str
        The primary metric.
    """
    which, by = ("_fine", FINE) if "loo_fine" in values else ("", metric)
    table = values.merge(places, on="row", validate="one_to_one").sort_values("row", ignore_index=True)
    for axis in "xy":
        table[axis] = table[axis].clip(*table[axis].quantile([EDGE, 1 - EDGE]))
    drawn = [("A", f"loo{which}", "leave-one-out influence"), ("B", f"value{which}", "Shapley value")]
    with figure("wide", 5.9, mosaic="AA;BC", height_ratios=[1.6, 1]) as (fig, axes):
        for letter, column, title in drawn:
            _by_value(axes[letter], table, column)
            axes[letter].set_title(f"{title}, {METRIC_NAMES[by]}", loc="left")
        _by_label(axes["C"], table, classes)
        _name(axes["A"], table, f"loo{which}")
        for ax in axes.values():
            ax.set(xticks=[], yticks=[])
            ax.grid(False)
            ax.margins(0.04)
            for spine in ax.spines.values():
                spine.set(visible=True, color=RULE)
        write_figure(path, fig)


def _by_value(ax: Axes, table: pd.DataFrame, column: str) -> None:
    """Draw each row in the shade of its value, the largest by size on top."""
    power = scale([table[column].abs().quantile(1 - BEYOND)])
    shown = table[column] / 10.0**power
    reach = max(float(shown.abs().quantile(1 - BEYOND)), 1e-12)
    order = np.argsort(shown.abs().to_numpy(), kind="stable")
    norm, shades = Normalize(-reach, reach, clip=True), signed_shades().resampled(STEPS)
    many = len(table) > MOST_DOTS
    x, y, faces = table["x"].iloc[order], table["y"].iloc[order], shades(norm(shown.iloc[order]))
    # few colours and hard edges: the picture takes a fifth of the room
    ax.scatter(x, y, c=faces, s=5 if many else 16, linewidth=0, rasterized=many, antialiased=not many)
    bar = ax.figure.colorbar(ScalarMappable(norm, shades), ax=ax, extend="both", fraction=0.03, pad=0.015)
    bar.set_label(f"hurts – helps{times(power)}", fontsize=7.5)
    bar.ax.tick_params(labelsize=7, length=2)
    bar.outline.set_visible(False)
    bar.locator = MaxNLocator(5)
    bar.update_ticks()


def _by_label(ax: Axes, table: pd.DataFrame, classes: Sequence[str]) -> None:
    colours, markers = label_colours(classes), label_markers(classes)
    many = len(table) > MOST_DOTS
    # in the order of their numbers, so that no label covers another
    faces = table["label"].map(colours)
    if many:
        ax.scatter(
            table["x"], table["y"], c=list(faces), s=4, linewidth=0, rasterized=True, antialiased=False
        )
    for name in classes:
        mine = table[table["label"] == name].iloc[: 0 if many else None]
        ax.scatter(
            mine["x"], mine["y"], s=16, marker="o" if many else markers[name], color=colours[name],
            linewidth=0, label=named(name, 18),
        )  # fmt: skip
    ax.set_title("label", loc="left")
    ax.legend(
        loc="lower left", bbox_to_anchor=(0.1, 0.995), ncols=min(4, len(classes)), fontsize=7.5,
        handlelength=0.8, columnspacing=1, borderaxespad=0.3, handletextpad=0.4,
    )  # fmt: skip


def _name(ax: Axes, table: pd.DataFrame, column: str) -> None:
    """Ring the rows at either end, and write their numbers at the sides, each beside a line to its row."""
    order = table.sort_values([column, "row"], ascending=[False, True], kind="stable")
    most = min(NAMED, len(order) // 2)
    for some, sign in ((order.head(most), "helps"), (order.tail(most), "hurts")):
        ax.scatter(
            some["x"], some["y"], s=34, facecolor="none", edgecolor=SIGN[sign], linewidth=1.1, zorder=4
        )
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    width = right - left
    shown = pd.concat([order.head(most), order.tail(most)])
    middle = shown["x"].median()
    for outward, some in ((-1, shown[shown["x"] <= middle]), (1, shown[shown["x"] > middle])):
        some = some.sort_values("y", ascending=False)
        heights = _apart(some["y"].to_numpy(), low, high)
        for one, y in zip(some.to_dict("records"), heights, strict=True):
            sign = "+" if one[column] > 0 else "\N{MINUS SIGN}" if one[column] < 0 else ""
            ax.annotate(
                f"{sign} row {one['row']} ({named(one['label'], 12)})",
                (one["x"], one["y"]), ((right if outward > 0 else left) + outward * 0.03 * width, y),
                ha="right" if outward < 0 else "left", va="center", fontsize=7.5, zorder=5,
                color=INK,
                arrowprops={"arrowstyle": "-", "color": SOFT, "linewidth": 0.5, "shrinkB": 3},
            )  # fmt: skip
    ax.set_xlim(left - SIDE * width, right + SIDE * width)


def _apart(heights: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Return heights, highest first, moved so that neighbours have a gap and all lie between the bounds."""
    gap = GAP * (high - low)
    down = np.arange(len(heights)) * gap
    moved = np.minimum.accumulate(np.minimum(heights, high - gap) + down) - down
    # those pushed below the lower bound push the others up again
    up = down[::-1]
    return np.maximum.accumulate(np.maximum(moved, low + gap)[::-1] - up[::-1])[::-1] + up
