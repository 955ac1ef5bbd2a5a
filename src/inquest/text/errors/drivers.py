"""The words that drove an error, in few words."""

from __future__ import annotations

import pandas as pd

STRONGEST = 5


def drivers(words: pd.DataFrame) -> str:
    """Return the strongest words, each with its share of all words' strengths: `dull +0.61, not −0.22`.

    Positive ones pushed towards the predicted label, negative ones towards the gold one; the shares of all
    words of a text add up to 1 without their signs. Of equally strong ones the first come first.
    """
    strength = words["attribution"].abs()
    if not strength.sum():
        return ""
    share = words["attribution"] / strength.sum()
    strongest = strength.sort_values(ascending=False, kind="stable").index[:STRONGEST]
    return ", ".join(
        f"{_shown(words.at[i, 'word'])}{' (pair)' * (words.at[i, 'part'] == 'pair')} {_signed(share[i])}"
        for i in strongest
    )


def _shown(word: str) -> str:
    """Return a word; signs in quotation marks, so that a comma isn't lost among commas."""
    return word if any(map(str.isalnum, word)) else f"“{word}”"


def _signed(share: float) -> str:
    return f"{share:+.2f}".replace("-", "−")
