"""The `documents` section: which chapters make up which PDF."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from pydantic import Field

from inquest.sections import EACH_ONCE, Section


class Statement(Section):
    """A text of the authors' own, such as who contributed what."""

    title: str
    text: str
    """Markdown; HTML in it is shown, not run."""


class Document(Section):
    """A report: `results/<study>/<name>.html` and `.pdf`."""

    title: str
    subtitle: str = ""
    authors: list[str] = []
    course: str = ""
    date: str | datetime.date | None = None
    """Printed on the title page; null prints none."""
    chapters: Annotated[list[str], Field(min_length=1), EACH_ONCE]
    """The chapters, in order."""
    rubric: str | None = None
    """A file of report/rubrics without its ending: where each mark is earned."""
    statements: list[Statement] = []
    paper: Literal["A4", "Letter"] = "A4"
    pages: Annotated[int, Field(ge=1)] | None = None
    """The most pages, title page included, before the references and the appendix; over it there is no PDF.
    Null sets no limit."""
    contents: bool = True
    """Whether the first page has a list of contents; without one the first chapter begins below the title."""
