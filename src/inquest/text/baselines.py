"""What the classifier has to beat: the majority class, and a linear model of words and word pairs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from inquest.text.texts_summary import WORD

STRENGTHS = (0.1, 1.0, 10.0, 100.0, 1000.0)
"""The values of C, the inverse strength of the L2 penalty, that are tried."""
MOST_FEATURES = 100_000
MAJORITY, LINEAR = "Majority class", "TF-IDF + logistic regression"


def joined(texts: pd.DataFrame) -> pd.Series:
    """Return each text, and the second one of a pair behind it."""
    return texts["text"] + " " + texts["pair"] if "pair" in texts else texts["text"]


def word_features(texts: pd.Series) -> tuple[TfidfVectorizer, csr_matrix]:
    """Return TF-IDF of words and pairs of neighbouring words, and the texts in it as rows of norm 1.

    A count c weighs 1 + log c. With more than `MOST_FEATURES`, those that stand in one text only are left
    out: they are most of them, take most of the time, and help little in long texts.

    If there is no word in any text, as where they are all emoji, characters take their place.
    """
    kind = {"token_pattern": WORD.pattern} if any(map(WORD.search, texts)) else {"analyzer": "char"}
    for least in (1, 2):
        features = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=least, **kind)
        X = features.fit_transform(texts)
        if X.shape[1] <= MOST_FEATURES:
            break
    return features, X


def fit_baselines(
    texts: pd.DataFrame, classes: Sequence[str]
) -> tuple[pd.DataFrame, list[dict[str, Any]], list[dict[str, Any]]]:
    """Fit the baselines on the training texts and ask them about the test texts.

    Both learn from the very training texts that the classifier learns from; C is chosen on the validation
    texts. Nothing is drawn at random.

    Parameters
    ----------
    texts : DataFrame
        `row`, `text`, `pair` (if the task is on pairs), `label` and `part`.
    classes : list of str

    Returns
    -------
    predictions : DataFrame
        `model`, `row`, `label`, `predicted` (codes) and `probability:<class>`, for each test text.
    facts : list of dict
        `name`, `settings` (in words) and `chosen` of each.
    seconds : list of dict
        `name`, `fit` (with the choice of C) and `predict`: kept apart, as no rerun reproduces them.
    """
    y = pd.Categorical(texts["label"], categories=list(classes)).codes.astype(np.intp)
    test = texts["part"].to_numpy() == "test"
    tables, facts, seconds = [], [], []
    for name, fit in ((MAJORITY, _majority), (LINEAR, _linear)):
        probabilities, about, took = fit(texts, y, classes)
        table = pd.DataFrame(
            {
                "model": name,
                "row": texts["row"].to_numpy()[test],
                "label": y[test],
                "predicted": probabilities.argmax(axis=1),
            }
        )
        for code, label in enumerate(classes):
            table[f"probability:{label}"] = probabilities[:, code]
        tables.append(table)
        facts.append({"name": name, **about})
        seconds.append({"name": name, **took})
    return pd.concat(tables, ignore_index=True), facts, seconds


Fitted = tuple[NDArray[np.float64], dict[str, Any], dict[str, float]]


def _majority(texts: pd.DataFrame, y: NDArray, classes: Sequence[str]) -> Fitted:
    """Say for every text how frequent each label is among the training texts."""
    start = time.perf_counter()
    shares = np.bincount(y[texts["part"] == "train"], minlength=len(classes))
    shares = shares / shares.sum()
    fitted = time.perf_counter()
    probabilities = np.tile(shares, (int((texts["part"] == "test").sum()), 1))
    about = {
        "settings": "always the most frequent training label",
        "chosen": {"label": classes[int(shares.argmax())]},
    }
    return probabilities, about, {"fit": fitted - start, "predict": time.perf_counter() - fitted}


def _linear(texts: pd.DataFrame, y: NDArray, classes: Sequence[str]) -> Fitted:
    """Fit logistic regression at each C, and keep the one with the best validation accuracy."""
    start = time.perf_counter()
    words = joined(texts)
    rows = {part: (texts["part"] == part).to_numpy() for part in ("train", "validation", "test")}
    features, X = word_features(words[rows["train"]])
    X_validation = features.transform(words[rows["validation"]])
    tried = []
    for C in STRENGTHS:
        model = LogisticRegression(C=C, max_iter=1000).fit(X, y[rows["train"]])
        tried.append((model.score(X_validation, y[rows["validation"]]), model))
    accuracy, model = max(tried, key=lambda one: one[0])  # of equals the least C
    fitted = time.perf_counter()
    probabilities = np.zeros((int(rows["test"].sum()), len(classes)))
    probabilities[:, model.classes_] = model.predict_proba(features.transform(words[rows["test"]]))
    pieces = "characters and pairs of them" if features.analyzer == "char" else "words and word pairs"
    about = {
        "settings": f"{pieces}, L2 penalty, C = {model.C:g}, "
        f"the best of {', '.join(f'{C:g}' for C in STRENGTHS)} by validation accuracy",
        "chosen": {
            "C": model.C,
            "validation_accuracy": accuracy,
            "features": X.shape[1],
        },
    }
    return probabilities, about, {"fit": fitted - start, "predict": time.perf_counter() - fitted}
