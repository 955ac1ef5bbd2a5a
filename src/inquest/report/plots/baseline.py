"""Figures of the baseline chapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.calibration import calibration_curve
from sklearn.metrics import precision_recall_curve, roc_curve

from inquest.artefacts import write_figure
from inquest.report.figures import CHOSEN, FAINT, INK, SOFT, classifier_lines, figure, named, shades

SHOWN = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced acc.",
    "f1": "F1",
    "roc_auc": "ROC AUC",
    "average_precision": "avg. precision",
}


def metrics(path: str | Path, table: pd.DataFrame, chosen: str) -> None:
    """Draw the metrics that run from 0 to 1 of each classifier, with their intervals."""
    with figure("wide", height=0.3 * len(table) + 0.75, rows=1, columns=len(SHOWN), sharey=True) as (
        fig,
        axes,
    ):
        for ax, (name, title) in zip(axes, SHOWN.items(), strict=True):
            for y, row in enumerate(table.to_dict("records")):
                colour = CHOSEN if row["name"] == chosen else SOFT
                ax.plot([row[f"{name}_low"], row[f"{name}_high"]], [y, y], color=colour, linewidth=1.6)
                ax.plot(row[name], y, "o", color=colour, markersize=4.5)
            ax.set_title(title, fontsize=8.5)
            ax.set_yticks(range(len(table)), table["name"])
            ax.locator_params(axis="x", nbins=3)
            ax.margins(x=0.12, y=0.15)
            ax.grid(True, axis="x")
            ax.spines["left"].set_visible(False)
        axes[0].invert_yaxis()
        for text in axes[0].get_yticklabels():
            if text.get_text() == chosen:
                text.set(color=CHOSEN, fontweight="semibold")
        write_figure(path, fig)


def confusion(
    path: str | Path, fitted: Sequence[Mapping[str, Any]], classes: Sequence[str], chosen: str
) -> None:
    """Draw every classifier's confusion matrix: counts, shaded by the share of the true class."""
    columns = min(len(fitted), 5 if len(classes) <= 3 else 3 if len(classes) <= 6 else 2)
    rows = -(-len(fitted) // columns)
    side = 6.1 / columns
    with figure("wide", height=rows * (side + 0.42) + 0.3, rows=rows, columns=columns, squeeze=False) as (
        fig,
        axes,
    ):
        for ax, one in zip(axes.flat, fitted, strict=False):
            counts = np.asarray(one["confusion"])
            share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
            ax.imshow(share, cmap=shades(CHOSEN if one["name"] == chosen else INK), vmin=0, vmax=1.15)
            if len(classes) <= 10:
                size = 8 if len(classes) <= 3 else 6.5
                for i, j in np.ndindex(counts.shape):
                    colour = "white" if share[i, j] > 0.6 else INK
                    ax.text(j, i, f"{counts[i, j]:,}", ha="center", va="center", color=colour, fontsize=size)
            names = [named(name, 24) for name in classes]
            ax.set_xticks(range(len(classes)), names, rotation=0 if len(classes) <= 2 else 40, fontsize=7)
            ax.set_yticks(range(len(classes)), names if ax in axes[:, 0] else [], fontsize=7)
            ax.set_title(one["name"], color=CHOSEN if one["name"] == chosen else INK, fontsize=8.5)
            ax.grid(False)
            ax.tick_params(length=0)
            for spine in ax.spines.values():
                spine.set_visible(False)
        for ax in list(axes.flat)[len(fitted) :]:
            ax.set_visible(False)
        fig.supxlabel("predicted", fontsize=8.5)
        fig.supylabel("true", fontsize=8.5)
        write_figure(path, fig)


def curves(path: str | Path, y: NDArray, predictions: Mapping[str, Any], chosen: str) -> None:
    """Draw ROC, precision-recall and calibration curves of every classifier.

    With two classes they are the positive one's; with more, one-against-rest decisions are pooled over the
    classes (micro average).
    """
    lines = classifier_lines(predictions, chosen)
    with figure("wide", height=2.75, columns=3) as (fig, (roc, recall, calibration)):
        roc.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8)
        calibration.plot([0, 1], [0, 1], color=FAINT, linewidth=0.8)
        for name, said in predictions.items():
            truth, score = _pooled(y, said.scores)
            false_positive, true_positive, _ = roc_curve(truth, score)
            roc.plot(false_positive, true_positive, label=name, **lines[name])
            precision, sensitivity, _ = precision_recall_curve(truth, score)
            recall.plot(sensitivity, precision, drawstyle="steps-post", **lines[name])
            if said.probabilities is not None:
                truth, probability = _pooled(y, said.probabilities)
                observed, predicted = calibration_curve(truth, probability, n_bins=10, strategy="quantile")
                calibration.plot(predicted, observed, marker="o", markersize=2.5, **lines[name])
        roc.set(title="ROC", xlabel="false-positive rate", ylabel="true-positive rate")
        recall.set(title="Precision-recall", xlabel="recall", ylabel="precision", ylim=(0, 1.03))
        calibration.set(title="Calibration", xlabel="predicted probability", ylabel="observed share")
        for ax in (roc, recall, calibration):
            ax.set_box_aspect(1)
            ax.set(xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
        fig.legend(loc="outside lower center", ncols=len(predictions))
        write_figure(path, fig)


def _pooled(y: NDArray, scores: NDArray) -> tuple[NDArray, NDArray]:
    if scores.shape[1] == 2:
        return y == 1, scores[:, 1]
    return (y[:, None] == np.arange(scores.shape[1])).ravel(), scores.ravel()
