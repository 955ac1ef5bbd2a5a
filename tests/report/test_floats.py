"""Figures and tables wait for the next page that has room, on pages of 100 units."""

from xml.etree.ElementTree import Element

import pytest

from inquest.report import floats


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    monkeypatch.setattr(floats, "_SLACK", 0.0)
    monkeypatch.setattr(floats, "_LINES", 6.0)


def block(name, height):
    """A block without margins; its name begins with its element: p3, figure1, table1, h2a …"""
    tag = name.rstrip("0123456789abc") if not name.startswith("h") else name[:2]
    element = Element("div" if tag in ("table", "answer") else tag, {"name": name})
    if tag in ("table", "answer"):
        element.set("class", {"table": "table short", "answer": "answer"}[tag])
    return floats._Block(element, float(height))


def order(*blocks):
    column = floats._Column(100.0)
    return [b.element.get("name") for b in column.fill([block(name, height) for name, height in blocks])]


def test_what_fits_stays():
    assert order(("p1", 50), ("figure1", 50), ("p2", 10)) == ["p1", "figure1", "p2"]


def test_text_fills_the_page_that_a_figure_leaves():
    # 40 are free, the figure takes 50: p2 (30) and p3 (30) fill the page, and the figure follows on the next
    assert order(("p1", 60), ("figure1", 50), ("p2", 30), ("p3", 30), ("p4", 9)) == [
        "p1",
        "p2",
        "p3",
        "figure1",
        "p4",
    ]


def test_a_small_hole_is_no_reason_to_move():
    assert order(("p1", 90), ("figure1", 50), ("p2", 30)) == ["p1", "figure1", "p2"]


def test_figures_keep_their_order_and_a_table_may_overtake():
    # figure1 (60) must wait, so figure2 (10) does too; table1 (20) fits where they don't
    assert order(("p1", 60), ("figure1", 60), ("figure2", 10), ("table1", 20), ("p2", 30)) == [
        "p1", "table1", "p2", "figure1", "figure2",
    ]  # fmt: skip


def test_what_waits_comes_before_what_would_begin_a_page():
    # table1 waits for p2; then 5 are free, and figure1 must not begin the next page before table1
    assert order(("p1", 60), ("table1", 50), ("p2", 35), ("figure1", 40), ("p3", 30)) == [
        "p1", "p2", "table1", "figure1", "p3",
    ]  # fmt: skip


def test_a_heading_stands_below_what_waited_if_it_fits_there():
    # 5 are free, too few for h3a with its text: figure1 takes 50 of the next page, and 45 + 5 fit below it
    assert order(("p1", 60), ("figure1", 50), ("p2", 35), ("h3a", 5), ("p3", 40), ("figure2", 99)) == [
        "p1", "p2", "figure1", "h3a", "p3", "figure2",
    ]  # fmt: skip


def test_a_figure_does_not_leave_its_chapter():
    assert order(("p1", 60), ("figure1", 50), ("p2", 5)) == ["p1", "p2", "figure1"]


def test_a_nearly_full_page_keeps_a_figure_in_its_section():
    # 10 are left when the next section begins: the figure comes first
    assert order(("p1", 60), ("figure1", 50), ("p2", 30), ("h3a", 5), ("p3", 20)) == [
        "p1",
        "p2",
        "figure1",
        "h3a",
        "p3",
    ]


def test_an_answer_keeps_its_figure_unless_half_a_page_would_be_empty():
    chapter = (("h2a", 10), ("answer1", 10), ("figure1", 50), ("p2", 40))
    assert order(("p1", 65), *chapter) == ["p1", "h2a", "answer1", "figure1", "p2"]  # on the next page
    assert order(("p1", 45), *chapter) == ["p1", "h2a", "answer1", "p2", "figure1"]  # 55 would be empty


def test_text_goes_on_below_a_figure_that_another_large_one_follows():
    # figure2 does not fit below figure1; the next section fills that page, and figure2 begins the one after
    assert order(
        ("p1", 90), ("figure1", 40), ("figure2", 70), ("h3a", 5), ("p2", 20), ("p3", 40), ("p4", 9)
    ) == ["p1", "figure1", "h3a", "p2", "p3", "figure2", "p4"]


def test_no_figure_parts_words_from_their_formula():
    blocks = [block("p1", 60), block("figure1", 50), block("p2", 45), block("display", 5), block("p3", 10)]
    blocks[3].element.set("class", "display")
    found = [b.element.get("name") for b in floats._Column(100.0).fill(blocks)]
    assert found == ["p1", "p2", "display", "figure1", "p3"]


def test_a_paragraph_across_pages_is_as_high_as_its_lines():
    from weasyprint import CSS, HTML

    html = HTML(
        string=f"<section class='chapter'><p>{'word ' * 400}</p><ul><li>{'word ' * 200}</li></ul></section>"
    )
    sheet = "@page {{ size: 400px {}px; margin: 0 }} * {{ margin: 0; padding: 0; line-height: 20px }}"

    def heights(height: int) -> list[float]:
        pages = html.render(stylesheets=[CSS(string=sheet.format(height))]).pages
        assert (len(pages) > 1) == (height < 1000)
        ((_, measured),) = floats._measure(pages)
        return [one.height for one in measured]

    assert heights(313) == pytest.approx(heights(9999))  # 13 of each page's 313 hold no line
