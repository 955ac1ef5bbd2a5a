"""Figures of the Shapley chapter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from inquest.artefacts import write_figure
from inquest.baseline.summary import METRIC_NAMES
from inquest.report.figures import (
    FAINT,
    INK,
    METHOD,
    SIGN,
    SOFT,
    figure,
    label_colours,
    label_markers,
    named,
    scale,
    times,
)
from inquest.valuation.shapley import ShapleyValues

TAIL = 0.025  # of the rows at each end lie beyond the axes of the values
FOLLOWED = 5  # best and worst rows whose running estimates are drawn in colour


def values(path: str | Path, table: pd.DataFrame, classes: Sequence[str], metric: str) -> None:
    """Draw the histogram of all values, stacked by label, and every row's value by rank with its error."""
    colours = label_colours(classes)
    with figure("wide", height=3.1, columns=2, width_ratios=[1, 1.15]) as (fig, (left, right)):
        low, high = table["value"].quantile([TAIL, 1 - TAIL])
        reach = max(-low, high, 1e-12)  # the few rows beyond are drawn at the edge
        power = scale([reach])
        reach /= 10.0**power
        inside = (table["value"] / 10.0**power).clip(-reach, reach)
        data = [inside[table["label"] == name] for name in classes]
        left.hist(
            data,
            bins=31,
            range=(-reach, reach),
            stacked=True,
            color=[colours[name] for name in classes],
            label=[named(name) for name in classes],
        )
        left.axvline(0, color=SOFT, linewidth=0.8)
        mean = table["value"].mean() / 10.0**power
        left.axvline(mean, color=INK, linewidth=0.9, linestyle=(0, (4, 2)), label="mean of all rows")
        left.set(xlabel=f"Shapley value, {METRIC_NAMES[metric]}{times(power)}", ylabel="rows")
        ranks = np.arange(1, len(table) + 1)
        value = table["value"].to_numpy() / 10.0**power
        error = np.nan_to_num(table["standard_error"].to_numpy()) / 10.0**power
        right.fill_between(
            ranks, value - 2 * error, value + 2 * error, color=FAINT, alpha=0.45, linewidth=0, step="mid"
        )
        right.plot(ranks[value > 0], value[value > 0], ".", markersize=2.5, color=SIGN["helps"])
        right.plot(ranks[value <= 0], value[value <= 0], ".", markersize=2.5, color=SIGN["hurts"])
        right.axhline(0, color=SOFT, linewidth=0.8)
        right.set(
            xlabel="rank", ylabel=f"value ± 2 standard errors{times(power)}", ylim=(-1.5 * reach, 1.5 * reach)
        )
        left.locator_params(axis="x", nbins=6)
        fig.legend(loc="outside lower center", ncols=min(5, len(classes) + 1))
        write_figure(path, fig)


def running(path: str | Path, found: ShapleyValues, rows: Sequence[int]) -> None:
    """Draw the estimates after 1, 2, … permutations: the finally best and worst rows in colour."""
    estimates = found.running
    steps = np.arange(1, len(estimates) + 1)
    order = np.argsort(-found.values, kind="stable")
    count = min(FOLLOWED, len(order) // 2)
    best, worst = order[:count], order[len(order) - count :]
    others = order[count : len(order) - count]
    with figure("full", height=2.9) as (fig, ax):
        style = {"marker": "o", "markersize": 2.5} if len(steps) < 30 else {}
        ax.plot(
            steps, estimates[:, others[:: max(1, len(others) // 80)]], color=FAINT, linewidth=0.5, alpha=0.6
        )
        for members, sign, name in ((best, "helps", "best"), (worst, "hurts", "worst")):
            for i, player in enumerate(members):
                ax.plot(
                    steps, estimates[:, player], color=SIGN[sign], linewidth=1.2,
                    label=f"the {count} {name} rows" if i == 0 else None, **style,
                )  # fmt: skip
        ax.axhline(0, color=SOFT, linewidth=0.8)
        ax.set(xlabel="permutations", ylabel="running estimate of the value")
        if len(steps) < 30:
            ax.set_xticks(steps if len(steps) <= 12 else steps[:: len(steps) // 10])
        ax.ticklabel_format(axis="y", style="sci", scilimits=(-3, 3))
        ax.legend(loc="upper right")
        write_figure(path, fig)


def loo(path: str | Path, table: pd.DataFrame, classes: Sequence[str]) -> None:
    """Draw each row's Shapley value against its leave-one-out influence, with both histograms."""
    colours, markers = label_colours(classes), label_markers(classes)
    with figure("full", height=3.5, rows=2, columns=2, width_ratios=[4, 1], height_ratios=[1, 4]) as (
        fig,
        axes,
    ):
        (top, corner), (main, side) = axes
        corner.set_visible(False)
        for name in classes:
            mine = table[table["label"] == name]
            main.scatter(
                mine["loo"], mine["value"], s=11, marker=markers[name], color=colours[name], alpha=0.75,
                linewidth=0, label=name,
            )  # fmt: skip
        main.axhline(0, color=SOFT, linewidth=0.8)
        main.axvline(0, color=SOFT, linewidth=0.8)
        main.set(xlabel="leave-one-out influence in the same game", ylabel="Shapley value")
        main.legend(loc="best")
        for ax, name, direction, colour in (
            (top, "loo", "vertical", METHOD["loo"]),
            (side, "value", "horizontal", METHOD["shapley"]),
        ):
            ax.hist(table[name], bins=30, orientation=direction, color=colour)
            ax.set_axis_off()
        top.sharex(main)
        side.sharey(main)
        for axis in "xy":
            main.ticklabel_format(axis=axis, style="sci", scilimits=(-3, 3))
        write_figure(path, fig)


def groups(path: str | Path, table: pd.DataFrame, metric: str) -> None:
    """Draw each group's Shapley value with its standard error, beside its leave-group-out influence."""
    order = table.iloc[::-1].reset_index(drop=True)
    y = np.arange(len(order))
    with figure("full", height=0.22 * len(order) + 0.95) as (fig, ax):
        ax.hlines(
            y, order["value"] - 2 * order["standard_error"].fillna(0),
            order["value"] + 2 * order["standard_error"].fillna(0), color=METHOD["shapley"], linewidth=1.4,
        )  # fmt: skip
        ax.plot(order["value"], y, "o", color=METHOD["shapley"], label="Shapley value ± 2 standard errors")
        ax.plot(
            order["influence"], y, "D", color=METHOD["group"], markersize=4, label="leave-group-out influence"
        )
        ax.axvline(0, color=SOFT, linewidth=0.8)
        ax.set_yticks(y, [named(name) for name in order["group"]])
        ax.set_xlabel(f"contribution to {METRIC_NAMES[metric]}")
        ax.grid(False, axis="y")
        ax.grid(True, axis="x")
        ax.spines["left"].set_visible(False)
        fig.legend(loc="outside lower center", ncols=2)
        write_figure(path, fig)
