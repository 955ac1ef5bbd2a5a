"""What the report says of the texts, and that its page says it of any."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from inquest.artefacts import write_chapter
from inquest.config.documents import Document
from inquest.report.document import render
from inquest.report.plots import text as plots
from inquest.text.texts_summary import cut, summarise_texts, vocabulary, word_counts

REPORT = Path(__file__).parents[2] / "report"
SOURCE = {
    "kind": "file", "place": "x.csv", "member": None, "filename": "x.csv", "sha256": "ab" * 32,
    "bytes": 3, "pinned": False, "licence": "CC0", "citation": None,
}  # fmt: skip


@pytest.fixture
def small(make, table):
    """Three parts with texts that are known: returns the texts and the facts that were made with them."""
    train = table(
        text=["It's a good, GOOD day", "no", "what a day", "no way", "say it", "so so"], label=list("aabbab")
    )
    test = table(text=["no", "what a day", "say it", "new one here"], label=list("abba"))
    return make({"train": train, "validation": test.iloc[:2], "test": test}, about="*Few* texts.")


def test_words_and_lengths(small):
    texts, made = small
    facts, _ = summarise_texts(texts, made, [SOURCE], "", seed=1)
    assert word_counts(texts).tolist() == [5, 1, 3, 2, 2, 2, 1, 3, 1, 3, 2, 3]
    assert facts["lengths"][0] == {"part": "train", "median": 2.0, "most": 4.5, "longest": 5}
    assert vocabulary(texts[:6]) == {"it's", "a", "good", "day", "no", "what", "way", "say", "it", "so"}
    assert facts["vocabulary"] == 10
    assert facts["few_words"] == {"limit": 3, "texts": 7}


def test_texts_that_are_learnt_and_tested(small):
    facts, _ = summarise_texts(*small, [], "", seed=1)
    # "no" and "what a day" stand in train with the same label, "say it" with the other one
    assert facts["repeated"] == {"same_label": 2, "other_label": 1}


def test_the_second_text_counts(make, table):
    raw = table(text=["u v"] * 4, pair=["w", "x y", "w", "x y"], label=list("aabb"))
    test = table(text=["u v", "u v", "w"], pair=["w", "z", "u v"], label=list("aab"))
    texts, made = make({"train": raw, "validation": test, "test": test}, pair="pair")
    facts, tables = summarise_texts(texts, made, [], "", seed=1)
    assert word_counts(texts).tolist()[:2] == [3, 4] and facts["vocabulary"] == 5
    assert facts["repeated"] == {"same_label": 1, "other_label": 0}
    assert set(tables["labels"]["example"]) <= {"u v / w", "u v / x y"}


def test_examples_are_short_training_texts_of_their_label(make, plain):
    raw = plain("a text that has some words of ", a=40, b=40)
    raw.loc[::2, "text"] += " and very many more words" * 9
    facts, tables = summarise_texts(*make(raw), [], "", seed=1)
    assert [one["label"] for one in facts["examples"]] == ["a", "a", "b", "b"]
    assert all(re.fullmatch(rf"a text that has some words of {one['label']} \d*[13579]", one["text"])
               for one in facts["examples"])  # fmt: skip
    assert tables["labels"]["example"].tolist() == [facts["examples"][i]["text"] for i in (0, 2)]
    assert facts["examples"] == summarise_texts(*make(raw), [], "", seed=1)[0]["examples"]
    assert facts["examples"] != summarise_texts(*make(raw), [], "", seed=2)[0]["examples"]


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("one two", 7, "one two"),
        ("one  two\nthree", 13, "one two three"),
        ("one two three", 12, "one two …"),
        ("one two three", 8, "one two …"),
        ("incomprehensible", 5, "inco …"),
    ],
)
def test_long_examples_are_cut_at_a_word(text, most, expected):
    assert cut(text, most) == expected


@pytest.mark.parametrize(
    ("parts", "split", "expected"),
    [
        (
            "",
            {},
            "The validation and test texts are drawn at random, keeping the share of each label; the rest is "
            "trained on.",
        ),
        (
            "",
            {"train": 10, "draw": "balanced"},
            "The training, validation and test texts are drawn at random, as many of each label.",
        ),
        ("tve", {}, "The official training, validation and test splits are taken whole."),
        (
            "te",
            {"draw": "random"},
            "The official test split is taken whole; the validation texts are drawn at random from the "
            "official training split; the rest is trained on.",
        ),
        (
            "tve",
            {"train": 20, "test": 10},
            "The official validation split is taken whole; 20 of the 40 official training texts and 10 of "
            "the 40 official test texts are drawn at random, keeping the share of each label.",
        ),
        (
            "te",
            {"train": 20},
            "The official test split is taken whole; 20 of the 40 official training texts and the validation "
            "texts are drawn at random from the official training split, keeping the share of each label.",
        ),
    ],
)
def test_how_the_parts_were_drawn_is_said(make, plain, parts, split, expected):
    names = {"t": "train", "v": "validation", "e": "test"}
    raw = {names[part]: plain(part, a=20, b=20) for part in parts} or plain(a=20, b=20)
    assert summarise_texts(*make(raw, split=split), [], "", seed=1)[0]["sampled"] == expected


def page(folder: Path, texts, made, about: str = "") -> str:
    facts, tables = summarise_texts(texts, made, [SOURCE], about, seed=1)
    write_chapter(folder / "text", facts | {"by_label": plots.by_label(made["classes"])}, tables)
    plots.words(
        folder / "text" / "figures" / "words.svg", word_counts(texts), texts["label"], made["classes"]
    )
    html = render(
        document=Document(title="D", authors=["A"], chapters=["text"]).model_dump(mode="json"),
        study={"study": "s"},
        chapters={"text": folder / "text"},
        templates=REPORT,
        references=REPORT / "references.json",
        rubric=None,
        provenance={
            "versions": {}, "commit": None, "rules": [], "timings": {}, "of": "this",
            "hardware": {"processor": "", "cores": 1, "memory_gib": 1.0, "system": "", "python": ""},
        },
    )  # fmt: skip
    body = html.split('id="chapter-text"')[1].split('id="appendix-config"')[0]
    assert '<h3 id="sec-task">' in body and '<h3 id="sec-texts">' in body
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", body)).replace("\u00a0", " ")


def test_the_page_of_two_labels(tmp_path, small):
    said = page(tmp_path, *small, about="*Few* texts.")
    assert "Which of two labels, a or b, does a text have? The classifier learns from 6 texts" in said
    assert "Few texts. T has 12 rows, under CC0. The official training, validation and test splits" in said
    assert (
        "3 test texts also stand in the training part, 1 of them with another label; none was removed."
        in said
    )
    assert "Words of the texts of all parts, by label." in said
    assert "A test text has 2 words in the median; all but one in twenty have at most 3" in said


def test_the_page_of_pairs_with_many_labels_and_hostile_texts(tmp_path, make, table):
    labels = [f"label {i}" for i in range(14)] * 12
    raw = table(text=[f"<script>{i}</script>" for i in range(168)], pair=["$x$ & y"] * 168, label=labels)
    said = page(tmp_path, *make(raw, pair="pair", split={"draw": "random", "validation": 20, "test": 20}))
    assert "Which of 14 labels does a pair of texts have?" in said and "128 pairs of texts" in said
    assert "Words of the pairs of texts of all parts." in said
    assert "&lt;script&gt;" in said and "2 more rows left out." in said
    assert "No test pair of texts also stands in the training part." in said
