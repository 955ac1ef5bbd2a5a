"""Figures of the data chapter."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from inquest.artefacts import write_figure
from inquest.report.figures import INK, RULE, figure, label_colours, named

MOST = 12  # features that have a panel
BARS = 5  # categories that have a bar; the others share the last one


def labels(path: str | Path, table: pd.DataFrame) -> None:
    """Draw the share of each label in the training and the test split."""
    colours = label_colours(table["label"])
    with figure("full", height=1.25) as (fig, ax):
        for y, part in enumerate(["test", "train"]):
            left = 0.0
            for name, share, rows in zip(table["label"], table[f"{part}_share"], table[part], strict=True):
                ax.barh(
                    y, share, left=left, height=0.62, color=colours[name], edgecolor="white", linewidth=0.8
                )
                if share > 0.08:
                    ax.text(
                        left + share / 2, y, f"{named(name, 20)}\n{rows:,}", ha="center", va="center",
                        color=_on(colours[name]), fontsize=7.5, linespacing=1.05,
                    )  # fmt: skip
                left += share
        ax.set(yticks=[0, 1], yticklabels=["test", "training"], xlim=(0, 1), xlabel="share of the rows")
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        ax.grid(False)
        ax.spines["left"].set_visible(False)
        write_figure(path, fig)


def features(path: str | Path, table: pd.DataFrame, clean: Mapping[str, Any]) -> None:
    """Draw each feature's values, stacked by label: histograms of numbers, bars of categories."""
    label, classes = clean["label"]["name"], clean["label"]["classes"]
    colours = label_colours(classes)
    names = clean["features"]["names"][:MOST]
    columns = min(4 if len(names) > 6 else 3, len(names))
    rows = math.ceil(len(names) / columns)
    with figure(
        "wide",
        (1.16 if columns == 4 else 1.4) * rows + 0.35,
        rows=rows,
        columns=columns,
        squeeze=False,
    ) as (fig, axes):
        for ax, name in zip(axes.flat, names, strict=False):
            if clean["features"]["types"][name] == "categorical":
                _categories(ax, table[name], table[label], classes, colours)
            else:
                _histogram(ax, table[name], table[label], classes, colours)
            ax.set_title(named(name, 24), pad=3)
            ax.tick_params(labelsize=7)
        for ax in list(axes.flat)[len(names) :]:
            ax.set_visible(False)
        handles = [_patch(colours[name], name) for name in classes]
        fig.legend(handles=handles, loc="outside upper left", ncols=min(len(classes), 6), title=None)
        write_figure(path, fig)


def _patch(colour: str, name: str):
    from matplotlib.patches import Patch

    return Patch(color=colour, label=name)


def _histogram(ax, values: pd.Series, labels: pd.Series, classes, colours) -> None:
    numbers = values if pd.api.types.is_numeric_dtype(values) else values.astype("datetime64[s]")
    known = numbers.notna()
    data = [numbers[known & (labels == name)].to_numpy() for name in classes]
    distinct = numbers[known].nunique()
    ax.hist(data, bins=int(np.clip(distinct, 2, 20)), stacked=True, color=[colours[name] for name in classes])
    ax.locator_params(axis="y", nbins=3)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    if pd.api.types.is_numeric_dtype(values):
        ax.locator_params(axis="x", nbins=4)
    else:
        ax.tick_params(axis="x", rotation=30)


def _categories(ax, values: pd.Series, labels: pd.Series, classes, colours) -> None:
    shown = values.astype(object).where(values.notna(), "(missing)")
    counts = shown.value_counts()
    top = list(counts.index[: BARS if len(counts) > BARS + 1 else len(counts)])
    others = f"{len(counts) - len(top)} others"
    shown = shown.where(shown.isin(top), others)
    order = top + ([others] if len(counts) > len(top) else [])
    left = np.zeros(len(order))
    for name in classes:
        width = shown[labels == name].value_counts().reindex(order, fill_value=0).to_numpy()
        ax.barh(range(len(order)), width, left=left, height=0.72, color=colours[name])
        left += width
    ax.set_yticks(range(len(order)), [named(name, 14) for name in order])
    ax.invert_yaxis()
    ax.grid(False)
    ax.grid(True, axis="x", color=RULE, linewidth=0.5)
    ax.spines["left"].set_visible(False)
    ax.locator_params(axis="x", nbins=2)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def _on(colour: str) -> str:
    """Return the text colour, black or white, that can be read on a colour."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return INK if 0.299 * red + 0.587 * green + 0.114 * blue > 0.55 else "white"
