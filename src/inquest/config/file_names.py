"""The names of files that are handed in: a pattern such as `{course}-{last}.pdf`, filled and made safe."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Iterator, Mapping

from inquest.errors import listing, nearest
from inquest.sections import Mistake, shown

FIELDS = ("course", "assignment", "title", "date", "study", "document", "first", "last", "names")
LONGEST_FIELD = 60
"""Characters of a field; the rest of a longer one, such as a title, is cut."""
LONGEST_NAME = 180
"""Bytes of a name: file systems allow 255, and a name is longer while its file is written."""

_FIELD = re.compile(r"\{([^{}]*)\}")
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # by Windows
_OMITTED = "'’ʼ`\""  # O'Brien is OBrien
_KEPT = "-_.+"


@contextlib.contextmanager
def below(key: str) -> Iterator[None]:
    """Say of a mistake in the block that it is the one of a key."""
    try:
        yield
    except Mistake as mistake:
        raise Mistake(key, mistake.found, mistake.allowed) from None


def check_pattern(pattern: str, ending: str) -> None:
    """Raise `Mistake` for a pattern that has an unknown field, names a folder, or ends in another way."""
    for name in _FIELD.findall(pattern):
        if name not in FIELDS:
            raise Mistake(
                "", f"unknown field {shown(name)}{nearest(name, FIELDS)}", f"allowed: {listing(FIELDS)}"
            )
    literal = _FIELD.sub("", pattern)
    if re.search(r"[{}]", literal):
        raise Mistake("", f"a brace in {shown(pattern)} has no other", "braces stand around a field: {last}")
    if re.search(r"[/\\]", literal) or not literal.isprintable():
        raise Mistake("", f"found {shown(pattern)}", "the name of a file is allowed, without its folder")
    if not pattern.lower().endswith(ending) or len(pattern) == len(ending):
        raise Mistake("", f"found {shown(pattern)}", f"a name that ends in {ending} is allowed")


def fill(pattern: str, fields: Mapping[str, str], ending: str) -> str:
    """Return the name that a pattern gives.

    Letters and digits of any script are kept, and `-_.+`; spaces and other signs turn into `_`, emoji and
    control characters are left out. A person of one name has no `first`: it is left out, with what stands
    between it and the next part.

    Parameters
    ----------
    pattern : str
        As `check_pattern` allows it.
    fields : mapping
        A text for each of `FIELDS`.
    ending : str
        Such as `.pdf`.

    Raises
    ------
    Mistake
        If a field has nothing to stand for it, or no file system that people use would take the name.
    """
    stem = pattern[: -len(ending)]
    if not fields["first"] and fields["last"]:
        stem = re.sub(r"\{first\}[-_. +]*", "", stem)

    def put(match: re.Match[str]) -> str:
        name, said = match[1], fields[match[1]]
        key = "authors" if name in ("first", "last", "names") else name
        if not said.strip():
            raise Mistake("", f"there is nothing for {{{name}}}", f"fill in `{key}`, or leave the field out")
        safe = _safe(said)[:LONGEST_FIELD].strip("_.-")
        if not safe:
            raise Mistake("", f"{{{name}}} is {shown(said)}", "a letter or a digit is needed")
        return safe

    parts = _FIELD.split(stem)  # what stands between the fields, and their names, in turn
    filled = "".join(
        put(_FIELD.fullmatch(f"{{{part}}}")) if i % 2 else _safe(part) for i, part in enumerate(parts)
    )
    filled = re.sub(r"\.{2,}", ".", filled).lstrip("_.-").rstrip("_.-")
    name = filled + ending
    if not filled or _RESERVED.fullmatch(name):
        raise Mistake(
            "", f"the name would be {shown(name)}", "a name that every file system takes is allowed"
        )
    if len(name.encode()) > LONGEST_NAME:
        raise Mistake(
            "", f"the name would have {len(name.encode())} bytes", f"up to {LONGEST_NAME} are allowed"
        )
    return name


def _safe(text: str) -> str:
    """Return a text with nothing in it that a file system, a shell or an archive might take for more."""
    safe, after_letter = "", False
    for character in unicodedata.normalize("NFC", text):
        kind = unicodedata.category(character)[0]
        letter = kind in "LN" or (kind == "M" and after_letter)
        if letter or character in _KEPT:
            safe += character
        elif (character.isspace() or kind in "PZ") and character not in _OMITTED:
            safe += "_"
        after_letter = letter
    return re.sub(r"_{2,}", "_", safe)
