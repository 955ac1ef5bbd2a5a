"""What might be the matter with a text: tags that a rule gives, for people to start from, not to trust."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inquest.text.baselines import joined
from inquest.text.properties import find
from inquest.text.texts_summary import WORD

CLOSE = 0.2  # probability between predicted and gold label
FREQUENT = 0.02  # of the training texts: words in more of them are mostly without meaning of their own
Z = 1.645  # 5 % of a normal distribution lie beyond
IRONY = re.compile(
    r"(?<!\w)(?:\"|“|''|'|‘)(?-i:(?![A-Z]))\w+(?:\"|”|''|'|’)(?!\w)"  # one word in quotes, and no name
    r"|(?:\.\.\.|…).*!"
    r"|\b(?:yeah,? right|of course|oh,? (?:great|wonderful|joy|boy)|as if|so \w+ that|thanks? to)\b"
    r"|[:;]-?[)P]|/s\b|🙄|😏|🙃",
    re.IGNORECASE,
)
DOUBTED = (
    "texts whose gold label confident learning (cleanlab) takes for wrong, by the classifier and by the "
    "linear model alike; which the LLM, where it was asked, doesn’t give either; and, where labels stand for "
    "numbers, whose label is uncertain: a second look at them is worth most, though texts can be hard for all"
)
FOUND = {  # tag -> property of `properties.find`
    "negation": "negation",
    "contrast": "contrast",
    "question": "question",
    "rare words": "rare_words",
    "long": "long",
    "short": "short",
}


def suggest(
    errors: pd.DataFrame,
    train: pd.DataFrame,
    neighbours: NDArray[np.str_],
    suspicious: NDArray[np.bool_],
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return which tags each error gets, and what the tags mean.

    Parameters
    ----------
    errors : DataFrame, n rows
        `text`, `pair` (if the task is on pairs), `gold`, `predicted`, `margin`, `truncated`, and `score` (if
        labels were made of numbers).
    train : DataFrame
        The training texts: `text`, `pair`, `label`, `score`.
    neighbours : ndarray of str, shape (n, k)
        The labels of each error's nearest training texts.
    suspicious : ndarray of bool, shape (n,)
        Whether all who were asked hold the gold label for wrong.

    Returns
    -------
    given : DataFrame of bool, n rows
        A column for each tag, by its name.
    definitions : dict of str
        For each tag which texts get it, in words.
    """
    tags: dict[str, tuple[Any, str]] = {}
    for name, asked in FOUND.items():
        found = find({"property": asked, "threshold": None, "pattern": None}, errors, train)
        telling = (
            found.threshold != 0
        )  # most training texts can have no rare word: then all texts would have it
        tags[name] = found.texts & telling, found.says
    if "score" in errors:
        found = find({"property": "uncertain_label", "threshold": None, "pattern": None}, errors, train)
        tags["uncertain label"] = found.texts, found.says
    gold = errors["gold"].to_numpy()
    tags["mixed words"] = (
        mixed(errors, train),
        "texts with words that stand significantly more often in training texts of the gold label, and "
        f"others in those of the predicted one (5% level; words in at most {FREQUENT:.0%} of the texts)",
    )
    tags["irony cue"] = (
        np.array([bool(IRONY.search(text)) for text in joined(errors)], bool),
        "texts with a cue that can come with irony, and often doesn’t: a single word in quotation marks, "
        "three dots and later an exclamation mark, a smiley, or an English phrase such as “yeah right” or "
        "“of course”",
    )
    tags["label in doubt"] = np.asarray(suspicious, bool) & tags.get("uncertain label", (True,))[0], DOUBTED
    tags["truncated"] = errors["truncated"].to_numpy(bool), "texts whose end the classifier didn’t read"
    tags["low confidence"] = (
        errors["margin"].to_numpy() < CLOSE,
        f"texts whose predicted label is less than {CLOSE:g} more probable than the gold one",
    )
    k = neighbours.shape[1]
    tags["near the gold label"] = (
        (neighbours == gold[:, None]).sum(axis=1) > k / 2,
        f"texts most of whose {k} nearest training texts, as the classifier sees them, have the gold label",
    )
    given = pd.DataFrame({name: texts for name, (texts, _) in tags.items()}, index=errors.index)
    return given, {name: says for name, (_, says) in tags.items()}


def listed(given: pd.DataFrame) -> list[str]:
    """Return the names of each error's tags, as the sheet has them: `negation; long`."""
    names = np.asarray(given.columns)
    return ["; ".join(names[row]) for row in given.to_numpy(bool)]


def mixed(errors: pd.DataFrame, train: pd.DataFrame) -> NDArray[np.bool_]:
    """Return whether an error has telling words of its gold label, and other ones of its predicted label."""
    telling = telling_words(train)
    sides = zip(errors["gold"], errors["predicted"], strict=True)
    return np.array(
        [
            not words.isdisjoint(telling.get(gold, ())) and not words.isdisjoint(telling.get(predicted, ()))
            for words, (gold, predicted) in zip(map(_words, joined(errors)), sides, strict=True)
        ],
        bool,
    )


def _words(text: str) -> set[str]:
    return set(WORD.findall(text.lower()))


def telling_words(train: pd.DataFrame) -> dict[str, set[str]]:
    """Return the words that stand significantly more often in training texts of a label than in the others.

    The logarithm of the odds ratio of having a word, with half a text added to each cell (Haldane 1956),
    lies more than `Z` of its standard errors above 0. Words in more than `FREQUENT` of the texts are left
    out: "and" is more frequent in praise than in blame, and praises nothing.

    >>> texts = ["dull film", "fine film"] * 8 + ["a"] * 800
    >>> telling_words(pd.DataFrame({"text": texts, "label": list("-+") * 408}))
    {'-': {'dull'}, '+': {'fine'}}
    """
    bags, labels = list(map(_words, joined(train))), train["label"].to_numpy()
    seen = Counter(word for bag in bags for word in bag)
    words = [word for word, times in seen.items() if times <= FREQUENT * len(bags)]
    total = np.array([seen[word] for word in words])
    telling = {}
    for label in dict.fromkeys(labels):
        mine = labels == label
        own = Counter(word for bag, inside in zip(bags, mine, strict=True) if inside for word in bag)
        a = np.array([own[word] for word in words])
        cells = np.array([a, mine.sum() - a, total - a, (~mine).sum() - total + a]) + 0.5
        odds_ratio = np.log(cells[0] * cells[3] / (cells[1] * cells[2]))
        strong = odds_ratio > Z * np.sqrt((1 / cells).sum(axis=0))
        telling[label] = {word for word, is_strong in zip(words, strong, strict=True) if is_strong}
    return telling
