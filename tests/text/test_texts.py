"""Texts with labels: what is chosen, named, dropped, and how it is split."""

from __future__ import annotations

import base64
import hashlib
import time

import numpy as np
import pandas as pd
import pytest

from inquest.errors import InquestError
from inquest.text.texts import PARTS


def checksum(*cells: str) -> str:
    """What a text with these cells (title, part, text) is known by."""
    whole = hashlib.sha256("\x1f".join(cells).encode()).digest()
    return "t-" + base64.b32encode(whole).decode().lower()[:10]


def counts(texts: pd.DataFrame) -> dict[str, dict[str, int]]:
    """How many texts of each label each part has."""
    return {
        part: texts.loc[texts["part"] == part, "label"].value_counts().sort_index().to_dict()
        for part in PARTS
        if (texts["part"] == part).any()
    }


def line(make, raw, **keys) -> str:
    with pytest.raises(InquestError) as caught:
        make(raw, **keys)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# Columns and labels


def test_without_an_official_split_a_tenth_and_a_fifth_are_set_aside(make, plain):
    raw = plain(a=60, b=40)
    texts, facts = make(raw)
    assert counts(texts) == {
        "train": {"a": 42, "b": 28},
        "validation": {"a": 6, "b": 4},
        "test": {"a": 12, "b": 8},
    }
    assert texts.columns.tolist() == ["row", "id", "text", "label", "part"]
    assert texts["row"].tolist() == list(range(100))
    assert texts["text"].tolist() == raw["text"].tolist()
    assert facts["counts"] == {"train": 70, "validation": 10, "test": 20}
    assert (facts["classes"], facts["positive"], facts["raw"]) == (["a", "b"], "b", 100)
    assert (facts["pair"], facts["scored"]) == (False, False)


def test_ids_are_checksums_of_what_the_text_is(make, table):
    raw = table(text=["x"] * 3 + ["y", "z"], label=["a", "b", "a", "b", "b"])
    texts, _ = make({"train": raw, "test": raw, "validation": raw})

    twice = checksum("T", "train", "x")
    assert texts["id"].tolist()[:5] == [
        twice,
        f"{twice}-2",
        f"{twice}-3",
        checksum("T", "train", "y"),
        checksum("T", "train", "z"),
    ]
    assert texts["id"].iloc[5] == checksum("T", "test", "x")
    assert texts["id"].is_unique and texts["row"].tolist() == list(range(15))


def test_a_pair_is_part_of_the_id(make, table):
    raw = table(text=["p"] * 6, pair=list("uvuvuv"), label=list("aabbab"))
    texts, facts = make({part: raw for part in PARTS}, pair="pair")
    assert facts["pair"] and texts["pair"].tolist()[:6] == list("uvuvuv")
    assert texts["id"].iloc[1] == checksum("T", "train", "p", "v")


def test_names_stand_for_codes_in_their_order(make, table):
    raw = table(text=[f"t{i}" for i in range(40)], label=["1", "0"] * 20)
    texts, facts = make(raw, names={"0": "unacceptable", "1": "acceptable"})
    assert facts["classes"] == ["unacceptable", "acceptable"] and facts["positive"] == "acceptable"
    odd = texts["row"] % 2 == 1
    assert set(texts["label"][odd]) == {"unacceptable"} and set(texts["label"][~odd]) == {"acceptable"}
    _, facts = make(raw, positive=0)
    assert facts["classes"] == ["1", "0"] and facts["positive"] == "0"


def test_ranges_make_labels_of_numbers(make, table):
    numbers = ["-0.5", "0", "0.5", "1", "2.5", "3"] * 10
    raw = table(text=[f"t{i}" for i in range(60)], label=numbers)
    ranges = {"low": {"at_most": 0}, "middle": {"above": 0.5, "below": 2.5}, "high": {"at_least": 2.5}}
    texts, facts = make(raw, ranges=ranges)
    assert dict(zip(texts["score"], texts["label"], strict=True)) == {
        -0.5: "low", 0: "low", 1: "middle", 2.5: "high", 3: "high",
    }  # fmt: skip
    assert facts["dropped"] == {"outside_ranges": 10, "incomplete": 0}
    assert facts["classes"] == ["low", "middle", "high"] and facts["positive"] is None and facts["scored"]
    assert texts["row"].tolist() == [i for i in range(60) if i % 6 != 2]


def test_incomplete_rows_are_named_or_dropped(make, plain):
    raw = plain(a=30, b=30)
    raw.loc[3, "text"], raw.loc[40, "label"] = "", np.nan
    assert line(make, raw) == (
        "all.csv, row 4, column `text`: the text is missing (as are cells of 1 more); mend the row, or drop "
        "such rows with `text.incomplete: drop`"
    )
    texts, facts = make(raw, incomplete="drop")
    assert facts["dropped"] == {"outside_ranges": 0, "incomplete": 2}
    assert set(range(60)) - set(texts["row"]) == {3, 40}
    raw.loc[3, "text"] = "x"
    both = {"train": plain(a=5, b=5), "test": raw}
    assert line(make, both).startswith("test.csv, row 41, column `label`: the label is missing; ")


def test_columns_that_are_not_there(make, table, plain):
    raw = table(txt=["x"], label=["a"])
    assert line(make, raw) == (
        "config key `text.text`: all.csv has no column 'text' (did you mean `txt`?); it has txt, label"
    )
    assert line(make, plain(a=5, b=5), pair="second") == (
        "config key `text.pair`: all.csv has no column 'second'; it has text, label"
    )


def test_labels_that_can_not_be_learnt(make, table, plain):
    assert line(make, plain(a=9)) == "label column `label`: it has one class, 'a'; at least two are needed"
    many = table(text=[f"t{i}" for i in range(60)], label=[str(i) for i in range(60)])
    assert "60 different values in 60 rows" in line(make, many)
    assert "config key `text.positive`: there is no label 'c'; allowed: a, b" in line(
        make, plain(a=20, b=20), positive="c"
    )
    assert "the label has 3 classes; it is for two" in line(make, plain(a=9, b=9, c=9), positive="c")
    codes = table(text=["x"] * 3, label=["0", "1", "one"])
    assert line(make, codes, names={"0": "no", "1": "yes"}) == (
        "all.csv, row 3: the label 'one' has no name; `text.names` has 0, 1"
    )
    ranges = {"low": {"below": 0}, "high": {"above": 0}}
    assert line(make, table(text=["x"] * 3, label=["1", "n/a", "inf"]), ranges=ranges) == (
        "all.csv, row 2, column `label`: found 'n/a'; `text.ranges` needs a number in each row"
    )
    long = line(make, table(text=["x"], label=["w" * 99]), ranges=ranges)
    assert f"found '{'w' * 59}…'; " in long
    assert "found 'inf'" in line(make, table(text=["x"] * 2, label=["1", "inf"]), ranges=ranges)
    assert "no row is in any of them" in line(make, table(text=["x"] * 2, label=["0", "0"]), ranges=ranges)


# The split


def test_official_splits_are_kept_and_only_sampled_down(make, plain):
    raw = {"train": plain("t", a=50, b=50), "validation": plain("v", a=10, b=10), "test": plain("e", a=20)}
    texts, facts = make(raw, split={"train": 40, "test": 0.5})
    assert counts(texts) == {"train": {"a": 20, "b": 20}, "validation": {"a": 10, "b": 10}, "test": {"a": 10}}
    first = dict(zip(PARTS, "tve", strict=True))
    assert (texts["text"].str[0] == texts["part"].map(first)).all()
    assert texts["row"].is_monotonic_increasing and texts.loc[texts["part"] == "test", "row"].min() >= 120
    parts = facts["split"]["parts"]
    assert parts["train"] == {"asked": 40, "official": True, "of": 100, "drawn": True}
    assert parts["validation"] == {"asked": None, "official": True, "of": 20, "drawn": False}


def test_validation_is_drawn_from_train_where_the_source_has_none(make, plain):
    texts, facts = make({"train": plain("t", a=60, b=40), "test": plain("e", a=5, b=5)})
    assert counts(texts) == {
        "train": {"a": 54, "b": 36},
        "validation": {"a": 6, "b": 4},
        "test": {"a": 5, "b": 5},
    }
    assert set(texts["text"].str[0][texts["part"] == "validation"]) == {"t"}
    assert facts["split"]["parts"]["validation"] == {
        "asked": 0.1,
        "official": False,
        "of": 100,
        "drawn": True,
    }
    _, facts = make({"train": plain("t", a=60, b=40), "test": plain("e", a=5, b=5)}, split={"train": 0.2})
    assert facts["split"]["parts"]["train"] == {"asked": 0.2, "official": True, "of": 100, "drawn": True}


@pytest.mark.parametrize(
    ("draw", "expected"),
    [("stratified", {"a": 14, "b": 4, "c": 2}), ("balanced", {"a": 7, "b": 7, "c": 6})],
)
def test_labels_keep_their_shares_or_are_as_many(make, plain, draw, expected):
    texts, _ = make(plain(a=280, b=80, c=40), split={"train": 20, "validation": 20, "test": 20, "draw": draw})
    assert counts(texts) == dict.fromkeys(PARTS, expected)


def test_a_rare_label_is_in_every_stratified_part(make, plain):
    texts, _ = make(plain(a=500, b=493, c=7), split={"train": 50, "validation": 20, "test": 20})
    assert [counts(texts)[part]["c"] for part in PARTS] == [2, 1, 1]
    assert {part: sum(of.values()) for part, of in counts(texts).items()} == {
        "train": 50,
        "validation": 20,
        "test": 20,
    }


def test_a_random_draw_takes_any_text_and_keeps_no_shares(make, plain):
    raw = plain(a=20, b=20)
    tested, shares = np.zeros(40), set()
    for seed in range(40):
        texts, _ = make(raw, seed=seed, split={"draw": "random"})
        tested[texts.loc[texts["part"] == "test", "row"]] += 1
        shares.add(counts(texts)["test"].get("a", 0))
    assert tested.sum() == 40 * 8 and len(shares) > 3
    # each is binomial(40, 1/5): 8 on average, and 2.5 of standard deviation
    assert tested.min() > 0 and tested.max() < 8 + 5 * 2.5


def test_the_test_texts_do_not_depend_on_how_many_are_learnt_from(make, plain):
    raw = plain(a=100, b=100)
    drawn = [
        make(raw, split={"train": train, "validation": 20, "test": 30})[0].query("part == 'test'")["row"]
        for train in (20, 100)
    ]
    assert drawn[0].tolist() == drawn[1].tolist()
    assert (
        drawn[0].tolist() != make(raw, seed=8, split={"test": 30})[0].query("part == 'test'")["row"].tolist()
    )


def test_shares_are_of_all_that_there_is_to_draw_from(make, plain):
    texts, _ = make(plain(a=100, b=100), split={"train": 0.5, "validation": 0.25, "test": 0.25})
    assert {part: sum(of.values()) for part, of in counts(texts).items()} == {
        "train": 100,
        "validation": 50,
        "test": 50,
    }


@pytest.mark.parametrize(
    ("split", "said"),
    [
        ({"test": 101}, "`text.split.test`: 101 texts, where there are 100; 1 to 100 can be taken"),
        ({"test": 60, "validation": 41}, "`text.split.validation`: 41 texts, where there are 40; "),
        ({"train": 0.9}, "`text.split.train`: 0.9, which is 90 of 100 texts, where there are 70; "),
        ({"test": 0.5, "validation": 0.5}, "`text.split.train`: no text is left for it; "),
        ({"test": 0.001}, "`text.split.test`: 0.001, which is 0 of 100 texts, where there are 100; "),
        (
            {"test": 60, "draw": "balanced"},
            "`text.split.test`: 60 texts are 30 of each of 2 labels, and 'b' has 20; up to 40 can be drawn",
        ),
        ({"test": 1}, "`text.split.test`: 1 texts, and 2 labels; with `draw: stratified` there must be"),
    ],
)
def test_parts_that_ask_for_what_is_not_there(make, plain, split, said):
    assert said in line(make, plain(a=80, b=20), split=split)


def test_labels_of_which_too_little_is_learnt(make, plain):
    said = "at least 2 in train are needed: take more, or put labels together by `text.names`"
    assert line(make, {"train": plain(a=30, b=30), "test": plain(a=5, c=2)}) == (
        f"the split of the texts: the label 'c' has 0 in train, 2 in test; {said}"
    )
    assert line(make, plain(a=50, b=47, c=3)) == (
        f"the split of the texts: the label 'c' has 1 in train, 1 in validation, 1 in test; {said}"
    )


def test_a_million_texts_take_seconds(make, table):
    rows = np.arange(1_000_000)
    raw = table(text=pd.Series(rows).astype("str") + " words and more", label=np.where(rows % 3, "a", "b"))
    start = time.perf_counter()
    texts, _ = make(raw, split={"train": 2000, "validation": 500, "test": 1000})
    assert len(texts) == 3500
    assert time.perf_counter() - start < 20
