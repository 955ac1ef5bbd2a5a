"""Lines that are remembered: fewer are broken, and the PDF has the same bytes."""

import contextlib

import pytest

from inquest.report import pdf
from inquest.report.lines import remembered_lines

PAGE = """<html lang="en"><title>t</title><style>p { width: 60mm; hyphens: auto; text-align: justify }
td { font-variant-numeric: tabular-nums } .e { width: 9mm; overflow: hidden; text-overflow: ellipsis;
white-space: nowrap }</style><main><section class="chapter"><h2>One</h2>
<p>Retraining without a row shows what that row did, and nothing else does so as exactly.</p>
<p>Retraining without a row shows what that row did, <b>and nothing</b> else does so as exactly.</p>
<table><tr><td>1.25 of everything</td><td class="e">an overlong cell</td></tr>
<tr><td>1.25 of everything</td><td>an overlong cell</td></tr></table></section></main></html>"""


def test_the_same_bytes_from_fewer_lines(tmp_path, monkeypatch):
    from weasyprint.text import line_break

    broken = []
    split = line_break.split_first_line

    def counted(text, *args, **kwargs):
        broken.append(text)
        return split(text, *args, **kwargs)

    monkeypatch.setattr(line_break, "split_first_line", counted)
    monkeypatch.setattr("weasyprint.layout.inline.split_first_line", counted)
    monkeypatch.setattr("weasyprint.layout.preferred.split_first_line", counted)
    pdf.write_pdf(PAGE, tmp_path / "quick.pdf")
    remembered = len(broken)
    broken.clear()
    with monkeypatch.context() as patch:
        patch.setattr(pdf, "remembered_lines", contextlib.nullcontext)
        pdf.write_pdf(PAGE, tmp_path / "slow.pdf")
    assert 0 < remembered < len(broken) / 2
    assert (tmp_path / "quick.pdf").read_bytes() == (tmp_path / "slow.pdf").read_bytes()


SENTENCE = (
    "Ten (of a hundred). {}Table{}: the classifier is 11.3 points ahead of {}both baselines{} (a half), too."
)


def _lines(sentence: str, width: int) -> list[str]:
    from weasyprint import HTML
    from weasyprint.formatting_structure.boxes import LineBox, TextBox

    page = HTML(string=f'<p style="width: {width}px; margin: 0">{sentence}').render().pages[0]._page_box
    lines = [box for box in page.descendants() if isinstance(box, LineBox)]
    return ["".join(text.text for text in line.descendants() if isinstance(text, TextBox)) for line in lines]


def test_a_space_before_an_element_breaks_no_line():
    widths = range(150, 500, 3)
    with remembered_lines():
        found = [
            _lines(SENTENCE.format("<a>", "</a>", "<em style='font-style: normal'>", "</em>"), w)
            for w in widths
        ]
        plain = [_lines(SENTENCE.format("", "", "", ""), w) for w in widths]
    assert [[line.strip() for line in lines] for lines in found] == [
        [line.strip() for line in lines] for lines in plain
    ]


def test_weasyprint_is_left_as_it_was():
    from weasyprint.layout import inline, preferred

    before = inline.split_first_line, preferred.split_first_line
    with pytest.raises(ZeroDivisionError), remembered_lines():
        assert inline.split_first_line is not before[0]
        raise ZeroDivisionError
    assert (inline.split_first_line, preferred.split_first_line) == before
