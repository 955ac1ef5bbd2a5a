"""A line is broken once, and where it has to be.

WeasyPrint asks for the same line in every layout, and up to four times in a table. Where it ends depends on
the text, the room and a few properties of the style alone, so that the answers can be kept: a third of a
layout's time would go into them.

Where only the space behind a text does not fit, because an element follows it, WeasyPrint breaks behind the
text's first word. That space would hang beyond the line's end, and so the text is put there whole.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

_PROPERTIES = (
    "direction",
    "font_family",
    "font_feature_settings",
    "font_kerning",
    "font_language_override",
    "font_size",
    "font_stretch",
    "font_style",
    "font_variant_alternates",
    "font_variant_caps",
    "font_variant_east_asian",
    "font_variant_ligatures",
    "font_variant_numeric",
    "font_variant_position",
    "font_variation_settings",
    "font_weight",
    "hyphenate_character",
    "hyphenate_limit_chars",
    "hyphenate_limit_zone",
    "hyphens",
    "lang",
    "letter_spacing",
    "overflow_wrap",
    "tab_size",
    "text_decoration_line",
    "white_space",
    "word_break",
    "word_spacing",
)
"""What WeasyPrint's ``split_first_line``, and what it calls, reads of a style."""


def _split(
    split: Any, text: str, style: Any, context: Any, most: float | None, *rest: Any, **start: bool
) -> tuple[Any, ...]:
    """Return the first line, with a text that fits but for the space behind it as a whole."""
    found = split(text, style, context, most, *rest, **start)
    shown = text.rstrip(" ")
    wraps = most is not None and style["white_space"] in ("normal", "pre-line")
    if wraps and shown and shown != text and found[1] < len(shown.encode()):
        _, _, resume, width, *_ = split(shown, style, context, most, *rest, **start)
        if resume is None and width <= most:
            return split(text, style, context, None, *rest, **start)
    return found


@contextlib.contextmanager
def remembered_lines() -> Iterator[None]:
    """Let WeasyPrint break each line once inside, whatever number of layouts is made, and none too early."""
    from weasyprint.layout import inline, preferred
    from weasyprint.text.line_break import split_first_line

    known: dict[Any, tuple[Any, ...]] = {}
    styles: dict[int, tuple[Any, int]] = {}  # a style lives as long as its identity is used
    numbers: dict[str, int] = {}

    def number(style: Any) -> int:
        if id(style) not in styles:
            what = f"{id(style.font_config)} {[style[name] for name in _PROPERTIES]}"
            styles[id(style)] = (style, numbers.setdefault(what, len(numbers)))
        return styles[id(style)][1]

    def split(text: str, style: Any, context: Any, *room: Any, **start: bool) -> tuple[Any, ...]:
        key = (text, number(style), room, *start.items())
        if key not in known:
            known[key] = _split(split_first_line, text, style, context, *room, **start)
        layout, *measures = known[key]
        return copy.copy(layout), *measures  # drawing may shorten a layout's text

    inline.split_first_line = preferred.split_first_line = split
    try:
        yield
    finally:
        inline.split_first_line = preferred.split_first_line = split_first_line
