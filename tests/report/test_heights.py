"""The heights of a chapter's blocks: from the chapter alone, and the same whether measured or remembered."""

import json

import pytest
import weasyprint

from inquest.report import pdf
from inquest.report.heights import APART, Room, measure

STYLE = (
    "@page { size: 400px 300px; margin: 0 } * { margin: 0; padding: 0; line-height: 20px; font-size: 16px }"
)
FIGURE = "<figure style='height: 90px; margin: 10px 0 5px'></figure>"
LONG = "<p>" + "word " * 400 + "</p>"


def chapter(*blocks):
    return f"<section class='chapter'>{''.join(blocks)}</section>"


def page(*chapters, kind="", style=STYLE):
    return weasyprint.HTML(
        string=f"<html lang=en><head><style>{style}</style></head><body class='{kind}'>"
        f"<header class='title' style='height: 70px; margin-bottom: 9px'><h1>T</h1></header>"
        f"<nav class='contents'>x</nav><main>{''.join(chapters)}"
        "<section class='chapter references'><p>x</p></section><section class='appendices'>x</section></main>"
    )


def layouts(html, asked):
    """Return what lays out the document, and notes the text that it was asked to."""

    def lay_out():
        asked.append(" ".join("".join(html.etree_element.find("body").itertext()).split()))
        return html.render(stylesheets=[weasyprint.CSS(string=APART)]).pages

    return lay_out


def measured(html, memory=None, asked=None, salt=""):
    return measure(html.etree_element, layouts(html, [] if asked is None else asked), memory, salt)


def test_a_chapter_is_measured_from_the_top_of_a_page():
    alone = measured(page(chapter(LONG, FIGURE)))
    after = measured(page(chapter("<h2>1</h2>", FIGURE, FIGURE), chapter(LONG, FIGURE)))
    assert [part.rooms for part in alone] == [part.rooms for part in after[1:]]
    assert after[0].rooms == [Room(20.0), Room(90.0, 10.0, 5.0), Room(90.0, 10.0, 5.0)]
    assert after[0].page == 300.0


def test_a_paragraph_across_pages_is_as_high_as_its_lines():
    ((_, _, (room,)),) = measured(page(chapter(LONG)))
    ((_, _, (whole,)),) = measured(page(chapter(LONG), style=STYLE.replace("300px", "9999px")))
    assert room == whole and room.height == 20.0 * room.lines > 300.0


def test_what_is_no_chapter_is_left_out_and_stands_there_again_afterwards():
    html, asked = page(chapter("<p>a</p>"), chapter("<p>b</p>")), []
    before = "".join(html.etree_element.itertext())
    assert len(measured(html, asked=asked)) == 2
    assert asked == ["ab"]
    assert "".join(html.etree_element.itertext()) == before


def test_a_title_without_contents_is_measured():
    title, first = measured(page(chapter("<p>a</p>"), kind="compact"))
    assert title.element.tag == "header" and title.rooms == [Room(70.0, 0.0, 9.0)]
    assert first.element.tag == "section" and first.rooms == [Room(20.0, lines=1)]


def test_only_what_has_changed_is_measured_again(tmp_path):
    memory, asked = tmp_path / "deep" / "memory.json", []
    first, second = chapter("<p>a</p>", FIGURE), chapter("<p>b</p>")
    found = measured(page(first, second), memory, asked)
    again = measured(page(first, chapter("<p>c</p>", FIGURE)), memory, asked)
    assert asked == ["ab", "c"]
    assert [again[0].rooms, again[1].rooms] == [found[0].rooms, found[0].rooms]
    assert len(json.loads(memory.read_text())) == 2  # what is not there any more is forgotten
    measured(page(first, chapter("<p>c</p>", FIGURE)), memory, asked)
    assert len(asked) == 2


@pytest.mark.parametrize("other", [{"style": STYLE + "p { color: red }"}, {"kind": "wide"}])
def test_another_style_or_code_measures_all(tmp_path, other):
    memory, asked = tmp_path / "memory.json", []
    measured(page(chapter("<p>a</p>")), memory, asked)
    measured(page(chapter("<p>a</p>"), **other), memory, asked)
    measured(page(chapter("<p>a</p>"), **other), memory, asked, salt="other")
    assert asked == ["a"] * 3


@pytest.mark.parametrize("damage", [b"", b"\xff", b"[]", b'{"a": 1}', b'{"a": [1, [[1, 2, 3, 4, 5]]]}'])
def test_a_damaged_memory_is_done_without(tmp_path, damage):
    memory, asked = tmp_path / "memory.json", []
    memory.write_bytes(damage)
    for _ in range(2):
        measured(page(chapter("<p>a</p>")), memory, asked)
    assert asked == ["a"]


def test_a_memory_that_cannot_be_written_is_done_without(tmp_path):
    (tmp_path / "file").touch()
    ((_, _, rooms),) = measured(page(chapter("<p>a</p>")), tmp_path / "file" / "memory.json")
    assert rooms == [Room(20.0, lines=1)]


def test_the_pdf_is_the_same_with_and_without_memory(tmp_path):
    blocks = ("<h2>One</h2>", "<p>a</p>", FIGURE * 3, LONG, FIGURE, LONG)
    html = (
        f"<!doctype html><html lang='en'><head><title>T</title><style>{STYLE}</style></head><body><main>"
        + chapter(*blocks)
        + chapter(*blocks)
    )
    memory = tmp_path / "memory.json"
    pdf.write_pdf(html, tmp_path / "without.pdf")
    pdf.write_pdf(html, tmp_path / "first.pdf", memory=memory)
    first = memory.stat().st_mtime_ns
    pdf.write_pdf(html, tmp_path / "second.pdf", memory=memory)
    assert memory.stat().st_mtime_ns == first
    assert len({path.read_bytes() for path in tmp_path.glob("*.pdf")}) == 1
