"""The stock Trainer in its usual use: its own sampling, collator and optimiser, a table of tokens.

Model, texts, batch size, rates and schedule are those of ours.
"""

from __future__ import annotations

import torch
from datasets import Dataset
from transformers import DataCollatorWithPadding, Trainer

from benchmarks.loop import enter


def build(contest, tuning, model, args, train_dataset, **options):
    torch.use_deterministic_algorithms(False)  # its default; ours asks for them, which costs time
    args.train_sampling_strategy = contest.usual["sampling"]
    args.weight_decay = contest.options["training"]["weight_decay"]
    padding, longest = contest.usual["padding"], contest.options["max_length"]
    return Trainer(
        model,
        args,
        data_collator=DataCollatorWithPadding(tuning.tokenizer, padding=padding, max_length=longest),
        train_dataset=Dataset.from_dict({**train_dataset.encoded, "labels": train_dataset.labels}),
    )


if __name__ == "__main__":
    enter(build)
