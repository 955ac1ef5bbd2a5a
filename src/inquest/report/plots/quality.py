"""Figures of the quality chapter."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from inquest.artefacts import write_figure
from inquest.baseline.summary import METRIC_NAMES
from inquest.learners.metrics import FINE
from inquest.quality.methods import BY_SCORE, METHODS
from inquest.report.figures import METHOD, SOFT, figure

LINES: dict[str, dict[str, Any]] = {
    "random": {"color": SOFT, "linestyle": (0, (1.2, 1.2)), "linewidth": 1.1},
    "loo": {"color": METHOD["loo"], "linestyle": (0, (5, 1.5))},
    "shapley": {"color": METHOD["shapley"], "linestyle": "solid", "linewidth": 1.8},
    "beta": {"color": METHOD["beta"], "linestyle": (0, (6, 1.5, 1.2, 1.5))},
    "banzhaf": {"color": METHOD["banzhaf"], "linestyle": "solid"},
    "knn": {"color": METHOD["knn"], "linestyle": (0, (3, 1, 1, 1, 1, 1))},
    "oob": {"color": METHOD["oob"], "linestyle": "solid"},
}
"""The line of each method: colours and, for grey print, dashes."""


def detection(path: str | Path, table: pd.DataFrame, facts: Mapping[str, Any]) -> None:
    """Draw precision against recall of the flipped labels: a panel for each metric that values rows."""
    panels = _panels(table)
    width = "wide" if len(panels) > 1 else "full"
    with figure(width, 2.9, columns=len(panels), sharey=True, squeeze=False) as (fig, axes):
        for ax, (title, variants) in zip(axes[0], panels.items(), strict=True):
            for method, variant in variants.items():
                mine = table[table["variant"] == variant]
                _line(ax, method, mine["recall"], mine)
            ax.set(
                xlabel="recall",
                xlim=(0, 1),
                ylim=(0, 1.02),
                title=title.format(facts["metric"]),
            )
        axes[0, 0].set_ylabel("precision")
        fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
        write_figure(path, fig)


def removal(path: str | Path, table: pd.DataFrame, facts: Mapping[str, Any]) -> None:
    """Draw the score of what is left: best-first and worst-first, a row of panels for each metric."""
    panels = _panels(table)
    grid = {"rows": len(panels), "columns": 2, "sharex": True, "sharey": True, "squeeze": False}
    with figure("wide", 0.85 + 1.75 * len(panels), **grid) as (fig, axes):
        for row, (title, variants) in zip(axes, panels.items(), strict=True):
            for ax, first in zip(row, ("best", "worst"), strict=True):
                for method, variant in variants.items():
                    mine = table[(table["variant"] == variant) & (table["first"] == first)]
                    _line(ax, method, 100 * mine["removed"], mine)
                end = f", {title.format(facts['metric'])}" if len(panels) > 1 else ""
                ax.set_title(f"{first} rows first{end}")
            row[0].set_ylabel(facts["metric"])
        for ax in axes[-1]:
            ax.set(xlabel="rows removed (%)", xlim=(0, 100 * facts["removal"]["most"]))
        fig.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
        write_figure(path, fig)


def _panels(table: pd.DataFrame) -> dict[str, dict[str, str]]:
    """Return the variant of each method in each panel, by a title with room for the primary metric."""
    known = table["variant"].unique()
    panels = {"values by {}": {method: method for method in METHODS}}
    if any(FINE in variant for variant in known):
        fine = METRIC_NAMES[FINE].removeprefix("negative ")
        panels[f"values by {fine}"] = {m: f"{m}:{FINE}" if m in BY_SCORE else m for m in METHODS}
    return panels


def _line(ax: Axes, method: str, x: pd.Series, table: pd.DataFrame) -> None:
    style = LINES[method]
    ax.fill_between(x, table["low"], table["high"], color=style["color"], alpha=0.12, linewidth=0)
    ax.plot(x, table["mean"], label=METHODS[method], **style)
