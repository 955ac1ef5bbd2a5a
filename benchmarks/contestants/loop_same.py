"""The stock Trainer's loop, given our batches in our order and our optimiser: only the loop differs."""

from __future__ import annotations

from transformers import Trainer

from benchmarks.loop import enter
from inquest.text.batches import LengthGroupedSampler


class Grouped(Trainer):
    """A Trainer that takes its texts in our order."""

    def _get_train_sampler(self, train_dataset=None):
        return LengthGroupedSampler(self.train_dataset.lengths, self.args.train_batch_size, self.args.seed)

    def _prepare_inputs(self, inputs):
        return super()._prepare_inputs({name: value for name, value in inputs.items() if name != "rows"})


def build(contest, tuning, *arguments, group_by_length, **options):
    if not group_by_length:
        raise ValueError("our batches are grouped by length")
    return Grouped(*arguments, **options)


if __name__ == "__main__":
    enter(build)
