"""Figures of the influence chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.patheffects import withStroke

from inquest.artefacts import write_figure
from inquest.baseline.summary import METRIC_NAMES
from inquest.influence.summary import MOST_GROUPS
from inquest.influence.unusual import MEASURES
from inquest.learners.metrics import FINE
from inquest.report.figures import (
    INK,
    METHOD,
    RULE,
    SOFT,
    figure,
    label_colours,
    label_markers,
    named,
    scale,
    sign_colour,
    times,
)

MOST_DOTS = 400  # rows that a scatter plot shows one by one
TAIL = 0.01  # of the rows at each end lie beyond the axis of a histogram, and are drawn at its edge
MOST_NAMED = 8  # of many natural groups, the names that a figure has room for
AXES = {
    "loss": "log-loss",
    "margin": "margin",
    "agreement": "agreeing neighbours",
    "isolation": "isolation score",
    "distance": "distance to centre",
}


def points(path: str | Path, table: pd.DataFrame, metric: str, n_test: int) -> None:
    """Draw the influence of each row that was left out, on the primary metric and on the log-loss.

    The labels name at most 40 rows; more are drawn as a curve over their rank.
    """
    panels = [m for m in dict.fromkeys((metric, FINE)) if table[f"influence_{m}"].notna().all()]
    few = len(table) <= 40
    height = 0.19 * len(table) + 0.85 if few else 3.2
    with figure("wide", height=height, columns=len(panels), sharey=True, squeeze=False) as (fig, axes):
        for ax, name in zip(axes[0], panels, strict=True):
            values = table[f"influence_{name}"].to_numpy()
            ranks = np.arange(len(table))
            colours = [sign_colour(value) for value in values]
            if few:
                ax.hlines(ranks, 0, values, color=colours, linewidth=1.6)
            ax.scatter(values, ranks, c=colours, s=22 if few else 6, zorder=3)
            ax.axvline(0, color=SOFT, linewidth=0.8)
            ax.set_xlabel(f"influence on {METRIC_NAMES[name]}")
            ax.locator_params(axis="x", nbins=5)
            ax.ticklabel_format(axis="x", style="sci", scilimits=(-3, 3))
            ax.margins(x=0.12)
            ax.grid(True, axis="x")
            ax.grid(False, axis="y")
            ax.spines["left"].set_visible(False)
        first = axes[0][0]
        if few:
            rows = zip(table["row"], table["label"], strict=True)
            first.set_yticks(ranks, [f"row {row} ({named(label, 20)})" for row, label in rows])
        else:
            first.set_ylabel("rank")
        first.invert_yaxis()
        if metric == "accuracy":
            _count_axis(first, n_test)
        write_figure(path, fig)


def _count_axis(ax, n_test: int) -> None:
    """Say above the panel what an influence on accuracy is in test rows."""
    above = ax.secondary_xaxis("top", functions=(lambda v: v * n_test, lambda v: v / n_test))
    above.set_xlabel("test rows", fontsize=7.5, color=SOFT)
    above.tick_params(labelsize=7, labelcolor=SOFT)
    above.spines["top"].set_visible(False)
    from matplotlib.ticker import MaxNLocator

    above.xaxis.set_major_locator(MaxNLocator(5, integer=True))


def unusual(
    path: str | Path, table: pd.DataFrame, found: Mapping[str, Sequence[Mapping[str, Any]]], classes
) -> None:
    """Draw influence against each measure of unusualness: rows as dots, or the means of their twentieths."""
    metric = FINE if table[f"influence_{FINE}"].notna().all() else next(iter(found))
    by_measure = {one["measure"]: one for one in found[metric]}
    sizes = table[f"influence_{metric}"].abs()
    power = scale([sizes.quantile(0.8)] if len(table) > MOST_DOTS else sizes)
    colours, markers = label_colours(classes), label_markers(classes)
    with figure("wide", height=1.95, columns=len(MEASURES), sharey=True) as (fig, axes):
        for ax, name in zip(axes, MEASURES, strict=True):
            if len(table) > MOST_DOTS:
                _draw_twentieths(ax, table[name], table[f"influence_{metric}"] / 10.0**power)
            for label in classes if len(table) <= MOST_DOTS else ():
                mine = table[table["label"] == label]
                ax.scatter(
                    mine[name], mine[f"influence_{metric}"] / 10.0**power, s=20, marker=markers[label],
                    color=colours[label], edgecolor="white", linewidth=0.4, label=label, zorder=3,
                )  # fmt: skip
            one = by_measure[name]
            if one["rho"] is not None and not np.isnan(one["rho"]):
                p = "p < 0.001" if one["p"] < 0.001 else f"p = {one['p']:.2f}"
                ax.set_title(
                    f"ρ = {one['rho']:+.2f}, {p}".replace("-", "\N{MINUS SIGN}"),
                    fontsize=7.5,
                    fontweight="normal",
                )
            ax.axhline(0, color=SOFT, linewidth=0.8)
            ax.set_xlabel(AXES[name])
            ax.locator_params(axis="x", nbins=3)
            ax.margins(0.12)
        axes[0].set_ylabel(f"influence on\n{METRIC_NAMES[metric]}{times(power)}")
        handles, names = axes[0].get_legend_handles_labels()
        if handles:
            fig.legend(handles, names, loc="outside lower center", ncols=min(6, len(names)))
        write_figure(path, fig)


def _draw_twentieths(ax, measure: pd.Series, influence: pd.Series) -> None:
    """Draw the mean influence, with two standard errors, of each twentieth of the rows by a measure."""
    by = pd.DataFrame({"x": measure, "y": influence}).dropna()
    by = by.groupby((by["x"].rank(method="first") - 1) // (len(by) / 20))  # ties go by place
    x, y, error = by["x"].median(), by["y"].mean(), 2 * by["y"].sem()
    ax.fill_between(x, y - error, y + error, color=METHOD["loo"], alpha=0.22, linewidth=0)
    ax.plot(x, y, "o-", color=METHOD["loo"], markersize=2.5, linewidth=1)


def every_row(
    path: str | Path, table: pd.DataFrame, classes: Sequence[str], metric: str, n_test: int
) -> None:
    """Draw the influences of all rows: stacked by label on the log-loss, and on the primary metric."""
    fine = table[f"influence_{FINE}"].notna().all() and metric != FINE
    colours = label_colours(classes)
    with figure("wide", height=2.7, columns=2 if fine else 1, squeeze=False) as (fig, axes):
        for ax, name in zip(axes[0], [FINE, metric] if fine else [metric], strict=True):
            values = table[f"influence_{name}"]
            if name == "accuracy":
                values = (values * n_test).round()
                reach = max(float(values.abs().max()), 1.0)
                bins = np.arange(-reach - 0.5, reach + 1)
                ax.set_xlabel("influence on accuracy, in test rows")
                ax.locator_params(axis="x", integer=True)
            else:
                low, high = values.quantile([TAIL, 1 - TAIL])
                reach = max(-low, high, 1e-300)
                power = scale([reach])
                reach /= 10.0**power
                values, bins = (values / 10.0**power).clip(-reach, reach), np.linspace(-reach, reach, 42)
                ax.set_xlabel(f"influence on {METRIC_NAMES[name]}{times(power)}")
            ax.hist(
                [values[table["label"] == one] for one in classes],
                bins=bins,
                stacked=name != "accuracy",
                log=name == "accuracy",
                color=[colours[one] for one in classes],
                label=[named(one) for one in classes],
            )
            ax.axvline(0, color=SOFT, linewidth=0.8)
        axes[0][0].set_ylabel("rows")
        handles, names = axes[0][0].get_legend_handles_labels()
        fig.legend(handles, names, loc="outside lower center", ncols=min(6, len(names)))
        write_figure(path, fig)


def ranks(path: str | Path, tables: Mapping[str, pd.DataFrame], by: str) -> None:
    """Draw all influences by rank, and above and below it those at either end by name, with their intervals.

    Parameters
    ----------
    path : path
    tables : mapping of str to DataFrame
        `every_row`, and `helpful` and `harmful` (most extreme first) with `low` and `high`.
    by : str
        The metric that ranks them.
    """
    column = f"influence_{by}"
    values = np.sort(tables["every_row"][column].to_numpy())[::-1]
    helpful, harmful = tables["helpful"], tables["harmful"].iloc[::-1]
    power = scale([*values, *helpful["high"].dropna(), *harmful["low"].dropna()])
    count = max(len(helpful), 1)
    heights = [0.17 * count + 0.1, 1.5, 0.17 * count + 0.1]
    with figure("full", sum(heights) + 0.45, rows=3, sharex=True, height_ratios=heights) as (fig, axes):
        for ax, some in ((axes[0], helpful), (axes[2], harmful)):
            _ends(ax, some, column, 10.0**power)
        drawn = np.unique(np.linspace(0, len(values) - 1, MOST_DOTS).astype(int))
        for sign in (1, -1):
            inside = sign * np.clip(sign * values[drawn], 0, None) / 10.0**power
            axes[1].fill_betweenx(drawn + 1, 0, inside, color=sign_colour(sign), linewidth=0, step="mid")
        axes[1].set(ylabel="rank of all rows", ylim=(len(values) + 0.5, 0.5))
        axes[1].yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes[1].locator_params(axis="y", nbins=5)
        axes[2].set_xlabel(f"influence on {METRIC_NAMES[by]}{times(power)}")
        for ax in axes:
            ax.axvline(0, color=SOFT, linewidth=0.8)
            ax.grid(False, axis="y")
            ax.grid(True, axis="x")
            ax.spines["left"].set_visible(False)
        for ax in axes[:2]:
            ax.spines["bottom"].set_visible(False)
            ax.tick_params(axis="x", length=0)
        write_figure(path, fig)


def _ends(ax, some: pd.DataFrame, column: str, unit: float) -> None:
    """Draw rows by name, with the interval of each."""
    y = np.arange(len(some))
    colours = [sign_colour(value) for value in some[column]]
    ax.hlines(y, some["low"] / unit, some["high"] / unit, color=colours, linewidth=1.5)
    ax.scatter(some[column] / unit, y, c=colours, s=18, zorder=3)
    names = zip(some["row"], some["label"], strict=True)
    ax.set_yticks(y, [f"row {row} ({named(label, 16)})" for row, label in names])
    ax.set_ylim(len(some) - 0.4, -0.6)


def sizes(path: str | Path, table: pd.DataFrame, repeats: pd.DataFrame, metric: str) -> None:
    """Draw a group's size against its influence: random groups as dots in a band, natural ones by name.

    Of more natural groups than the report shows one by one, the most notable are named.
    """
    random, natural = repeats[repeats["kind"] == "random"], table[table["kind"] != "random"]
    with figure("full", height=3.3) as (fig, ax):
        if len(random):
            band = random.groupby("share")["influence"].agg(["mean", "min", "max"]).reset_index()
            start = pd.DataFrame({"share": [0.0], "mean": [0.0], "min": [0.0], "max": [0.0]})
            band = pd.concat([start, band], ignore_index=True)
            ax.fill_between(
                band["share"], band["min"], band["max"], color=METHOD["group"], alpha=0.22, linewidth=0
            )
            ax.plot(band["share"], band["mean"], color=METHOD["group"], label="random groups: mean and range")
            ax.scatter(
                random["share"], random["influence"], s=5, color=METHOD["group"], alpha=0.7, linewidth=0
            )
        ax.axhline(0, color=SOFT, linewidth=0.8)
        ax.scatter(
            natural["share"],
            natural["influence"],
            marker="D",
            s=26 if len(natural) <= MOST_GROUPS else 6,
            color=INK,
            zorder=4,
            label="natural groups",
        )
        ax.set(
            xlabel="share of the training rows that is left out",
            ylabel=f"influence on {METRIC_NAMES[metric]}",
        )
        ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        ax.legend(loc="upper left")
        ax.margins(y=0.12)
        ax.set_xlim(left=0)
        named_ones = len(natural) if len(natural) <= MOST_GROUPS else MOST_NAMED
        _name_points(ax, natural.sort_values("notable").head(named_ones))
        write_figure(path, fig)


def _name_points(ax, natural: pd.DataFrame) -> None:
    """Write each natural group's name beside its mark, moved apart where marks are close."""
    spans = np.diff(ax.get_ylim())[0], np.diff(ax.get_xlim())[0]
    halo = withStroke(linewidth=2.5, foreground="white")
    placed: list[tuple[float, float]] = []
    for one in natural.sort_values("influence").to_dict("records"):
        x, y = one["share"], one["influence"]
        target = y
        while any(
            abs(target - other) < 0.05 * spans[0] and abs(x - at) < 0.35 * spans[1] for at, other in placed
        ):
            target += 0.012 * spans[0]
        right = x < 0.62 * ax.get_xlim()[1]
        ax.annotate(
            named(one["group"]), (x, y), (x + (0.02 if right else -0.02) * spans[1], target),
            ha="left" if right else "right", va="center", fontsize=8, zorder=5, path_effects=[halo],
        )  # fmt: skip
        placed.append((x, target))


def groups(path: str | Path, table: pd.DataFrame, metric: str) -> None:
    """Draw the most notable groups' influence on four metrics, and the range for the primary one."""
    shown = dict.fromkeys((metric, "f1", "roc_auc", FINE))
    shown = [name for name in shown if table[f"influence_{name}"].notna().all()]
    order = table[table["notable"] <= MOST_GROUPS].iloc[::-1].reset_index(drop=True)
    with figure("wide", height=0.2 * len(order) + 0.8, columns=len(shown), sharey=True, squeeze=False) as (
        fig,
        axes,
    ):
        for ax, name in zip(axes[0], shown, strict=True):
            values = order[f"influence_{name}"]
            ax.barh(
                range(len(order)), values, height=0.62, color=[sign_colour(v) for v in values], alpha=0.85
            )
            if name == metric:
                ranged = order["low"].notna()
                ax.hlines(
                    np.flatnonzero(ranged),
                    order["low"][ranged],
                    order["high"][ranged],
                    color=INK,
                    linewidth=0.9,
                )
            ax.axvline(0, color=SOFT, linewidth=0.8)
            ax.set_title(METRIC_NAMES[name], fontsize=8.5)
            ax.set_yticks(range(len(order)), [named(g) for g in order["group"]])
            ax.locator_params(axis="x", nbins=3)
            ax.grid(False)
            ax.grid(True, axis="x", color=RULE)
            ax.spines["left"].set_visible(False)
        fig.supxlabel("influence (positive: the group helps)", fontsize=8.5)
        write_figure(path, fig)
