"""The config's `text` section: its sources, ranges and columns."""

from __future__ import annotations

import pytest

from inquest.config import load_study
from inquest.errors import InquestError

FILE = {"file": "a.csv"}
ROWS = {"dataset": "glue", "split": "train"}


def line(**keys) -> str:
    text = {"title": "T", "sources": [FILE], "text": "t", "label": "y", **keys}
    with pytest.raises(InquestError) as caught:
        load_study({"study": "s", "seed": 1, "documents": {"d": {"title": "D", "authors": ["A"],
                    "chapters": ["text"]}}, "text": text}, chapters=["text"])  # fmt: skip
    return str(caught.value)


@pytest.mark.parametrize(
    ("sources", "said"),
    [
        ([{"dataset": "glue"}], "`text.sources[0].split`: missing; it must be given for a `dataset`"),
        ([FILE | ROWS], "`text.sources[0]`: found file, dataset of package, url, file, dataset; exactly one"),
        ([FILE | {"split": "train"}], "`text.sources[0].split`: found 'train'; it is for a `dataset` only"),
        ([ROWS | {"member": "x"}], "`text.sources[0].member`: found 'x'; a `dataset` has none"),
        ([{"url": "https://x.org/a"}], "`text.sources[0].sha256`: missing; it must be given"),
        ([FILE | {"part": "test"}], "`text.sources`: none is of the part train; there must be texts"),
        ([FILE, FILE | {"part": "train"}], "`text.sources`: some have a `part` and some have none"),
    ],
)
def test_sources(sources, said):
    assert said in line(sources=sources)


@pytest.mark.parametrize(
    ("a", "b", "overlap"),
    [
        ({"below": 0}, {"above": 0}, False),
        ({"below": 0}, {"at_least": 0}, False),
        ({"at_most": 0}, {"above": 0}, False),
        ({"at_most": 0}, {"at_least": 0}, True),
        ({"below": 0}, {"below": 5}, True),
        ({"above": 1, "below": 3}, {"at_least": 2.5}, True),
        ({"above": 1, "below": 3}, {"at_least": 3, "at_most": 3}, False),
        ({"at_least": 1, "at_most": 3}, {"at_least": 3, "at_most": 3}, True),
    ],
)
def test_ranges_may_touch_but_not_overlap(section, a, b, overlap):
    for ranges in ({"x": a, "y": b}, {"y": b, "x": a}):
        if overlap:
            assert "overlap; a number may be in one range only" in line(ranges=ranges)
        else:
            assert list(section(ranges=ranges)["ranges"]) == list(ranges)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"ranges": {"a": {"below": 1}, "b": {}}}, "`text.ranges.b`: it has no end; below, above, at_least"),
        ({"ranges": {"a": {"below": 1}, "b": {"above": 2, "below": 2}}}, "no number is in it (2 to 2)"),
        ({"ranges": {"a": {"below": 1}, "b": {"above": 2, "at_least": 3}}}, "a range has one lower end"),
        ({"ranges": {"a": {"below": 1}}}, "`text.ranges`: found a only; two labels or more are needed"),
        ({"ranges": {"a": {"below": 1}, "b": {"above": 1}}, "names": {"0": "x"}}, "`text.names`: found 0; "),
        (
            {"ranges": {"low": {"below": 1}, "high": {"above": 1}}, "positive": "hih"},
            "`text.positive`: found 'hih' (did you mean `high`?); `ranges` has low, high",
        ),
        ({"label": "t"}, "`text.label`: found 't', which another key names; each is a column of its own"),
        ({"pair": "z", "columns": ["t", "y"]}, "`text.pair`: found 'z'; `columns` has t, y"),
        ({"header": False}, "`text.columns`: missing; a file with `header: false` needs the names"),
        ({"split": {"test": 1.5}}, "`text.split.test`: found 1.5; "),
    ],
)
def test_mistakes_are_one_line(keys, said):
    assert said in line(**keys)


def test_raw_files_have_names_of_their_own(section):
    from inquest.config.text import Text

    sources = [
        ROWS,
        ROWS | {"configuration": "mnli", "split": "test"},
        {"dataset": "data/own/", "split": "dev"},
    ]
    text = Text.model_validate({"title": "T", "sources": sources, "text": "t", "label": "y"})
    assert text.raw_names() == ["0-glue-train", "1-glue-mnli-test", "2-own-dev"]
    assert [source.kind for source in text.sources] == ["dataset"] * 3
