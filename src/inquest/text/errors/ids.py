"""What an error is known by: an id that people's annotations can hang on for good."""

from __future__ import annotations

import base64
import hashlib

import pandas as pd

LETTERS = 10  # of base 32: 50 bits, so that two of 100,000 texts share an id once in 200,000 data sets


def stable_ids(texts: pd.DataFrame, part: str, dataset: str) -> list[str]:
    """Return an id for each text, the same in every run, on every machine and whatever the classifier says.

    An id is a function of the data set's name, the part and the text (with its second one) alone, neither of
    the label nor of the row: relabelled or moved texts keep theirs. A text that stands there again gets "-2",
    "-3", … in the order of the table.

    Parameters
    ----------
    texts : DataFrame
        `text`, and `pair` for tasks on pairs: all texts of one part, by row.
    part : str
        `train`, `validation` or `test`.
    dataset : str
        The data set's name.

    Returns
    -------
    list of str
        "e-" and ten of a … z and 2 … 7, from a SHA-256: it starts with a letter and holds no capital, so that
        a spreadsheet takes it for no number, no date and no formula.
    """
    columns = [texts["text"], *([texts["pair"]] if "pair" in texts else [])]
    ids = pd.Series([_id(dataset, part, *cells) for cells in zip(*columns, strict=True)], dtype="str")
    times = ids.groupby(ids).cumcount()
    return ids.where(times == 0, ids + "-" + (times + 1).astype("str")).tolist()


def _id(*parts: str) -> str:
    whole = b"".join(
        len(part).to_bytes(8, "big") + part  # no two lists of parts run together
        for part in (text.encode("utf-8", "surrogatepass") for text in parts)
    )
    return "e-" + base64.b32encode(hashlib.sha256(whole).digest()).decode().lower()[:LETTERS]
