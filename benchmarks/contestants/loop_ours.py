"""inquest's training loop, as the workflow runs it."""

from __future__ import annotations

from benchmarks.loop import enter
from inquest.text.trainer import CustomTrainer


def build(contest, tuning, *arguments, **options):
    return CustomTrainer(*arguments, **options)


if __name__ == "__main__":
    enter(build)
