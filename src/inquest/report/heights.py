"""How much room each block of a chapter takes: measured in a layout of its own, and remembered.

Each chapter is measured from the top of a page. So it depends on itself, on the style and on the paper alone,
and holds until one of them changes: who changes a title, or one chapter, does not wait for the others.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, tostring

from inquest.files import atomic

APART = "section.chapter { break-before: page !important }"
"""The style sheet of a layout that `measure` asks for."""


@dataclass
class Room:
    """What a block takes, in CSS pixels: its height, its margins; the lines of a paragraph."""

    height: float = 0.0
    above: float = 0.0
    below: float = 0.0
    lines: int = 0


class Measured(NamedTuple):
    """A part of a document: a chapter's `section`, or the `header` with the title."""

    element: Element
    page: float
    """The height of a page, in CSS pixels."""
    rooms: list[Room]
    """Of each child of a chapter, in order; of a title itself."""


def measure(
    html: Element, lay_out: Callable[[], list[Any]], memory: Path | None = None, salt: str = ""
) -> list[Measured]:
    """Return the title, where it stands right above the first chapter, and the chapters.

    Parameters
    ----------
    html : Element
        The document; it is as before when the function returns.
    lay_out : callable
        Returns the pages of the document as it then is, with the style sheet `APART`.
    memory : path, optional
        Keeps what was measured for the next time; a file that can't be read, or written, is done without.
    salt : str
        What the measures depend on besides the document: the paper, the code.
    """
    parts = _parts(html)
    keys = _keys(html, parts, salt)
    known = _read(memory)
    unknown = [part for part in parts if keys[part] not in known]
    if unknown:
        with _only(html, unknown):
            found = dict(_measured(lay_out(), unknown))
        known = {keys[part]: found[part] if part in found else known[keys[part]] for part in parts}
        _write(memory, known)
    return [Measured(part, *known[keys[part]]) for part in parts]


def _parts(html: Element) -> list[Element]:
    body = html.find("body")
    title = body.find("header[@class='title']") if "compact" in body.get("class", "").split() else None
    return [*([] if title is None else [title]), *body.iterfind(".//section[@class='chapter']")]


def _keys(html: Element, parts: list[Element], salt: str) -> dict[Element, str]:
    body = html.find("body")
    around = f"{salt}\n{html.attrib}\n{body.attrib}".encode() + b"".join(
        tostring(sheet) for sheet in html.iterfind("head/style")
    )
    return {part: hashlib.sha256(around + tostring(part)).hexdigest() for part in parts}


@contextlib.contextmanager
def _only(html: Element, parts: list[Element]) -> Iterator[None]:
    """Take all but these parts, and what they stand in, out of the document inside."""
    parents = {child: parent for parent in html.iter() for child in parent}
    around = set()
    for part in parts:
        while (part := parents[part]) is not html:
            around.add(part)
    whole = {parent: list(parent) for parent in around}
    for parent, children in whole.items():
        parent[:] = [child for child in children if child in parts or child in around]
    try:
        yield
    finally:
        for parent, children in whole.items():
            parent[:] = children


def _measured(pages: list[Any], parts: list[Element]) -> Iterator[tuple[Element, tuple[float, list[Room]]]]:
    """Yield what the layout of a part says; a block that is split has the heights of its pieces, added up."""
    rooms = {part: {child: Room() for child in (part if part.tag == "section" else [part])} for part in parts}
    for page in pages:
        for box in page._page_box.descendants():
            element = getattr(box, "element", None)
            if element not in rooms or box.element_tag != element.tag:
                continue
            if element.tag == "header":
                _add(rooms[element][element], box)
                continue
            for child in box.children:
                if child.element in rooms[element]:
                    _add(rooms[element][child.element], child)
    for part in parts:
        yield part, (pages[0]._page_box.height, list(rooms[part].values()))


def _add(room: Room, box: Any) -> None:
    # the style's margins: at a page's edge the box itself has none
    room.above = box.style["margin_top"].value
    room.below = box.style["margin_bottom"].value
    flows = box.element.tag in ("p", "ul", "ol")
    room.height += _used(box) if flows else box.border_height()
    if box.element.tag == "p":
        room.lines += len(box.children)


def _used(box: Any) -> float:
    """Return the height down to the last line: a page's end stretches the part of a block that is there."""
    from weasyprint.formatting_structure.boxes import LineBox

    last = box
    while not isinstance(last, LineBox) and getattr(last, "children", ()):
        last = last.children[-1]
    return last.border_box_y() + last.border_height() - box.border_box_y()


def _read(memory: Path | None) -> dict[str, tuple[float, list[Room]]]:
    if memory is None:
        return {}
    try:
        kept = json.loads(memory.read_text(encoding="utf-8"))
        return {key: (float(page), [Room(*room) for room in rooms]) for key, (page, rooms) in kept.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _write(memory: Path | None, known: dict[str, tuple[float, list[Room]]]) -> None:
    if memory is None:
        return
    kept = {key: [page, [astuple(room) for room in rooms]] for key, (page, rooms) in known.items()}
    with contextlib.suppress(OSError), atomic(memory) as part:
        part.write_text(json.dumps(kept), encoding="utf-8")
