"""A document: chapters' templates and results in, one self-contained HTML page out."""

from __future__ import annotations

import datetime
import functools
import html as html_module
import re
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import yaml
from markupsafe import Markup

from inquest.artefacts import plain, read_json
from inquest.errors import InquestError
from inquest.report import rubric as rubrics
from inquest.report import text
from inquest.report.blocks import Build, Chapter
from inquest.report.citations import STYLE, Citations
from inquest.report.code import chapters_code
from inquest.report.fonts import font_faces

_RAW = re.compile(r'(?<=\bmath\()\s*r"([^"]*)"')


class _Environment(jinja2.Environment):
    """Jinja with two amenities for reports.

    ``facts.values`` is the fact of that name, not a dict's method; and ``math(r"\\frac…")`` is LaTeX as
    written, where Jinja would take ``\\f`` for a form feed.
    """

    def preprocess(self, source: str, name: str | None = None, filename: str | None = None) -> str:
        source = super().preprocess(source, name, filename)
        return _RAW.sub(lambda match: '"' + match[1].replace("\\", "\\\\") + '"', source)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, dict) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


class _Dumper(yaml.SafeDumper):
    """YAML that keeps the lines of a text, and needs no line for every number."""

    def represent_str(self, text: str) -> yaml.Node:
        style = "|" if "\n" in text.strip() else None
        return self.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    def represent_mapping(self, *args: Any, **options: Any) -> yaml.Node:
        node = super().represent_mapping(*args, **options)
        return self._flow(node, [part for pair in node.value for part in pair], most=88)

    def represent_sequence(self, *args: Any, **options: Any) -> yaml.Node:
        node = super().represent_sequence(*args, **options)
        return self._flow(node, node.value, most=600)

    @staticmethod
    def _flow(node: yaml.CollectionNode, parts: list[yaml.Node], most: int) -> yaml.Node:
        plain_parts = all(isinstance(part, yaml.ScalarNode) and part.style is None for part in parts)
        node.flow_style = plain_parts and sum(len(part.value) + 2 for part in parts) < most
        return node


_Dumper.add_representer(str, _Dumper.represent_str)


def environment(templates: str | Path) -> jinja2.Environment:
    """Return the Jinja environment: everything escaped, a missing fact is an error."""
    env = _Environment(
        loader=jinja2.FileSystemLoader(templates),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    env.filters.update(text.FILTERS)
    return env


@dataclass(frozen=True)
class Typeset:
    """A document as one HTML page, and the marks that it earns."""

    page: str
    marks: dict[str, Any] | None
    """The rubric's `title`, its `total` and `bonus` marks, and `marks`: what `inquest.report.rubric.mark`
    returns, with the `number` of each section. None without a rubric."""


def render(*arguments: Any, **options: Any) -> str:
    """Return a document as one HTML page that needs no other file: the page of `typeset`."""
    return typeset(*arguments, **options).page


def typeset(
    document: Mapping[str, Any],
    study: Mapping[str, Any],
    chapters: Mapping[str, str | Path],
    templates: str | Path,
    references: str | Path | Sequence[str | Path],
    rubric: str | Path | None,
    provenance: Mapping[str, Any],
    rules: str | Path | None = None,
    ran: Sequence[tuple[str, str, str]] = (),
) -> Typeset:
    """Return a document as one HTML page that needs no other file, with its marks.

    Parameters
    ----------
    document : mapping
        The document's part of the config: title, authors, statements … A rubric sees its `pages`. An author
        is a name, or a mapping with `name`, and maybe `affiliation` and `email`.
    study : mapping
        The config with every default; it is printed in the appendix.
    chapters : mapping
        Each chapter's results folder by its name, in order.
    templates : path
        The folder with `document.html.j2`, `appendix.html.j2`, `style.css`, `chapters/<name>.html.j2`, and
        `chapters/<name>.appendix.html.j2` for what a chapter adds to the appendix.
    references : path, or list of path
        CSL-JSON.
    rubric : path or None
        A rubric for the appendix *Where each mark is earned*.
    provenance : mapping
        What is printed of a run, see `inquest.report.provenance`: `versions`, `hardware`, `commit` (or None),
        `rules` (a list of rule, jobs, seconds, max_rss_mib), `timings` (the times that no rerun reproduces,
        by chapter; a rubric sees them by this name, too) and `of`: whether that is `this` run, a `recorded`
        one, or none (None).
    rules : path, optional
        The folder with the graph of the rules behind it, as the rule `draw_rules` makes it.
    ran : sequence of (str, str, str)
        Chapter, rule and script (by its path beside `templates`) of the code that an appendix is to show.

    Raises
    ------
    InquestError
        If a chapter's template, facts, figure or table is missing, a reference or citation leads nowhere, or
        a template asks for a fact that is not there.
    """
    document = {"assignment": "", "course": "", **document}
    env = environment(templates)
    files = [references] if isinstance(references, (str, Path)) else references
    citations = Citations(*files, style=document.get("citation_style", STYLE))
    env.filters["markdown"] = functools.partial(text.markdown, cite=citations.cite)
    build = Build(citations)
    all_facts = {name: _facts(name, Path(folder)) for name, folder in chapters.items()}
    times = provenance["timings"]

    bodies, spoken, known = [], {}, env.list_templates()
    for name, folder in chapters.items():
        chapter = Chapter(build, name, folder)
        words = {**chapter.words(), "facts": all_facts[name], "all_facts": all_facts, "config": study}
        words["provenance"] = provenance
        words["timings"] = times.get(name, {})
        spoken[name] = words
        bodies.append({"name": name, "html": _fill(env, f"chapters/{name}.html.j2", words)})
        if not chapter.number:
            raise InquestError(f"chapters/{name}.html.j2", "it has no heading", "chapter(…) opens it")

    statements = ""
    texts = [(one["title"], env.filters["markdown"](one["text"])) for one in document.get("statements") or ()]
    if texts:
        statements = Chapter(build, "statements").chapter("Statements", numbered=False)

    before = len(build.headings)
    annexes = [
        _fill(env, page, spoken[name] | Chapter(build, name, folder, appendix=True).words())
        for name, folder in chapters.items()
        if (page := f"chapters/{name}.appendix.html.j2") in known
    ]

    words = {
        **Chapter(build, "appendix", rules, appendix=True).words(),
        "graph": _facts("appendix", Path(rules)) if rules else None,
        "config_yaml": yaml.dump(
            plain(dict(study)),
            Dumper=_Dumper,
            default_flow_style=None,
            sort_keys=False,
            allow_unicode=True,
            width=92,
        ),
        "sources": [source for facts in all_facts.values() for source in facts.get("sources", [])],
        "study": study,
        "provenance": provenance,
        "rubric": None,
    }
    earned = None
    if rubric is not None:
        wanted = rubrics.read_rubric(rubric)
        seen = {
            **all_facts,
            "config": plain(dict(study)),
            "document": {"pages": document.get("pages")},
            "timings": times,
        }
        rows = rubrics.mark(wanted, seen, {h.id for h in build.headings})
        words |= {"rubric": wanted, "marks": rows}
        numbers = {heading.id: heading.number for heading in build.headings}
        rows = [{**row, "number": numbers.get(row["section"])} for row in rows]
        earned = {"title": wanted.title, "total": wanted.total, "bonus": wanted.bonus, "marks": rows}
    appendix = _fill(env, "appendix.html.j2", words)
    if ran:
        appendix += _code(env, build, ran, Path(templates).parent, rows if earned else [])
    bibliography = build.citations.bibliography()
    if bibliography:  # known last, but it stands before the appendix
        heading = Chapter(build, "references").chapter("References", numbered=False)
        build.headings.insert(before, build.headings.pop())

    page = _fill(
        env,
        "document.html.j2",
        {
            "document": {**document, "authors": _people(document), "date": _date(document.get("date"))},
            "study": study,
            "headline": [row for facts in all_facts.values() for row in facts.get("headline", [])],
            "contents": _columns(_outline(build.headings)) if document.get("contents", True) else None,
            "bodies": bodies,
            "statements_heading": statements,
            "statements": texts,
            "references_heading": heading if bibliography else "",
            "bibliography": bibliography,
            "appendix": Markup("\n").join([*annexes, appendix]),
            "css": Markup(Path(templates, "style.css").read_text(encoding="utf-8")),
            "as_text": text.as_text,
        },
    )
    page = citations.resolve(build.resolve(page))
    return Typeset(page.replace("/* fonts */", font_faces(html_module.unescape(page)), 1), earned)


def _people(document: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the authors, each as a mapping."""
    people = [{"name": one} if isinstance(one, str) else one for one in document.get("authors") or ()]
    return [{"affiliation": "", "email": "", **one} for one in people]


def _code(
    env: jinja2.Environment,
    build: Build,
    ran: Sequence[tuple[str, str, str]],
    base: Path,
    marks: list[dict[str, Any]],
) -> Markup:
    """Return the appendix with the code; its parts have the titles of their chapters."""
    titles = {h.id.removeprefix("chapter-"): h.title for h in build.headings if h.level == 1}
    words = {"code": chapters_code(ran, base, marks), "titles": titles}
    return _fill(env, "code.html.j2", words | Chapter(build, "code", appendix=True).words())


def _facts(name: str, folder: Path) -> dict[str, Any]:
    path = folder / "facts.json"
    try:
        return read_json(path)
    except (OSError, ValueError) as error:
        raise InquestError(
            f"chapter `{name}`", f"{path} cannot be read ({error})", "a chapter's results hold its facts"
        ) from None


def _fill(env: jinja2.Environment, template: str, words: Mapping[str, Any]) -> Markup:
    """Return the filled template; what is wrong in it is told with its line."""
    try:
        return Markup(env.get_template(template).render(**words))
    except jinja2.TemplateNotFound as error:
        raise InquestError(
            "the report", f"there is no template {error.name}", "each chapter has one in report/chapters"
        ) from None
    except jinja2.TemplateSyntaxError as error:
        raise InquestError(
            f"{error.name}, line {error.lineno}", str(error.message), "mend the template"
        ) from None
    except jinja2.TemplateError as error:
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename.endswith(".j2")]
        where = f"{template}, line {lines[-1]}" if lines else template
        raise InquestError(where, str(error.message), "the chapter's facts must have it") from None


def _outline(headings: list[Any]) -> list[dict[str, Any]]:
    """Return the chapters with the sections below them."""
    chapters: list[dict[str, Any]] = []
    for heading in headings:
        if heading.level == 1:
            chapters.append({"heading": heading, "sections": []})
        elif heading.level == 2:
            chapters[-1]["sections"].append(heading)
    return chapters


def _columns(chapters: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Return the contents in two columns of about the same length."""
    lengths = [1.3 + len(chapter["sections"]) for chapter in chapters]
    cut = min(range(len(chapters) + 1), key=lambda i: abs(sum(lengths[:i]) - sum(lengths[i:])))
    return [chapters[:cut], chapters[cut:]]


def _date(date: Any) -> str:
    if isinstance(date, datetime.date):
        return f"{date.day} {date:%B %Y}"
    return str(date or "")
