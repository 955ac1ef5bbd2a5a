"""The figure of the text chapter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from inquest.artefacts import write_figure
from inquest.report.figures import LABELS, SOFT, figure, label_colours, named

MOST = 0.99  # the longest texts share the last bar


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
    edges = np.linspace(-0.5, most + 0.5, min(most + 1, 31) if most < 31 else 31)
    coloured = len(classes) <= len(LABELS)
    groups = [shown[(labels == name).to_numpy()] for name in classes] if coloured else [shown]
    colours = list(label_colours(classes).values()) if coloured else [SOFT]
    with figure("column", height=1.6) as (fig, ax):
        ax.hist(
            groups,
            bins=edges,
            stacked=True,
            color=colours,
            label=[named(name, 24) for name in classes][: len(groups)],
        )
        ax.set(xlabel=f"words (the last bar: {most:,} or more)", ylabel="texts", xlim=(edges[0], edges[-1]))
        ax.locator_params(axis="y", nbins=4)
        ax.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        if coloured:
            ax.legend(loc="upper right", fontsize=7.5, ncols=1 + (len(classes) > 4))
        write_figure(path, fig)
