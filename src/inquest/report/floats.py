"""Figures and tables move down where they would leave a hole: the text that follows fills the page first.

WeasyPrint keeps everything in the order of the HTML, so a figure that does not fit below a paragraph leaves
white space. A first layout measures every block; a walk over the measured blocks then finds an order in which
text fills each page and what waited stands at the next place that has room. Figures stay in their order, and
so do tables; none of them leaves its chapter, and the figure below a chapter's answer stays there unless that
would leave half a page empty. A title that is shown stands above the first chapter.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

_SLACK = 4.0  # CSS pixels that a measured height may be wrong by
_HOLE = 0.12  # of the page: less white space than this is no hole
_SECTION_HOLE = 0.15  # of the page: less than this is no reason to let a figure wait beyond its section
_LARGE_HOLE = 0.38  # of the page: more than this is too much to leave, so that a figure stands by its words
_KEPT = 3  # lines of a paragraph that stand together at the foot and at the head of a page, as in style.css
_LINES = 62.0  # CSS pixels of text that a heading must have below it


@dataclass(eq=False)
class _Block:
    """A child of a chapter, as it was measured: heights in CSS pixels, margins apart; a paragraph's lines."""

    element: Any
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


def settle(pages: list[Any]) -> None:
    """Reorder the children of every chapter so that pages are filled.

    Parameters
    ----------
    pages : list
        The pages of a first layout (``Document.pages``); the elements that they show are moved in place.
    """
    column = _Column(pages[0]._page_box.height)
    column.at, column.margin = _title(pages[0])
    for section, blocks in _measure(pages):
        order = column.fill(blocks)
        for block in order:
            block.element.tail = "\n"
        section[:] = [block.element for block in order]


def _title(page: Any) -> tuple[float, float]:
    """Return where the title ends on the first page, and its margin below; zeros if it is not shown."""
    for box in page._page_box.descendants():
        element = getattr(box, "element", None)
        if element is not None and element.tag == "header" and box.element_tag == "header":
            end = box.border_box_y() + box.border_height() - page._page_box.content_box_y()
            return end, box.style["margin_bottom"].value
    return 0.0, 0.0


def _measure(pages: list[Any]) -> list[tuple[Any, list[_Block]]]:
    """Return each chapter's element with its blocks in order; the parts of a split block are added up."""
    chapters: dict[Any, dict[Any, _Block]] = {}
    for page in pages:
        for box in page._page_box.descendants():
            element = getattr(box, "element", None)
            if element is None or element.tag != "section" or box.element_tag != "section":
                continue
            blocks = chapters.setdefault(element, {})
            for child in box.children:
                block = blocks.setdefault(child.element, _Block(child.element))
                # the style's margins: at a page's edge the box itself has none
                block.above = child.style["margin_top"].value
                block.below = child.style["margin_bottom"].value
                block.height += _used(child) if block.flows else child.border_height()
                if child.element.tag == "p":
                    block.lines += len(child.children)
    return [(section, list(blocks.values())) for section, blocks in chapters.items()]


def _used(box: Any) -> float:
    """Return the height down to the last line: a page's end stretches the part of a block that is there."""
    from weasyprint.formatting_structure.boxes import LineBox

    last = box
    while not isinstance(last, LineBox) and getattr(last, "children", ()):
        last = last.children[-1]
    return last.border_box_y() + last.border_height() - box.border_box_y()


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
