"""A line is broken once: WeasyPrint asks for the same one in every layout, and up to four times in a table.

Where a line ends depends on the text, the room and a few properties of the style alone, so that the answers
can be kept: a third of a layout's time would go into them.
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


@contextlib.contextmanager
def remembered_lines() -> Iterator[None]:
    """Let WeasyPrint break each line once, whatever number of layouts is made inside."""
    from weasyprint.layout import inline, preferred
    from weasyprint.text.line_break import split_first_line

    known: dict[Any, tuple[Any, ...]] = {}
    kept: dict[int, Any] = {}  # styles live as long as their numbers are used
    alike: dict[int, int] = {}
    numbers: dict[str, int] = {}

    def number(style: Any) -> int:
        if id(style) not in alike:
            kept[id(style)] = style
            what = f"{id(style.font_config)} {[style[name] for name in _PROPERTIES]}"
            alike[id(style)] = numbers.setdefault(what, len(numbers))
        return alike[id(style)]

    def split(text: str, style: Any, context: Any, *room: Any, **start: bool) -> tuple[Any, ...]:
        key = (text, number(style), room, *start.items())
        if key not in known:
            known[key] = split_first_line(text, style, context, *room, **start)
        layout, *measures = known[key]
        return copy.copy(layout), *measures  # drawing may shorten a layout's text

    inline.split_first_line = preferred.split_first_line = split
    try:
        yield
    finally:
        inline.split_first_line = preferred.split_first_line = split_first_line
