"""Formulas as pictures on the text's baseline."""

import base64
import re

import pytest
from matplotlib.font_manager import FontProperties
from matplotlib.mathtext import MathTextParser

from inquest.errors import InquestError
from inquest.report.formulas import formula


def measures(html: str) -> dict[str, float]:
    return {name: float(size) for name, size in re.findall(r"([a-z-]+): (-?[\d.]+)em", html)}


@pytest.mark.parametrize("latex", ["p", r"\frac{1}{y}", "x"])
def test_the_part_below_the_baseline_is_what_mathtext_measures(latex):
    box = MathTextParser("path").parse(
        f"${latex}$", 72, FontProperties(size=100, math_fontfamily="stix")
    )  # an outside oracle: in hundredths of an em
    below = -measures(formula(latex))["vertical-align"] / 1.06 * 100
    assert below == pytest.approx(box.depth + 2, abs=2.5)


def test_a_formula_has_its_latex_as_alt_text():
    html = formula(r"U(S) < \phi_i")
    assert 'alt="U(S) &lt; \\phi_i"' in html
    svg = base64.b64decode(re.search(r"base64,([^\"]+)", html)[1]).decode()
    assert svg.startswith("<svg") and "<path" in svg and "<text" not in svg


def test_display_fractions_are_larger():
    assert formula(r"\frac{1}{n}", display=True).startswith('<div class="display" tabindex="0">')
    assert (
        measures(formula(r"\frac{1}{n}", display=True))["height"]
        > 1.2 * measures(formula(r"\frac{1}{n}"))["height"]
    )


@pytest.mark.parametrize(("latex", "found"), [(r"\frac{1}", "cannot be read"), (r"\,", "it is empty")])
def test_a_formula_that_cannot_be_set_is_told(latex, found):
    with pytest.raises(InquestError, match=found):
        formula(latex)
