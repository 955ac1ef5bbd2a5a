"""Matplotlib's SVG with fewer nodes: what one text or one row of markers is made of becomes one path.

Matplotlib writes a node for every glyph and every marker, and WeasyPrint takes about a millisecond for each;
merged, the same picture is drawn in half the time. Nor is it told of each point of a path by itself: a path's
data become the operators of a PDF as they stand.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_TOKEN = re.compile(r"[MLQCZz]|-?[\d.]+(?:e-?\d+)?")
_NUMBER = r"\s*-?\d+(?:\.\d+)?(?=[\sA-Za-z]|$)"
_SEGMENT = re.compile(rf"\s*(?:(M|L)((?:{_NUMBER}){{2}})|(C)((?:{_NUMBER}){{6}})|([Zz]))\s*")
_OPERATORS = {"M": "m", "L": "l", "C": "c", "Z": "h", "z": "h"}
_TRANSFORM = re.compile(r"(translate|scale)\(([^)]*)\)")


def merge(svg: bytes) -> bytes:
    """Return a matplotlib SVG that looks the same, with runs of glyphs or markers as one path each."""
    ElementTree.register_namespace("", _SVG)
    ElementTree.register_namespace("xlink", _XLINK)
    root = ElementTree.fromstring(svg)
    shapes = {f"#{node.get('id')}": node for node in root.iter(f"{{{_SVG}}}path") if node.get("id")}
    for group in root.iter(f"{{{_SVG}}}g"):
        children: list[Element] = []
        for key, run in itertools.groupby(group, lambda node: _key(node, shapes)):
            nodes = list(run)
            children += nodes if key is None else [_merged(nodes, shapes)]
        group[:] = children
    return ElementTree.tostring(root)


def _key(node: Element, shapes: dict[str, Element]) -> tuple[str, ...] | None:
    """Return the same key for neighbours that may become one path, and None for what must stay."""
    shape = shapes.get(node.get(f"{{{_XLINK}}}href", ""))
    if node.tag != f"{{{_SVG}}}use" or shape is None:
        return None
    style, own = node.get("style", ""), shape.get("style", "")
    # overlapping markers would look otherwise, if they are translucent or have an edge of another colour
    colours = dict(re.findall(r"(fill|stroke): ([^;]*)", style))
    if "opacity" in style + own or colours.get("stroke", colours.get("fill")) != colours.get("fill"):
        return None
    return (style, own, node.get("clip-path", ""))


def _merged(uses: list[Element], shapes: dict[str, Element]) -> Element:
    """Return one path for all of the uses, which have one style."""
    shape = shapes[uses[0].get(f"{{{_XLINK}}}href", "")]
    style = "; ".join(filter(None, (uses[0].get("style"), shape.get("style"))))
    outlines = (_outline(use, shapes[use.get(f"{{{_XLINK}}}href", "")]) for use in uses)
    path = Element(
        f"{{{_SVG}}}path", {"d": " ".join(itertools.chain.from_iterable(outlines)), "style": style}
    )
    if "clip-path" in uses[0].attrib:
        path.set("clip-path", uses[0].attrib["clip-path"])
    return path


def _outline(use: Element, shape: Element) -> Iterator[str]:
    """Yield the shape's path data where the use puts it."""
    scale, shift = 1.0, [0.0, 0.0]
    place = f"translate({use.get('x', 0)} {use.get('y', 0)})"
    for kind, numbers in _TRANSFORM.findall(
        f"{use.get('transform', '')} {place} {shape.get('transform', '')}"
    ):
        values = [float(number) for number in numbers.replace(",", " ").split()] + [0.0]
        if kind == "scale":
            scale *= values[0]
        else:
            shift = [shift[0] + scale * values[0], shift[1] + scale * values[1]]
    axis = 0
    for token in _TOKEN.findall(shape.get("d", "")):
        if token.isalpha():
            yield token
        else:
            yield f"{scale * float(token) + shift[axis]:.2f}"
            axis = 1 - axis


@contextlib.contextmanager
def quick_paths() -> Iterator[None]:
    """Let WeasyPrint write paths of lines and cubic curves without a look at each of their points."""
    from weasyprint import svg

    slow = svg.TAGS["path"]

    def draw(image: Any, node: Any, font_size: float) -> None:
        operators = pdf_path(node.get("d", ""))
        if operators is None:
            slow(image, node, font_size)
        else:
            image.stream.stream.append(operators)

    svg.TAGS["path"] = draw
    try:
        yield
    finally:
        svg.TAGS["path"] = slow


def pdf_path(data: str) -> bytes | None:
    """Return an SVG path's data as operators of a PDF, or None if it has others than M, L, C and Z."""
    written, at = [], 0
    while at < len(data):
        found = _SEGMENT.match(data, at)
        if found is None:
            return None
        letter = found[1] or found[3] or found[5]
        written.append(f"{' '.join((found[2] or found[4] or '').split())} {_OPERATORS[letter]}")
        at = found.end()
    return " ".join(written).encode()
