"""The figure of the language model's chapter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from inquest.artefacts import write_figure
from inquest.report.figures import CHOSEN, FAINT, INK, SOFT, figure, named

MOST = 8  # labels that have a bar of their own
LEAST = 0.045  # of the bar's length: a shorter piece has no number

OUTCOMES = {
    "both right": {"color": FAINT},
    "only the classifier": {"color": CHOSEN},
    "only the language model": {"color": INK},
    "neither": {"facecolor": "white", "edgecolor": SOFT, "hatch": "////", "linewidth": 0.4},
}
_NUMBERS = {"both right": INK, "neither": INK}  # white on the others


def by_label(classes: Sequence[str]) -> bool:
    """Return whether each label has a bar of its own."""
    return len(classes) <= MOST


def who_is_right(path: str | Path, agreement: pd.DataFrame, classes: Sequence[str]) -> None:
    """Draw on which share of the texts both, one or none of the two gives the gold label.

    Parameters
    ----------
    agreement : DataFrame
        `gold`, `classifier`, `llm` (missing: no label) and `texts`, how many there are.
    classes : list of str
        The labels, in order.
    """
    groups = {"all texts": agreement}
    if by_label(classes):
        groups |= {named(name, 20): agreement[agreement["gold"] == name] for name in classes}
    groups = {name: rows for name, rows in groups.items() if rows["texts"].sum()}
    counts = pd.DataFrame({name: outcomes(rows) for name, rows in groups.items()}).T
    shares = counts.div(counts.sum(axis=1), axis=0)
    starts = shares.cumsum(axis=1) - shares
    with figure("full", height=0.75 + 0.24 * len(counts)) as (fig, ax):
        places = np.arange(len(counts))
        for name, look in OUTCOMES.items():
            ax.barh(places, shares[name], left=starts[name], height=0.62, label=name, **look)
            for place, share, start, count in zip(
                places, shares[name], starts[name], counts[name], strict=True
            ):
                if share >= LEAST:
                    ax.text(
                        start + share / 2, place, f"{count:,}", ha="center", va="center", fontsize=7.5,
                        color=_NUMBERS.get(name, "white"),
                        bbox={"facecolor": "white", "pad": 0.8} if name == "neither" else None,
                    )  # fmt: skip
        ax.set_yticks(places, counts.index)
        ax.invert_yaxis()
        ax.set(
            xlim=(0, 1),
            xlabel="share of the texts with this gold label" if len(counts) > 1 else "share of the texts",
        )
        ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f}%")
        ax.grid(visible=False)
        fig.legend(loc="outside upper left", ncols=4, columnspacing=1.4, handlelength=1.2)
        write_figure(path, fig)


def outcomes(agreement: pd.DataFrame) -> pd.Series:
    """Return how many texts both, one or none of the two has right, in the order of `OUTCOMES`."""
    classifier = (agreement["classifier"] == agreement["gold"]).to_numpy(bool)
    llm = (agreement["llm"] == agreement["gold"]).fillna(value=False).to_numpy(bool)
    met = [classifier & llm, classifier & ~llm, ~classifier & llm, ~classifier & ~llm]
    return pd.Series(
        [int(agreement["texts"].to_numpy()[one].sum()) for one in met], index=list(OUTCOMES), dtype=int
    )
