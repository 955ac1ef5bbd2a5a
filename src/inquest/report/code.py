"""The code that a document's chapters ran, highlighted, for its appendix."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from inquest.report.definitions import Definition, called

Place = tuple[str, str]
"""File and name of a definition."""


@dataclass(frozen=True)
class Piece:
    """Code from one file."""

    file: str
    code: Markup


@dataclass(frozen=True)
class RuleCode:
    """A rule: its script, and what that runs of the library and no rule before it has run."""

    rule: str
    what: str
    """The first line of what the script says of itself."""
    script: Piece
    library: tuple[Piece, ...]
    before: tuple[Place, ...]
    """What it runs that is shown with a rule before it."""
    answers: tuple[Mapping[str, Any], ...]
    """The marks of the rubric that name the rule."""


@dataclass(frozen=True)
class ChapterCode:
    """A chapter's rules, and the library functions that are named and not shown, by file."""

    chapter: str
    rules: tuple[RuleCode, ...]
    named: tuple[tuple[str, tuple[str, ...]], ...]


def chapters_code(
    ran: Sequence[tuple[str, str, str]], base: str | Path, marks: Iterable[Mapping[str, Any]] = ()
) -> list[ChapterCode]:
    """Return the code of each chapter, in order; a definition is shown with the first rule that runs it.

    Parameters
    ----------
    ran : sequence of (chapter, rule, script)
        The rules in the order in which they are shown; scripts by their path below `base`.
    base : path
        The folder of the workflow.
    marks : iterable of mapping
        What `inquest.report.rubric.mark` returns.
    """
    shown: dict[Place, Definition] = {}
    left: dict[str, set[Place]] = {}
    chapters: dict[str, list[RuleCode]] = {}
    for chapter, rule, script in ran:
        text = Path(base, script).read_text(encoding="utf-8")
        found = called(Path(base, script))
        new = [one for one in found.shown if (one.module, one.name) not in shown]
        before = tuple((one.module, one.name) for one in found.shown if (one.module, one.name) in shown)
        shown |= {(one.module, one.name): one for one in new}
        left.setdefault(chapter, set()).update(found.named)
        said = (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0]
        answers = tuple(mark for mark in marks if rule in mark["rules"])
        chapters.setdefault(chapter, []).append(
            RuleCode(rule, said, Piece(script, highlight(text)), _pieces(new), before, answers)
        )
    return [
        ChapterCode(chapter, tuple(rules), _by_file(left[chapter] - set(shown)))
        for chapter, rules in chapters.items()
    ]


def _pieces(definitions: Iterable[Definition]) -> tuple[Piece, ...]:
    """Return the definitions of each file as one text; a statement that defines several names stands once."""
    return tuple(
        Piece(f"src/inquest/{module}", highlight("\n\n".join(dict.fromkeys(one.source for one in ones))))
        for module, ones in itertools.groupby(sorted(definitions), key=lambda one: one.module)
    )


def _by_file(places: Iterable[Place]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    grouped = itertools.groupby(sorted(places), key=lambda place: place[0])
    return tuple((f"src/inquest/{module}", tuple(name for _, name in group)) for module, group in grouped)


def highlight(text: str) -> Markup:
    """Return Python as HTML: keywords, texts, comments and names that are defined are marked.

    Fewer elements than Pygments' own formatter makes: each one costs time and bytes in a tagged PDF.
    """
    from pygments.lexers import PythonLexer
    from pygments.token import Token

    kinds = {
        Token.Comment: "c",
        Token.Literal.String: "s",
        Token.Keyword: "k",
        Token.Operator.Word: "k",
        Token.Name.Function: "d",
        Token.Name.Class: "d",
    }
    tokens = (
        (next((kind for above, kind in kinds.items() if token in above), ""), value)
        for token, value in PythonLexer(stripnl=False).get_tokens(text.strip("\n"))
    )
    html = Markup("")
    for kind, group in itertools.groupby(tokens, key=lambda token: token[0]):
        value = "".join(value for _, value in group)
        html += Markup('<span class="{}">{}</span>').format(kind, value) if kind else escape(value)
    return Markup(html.rstrip("\n"))
