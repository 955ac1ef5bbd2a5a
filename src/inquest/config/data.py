"""The `data` section: where the raw data comes from, how it becomes a table, how the table is split."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, model_validator

from inquest.config.base import Section, slug

Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Value = str | int | float | bool


class Source(Section):
    """One raw file, from exactly one of three places: `package`, `url` or `file`."""

    package: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+$")] | None = None
    """A pinned distribution, `name==version`: pip downloads it, nothing of it is imported."""
    url: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None
    """An address; an interrupted download is resumed."""
    file: str | None = None
    """A path of your own, from the folder where you start the workflow."""
    member: str | None = None
    """The file's path inside the package (must be given) or inside a `.zip` with several files."""
    sha256: Digest | None = None
    """The checksum of the file (for a package: of the member). Optional for `file` only."""
    licence: str | None = None
    """Under which terms the data may be used; printed in the report."""
    citation: str | None = None
    """A key of report/references.json; printed in the report."""
    skip_rows: Annotated[int, Field(ge=0)] = 0
    """Lines to skip before the header or the first row."""

    @model_validator(mode="after")
    def _one_place(self):
        given = [kind for kind in ("package", "url", "file") if getattr(self, kind)]
        if len(given) != 1:
            raise ValueError(f"exactly one of package, url, file is allowed (found: {', '.join(given) or 'none'})")
        if self.package and not self.member:
            raise ValueError("a package source needs `member`, the file's path inside the package")
        if not self.file and not self.sha256:
            raise ValueError("a package or url source needs its `sha256`")
        return self

    @property
    def kind(self) -> str:
        return "package" if self.package else "url" if self.url else "file"

    @property
    def filename(self) -> str:
        """The name of the raw file: the last part of where it comes from."""
        place = self.member or (self.file or "").replace("\\", "/") or (self.url or "").split("?")[0]
        return PurePosixPath(place).name or "data"


class Sample(Section):
    """How many rows of the raw data take part."""

    rows: Annotated[int, Field(ge=2)] | None = None
    """Rows to draw (all, if there are no more or if it is null)."""
    method: Literal["random", "stratified"] = "stratified"
    """`stratified` keeps the shares of the labels."""


class Split(Section):
    """Which rows the models learn from and which they are judged on."""

    method: Literal["random", "stratified", "time", "group"] = "stratified"
    """`time` tests on the latest rows, `group` keeps rows with the same value of `column` together."""
    test: Annotated[float, Field(gt=0, lt=1)] = 0.2
    """The share of rows in the test split."""
    column: str | None = None
    """The column that `time` and `group` go by; it is not used as a feature."""
    reason: str = ""
    """Why this split, in your own words; printed in the report."""

    @model_validator(mode="after")
    def _column_given(self):
        if (self.method in ("time", "group")) != (self.column is not None):
            raise ValueError("`column` is needed for the methods time and group, and for them only")
        return self


class Data(Section):
    """The raw data, the clean table and its split."""

    title: str
    """What the report calls the data."""
    about: str = ""
    """A paragraph on what the rows are and where they come from (Markdown)."""
    sources: Annotated[list[Source], Field(min_length=1)]
    """The raw files; several are put one below the other."""
    separator: str | None = None
    """The separator of a text file; null finds it out."""
    encoding: str = "utf-8"
    """The encoding of a text file."""
    header: bool = True
    """Whether the first row of a text file names the columns."""
    columns: list[str] | None = None
    """The columns' names, if the file has none (or to rename them all)."""
    missing: list[str] = ["", "NA", "N/A", "NaN", "nan", "null", "None", "?"]
    """The values that stand for a missing one."""
    replace: dict[str, dict[str, str]] = {}
    """Values to replace, per column: `{column: {old: new}}`."""
    drop: list[str] = []
    """Columns to leave out."""
    types: dict[str, Literal["numeric", "categorical", "datetime"]] = {}
    """Types that overrule the inferred ones, per column."""
    describe: dict[str, str] = {}
    """What the columns mean, a few words each; printed in the report."""
    label: str
    """The column to predict."""
    positive: Value | None = None
    """With two labels: the one that counts as positive (null: the rarer one)."""
    sample: Sample = Sample()
    split: Split = Split()

    @model_validator(mode="after")
    def _consistent(self):
        if self.label in self.drop:
            raise ValueError(f"the label `{self.label}` is also listed in `drop`")
        if self.columns and len(set(self.columns)) != len(self.columns):
            twice = next(c for c in self.columns if self.columns.count(c) > 1)
            raise ValueError(f"column names must be unique, `{twice}` is in `columns` twice")
        if not self.header and not self.columns:
            raise ValueError("a file with `header: false` needs its column names in `columns`")
        return self

    def raw_names(self) -> list[str]:
        """The raw files' names inside the results folder: unique, in the order of the sources."""
        return [f"{i}-{slug(s.filename.rsplit('.', 1)[0]) or 'data'}" for i, s in enumerate(self.sources)]
