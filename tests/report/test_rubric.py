"""Where each mark is earned."""

from pathlib import Path

import pytest
import yaml

from inquest.errors import InquestError
from inquest.report.rubric import mark, read_rubric

SHIPPED = Path(__file__).parents[2] / "report" / "rubrics" / "data-influence.yaml"


def verdict(tmp_path, check, facts, sections=("sec-a",)):
    """Return met and why for a rubric of one mark with one check, on the facts of a chapter `c`."""
    content = {
        "title": "T",
        "marks": [{"what": "w", "marks": 2, "chapter": "c", "section": "sec-a", "all": [check]}],
    }
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    (row,) = mark(read_rubric(tmp_path / "r.yaml"), facts, set(sections))
    return row["met"], row["why"]


@pytest.mark.parametrize(
    ("check", "met", "why"),
    [
        ({"fact": "c.n", "at_least": 10, "says": "rows"}, True, "rows: 10"),
        ({"fact": "c.n", "at_least": 11, "says": "rows"}, False, "rows: 10 (asked: at least 11)"),
        ({"fact": "c.n", "at_least": 5, "at_most": 9}, False, "c.n: 10 (asked: at most 9)"),
        ({"fact": "c.n", "at_least": {"fact": "config.n"}}, True, "c.n: 10"),
        ({"fact": "c.n", "equals": {"count": "config.groups"}}, False, "c.n: 10 (asked: equal to 2)"),
        ({"count": "c.sizes", "equals": 3, "says": "sizes"}, True, "sizes: 3"),
        ({"count": "c.names", "at_least": 2}, True, "c.names: 2"),
        ({"count": "c.n", "at_least": 1}, False, "c.n: missing (asked: at least 1)"),
        ({"fact": "c.exact", "equals": True, "says": "exact"}, True, "exact: yes"),
        ({"fact": "c.exact", "at_least": 1}, False, "c.exact: yes (asked: at least 1)"),
        ({"fact": "c.reason", "filled": True}, False, "c.reason: “” (asked: filled in)"),
        ({"fact": "c.metric", "filled": True, "says": "metric"}, True, "metric: “accuracy”"),
        ({"fact": "c.nothing", "exists": True}, False, "c.nothing: missing (asked: given)"),
        ({"fact": "c.sizes.1", "equals": 20}, True, "c.sizes.1: 20"),
        ({"fact": "c.n.deeper", "at_least": 0}, False, "c.n.deeper: missing (asked: at least 0)"),
        ({"fact": "c.n", "at_least": {"fact": "config.absent"}}, False, "c.n: 10 (asked: at least missing)"),
    ],
)
def test_checks(tmp_path, check, met, why):
    chapter = {
        "n": 10, "exact": True, "reason": " ", "metric": "accuracy", "nothing": None,
        "sizes": [10, 20, 30], "names": {"a": 1, "b": 2},
    }  # fmt: skip
    assert verdict(tmp_path, check, {"c": chapter, "config": {"n": 10, "groups": [1, 2]}}) == (met, [why])


def test_a_mark_needs_its_section_and_its_chapter(tmp_path):
    check = {"fact": "c.n", "at_least": 1}
    assert verdict(tmp_path, check, {"c": {"n": 1}}, sections=()) == (
        False,
        ["the document has no section sec-a"],
    )
    assert verdict(tmp_path, check, {"d": {"n": 1}}) == (False, ["the document has no chapter c"])


def test_the_shipped_rubric_has_32_marks():
    rubric = read_rubric(SHIPPED)
    assert rubric.total == 32
    by_chapter = {
        name: sum(m.marks for m in rubric.marks if m.chapter == name)
        for m in rubric.marks
        for name in [m.chapter]
    }
    assert by_chapter == {"data": 6, "baseline": 4, "influence": 16, "shapley": 6}
    assert not any(row["met"] for row in mark(rubric, {"config": {}}, {m.section for m in rubric.marks}))


def _marks(**changes):
    one = {"what": "w", "marks": 2, "chapter": "c", "section": "s", "all": [{"fact": "c.n", "at_least": 1}]}
    return {"title": "T", "marks": [one | changes]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- a", "r.yaml: found list"),
        ("title: [", "cannot be read"),
        ({"title": "T"}, "`marks` is missing"),
        ({"title": "T", "marks": []}, "at least one mark is needed"),
        (_marks(secton="s"), "unknown key 'secton' (did you mean `section`?)"),
        (_marks(marks=0), "mark 1, `marks`: found 0"),
        (_marks(marks=True), "found True"),
        (_marks(all={"fact": "c.n"}), "a list of checks is allowed"),
        (
            _marks(all=[{"fact": "c.n", "at_leat": 1}]),
            "mark 1, check 1: unknown key 'at_leat' (did you mean `at_least`?)",
        ),
        (_marks(all=[{"fact": "c.n"}]), "one of fact, count and one of exists"),
        (
            _marks(all=[{"fact": "c.n", "count": "c.m", "at_least": 1}]),
            "one of fact, count and one of exists",
        ),
        (_marks(all=[{"fact": "c.n", "exists": "yes"}]), "true or false is allowed"),
        (
            _marks(all=[{"fact": "c.n", "equals": {"eval": "1+1"}}]),
            "a value, {fact: …} or {count: …} is allowed",
        ),
    ],
)
def test_a_bad_rubric_is_told_in_one_line(tmp_path, content, message):
    text = content if isinstance(content, str) else yaml.safe_dump(content)
    (tmp_path / "r.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InquestError) as error:
        read_rubric(tmp_path / "r.yaml")
    assert message in str(error.value)
    assert "\n" not in str(error.value)
