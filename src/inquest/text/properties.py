"""Which texts have a property, and whether the classifier errs on them more often, as was expected."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inquest.errors import InquestError
from inquest.text.baselines import joined, word_features
from inquest.text.evaluation import newcombe, wilson
from inquest.text.texts_summary import WORD, word_counts

NEIGHBOURS = 5
SEEN = 2  # a word is rare if it stands fewer times in the training texts
NEGATION = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|nowhere|neither|nor|cannot|without)\b|n['’]t\b", re.IGNORECASE
)
CONTRAST = re.compile(
    r"\b(?:but|although|though|however|yet|despite|nevertheless|nonetheless|whereas|albeit|unlike)\b",
    re.IGNORECASE,
)
LISTED = 4  # boundaries between labels that are named
BLOCK = 20_000_000  # similarities held at once


class Found(NamedTuple):
    """The texts that have a property."""

    texts: NDArray[np.bool_]
    threshold: float | None
    says: str
    """Which texts they are, in words."""


def ask(
    expectations: Sequence[Mapping[str, Any]],
    texts: pd.DataFrame,
    train: pd.DataFrame,
    wrong: NDArray[np.bool_],
) -> list[dict[str, Any]]:
    """Hold each expectation against the errors.

    Parameters
    ----------
    expectations : list of mapping
        `name`, `property`, `threshold`, `pattern`, `harder` and `why`, as in the config.
    texts : DataFrame, n rows
        The texts judged: `text`, `label`, and `pair` and `score` if they have them.
    train : DataFrame
        The training texts, with the same columns; thresholds, rare words and neighbours are taken from them.
    wrong : ndarray of bool, shape (n,)
        Whether the classifier got each text wrong.

    Returns
    -------
    list of dict
        For each: `name`, `property`, `says` (which texts), `harder`, `why`, `threshold`; ``with`` and
        ``without`` the property ``{"texts", "errors", "rate", "low", "high"}`` with Wilson intervals; the
        ``difference`` of the two rates with Newcombe's interval; and the verdict: `borne out` if the interval
        lies on the expected side of 0, `contradicted` if on the other, `open` if 0 is in it, `no such texts`
        if the texts with the property or those without it are none, so that there is nothing to compare.

    Raises
    ------
    InquestError
        If an expectation is about the number behind the label, and there is none.
    """
    wrong, answers = np.asarray(wrong, bool), []
    for i, expectation in enumerate(expectations):
        if expectation["property"] == "uncertain_label" and "score" not in texts:
            raise InquestError(
                f"config key `classifier.expectations[{i}].property`",
                "found 'uncertain_label', and the labels have no number behind them",
                "it needs labels made by `text.ranges`",
            )
        found = find(expectation, texts, train)
        has, lacks = _errors(wrong[found.texts]), _errors(wrong[~found.texts])
        difference = newcombe(has["errors"], has["texts"], lacks["errors"], lacks["texts"])
        answers.append(
            {
                **{key: expectation[key] for key in ("name", "property", "harder", "why")},
                "says": found.says,
                "threshold": found.threshold,
                "with": has,
                "without": lacks,
                "difference": difference,
                "verdict": _verdict(difference, expectation["harder"]),
            }
        )
    return answers


def _errors(wrong: NDArray[np.bool_]) -> dict[str, float]:
    texts, errors = len(wrong), int(wrong.sum())
    low, high = wilson(errors, texts)
    return {
        "texts": texts,
        "errors": errors,
        "rate": errors / texts if texts else np.nan,
        "low": low,
        "high": high,
    }


def _verdict(difference: Mapping[str, float], harder: bool) -> str:
    if np.isnan(difference["value"]):
        return "no such texts"
    if difference["low"] <= 0 <= difference["high"]:
        return "open"
    return "borne out" if (difference["value"] > 0) == harder else "contradicted"


def find(expectation: Mapping[str, Any], texts: pd.DataFrame, train: pd.DataFrame) -> Found:
    """Return which texts have the property of an expectation.

    The two texts of a pair count as one. Lengths are in words, cut at white space. `negation` and `contrast`
    look for English words (`NEGATION`, `CONTRAST`), and tell nothing about other languages. A label is
    uncertain by the distance of its number to the nearest of the `boundaries`.

    Where a threshold is null it is the first (or last) value in the upper (or lower) quarter of the training
    texts; with ties there can be more texts in it.
    """
    asked, threshold = expectation["property"], expectation["threshold"]
    if asked in ("long", "short"):
        says = f"texts of {{:,g}} words or {'more' if asked == 'long' else 'fewer'}"
        return _beyond(word_counts(texts), word_counts(train), threshold, asked == "long", says)
    if asked == "rare_words":
        says = "texts with {:.1%} or more rare words, seen in training once or never"
        return _beyond(*rare_shares(texts, train), threshold, True, says)
    if asked == "uncertain_label":
        parts = boundaries(train)
        values = [np.abs(table["score"].to_numpy()[:, None] - parts).min(axis=1) for table in (texts, train)]
        says = f"texts whose label stands for a number within {{:.3g}} of {_named(parts)}"
        return _beyond(*values, threshold, False, says)
    if asked == "disagreeing_neighbours":
        says = "texts most of whose {} nearest training texts, by TF-IDF, have another label"
        says += " (texts of unknown words are none of them)"
        return Found(disagreeing(texts, train), None, says.format(min(NEIGHBOURS, len(train))))
    pattern, says = {
        "negation": (NEGATION, "texts with an English negation (no, not, never, nothing, n’t, …)"),
        "contrast": (CONTRAST, "texts with an English word of contrast (but, although, however, yet, …)"),
        "question": (re.compile(r"[?？؟]"), "texts with a question mark"),
        "pattern": (
            re.compile(expectation["pattern"] or "", re.IGNORECASE),
            f"texts that match the regular expression {expectation['pattern']}",
        ),
    }[asked]
    return Found(np.array([bool(pattern.search(text)) for text in joined(texts)], bool), None, says)


def _beyond(values: NDArray, known: NDArray, threshold: float | None, upper: bool, says: str) -> Found:
    """Return the texts from a threshold upwards or downwards; null takes a quarter of the known values."""
    says_more = ""
    if threshold is None:
        share, method = (0.75, "higher") if upper else (0.25, "lower")
        threshold = float(np.quantile(known, share, method=method))
        says_more = f" ({'upper' if upper else 'lower'} quarter of the training texts)"
    texts = values >= threshold if upper else values <= threshold
    return Found(texts, threshold, says.format(threshold) + says_more)


def boundaries(train: pd.DataFrame) -> NDArray[np.float64]:
    """Return the numbers that part neighbouring labels: 0 if it lies between them, or the middle.

    >>> boundaries(pd.DataFrame({"label": list("aabbcc"), "score": [-2.0, -0.5, 0.1, 1, 2, 9]})).tolist()
    [0.0, 1.5]
    """
    ends = train.groupby("label")["score"].agg(["min", "max"]).sort_values("min")  # ranges don't overlap
    below, above = ends["max"].to_numpy()[:-1], ends["min"].to_numpy()[1:]
    return np.where((below <= 0) & (above >= 0), 0.0, (below + above) / 2)


def _named(parts: NDArray[np.float64]) -> str:
    if len(parts) == 1:
        return f"{parts[0]:.3g}, where the labels part"
    listed = ", ".join(f"{part:.3g}" for part in parts) if len(parts) <= LISTED else f"{len(parts)} of them"
    return f"a boundary between labels ({listed})"


def rare_shares(texts: pd.DataFrame, train: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the share of words that stand fewer than `SEEN` times in the training texts.

    Returns
    -------
    ndarray of float, shape (n,)
        Of ``texts``.
    ndarray of float, shape (n_train,)
        Of ``train``, where a word counts by how often it stands in the other training texts: a text would
        otherwise make its own words less rare than those of texts not trained on.
    """
    bags = [[Counter(WORD.findall(text.lower())) for text in joined(table)] for table in (texts, train)]
    seen: Counter[str] = Counter()
    for bag in bags[1]:
        seen.update(bag)
    test, own = (
        np.array(
            [
                sum(times for word, times in bag.items() if seen[word] - own * times < SEEN)
                / max(bag.total(), 1)
                for bag in table
            ]
        )
        for table, own in zip(bags, (False, True), strict=True)
    )
    return test, own


def disagreeing(texts: pd.DataFrame, train: pd.DataFrame) -> NDArray[np.bool_]:
    """Return whether most of the nearest training texts have another label than the text's gold one.

    Nearness is the cosine of the linear baseline's TF-IDF; of equally near ones the first in ``train`` count.
    A training text that shares no word is not near, so that a text of unknown words has no neighbours.
    """
    features, X = word_features(joined(train))
    Z, labels, gold = features.transform(joined(texts)), train["label"].to_numpy(), texts["label"].to_numpy()
    k = min(NEIGHBOURS, len(labels))
    found = np.empty(len(gold), bool)
    size = max(1, BLOCK // len(labels))
    for start in range(0, len(gold), size):
        near = (Z[start : start + size] @ X.T).toarray()
        for i, row in enumerate(near, start):
            close = closest(row, k)
            close = close[row[close] > 0]
            found[i] = np.sum(labels[close] != gold[i]) > len(close) / 2
    return found


def closest(similarities: NDArray[np.float64], k: int) -> NDArray[np.intp]:
    """Return the places of the k largest similarities, shape (k,), the largest first; ties by place.

    >>> closest(np.array([0.5, 0.9, 0.5, 0.9, 0.5]), 3).tolist()
    [1, 3, 0]
    """
    close = np.flatnonzero(similarities >= np.partition(similarities, -k)[-k])  # with ties more than k
    return close[np.argsort(-similarities[close], kind="stable")[:k]]
