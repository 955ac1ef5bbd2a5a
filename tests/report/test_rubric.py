"""Where each mark is earned."""

import re
from pathlib import Path

import pytest
import yaml

from inquest.errors import InquestError
from inquest.report.document import render
from inquest.report.rubric import mark, read_rubric

RUBRICS = Path(__file__).parents[2] / "report" / "rubrics"


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


@pytest.mark.parametrize(
    ("name", "total", "bonus", "by_chapter"),
    [
        ("data-influence", 32, 0, {"data": 6, "baseline": 4, "influence": 16, "shapley": 6}),
        ("text-classifier", 20, 3, {"text": 3, "classifier": 14, "errors": 5, "llm": 1}),
    ],
)
def test_the_shipped_rubrics_have_their_marks(name, total, bonus, by_chapter):
    rubric = read_rubric(RUBRICS / f"{name}.yaml")
    assert (rubric.total, rubric.bonus) == (total, bonus)
    assert by_chapter == {
        chapter: sum(m.marks for m in rubric.marks if m.chapter == chapter)
        for chapter in {m.chapter for m in rubric.marks}
    }
    assert not any(row["met"] for row in mark(rubric, {"config": {}}, {m.section for m in rubric.marks}))


CLASSIFIER = {
    "encoder": {"title": "MiniLM", "citation": "wang2020"},
    "model": {"threads": 2, "parameters": {"trainable": 22_713_602}},
    "training": {"learning_rate": 5e-5, "batch_size": 16, "epochs": 3, "reason_training": "as usual"},
    "counts": {"train": 2000, "validation": 500, "test": 1000},
    "history": {"best_epoch": 2, "best": {"loss": 0.4}},
    "checks": [{"name": name, "met": True, "says": name} for name in ("falls", "best", "gap")],
    "test": {
        "accuracy": {"value": 0.82, "low": 0.79, "high": 0.84},
        "macro_f1": {"value": 0.82, "low": 0.79, "high": 0.84},
        "per_class": [{"label": "negative"}, {"label": "positive"}],
    },
    "errors": {"count": 180},
    "expectations": [{"name": "Negated sentences are harder"}],
    "wrong": [{"gold": "negative", "predicted": "positive", "confidence": 0.9}] * 12,
    "published": {"scores": [{"value": 85.7}], "ours": {"value": 0.82}, "justification": "fewer texts"},
}
TIMINGS = {"classifier": {"train_seconds": 93.0, "predict_per_1000": 2.5}}
TEXT = {"about": "Sentences of film reviews.", "classes": ["negative", "positive"]}


def test_a_classifier_without_its_errors_earns_16_marks_and_one_bonus_mark():
    rubric = read_rubric(RUBRICS / "text-classifier.yaml")
    facts = {"text": TEXT, "classifier": CLASSIFIER, "document": {"pages": 6}, "timings": TIMINGS}
    rows = mark(rubric, facts, {m.section for m in rubric.marks})
    met = [row for row in rows if row["met"]]
    assert sum(row["marks"] for row in met if not row["bonus"]) == 16
    assert [row["what"] for row in met if row["bonus"]] == ["The confidence of the wrong samples"]
    (costs,) = (row for row in rows if row["what"] == "Times of training and inference")
    assert costs["why"][:2] == ["seconds of training: 93", "seconds to label 1,000 texts: 2.5"]
    assert {row["why"][0] for row in rows if not row["met"]} == {
        "the document has no chapter errors",
        "the document has no chapter llm",
    }


@pytest.mark.parametrize(
    ("changed", "lost"),
    [
        ({"classifier": CLASSIFIER | {"wrong": CLASSIFIER["wrong"][:9]}}, (1, 1)),
        ({"classifier": CLASSIFIER | {"published": None}}, (2, 0)),
        ({"classifier": CLASSIFIER | {"expectations": []}}, (1, 0)),
        ({"classifier": CLASSIFIER | {"checks": CLASSIFIER["checks"][:2]}}, (2, 0)),
        ({"document": {"pages": None}}, (2, 0)),
        ({"timings": {}}, (1, 0)),
        ({"timings": {"classifier": {"train_seconds": 93.0}}}, (1, 0)),
        ({"text": TEXT | {"about": ""}}, (1, 0)),
    ],
)
def test_what_is_missing_costs_its_marks(changed, lost):
    rubric = read_rubric(RUBRICS / "text-classifier.yaml")
    facts = {"text": TEXT, "classifier": CLASSIFIER, "document": {"pages": 6}, "timings": TIMINGS} | changed
    met = [row for row in mark(rubric, facts, {m.section for m in rubric.marks}) if row["met"]]
    marks = sum(row["marks"] for row in met if not row["bonus"])
    assert (16 - marks, 1 - sum(row["marks"] for row in met if row["bonus"])) == lost


@pytest.mark.parametrize(
    ("bonus", "said", "together"),
    [
        (True, "2 of 5 marks, and 1.5 of 1.5 bonus marks.", "Together 2 of 5 Bonus 1.5 of 1.5"),
        (False, "3.5 of 6.5 marks.", "Together 3.5 of 6.5"),
    ],
)
def test_the_appendix_counts_bonus_marks_apart(tmp_path, arguments, bonus, said, together):
    where = {"chapter": "data", "section": "sec-split"}
    content = {
        "title": "T",
        "marks": [
            {"what": what, "marks": marks, "all": [{"fact": "document.pages", "at_least": least}]} | where
            for what, marks, least in (("done", 2, 1), ("missed", 3, 9), ("extra", 1.5, 1))
        ],
    }
    content["marks"][2]["bonus"] = bonus
    (tmp_path / "r.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    changed = {"rubric": tmp_path / "r.yaml", "document": arguments["document"] | {"pages": 6}}
    page = render(**(arguments | changed)).split('id="appendix-marks"')[1]
    words = " ".join(re.sub("<[^>]+>", " ", page).split())
    assert said in words.replace(" .", ".") and together in words
    assert ("extra (bonus)" in words) == bonus and "done (bonus)" not in words
    assert ("Bonus" in words) == bonus


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
        (_marks(bonus="yes"), "mark 1, `bonus`: found 'yes'; true or false is allowed"),
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
