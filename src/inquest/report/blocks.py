"""What a chapter's template is written with: numbered headings, figures, tables, references, formulas."""

from __future__ import annotations

import base64
import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from inquest import artefacts
from inquest.errors import InquestError, listing, nearest
from inquest.report import text
from inquest.report.citations import Citations
from inquest.report.figures import scale
from inquest.report.formulas import formula
from inquest.report.tables import Column, columns_of, table_html

WIDTHS = ("full", "wide", "column")
SHORT_TABLE = 20
"""A table with at most so many rows is kept on one page."""

_PENDING = re.compile(r'<x-ref n="(\d+)"></x-ref>')


@dataclass(frozen=True)
class Heading:
    """A heading as the contents list it: level 1 is a chapter."""

    level: int
    number: str
    title: Markup
    id: str


@dataclass(frozen=True)
class _Label:
    """Something that can be referred to."""

    kind: str
    chapter: str
    name: str
    anchor: str
    text: str


@dataclass
class Build:
    """What is counted and collected over all chapters of a document."""

    citations: Citations
    headings: list[Heading] = field(default_factory=list)
    _labels: list[_Label] = field(default_factory=list)
    _pending: list[tuple[str, str, str]] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def next(self, kind: str) -> int:
        """Return the next number of a kind, from 1."""
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        return self._numbers[kind]

    def label(self, kind: str, chapter: str, name: str, anchor: str, label_text: str) -> None:
        """Make something known by its name, so that references find it."""
        if any(label.anchor == anchor for label in self._labels):
            raise InquestError(
                f"report chapter `{chapter}`",
                f"two of its parts have the id {name!r}",
                "an id stands for one",
            )
        self._labels.append(_Label(kind, chapter, name, anchor, label_text))

    def reference(self, kind: str, chapter: str, name: str) -> Markup:
        """Return a stand-in for a reference; `resolve` puts the number in its place."""
        self._pending.append((kind, chapter, name))
        return Markup('<x-ref n="{}"></x-ref>').format(len(self._pending) - 1)

    def resolve(self, page: str) -> str:
        """Return the page with every reference as a link.

        Text from data can't hold a stand-in, because its `<` is escaped.
        """
        return _PENDING.sub(lambda match: str(self._link(*self._pending[int(match[1])])), page)

    def _link(self, kind: str, chapter: str, name: str) -> Markup:
        of_kind = [label for label in self._labels if label.kind == kind]
        found = [label for label in of_kind if label.name == name]
        found = [label for label in found if label.chapter == chapter] or found
        if len(found) != 1:
            names = sorted({label.name for label in of_kind})
            says = f"several chapters have a {kind}" if found else f"there is no {kind}"
            raise InquestError(
                f"report chapter `{chapter}`",
                f"{says} {name!r}{nearest(name, names)}",
                f"allowed: {listing(names, most=40)}",
            )
        return Markup('<a class="ref" href="#{}">{}</a>').format(found[0].anchor, found[0].text)


class Chapter:
    """The words that a template may use, for one chapter.

    Parameters
    ----------
    build : Build
        The document that it is part of.
    name : str
        The chapter's name.
    folder : path, optional
        Its results: `facts.json`, `tables/`, `figures/`.
    appendix : bool
        Whether its headings are lettered.
    """

    def __init__(self, build: Build, name: str, folder: str | Path | None = None, appendix: bool = False):
        self.build, self.name, self.appendix = build, name, appendix
        self.folder = Path(folder) if folder is not None else Path()
        self.number, self.parts = "", [0, 0]

    def words(self) -> dict[str, Callable[..., Any]]:
        """Return the functions by the names that templates use."""
        own = (
            "chapter",
            "section",
            "subsection",
            "figure",
            "table",
            "figref",
            "tabref",
            "secref",
            "read_table",
        )
        return {
            **{word: getattr(self, word) for word in own},
            "cite": self.build.citations.cite,
            "math": formula,
            "markdown": functools.partial(text.markdown, cite=self.build.citations.cite),
            "plural": text.plural,
            "as_text": text.as_text,
            "column": Column,
            "scale": scale,
            "answer": _block("answer"),
            "note": _block("note"),
        }

    def chapter(self, title: str, id: str | None = None, numbered: bool = True) -> Markup:
        """Return the heading that opens a chapter (or, in the appendix, one of its parts)."""
        if self.appendix:
            self.number = chr(ord("A") + self.build.next("appendix") - 1)
        else:
            self.number = str(self.build.next("chapter")) if numbered else ""
        self.parts = [0, 0]
        return self._heading(1, self.number, title, id or f"chapter-{self.name}")

    def section(self, title: str, id: str | None = None) -> Markup:
        """Return a numbered heading below the chapter's."""
        self.parts = [self.parts[0] + 1, 0]
        return self._heading(2, f"{self.number}.{self.parts[0]}", title, id)

    def subsection(self, title: str, id: str | None = None) -> Markup:
        """Return a numbered heading below a section's."""
        self.parts[1] += 1
        return self._heading(3, f"{self.number}.{self.parts[0]}.{self.parts[1]}", title, id)

    def _heading(self, level: int, number: str, title: str, id: str | None) -> Markup:
        if level > 1 and not self.number:
            raise InquestError(
                f"report chapter `{self.name}`",
                f"section {title!r} comes before any chapter(…)",
                "chapter(…) opens it",
            )
        anchor = (
            id or f"{self.name}-{re.sub(r'[^a-z0-9]+', '-', Markup(title).striptags().lower()).strip('-')}"
        )
        word = "Appendix" if self.appendix and level == 1 else "Section"
        self.build.label(
            "section", self.name, anchor, anchor, f"{word}\u00a0{number}" if number else str(title)
        )
        self.build.headings.append(Heading(level, number, escape(title), anchor))
        shown = f"{word} {number}" if word == "Appendix" else number
        number_html = Markup('<span class="number">{}</span> ').format(shown) if number else Markup("")
        return Markup('<h{0} id="{1}">{2}{3}</h{0}>').format(level + 1, anchor, number_html, title)

    def figure(self, name: str, caption: str, alt: str, id: str | None = None, width: str = "full") -> Markup:
        """Return a numbered figure from `figures/<name>.svg`.

        Parameters
        ----------
        name : str
            The file's name without its ending; also what `figref` finds it by, unless `id` is given.
        caption, alt : str
            What it shows and says; the alt text is for those who can't see it.
        width : str
            ``full`` is the text's width with the caption beside it, ``wide`` the text and the margin,
            ``column`` a small figure with its caption beside it.

        Raises
        ------
        InquestError
            If the file is missing, the width unknown, or the alt text empty.
        """
        if width not in WIDTHS:
            raise InquestError(
                f"figure `{name}`",
                f"unknown width {width!r}{nearest(width, WIDTHS)}",
                f"allowed: {listing(WIDTHS)}",
            )
        if not str(alt).strip():
            raise InquestError(
                f"figure `{name}` of chapter `{self.name}`",
                "its alt text is empty",
                "say in words what it shows",
            )
        path = self.folder / "figures" / f"{name}.svg"
        if not path.is_file():
            raise InquestError(
                f"figure `{name}` of chapter `{self.name}`",
                f"there is no {path}",
                self._there("figures", "svg"),
            )
        number = self.build.next("figure")
        anchor = f"fig-{self.name}-{id or name}"
        self.build.label("figure", self.name, id or name, anchor, f"Figure\u00a0{number}")
        data = base64.b64encode(path.read_bytes()).decode()
        return Markup(
            '<figure id="{}" class="{}"><img alt="{}" src="data:image/svg+xml;base64,{}">'
            '<figcaption><span class="label">Figure\u00a0{}</span> {}</figcaption></figure>'
        ).format(anchor, width, Markup(alt).striptags(), data, number, caption)

    def table(
        self,
        data: pd.DataFrame | Sequence[Mapping[str, Any]] | str,
        caption: str,
        columns: Sequence[Column | Mapping[str, Any] | str] | None = None,
        id: str | None = None,
        note: str | None = None,
        most: int | None = None,
    ) -> Markup:
        """Return a numbered table.

        Parameters
        ----------
        data : DataFrame, list of mappings, or str
            The rows; a text is the name of `tables/<name>.parquet`, and then what `tabref` finds it by.
        columns : list, optional
            Columns as `Column` or as its options; every one of the frame, if not given.
        note : str, optional
            A line below the table.
        most : int, optional
            How many rows to show; a line below says how many are left out.
        """
        name = id or (data if isinstance(data, str) else None)
        frame = self.read_table(data) if isinstance(data, str) else _frame(data)
        number = self.build.next("table")
        anchor = f"tab-{self.name}-{name or number}"
        if name:
            self.build.label("table", self.name, name, anchor, f"Table\u00a0{number}")
        notes = [escape(note)] if note else []
        if most is not None and len(frame) > most:
            notes.append(escape(f"{text.plural(len(frame) - most, 'more row')} left out."))
            frame = frame.head(most)
        chosen = columns_of(frame, columns) if len(frame.columns) else [Column("")]
        head = Markup('<span class="label">Table\u00a0{}</span> {}').format(number, caption)
        below = Markup('<p class="below">{}</p>').format(Markup(" ").join(notes)) if notes else ""
        kind = "short" if len(frame) <= SHORT_TABLE else "long"
        # Where it is wider than the screen it scrolls, for those without a mouse, too.
        scrolls = Markup('tabindex="0" role="group" aria-label="Table\u00a0{}"').format(number)
        return Markup('<div id="{}" class="table {}" {}>{}{}</div>').format(
            anchor, kind, scrolls, table_html(frame, chosen, head), below
        )

    def read_table(self, name: str) -> pd.DataFrame:
        """Return `tables/<name>.parquet` of this chapter."""
        path = self.folder / "tables" / f"{name}.parquet"
        if not path.is_file():
            raise InquestError(
                f"table `{name}` of chapter `{self.name}`",
                f"there is no {path}",
                self._there("tables", "parquet"),
            )
        return artefacts.read_table(path)

    def _there(self, folder: str, ending: str) -> str:
        names = sorted(path.stem for path in (self.folder / folder).glob(f"*.{ending}"))
        return f"there are: {listing(names)}" if names else "there is none at all"

    def figref(self, id: str) -> Markup:
        """Return a link such as *Figure 3*; the figure may come later, or in another chapter."""
        return self.build.reference("figure", self.name, id)

    def tabref(self, id: str) -> Markup:
        """Return a link such as *Table 2*."""
        return self.build.reference("table", self.name, id)

    def secref(self, id: str) -> Markup:
        """Return a link such as *Section 3.1* or *Appendix B*."""
        return self.build.reference("section", self.name, id)


def _frame(data: pd.DataFrame | Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows as a data frame in which what is escaped already, as a macro's result is, stays so."""
    frame = pd.DataFrame(data)
    if not isinstance(data, pd.DataFrame):
        for name in frame.columns:
            if any(isinstance(row.get(name), Markup) for row in data):
                frame[name] = pd.Series([row.get(name) for row in data], dtype=object)
    return frame


def _block(kind: str) -> Callable[..., Markup]:
    def block(content: str | None = None, caller: Callable[[], str] | None = None) -> Markup:
        inner = escape(caller().strip() if caller else content)
        inner = inner if "<p>" in inner else Markup("<p>{}</p>").format(inner)
        return Markup('<div class="{}">{}</div>').format(kind, inner)

    return block
