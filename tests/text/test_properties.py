"""Which texts have a property, and what becomes of an expectation."""

import math

import numpy as np
import pandas as pd
import pytest

from inquest.errors import InquestError
from inquest.text.evaluation import newcombe, wilson
from inquest.text.properties import ask, disagreeing, find, rare_shares


def expectation(name, threshold=None, pattern=None, harder=True):
    return {
        "name": f"About {name}",
        "property": name,
        "threshold": threshold,
        "pattern": pattern,
        "harder": harder,
        "why": "Because.",
    }


def frame(*texts, **columns):
    return pd.DataFrame({"text": list(texts), "label": ["a"] * len(texts), **columns})


TRAIN = frame(*(" ".join(["word"] * n) for n in (1, 2, 3, 4, 5, 6, 7, 8)))


def has(name, texts, train=TRAIN, **options):
    return find(expectation(name, **options), texts, train)


def test_long_and_short_texts_begin_at_a_quarter_of_the_training_texts():
    """Of 1 … 8 words, the 0.75-quantile lies between 6 and 7, the 0.25-quantile between 2 and 3."""
    texts = frame("w " * 7, "w " * 6, "w " * 2, "w " * 3)
    long, short = has("long", texts), has("short", texts)
    assert (long.threshold, long.texts.tolist()) == (7.0, [True, False, False, False])
    assert (short.threshold, short.texts.tolist()) == (2.0, [False, False, True, False])
    assert long.says == "texts of 7 words or more (upper quarter of the training texts)"
    assert short.says == "texts of 2 words or fewer (lower quarter of the training texts)"


def test_a_threshold_that_is_given_is_taken():
    texts = frame("one two three four", "one two three")
    found = has("long", texts, threshold=4)
    assert (found.texts.tolist(), found.says) == ([True, False], "texts of 4 words or more")
    assert has("short", texts, threshold=3).texts.tolist() == [False, True]


def test_a_pair_counts_as_one_text():
    pairs = frame("one two", "no", pair=["three four", "why?"])
    assert has("long", pairs, threshold=4).texts.tolist() == [True, False]
    assert has("question", pairs).texts.tolist() == [False, True]
    assert has("pattern", pairs, pattern="two three").texts.tolist() == [True, False]


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        (
            "negation",
            ["Not good.", "it isn't", "It ISN’T", "do n't", "never", "no-one"],
            ["note", "know", "ant"],
        ),
        ("contrast", ["But no", "good, though", "Although it"], ["butter", "thought", "about"]),
        ("question", ["Why?", "is it? yes"], ["why", "!"]),
    ],
)
def test_words_and_marks(name, yes, no):
    assert has(name, frame(*yes, *no)).texts.tolist() == [True] * len(yes) + [False] * len(no)


def test_a_pattern_is_a_regular_expression_without_case():
    found = has("pattern", frame("ACT one", "actor", "react"), pattern=r"\bact(?!or)")
    assert found.texts.tolist() == [True, False, False]
    assert found.says == r"texts that match the regular expression \bact(?!or)"


def test_an_uncertain_label_has_a_number_near_the_boundary():
    train = frame(*"abcdefgh", score=[-4.0, -3, -2, -1, 0.5, 1.5, 2.5, 3.5])
    train["label"] = ["low"] * 4 + ["high"] * 4
    texts = frame(*"abc", score=[-1.0, 1.1, 0.0])
    found = has("uncertain_label", texts, train)
    assert (found.threshold, found.texts.tolist()) == (1.0, [True, False, True])
    assert found.says == (
        "texts whose label stands for a number within 1 of 0, where the labels part (lower quarter of the "
        "training texts)"
    )
    assert has("uncertain_label", texts, train, threshold=0.5).texts.tolist() == [False, False, True]


def test_an_uncertain_label_of_five_stars_is_between_two_of_them():
    """Of ratings from 1 to 5 none is near 0; those of 2.4 and 2.6 are 0.1 from where two labels part."""
    train = frame(*"abcdef", score=[1.0, 2.4, 2.6, 3.8, 4.0, 5.0])
    train["label"] = ["good", "good", "best", "best", "rest", "rest"]
    texts = frame(*"abcd", score=[1.0, 2.55, 3.2, 3.95])
    found = has("uncertain_label", texts, train, threshold=0.1)
    assert found.texts.tolist() == [False, True, False, True]
    assert (
        found.says
        == "texts whose label stands for a number within 0.1 of a boundary between labels (2.5, 3.9)"
    )
    assert has("uncertain_label", texts, train).threshold == pytest.approx(0.1)
    many = frame(*"abcdef", score=[1.0, 2, 3, 4, 5, 6]).assign(label=list("abcdef"))
    assert has("uncertain_label", texts, many).says.startswith(
        "texts whose label stands for a number within 0.5 of a boundary between labels (5 of them)"
    )


def test_an_uncertain_label_needs_a_number():
    asked = [expectation("long"), expectation("uncertain_label")]
    with pytest.raises(InquestError) as error:
        ask(asked, frame("a"), TRAIN, np.array([True]))
    assert str(error.value) == (
        "config key `classifier.expectations[1].property`: found 'uncertain_label', and the labels have no "
        "number behind them; it needs labels made by `text.ranges`"
    )


def test_rare_words_are_counted_without_the_text_itself():
    """In training `a` stands 4 times, `b` twice in one text, `c` twice in two, `d` once."""
    train = frame("a a b b", "A c", "a c d")
    texts = frame("a, b!", "d e", "c", "…")
    of_texts, of_train = rare_shares(texts, train)
    assert of_texts == pytest.approx([0, 1, 0, 0])
    # without the first text a stands twice and b never; without the second c once; without the third c, d
    assert of_train == pytest.approx([1 / 2, 1 / 2, 2 / 3])
    found = has("rare_words", texts, train)
    assert (found.threshold, found.texts.tolist()) == (pytest.approx(2 / 3), [False, True, False, False])
    assert found.says.startswith("texts with 66.7% or more rare words, seen in training once or never (upper")


def test_most_of_the_five_nearest_training_texts_have_another_label():
    train = pd.DataFrame({"text": ["x y"] * 5 + ["p q"] * 5, "label": list("aabbb") + list("aaabb")})
    texts = pd.DataFrame({"text": ["x y", "x y", "p q", "p q"], "label": ["a", "b", "a", "b"]})
    assert disagreeing(texts, train).tolist() == [True, False, False, True]


def test_of_equally_near_texts_the_first_count(monkeypatch):
    """All ten are equally near: the first five are a, a, a, b, b."""
    train = pd.DataFrame({"text": ["x y"] * 10, "label": list("aaabbbbbbb")})
    texts = pd.DataFrame({"text": ["x", "x y", "y"], "label": ["a", "b", "b"]})
    assert disagreeing(texts, train).tolist() == [False, True, True]
    monkeypatch.setattr("inquest.text.properties.BLOCK", 1)  # one text at a time
    assert disagreeing(texts, train).tolist() == [False, True, True]


def test_a_training_text_that_shares_no_word_is_not_near():
    """The last two texts share a word with the last training text only, and the first ones are all a."""
    train = pd.DataFrame({"text": ["x y"] * 9 + ["rare"], "label": list("aaaaaaaaab")})
    texts = pd.DataFrame({"text": ["unknown words", "unknown", "rare", "rare"], "label": list("abab")})
    assert disagreeing(texts, train).tolist() == [False, False, True, False]
    assert has("disagreeing_neighbours", texts, train).says == (
        "texts most of whose 5 nearest training texts, by TF-IDF, have another label (texts of unknown "
        "words are none of them)"
    )


def test_fewer_training_texts_than_neighbours():
    train = pd.DataFrame({"text": ["x", "y"], "label": ["a", "b"]})
    texts = pd.DataFrame({"text": ["x"], "label": ["a"]})
    assert disagreeing(texts, train).tolist() == [False]  # one of two is not most of them
    assert has("disagreeing_neighbours", texts, train).says.startswith("texts most of whose 2 nearest")


# answers


def answer(errors_with, errors_without, harder=True, size=100):
    """Ask about a hundred texts with a question mark, and a hundred without."""
    texts = frame(*["why?"] * size, *["so"] * 100)
    wrong = np.arange(size) < errors_with, np.arange(100) < errors_without
    return ask([expectation("question", harder=harder)], texts, TRAIN, np.concatenate(wrong))[0]


def test_error_rates_and_their_difference():
    found = answer(30, 10)
    low, high = wilson(30, 100)
    assert found["with"] == {"texts": 100, "errors": 30, "rate": 0.3, "low": low, "high": high}
    assert (found["without"]["errors"], found["without"]["rate"]) == (10, 0.1)
    assert found["difference"] == newcombe(30, 100, 10, 100)
    assert (found["name"], found["property"], found["why"]) == ("About question", "question", "Because.")
    assert (found["says"], found["threshold"]) == ("texts with a question mark", None)


@pytest.mark.parametrize(
    ("errors_with", "errors_without", "harder", "verdict"),
    [
        (30, 10, True, "borne out"),
        (30, 10, False, "contradicted"),
        (10, 30, False, "borne out"),
        (10, 30, True, "contradicted"),
        (20, 18, True, "open"),
        (18, 20, True, "open"),
    ],
)
def test_verdicts(errors_with, errors_without, harder, verdict):
    assert answer(errors_with, errors_without, harder)["verdict"] == verdict


def test_with_no_such_texts_there_is_no_verdict():
    found = answer(0, 10, size=0)
    assert found["verdict"] == "no such texts" and found["with"]["texts"] == 0
    assert math.isnan(found["with"]["rate"]) and math.isnan(found["difference"]["value"])
    everywhere = ask([expectation("pattern", pattern="")], frame("a", "b"), TRAIN, np.array([True, False]))[0]
    assert everywhere["without"]["texts"] == 0 and everywhere["verdict"] == "no such texts"


def test_nothing_expected_is_nothing_asked():
    assert ask([], frame("a"), TRAIN, np.array([True])) == []
