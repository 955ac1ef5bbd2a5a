"""The figure of the text chapter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from inquest.artefacts import write_figure
from inquest.report.figures import LABELS, SOFT, figure, label_colours, named

MOST = 0.99  # the share of the texts before those that are put into the last bar
BARS = 30


def by_label(classes: Sequence[str]) -> bool:
    """Return whether there is a colour for each label."""
    return len(classes) <= len(LABELS)


def words(path: str | Path, counts: np.ndarray, labels: pd.Series, classes: Sequence[str]) -> None:
    """Draw how many texts have how many words, stacked by label if there are colours for all of them.

    Parameters
    ----------
    counts : array of int, shape (n_texts,)
        Words of each text.
    labels : Series of str, shape (n_texts,)
    classes : list of str
        The labels, in order.
    """
    most = max(int(np.quantile(counts, MOST)), 4)
    shown = np.minimum(counts, most)
    width = -(-(most + 1) // BARS)  # whole words, so that each bar has as many numbers
    edges = np.arange(0, most + width + 1, width) - 0.5
    coloured = by_label(classes)
    groups = [shown[(labels == name).to_numpy()] for name in classes] if coloured else [shown]
    colours = list(label_colours(classes).values()) if coloured else [SOFT]
    with figure("column", height=1.4) as (fig, ax):
        names = [named(name, 24) for name in classes] if coloured else None
        ax.hist(groups, bins=edges, stacked=True, color=colours, label=names)
        last = f"{edges[-2] + 0.5:,.0f} or more"
        ax.set(xlabel=f"words (last bar: {last})", ylabel="texts", xlim=(edges[0], edges[-1]))
        ax.locator_params(axis="y", nbins=4)
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        if coloured:
            ax.legend(loc="upper right", fontsize=7.5, ncols=1 + (len(classes) > 4))
        write_figure(path, fig)
