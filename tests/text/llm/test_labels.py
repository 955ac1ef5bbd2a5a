"""Which texts are asked about, and which prompt wins."""

from __future__ import annotations

import pandas as pd
import pytest

from inquest.artefacts import read_table, write_table
from inquest.text.evaluation import wilson
from inquest.text.llm.causal import CausalLabeller
from inquest.text.llm.endpoint import EndpointLabeller
from inquest.text.llm.labels import Labelled, answers_of, choose, draw, labeller_for
from inquest.text.llm.prompts import Prompt

TEXTS = pd.DataFrame({"row": [4, 5, 6, 7], "text": list("abcd"), "label": ["x", "x", "y", "y"]})


class Says:
    """A labeller that says of four texts what a table has for the prompt."""

    def __init__(self, **answers):
        self.answers = answers

    def label(self, prompt, texts) -> Labelled:
        labels = self.answers[prompt.name]
        table = pd.DataFrame({"row": texts["row"], "label": labels, "answer": labels, "cut": False})
        return Labelled(table, seconds=2.0, requests=3, from_cache=1)


def prompts(*names):
    return [Prompt(name, "", "{text}", {"x": "x", "y": "y"}) for name in names]


def test_the_most_accurate_prompt_wins():
    said = Says(one=["x", "y", "x", "y"], two=["x", None, "y", "y"], three=["y"] * 4)
    choice = choose(prompts("one", "two", "three"), said, TEXTS)
    assert choice.chosen == "two"
    assert choice.scores[["name", "right", "unparsed", "texts"]].to_numpy().tolist() == [
        ["one", 2, 0, 4],
        ["two", 3, 1, 4],
        ["three", 2, 0, 4],
    ]
    low, high = wilson(3, 4)
    assert choice.scores.loc[1, ["accuracy", "low", "high"]].tolist() == [0.75, low, high]
    assert choice.answers["prompt"].tolist() == ["one"] * 4 + ["two"] * 4 + ["three"] * 4
    assert choice.answers["row"].tolist() == [4, 5, 6, 7] * 3
    assert choice.answers["gold"].tolist() == ["x", "x", "y", "y"] * 3
    assert choice.timings == {
        "seconds": 6.0,
        "texts": 12,
        "seconds_per_text": 0.5,
        "requests": 9,
        "from_cache": 3,
    }


def test_of_equals_the_first_wins_and_silence_is_wrong():
    said = Says(mute=[None] * 4, one=["x", "x", "x", "x"], two=["y", "y", "y", "y"])
    assert choose(prompts("mute", "two", "one"), said, TEXTS).chosen == "two"
    assert choose(prompts("mute"), said, TEXTS).scores["accuracy"].tolist() == [0.0]


def test_answers_survive_a_file(tmp_path):
    for labels in ([None] * 4, ["x", None, "y", "y"]):
        table = answers_of(Says(p=labels).label(*prompts("p"), TEXTS), TEXTS)
        write_table(tmp_path / "t.parquet", table)
        pd.testing.assert_frame_equal(read_table(tmp_path / "t.parquet"), table)
        assert table["label"].isna().tolist() == [label is None for label in labels]
        assert table.columns.tolist() == ["row", "gold", "label", "answer", "cut"]


def test_a_draw_keeps_the_shares_of_labels():
    texts = pd.DataFrame({"row": range(120), "label": ["x"] * 60 + ["y"] * 30 + ["x"] * 30, "part": "test"})
    texts.loc[100:, "part"] = "train"
    drawn = draw(texts, "test", 20, seed=3)
    assert drawn["label"].value_counts().to_dict() == {"x": 14, "y": 6}  # of 70 and 30
    assert drawn["row"].is_monotonic_increasing
    assert drawn["row"].is_unique
    assert (drawn["part"] == "test").all()
    assert not drawn.equals(draw(texts, "test", 20, seed=4))
    assert drawn.equals(draw(texts, "test", 20, seed=3))


@pytest.mark.parametrize("count", [None, 100, 5000])
def test_a_draw_of_all(count):
    texts = pd.DataFrame({"row": range(120), "label": "x", "part": "test"}).assign(
        part=lambda table: table["part"].where(table["row"] < 100, "train")
    )
    assert draw(texts, "test", count, seed=3)["row"].tolist() == list(range(100))


def test_the_labeller_of_a_study(tiny_llm, tmp_path, question, reviews):
    request = {"concurrency": 1, "retries": 0, "timeout": 1.0, "key": "INQUEST_API_KEY", "params": {}}
    options = {
        "model": {"endpoint": "http://localhost:9/v1", "name": "m"},
        "threads": 1,
        "batch_size": 3,
    }
    assert isinstance(labeller_for(options, request, None, tmp_path), EndpointLabeller)
    here = labeller_for(options, request, tiny_llm, tmp_path)
    assert isinstance(here, CausalLabeller)
    assert here.batch_size == 3
    other = Prompt("other", "", "{text}?", question.answers)
    choice = choose([question, other], here, draw(reviews, "validation", None, 7))
    assert choice.scores["texts"].tolist() == [6, 6]
    assert choice.chosen in ("question", "other")
