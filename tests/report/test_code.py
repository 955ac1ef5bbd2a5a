"""The appendix with the code: what ran, whole, as it stands in the source."""

from __future__ import annotations

import ast
import html
import re
from pathlib import Path

import pytest
from pypdf import PdfReader

from inquest.errors import InquestError
from inquest.lineage import ROOT
from inquest.report.code import chapters_code, highlight
from inquest.report.definitions import called
from inquest.report.document import render
from inquest.report.pdf import write_pdf
from inquest.report.rubric import read_rubric

REPO = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(path for path in (REPO / "scripts").rglob("*.py"))
RAN = [
    ("data", "split", "scripts/data/split.py"),
    ("influence", "leave_one_out", "scripts/influence/leave_one_out.py"),
    ("influence", "leave_group_out", "scripts/influence/leave_group_out.py"),
]
HERE = [(chapter, rule, REPO / script) for chapter, rule, script in RAN]


def plain(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


def test_what_a_script_calls_is_shown_and_what_reads_and_writes_is_named():
    found = called(REPO / "scripts" / "influence" / "leave_one_out.py")
    shown = {(one.module, one.name) for one in found.shown}
    assert {("valuation/leave_out.py", "leave_one_out"), ("learners/chosen.py", "chosen_utility")} <= shown
    assert ("artefacts.py", "read_table") in found.named
    assert not shown & set(found.named)
    assert not {module for module, _ in shown} & {"artefacts.py", "errors.py", "runtime.py"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_nothing_that_a_script_imports_by_name_is_forgotten(script):
    tree = ast.parse(script.read_text(encoding="utf-8"))
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "inquest"
        for alias in node.names
        if not list(ROOT.joinpath(*node.module.split(".")[1:]).glob(f"{alias.name}*"))  # a module
    }
    found = called(script)
    assert imported <= {one.name for one in found.shown} | {name for _, name in found.named}


def test_definitions_stand_as_in_the_source_but_for_their_docstrings():
    for one in called(REPO / "scripts" / "data" / "fetch.py").shown:
        source = (ROOT / one.module).read_text(encoding="utf-8")
        assert source.splitlines()[one.line - 1] == one.source.splitlines()[0]
        [mine] = ast.parse(one.source).body
        [theirs] = [node for node in ast.parse(source).body if getattr(node, "name", None) == one.name] or [
            mine
        ]
        assert without_docstrings(mine) == without_docstrings(theirs)


def without_docstrings(node: ast.AST) -> str:
    for part in ast.walk(node):
        if isinstance(part, (ast.FunctionDef, ast.ClassDef)) and ast.get_docstring(part):
            part.body[0] = ast.Pass()
    return ast.dump(node)


def test_each_definition_is_shown_once_with_the_first_rule_that_runs_it():
    chapters = chapters_code(RAN, REPO)
    assert [(part.chapter, [one.rule for one in part.rules]) for part in chapters] == [
        ("data", ["split"]),
        ("influence", ["leave_one_out", "leave_group_out"]),
    ]
    rules = [one for part in chapters for one in part.rules]
    text = "\n".join(plain(piece.code) for one in rules for piece in one.library)
    heads = re.findall(r"(?m)^(?:def|class) (\w+)", text)
    assert len(heads) == len(set(re.findall(r"(?m)^(?:def|class) .*", text))) and "leave_one_out" in heads
    later = rules[2]
    assert ("learners/chosen.py", "chosen_utility") in later.before
    assert "chosen_utility" not in re.findall(r"def (\w+)", "".join(plain(p.code) for p in later.library))
    assert plain(rules[0].script.code) == (REPO / RAN[0][2]).read_text(encoding="utf-8").strip("\n")


@pytest.mark.parametrize("text", ["x = '</pre><script>' & 1  # <b>\n", "", "def (:\n\t§ 'odd", "a\n\n\nb"])
def test_highlighting_loses_and_runs_nothing(text):
    made = highlight(text)
    assert plain(made) == text.strip("\n")
    assert set(re.findall(r"<[^>]+>", made)) <= {"</span>", *(f'<span class="{k}">' for k in "ksdc")}


def test_colours_of_code_have_the_contrast_that_wcag_asks_for():
    style = (REPO / "report" / "style.css").read_text(encoding="utf-8")
    colours = re.findall(r"(?m)^\.code \.\w \{ color: #([0-9a-f]{6}); \}", style)
    assert len(colours) == 4
    for colour in colours:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        assert 1.05 / (luminance + 0.05) >= 4.5, colour  # WCAG 2.2, success criterion 1.4.3


def test_rubrics_name_rules_that_are_there():
    text = "".join(path.read_text(encoding="utf-8") for path in (REPO / "rules").glob("*.smk"))
    known = set(re.findall(r"^rule (\w+):$", text, flags=re.M))
    for path in (REPO / "report" / "rubrics").glob("*.yaml"):
        named = {rule for mark in read_rubric(path).marks for rule in mark.rules}
        assert named and named <= known


def test_the_appendix_says_what_the_code_answers_and_does_not_count_as_pages(arguments, page, tmp_path):
    long = tmp_path / "long.py"
    long.write_text(f'"""A long one."""\n\nvalue = "{"x" * 400}"\n', encoding="utf-8")
    ran = [*HERE, ("own", "long", long)]
    made = render(**arguments, ran=ran)
    appendix = made.split('id="appendix-code"')[1]
    assert re.findall(r'<h3 id="code-(\w+)">.*?</span> (.*?)</h3>', appendix)[0] == (
        "data",
        "The data",
    )
    rule = appendix.split('id="code-rule-leave_one_out"')[1].split("<pre")[0]
    assert "Answers <em>Leave-one-out influence is computed</em>." in re.sub(r" \(<a.*?</a>\)", "", rule)
    assert 'href="#code-influence"' in made.split("<main>")[0]

    with pytest.raises(InquestError, match="its longest parts, in pages: ") as caught:
        write_pdf(page, tmp_path / "without.pdf", most=1)
    most = int(re.search(r"it has (\d+) pages", str(caught.value))[1])
    write_pdf(made, tmp_path / "with.pdf", most=most)
    reader = PdfReader(tmp_path / "with.pdf")
    assert len(reader.pages) > most
    assert b"pdfuaid:part" in reader.trailer["/Root"]["/Metadata"].get_data()
    text = "".join(sheet.extract_text() for sheet in reader.pages)
    assert re.sub(r"\s", "", text).count("x" * 400) == 1 and "x" * 200 not in text  # wrapped, and whole


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_no_line_of_the_code_leaves_the_paper(arguments, tmp_path, paper):
    import weasyprint
    from weasyprint.formatting_structure.boxes import TextBox

    from inquest.report.pdf import PAPERS

    made = render(**arguments, ran=HERE)
    sheet = weasyprint.CSS(string=PAPERS[paper])
    for page in weasyprint.HTML(string=made).render(stylesheets=[sheet]).pages:
        box = page._page_box
        for text in box.descendants():
            if isinstance(text, TextBox):
                assert text.position_x + text.width <= box.content_box_x() + box.width + 1, text.text


def test_no_barrier_that_a_checker_finds(arguments, tmp_path, barriers):
    (tmp_path / "page.html").write_text(
        render(**arguments, ran=HERE),
        encoding="utf-8",
    )
    assert barriers(tmp_path / "page.html") == {}
