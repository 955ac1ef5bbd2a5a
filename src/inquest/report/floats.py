"""Figures and tables move down where they would leave a hole: the text that follows fills the page first.

WeasyPrint keeps everything in the order of the HTML, so a figure that does not fit below a paragraph leaves
white space. A walk over the measured blocks (`inquest.report.heights`) finds an order in which text fills
each page and what waited stands at the next place that has room. Figures stay in their order, and so do
tables; none of them leaves its chapter, and the figure below a chapter's answer stays there unless that would
leave half a page empty. A title that is shown stands above the first chapter.
"""

from __future__ import annotations

import itertools
from dataclasses import astuple, dataclass
from xml.etree.ElementTree import Element

from inquest.report.heights import Measured

_SLACK = 4.0  # CSS pixels that a measured height may be wrong by
_HOLE = 0.12  # of the page: less white space than this is no hole
_SECTION_HOLE = 0.15  # of the page: less than this is no reason to let a figure wait beyond its section
_LARGE_HOLE = 0.38  # of the page: more than this is too much to leave, so that a figure stands by its words
_KEPT = 3  # lines of a paragraph that stand together at the foot and at the head of a page, as in style.css
_LINES = 62.0  # CSS pixels of text that a heading must have below it


@dataclass(eq=False)
class _Block:
    """A child of a chapter, and the room that it takes (see `inquest.report.heights.Room`)."""

    element: Element
    height: float = 0.0
    above: float = 0.0
    below: float = 0.0
    lines: int = 0

    @property
    def floats(self) -> bool:
        return self.element.tag == "figure" or self.element.get("class") == "table short"

    @property
    def flows(self) -> bool:
        return self.element.tag in ("p", "ul", "ol")

    @property
    def splits(self) -> bool:
        return self.flows or self.element.tag == "pre" or self.element.get("class") == "table long"

    @property
    def answers(self) -> bool:
        return self.element.get("class") == "answer"

    @property
    def displays(self) -> bool:
        return self.element.get("class") == "display"

    @property
    def heads(self) -> bool:
        return self.element.tag in ("h2", "h3", "h4")


def settle(parts: list[Measured]) -> None:
    """Reorder the children of every chapter so that pages are filled.

    Parameters
    ----------
    parts : list of Measured
        A title, if it is shown above the first chapter, and the chapters; their elements are moved in place.
    """
    if not parts:
        return
    column = _Column(parts[0].page)
    for section, _, rooms in parts:
        if section.tag == "header":
            column.at, column.margin = rooms[0].height, rooms[0].below
            continue
        order = column.fill(
            [_Block(child, *astuple(room)) for child, room in zip(section, rooms, strict=True)]
        )
        for block in order:
            block.element.tail = "\n"
        section[:] = [block.element for block in order]


def _alike(one: _Block, other: _Block) -> bool:
    return one.element.tag == other.element.tag  # both figures, or both tables: these keep their order


class _Column:
    """A pen that goes down one page after the other."""

    def __init__(self, height: float):
        self.height, self.at, self.margin = height, 0.0, 0.0

    def fill(self, blocks: list[_Block]) -> list[_Block]:
        """Return the blocks of a chapter in the order that leaves the fewest holes."""
        order: list[_Block] = []
        waiting: list[_Block] = []
        turned = False

        def put(block: _Block) -> None:
            self._put(block)
            order.append(block)

        def flush(last: bool = False) -> None:
            while waiting:
                firsts = {block.element.tag: block for block in reversed(waiting)}.values()
                fitting = [block for block in waiting if block in firsts and self._fits(block, block.height)]
                if not (fitting or last) and self.height - self.at > _LARGE_HOLE * self.height:
                    break  # there is text to fill this with
                block = (fitting or waiting)[0]
                waiting.remove(block)
                put(block)

        for i, block in enumerate(blocks):
            if block.floats:
                if self._fits(block, block.height) and not any(_alike(block, other) for other in waiting):
                    put(block)
                else:
                    waiting.append(block)
                    if self.height - self.at < _HOLE * self.height:
                        flush()
                continue
            if block.heads:
                if waiting and self.height - self.at < _SECTION_HOLE * self.height:
                    flush()
                whole = self.height - self.at < _LARGE_HOLE * self.height
                needed = self._needed(blocks[i:], whole)
                if not self._fits(block, needed):
                    flush()
                if not self._fits(block, needed):
                    self.at, self.margin = 0.0, 0.0
            before = self.at
            put(block)
            turned = turned or self.at <= before  # a new page has begun
            if turned and not any(follower.displays for follower in blocks[i + 1 : i + 2]):
                flush()
                turned = False
        flush(last=True)
        return order

    def _needed(self, blocks: list[_Block], whole: bool) -> float:
        """Return the height of a heading and of what must stand below it."""
        needed, answered = blocks[0].height, False
        for previous, block in itertools.pairwise(blocks):
            needed += max(previous.below, block.above)
            if not (block.heads or block.answers):
                if answered and block.floats:
                    return needed + (block.height if whole else 0.0)
                return needed + (_LINES if block.splits or block.floats else block.height)
            needed, answered = needed + block.height, block.answers
        return needed

    def _fits(self, block: _Block, height: float) -> bool:
        gap = max(block.above, self.margin) if self.at else 0.0
        return self.at + gap + height + _SLACK <= self.height

    def _put(self, block: _Block) -> None:
        gap = max(block.above, self.margin) if self.at else 0.0
        end = self.at + gap + block.height
        if end + _SLACK <= self.height:
            self.at = end
        elif block.lines:
            line = block.height / block.lines
            here = min(int((self.height - self.at - gap - _SLACK) / line), block.lines - _KEPT)
            self.at = (block.lines - (here if here >= _KEPT else 0)) * line % self.height
        elif block.splits and self.at + gap + _LINES < self.height:
            self.at = end % self.height
        else:
            self.at = block.height % self.height
        self.margin = block.below
