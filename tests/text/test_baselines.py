"""The baselines learn from the training texts, choose on the validation texts, and know no test text."""

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from inquest.text import baselines
from inquest.text.baselines import LINEAR, MAJORITY, STRENGTHS, fit_baselines, joined, word_features

GOOD = ["warm", "clever", "funny", "lovely", "bright"]
BAD = ["dull", "slow", "cold", "tired", "grey"]
CLASSES = ["bad", "good"]


def films(train=60, validation=30, test=30, noise=0.25, seed=0) -> pd.DataFrame:
    """Sentences of five words, most of them from the list of their label; a third are good."""
    rng, rows = np.random.default_rng(seed), []
    for part, count in (("train", train), ("validation", validation), ("test", test)):
        for i in range(count):
            own, other = (GOOD, BAD) if i % 3 == 0 else (BAD, GOOD)
            words = [rng.choice(other if rng.random() < noise else own) for _ in range(5)]
            rows.append({"text": " ".join(words), "label": CLASSES[own is GOOD], "part": part})
    return pd.DataFrame(rows).assign(row=lambda table: np.arange(len(table)) * 7)


def test_the_majority_says_how_frequent_each_training_label_is():
    texts = films()
    predictions, facts, seconds = fit_baselines(texts, CLASSES)
    own = predictions[predictions["model"] == MAJORITY]
    assert own["row"].tolist() == texts.loc[texts["part"] == "test", "row"].tolist()
    assert (own["predicted"] == 0).all()
    assert own["label"].tolist() == [int(i % 3 == 0) for i in range(30)]
    assert own["probability:bad"].unique() == pytest.approx([2 / 3])
    assert own["probability:good"].unique() == pytest.approx([1 / 3])
    assert facts[0]["chosen"] == {"label": "bad"}
    assert [one["name"] for one in facts] == [one["name"] for one in seconds] == [MAJORITY, LINEAR]
    assert all(one["fit"] >= 0 and one["predict"] >= 0 for one in seconds)


def test_the_linear_model_is_scikit_learns_with_the_best_c_on_the_validation_texts():
    texts = films()
    predictions, (_, about), _ = fit_baselines(texts, CLASSES)
    part = {name: texts[texts["part"] == name] for name in ("train", "validation", "test")}
    features = TfidfVectorizer(token_pattern=r"\w+(?:['’]\w+)*", ngram_range=(1, 2), sublinear_tf=True)
    X = features.fit_transform(part["train"]["text"])
    scores = {}
    for C in STRENGTHS:
        model = LogisticRegression(C=C, max_iter=1000).fit(X, part["train"]["label"])
        scores[C] = model.score(features.transform(part["validation"]["text"]), part["validation"]["label"])
    best = min(C for C in STRENGTHS if scores[C] == max(scores.values()))
    assert about["chosen"] == {"C": best, "validation_accuracy": scores[best], "features": X.shape[1]}
    assert f"C = {best:g}, the best of 0.1, 1, 10, 100, 1000 by validation accuracy" in about["settings"]
    model = LogisticRegression(C=best, max_iter=1000).fit(X, part["train"]["label"])
    expected = model.predict_proba(features.transform(part["test"]["text"]))
    own = predictions[predictions["model"] == LINEAR]
    assert own[["probability:bad", "probability:good"]].to_numpy() == pytest.approx(expected)
    assert own["predicted"].tolist() == expected.argmax(axis=1).tolist()


def test_test_texts_teach_nothing():
    texts = films()
    first = fit_baselines(texts, CLASSES)
    turned = texts.copy()
    in_test = turned["part"] == "test"
    turned.loc[in_test, "label"] = turned.loc[in_test, "label"].map({"bad": "good", "good": "bad"})
    turned.loc[in_test, "text"] = ["unheard of", *turned.loc[in_test, "text"][1:]]
    second = fit_baselines(turned, CLASSES)
    assert first[1] == second[1]
    same = first[0]["row"] != texts.loc[in_test, "row"].iloc[0]
    columns = ["predicted", "probability:bad", "probability:good"]
    assert first[0].loc[same, columns].equals(second[0].loc[same, columns])


def test_a_class_without_training_texts_has_no_probability():
    predictions, _, _ = fit_baselines(films(), ["bad", "fair", "good"])
    assert (predictions["probability:fair"] == 0).all()
    assert set(predictions["predicted"]) == {0, 2}
    columns = [f"probability:{name}" for name in ("bad", "fair", "good")]
    assert predictions[columns].sum(axis=1).to_numpy() == pytest.approx(1)


def test_the_texts_of_a_pair_are_joined():
    texts = pd.DataFrame({"text": ["a dog", "rain"], "pair": ["an animal", "sun"]})
    assert joined(texts).tolist() == ["a dog an animal", "rain sun"]
    assert joined(texts[["text"]]).tolist() == ["a dog", "rain"]


def test_of_too_many_features_those_of_a_single_text_are_left_out(monkeypatch):
    texts = pd.Series(["it isn't warm", "it isn't cold", "warm"])
    whole = ["cold", "isn't", "isn't cold", "isn't warm", "it", "it isn't", "warm"]
    assert word_features(texts)[0].get_feature_names_out().tolist() == whole
    monkeypatch.setattr(baselines, "MOST_FEATURES", 6)
    features, X = word_features(texts)
    assert features.get_feature_names_out().tolist() == ["isn't", "it", "it isn't", "warm"]
    assert np.sqrt(X.multiply(X).sum(axis=1)) == pytest.approx(np.ones((3, 1)))


def test_where_no_text_has_a_word_characters_take_their_place():
    texts = films()
    for words, sign in ((GOOD, "🙂"), (BAD, "☹")):
        texts["text"] = texts["text"].replace("|".join(words), sign, regex=True)
    predictions, (_, about), _ = fit_baselines(texts, CLASSES)
    assert word_features(pd.Series(["🙂☹", "🙂"]))[0].get_feature_names_out().tolist() == ["☹", "🙂", "🙂☹"]
    assert about["settings"].startswith("characters and pairs of them, L2 penalty, C = ")
    own = predictions[predictions["model"] == LINEAR]
    most = texts.loc[texts["part"] == "test", "text"].str.count("🙂").to_numpy() >= 3
    assert np.mean(own["predicted"].to_numpy() == most) > 0.9  # the label that most of a text's signs are of
    mixed = word_features(pd.Series(["🙂 warm", "☹"]))[0]
    assert mixed.get_feature_names_out().tolist() == ["warm"]
