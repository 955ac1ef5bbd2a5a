"""The `influence` section: which rows and which groups of rows are left out."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from inquest.config.base import Section, slug
from inquest.config.data import Value


class Points(Section):
    """The training rows that are left out one by one."""

    count: Annotated[int, Field(ge=1)] = 10
    """How many rows (for `listed`: as many as are listed)."""
    choose: Literal["random", "stratified", "highest_loss", "listed"] = "random"
    """`stratified` takes the labels in turn, `highest_loss` the worst-predicted rows first."""
    rows: list[int] = []
    """For `listed`: the rows' ids (the column `row` of the clean table)."""

    @model_validator(mode="after")
    def _listed(self):
        if (self.choose == "listed") != bool(self.rows):
            raise ValueError("`rows` is needed for `choose: listed`, and for it only")
        if len(set(self.rows)) != len(self.rows):
            raise ValueError("`rows` lists a row twice")
        return self

    @property
    def number(self) -> int:
        return len(self.rows) if self.choose == "listed" else self.count


class _Group(Section):
    name: Annotated[str, Field(min_length=1, max_length=60)]
    """What the report calls the group."""


class RandomGroup(_Group):
    """A random share of the training rows."""

    kind: Literal["random"]
    fraction: Annotated[float, Field(gt=0, lt=1)]
    """The share of the training rows that is left out."""
    repeats: Annotated[int, Field(ge=1, le=1000)] = 10
    """How many such groups are drawn: the band in the plot."""


class WhereGroup(_Group):
    """The rows where a condition on the features holds."""

    kind: Literal["where"]
    condition: str
    """A condition as in pandas' `DataFrame.query`, such as `age > 60 and sex == 'Female'`; a column
    whose name is no plain word stands in backticks."""

    @model_validator(mode="after")
    def _tame(self):
        bare = re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`", "x", self.condition)
        calls = set(re.findall(r"(\w+)\s*\(", bare)) - {"and", "or", "not", "in"}
        if "@" in bare or "__" in bare or calls:
            raise ValueError("a condition compares columns with values; `@`, `__` and calls are not allowed")
        return self


class LabelGroup(_Group):
    """The rows with a label."""

    kind: Literal["label"]
    label: Value


class ClusterGroup(_Group):
    """A cluster of the training rows by k-means on the preprocessed features."""

    kind: Literal["cluster"]
    clusters: Annotated[int, Field(ge=2, le=1000)] = 8
    """How many clusters there are."""
    cluster: Annotated[int, Field(ge=0)] = 0
    """Which one: 0 is the largest."""

    @model_validator(mode="after")
    def _exists(self):
        if self.cluster >= self.clusters:
            raise ValueError(f"`cluster` must be below `clusters` ({self.clusters})")
        return self


class RowsGroup(_Group):
    """Listed rows."""

    kind: Literal["rows"]
    rows: Annotated[list[int], Field(min_length=1)]
    """The rows' ids (the column `row` of the clean table)."""


Group = Annotated[
    RandomGroup | WhereGroup | LabelGroup | ClusterGroup | RowsGroup, Field(discriminator="kind")
]


def _default_groups() -> list[Group]:
    shares = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    groups: list[Group] = [RandomGroup(name=f"random {s:.0%}", kind="random", fraction=s) for s in shares]
    return [*groups, ClusterGroup(name="largest cluster", kind="cluster")]


class Influence(Section):
    """Exact retraining without a row, and without a group of rows."""

    points: Points = Points()
    points_per_job: Annotated[int, Field(ge=1)] = 1
    """How many rows one job leaves out, one after the other; the results are the same."""
    groups: Annotated[list[Group], Field(min_length=1, default_factory=_default_groups)]
    """The groups that are left out; the Shapley chapter takes them as players."""
    neighbours: Annotated[int, Field(ge=1)] = 10
    """Nearest training rows that a row's label is compared with."""

    @model_validator(mode="after")
    def _distinct(self):
        slugs = [slug(group.name) for group in self.groups]
        for name in slugs:
            if not name or slugs.count(name) > 1:
                raise ValueError(f"the groups' names must differ in their letters and digits (see `{name}`)")
        return self
