"""Matplotlib's SVG straight to operators of a PDF.

WeasyPrint draws any SVG, and takes about a millisecond for every node; matplotlib writes a node for every
glyph and every marker, but only of a few kinds. These are drawn here, each in some microseconds, in the same
place and order, with the same colours; a figure with anything else in it is left to WeasyPrint.
"""

from __future__ import annotations

import contextlib
import functools
import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

_SVG, _XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
_NUMBER = re.compile(r"-?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?")
_SEGMENT = re.compile(r"\s*([A-Za-z])([^A-Za-z]*(?:e[-+]?\d[^A-Za-z]*)*)")
_COUNTS = {"M": 2, "L": 2, "Q": 4, "C": 6, "Z": 0}
_OPERATORS = {"M": "m", "L": "l", "C": "c", "Z": "h"}
_TRANSFORM = re.compile(r"\s*(translate|scale|rotate)\(([^)]*)\)")
_COLOUR = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")
_CLIP = re.compile(r"url\((#[^)]+)\)")
_SAME = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_EVERYWHERE = "*{stroke-linejoin: round; stroke-linecap: butt}"  # matplotlib's style sheet, whole
_CAPS = {"butt": 0, "round": 1, "square": 2}
_JOINS = {"miter": 0, "round": 1, "bevel": 2}
_STYLES = {
    "fill",
    "fill-opacity",
    "opacity",
    "stroke",
    "stroke-dasharray",
    "stroke-dashoffset",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-opacity",
    "stroke-width",
}
_KNOWN = {
    "svg": {"width", "height", "viewBox", "version"},
    "g": {"id", "style", "transform", "clip-path"},
    "path": {"id", "d", "style", "transform", "clip-path"},
    "use": {"x", "y", "style", "transform", "clip-path", f"{_XLINK}href"},
}
_UNSEEN = {"defs", "metadata"}


class _UnknownError(ValueError):
    """Something that matplotlib was not seen to write."""


class _Pen(NamedTuple):
    """How a shape is drawn: what sets it, what paints it, and the opacities of the fill and of the stroke."""

    sets: bytes
    paints: bytes
    fill: float
    stroke: float


@contextlib.contextmanager
def quick_figures() -> Iterator[None]:
    """Let WeasyPrint draw figures of matplotlib here, and other SVG as ever."""
    from weasyprint.svg import SVG

    slow = SVG.draw

    def draw(image: Any, stream: Any, width: float, height: float, base_url: str, context: Any) -> None:
        before = len(stream.stream)
        image.stream, image.base_url, image.context = stream, base_url, context
        image.tree.set_svg_size(image, width, height)
        try:
            with stream.stacked():
                _Figure(image).draw(width, height)
        except (KeyError, ValueError):  # nor is a length with a unit, or a cap of another shape
            del stream.stream[before:]
            slow(image, stream, width, height, base_url, context)

    SVG.draw = draw
    try:
        yield
    finally:
        SVG.draw = slow


class _Figure:
    """One figure, an ``SVG`` of WeasyPrint's that knows its stream and its size there."""

    def __init__(self, image: Any):
        self.image, self.stream, self.root = image, image.stream, image.tree._etree_node
        self.named = {f"#{node.get('id')}": node for node in self.root.iter() if node.get("id")}
        sheets = {" ".join((node.text or "").split()) for node in self.root.iter(f"{_SVG}style")}
        if sheets != {_EVERYWHERE}:
            raise _UnknownError(sheets)

    def draw(self, width: float, height: float) -> None:
        try:
            left, top, across, down = (float(size) for size in self.root.get("viewBox", "").split())
        except ValueError:
            raise _UnknownError("viewBox") from None
        if (left, top) != (0, 0):
            raise _UnknownError("viewBox")
        scale = min(width / across, height / down)
        self.stream.transform(a=scale, d=scale, e=(width - across * scale) / 2, f=(height - down * scale) / 2)
        self._children(self.root, {})

    def _children(self, parent: Element, style: dict[str, str]) -> None:
        for node in parent:
            self._node(node, style)

    def _node(self, node: Element, inherited: dict[str, str]) -> None:
        kind = node.tag.removeprefix(_SVG)
        if kind in _UNSEEN:
            return
        if kind == "image":
            self._image(node)
            return
        if not node.attrib.keys() <= _KNOWN.get(kind, set()):
            raise _UnknownError(kind)
        style = _style(node, inherited)
        place = _matrix(node.get("transform", ""))
        wrapped = bool(place or "clip-path" in node.attrib)
        if kind == "g" and not wrapped:
            self._children(node, style)
            return
        with self.stream.stacked():
            self._write(place)
            if clip := node.get("clip-path"):
                self._write(self._clip(clip))
            if kind == "g":
                self._children(node, style)
            elif kind == "path":
                self._shape(node, style)
            else:
                self._write(_matrix(f"translate({node.get('x', 0)} {node.get('y', 0)})"))
                shape = self.named.get(node.get(f"{_XLINK}href", ""))
                if shape is None or shape.tag != f"{_SVG}path" or not shape.attrib.keys() <= _KNOWN["path"]:
                    raise _UnknownError("use")
                self._write(_matrix(shape.get("transform", "")))
                self._shape(shape, _style(shape, style))

    def _shape(self, node: Element, style: dict[str, str]) -> None:
        pen = _pen(tuple(sorted(style.items())))
        if not pen.paints:
            return
        if pen.fill < 1:
            self.stream.set_alpha(pen.fill)
        if pen.stroke < 1:
            self.stream.set_alpha(pen.stroke, stroke=True)
        self._write(pen.sets + pdf_path(node.get("d", "")) + pen.paints)

    def _image(self, node: Element) -> None:
        """Let WeasyPrint draw what is no vector."""
        from weasyprint.svg import ElementWrapper, Node

        self.image.draw_node(Node(ElementWrapper.from_xml_root(node), self.image.tree._style), 16)

    def _clip(self, name: str) -> bytes:
        found = _CLIP.fullmatch(name)
        clip = self.named.get(found[1]) if found else None
        if clip is None or [node.tag for node in clip] != [f"{_SVG}rect"]:
            raise _UnknownError("clip-path")
        box = " ".join(clip[0].get(name, "0") for name in ("x", "y", "width", "height"))
        return f"{box} re W n".encode()

    def _write(self, operators: bytes) -> None:
        if operators:
            self.stream.stream.append(operators)


def _numbers(text: str) -> list[str]:
    """Return the numbers as they stand, but for exponents, which a PDF has not."""
    return [_number(float(number)) if "e" in number else number for number in _NUMBER.findall(text)]


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")


@functools.cache
def _declarations(text: str) -> dict[str, str]:
    found = {}
    for declaration in filter(str.strip, text.split(";")):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name not in _STYLES:
            raise _UnknownError(name)
        found[name] = value
    return found


def _style(node: Element, inherited: dict[str, str]) -> dict[str, str]:
    """Return the properties of an element: its own, the style sheet's, and those of what it is in."""
    own = _declarations(node.get("style", ""))
    if "opacity" in inherited:  # of a group as a whole
        raise _UnknownError("opacity")
    return {**inherited, "stroke-linejoin": "round", "stroke-linecap": "butt", **own}


@functools.cache
def _matrix(transform: str) -> bytes:
    """Return the operator for a list of transforms; nothing for one that changes nothing."""
    a, b, c, d, e, f = _SAME
    at = 0
    while found := _TRANSFORM.match(transform, at):
        x, *rest = (float(number) for number in _NUMBER.findall(found[2]))
        if found[1] == "scale":
            y = rest[0] if rest else x
            a, b, c, d = a * x, b * x, c * y, d * y
        elif found[1] == "translate":
            y = rest[0] if rest else 0.0
            e, f = a * x + c * y + e, b * x + d * y + f
        elif rest:  # around a point
            raise _UnknownError(transform)
        else:
            sine, cosine = math.sin(math.radians(x)), math.cos(math.radians(x))
            a, b, c, d = (
                a * cosine + c * sine,
                b * cosine + d * sine,
                c * cosine - a * sine,
                d * cosine - b * sine,
            )
        at = found.end()
    if transform[at:].strip():
        raise _UnknownError(transform)
    matrix = (a, b, c, d, e, f)
    return b"" if matrix == _SAME else f"{' '.join(map(_number, matrix))} cm".encode()


@functools.cache
def _pen(style: tuple[tuple[str, str], ...]) -> _Pen:
    given = dict(style)
    filled, stroked = given.get("fill", "#000000") != "none", given.get("stroke", "none") != "none"
    opacity = float(given.get("opacity", 1))
    if opacity < 1 and filled and stroked:  # one covers the other
        raise _UnknownError("opacity")
    sets = []
    if filled:
        sets.append(f"{_colour(given.get('fill', '#000000'))} rg")
    if stroked:
        dashes = [] if (dash := given.get("stroke-dasharray", "none")) == "none" else _numbers(dash)
        sets += [
            f"{_colour(given['stroke'])} RG",
            f"{_number(float(given.get('stroke-width', 1)))} w",
            f"[{' '.join(dashes)}] {_number(float(given.get('stroke-dashoffset', 0)))} d",
            f"{_CAPS[given['stroke-linecap']]} J {_JOINS[given['stroke-linejoin']]} j 4 M",
        ]
    return _Pen(
        "".join(f"{one} " for one in sets).encode(),
        {(True, True): b" B", (True, False): b" f", (False, True): b" S"}.get((filled, stroked), b""),
        opacity * float(given.get("fill-opacity", 1)) if filled else 1.0,
        opacity * float(given.get("stroke-opacity", 1)) if stroked else 1.0,
    )


def _colour(name: str) -> str:
    found = _COLOUR.fullmatch(name)
    if found is None:
        raise _UnknownError(name)
    return " ".join(_number(int(part, 16) / 255) for part in found.groups())


@functools.cache
def pdf_path(data: str) -> bytes:
    """Return an SVG path's data of M, L, Q, C and Z as operators of a PDF, which has no quadratic curves."""
    written: list[str] = []
    at, here = 0, (0.0, 0.0)
    while at < len(data):
        found = _SEGMENT.match(data, at)
        if found is None:
            if data[at:].strip():
                raise _UnknownError(data)
            break
        letter, at = found[1].upper(), found.end()
        numbers = _numbers(found[2])
        if len(numbers) != _COUNTS.get(letter, -1) or (letter != found[1] and letter != "Z"):
            raise _UnknownError(data)
        if letter == "Q":
            x, y, to_x, to_y = (float(number) for number in numbers)
            curve = [(a + 2 * b) / 3 for a, b in ((here[0], x), (here[1], y), (to_x, x), (to_y, y))]
            written.append(f"{' '.join(map(_number, curve))} {numbers[2]} {numbers[3]} c")
        else:
            written.append(" ".join([*numbers, _OPERATORS[letter]]))
        if numbers:
            here = (float(numbers[-2]), float(numbers[-1]))
    return " ".join(written).encode()
