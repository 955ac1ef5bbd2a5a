"""Figures of the Shapley chapter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.colors import LinearSegmentedColormap
from numpy.typing import NDArray

from inquest.artefacts import write_figure
from inquest.baseline.summary import METRIC_NAMES
from inquest.learners.metrics import FINE
from inquest.report.figures import (
    FAINT,
    INK,
    METHOD,
    RULE,
    SIGN,
    SOFT,
    figure,
    label_colours,
    label_markers,
    named,
    scale,
    times,
)
from inquest.shapley.summary import ends
from inquest.valuation.shapley import ShapleyValues

Array = NDArray[np.float64]

TAIL = 0.025  # of the rows at each end lie beyond the axes of the values
BEYOND = 0.005  # of the rows, largest by size, lie beyond each axis of the values against leave-one-out
MOST_DOTS = 400  # rows, or runs of ranks, that are drawn one by one
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
        ranks, value, error = _by_rank(table)
        value, error = value / 10.0**power, error / 10.0**power
        right.fill_between(
            ranks, value - 2 * error, value + 2 * error, color=FAINT, alpha=0.45, linewidth=0, step="mid"
        )
        for some, sign in ((value > 0, "helps"), (value <= 0, "hurts")):
            right.plot(ranks[some], value[some], ".", markersize=2.5, color=SIGN[sign])
        right.axhline(0, color=SOFT, linewidth=0.8)
        right.set(
            xlabel="rank", ylabel=f"value ± 2 standard errors{times(power)}", ylim=(-1.5 * reach, 1.5 * reach)
        )
        left.locator_params(axis="x", nbins=6)
        fig.legend(loc="outside lower center", ncols=min(5, len(classes) + 1))
        write_figure(path, fig)


def _by_rank(table: pd.DataFrame) -> tuple[Array, Array, Array]:
    """Return ranks, values and standard errors of rows, or of runs of neighbouring ranks if there are many.

    A run has its middle rank, its mean value, and the root of its mean squared standard error.
    """
    run = np.arange(len(table)) // math.ceil(len(table) / MOST_DOTS)
    runs = pd.DataFrame(
        {
            "rank": np.arange(1.0, len(table) + 1),
            "value": table["value"].to_numpy(),
            "square": np.nan_to_num(table["standard_error"].to_numpy()) ** 2,
        }
    )
    means = runs.groupby(run).mean()
    return means["rank"].to_numpy(), means["value"].to_numpy(), np.sqrt(means["square"].to_numpy())


def running(path: str | Path, found: ShapleyValues, until: Mapping[str, Any] | None = None) -> None:
    """Draw the estimates after 1, 2, … permutations: the finally best and worst rows in colour.

    Beside it, if permutations were added ``until`` the values were sure: how sure they were on the way.
    """
    if until is None:
        with figure("full", height=2.9) as (fig, ax):
            _estimates(ax, found)
            write_figure(path, fig)
        return
    with figure("wide", height=2.9, columns=2, width_ratios=[1.3, 1]) as (fig, (left, right)):
        _estimates(left, found)
        _errors(right, until)
        write_figure(path, fig)


def _estimates(ax, found: ShapleyValues) -> None:
    estimates = found.running
    steps = np.arange(1, len(estimates) + 1)
    order = np.argsort(-found.values, kind="stable")
    count = min(FOLLOWED, len(order) // 2)
    best, worst = order[:count], order[len(order) - count :]
    others = order[count : len(order) - count]
    style = {"marker": "o", "markersize": 2.5} if len(steps) < 30 else {}
    ax.plot(steps, estimates[:, others[:: max(1, len(others) // 80)]], color=FAINT, linewidth=0.5, alpha=0.6)
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


def _errors(ax, until: Mapping[str, Any]) -> None:
    """Draw the largest and the median standard error at each look, and the one that was asked for."""
    looks = pd.DataFrame(until["looks"]).astype(float, errors="ignore")
    for name, colour in (("largest", METHOD["shapley"]), ("median", SOFT)):
        known = looks.loc[looks[name] > 0]  # a logarithm has no place for others
        ax.plot(
            known["permutations"],
            known[name],
            color=colour,
            marker="o",
            markersize=3,
            label=f"{name} of all rows",
        )
    ax.axhline(until["standard_error"], color=INK, linewidth=0.9, linestyle=(0, (4, 2)), label="asked for")
    ax.set(xlabel="permutations", ylabel="standard error", yscale="log")
    ax.legend(loc="best")


def loo(path: str | Path, table: pd.DataFrame, classes: Sequence[str], metric: str) -> None:
    """Draw each row's value against its leave-one-out influence, by the metric and by the log-loss."""
    panels = {"": metric} | ({"_fine": FINE} if "value_fine" in table else {})
    many, drawn = len(table) > MOST_DOTS, []
    width, height = ("wide", 2.9) if len(panels) == 2 else ("full", 3.3)
    with figure(width, height=height, columns=len(panels), squeeze=False) as (fig, axes):
        for ax, (which, name) in zip(axes[0], panels.items(), strict=True):
            x, y = table[f"loo{which}"], table[f"value{which}"]
            powers = [scale([one.abs().quantile(1 - BEYOND)]) for one in (x, y)]
            x, y = x / 10.0 ** powers[0], y / 10.0 ** powers[1]
            if many:
                drawn.append(_density(ax, x, y))
            else:
                _dots(ax, x, y, table["label"], classes)
            ax.axhline(0, color=SOFT, linewidth=0.8)
            ax.axvline(0, color=SOFT, linewidth=0.8)
            ax.set_title(METRIC_NAMES[name])
            ax.set(xlabel=f"leave-one-out influence{times(powers[0])}")
            ax.set_ylabel(f"Shapley value{times(powers[1])}")
            ax.locator_params(axis="x", nbins=6)
        if many:
            most = max(float(one.get_array().max()) for one in drawn)
            for one in drawn:
                one.set_clim(1, max(most, 2))
            fig.colorbar(drawn[0], ax=axes[0].tolist(), label="rows", fraction=0.05, pad=0.02)
        else:
            handles, names = axes[0][0].get_legend_handles_labels()
            fig.legend(handles, names, loc="outside lower center", ncols=min(6, len(names)))
        write_figure(path, fig)


def _density(ax, x: pd.Series, y: pd.Series):
    """Draw how many of the rows lie where; those beyond the axes are drawn at the edge."""
    reach = [max(float(one.abs().quantile(1 - BEYOND)), 1e-12) for one in (x, y)]
    colours = LinearSegmentedColormap.from_list("rows", [RULE, METHOD["shapley"], INK])
    return ax.hexbin(
        x.clip(-reach[0], reach[0]), y.clip(-reach[1], reach[1]), gridsize=(30, 22), mincnt=1, bins="log",
        extent=(-reach[0], reach[0], -reach[1], reach[1]), cmap=colours, linewidths=0.1,
    )  # fmt: skip


def _dots(ax, x: pd.Series, y: pd.Series, label: pd.Series, classes: Sequence[str]) -> None:
    colours, markers = label_colours(classes), label_markers(classes)
    for name in classes:
        mine = label == name
        ax.scatter(
            x[mine], y[mine], s=11, marker=markers[name], color=colours[name], alpha=0.75, linewidth=0,
            label=named(name),
        )  # fmt: skip


def groups(path: str | Path, table: pd.DataFrame, metric: str) -> None:
    """Draw groups' Shapley values, estimated and exact, beside their leave-group-out influence."""
    order = ends(table).iloc[::-1].reset_index(drop=True)
    y = np.arange(len(order))
    with figure("full", height=0.22 * len(order) + 0.95) as (fig, ax):
        ax.hlines(
            y, order["value"] - 2 * order["standard_error"].fillna(0),
            order["value"] + 2 * order["standard_error"].fillna(0), color=METHOD["shapley"], linewidth=1.4,
        )  # fmt: skip
        ax.plot(order["value"], y, "o", color=METHOD["shapley"], label="estimate ± 2 standard errors")
        if order["exact"].notna().all():
            ax.plot(order["exact"], y, "|", color=INK, markersize=11, label="exact Shapley value")
        ax.plot(
            order["influence"], y, "D", color=METHOD["group"], markersize=4, label="leave-group-out influence"
        )
        ax.axvline(0, color=SOFT, linewidth=0.8)
        ax.set_yticks(y, [named(name) for name in order["group"]])
        ax.set_xlabel(f"contribution to {METRIC_NAMES[metric]}")
        ax.grid(False, axis="y")
        ax.grid(True, axis="x")
        ax.spines["left"].set_visible(False)
        fig.legend(loc="outside lower center", ncols=3)
        write_figure(path, fig)
