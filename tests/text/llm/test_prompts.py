"""Prompts: what is sent, word for word, and which prompts are refused."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inquest.errors import InquestError
from inquest.text.llm.prompts import (
    LONGEST,
    Example,
    Prompt,
    build_prompts,
    clash,
    shortened,
    too_long,
)

ANSWERS = {"negative": "bad", "positive": "good"}


def options(**keys):
    return {"name": "p", "system": "", "user": "{text}", "examples": 0, "answers": {}, **keys}


def complaint(train, classes=("negative", "positive"), **keys) -> str:
    with pytest.raises(InquestError) as caught:
        build_prompts([options(), options(**keys)], train, classes, 7)
    return str(caught.value)


@pytest.fixture
def train(reviews):
    return reviews[reviews["part"] == "train"]


def test_the_turns_of_a_prompt_with_examples():
    examples = (Example("Dull.", None, "bad"), Example("Warm.", None, "good"))
    prompt = Prompt("p", "Answer {labels}.", "Is it {labels}?\n{text}", ANSWERS, examples)
    assert prompt.messages("So slow.") == [
        {"role": "system", "content": "Answer bad or good."},
        {"role": "user", "content": "Is it bad or good?\nDull."},
        {"role": "assistant", "content": "bad"},
        {"role": "user", "content": "Is it bad or good?\nWarm."},
        {"role": "assistant", "content": "good"},
        {"role": "user", "content": "Is it bad or good?\nSo slow."},
    ]


def test_a_pair_and_no_system():
    prompt = Prompt("p", " ", "{text} | {pair}", {"a": "x", "b": "y", "c": "z"})
    assert prompt.messages("one", "two") == [{"role": "user", "content": "one | two"}]
    assert prompt.labels == "x, y or z"


@pytest.mark.parametrize("text", ["{pair}", "{text} {labels}", "{0} {} {x!r}", "%s", r"\1 \g<0>", "{{text}}"])
def test_what_stands_in_a_text_stays(text):
    prompt = Prompt("p", "", "[{text}] [{pair}]", ANSWERS)
    assert prompt.messages(text, "other")[0]["content"] == f"[{text}] [other]"


@given(st.text(), st.text())
def test_any_text_is_sent_as_it_is(text, pair):
    content = Prompt("p", "", "{text}\x1f{pair}{text}", ANSWERS).messages(text, pair)[0]["content"]
    assert content == f"{text}\x1f{pair}{text}"


def test_a_long_text_loses_its_end():
    text = "ab" * 50_000
    content = Prompt("p", "", "{text}", ANSWERS).messages(text)[0]["content"]
    assert content == text[: LONGEST - 1] + "…"
    assert len(content) == LONGEST
    assert shortened("x" * LONGEST) == "x" * LONGEST
    assert [too_long(t, p) for t, p in ((text, None), ("a", text), ("a", "b"), ("x" * LONGEST, None))] == [
        True,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("one", "other", "clashes"),
    [
        ("good", "good", True),
        ("Good ", "good", True),
        ("good", "goods", True),
        ("bad", "good", False),
        ("", "x", True),
        ("not good", "good", False),
    ],
)
def test_answers_that_clash(one, other, clashes):
    assert clash(one, other) is clash(other, one) is clashes


def test_examples_are_short_training_texts_of_each_label(train):
    long = train.assign(text=train["text"].where(train.index % 3 > 0, "long " * 50))
    (prompt,) = build_prompts([options(examples=3)], long, ["negative", "positive"], 7)
    known = {(text, ANSWERS[label]) for text, label in zip(long["text"], long["label"], strict=True)}
    (prompt,) = build_prompts([options(examples=3, answers=ANSWERS)], long, list(ANSWERS), 7)
    assert {(one.text, one.answer) for one in prompt.examples} <= known
    assert [sum(one.answer == said for one in prompt.examples) for said in ("bad", "good")] == [3, 3]
    assert not any("long" in one.text for one in prompt.examples)


def test_a_label_of_long_texts_gives_its_shortest_ones():
    texts = ["a", "b", "c", "d", "e", "long", "the longest one", "longer"]
    train = pd.DataFrame({"text": texts, "label": ["short"] * 5 + ["other"] * 3})
    (prompt,) = build_prompts([options(examples=2)], train, ["short", "other"], 7)
    assert {one.text for one in prompt.examples if one.answer == "other"} == {"long", "longer"}


def test_examples_depend_on_the_seed_and_the_name_alone(train):
    one, two = options(name="one", examples=2), options(name="two", examples=2)
    classes = ["negative", "positive"]
    alone, both = (
        build_prompts([one], train, classes, 7),
        build_prompts([two, {**one, "user": "? {text}"}], train, classes, 7),
    )
    assert alone[0].examples == both[1].examples
    seen = {build_prompts([one], train, classes, seed)[0].examples for seed in range(5)}
    assert len(seen) > 1


def test_answers_are_the_labels_in_lower_case_in_the_order_of_the_classes(train):
    train = train.replace({"label": {"negative": "NEG", "positive": "POS"}})
    (prompt,) = build_prompts([options(answers={"POS": " Yes "})], train, ["NEG", "POS"], 7)
    assert list(prompt.answers.items()) == [("NEG", "neg"), ("POS", "Yes")]


def test_an_unknown_label_is_named(train):
    assert complaint(train, answers={"postive": "yes"}) == (
        "config key `llm.prompts[1].answers`: there is no label 'postive' (did you mean `positive`?); "
        "allowed: negative, positive"
    )


def test_labels_that_begin_alike_need_answers(train):
    assert complaint(train, classes=("sci", "sci.med")) == (
        "config key `llm.prompts[0].answers`: the answers 'sci' and 'sci.med'; "
        "no answer may be the start of another"
    )


def test_more_examples_than_texts(train):
    assert complaint(train, examples=9).startswith(
        "config key `llm.prompts[1].examples`: found 9, and the label 'negative' has "
    )


def test_the_place_of_a_pair(train):
    assert complaint(train, user="{text} {pair}").startswith(
        "config key `llm.prompts[1].user`: found `{pair}`; "
    )
    with pytest.raises(InquestError, match=r"there is no `\{pair\}`"):
        build_prompts([options()], train.assign(pair="x"), ["negative", "positive"], 7)
