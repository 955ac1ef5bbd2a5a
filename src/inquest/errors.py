"""The one error that people are meant to read."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable

LONGEST = 2000  # characters of a line: what people write by mistake may be of any length


class InquestError(Exception):
    """Bad input, said in one line: where it is, what was found, what is allowed.

    Parameters
    ----------
    where : str
        The config key, or the file (and row), that is at fault.
    found : str
        What stands there.
    allowed : str
        What may stand there, or what to do about it.
    """

    def __init__(self, where: str, found: str, allowed: str):
        self.where, self.found, self.allowed = where, found, allowed
        text = one_line(f"{where}: {found}; {allowed}")
        super().__init__(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")

    def __reduce__(self):
        return type(self), (self.where, self.found, self.allowed)


class DamagedError(InquestError, ValueError):
    """A result that can't be read: it was cut short, or it is another file's content.

    Parameters
    ----------
    path : path
    found : str
    """

    def __init__(self, path: str | os.PathLike[str], found: str):
        self.path = path
        super().__init__(os.fspath(path), found, "a whole file is needed")

    def __reduce__(self):
        return type(self), (self.path, self.found)


def one_line(text: str) -> str:
    """Return the text with a space for all white space, and nothing in it that a terminal would obey."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(text.split()))


def nearest(word: str, words: Iterable[str]) -> str:
    """Return `` (did you mean `x`?)`` for the nearest of ``words``, or an empty string."""
    close = difflib.get_close_matches(str(word)[:200], [str(w) for w in words], n=1, cutoff=0.5)
    return f" (did you mean `{close[0]}`?)" if close else ""


def listing(words: Iterable[object], most: int = 12) -> str:
    """Return the words as a comma-separated list, cut after ``most`` of them."""
    words = [str(w) for w in words]
    cut = f", … ({len(words)} in all)" if len(words) > most else ""
    return ", ".join(words[:most]) + cut
