"""The one error that people are meant to read."""

from __future__ import annotations

import copy
import pickle

from hypothesis import given, settings
from hypothesis import strategies as st

from inquest.errors import InquestError, listing, nearest, one_line


def test_an_error_says_where_what_and_what_instead():
    error = InquestError("t.csv, line 3", "3 cells", "2 are allowed")
    assert str(error) == "t.csv, line 3: 3 cells; 2 are allowed"
    assert (error.where, error.found, error.allowed) == ("t.csv, line 3", "3 cells", "2 are allowed")


def test_an_error_crosses_processes():
    error = InquestError("a", "b", "c")
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (type(other), str(other), other.allowed) == (InquestError, "a: b; c", "c")


@settings(deadline=None)
@given(st.text())
def test_any_text_becomes_one_printable_line(text):
    line = one_line(text)
    assert line.isprintable()
    assert len(line.splitlines()) <= 1
    assert one_line(line) == line


def test_one_line_by_hand():
    assert one_line(" a\n\tb\x0c\u2028c \x1b[31md\x07\ud800 ") == "a b c \ufffd[31md\ufffd\ufffd"
    assert one_line("größe → 日本") == "größe → 日本"


def test_the_nearest_word_is_suggested():
    assert nearest("lable", ["study", "label"]) == " (did you mean `label`?)"
    assert nearest(7, ["x", "y"]) == ""
    assert nearest("x", []) == ""


def test_long_lists_are_cut():
    assert listing([1, "b", None]) == "1, b, None"
    assert listing(range(15), most=3) == "0, 1, 2, … (15 in all)"
    assert listing([]) == ""
