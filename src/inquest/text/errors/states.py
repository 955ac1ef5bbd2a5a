"""What texts look like to the classifier: the vector from which it tells each one's label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from inquest.runtime import Progress
from inquest.text.batches import Collator, TokenisedTexts
from inquest.text.encoder import load_classifier
from inquest.text.finetune import calm, device_facts


def represent(
    folder: str | Path, texts: pd.DataFrame, max_length: int, batch_size: int, threads: int
) -> NDArray[np.float32]:
    """Return the vector from which a saved classifier tells the label of each text, shape (n, hidden_size).

    It is the last layer's states, made one by the classifier's own pooling. Texts are taken in the order of
    their lengths, so that a batch needs little padding.

    Parameters
    ----------
    texts : DataFrame
        `row`, `text`, `pair` (if the task is on pairs) and `label`.
    """
    calm()
    device_facts(threads)
    model, tokenizer, classes = load_classifier(folder)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model.to(device)
    encoded, collate = TokenisedTexts(tokenizer, texts, classes, max_length), Collator(tokenizer)
    states = np.empty((len(texts), model.head.in_features), dtype=np.float32)
    order = np.argsort(encoded.lengths, kind="stable")
    progress = Progress("texts represented", len(texts))
    with torch.inference_mode():
        for i in range(0, len(order), batch_size):
            places = order[i : i + batch_size]
            batch = collate([encoded[place] for place in places])
            inputs = {name: batch[name].to(device) for name in batch if name not in ("labels", "rows")}
            states[places] = model.represent(**inputs).float().cpu().numpy()
            progress.step(len(places))
    return states


def states_table(rows: pd.Series, states: NDArray[np.float32]) -> pd.DataFrame:
    """Return the vectors as a table: `row`, and a column for each dimension, `0`, `1`, …"""
    table = pd.DataFrame(states, columns=[str(i) for i in range(states.shape[1])])
    table.insert(0, "row", rows.to_numpy())
    return table
