"""The clock around a training loop."""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from torch import nn
from transformers import Trainer, set_seed

from benchmarks.contest import peak_mib
from benchmarks.tuning import Tuning
from inquest.text.finetune import FineTuning


def enter(build: Callable[..., Trainer]) -> None:
    """Run a contestant: read a contest, train, write what `train` returns and the peak memory as JSON.

    Usage of each: ``python -m benchmarks.contestants.NAME contest.json answer.json``. A rehearsal over one
    batch comes before the clock starts.

    Parameters
    ----------
    build : callable
        Makes the trainer of a contest and its `FineTuning`, and of all that a Trainer is made of.
    """
    contest = Tuning.read(sys.argv[1])
    train(contest.rehearsal(), build)
    found = train(contest, build)
    Path(sys.argv[2]).write_text(json.dumps(found | {"peak_mib": peak_mib()}), encoding="utf-8")


def train(contest: Tuning, build: Callable[..., Trainer]) -> dict[str, Any]:
    """Train without evaluations and checkpoints.

    Returns
    -------
    dict
        The training's `seconds`, its `steps`, the share of `padding` among all tokens of all batches, and a
        digest of the final `weights`.
    """
    texts = pd.DataFrame(contest.texts)
    unused = [texts.head(1).assign(part=part) for part in ("validation", "test")]  # they may not be empty
    texts = pd.concat([texts, *unused])
    tuning = FineTuning(contest.encoder, texts, contest.classes, contest.options, contest.seed)

    def alone(model, args, **options):
        args.set_evaluate("no").set_save("no").load_best_model_at_end = False
        return build(contest, tuning, model, args, **options)

    with tempfile.TemporaryDirectory() as folder:
        trainer = tuning.trainer(folder, alone)
        trainer.data_collator = counted = Counted(trainer.data_collator)
        set_seed(tuning.seed)
        start = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "steps": trainer.state.global_step,
        "padding": 1 - counted.tokens / counted.cells,
        "weights": digest(tuning.model),
    }


class Counted:
    """A collator that counts the tokens of its batches, and the cells that they and their padding fill."""

    def __init__(self, collator: Callable[[Sequence[Mapping[str, Any]]], Mapping[str, Any]]):
        self.collator, self.tokens, self.cells = collator, 0, 0

    def __call__(self, examples: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
        batch = self.collator(examples)
        self.tokens += int(batch["attention_mask"].sum())
        self.cells += batch["attention_mask"].numel()
        return batch


def digest(model: nn.Module) -> str:
    """Return a checksum of every bit of every weight."""
    sha256 = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        sha256.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        sha256.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return sha256.hexdigest()
