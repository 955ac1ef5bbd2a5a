"""The rows of the error sheet."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from inquest.text.baselines import LINEAR
from inquest.text.errors.findings import look_into
from inquest.text.errors.sheet import MACHINE, PERSON, make_sheet, said_by_llm, wrong_texts

CLASSES = ["negative", "positive"]


def study(n=24, classes=CLASSES, pair=False):
    """Return texts of which the last half are tests, and predictions of which every third is wrong."""
    k, rows = len(classes), np.arange(n) * 10
    code = np.arange(n) % k
    texts = pd.DataFrame(
        {
            "row": rows,
            "id": [f"t-{i:02d}" for i in range(n)],
            "text": [f"the film number {i} is {classes[i % k]}" for i in range(n)],
            "label": np.array(classes)[code],
            "part": np.where(np.arange(n) < n // 2, "train", "test"),
        }
    ).astype({"label": "str", "part": "str"})
    if pair:
        texts.insert(3, "pair", [f"and {i}" for i in range(n)])
    test = texts[texts["part"] == "test"]
    gold = code[n // 2 :]
    predicted = np.where(np.arange(len(test)) % 3 == 0, (gold + 1) % k, gold)
    probabilities = np.full((len(test), k), 0.1 / (k - 1))
    probabilities[np.arange(len(test)), predicted] = 0.9
    table = pd.DataFrame({"row": test["row"], "id": test["id"], "part": "test", "label": gold})
    table = table.assign(predicted=predicted, tokens=9, truncated=False)
    for i, name in enumerate(classes):
        table[f"probability:{name}"] = probabilities[:, i]
    return texts, table.reset_index(drop=True)


def sheet_of(texts, predictions, classes=CLASSES, positive="positive", labels=None):
    errors = wrong_texts(texts, predictions, classes, positive)
    rng = np.random.default_rng(1)
    states = pd.DataFrame(rng.normal(size=(len(texts), 4)), columns=list("0123"))
    states.insert(0, "row", texts["row"])
    words = pd.DataFrame(
        {
            "row": errors["row"].repeat(2),
            "word": ["film", "is"] * len(errors),
            "part": "text",
            "attribution": [3.0, -1.0] * len(errors),
            "completeness_gap": errors["row"].repeat(2) / 1000,
        }
    ).reset_index(drop=True)[2:]  # of the first error no word is known
    found, about = look_into(
        errors, texts, predictions, predictions.assign(model=LINEAR), states, words, labels, classes, 3
    )
    return make_sheet(errors, found, labels), about


def test_every_error_is_there_the_most_confident_first():
    texts, predictions = study()
    predictions.loc[predictions["row"] == 180, ["probability:negative", "probability:positive"]] = 0.01, 0.99
    errors = wrong_texts(texts, predictions, CLASSES, "positive")
    assert errors["row"].tolist() == [180, 120, 150, 210]
    first = errors.iloc[0]
    assert (first["gold"], first["predicted"], first["direction"]) == (
        "negative",
        "positive",
        "false positive",
    )
    assert (first["id"], first["confidence"], first["words"]) == ("t-18", 0.99, 6)
    assert errors["gold_confidence"].tolist() == pytest.approx([0.01, 0.1, 0.1, 0.1])
    assert errors["margin"].tolist() == pytest.approx([0.98, 0.8, 0.8, 0.8])
    assert errors["direction"].tolist() == ["false positive"] * 2 + ["false negative"] * 2


def test_the_order_of_the_tables_changes_nothing():
    texts, predictions = study()
    turned = wrong_texts(texts[::-1], predictions[::-1], CLASSES, "positive")
    pd.testing.assert_frame_equal(turned, wrong_texts(texts, predictions, CLASSES, "positive"))


def test_with_more_labels_a_direction_names_both():
    classes = ["bad", "fair", "good"]
    texts, predictions = study(classes=classes)
    errors = wrong_texts(texts, predictions, classes, None)
    assert set(errors["direction"]) == {"bad → fair"}
    sheet, _ = sheet_of(texts, predictions, classes, None)
    assert len(sheet) == 4 and sheet["label_quality"].between(0, 1).all()


@pytest.mark.parametrize("pair", [False, True])
def test_the_columns_are_those_agreed_on(pair):
    sheet, _ = sheet_of(*study(pair=pair))
    assert list(sheet) == [*(name for name in MACHINE if pair or name != "pair"), *PERSON]
    assert (sheet["status"] == "current").all() and (sheet[list(PERSON)] == "").all(axis=None)
    assert sheet["llm"].isna().all()


def test_what_was_found_stands_beside_its_error():
    texts, predictions = study()
    sheet, about = sheet_of(texts, predictions)
    assert sheet["drivers"].tolist() == ["", *["film +0.75, is −0.25"] * 3]
    assert np.isnan(sheet["completeness_gap"][0]) and sheet["completeness_gap"][1] == 0.15
    near = sheet["nearest"].str.split("\n")
    assert (near.str.len() == 3).all() and about["near"] == 3
    numbers = near.explode().str.extract(r"number (\d+) is")[0].astype(int)
    assert numbers.max() < 12  # training texts only
    assert sum(tag["count"] for tag in about["tags"]) == sheet["tags"].str.split("; ").str.len().sum()
    assert {tag["name"] for tag in about["tags"]} >= {"negation", "label in doubt"}


def test_what_the_llm_said():
    texts, predictions = study()
    errors = wrong_texts(texts, predictions, CLASSES, "positive")
    labels = pd.DataFrame({"row": [120, 150, 999], "label": ["negative", None, "positive"]})
    said = said_by_llm(errors, labels)
    assert said.fillna("").tolist() == ["negative", "unparsed", "", ""]
    sheet, _ = sheet_of(texts, predictions, labels=labels)
    assert sheet["llm"].tolist()[:2] == ["negative", "unparsed"]


def test_a_label_that_the_llm_gives_too_is_in_no_doubt():
    texts, predictions = study(n=240)
    without, about = sheet_of(texts, predictions)
    doubted = without["tags"].str.contains("label in doubt")
    assert doubted.any() and about["suspicious"]["doubted"] == doubted.sum()
    rows = texts.set_index("id")["row"]
    labels = pd.DataFrame({"row": without["id"].map(rows), "label": without["gold"]})
    agreed, _ = sheet_of(texts, predictions, labels=labels)
    assert not agreed["tags"].str.contains("label in doubt").any()


def test_a_classifier_without_errors_gives_an_empty_sheet():
    texts, predictions = study()
    right = predictions["label"].to_numpy()
    predictions["predicted"] = right
    probabilities = np.where(np.eye(2)[right] == 1, 0.9, 0.1)
    predictions[["probability:negative", "probability:positive"]] = probabilities
    sheet, about = sheet_of(texts, predictions)
    assert len(sheet) == 0 and list(sheet)[-1] == "note" and about["tags"][0]["count"] == 0
