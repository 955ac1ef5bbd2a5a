"""Where each mark is earned: a rubric binds each mark to a section of the document and to checks of facts.

A rubric is a YAML file::

    title: Data influence
    marks:
      - what: Accuracy without each of at least 10 rows
        marks: 2
        chapter: influence
        section: sec-loo-values
        rules: [leave_one_out]
        all:
          - {fact: influence.points.count, at_least: 10, says: rows left out}
          - {count: influence.groups.names, equals: {count: config.influence.groups}}
      - what: Half of the rows left out
        marks: 1
        bonus: true
        chapter: influence
        section: sec-groups-size

A check names its subject, `fact` (a value) or `count` (how many items a list or mapping has), by a dotted
path, and one or more of the tests in `TESTS`; a test's operand is a value, or `{fact: …}` or `{count: …}` for
another fact. A path starts with a chapter, or with `config`, `document`, or `timings` and a chapter. Bonus
marks are counted apart from the others. `rules` names the rules of the workflow whose code answers that part
of the assignment, for the appendix with the code. Nothing in a rubric is run as code.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inquest.artefacts import plain
from inquest.errors import InquestError, listing, nearest
from inquest.report.text import as_text
from inquest.sections import read_yaml

_MISSING = object()


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _at_least(value: Any, operand: Any) -> bool:
    return _is_number(value) and _is_number(operand) and value >= operand


def _at_most(value: Any, operand: Any) -> bool:
    return _is_number(value) and _is_number(operand) and value <= operand


TESTS: dict[str, tuple[Callable[[Any, Any], bool], str]] = {
    "exists": (lambda value, operand: (value is not None) == operand, "given"),
    "filled": (lambda value, operand: bool(value is not None and str(value).strip()) == operand, "filled in"),
    "equals": (lambda value, operand: value == operand, "equal to"),
    "at_least": (_at_least, "at least"),
    "at_most": (_at_most, "at most"),
}
_SUBJECTS = ("fact", "count")


@dataclass(frozen=True)
class Check:
    """A test of one fact."""

    subject: str
    path: str
    tests: tuple[tuple[str, Any], ...]
    says: str

    def run(self, facts: Mapping[str, Any]) -> tuple[bool, str]:
        """Return whether the fact passes, and what to say of it."""
        value = _look_up(facts, self.subject, self.path)
        shown = f"{self.says}: {_shown(value)}"
        for name, operand in self.tests:
            test, words = TESTS[name]
            if isinstance(operand, Mapping):
                subject, path = next(iter(operand.items()))
                operand = _look_up(facts, subject, path)
            if operand is _MISSING or not test(None if value is _MISSING else value, operand):
                asked = (
                    words if isinstance(operand, bool) and name != "equals" else f"{words} {_shown(operand)}"
                )
                return (
                    False,
                    f"{shown} (asked: {'not ' if operand is False and name != 'equals' else ''}{asked})",
                )
        return True, shown


@dataclass(frozen=True)
class Mark:
    """Something that earns marks: where it is in the document, and what shows that it was done."""

    what: str
    marks: int | float
    chapter: str
    section: str
    checks: tuple[Check, ...]
    bonus: bool = False
    rules: tuple[str, ...] = ()
    """The rules whose code answers this part of the assignment."""


@dataclass(frozen=True)
class Rubric:
    """All that a document can earn marks for."""

    title: str
    marks: tuple[Mark, ...]

    @property
    def total(self) -> int | float:
        """All marks but the bonus marks."""
        return sum(mark.marks for mark in self.marks if not mark.bonus)

    @property
    def bonus(self) -> int | float:
        """All bonus marks; 0 if there are none."""
        return sum(mark.marks for mark in self.marks if mark.bonus)


def read_rubric(path: str | Path) -> Rubric:
    """Return the rubric of a YAML file.

    Raises
    ------
    InquestError
        One line: which mark, what was found, what is allowed.
    """
    path = Path(path)
    content = read_yaml(path, "a YAML file with `title` and `marks`")
    where = path.name
    _keys(where, content, ("title", "marks"), ("title", "marks"))
    if not isinstance(content["marks"], list) or not content["marks"]:
        raise InquestError(where, "`marks` is no list", "at least one mark is needed")
    return Rubric(
        str(content["title"]),
        tuple(_mark(f"{where}, mark {i}", m) for i, m in enumerate(content["marks"], 1)),
    )


def mark(rubric: Rubric, facts: Mapping[str, Any], sections: Collection[str]) -> list[dict[str, Any]]:
    """Return for each mark whether the document earns it.

    Parameters
    ----------
    rubric : Rubric
    facts : mapping
        Each chapter's facts by its name, the study's config as `config`, what is known of the document
        itself as `document`, and the chapters' times, which no rerun reproduces, as `timings`.
    sections : collection of str
        The ids of the document's sections.

    Returns
    -------
    list of dict
        what, marks, bonus, section (None if the document lacks it), rules, met, why (list of str).
    """
    rows = []
    for one in rubric.marks:
        there = one.section in sections
        results = [check.run(facts) for check in one.checks] if one.chapter in facts else []
        met = there and one.chapter in facts and all(passed for passed, _ in results)
        if one.chapter not in facts:
            why = [f"the document has no chapter {one.chapter}"]
        elif not there:
            why = [f"the document has no section {one.section}"]
        else:
            why = [said for passed, said in results if passed or not met]
        rows.append(
            {
                "what": one.what,
                "marks": one.marks,
                "bonus": one.bonus,
                "section": one.section if there else None,
                "rules": list(one.rules),
                "met": met,
                "why": why,
            }
        )
    return rows


def _mark(where: str, content: Any) -> Mark:
    _keys(
        where,
        content,
        ("what", "marks", "bonus", "chapter", "section", "rules", "all"),
        ("what", "marks", "chapter", "section"),
    )
    if not _is_number(content["marks"]) or content["marks"] <= 0:
        raise InquestError(f"{where}, `marks`", f"found {content['marks']!r}", "a number above 0 is allowed")
    bonus = content.get("bonus", False)
    if not isinstance(bonus, bool):
        raise InquestError(f"{where}, `bonus`", f"found {bonus!r}", "true or false is allowed")
    checks = content.get("all", [])
    if not isinstance(checks, list):
        raise InquestError(f"{where}, `all`", f"found {type(checks).__name__}", "a list of checks is allowed")
    rules = content.get("rules", [])
    if not isinstance(rules, list) or not all(isinstance(rule, str) for rule in rules):
        raise InquestError(f"{where}, `rules`", f"found {rules!r}", "a list of rules is allowed")
    return Mark(
        str(content["what"]),
        content["marks"],
        str(content["chapter"]),
        str(content["section"]),
        tuple(_check(f"{where}, check {i}", check) for i, check in enumerate(checks, 1)),
        bonus,
        tuple(rules),
    )


def _check(where: str, content: Any) -> Check:
    _keys(where, content, (*_SUBJECTS, *TESTS, "says"), ())
    subjects = [name for name in _SUBJECTS if name in content]
    tests = tuple((name, content[name]) for name in TESTS if name in content)
    if len(subjects) != 1 or not tests:
        raise InquestError(
            where,
            f"found {listing(content)}",
            f"one of {listing(_SUBJECTS)} and one of {listing(TESTS)} are needed",
        )
    for name, operand in tests:
        if name in ("exists", "filled") and not isinstance(operand, bool):
            raise InquestError(f"{where}, `{name}`", f"found {operand!r}", "true or false is allowed")
        if isinstance(operand, Mapping) and (len(operand) != 1 or next(iter(operand)) not in _SUBJECTS):
            raise InquestError(
                f"{where}, `{name}`", f"found {operand!r}", "a value, {fact: …} or {count: …} is allowed"
            )
    path = str(content[subjects[0]])
    return Check(subjects[0], path, tests, str(content.get("says", path)))


def _keys(where: str, content: Any, allowed: Collection[str], needed: Collection[str]) -> None:
    if not isinstance(content, Mapping):
        raise InquestError(
            where,
            f"found {type(content).__name__}",
            f"a mapping with {listing(needed or allowed)} is allowed",
        )
    for key in content:
        if key not in allowed:
            raise InquestError(
                where, f"unknown key {key!r}{nearest(key, allowed)}", f"allowed: {listing(allowed)}"
            )
    for key in needed:
        if key not in content:
            raise InquestError(where, f"`{key}` is missing", f"needed: {listing(needed)}")


def _look_up(facts: Any, subject: str, path: str) -> Any:
    """Return the value at a dotted path (or how many items it has), or `_MISSING`."""
    value = facts
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return _MISSING
    if subject == "count":
        return len(value) if isinstance(value, (list, Mapping)) else _MISSING
    return plain(value)


def _shown(value: Any) -> str:
    if value is _MISSING or value is None:
        return "missing"
    if isinstance(value, (list, Mapping)):
        return f"{len(value)} items"
    words = str(as_text(value).unescape())
    return f"“{textwrap.shorten(words, 60, placeholder='…')}”" if isinstance(value, str) else words
