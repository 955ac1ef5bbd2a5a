"""A document from chapters: numbering, references, what is escaped, and what is told when a template errs."""

import re
from pathlib import Path

import pytest

from inquest.artefacts import write_json
from inquest.errors import InquestError
from inquest.report.document import render
from inquest.report.provenance import untimed_run


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", re.sub("</t[dh]>", " ", html)).replace("\u00a0", " "))


def test_the_same_results_give_the_same_page(arguments, page):
    assert render(**arguments) == page


def test_the_page_needs_no_other_file(page):
    addresses = re.findall(r'(?:src|href|url\()="?([^")\s>]+)', page)
    assert addresses and all(address.startswith(("data:", "#", "https://doi.org/")) for address in addresses)
    assert page.count("@font-face") == 7


def test_hostile_text_is_shown_not_run(page):
    assert "<script" not in page
    # in a paragraph, a table, a statement (with its quotes set) and the config
    assert page.count("&lt;script&gt;alert(") == 4


def test_headings_are_numbered_and_listed(page):
    assert '<h2 id="chapter-data"><span class="number">1</span> The data</h2>' in page
    assert '<h3 id="sec-split"><span class="number">1.3</span> The split</h3>' in page
    assert '<h4 id="sec-long"><span class="number">1.3.1</span> All the rows' in page
    assert (
        '<h2 id="appendix-marks"><span class="number">Appendix D</span> Where each mark is earned</h2>'
        in page
    )
    contents = text_of(page.split('<nav class="contents"')[1].split("</nav>")[0])
    assert contents.startswith(
        ' aria-label="Contents"> Contents 1 The data 1.1 Where the rows come from 1.2 '
    )
    assert contents.endswith("Statements References A The config B Data and checksums C How it was "
                             "computed D Where each mark is earned ")  # fmt: skip
    assert "All the rows" not in contents


def test_references_lead_forwards_and_into_other_chapters(page):
    assert 'single rows in <a class="ref" href="#fig-influence-sizes">Figure\u00a04</a>' in page
    assert 'See also <a class="ref" href="#tab-data-features">Table\u00a01</a>' in page
    assert '<a class="ref" href="#sec-split">Section\u00a01.3</a>' in page
    anchors = re.findall(r'\bid="([^"]+)"', page)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(anchors)
    assert "x-ref" not in page


def test_the_bibliography_has_what_the_chapters_and_the_appendix_cite(page):
    listed = re.findall(r'<p id="ref-(\w+)">', page)
    assert listed == [
        "becker1996",
        "cook1977",
        "efron1993",
        "ghorbani2019",
        "koh2017",
        "liu2008",
        "shapley1953",
    ]


def test_title_page(page):
    title = text_of(page.split('<header class="title">')[1].split("</header>")[0])
    assert "Statistics 101, assignment 2 Which orchard rows make the model Data influence on" in title
    assert "Ada Ahorn, Béla Birke 22 November 2026 · study orchard" in title
    assert "trees in the census, of which 10,000 take part 32,561" in title
    assert '<meta name="author" content="Béla Birke">' in page and '<html lang="en">' in page


def test_without_contents_the_first_chapter_follows_the_title(arguments, page):
    assert "<body>" in page and '<nav class="contents"' in page  # the default
    html = render(**(arguments | {"document": arguments["document"] | {"contents": False}}))
    assert '<body class="compact">' in html and "<nav" not in html
    assert text_of(html.split("</header>")[1]).lstrip().startswith("1 The data")


def test_a_rubric_sees_the_limit_of_pages(arguments, tmp_path):
    (tmp_path / "rubric.yaml").write_text(
        "title: Form\nmarks:\n  - {what: Short, marks: 2, chapter: data, section: sec-split, "
        "all: [{fact: document.pages, at_most: 6, says: pages}]}\n"
    )
    for pages, says in ((6, "2 of 2 marks"), (7, "0 of 2 marks"), (None, "0 of 2 marks")):
        document = arguments["document"] | {"pages": pages}
        html = render(**(arguments | {"document": document, "rubric": tmp_path / "rubric.yaml"}))
        assert says in html.split('id="appendix-marks"')[1]


def test_a_rubric_sees_the_times_of_chapters(arguments, tmp_path):
    (tmp_path / "rubric.yaml").write_text(
        "title: Form\nmarks:\n  - {what: Timed, marks: 2, chapter: data, section: sec-split, "
        "all: [{fact: timings.data.fit, at_least: 60, says: seconds}]}\n"
    )
    given = arguments | {"rubric": tmp_path / "rubric.yaml"}
    html = render(**(given | {"provenance": arguments["provenance"] | {"timings": {"data": {"fit": 90}}}}))
    assert "2 of 2 marks" in html and "seconds: 90" in html
    assert "0 of 2 marks" in render(**given)


def test_a_run_is_this_one_or_a_recorded_one_or_not_told(arguments):
    def appendix(provenance):
        html = render(**(arguments | {"provenance": provenance}))
        return html.split('id="appendix-provenance"')[1]

    given = arguments["provenance"]
    this = appendix(given)
    assert "Invented CPU" in this and "61.5" in this and "rerun" not in this
    recorded = appendix(given | {"of": "recorded"})
    assert "Invented CPU" in recorded and "those of a recorded run" in recorded
    untold = appendix(untimed_run(Path(__file__).parents[2]))
    assert "Processor" not in untold and "61.5" not in untold
    assert "with the same bytes" in untold and "results/orchard/timings/provenance.json" in untold
    assert "weasyprint" in untold


def test_appendix(page):
    appendix = text_of(page.split('id="appendix-config"')[1])
    assert "study: orchard seed: 7" in appendix
    assert "SHA-256 " + "ab" * 32 + " Size 3,974,305 bytes Licence CC BY 4.0" in appendix
    assert "Commit 0123456789abcdef0123456789abcdef01234567 Processor Invented CPU Cores 2" in appendix
    assert "Together: 1 min 4 s." in appendix  # 2.25 s + 61.5 s
    assert "leave_one_out 10 61.5 –" in appendix


def test_marks_are_met_where_section_and_facts_are_there(page):
    marks = page.split('id="appendix-marks"')[1]
    # data 6 and influence 16 of 32: the sample has no baseline and no shapley chapter
    assert "22 of 32 marks" in marks
    assert re.search(
        r'#sec-split">Section\u00a01.3</a></td>\s*<td class="right"><a class="page" href="#sec-split"', marks
    )
    assert "groups left out: 10; groups in the config: 10" in marks
    assert marks.count("the document has no chapter shapley") == 2


def test_a_fact_comes_before_a_method_of_its_name(chapter):
    assert "[1, 2, 3]" in chapter("{{ facts['values'] }}{{ facts.values }}")
    assert "1-2-3" in chapter("{{ facts.values | join('-') }}")


def test_figures_have_alt_text_and_captions(page):
    assert page.count("<figure ") == 6
    for alt in re.findall(r'<figure [^>]*><img alt="([^"]*)"', page):
        assert len(alt) > 20
    assert '<figure id="fig-data-confusion" class="column">' in page
    assert '<span class="label">Figure\u00a02</span> Most mistakes' in page


def test_a_table_that_is_cut_says_how_much_is_left_out(page):
    table = page.split('id="tab-influence-points"')[1].split("</div>")[0]
    assert table.count("<tr>") == 1 + 8 and "2\u00a0more rows left out." in table


def test_two_chapters_may_use_one_name_and_each_finds_its_own(arguments):
    for name in ("data", "influence"):
        path = arguments["templates"] / "chapters" / f"{name}.html.j2"
        path.write_text(
            '{{ chapter("C") }}{{ tabref("t") }}{{ table([{"a": 1}], caption="c", id="t") }}',
            encoding="utf-8",
        )
    html = render(**(arguments | {"rubric": None}))
    assert '#tab-data-t">Table\u00a01<' in html and '#tab-influence-t">Table\u00a02<' in html


def test_raw_strings_answers_and_captions_with_markup(chapter):
    assert 'alt="\\frac{a}{b}"' in chapter('{{ math(r"\\frac{a}{b}") }}')
    assert chapter('{{ answer("a < b") }}').endswith('<div class="answer"><p>a &lt; b</p></div>\n')
    assert chapter("{% call note() %}<p>x</p>{% endcall %}").endswith('<div class="note"><p>x</p></div>\n')
    table = chapter('{{ table([{"a": "<i>"}], caption="see <b> " ~ cite("cook1977")) }}')
    assert 'see &lt;b&gt; (<a class="cite" href="#ref-cook1977">Cook, 1977</a>)</caption>' in table
    assert '<td class="left">&lt;i&gt;</td>' in table


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ('\n\n{{ facts.rows.sampld }}', "data.html.j2, line 3: 'dict object' has no attribute 'sampld'"),
        ("{{ facts.rows }", "chapters/data.html.j2, line 1: "),
        ('{{ cite("cook1978") }}', "'cook1978' (did you mean `cook1977`?)"),
        ('{{ figref("a") }}{{ figure("ages", caption="c", alt="a") }}', "no figure 'a'; allowed: ages"),
        ('{{ secref("nowhere") }}', "there is no section 'nowhere'"),
        ('{{ figure("absent", caption="c", alt="a") }}', "there are: ages, confusion, curves"),
        ('{{ figure("ages", caption="c", alt=" ") }}', "its alt text is empty"),
        ('{{ figure("ages", caption="c", alt="a", width="half") }}', "unknown width 'half'"),
        ('{{ table("absent", caption="c") }}', "there are: features, long"),
        ('{{ table("long", caption="c", columns=["valeu"]) }}', "no column 'valeu' (did you mean `value`?)"),
        ('{{ section("A", id="s") }}{{ section("B", id="s") }}', "two of its parts have the id 's'"),
        ('{{ math("\\\\nonsense") }}', "it cannot be read"),
        ("{{ facts.hostile | number(2) }}", "found '<script>"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_template_is_told_in_one_line(chapter, template, message):
    with pytest.raises(InquestError) as error:
        chapter(template)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_chapter_opens_with_its_heading(arguments):
    path = arguments["templates"] / "chapters" / "data.html.j2"
    path.write_text('{{ section("Early") }}', encoding="utf-8")
    with pytest.raises(InquestError, match="section 'Early' comes before any chapter"):
        render(**arguments)
    path.write_text("<p>no heading</p>", encoding="utf-8")
    with pytest.raises(InquestError, match="it has no heading"):
        render(**arguments)


def test_missing_template_and_facts_are_told(arguments):
    facts = arguments["chapters"]["influence"] / "facts.json"
    facts.unlink()
    with pytest.raises(InquestError, match=r"chapter `influence`: .*facts\.json cannot be read"):
        render(**arguments)
    write_json(facts, {})
    (arguments["templates"] / "chapters" / "data.html.j2").unlink()
    with pytest.raises(InquestError, match=r"there is no template chapters/data\.html\.j2"):
        render(**arguments)


def test_a_chapter_reads_its_own_times(chapter, arguments):
    timed = arguments["provenance"] | {
        "timings": {"data": {"seconds": {"fit": 90}}, "influence": {"seconds": {"fit": 5}}}
    }
    assert "1\u00a0min 30\u00a0s" in chapter("{{ timings.seconds.fit | seconds }}", provenance=timed)
    with pytest.raises(InquestError, match="no attribute 'seconds'"):
        chapter("{{ timings.seconds.fit | seconds }}")  # a chapter without times of its own


def test_a_chapter_may_add_parts_to_the_appendix(arguments):
    """They stand before the appendix of every document, and each side refers to the other."""
    chapters = arguments["templates"] / "chapters"
    body = (chapters / "data.html.j2").read_text(encoding="utf-8")
    body += '<p>All of them: {{ tabref("every-label") }} in {{ secref("appendix-labels") }}.</p>'
    (chapters / "data.html.j2").write_text(body, encoding="utf-8")
    (chapters / "data.appendix.html.j2").write_text(
        '{{ chapter("Every label", id="appendix-labels") }}<p>As in {{ secref("sec-split") }}, by '
        "{{ facts | length }} facts.</p>"
        '{{ table([{"a": 1}], caption="One.", id="every-label") }}',
        encoding="utf-8",
    )
    page = render(**arguments)
    assert '<h2 id="appendix-labels"><span class="number">Appendix A</span> Every label</h2>' in page
    assert '<span class="number">Appendix B</span> The config</h2>' in page
    assert '<a class="ref" href="#appendix-labels">Appendix\u00a0A</a>' in page
    assert page.index('id="appendix-labels"') > page.index("References</h2>") > 0
    number = re.search(r'href="#tab-data-every-label">Table\u00a0(\d+)</a>', page)[1]
    tables = re.findall(r'<span class="label">Table\u00a0(\d+)</span>', page)
    assert len(tables) == len(set(tables)) and number in tables


def test_what_a_macro_says_in_a_table_is_escaped_once(chapter):
    html = chapter(
        "{% macro said(word) %}{{ word }} & co{% endmacro %}"
        '{{ table([{"a": said("<b>"), "b": "<i>"}, {"a": "1 & 2", "b": "x"}], caption="C") }}'
    )
    assert '<td class="left">&lt;b&gt; & co</td>' in html
    assert "&lt;i&gt;" in html and "1 &amp; 2" in html and "&amp;lt;" not in html
