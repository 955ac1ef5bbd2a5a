"""How numbers and texts are written in a report: one place, so that every chapter writes them alike."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup, escape

from inquest.artefacts import plain
from inquest.errors import InquestError

DASH = "–"
"""What stands where a value is missing."""
MINUS = "−"
_CITATION = re.compile(r"\[(@[^\[\]]+)\](?![(\[])")
"""Not the text of a link."""
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _finite(value: Any) -> float | None:
    """Return the value as a float, or None if it is missing."""
    if is_missing(value):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise InquestError(
            "a number in a report", f"found {value!r}", "a number or a missing value is allowed"
        ) from None
    return found if math.isfinite(found) else None


def number(value: Any, digits: int = 3, sign: bool = False) -> str:
    """Return a number with so many decimals, a true minus sign and commas between thousands.

    A missing value is an en dash; what rounds to zero has no sign. With ``sign``, positive numbers have
    a plus.
    """
    value = _finite(value)
    if value is None:
        return DASH
    text = f"{abs(value):,.{digits}f}"
    if not any(c in "123456789" for c in text):
        return text
    return (MINUS if value < 0 else "+" if sign else "") + text


def significant(value: Any, digits: int = 3) -> str:
    """Return a number with so many significant digits, or with all those before the point: ``0.000497``."""
    value = _finite(value)
    if not value:
        return number(value, 0)
    return number(value, max(0, digits - 1 - math.floor(math.log10(abs(value)))))


def in_units(value: Any, power: int) -> float | None:
    """Return a number in units of ten to a power; a missing value is None."""
    value = _finite(value)
    return None if value is None else value / 10.0**power


def superscript(power: int) -> str:
    """Return a whole number as an exponent: ``⁻⁴``."""
    return str(power).translate(_SUPERSCRIPT)


def signed(value: Any, digits: int = 3) -> str:
    """Return a number that shows its sign: ``+0.012``, ``−0.003``, ``0.000``."""
    return number(value, digits, sign=True)


def percent(value: Any, digits: int = 1) -> str:
    """Return a share as a percentage: 0.853 is ``85.3%``."""
    value = _finite(value)
    return DASH if value is None else f"{number(100 * value, digits)}%"


def count(value: Any) -> str:
    """Return a whole number with commas between thousands."""
    return number(value, 0)


def tiny(value: Any, sign: bool = False) -> Markup:
    """Return a number with two digits and its power of ten, ``2.8 × 10⁻¹⁰``; a power of ten stands alone."""
    value = _finite(value)
    if value is None or value == 0:
        return Markup(DASH if value is None else "0")
    digits, _, power = f"{abs(value):.1e}".partition("e")
    exponent = number(int(power), 0)
    front = MINUS if value < 0 else "+" if sign else ""
    times = "" if digits == "1.0" else f"{digits}\u00a0×\u00a0"
    return Markup(f"{front}{times}10<sup>{exponent}</sup>")


def seconds(value: Any) -> str:
    """Return a duration as people say it: ``4.2 ms``, ``0.42 s``, ``3 min 20 s``, ``2 h 5 min``."""
    value = _finite(value)
    if value is None:
        return DASH
    if value == 0:
        return "0\u00a0s"
    if value < 0.0995:
        return f"{_two_digits(value * 1000)}\u00a0ms"
    if value < 59.5:
        return f"{_two_digits(value)}\u00a0s"
    if round(value) < 3600:
        return _parts(round(value), 60, "min", "s")
    return _parts(round(value / 60), 60, "h", "min")


def _two_digits(value: float) -> str:
    """Return a positive number with two significant digits, or with all those before the point."""
    value = float(f"{value:.1e}")
    return f"{value:.{max(0, 1 - math.floor(math.log10(value)))}f}"


def _parts(value: int, base: int, large: str, small: str) -> str:
    rest = f" {value % base}\u00a0{small}" if value % base else ""
    return f"{value // base:,}\u00a0{large}{rest}"


def interval(bounds: Any, digits: int = 3) -> str:
    """Return an interval in words, ``0.846 to 0.861``, from a pair or a mapping with `low` and `high`."""
    if bounds is None:
        return DASH
    low, high = (bounds["low"], bounds["high"]) if isinstance(bounds, Mapping) else bounds
    if _finite(low) is None or _finite(high) is None:
        return DASH
    return f"{number(low, digits)} to {number(high, digits)}"


def plural(amount: Any, one: str, many: str | None = None) -> str:
    """Return an amount and its noun: ``1 row``, ``8,000 rows``."""
    return f"{count(amount)}\u00a0{one if amount == 1 else many or one + 's'}"


def markdown(text: str, cite: Callable[..., Markup] | None = None) -> Markup:
    """Return Markdown as HTML. HTML in it is shown, not run; headings go below a section; no pictures.

    With ``cite``, which is given keys and returns HTML, ``[@key, p. 3; @other]`` is a citation.
    """
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "typographer": True})
    parser.enable(["table", "strikethrough", "smartquotes", "replacements"]).disable("image")
    if cite is not None:
        parser.inline.ruler.before("link", "citation", _citation)
        parser.add_render_rule("citation", lambda self, tokens, i, *_: str(cite(*tokens[i].meta["keys"])))
    tokens = parser.parse(str(text))
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 3)}"
    return Markup(parser.renderer.render(tokens, parser.options, {}))


def _citation(state: Any, silent: bool) -> bool:
    """Take ``[@key; @other]`` for a citation: a rule of markdown-it, so not in code or after a backslash."""
    found = _CITATION.match(state.src, state.pos)
    if not found:
        return False
    if not silent:
        token = state.push("citation", "", 0)
        token.meta = {"keys": [key.strip().removeprefix("@") for key in found[1].split(";")]}
    state.pos = found.end()
    return True


def is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN, infinite or an empty text."""
    value = plain(value)
    return value is None or value == ""


def as_text(value: Any) -> Markup:
    """Return anything as it stands in a table: yes and no, commas, an en dash for nothing."""
    if isinstance(value, Markup):
        return value
    value = plain(value)
    if is_missing(value):
        return Markup(DASH)
    if isinstance(value, bool):
        return Markup("yes" if value else "no")
    if isinstance(value, int):
        return Markup(count(value))
    if isinstance(value, float):
        return Markup(_scientific(f"{value:,.4g}"))
    if isinstance(value, list):
        return Markup(", ").join(as_text(item) for item in value) if value else Markup(DASH)
    return escape(value)


def _scientific(digits: str) -> str:
    """Return digits as they are printed: ``-2.8e-17`` is ``−2.8×10⁻¹⁷``."""
    mantissa, _, exponent = digits.partition("e")
    power = f"×10{superscript(int(exponent))}" if exponent else ""
    return mantissa.replace("-", MINUS) + power


FILTERS = {
    "number": number,
    "signed": signed,
    "significant": significant,
    "percent": percent,
    "count": count,
    "seconds": seconds,
    "tiny": tiny,
    "interval": interval,
    "markdown": markdown,
}
