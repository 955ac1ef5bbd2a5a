"""The PDF: tagged, the same bytes each time, with page numbers that are true."""

import importlib.abc
import os
import re
import subprocess
import sys

import pytest
import weasyprint
from pypdf import PdfReader

from inquest.errors import InquestError
from inquest.report.floats import settle
from inquest.report.pdf import _CHAPTERS_ONLY, measure_parts, write_pdf

SMALL = '<!doctype html><html lang="en"><head><title>T</title></head><body><p>x</p></body></html>'


@pytest.fixture(scope="module")
def path(page, tmp_path_factory):
    path = tmp_path_factory.mktemp("pdf") / "orchard.pdf"
    write_pdf(page, path, "A4")
    return path


@pytest.fixture(scope="module")
def reader(path):
    return PdfReader(path)


def test_another_process_writes_the_same_bytes(path, page, tmp_path):
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    program = (
        "import sys; from pathlib import Path; from inquest.report.pdf import write_pdf; "
        "write_pdf(Path(sys.argv[1]).read_text(encoding='utf-8'), Path(sys.argv[2]), 'A4')"
    )
    environment = {k: v for k, v in os.environ.items() if k != "SOURCE_DATE_EPOCH"}
    environment |= {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "42", "TZ": "Asia/Tokyo"}
    command = [sys.executable, "-c", program, tmp_path / "page.html", tmp_path / "again.pdf"]
    subprocess.run(command, check=True, env=environment)
    assert (tmp_path / "again.pdf").read_bytes() == path.read_bytes()


def test_metadata(reader):
    assert reader.metadata.title == "Which orchard rows make the model"
    assert reader.metadata.author == "Ada Ahorn, Béla Birke"
    assert reader.trailer["/Root"]["/Lang"] == "en"
    assert reader.trailer["/Root"]["/ViewerPreferences"]["/DisplayDocTitle"]
    assert b"pdfuaid:part" in reader.trailer["/Root"]["/Metadata"].get_data()


def _elements(node, kind):
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        for item in node:
            yield from _elements(item, kind)
    elif isinstance(node, dict):
        if node.get("/S") == kind:
            yield node
        yield from _elements(node.get("/K", []), kind)


def test_structure_tree_with_alt_text_on_every_picture(reader, page):
    root = reader.trailer["/Root"]["/StructTreeRoot"]
    figures = list(_elements(root["/K"], "/Figure"))
    assert len(figures) == page.count("<img ")
    assert all(str(figure["/Alt"]).strip() for figure in figures)
    assert "Histogram of ages by label: ripe around 24 years, unripe around 33." in {
        f["/Alt"] for f in figures
    }
    assert len(list(_elements(root["/K"], "/H2"))) == page.count("<h2 ")
    assert len(list(_elements(root["/K"], "/TH"))) >= page.count("<th ")


def test_the_contents_have_the_pages_where_the_headings_stand(reader):
    pages = [re.sub(r"\s+", " ", page.extract_text()) for page in reader.pages]
    for title in (
        "1.2 Features and labels",
        "1.3 The split",
        "2 Leaving rows and groups out",
        "2.3 Are influential rows",
    ):
        number = int(re.search(rf"{title}[^\d]* (\d+)", pages[0])[1])
        # the title is in later running heads too, so the first page that has it is the heading's
        assert next(i for i, text in enumerate(pages[1:], 2) if title in text) == number, title


def test_page_numbers_and_running_headers(reader):
    total = len(reader.pages)
    for number, page in enumerate(reader.pages, 1):
        words = re.sub(r"\s+", " ", page.extract_text())
        assert f"Page {number} of {total}" in words
        if number > 1:
            assert "Which orchard rows make the model" in words


def test_the_rubric_names_pages(reader):
    pages = [re.sub(r"\s+", " ", page.extract_text()) for page in reader.pages]
    marks = next(text for text in pages[2:] if "The data is split, and the approach" in text)
    number = int(re.search(r"Section 1\.3 (\d+) 2 yes", marks)[1])
    assert "1.3 The split" in pages[number - 1]


def test_bookmarks_follow_the_headings(reader):
    top = [item.title for item in reader.outline if not isinstance(item, list)]
    assert top[:4] == ["1 The data", "2 Leaving rows and groups out", "Statements", "References"]
    assert top[4:] == [
        "Appendix A The config", "Appendix B Data and checksums", "Appendix C How it was computed",
        "Appendix D Where each mark is earned",
    ]  # fmt: skip
    assert [item.title for item in reader.outline[1] if not isinstance(item, list)] == [
        "1.1 Where the rows come from", "1.2 Features and labels", "1.3 The split",
    ]  # fmt: skip


def test_fonts_are_embedded(reader):
    names, embedded = set(), 0
    for page in reader.pages:
        for font in page["/Resources"].get("/Font", {}).values():
            font = font.get_object()["/DescendantFonts"][0].get_object()
            names.add(font["/BaseFont"].split("+")[-1])
            descriptor = font["/FontDescriptor"].get_object()
            embedded += any(key in descriptor for key in ("/FontFile2", "/FontFile3"))
    assert embedded and any("Serif" in name for name in names) and any("Sans" in name for name in names)


def test_the_head_of_a_long_table_is_repeated(reader):
    pages = [re.sub(r"\s+", " ", page.extract_text()) for page in reader.pages]
    assert sum("Row Site Influence Fit time (s)" in text for text in pages) >= 2


@pytest.mark.parametrize(("paper", "size"), [("A4", (595, 842)), ("Letter", (612, 792))])
def test_paper(tmp_path, page, paper, size):
    for html in (SMALL, page):  # the latter has a style sheet with a size of its own
        write_pdf(html, tmp_path / "x.pdf", paper)
        boxes = [sheet.mediabox for sheet in PdfReader(tmp_path / "x.pdf").pages]
        assert {(round(float(box.width)), round(float(box.height))) for box in boxes} == {size}


def long_page(body="", title="", kind="compact"):
    """A page of chapters and references in blocks of 10 mm, of which 20 fill a page."""
    style = (
        "@page { size: A4; margin: 48.45mm } body, h2, h3, p, figure { margin: 0; padding: 0 } "
        "h2, h3, p { height: 10mm; font-size: 4mm; line-height: 4mm }"
    )
    parts = (("h2", "1 One", 10), ("h3", "1.1 Two", 20), ("h3", "1.2 Three", 6))
    blocks = "".join(f"<{tag}>{name}</{tag}>" + "<p>x</p>" * (n - 1) for tag, name, n in parts)
    return (
        f'<!doctype html><html lang="en"><head><title>T</title><style>{style}</style></head>'
        f'<body class="{kind}">{title}<main><section class="chapter">{blocks}{body}</section>'
        '<section class="chapter"><h2><span>2</span> Four</h2><p>x</p></section>'
        '<section class="chapter references"><h2>References</h2>' + "<p>x</p>" * 30 + "</section>"
        '<section class="appendices"><h2>Appendix A</h2></section></main></body></html>'
    )


def test_parts_are_measured_in_pages():
    pages = weasyprint.HTML(string=long_page()).render().pages
    parts, used = measure_parts(pages)
    assert used == 2 and len(pages) > 2  # 38 blocks, and then the references
    assert [title for title, _ in parts] == ["1 One", "1.1 Two", "1.2 Three", "2 Four"]
    assert [length for _, length in parts] == pytest.approx([0.5, 1.0, 0.3, 0.1], abs=2e-3)


def test_too_many_pages_are_refused_in_one_line_and_no_pdf_is_written(tmp_path):
    write_pdf(long_page(), tmp_path / "kept.pdf", most=2)
    assert len(PdfReader(tmp_path / "kept.pdf").pages) > 2  # the references and the appendix don't count
    with pytest.raises(InquestError) as error:
        write_pdf(long_page(), tmp_path / "x.pdf", most=1)
    assert str(error.value) == (
        "x.pdf: it has 2 pages before the references and the appendix; `pages` allows 1; its longest "
        "parts, in pages: 1.1 Two (1.0), 1 One (0.5), 1.2 Three (0.3), 2 Four (0.1)"
    )
    assert not (tmp_path / "x.pdf").exists()


@pytest.mark.parametrize("kind", ["compact", ""])
def test_a_title_without_contents_takes_room_from_the_first_chapter(kind):
    """A figure of 35 mm fits into the 41 mm below 1.2, but not if a title of 10 mm stands above it all."""
    title = '<header class="title" style="height: 10mm"></header>'
    body = '<figure style="height: 35mm"></figure><p>after</p>'
    page = long_page(body, title, kind).replace("48.45mm", "47.6mm")
    html = weasyprint.HTML(string=page)
    first = html.render(stylesheets=[weasyprint.CSS(string=_CHAPTERS_ONLY)])
    settle(first.pages)
    section = next(html.etree_element.iter("section"))
    assert [child.tag for child in section][-2:] == (["p", "figure"] if kind else ["figure", "p"])


def test_unknown_paper(tmp_path):
    with pytest.raises(InquestError, match="found 'A3'; allowed: A4, Letter"):
        write_pdf(SMALL, tmp_path / "x.pdf", "A3")


def test_nothing_is_fetched(tmp_path, caplog):
    (tmp_path / "secret.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    page = SMALL.replace("<p>", f'<img alt="a" src="file://{tmp_path}/secret.svg"><p>')
    write_pdf(page, tmp_path / "x.pdf")
    assert any("Failed to load image" in record.message for record in caplog.records)


class _Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name == "weasyprint":
            raise OSError("cannot load library 'libpango-1.0-0'")


def test_a_missing_system_library_is_told_with_the_command(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [_Missing(), *sys.meta_path])
    with pytest.raises(
        InquestError, match=r"libpango-1\.0-0.*install it: apt-get install .*libharfbuzz-subset0"
    ):
        write_pdf(SMALL, tmp_path / "x.pdf")
    assert list(tmp_path.iterdir()) == []


def test_harfbuzz_subset_is_needed_for_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr("weasyprint.text.ffi.harfbuzz_subset", None)
    with pytest.raises(InquestError, match="harfbuzz-subset is missing; install it: apt-get"):
        write_pdf(SMALL, tmp_path / "x.pdf")


def test_the_environment_is_left_as_it_was(tmp_path, monkeypatch):
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    write_pdf(SMALL, tmp_path / "x.pdf")
    assert "SOURCE_DATE_EPOCH" not in os.environ


def test_a_link_to_a_file_beside_the_document_is_relative(tmp_path):
    page = (
        '<html lang="en"><title>T</title><p id="y">A <a href="error-map.html">map</a> <a href="#y">here</a>, '
    )
    write_pdf(page + '<a href="https://doi.org/1">there</a></p>', tmp_path / "x.pdf")
    links = [link.get_object() for link in PdfReader(tmp_path / "x.pdf").pages[0]["/Annots"]]
    assert [link["/A"]["/URI"] for link in links if "/A" in link] == ["error-map.html", "https://doi.org/1"]
    assert b"beside.invalid" not in (tmp_path / "x.pdf").read_bytes()
