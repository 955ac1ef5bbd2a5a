"""Figures of the Shapley chapter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
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
MOST_CLOUDS = 6  # labels, the most frequent ones, whose values are drawn apart
GOLDEN = 0.6180339887  # whose multiples fill an interval evenly
FOLLOWED = 5  # best and worst rows whose running estimates are drawn in colour


def values(path: str | Path, table: pd.DataFrame, classes: Sequence[str], metric: str) -> None:
    """Draw the values of each label as a cloud and its rain, and every row's value by rank with its error.

    The cloud is a histogram, the box has the middle half with the median, and each drop is a row.
    """
    clouds = {"value": metric} | ({"value_fine": FINE} if "value_fine" in table else {})
    height = max(3.1, 0.75 * min(len(classes), MOST_CLOUDS) + 0.8)
    widths = [1] * len(clouds) + [1.3]
    with figure("wide", height=height, columns=len(widths), width_ratios=widths) as (fig, (*left, right)):
        for ax, (column, name) in zip(left, clouds.items(), strict=True):
            _rainclouds(ax, table[column], table["label"], classes)
            ax.set_title(METRIC_NAMES[name])
        for ax in left[1:]:
            ax.set_yticklabels([])
        reach, power = _tail(table["value"])
        ranks, value, error = _by_rank(table)
        value, error = value / 10.0**power, error / 10.0**power
        right.fill_between(
            ranks, value - 2 * error, value + 2 * error, color=FAINT, alpha=0.45, linewidth=0, step="mid"
        )
        for some, sign in ((value > 0, "helps"), (value < 0, "hurts")):
            right.plot(ranks[some], value[some], ".", markersize=2.5, color=SIGN[sign])
        right.plot(ranks[value == 0], value[value == 0], ".", markersize=2.5, color=SOFT)
        right.axhline(0, color=SOFT, linewidth=0.8)
        right.set(
            xlabel="rank", ylabel=f"value ± 2 standard errors{times(power)}", ylim=(-1.5 * reach, 1.5 * reach)
        )
        right.set_title(METRIC_NAMES[metric])
        right.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        right.locator_params(axis="x", nbins=4)
        write_figure(path, fig)


def _tail(values: pd.Series) -> tuple[float, int]:
    """Return how far an axis of values goes from zero, in units of a power of ten, and the power."""
    low, high = values.quantile([TAIL, 1 - TAIL])
    reach = max(-low, high, 1e-12)
    return reach / 10.0 ** scale([reach]), scale([reach])


def _rainclouds(ax: Axes, values: pd.Series, labels: pd.Series, classes: Sequence[str]) -> None:
    """Draw the values of each of the most frequent labels; the few that lie beyond are drawn at the edge."""
    reach, power = _tail(values)
    inside = (values / 10.0**power).clip(-reach, reach)
    common = sorted(classes, key=lambda name: -(labels == name).sum())[:MOST_CLOUDS]
    shown = [name for name in classes if name in common]
    for place, name in enumerate(shown):
        _raincloud(ax, inside[labels == name], place, label_colours(classes)[name], reach)
    ax.axvline(0, color=SOFT, linewidth=0.8)
    ax.set_xlabel(f"Shapley value{times(power)}")
    ax.set_xlim(-1.04 * reach, 1.04 * reach)
    ax.set_yticks(range(len(shown)), [named(name, 16) for name in shown])
    ax.set_ylim(len(shown) - 0.58, -0.5)
    ax.locator_params(axis="x", nbins=5)
    ax.grid(False, axis="y")
    ax.grid(True, axis="x")
    ax.spines["left"].set_visible(False)


def _raincloud(ax: Axes, inside: pd.Series, place: int, colour: str, reach: float) -> None:
    """Draw some rows' values around a height: a histogram above it, the rows themselves below."""
    if inside.empty:
        return
    counts, edges = np.histogram(inside, bins=31, range=(-reach, reach))
    top = place - 0.05 - 0.4 * counts / counts.max()
    ax.stairs(top, edges, baseline=place - 0.05, fill=True, color=colour, linewidth=0)
    first, middle, last = inside.quantile([0.25, 0.5, 0.75])
    ax.plot([first, last], [place + 0.02] * 2, color=INK, linewidth=1.1, solid_capstyle="butt")
    ax.plot(middle, place + 0.02, "|", color=INK, markersize=6, markeredgewidth=1.4)
    drops = place + 0.09 + 0.28 * (GOLDEN * np.arange(len(inside)) % 1)  # spread evenly, without chance
    ax.scatter(
        inside, drops, s=4 if len(inside) <= MOST_DOTS else 1.2, color=colour, linewidth=0,
         rasterized=len(inside) > MOST_DOTS,
        antialiased=len(inside) <= MOST_DOTS,
    )  # fmt: skip


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


def running(path: str | Path, found: ShapleyValues, agreed: pd.DataFrame, facts: Mapping[str, Any]) -> None:
    """Draw the estimates after 1, 2, … permutations, and how far ranks from so many agree with others.

    And, if permutations were added until the values were sure: how sure they were on the way.

    Parameters
    ----------
    path : path
    found : ShapleyValues
    agreed : DataFrame
        `metric`, `permutations`, `mean`, `low` and `high`, as `inquest.shapley.trust.agreement` has them.
    facts : mapping
        `goal`, `permutations`, `stability` and `needed`, those of `fine`, if any, and `until`.
    """
    panels = 1 + bool(len(agreed)) + (facts["until"] is not None)
    with figure("wide" if panels > 1 else "full", height=2.9, columns=panels, squeeze=False) as (fig, axes):
        _estimates(axes[0][0], found)
        if len(agreed):
            _agreement(axes[0][1], agreed, facts)
        if facts["until"] is not None:
            _errors(axes[0][-1], facts["until"])
        write_figure(path, fig)


def _agreement(ax: Axes, agreed: pd.DataFrame, facts: Mapping[str, Any]) -> None:
    """Draw rank correlations as they were found, and dashed as Spearman and Brown extrapolate them."""
    fine = facts["fine"] or {}
    looks = {"color": METHOD["shapley"], "linestyle": (0, (3, 2))}, {"color": INK, "linestyle": (0, (1, 1.5))}
    for (name, mine), about, look in zip(
        agreed.groupby("metric", sort=False), (facts, fine), looks, strict=False
    ):
        size, full = mine["permutations"].to_numpy(), about["stability"] and about["stability"]["full"]
        ax.vlines(size, mine["low"], mine["high"], color=look["color"], linewidth=1.2)
        ax.plot(size, mine["mean"], "o", color=look["color"], markersize=3.2, label=METRIC_NAMES[name])
        if full:
            one = full / (facts["permutations"] - (facts["permutations"] - 1) * full)
            more = np.geomspace(1, max(about["needed"] or 1, facts["permutations"]) * 1.3, 60)
            ax.plot(more, more * one / (1 + (more - 1) * one), linewidth=1, **look)
    ax.axhline(facts["goal"], color=SOFT, linewidth=0.8)
    ax.axvline(facts["permutations"], color=SOFT, linewidth=0.8, linestyle=(0, (1.2, 1.2)))
    ax.set(xlabel="permutations", ylabel="rank correlation with as many others", xscale="log", ylim=(None, 1))
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    ax.xaxis.set_minor_formatter(lambda value, _: "")
    ax.legend(loc="lower right", fontsize=7.5, bbox_to_anchor=(1, 0.04))


def _estimates(ax: Axes, found: ShapleyValues) -> None:
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


def _errors(ax: Axes, until: Mapping[str, Any]) -> None:
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
    """Draw each row's value against its leave-one-out influence, by the metric and by the log-loss.

    Above and beside each panel stand the histograms of both.
    """
    panels = {"": metric} | ({"_fine": FINE} if "value_fine" in table else {})
    many, drawn = len(table) > MOST_DOTS, []
    width, height = ("wide", 3.2) if len(panels) == 2 else ("full", 3.6)
    ratios = {"width_ratios": [1, 0.2] * len(panels), "height_ratios": [0.2, 1]}
    grid = {"rows": 2, "columns": 2 * len(panels), "squeeze": False, **ratios}
    with figure(width, height=height, **grid) as (fig, axes):
        fig.get_layout_engine().set(wspace=0, hspace=0)
        for place, (which, name) in enumerate(panels.items()):
            (above, corner), (ax, beside) = axes[:, 2 * place : 2 * place + 2]
            x, y = table[f"loo{which}"], table[f"value{which}"]
            powers = [scale([one.abs().quantile(1 - BEYOND)]) for one in (x, y)]
            x, y = x / 10.0 ** powers[0], y / 10.0 ** powers[1]
            if many:
                x, y = (one.clip(-reach, reach) for one, reach in ((x, _reach(x)), (y, _reach(y))))
                drawn.append(_density(ax, x, y))
            else:
                _dots(ax, x, y, table["label"], classes)
            ax.axhline(0, color=SOFT, linewidth=0.8)
            ax.axvline(0, color=SOFT, linewidth=0.8)
            ax.set(xlabel=f"leave-one-out influence{times(powers[0])}")
            ax.set_ylabel(f"Shapley value{times(powers[1])}")
            ax.locator_params(axis="x", nbins=6)
            above.hist(x, bins=40, range=ax.get_xlim(), color=METHOD["loo"])
            beside.hist(y, bins=40, range=ax.get_ylim(), color=METHOD["shapley"], orientation="horizontal")
            above.set(xlim=ax.get_xlim(), title=METRIC_NAMES[name])
            beside.set(ylim=ax.get_ylim())
            for margin in (above, beside, corner):
                margin.axis("off")
        if many:
            most = max(float(one.get_array().max()) for one in drawn)
            for one in drawn:
                one.set_clim(1, max(most, 2))
            fig.colorbar(drawn[0], ax=axes.ravel().tolist(), label="rows", fraction=0.03, pad=0.01)
        else:
            handles, names = axes[1][0].get_legend_handles_labels()
            fig.legend(handles, names, loc="outside lower center", ncols=min(6, len(names)))
        write_figure(path, fig)


def _reach(values: pd.Series) -> float:
    """Return how far an axis goes from zero; the few rows beyond are drawn at its edge."""
    return max(float(values.abs().quantile(1 - BEYOND)), 1e-12)


def _density(ax: Axes, x: pd.Series, y: pd.Series):
    """Draw how many of the rows lie where."""
    reach = _reach(x), _reach(y)
    colours = LinearSegmentedColormap.from_list("rows", [RULE, METHOD["shapley"], INK])
    return ax.hexbin(
        x, y, gridsize=(30, 22), mincnt=1, bins="log", cmap=colours, linewidths=0.1,
        extent=(-reach[0], reach[0], -reach[1], reach[1]),
    )  # fmt: skip


def _dots(ax: Axes, x: pd.Series, y: pd.Series, label: pd.Series, classes: Sequence[str]) -> None:
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
