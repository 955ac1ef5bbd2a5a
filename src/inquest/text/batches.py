"""From texts to batches: tokens, batches of like length, and no more padding than a batch needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.utils.data import Dataset, Sampler

if TYPE_CHECKING:
    import pandas as pd
    from transformers import PreTrainedTokenizerBase

POOL = 50  # batches that are drawn at random together, before their texts are sorted by length


class TokenisedTexts(Dataset):
    """Texts as token ids, cut to a length, with their labels and rows.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase
    texts : DataFrame
        `row`, `text`, `label`, and `pair` for tasks on pairs.
    classes : sequence of str
        The labels in the order of the model's outputs.
    max_length : int
        Tokens, special ones included, beyond which a text (of a pair: the longer one) is cut.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        texts: pd.DataFrame,
        classes: Sequence[str],
        max_length: int,
    ):
        pair = texts["pair"].tolist() if "pair" in texts else None
        whole = tokenizer(texts["text"].tolist(), pair, truncation=False, verbose=False)["input_ids"]
        self.full_lengths = np.fromiter(map(len, whole), dtype=np.int64, count=len(whole))
        encoded = tokenizer(texts["text"].tolist(), pair, truncation="longest_first", max_length=max_length)
        self.encoded = {name: encoded[name] for name in tokenizer.model_input_names if name in encoded}
        self.lengths = [len(ids) for ids in self.encoded["input_ids"]]
        codes = {name: code for code, name in enumerate(classes)}
        self.labels = [codes[label] for label in texts["label"]]
        self.rows = texts["row"].tolist()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> dict[str, Any]:
        return {name: values[i] for name, values in self.encoded.items()} | {
            "labels": self.labels[i],
            "row": self.rows[i],
        }

    @property
    def truncated(self) -> np.ndarray:
        """Whether each text lost its end, shape (n_texts,)."""
        return self.full_lengths > np.asarray(self.lengths)


class Collator:
    """Put texts into one batch of tensors, padded to the longest of them, or all to one length.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerBase
    length : int, optional
        Tokens to pad to; the longest text's, if not given.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, length: int | None = None):
        self.tokenizer, self.length = tokenizer, length

    def __call__(self, examples: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        names = [name for name in examples[0] if name not in ("labels", "row")]
        padded = self.tokenizer.pad(
            [{name: example[name] for name in names} for example in examples],
            padding="max_length" if self.length else True,
            max_length=self.length,
            return_tensors="pt",
        )
        labels = torch.tensor([example["labels"] for example in examples])
        return {**padded, "labels": labels, "rows": [example["row"] for example in examples]}


class LengthGroupedSampler(Sampler[int]):
    """Random order in which each batch holds texts of like length.

    Texts are drawn at random `POOL` batches at a time and sorted by length among these, so that a batch needs
    little padding; then the batches are shuffled. Only the very last batch may be smaller. The order is a
    function of the seed and the epoch alone: a run that goes on from a checkpoint finds it again.

    Parameters
    ----------
    lengths : sequence of int
        The number of tokens of each text.
    batch_size : int
    seed : int
    """

    def __init__(self, lengths: Sequence[int], batch_size: int, seed: int):
        self.lengths, self.batch_size, self.seed, self.epoch = np.asarray(lengths), batch_size, seed, 0

    def set_epoch(self, epoch: int) -> None:
        """Take the order of an epoch, counted from 0."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.lengths)

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng([self.seed, self.epoch])
        order = rng.permutation(len(self.lengths))
        ragged = len(order) % self.batch_size
        order, last = order[: len(order) - ragged], order[len(order) - ragged :]
        pools = [order[i : i + POOL * self.batch_size] for i in range(0, len(order), POOL * self.batch_size)]
        pools = [pool[np.argsort(self.lengths[pool], kind="stable")] for pool in pools]
        batches = np.concatenate([*pools, order[:0]]).reshape(-1, self.batch_size)
        yield from batches[rng.permutation(len(batches))].ravel().tolist()
        yield from last.tolist()


def padded_share(lengths: Sequence[int], order: Sequence[int], batch_size: int) -> float:
    """Return the share of padding among all tokens, if texts are taken in this order, so many at a time."""
    lengths = np.asarray(lengths)[np.asarray(order)]
    cells = sum(
        len(batch) * batch.max()
        for batch in (lengths[i : i + batch_size] for i in range(0, len(lengths), batch_size))
    )
    return float(1 - lengths.sum() / cells)
