"""What the report says of the texts: the chapter's facts and its table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from inquest.runtime import seed_for
from inquest.text.texts import PARTS

SHORT = 80  # characters of an example
EXAMPLES = 2  # of each label
FEW_WORDS = 3  # a text with fewer is nearly empty
WORD = re.compile(r"\w+(?:['’]\w+)*")


def summarise_texts(
    texts: pd.DataFrame,
    made: Mapping[str, Any],
    sources: Sequence[Mapping[str, Any]],
    about: str,
    seed: int,
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Return the facts of the chapter and its table `labels`.

    Parameters
    ----------
    texts : DataFrame
        The texts of all parts, as `make_texts` returned them.
    made : mapping
        The facts that `make_texts` returned with them; the chapter's facts hold them all.
    sources : list of mapping
        The facts of each raw file.
    about : str
        What the config says of the texts (Markdown).
    seed : int
        Seed of the examples.
    """
    words = word_counts(texts)
    lengths = [_lengths(part, words[(texts["part"] == part).to_numpy()]) for part in PARTS]
    examples = _examples(texts, made["classes"], seed)
    learnt = texts[texts["part"] == "train"]
    facts = {
        **made,
        "about": about,
        "sources": list(sources),
        "lengths": lengths,
        "vocabulary": len(vocabulary(learnt)),
        "few_words": {"limit": FEW_WORDS, "texts": int((words < FEW_WORDS).sum())},
        "repeated": _repeated(texts),
        "sampled": _how(made["split"], made["counts"]),
        "examples": examples,
        "headline": [
            {"label": "Texts", "value": made["title"]},
            {"label": "Labels", "value": _headline(made["classes"])},
        ],
    }
    first = {one["label"]: one["text"] for one in reversed(examples)}
    table = pd.DataFrame(made["split"]["balance"], columns=["label", *PARTS])
    table["example"] = [first[name] for name in table["label"]]
    return facts, {"labels": table}


def _headline(classes: Sequence[str]) -> str:
    return " or ".join(classes) if len(" or ".join(classes)) <= 30 else f"{len(classes)} classes"


def word_counts(texts: pd.DataFrame) -> np.ndarray:
    """Return the words of each text (with its second text, if there are pairs), cut at white space."""
    counts = texts["text"].str.count(r"\S+")
    if "pair" in texts:
        counts = counts + texts["pair"].str.count(r"\S+")
    return counts.to_numpy(dtype=int)


def vocabulary(texts: pd.DataFrame) -> set[str]:
    """Return the different words of texts, in lower case and without punctuation."""
    found: set[str] = set()
    for name in ("text", "pair"):
        for text in texts.get(name, ()):
            found.update(WORD.findall(text.lower()))
    return found


def _lengths(part: str, words: np.ndarray) -> dict[str, Any]:
    return {
        "part": part,
        "median": float(np.median(words)),
        "most": float(np.quantile(words, 0.95)),  # all but one in twenty have at most so many
        "longest": int(words.max()),
    }


def _repeated(texts: pd.DataFrame) -> dict[str, int]:
    """Count the test texts that also stand in train, with the same label or with others only."""
    keys = ["text", "pair"] if "pair" in texts else ["text"]
    plain = pd.util.hash_pandas_object(texts[keys], index=False).to_numpy()
    labelled = pd.util.hash_pandas_object(texts[[*keys, "label"]], index=False).to_numpy()
    train, test = ((texts["part"] == part).to_numpy() for part in ("train", "test"))
    seen = np.isin(plain[test], plain[train])
    same = np.isin(labelled[test], labelled[train])
    return {"same_label": int(same.sum()), "other_label": int((seen & ~same).sum())}


def _examples(texts: pd.DataFrame, classes: Sequence[str], seed: int) -> list[dict[str, str]]:
    """Draw training texts of each label, short ones if there are some."""
    size = texts["text"].str.len() + (texts["pair"].str.len() if "pair" in texts else 0)
    rows = []
    for name in classes:
        own = texts[(texts["part"] == "train") & (texts["label"] == name)]
        short = own[size[own.index].between(SHORT // 4, SHORT)]
        pool = short if len(short) >= EXAMPLES else own
        drawn = np.random.default_rng(seed_for(seed, name)).permutation(len(pool))[:EXAMPLES]
        for _, text in pool.iloc[drawn].iterrows():
            rows.append({"label": name, "id": text["id"], "text": _shown(text)})
    return rows


def _shown(text: Mapping[str, Any]) -> str:
    """Return a text for one line of a table, a pair with a slash between its texts."""
    if "pair" not in text:
        return cut(text["text"], SHORT)
    return f"{cut(text['text'], SHORT // 2)} / {cut(text['pair'], SHORT // 2)}"


def cut(text: str, most: int) -> str:
    """Return the text in one line, cut after the last word that ends within ``most`` characters."""
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    words = text[:most].rpartition(" ")[0]
    return f"{words or text[: most - 1]} …"


def _how(split: Mapping[str, Any], counts: Mapping[str, int]) -> str:
    """Return in a sentence where the parts come from and how they were drawn."""
    names = {"train": "training", "validation": "validation", "test": "test"}
    parts = split["parts"]
    free = [part for part in PARTS if not parts[part]["official"] and parts[part]["drawn"]]
    rest = bool(free) and not parts["train"]["drawn"]  # what is trained on is what the others leave
    own = [part for part in PARTS if parts[part]["official"] and not (part == "train" and rest)]
    whole = [names[part] for part in own if not parts[part]["drawn"]]
    drawn = [
        f"{counts[part]:,} of the {parts[part]['of']:,} official {names[part]} texts"
        for part in own
        if parts[part]["drawn"]
    ]
    if free:
        drawn.append(f"the {_and(names[part] for part in free)} texts")
    said = []
    if whole:
        ending = "s are" if len(whole) > 1 else " is"
        said.append(f"the official {_and(whole)} split{ending} taken whole")
    if drawn:
        whence = " from the official training split" if split["official"] and free else ""
        said.append(f"{_and(drawn)} are drawn at random{whence}{MANNER[split['draw']]}")
    if rest:
        said.append("the rest is trained on")
    sentence = "; ".join(said)
    return f"{sentence[0].upper()}{sentence[1:]}."


MANNER = {
    "random": "",
    "stratified": ", keeping the share of each label",
    "balanced": ", as many of each label",
}


def _and(words: Iterable[str]) -> str:
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last
