"""What the report says of the errors."""

from __future__ import annotations

import pandas as pd
import pytest

from inquest.artefacts import plain
from inquest.text.errors.annotations import Annotations
from inquest.text.errors.summary import summarise_errors
from inquest.text.errors.taxonomy import Taxonomy

TAXONOMY = Taxonomy.model_validate(
    {
        "types": [{"name": "negation", "definition": "D1"}, {"name": "irony", "definition": "D2"}],
        "causes": [{"name": "label noise", "definition": "D3"}],
        "fixes": [
            {"name": "more texts", "definition": "D4", "idea": "Get more."},
            {"name": "leave it", "definition": "D5", "idea": "Do nothing."},
        ],
    }
)
MAP = {
    "texts": 14,
    "errors": 8,
    "correct": 6,
    "says": "No sign.",
    "methods": [
        {"title": "PCA", "method": "pca", "perplexity": None, "trustworthiness": 0.8, "shown": False},
        {"title": "t-SNE", "method": "tsne", "perplexity": 10, "trustworthiness": 0.9, "shown": True},
    ],
}


def sheet(errors: int = 8) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [f"t-{i}" for i in range(errors)],
            "status": "current",
            "text": [f"text {i}" for i in range(errors)],
            "gold": "positive",
            "predicted": "negative",
            "direction": ["false negative"] * min(errors, 5) + ["false positive"] * max(errors - 5, 0),
            "confidence": [0.99 - i / 20 for i in range(errors)],
            "llm": ["positive", None] * (errors // 2),
            "drivers": "not +0.5",
            "tags": ["negation; short"] * min(errors, 3) + ["short"] * max(errors - 3, 0),
        }
    ).astype({"id": "str", "text": "str"})


def said(*rows: tuple[str, ...]) -> pd.DataFrame:
    columns = ["id", "annotator", "error_type", "cause", "fix", "note", "status"]
    return pd.DataFrame(rows, columns=columns, dtype="str")


@pytest.fixture
def describe():
    """Return a function that summarises what people said of a sheet."""

    def make(table: pd.DataFrame, errors: int = 8, show: int = 4, by: str = ""):
        of = sheet(errors)
        annotations = Annotations(table, [], list(dict.fromkeys(table["annotator"])), of)
        agreement, disagreements = annotations.agreement()
        return summarise_errors(
            of,
            100,
            annotations.merged(),
            annotations.facts(),
            agreement,
            disagreements,
            TAXONOMY,
            {"tags": [{"name": "negation", "definition": "d", "count": 3, "share": 0.4}]},
            {"gaps": {"median": 0.01}},
            MAP,
            {"annotated_by": by, "show": show},
        )

    return make


A = [
    ("t-0", "a", "negation", "label noise", "more texts", "", "current"),
    ("t-1", "a", "negation", "", "more texts", "so", "current"),
    ("t-2", "a", "irony", "label noise", "leave it", "", "current"),
    ("t-3", "a", "irony", "", "", "", "current"),
    ("t-9", "a", "irony", "", "", "", "past"),
]


def test_what_people_named_is_ranked_with_estimates_for_the_rest(describe):
    facts, tables = describe(said(*A))
    assert (facts["errors"], facts["annotated"], facts["rest"], facts["past"], facts["of"]) == (
        8,
        4,
        4,
        1,
        100,
    )
    assert [(row["name"], row["count"]) for row in facts["types"]] == [("negation", 2), ("irony", 2)]
    assert [(row["name"], row["count"]) for row in facts["causes"]] == [("label noise", 2)]
    best = facts["ideas"][0]
    assert (best["name"], best["idea"], best["count"]) == ("more texts", "Get more.", 2)
    assert best["estimate"] == pytest.approx(2 + 5 * 2 / 3)  # 3 of 8 have a fix
    assert best["estimate_low"] < best["estimate"] < best["estimate_high"] <= 8
    assert len(tables["types"]) == 2 and len(tables["fixes"]) == 2
    assert (facts["types"][0]["example_id"], facts["fixes"][0]["example_id"]) == ("t-0", "t-1")  # not twice


def test_every_error_is_listed_with_what_was_said_of_it(describe):
    facts, tables = describe(said(*A))
    table = tables["all"]
    assert table["id"].tolist() == sheet()["id"].tolist()
    assert table["error_type"].fillna("-").tolist() == ["negation", "negation", "irony", "irony"] + ["-"] * 4
    assert table["cause"].isna().tolist() == [False, True, False, True] + [True] * 4
    assert [row["id"] for row in facts["wrong"]] == ["t-0", "t-2", "t-5", "t-7"]
    assert facts["wrong"][1]["error_type"] == "irony" and facts["wrong"][3]["error_type"] is None
    assert facts["llm"] and facts["wrong"][1]["llm"] == "positive"


def test_tags_stand_beside_types_and_are_not_counted(describe):
    facts, tables = describe(said(*A))
    assert facts["suggested"] == []  # two of two errors of a type, but of three in four with the tag
    types = ["negation"] * 3 + ["irony"] * 7
    many = [(f"t-{i}", "a", one, "", "", "", "current") for i, one in enumerate(types)]
    assert describe(said(*many), errors=10)[0]["suggested"] == [
        {"error_type": "negation", "errors": 3, "tag": "negation", "count": 3, "share": 1.0,
         "share_of_all": 3 / 10, "chance": pytest.approx(1 / 120), "lift": pytest.approx(10 / 3)}
    ]  # fmt: skip
    none, _ = describe(said())
    assert (none["annotated"], none["types"], none["ideas"], none["suggested"]) == (0, [], [], [])
    assert tables["crossed"].to_dict("records") == [
        {"error_type": "negation", "label noise": 1}, {"error_type": "irony", "label noise": 1}
    ]  # fmt: skip


def test_two_annotators_are_compared_and_counted_once(describe):
    facts, tables = describe(said(*A, ("t-0", "b", "irony", "label noise", "more texts", "", "current")))
    assert facts["annotated"] == 4 and facts["by_several"] == 1
    assert [(row["column"], row["common"], row["share"]) for row in facts["agreement"]] == [
        ("error_type", 1, 0.0), ("cause", 1, 1.0), ("fix", 1, 1.0)
    ]  # fmt: skip
    assert facts["disagreements"] == 1 and tables["disagreements"]["choice"].tolist() == ["negation"]


def test_no_errors_at_all(describe):
    facts, tables = describe(said(), errors=0)
    assert (facts["errors"], facts["wrong"], facts["directions"]) == (0, [], [])
    assert len(tables["all"]) == 0 and not facts["llm"]
    plain(facts)
