"""The tags that are suggested, each by its rule."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from inquest.text.errors.tags import IRONY, listed, suggest, telling_words

TRAIN = pd.DataFrame(
    {
        "text": [
            *(f"dull {i}" for i in range(9)),
            *(f"fine {i}" for i in range(9)),
            *["and so it goes"] * 882,
        ],
        "label": ["negative"] * 9 + ["positive"] * 9 + ["negative", "positive"] * 441,
    }
)


def errors(*texts, **columns):
    n = len(texts)
    table = {"text": texts, "gold": ["positive"] * n, "predicted": ["negative"] * n, "margin": [0.9] * n}
    return pd.DataFrame({**table, "truncated": [False] * n, **columns})


def tagged(table, neighbours="negative", suspicious=False, train=TRAIN):
    n = len(table)
    near = np.full((n, 3), neighbours) if isinstance(neighbours, str) else np.asarray(neighbours)
    return suggest(table, train, near, np.broadcast_to(suspicious, n))


def which(name, *arguments, **options) -> list[bool]:
    return tagged(*arguments, **options)[0][name].tolist()


def test_words_and_marks():
    table = errors("not fine", "fine, but long", "why?", "plain")
    given, _ = tagged(table)
    assert given["negation"].tolist() == [True, False, False, False]
    assert given["contrast"].tolist() == [False, True, False, False]
    assert given["question"].tolist() == [False, False, True, False]
    assert listed(given)[:3] == ["negation; short", "contrast; short", "question; short"]


def test_rare_words_are_those_of_a_quarter_of_the_training_texts():
    table = errors("film goes rosebud", "film goes on and so it does")
    assert which("rare words", table, train=TRAIN[:18]) == [True, True]
    some = pd.DataFrame({"text": ["a b c"] * 3 + ["a b x"], "label": ["positive", "negative"] * 2})
    assert which("rare words", errors("a b q", "a b c d"), train=some) == [True, False]
    assert which("rare words", errors("and so it goes", "quux")) == [False, False]  # as in most texts, none


def test_telling_words_stand_more_often_with_one_label():
    """9 of 450 texts against none: the odds ratio's logarithm is 2.96, its standard error 1.45."""
    found = telling_words(TRAIN)
    assert found == {"negative": {"dull"}, "positive": {"fine"}}
    assert telling_words(TRAIN[TRAIN.index % 9 < 5])["negative"] == set()  # 5 of 250: 2.42 and 1.48
    twice = pd.concat([TRAIN] * 3).assign(
        label=lambda t: t["label"].replace({"positive": "a", "negative": "b"})
    )
    assert set(telling_words(twice)) == {"a", "b"} and "and" not in telling_words(twice)["a"]


def test_mixed_words_are_of_both_labels_that_are_in_question():
    table = errors("dull, fine", "dull", "fine", "neither")
    assert which("mixed words", table) == [True, False, False, False]
    other = errors("dull, fine", gold=["neutral"])
    assert which("mixed words", other) == [False]


@pytest.mark.parametrize(
    "text",
    [
        "a “masterpiece”",
        'so "funny"',
        "the 'plot' here",
        "yeah right",
        "Of course it is",
        "well... no!",
        "ha ;)",
    ],
)
def test_cues_of_irony(text):
    assert IRONY.search(text)


@pytest.mark.parametrize(
    "text", ["a film", "''Scratch'' is", "Dead Poets' Society's", "off course", "it's 'a b'"]
)
def test_no_cues_of_irony(text):
    assert not IRONY.search(text)


def test_the_classifier_tells_doubt_and_cuts():
    table = errors("a", "b", margin=[0.19, 0.2], truncated=[False, True])
    assert which("low confidence", table) == [True, False]
    assert which("truncated", table) == [False, True]


def test_most_neighbours_are_more_than_half():
    near = [["positive", "positive", "negative"], ["positive", "negative", "negative"]]
    assert which("near the gold label", errors("a", "b"), neighbours=near) == [True, False]
    tie = [["positive", "negative"]]
    assert which("near the gold label", errors("a"), neighbours=tie) == [False]


def test_a_label_is_in_doubt_where_its_number_is_near_the_boundary_as_well():
    table = errors("a", "b", "c")
    assert which("label in doubt", table, suspicious=[True, False, True]) == [True, False, True]
    train = TRAIN.assign(score=np.where(TRAIN["label"] == "positive", 2.0, -2.0))
    scored = table.assign(score=[0.5, 0.5, 3.0])
    given, says = tagged(scored, suspicious=[True, False, True], train=train)
    assert given["uncertain label"].tolist() == [True, True, False]
    assert given["label in doubt"].tolist() == [True, False, False]
    assert "uncertain label" not in tagged(table)[1] and "within 2 of 0" in says["uncertain label"]


def test_every_tag_has_a_definition_and_any_language_and_no_error_will_do():
    table = errors("这部电影不好", "الفيلم ليس جيدا؟", "🙂")
    given, says = tagged(table)
    assert list(given) == list(says) and all(map(str.strip, says.values()))
    assert given["question"].tolist() == [False, True, False]
    none, _ = tagged(errors("a")[:0], neighbours=np.empty((0, 3), "U8"))
    assert none.shape == (0, given.shape[1]) and listed(none) == []
