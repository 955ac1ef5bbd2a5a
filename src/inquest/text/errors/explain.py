"""Which words drove a wrong label: integrated gradients from padding to the text, summed over whole words."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from captum.attr import IntegratedGradients
from numpy.typing import NDArray
from transformers import BatchEncoding

from inquest.runtime import Progress
from inquest.text.encoder import EncoderClassifier, load_classifier
from inquest.text.finetune import calm, device_facts

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TARGET = "the logit of the predicted label minus that of the gold label"
BASELINE = "the same text with padding in the place of each token but the special ones"
MOST_STEPS = 256
TEXTS = 8  # explained together
TOKENS = 1024  # in one pass through the encoder, over texts and steps
WORDS = {
    "row": "int64",
    "position": "int64",
    "part": "str",
    "word": "str",
    "attribution": "float64",
    "completeness_gap": "float64",
    "steps": "int64",
}
INNER_APOSTROPHE = re.compile(r"\w+(?:['’]\w+)+")


class Explained(NamedTuple):
    """What explains the errors."""

    words: pd.DataFrame
    """For each word of each error `row`, `position` (from 0, over both texts of a pair), `part` (`text` or
    `pair`), `word` and `attribution` (in logits, positive towards the predicted label); and, for all words of
    an error alike, its `completeness_gap` and the `steps` that it took."""
    facts: dict[str, Any]
    """`target` and `baseline` in words, `texts`, `tolerance`, `steps` (how many texts took how many) and
    `gaps` (`median`, `largest`, and how many are `above` the tolerance)."""
    seconds: float


class Attributed(NamedTuple):
    """Integrated gradients of n texts."""

    tokens: list[NDArray[np.float64]]
    """For each text an attribution of each of its tokens, that of a special one 0."""
    margins: NDArray[np.float64]  # (n,), the target's value for the text
    baselines: NDArray[np.float64]  # (n,), and for the baseline
    steps: NDArray[np.int64]  # (n,)

    @property
    def gaps(self) -> NDArray[np.float64]:
        """By how much the attributions miss the difference between text and baseline, as a share of it."""
        difference = self.margins - self.baselines
        missed = np.abs(np.array([tokens.sum() for tokens in self.tokens]) - difference)
        return np.divide(missed, np.abs(difference), out=np.zeros_like(missed), where=difference != 0)


def explain(
    folder: str | Path,
    texts: pd.DataFrame,
    sides: NDArray[np.intp],
    max_length: int,
    threads: int,
    steps: int = 16,
    tolerance: float = 0.05,
) -> Explained:
    """Explain what a saved classifier says of texts by integrated gradients (Sundararajan et al. 2017).

    Parameters
    ----------
    texts : DataFrame, n rows
        `row`, `text`, and `pair` if the task is on pairs.
    sides : ndarray of int, shape (n, 2)
        The codes of each text's predicted and gold label.
    max_length : int
        Tokens beyond which a text is cut.
    steps, tolerance
        As `attribute` takes them.
    """
    calm()
    device_facts(threads)
    start = time.perf_counter()
    model, tokenizer, _ = load_classifier(folder)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    encoded = encode(tokenizer, texts, max_length)
    found = attribute(model, tokenizer, encoded, sides, steps, tolerance)
    tables = [
        word_table(tokenizer, encoded, i, texts.iloc[i], found.tokens[i]).assign(
            completeness_gap=found.gaps[i], steps=found.steps[i]
        )
        for i in range(len(texts))
    ]
    words = pd.concat([pd.DataFrame(columns=WORDS).astype(WORDS), *tables], ignore_index=True)
    facts = {
        "target": TARGET,
        "baseline": BASELINE,
        "texts": len(texts),
        "tolerance": tolerance,
        "steps": [
            {"steps": count, "texts": times} for count, times in sorted(Counter(found.steps.tolist()).items())
        ],
        "gaps": {
            "median": float(np.median(found.gaps)) if len(texts) else None,
            "largest": float(found.gaps.max(initial=0)),
            "above": int((found.gaps > tolerance).sum()),
        },
    }
    return Explained(words, facts, time.perf_counter() - start)


def encode(tokenizer: PreTrainedTokenizerBase, texts: pd.DataFrame, max_length: int) -> BatchEncoding:
    """Return texts as token ids, cut to a length, as the classifier reads them."""
    if not len(texts):  # of which a tokenizer can make nothing
        return BatchEncoding({"input_ids": []})
    return tokenizer(
        texts["text"].tolist(),
        texts["pair"].tolist() if "pair" in texts else None,
        truncation="longest_first",
        max_length=max_length,
        return_special_tokens_mask=True,
    )


# Attributions


def attribute(
    model: EncoderClassifier,
    tokenizer: PreTrainedTokenizerBase,
    encoded: BatchEncoding,
    sides: NDArray[np.intp],
    steps: int,
    tolerance: float,
    most: int = MOST_STEPS,
) -> Attributed:
    """Return integrated gradients at the tokens' embeddings (eq. 1, Sundararajan et al. 2017).

    Attributed is the logit of one label minus that of another: how far each token pushed from the right label
    to the wrong one. The gradients are taken on the straight way from a text of padding; special tokens and
    positions stay. By completeness the attributions add up to the difference between text and baseline, but
    for the error of the integral: while that gap is larger than the tolerance, the steps are doubled.

    Parameters
    ----------
    encoded : BatchEncoding
        n texts, as `encode` returns them.
    sides : ndarray of int, shape (n, 2)
        The codes of the two labels: towards the first one is positive.
    steps, most : int
        Points of the Gauss-Legendre quadrature, to begin with and at most.
    tolerance : float
        The gap, as a share of the difference, that is allowed.
    """
    n = len(sides)
    found = Attributed([np.empty(0)] * n, np.zeros(n), np.zeros(n), np.zeros(n, np.int64))
    waiting = np.argsort([len(ids) for ids in encoded["input_ids"]], kind="stable")
    model.eval().requires_grad_(False)  # the gradients that are asked for are the embeddings'
    while len(waiting):
        progress = Progress(f"errors explained with {steps} steps", n)
        progress.step(n - len(waiting))
        for i in range(0, len(waiting), TEXTS):
            places = waiting[i : i + TEXTS]
            batch = {name: [values[place] for place in places] for name, values in encoded.items()}
            padded = tokenizer.pad(batch, return_tensors="pt").to(model.head.weight.device)
            _attribute(model, tokenizer, dict(padded), places, sides[places], steps, found)
            progress.step(len(places))
        waiting = waiting[found.gaps[waiting] > tolerance] if 2 * steps <= most else waiting[:0]
        steps *= 2
    return found


def _attribute(
    model: EncoderClassifier,
    tokenizer: PreTrainedTokenizerBase,
    batch: dict[str, torch.Tensor],
    places: NDArray[np.intp],
    sides: NDArray[np.intp],
    steps: int,
    found: Attributed,
) -> None:
    """Attribute a batch of padded texts, and put it into its places of what was found."""
    ids, content = batch["input_ids"], batch.pop("special_tokens_mask") == 0  # (n_texts, n_tokens)
    embeddings = model.encoder.get_input_embeddings()
    names = list(batch)

    def margin(embedded: torch.Tensor, sides: torch.Tensor, *inputs: torch.Tensor) -> torch.Tensor:
        hook = embeddings.register_forward_hook(lambda *_: embedded)
        try:
            logits = model(**dict(zip(names, inputs, strict=True))).logits
        finally:
            hook.remove()
        first, second = logits.gather(1, sides).T
        return first - second

    with torch.no_grad():
        embedded = embeddings(ids)  # (n_texts, n_tokens, embedding_size)
        baseline = embeddings(torch.where(content, tokenizer.pad_token_id, ids))
        others = (torch.as_tensor(sides, device=ids.device), *batch.values())
        found.margins[places] = margin(embedded, *others).double().cpu()
        found.baselines[places] = margin(baseline, *others).double().cpu()
    attributions = IntegratedGradients(margin).attribute(
        embedded,
        baseline,
        additional_forward_args=others,
        n_steps=steps,
        internal_batch_size=max(len(places), TOKENS // ids.shape[1]),
    )
    by_token = attributions.double().sum(-1).cpu().numpy()  # (n_texts, n_tokens)
    found.steps[places] = steps
    for place, tokens, mask in zip(places, by_token, batch["attention_mask"].cpu().numpy(), strict=True):
        found.tokens[place] = tokens[mask == 1]


# Words


def word_table(
    tokenizer: PreTrainedTokenizerBase,
    encoded: BatchEncoding,
    i: int,
    text: pd.Series,
    attributions: NDArray[np.float64],
) -> pd.DataFrame:
    """Return a text's words with their attributions, each the sum of its tokens'; see `Explained.words`.

    What a word is says the tokenizer, but that a word with an apostrophe in it (isn’t) is one. From a
    tokenizer that doesn't say where its tokens stand come tokens.
    """
    groups: dict[Any, dict[str, Any]] = {}
    for token, (key, part, word) in _words_of(tokenizer, encoded, i, text):
        group = groups.setdefault(key, {"part": part, "word": word, "attribution": 0.0})
        group["attribution"] += attributions[token]
    table = pd.DataFrame(list(groups.values()), columns=["part", "word", "attribution"])
    table = table.astype({"part": "str", "word": "str", "attribution": float})
    table.insert(0, "row", np.int64(text["row"]))
    table.insert(1, "position", np.arange(len(table)))
    return table


def _words_of(
    tokenizer: PreTrainedTokenizerBase, encoded: BatchEncoding, i: int, text: pd.Series
) -> Iterator[tuple[int, tuple[Any, str, str]]]:
    """Yield each token of a text, a key that the tokens of a word share, the part it is in, and the word."""
    tokens = np.flatnonzero(np.asarray(encoded["special_tokens_mask"][i]) == 0).tolist()
    if not encoded.is_fast:
        names = tokenizer.convert_ids_to_tokens(encoded["input_ids"][i])
        yield from ((token, (token, "text", names[token])) for token in tokens)
        return
    parts = ("text", "pair")
    joints = {part: list(INNER_APOSTROPHE.finditer(text[part])) for part in parts if part in text}
    words, sequences = encoded.word_ids(i), encoded.sequence_ids(i)
    for token in tokens:
        part = parts[sequences[token]]
        start = encoded.token_to_chars(i, token).start
        joint = next((joint for joint in joints[part] if joint.start() <= start < joint.end()), None)
        if joint:
            yield token, ((part, "joint", joint.start()), part, joint.group())
        else:
            span = encoded.word_to_chars(i, words[token], sequences[token])
            yield token, ((part, words[token]), part, text[part][span.start : span.end].strip())
