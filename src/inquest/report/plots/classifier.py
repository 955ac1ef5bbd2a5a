"""Figures of the classifier chapter."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, PercentFormatter
from numpy.typing import ArrayLike, NDArray

from inquest.artefacts import write_figure
from inquest.report.figures import CHOSEN, FAINT, INK, RULE, SIGN, SOFT, SPLIT, figure, named, shades

MOST_POINTS = 300
"""A learning curve has no more points than that: what is beyond is averaged."""
MOST_NUMBERS = 10
"""A confusion matrix of more classes has shades only."""
VERDICTS: dict[str, dict[str, Any]] = {
    "borne out": {"marker": "o", "color": SIGN["helps"]},
    "contradicted": {"marker": "D", "color": SIGN["hurts"]},
    "open": {"marker": "s", "color": SOFT, "markerfacecolor": "white"},
}
"""How an expectation's verdict is drawn: by colour and, for grey print, by marker."""


def learning(path: str | Path, history: Mapping[str, Any]) -> None:
    """Draw loss and accuracy by epoch, in training and in validation.

    Parameters
    ----------
    path : path
    history : mapping
        ``history.json``: `steps` are means since the step before, `epochs` those over an epoch's training
        texts (drawn where the epoch is half done, as they are) and the validation texts' at its end.
    """
    epochs, best = history["epochs"], history["best_epoch"]
    ends = _numbers(epochs, "epoch")
    at, of_steps = _thinned(history["steps"])
    with figure("full", 1.75, columns=2) as (fig, axes):
        for ax, name in zip(axes, ("loss", "accuracy"), strict=True):
            ax.plot(at, of_steps[name], color=SPLIT["train"], linewidth=0.7, label="training, by step")
            known = {"markersize": 3.6 if len(epochs) <= 20 else 0, "linewidth": 1.2}
            train = _numbers(epochs, f"train_{name}")
            ax.plot(ends - 0.5, train, "s", color=SPLIT["train"], ls="--", label="training, epoch", **known)
            held = _numbers(epochs, name)
            ax.plot(ends, held, "o", color=CHOSEN, ls="-", label="validation", **known)
            ax.axvline(best, color=INK, linewidth=0.8, linestyle=(0, (1.2, 1.2)), zorder=1.5)
            ax.plot(best, held[ends == best][:1], "o", color=CHOSEN, mec=INK, markersize=6.5, label="kept")
            ax.set(xlabel="epoch", title=name, xlim=(0, ends[-1] + 0.03 * ends[-1]))
            ax.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes[1].yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        axes[0].set_ylim(bottom=0)
        fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, columnspacing=1)
        write_figure(path, fig)


def quality(
    path: str | Path,
    counts: ArrayLike,
    classes: Sequence[str],
    bins: Sequence[Mapping[str, Any]],
    ece: float,
) -> None:
    """Draw which labels are taken for which, and whether confidence is met by accuracy.

    Parameters
    ----------
    path : path
    counts : array of int, shape (k, k)
        Test texts, gold × predicted.
    classes : list of str, length k
    bins : list of mapping
        The reliability diagram: low, high, texts, confidence, accuracy, accuracy_low, accuracy_high.
    ece : float
        The expected calibration error.
    """
    few = len(classes) <= 4
    with figure("full" if few else "wide", 1.95 if few else 2.5, columns=2) as (fig, (left, right)):
        _confusion(left, np.asarray(counts), classes)
        _reliability(right, bins, ece, 1 / len(classes))
        write_figure(path, fig)


def _confusion(ax: Axes, counts: NDArray, classes: Sequence[str]) -> None:
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    ax.imshow(share, cmap=shades(CHOSEN), vmin=0, vmax=1.15)
    if len(classes) <= MOST_NUMBERS:
        for i, j in np.ndindex(counts.shape):
            colour = "white" if share[i, j] > 0.6 else INK
            size = 8 if len(classes) <= 4 else 6
            ax.text(j, i, f"{counts[i, j]:,}", ha="center", va="center", color=colour, fontsize=size)
    names = [named(name, 18) for name in classes]
    size = 8 if len(classes) <= 4 else 7 if len(classes) <= MOST_NUMBERS else 4
    turned = sum(map(len, names)) > 20
    ax.set_xticks(range(len(names)), names, fontsize=size, rotation=40 if turned else 0)
    if turned:
        for label in ax.get_xticklabels():
            label.set(ha="right", rotation_mode="anchor")
    ax.set_yticks(range(len(names)), names, fontsize=size)
    ax.set(xlabel="predicted", ylabel="gold", title="Confusion")
    ax.grid(False)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _reliability(ax: Axes, bins: Sequence[Mapping[str, Any]], ece: float, chance: float) -> None:
    """Draw accuracy by confidence, and below it which share of the texts has that confidence."""
    low, high, texts = (_numbers(bins, key) for key in ("low", "high", "texts"))
    confidence, accuracy = _numbers(bins, "confidence"), _numbers(bins, "accuracy")
    share = texts / max(texts.sum(), 1)
    ax.bar((low + high) / 2, share, width=0.94 * (high - low), color=RULE, label="share of texts")
    ax.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8)
    errors = [accuracy - _numbers(bins, "accuracy_low"), _numbers(bins, "accuracy_high") - accuracy]
    ax.errorbar(confidence, accuracy, yerr=np.abs(errors), fmt="o", color=CHOSEN, ms=3.6, lw=1.2)
    ax.set(xlim=(min(chance, low.min(initial=1)) - 0.01, 1.01), ylim=(0, 1.02))
    ax.set(xlabel="confidence", ylabel="accuracy, share of texts", title=f"Calibration: ECE {ece:.3f}")
    ax.xaxis.set_major_locator(MaxNLocator(5))


def expectations(path: str | Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Draw how much larger the error rate is with each property than without, and what was made of it.

    Parameters
    ----------
    path : path
    rows : list of mapping
        Name, with and without (each with `texts`), difference (value, low, high) and verdict of each.
    """
    names = ["\n".join(textwrap.wrap(named(row["name"], 64), 40)) for row in rows]
    tall = 0.25 if any("\n" in name for name in names) else 0.2
    with figure("full", 0.8 + tall * max(len(rows), 1)) as (fig, ax):
        ax.axvline(0, color=INK, linewidth=0.8)
        for y, row in enumerate(rows):
            _difference(ax, y, row)
        for verdict, look in VERDICTS.items():
            if any(row["verdict"] == verdict for row in rows):
                ax.plot([], [], linestyle="none", markersize=4.5, label=verdict, **look)
        ax.set_yticks(range(len(rows)), names, fontsize=7.5, linespacing=1)
        ax.set_ylim(max(len(rows), 1) - 0.4, -0.6)
        ax.set_xlabel("difference in error rate, with − without (percentage points)")
        ax.grid(axis="y", visible=False)
        ax.grid(axis="x", visible=True)
        ax.spines["left"].set_visible(False)
        if rows:
            fig.legend(loc="outside lower center", ncols=3)
        else:
            ax.text(0.5, 0.5, "The study states no expectations.", transform=ax.transAxes, ha="center")
        write_figure(path, fig)


def _difference(ax: Axes, y: int, row: Mapping[str, Any]) -> None:
    """Draw one row, with the numbers of texts with and without at its right end."""
    sizes = f"{row['with']['texts']:,} | {row['without']['texts']:,}"
    ax.text(1.02, y, sizes, transform=ax.get_yaxis_transform(), va="center", fontsize=7.5, color=SOFT)
    if row["verdict"] not in VERDICTS:
        ax.text(0, y, f" {row['verdict']}", va="center", fontsize=7.5, color=SOFT)
        return
    look = VERDICTS[row["verdict"]]
    value, low, high = (100 * row["difference"][key] for key in ("value", "low", "high"))
    ax.plot([low, high], [y, y], color=look["color"], linewidth=1.6)
    ax.plot(value, y, markersize=4.8, **look)


def _numbers(rows: Sequence[Mapping[str, Any]], key: str) -> NDArray[np.float64]:
    """Return a number of each row; a missing one (a loss that was no number) is NaN."""
    return np.array([np.nan if row[key] is None else row[key] for row in rows], float)


def _thinned(steps: Sequence[Mapping[str, Any]]) -> tuple[NDArray, dict[str, NDArray]]:
    """Return epoch, and loss and accuracy, of at most `MOST_POINTS` runs of neighbouring steps."""
    runs = np.array_split(np.arange(len(steps)), min(len(steps), MOST_POINTS)) if steps else []
    found = {key: _numbers(steps, key) for key in ("epoch", "loss", "accuracy")}
    means = {key: np.array([values[run].mean() for run in runs]) for key, values in found.items()}
    return means.pop("epoch"), means
