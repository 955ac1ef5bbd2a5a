"""PDF from HTML: tagged (PDF/UA-1), with embedded fonts, and the same bytes for the same page."""

from __future__ import annotations

import base64
import contextlib
import gc
import logging
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inquest.errors import InquestError
from inquest.files import atomic
from inquest.report.floats import settle
from inquest.report.lines import remembered_lines
from inquest.report.vectors import quick_figures

_SHEET = "@page {{ size: {} !important; margin-left: {}mm !important; margin-right: {}mm !important }}"
PAPERS = {"A4": _SHEET.format("A4", 23, 23), "Letter": _SHEET.format("Letter", 26, 25.9)}
"""Both leave the 164 mm that report/style.css is made for; a page's own style sheet would come after them."""
APT = "apt-get install --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
_CHAPTERS_ONLY = "body:not(.compact) > header.title, nav.contents, .references, .appendices { display: none }"
_LONGEST = 4  # parts that are named where a document is too long
_PICTURE = re.compile(r"""(<img\b[^>]*?\ssrc=["'])data:(image/[a-z+]+);base64,([A-Za-z0-9+/=]+)(["'])""")
_PICTURES = "http://pictures.invalid/"
_BESIDE = "http://beside.invalid/"  # stands for the document's folder until links to files there are relative
_EPOCH = "315532800"  # 1 January 1980: font tables and the PDF carry no other time


def write_pdf(html: str, path: str | Path, paper: str = "A4", most: int | None = None) -> None:
    """Write a page of `inquest.report.document.render` as a tagged PDF.

    Parameters
    ----------
    html : str
        A page that needs no other file; nothing is fetched.
    path : path
        Where the PDF goes; it is there whole or not at all.
    paper : {"A4", "Letter"}
    most : int, optional
        The most pages before the references and the appendix.

    Raises
    ------
    InquestError
        If there are more pages than that; the line names the longest parts. Or if a system library that
        WeasyPrint needs is missing; the line names the command that installs it.
    """
    if paper not in PAPERS:
        raise InquestError("paper", f"found {paper!r}", f"allowed: {', '.join(PAPERS)}")
    weasyprint = _weasyprint()
    with _epoch(), _uncollected(), remembered_lines():
        fonts, images = weasyprint.text.fonts.FontConfiguration(), dict[str, Any]()
        page, pictures = _apart(html)
        document = weasyprint.HTML(string=page, url_fetcher=_fetcher(pictures), base_url=_BESIDE)

        def lay_out(*sheets: str, **options: Any) -> Any:
            return document.render(
                font_config=fonts,
                cache=images,
                stylesheets=[weasyprint.CSS(string=sheet) for sheet in (PAPERS[paper], *sheets)],
                **options,
            )

        with _quiet():  # links to what is hidden lead nowhere
            settle(lay_out(_CHAPTERS_ONLY).pages)
        for missing in [address for address, image in images.items() if image is None]:
            del images[missing]  # the layout that counts says so
        printed = lay_out(pdf_variant="pdf/ua-1")
        if most is not None:
            _check_length(printed.pages, most, Path(path).name)
        with atomic(path) as part, quick_figures():
            printed.write_pdf(part, finisher=_link_beside, pdf_variant="pdf/ua-1")


def _link_beside(document: Any, pdf: Any) -> None:
    """Make links to files beside the document relative: they hold wherever both are moved."""
    for thing in pdf.objects:
        if isinstance(thing, dict) and "URI" in (action := thing.get("A", {})):
            for said in (action["URI"], thing["Contents"]):
                said.string = said.string.removeprefix(_BESIDE)


def _check_length(pages: list[Any], most: int, name: str) -> None:
    parts, used = measure_parts(pages)
    if used <= most:
        return
    longest = sorted(parts, key=lambda part: -part[1])[:_LONGEST]
    raise InquestError(
        name,
        f"it has {used} pages before the references and the appendix",
        f"`pages` allows {most}; its longest parts, in pages: "
        + ", ".join(f"{title} ({length:.1f})" for title, length in longest),
    )


def measure_parts(pages: list[Any]) -> tuple[list[tuple[str, float]], int]:
    """Return the title and the length of each part of the chapters, and on which page the last one ends.

    Parameters
    ----------
    pages : list
        The pages of a layout (``Document.pages``).

    Returns
    -------
    parts : list of (str, float)
        From a heading of a chapter or of a section to the next one, in pages.
    used : int
        Pages before the references and the appendix; a page that they begin on counts.
    """
    starts: dict[Any, float] = {}
    end = 0.0
    for number, page in enumerate(pages):
        top, height = page._page_box.content_box_y(), page._page_box.height
        for section in _boxes(page._page_box, "section"):
            if section.element.get("class") != "chapter":
                continue
            for box in _boxes(section, "h2", "h3"):
                starts.setdefault(box.element, number + (box.border_box_y() - top) / height)
            end = number + (section.border_box_y() + section.border_height() - top) / height
    ends = [*list(starts.values())[1:], end]
    titles = [" ".join("".join(heading.itertext()).split()) for heading in starts]
    parts = [(title, b - a) for title, a, b in zip(titles, starts.values(), ends, strict=True)]
    return parts, math.ceil(end)


def _boxes(parent: Any, *tags: str) -> Iterator[Any]:
    """Yield the boxes of such elements, without their ``::before`` and the like."""
    for box in parent.descendants():
        element = getattr(box, "element", None)
        if element is not None and element.tag in tags and box.element_tag == element.tag:
            yield box


def _apart(html: str) -> tuple[str, dict[str, tuple[str, bytes]]]:
    """Return the page with a short address for each picture, and the pictures: they take long to parse."""
    pictures: dict[str, tuple[str, bytes]] = {}

    def short(picture: re.Match[str]) -> str:
        address = f"{_PICTURES}{len(pictures)}"
        pictures[address] = (picture[2], base64.b64decode(picture[3]))
        return f"{picture[1]}{address}{picture[4]}"

    return _PICTURE.sub(short, html), pictures


def _fetcher(pictures: dict[str, tuple[str, bytes]]) -> Any:
    """Return what finds these pictures and what a page holds itself, and nothing else."""
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    class Fetcher(URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> Any:
            if url not in pictures:
                return super().fetch(url, headers)
            kind, content = pictures[url]
            return URLFetcherResponse(url, content, {"Content-Type": kind})

    return Fetcher(allowed_protocols={"data"})


def _weasyprint():
    try:
        import weasyprint
        from weasyprint.text.ffi import harfbuzz_subset
    except OSError as error:
        raise InquestError(
            "PDF", f"a system library is missing ({str(error).splitlines()[0]})", f"install it: {APT}"
        ) from None
    if not harfbuzz_subset:  # it would do without, and write other bytes at each run
        raise InquestError("PDF", "the system library harfbuzz-subset is missing", f"install it: {APT}")
    return weasyprint


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    logger = logging.getLogger("weasyprint")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Collect no garbage: what a layout makes lives to its end, and looking for more takes a fifth."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


@contextlib.contextmanager
def _epoch() -> Iterator[None]:
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ["SOURCE_DATE_EPOCH"] = _EPOCH
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
        else:
            os.environ["SOURCE_DATE_EPOCH"] = before
