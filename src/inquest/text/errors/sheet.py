"""The error sheet: a row for each test text that the classifier got wrong, and room for what people say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from inquest.text.texts_summary import word_counts

UNPARSED = "unparsed"  # the LLM's answer was none of the labels
CURRENT = "current"  # the classifier still errs here
MACHINE = (
    "id",
    "status",
    "text",
    "pair",
    "gold",
    "predicted",
    "direction",
    "confidence",
    "gold_confidence",
    "margin",
    "llm",
    "drivers",
    "completeness_gap",
    "nearest",
    "label_quality",
    "words",
    "tokens",
    "tags",
)
PERSON = ("error_type", "cause", "fix", "annotator", "note")


def wrong_texts(
    texts: pd.DataFrame, predictions: pd.DataFrame, classes: Sequence[str], positive: str | None
) -> pd.DataFrame:
    """Return the test errors, the most confident first.

    Parameters
    ----------
    texts : DataFrame
        `row`, `id`, `text`, `pair` (if the task is on pairs), `label`, and `score` (if labels were made of
        numbers), of all parts.
    predictions : DataFrame
        Of the test texts, and perhaps of others: `row`, `part`, `label` and `predicted` (codes), `tokens`,
        `truncated` and `probability:<class>`.
    classes : sequence of str
        The labels in the order of the codes.
    positive : str or None
        The positive label, where there are two.

    Returns
    -------
    DataFrame
        `row`, `id`, `text`, [`pair`], `gold`, `predicted`, `direction` ("false positive" or "false negative"
        with two labels, else "gold → predicted"), `confidence` and `gold_confidence` (the probabilities of
        the predicted and of the gold label), `margin` (their difference), `words`, `tokens`, `truncated`, and
        [`score`]; equal confidences by row.
    """
    judged = predictions[predictions["part"] == "test"].drop(columns=["id", "part", "label"])
    judged = texts.merge(judged, on="row", validate="one_to_one")
    probabilities = judged[[f"probability:{name}" for name in classes]].to_numpy(float)
    gold = pd.Categorical(judged["label"], categories=list(classes)).codes
    predicted = judged["predicted"].to_numpy()
    each = np.arange(len(judged))
    table = judged.assign(
        gold=judged["label"],
        predicted=np.asarray(classes, dtype=object)[predicted],
        confidence=probabilities[each, predicted],
        gold_confidence=probabilities[each, gold],
        words=word_counts(judged),
    )
    table["margin"] = table["confidence"] - table["gold_confidence"]
    table = table[predicted != gold].sort_values(
        ["confidence", "row"], ascending=[False, True], ignore_index=True
    )
    table["direction"] = [
        _direction(*labels, positive) for labels in zip(table["gold"], table["predicted"], strict=True)
    ]
    names = ["row", "id", "text", "pair", "gold", "predicted", "direction", "confidence", "gold_confidence"]
    names += ["margin", "words", "tokens", "truncated", "score"]
    return table[[name for name in names if name in table]].astype({"predicted": "str", "direction": "str"})


def _direction(gold: str, predicted: str, positive: str | None) -> str:
    if positive is None:
        return f"{gold} → {predicted}"
    return "false positive" if predicted == positive else "false negative"


def said_by_llm(errors: pd.DataFrame, labels: pd.DataFrame | None) -> pd.Series:
    """Return the LLM's label of each error, "unparsed" if it gave none, and nothing if it wasn't asked.

    Parameters
    ----------
    labels : DataFrame or None
        `row` and `label` (missing where the answer was none of the labels) of the texts it was asked about.
    """
    if labels is None:
        return pd.Series(pd.NA, index=errors.index, dtype="str")
    said = labels.set_index("row")["label"].astype("str").fillna(UNPARSED)
    return errors["row"].map(said).astype("str")


def make_sheet(errors: pd.DataFrame, found: pd.DataFrame, labels: pd.DataFrame | None) -> pd.DataFrame:
    """Return the sheet: what is known of each error, and the columns that a person fills, empty.

    Parameters
    ----------
    errors : DataFrame
        As `wrong_texts` returns them; their order is kept.
    found : DataFrame
        Of the same errors in the same order: `drivers`, `completeness_gap`, `nearest`, `label_quality` and
        `tags`, as `look_into` returns them.
    labels : DataFrame or None
        The LLM's labels, as `said_by_llm` takes them.

    Returns
    -------
    DataFrame
        The columns of `MACHINE` (without `pair` where the task isn't on pairs), then those of `PERSON`.
    """
    table = errors.assign(
        **found, status=CURRENT, llm=said_by_llm(errors, labels), **dict.fromkeys(PERSON, "")
    )
    return table.reindex(columns=[*(name for name in MACHINE if name != "pair" or name in table), *PERSON])
