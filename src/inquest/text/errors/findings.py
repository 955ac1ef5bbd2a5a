"""All that is found out about the errors before a person reads them, put together for the sheet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from inquest.text.baselines import LINEAR
from inquest.text.errors.drivers import drivers
from inquest.text.errors.nearest import nearest, neighbour_lines, states_of
from inquest.text.errors.noise import LabelQuality, label_quality
from inquest.text.errors.sheet import said_by_llm
from inquest.text.errors.tags import listed, suggest


def look_into(
    errors: pd.DataFrame,
    texts: pd.DataFrame,
    predictions: pd.DataFrame,
    baselines: pd.DataFrame,
    states: pd.DataFrame,
    words: pd.DataFrame,
    labels: pd.DataFrame | None,
    classes: Sequence[str],
    neighbours: int,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return what is found out about each error.

    Parameters
    ----------
    errors : DataFrame
        As `wrong_texts` returns them.
    texts : DataFrame
        The texts of all parts.
    predictions, baselines : DataFrame
        What the classifier and the simpler ones say of the test texts: `row`, `label` (a code) and
        `probability:<class>`; `part` and `model` tell them apart.
    states : DataFrame
        `row` and a column for each dimension, of all training and test texts.
    words : DataFrame
        The words of the errors with their attributions, as `explain` returns them.
    labels : DataFrame or None
        The LLM's labels, as `said_by_llm` takes them.
    classes : sequence of str
        The labels in the order of the codes.
    neighbours : int
        How many training texts are shown beside an error.

    Returns
    -------
    found : DataFrame
        `drivers`, `completeness_gap`, `nearest`, `label_quality` and `tags`, in the order of the errors.
    about : dict
        `tags`: for each `name`, `definition`, `count` and `share` (of the errors); `near`: the neighbours;
        `suspicious`: how many gold labels confident learning takes for wrong, by the classifier alone, and
        how many of them `doubted` by all who were asked.
    """
    train = texts[texts["part"] == "train"].sort_values("row", ignore_index=True)
    places, cosines = nearest(states_of(states, errors["row"]), states_of(states, train["row"]), neighbours)
    mine = _quality(predictions[predictions["part"] == "test"], classes, errors)
    simpler = _quality(baselines[baselines["model"] == LINEAR], classes, errors)
    said = said_by_llm(errors, labels)
    doubted = mine.suspicious & simpler.suspicious & (said != errors["gold"]).to_numpy()
    given, definitions = suggest(errors, train, train["label"].to_numpy()[places], doubted)
    by_row = words.groupby("row")
    found = {
        "drivers": errors["row"].map({row: drivers(mine) for row, mine in by_row}).fillna(""),
        "completeness_gap": errors["row"].map(by_row["completeness_gap"].first()),
        "nearest": neighbour_lines(places, cosines, train),
        "label_quality": mine.scores,
        "tags": listed(given),
    }
    strings = dict.fromkeys(("drivers", "nearest", "tags"), "str")
    counts = given.sum()
    about = {
        "tags": [
            {
                "name": name,
                "definition": definition,
                "count": int(counts[name]),
                "share": float(given[name].mean()) if len(given) else None,
            }
            for name, definition in definitions.items()
        ],
        "near": places.shape[1],
        "suspicious": {"classifier": int(mine.suspicious.sum()), "doubted": int(counts["label in doubt"])},
    }
    return pd.DataFrame(found, index=errors.index).astype(strings), about


def _quality(predictions: pd.DataFrame, classes: Sequence[str], errors: pd.DataFrame) -> LabelQuality:
    """Judge the gold labels of all test texts, and return what that says of the errors."""
    probabilities = predictions[[f"probability:{name}" for name in classes]].to_numpy(float)
    judged = label_quality(predictions["label"].to_numpy(np.intp), probabilities)
    place = pd.Series(np.arange(len(predictions)), index=predictions["row"])[errors["row"]].to_numpy()
    return LabelQuality(judged.scores[place], judged.suspicious[place])
