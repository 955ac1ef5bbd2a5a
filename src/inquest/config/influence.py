"""The `influence` section: which rows and which groups of rows are left out."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from inquest.config.data import Value
from inquest.errors import listing
from inquest.sections import EACH_ONCE, Mistake, Section, check_jobs, check_slugs, shown


class Points(Section):
    """The training rows that are left out one by one."""

    count: Annotated[int, Field(ge=1)] = 10
    """How many rows (for `listed`: as many as are listed)."""
    choose: Literal["random", "stratified", "highest_loss", "listed"] = "random"
    """`stratified` takes the labels in turn, `highest_loss` the worst-predicted rows first."""
    rows: Annotated[list[int], EACH_ONCE] = []
    """For `listed`: the rows' ids (the column `row` of the clean table)."""

    @model_validator(mode="after")
    def _listed(self):
        if (self.choose == "listed") != bool(self.rows):
            raise Mistake(
                "rows",
                f"found {listing(self.rows) or 'none'}",
                "rows are needed for `choose: listed`, and for it only",
            )
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
    """What the rows of the group have in common."""
    fraction: Annotated[float, Field(gt=0, lt=1)]
    """The share of the training rows that is left out."""
    repeats: Annotated[int, Field(ge=1, le=1000)] = 10
    """How many such groups are drawn: the band in the plot."""


# What a condition may consist of: no call, no attribute, nothing that reaches beyond the table.
TAME = (ast.Name, ast.Constant, ast.List, ast.Tuple, ast.Compare, ast.BoolOp, ast.UnaryOp, ast.BinOp)


class WhereGroup(_Group):
    """The rows where a condition on the features holds."""

    kind: Literal["where"]
    """What the rows of the group have in common."""
    condition: str
    """A condition as in pandas' `DataFrame.query`, such as `age > 60 and sex == 'Female'`; a column
    whose name is no plain word stands in backticks."""

    @field_validator("condition")
    @classmethod
    def _tame(cls, condition: str) -> str:
        allowed = "columns can be compared with values; a name that is no plain word stands in backticks"
        try:
            tree = ast.parse(re.sub(r"`[^`]*`", "column", condition).strip(), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            reason = next(iter(error.args), "too deep")
            raise Mistake("", f"{shown(condition)} is no condition ({reason})", allowed) from None
        for node in ast.walk(tree):
            if isinstance(node, ast.expr) and not isinstance(node, TAME):
                raise Mistake("", f"`{ast.unparse(node)}` in {shown(condition)} is no comparison", allowed)
        return condition


class LabelGroup(_Group):
    """The rows with a label."""

    kind: Literal["label"]
    """What the rows of the group have in common."""
    label: Value
    """The label, as the clean table has it."""


class ClusterGroup(_Group):
    """A cluster of the training rows by k-means on the preprocessed features."""

    kind: Literal["cluster"]
    """What the rows of the group have in common."""
    clusters: Annotated[int, Field(ge=2, le=1000)] = 8
    """How many clusters there are."""
    cluster: Annotated[int, Field(ge=0)] = 0
    """Which one: 0 is the largest."""

    @model_validator(mode="after")
    def _exists(self):
        if self.cluster >= self.clusters:
            raise Mistake(
                "cluster", f"found {self.cluster}", f"0 to {self.clusters - 1} of `clusters` are allowed"
            )
        return self


class RowsGroup(_Group):
    """Rows that are listed here, or in a file."""

    kind: Literal["rows"]
    """What the rows of the group have in common."""
    rows: Annotated[list[int], Field(min_length=1), EACH_ONCE] | None = None
    """The rows' ids (the column `row` of the clean table)."""
    file: Annotated[str, Field(min_length=1)] | None = None
    """Or a CSV file with the ids in a column `row`, such as the explorer saves."""

    @model_validator(mode="after")
    def _one(self):
        if (self.rows is None) == (self.file is None):
            raise Mistake(
                "",
                f"found {'neither `rows` nor `file`' if self.rows is None else 'both `rows` and `file`'}",
                "one of them is needed",
            )
        return self


def _member(group: Any) -> str | None:
    """Return the name of the union's member: the line of YAML that asks for it, which no key can be."""
    if isinstance(group, Mapping):
        kind = group.get("kind", "missing")
        return f"kind: {kind[:60] if isinstance(kind, str) else shown(kind)}"
    return f"kind: {group.kind}" if isinstance(group, _Group) else None


Group = Annotated[
    Annotated[RandomGroup, Tag("kind: random")]
    | Annotated[WhereGroup, Tag("kind: where")]
    | Annotated[LabelGroup, Tag("kind: label")]
    | Annotated[ClusterGroup, Tag("kind: cluster")]
    | Annotated[RowsGroup, Tag("kind: rows")],
    Discriminator(_member),
]


def _default_groups() -> list[Group]:
    shares = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    groups: list[Group] = [RandomGroup(name=f"random {s:.0%}", kind="random", fraction=s) for s in shares]
    return [*groups, ClusterGroup(name="largest cluster", kind="cluster")]


class Influence(Section):
    """Exact retraining without a row, and without a group of rows."""

    every_row: bool = True
    """Leave every training row out, each alone, in one job; slow for classifiers without a shortcut."""
    points: Points = Points()
    """Rows that are also left out by retraining from scratch: the proof of the former, or all there is."""
    points_per_job: Annotated[int, Field(ge=1)] = 1
    """How many rows one job leaves out, one after the other; the results are the same."""
    groups: Annotated[list[Group], Field(min_length=1, default_factory=_default_groups)]
    """The groups that are left out; the Shapley chapter takes them as players."""
    groups_per_job: Annotated[int, Field(ge=1)] = 1
    """How many groups one job leaves out, one after the other; the results are the same."""
    neighbours: Annotated[int, Field(ge=1)] = 10
    """Nearest training rows that a row's label is compared with."""

    @model_validator(mode="after")
    def _distinct(self):
        check_slugs("groups", [group.name for group in self.groups])
        check_jobs("points.count", self.points.number, "points_per_job", self.points_per_job)
        return self
