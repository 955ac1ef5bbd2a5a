"""Numbers and texts as a report writes them."""

import math

import numpy as np
import pandas as pd
import pytest
from markupsafe import Markup

from inquest.errors import InquestError
from inquest.report import text


@pytest.mark.parametrize(
    ("value", "digits", "written"),
    [
        (0.85349, 3, "0.853"),
        (-0.0125, 2, "−0.01"),
        (-0.00004, 3, "0.000"),
        (1234567.891, 1, "1,234,567.9"),
        (np.float32(0.5), 2, "0.50"),
        (None, 3, "–"),
        (math.nan, 3, "–"),
        (-math.inf, 3, "–"),
        (pd.NA, 3, "–"),
    ],
)
def test_number(value, digits, written):
    assert text.number(value, digits) == written


@pytest.mark.parametrize(("value", "written"), [(0.0125, "+0.013"), (-0.003, "−0.003"), (-0.0001, "0.000")])
def test_signed_shows_the_sign_of_what_is_shown(value, written):
    assert text.signed(value) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.00049712, "0.000497"),
        (0.0005, "0.000500"),
        (-12.345, "−12.3"),
        (98765, "98,765"),
        (0, "0"),
        (None, "–"),
    ],
)
def test_significant(value, written):
    assert text.significant(value) == written


def test_percent_and_count():
    assert text.percent(0.8534) == "85.3%"
    assert text.percent(-0.5, 0) == "−50%"
    assert text.percent(None) == "–"
    assert text.count(32561) == "32,561"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0 s"),
        (0.00042, "0.42 ms"),
        (0.0042, "4.2 ms"),
        (0.099, "99 ms"),
        (0.0996, "0.10 s"),
        (0.42, "0.42 s"),
        (9.96, "10 s"),
        (42.3, "42 s"),
        (59.6, "1 min"),
        (200, "3 min 20 s"),
        (3599.6, "1 h"),
        (7500, "2 h 5 min"),
        (None, "–"),
    ],
)
def test_seconds(value, written):
    assert text.seconds(value).replace("\u00a0", " ") == written


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (2.8e-10, "2.8\u00a0×\u00a010<sup>−10</sup>"),
        (1e-9, "10<sup>−9</sup>"),
        (-3.14e12, "−3.1\u00a0×\u00a010<sup>12</sup>"),
        (9.99e-6, "10<sup>−5</sup>"),
        (0.0, "0"),
        (math.nan, "–"),
    ],
)
def test_tiny(value, written):
    assert text.tiny(value) == written


def test_interval():
    assert text.interval((0.8461, 0.8609)) == "0.846 to 0.861"
    assert text.interval({"low": -0.001, "high": 0.002, "value": 0.0}, 4) == "−0.0010 to 0.0020"
    assert text.interval(None) == text.interval((None, 1.0)) == "–"


def test_plural():
    assert text.plural(1, "row") == "1\u00a0row"
    assert text.plural(8000, "row") == "8,000\u00a0rows"
    assert text.plural(2, "category", "categories") == "2\u00a0categories"


def test_a_text_is_no_number():
    with pytest.raises(InquestError, match="found 'many'"):
        text.number("many")


def test_as_text():
    assert text.as_text(True) == "yes"
    assert text.as_text(10000) == "10,000"
    assert text.as_text(None) == text.as_text("") == text.as_text(math.nan) == text.as_text([]) == "–"
    assert text.as_text(-2.776e-17) == "−2.776×10⁻¹⁷"
    assert text.as_text(["<b>", 1]) == "&lt;b&gt;, 1"
    assert text.as_text(Markup("<b>")) == "<b>"


def test_markdown_shows_html_and_keeps_below_sections():
    html = text.markdown("# Head\n\n*x* <script>1</script> [a](javascript:b) ![c](https://d/e.png)")
    assert "<h4>Head</h4>" in html
    assert "<em>x</em>" in html
    assert "<script" not in html and "&lt;script&gt;" in html
    assert "<img" not in html and 'href="javascript' not in html
