"""Citations by citeproc, from the references that ship with the reports."""

import json
import re
from pathlib import Path

import pytest

from inquest.errors import InquestError
from inquest.report.citations import Citations

REFERENCES = Path(__file__).parents[2] / "report" / "references.json"


def words(html: str) -> str:
    return re.sub(r"<[^>]+>", "", html).replace("&amp;", "&")


def test_author_and_year_with_links():
    citations = Citations(REFERENCES)
    one = citations.cite("ghorbani2019", "cook1977")
    assert words(one) == "(Ghorbani & Zou, 2019; Cook, 1977)"
    assert '<a class="cite" href="#ref-ghorbani2019">' in one
    assert words(citations.cite("pedregosa2011")) == "(Pedregosa et al., 2011)"


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
        assert re.fullmatch(r"\(.+, \d{4}\)", words(citations.cite(key))), key
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
    assert citations.cite("x") == '(<a class="cite" href="#ref-x">O&lt;b&gt;, 2001</a>)'
    assert (
        citations.bibliography()[0][1]
        == "O&lt;b&gt;, A. (2001). A &lt;script&gt; &amp; more. <i>J&amp;J</i>."
    )


@pytest.mark.parametrize("content", ["{", '{"a": 1}', '[{"title": "no id"}]'])
def test_what_is_no_csl_json_is_told(tmp_path, content):
    (tmp_path / "r.json").write_text(content, encoding="utf-8")
    with pytest.raises(InquestError, match="it is no CSL-JSON"):
        Citations(tmp_path / "r.json")
