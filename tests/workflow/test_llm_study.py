"""What a change of the `llm` section reruns, in a whole tiny study."""

from __future__ import annotations

import pytest

ASKING = {"choose_prompt", "label_texts"}


def edit(section, *keys, value):
    def change(config):
        config = config.setdefault(section, {})
        for key in keys[:-1]:
            config = config.setdefault(key, {})
        config[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "asks"),
    [
        (edit("llm", "request", "concurrency", value=2), False),
        (edit("llm", "request", "timeout", value=5.0), False),
        (edit("classifier", "training", "learning_rate", value=1e-3), False),
        (edit("llm", "batch_size", value=3), True),
    ],
    ids=["concurrency", "timeout", "classifier", "batch_size"],
)
def test_labels_are_asked_for_again_only_where_they_may_change(texts_workflow, change, asks):
    planned = set(texts_workflow.planned(config=texts_workflow.config(change)))
    assert bool(ASKING & planned) == asks
