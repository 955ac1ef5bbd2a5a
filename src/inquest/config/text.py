"""The `text` section: where the texts and their labels come from, and how they are split."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from inquest.config.data import Data, Separator, Source, Value
from inquest.errors import listing, nearest
from inquest.sections import EACH_ONCE, LONGEST, Mistake, Section, slug

Part = Literal["train", "validation", "test"]
Number = Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=1)]


class TextSource(Source):
    """A raw file of texts, from exactly one of four places: `package`, `url`, `file` or `dataset`."""

    dataset: str | None = None
    """A data set on the Hugging Face hub by its name there, or a local folder that `datasets` can load."""
    configuration: str | None = None
    """Which of the data set's configurations, where it has several."""
    split: str | None = None
    """Which of the data set's splits (must be given), such as `train`."""
    revision: str | None = None
    """The commit, tag or branch on the hub; a commit makes reruns the same."""
    part: Part | None = None
    """The official split that these texts are; null if the texts are to be split here."""

    @classmethod
    def places(cls) -> tuple[str, ...]:
        return (*super().places(), "dataset")

    @model_validator(mode="after")
    def _fits_a_dataset(self):
        for key in ("configuration", "split", "revision"):
            if getattr(self, key) and not self.dataset:
                raise Mistake(key, f"found {getattr(self, key)!r}", "it is for a `dataset` only")
        if self.dataset and not self.split:
            raise Mistake("split", "missing", "it must be given for a `dataset`, such as train")
        for key in ("member", "skip_rows"):
            if self.dataset and getattr(self, key):
                raise Mistake(key, f"found {getattr(self, key)!r}", "a `dataset` has none")
        return self

    @property
    def filename(self) -> str:
        if not self.dataset:
            return super().filename
        place = self.dataset.replace("\\", "/").rstrip("/").rpartition("/")[2]
        return "-".join(filter(None, (place, self.configuration, self.split)))


class Range(Section):
    """A range of numbers, open at one side or closed at both."""

    below: float | None = None
    """All numbers in it are smaller than this one."""
    above: float | None = None
    """All numbers in it are larger than this one."""
    at_least: float | None = None
    """The smallest number in it."""
    at_most: float | None = None
    """The largest number in it."""

    @model_validator(mode="after")
    def _holds_numbers(self):
        if self.below is not None and self.at_most is not None:
            raise Mistake("below", "found beside `at_most`", "a range has one upper end")
        if self.above is not None and self.at_least is not None:
            raise Mistake("above", "found beside `at_least`", "a range has one lower end")
        (low, open_low), (high, open_high) = self.ends()
        if low == -math.inf and high == math.inf:
            raise Mistake("", "it has no end", "below, above, at_least or at_most must be given")
        if low > high or (low == high and (open_low or open_high)):
            raise Mistake("", f"no number is in it ({low:g} to {high:g})", "its lower end must be the lower")
        return self

    def ends(self) -> tuple[tuple[float, bool], tuple[float, bool]]:
        """The lower and the upper end, each with whether it is open."""
        low, high = self.at_least, self.at_most
        return (
            (low, False) if low is not None else (-math.inf if self.above is None else self.above, True),
            (high, False) if high is not None else (math.inf if self.below is None else self.below, True),
        )

    def meets(self, other: Range) -> bool:
        """Whether a number is in both."""
        low, open_low = max(self.ends()[0], other.ends()[0])  # of two at one number, the open one is narrower
        high, open_high = min(self.ends()[1], other.ends()[1], key=lambda end: (end[0], not end[1]))
        return low < high or (low == high and not open_low and not open_high)


class TextSplit(Section):
    """How many texts the classifier learns from, is chosen by and is judged on."""

    train: Number | None = None
    """Texts to learn from, or their share of what they are drawn from; null takes all that the other parts
    leave."""
    validation: Number | None = None
    """Texts to choose the best epoch by. They are taken from the official validation split (null: all of it);
    where there is none, from the texts to learn from (null: a tenth of them)."""
    test: Number | None = None
    """Texts to judge on. They are taken from the official test split (null: all of it); where there is none,
    from the texts to learn from (null: a fifth of them)."""
    draw: Literal["random", "stratified", "balanced"] = "stratified"
    """How those of a part are drawn that takes some: `stratified` keeps the shares of the labels, `balanced`
    takes as many of each label."""
    reason: str = ""
    """Why this split, in your own words; printed in the report."""


class Text(Section):
    """Texts with labels, and their split into training, validation and test."""

    title: str
    """What the report calls the texts."""
    about: str = ""
    """A paragraph on what the texts are, what is to be told from them and where they come from (Markdown)."""
    sources: Annotated[list[TextSource], Field(min_length=1)]
    """The raw files; those of one part are put one below the other."""
    separator: Separator | None = None
    """The separator of a text file; null finds it out. JSON Lines and Parquet are known by their content."""
    encoding: str = "utf-8"
    """The encoding of a text file."""
    quotes: bool = True
    """Whether quotes stand around cells that hold the separator; false takes every quote as it stands."""
    header: bool = True
    """Whether the first row of a text file names the columns."""
    columns: Annotated[list[str], EACH_ONCE] | None = None
    """The columns' names, if the file has none (or to rename them all)."""
    text: str
    """The column with the text."""
    pair: str | None = None
    """The column with the second text, for tasks on pairs such as inference and paraphrase."""
    label: str
    """The column with the label."""
    names: dict[str, str] = {}
    """The labels' names, where the file has codes: `{"0": negative, "1": positive}`."""
    ranges: dict[str, Range] = {}
    """Labels made of a column of numbers: `{negative: {below: 0}, positive: {above: 0}}`. Rows in no range
    are dropped, and counted."""
    positive: Value | None = None
    """With two labels: the one that counts as positive; null takes the last one in `names` or `ranges`, or
    by the alphabet."""
    incomplete: Literal["refuse", "drop"] = "refuse"
    """What to do with a row without a text or a label: stop and name it, or drop and count it."""
    split: TextSplit = TextSplit()

    @model_validator(mode="after")
    def _consistent(self):
        named = {"text": self.text, "pair": self.pair, "label": self.label}
        for i, (key, name) in enumerate(named.items()):
            if name is not None and name in list(named.values())[:i]:
                raise Mistake(key, f"found {name!r}, which another key names", "each is a column of its own")
            if name is not None and self.columns and name not in self.columns:
                raise Mistake(key, f"found {name!r}", f"`columns` has {listing(self.columns)}")
        if not self.header and not self.columns:
            raise Mistake("columns", "missing", "a file with `header: false` needs the names of its columns")
        if self.ranges and self.names:
            raise Mistake("names", f"found {listing(self.names)}", "`ranges` gives the labels their names")
        if len(self.ranges) == 1:
            raise Mistake("ranges", f"found {listing(self.ranges)} only", "two labels or more are needed")
        for (one, a), (other, b) in combinations(self.ranges.items(), 2):
            if a.meets(b):
                raise Mistake("ranges", f"{one!r} and {other!r} overlap", "a number may be in one range only")
        if self.positive is not None and self.ranges and str(self.positive) not in self.ranges:
            found = f"found {self.positive!r}{nearest(str(self.positive), self.ranges)}"
            raise Mistake("positive", found, f"`ranges` has {listing(self.ranges)}")
        parts = {source.part for source in self.sources}
        if None not in parts and "train" not in parts:
            raise Mistake("sources", "none is of the part train", "there must be texts to learn from")
        if None in parts and len(parts) > 1:
            raise Mistake(
                "sources", "some have a `part` and some have none", "all or none of them must say theirs"
            )
        return self

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str) -> str:
        return Data._known_encoding(encoding)

    def raw_names(self) -> list[str]:
        """The raw files' names inside the results folder: unique, in the order of the sources."""
        return [
            f"{i}-{slug(s.filename.rsplit('.', 1)[0])[:LONGEST] or 'texts'}"
            for i, s in enumerate(self.sources)
        ]
