"""What the report says of the text classifier: the chapter's facts and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inquest.learners.judge import most_common_error
from inquest.runtime import seed_for
from inquest.text.curves import check_training
from inquest.text.evaluation import PER_CLASS, evaluate, paired_difference
from inquest.text.properties import ask
from inquest.text.published import compare

WRONG = 6  # wrong texts shown of each kind
MOST_CONFIDENT, DRAWN = "most confident", "drawn at random"
COUNTED = ("texts", "errors", "rate", "low", "high")
ENDS = ("value", "low", "high")
COLUMNS = {
    "epochs": ["epoch", "train_loss", "train_accuracy", "loss", "accuracy", "macro_f1"],
    "per_class": ["label", "texts", *(name + end for name in PER_CLASS for end in ("", "_low", "_high"))],
    "baselines": [
        "name",
        "settings",
        *(f"{name}_{end}" for name in ("accuracy", "macro_f1", "ahead") for end in ENDS),
    ],
    "expectations": [
        "name",
        "property",
        "says",
        "harder",
        "threshold",
        *(f"{group}_{key}" for group in ("with", "without") for key in COUNTED),
        *(f"difference_{end}" for end in ENDS),
        "verdict",
    ],
    "published": ["model", "metric", "value", "split", "source", "url", "date", "citation", "within"],
    "wrong": ["id", "text", "pair", "gold", "predicted", "confidence", "chosen"],
    "hyperparameters": ["name", "value"],
}
"""The tables and their columns; what is nested in a fact has its keys joined, as `difference_low`."""


@dataclass(frozen=True)
class Judged:
    """What a classifier says of n texts of one part, with the k classes as codes 0 … k - 1."""

    rows: NDArray[np.int64]  # (n,)
    gold: NDArray[np.intp]  # (n,)
    probabilities: NDArray[np.float64]  # (n, k)

    @classmethod
    def of(cls, table: pd.DataFrame, classes: Sequence[str]) -> Judged:
        """Read the columns `row`, `label` and `probability:<class>`; texts are put in the order of rows."""
        table = table.sort_values("row")
        columns = [f"probability:{name}" for name in classes]
        return cls(table["row"].to_numpy(), table["label"].to_numpy(np.intp), table[columns].to_numpy(float))

    @property
    def predicted(self) -> NDArray[np.intp]:
        return self.probabilities.argmax(axis=1)

    @property
    def confidence(self) -> NDArray[np.float64]:
        return self.probabilities.max(axis=1)

    @property
    def wrong(self) -> NDArray[np.bool_]:
        return self.predicted != self.gold


def summarise_classifier(
    texts: pd.DataFrame,
    texts_facts: Mapping[str, Any],
    encoder: Mapping[str, Any],
    model: Mapping[str, Any],
    history: Mapping[str, Any],
    predictions: pd.DataFrame,
    baselines: pd.DataFrame,
    baselines_facts: Sequence[Mapping[str, Any]],
    options: Mapping[str, Any],
    published: str | Path | None,
    seed: int,
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Return the facts and tables of the chapter.

    Parameters
    ----------
    texts, texts_facts
        The texts of all parts, and the facts of the rule `make_texts`.
    encoder, model, history : mapping
        The facts of the rules `fetch_encoder` and `fine_tune`.
    predictions : DataFrame
        Of the validation and the test texts: `row`, `part`, `label`, `truncated`, `probability:<class>`.
    baselines : DataFrame
        Of the test texts: `model`, `row`, `label`, `probability:<class>`.
    baselines_facts : list of mapping
        `name`, `settings` and `chosen` of each baseline.
    options : mapping
        The config's `classifier` section.
    published : path or None
        The file of published scores, if the config names a data set of it.
    seed : int
        The study's seed; what is drawn has seeds of its own.

    Returns
    -------
    facts : dict
    tables : dict of DataFrame
        `epochs`, `per_class`, `baselines`, `expectations`, `published`, `wrong`, `hyperparameters`.
    """
    classes = texts_facts["classes"]
    of_part = {part: Judged.of(table, classes) for part, table in predictions.groupby("part")}
    test = of_part["test"]
    about = texts.set_index("row", drop=False).loc[test.rows]
    scores = _scored(test, classes, options, seed)
    train = texts[texts["part"] == "train"]
    validation = of_part["validation"]
    of_validation = _scored(validation, classes, options, seed)
    training = options["training"]
    majority = float(np.bincount(validation.gold).max() / len(validation.gold))
    facts = {
        "encoder": _encoder(encoder, options),
        "sources": [dict(encoder) | {key: options["encoder"][key] for key in ("licence", "citation")}],
        "model": dict(model),
        "training": _settings(options) | {"reason_training": options["reason_training"]},
        **{key: texts_facts[key] for key in ("classes", "positive", "counts")},
        "history": _curves(history),
        "checks": check_training(
            history, majority, len(validation.gold), training["clip"], training["label_smoothing"]
        ),
        "test": scores,
        "validation": {name: of_validation[name] for name in ("accuracy", "macro_f1")},
        "baselines": _beside(test, baselines, baselines_facts, classes, options, seed),
        "errors": {
            "count": int(test.wrong.sum()),
            "of": len(test.gold),
            "most_common": most_common_error(scores["confusion"], classes),
        },
        "truncated": int(predictions.loc[predictions["part"] == "test", "truncated"].sum()),
        "resamples": options["bootstrap"],
        "expectations": ask(options["expectations"], about, train, test.wrong),
        "wrong": _wrong(test, about, classes, seed_for(seed, "classifier", "wrong")),
        "published": compare(options["published"], scores, published, texts_facts["positive"])
        if options["published"]
        else None,
    }
    facts["headline"] = _headline(facts)
    return facts, _tables(facts, history)


def _scored(judged: Judged, classes: Sequence[str], options: Mapping[str, Any], seed: int) -> dict[str, Any]:
    seed = seed_for(seed, "classifier", "bootstrap")
    return evaluate(judged.gold, judged.probabilities, classes, options["bootstrap"], seed, options["bins"])


def _encoder(encoder: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the encoder is and where it comes from; without a title it goes by the end of its name."""
    asked = options["encoder"]
    name = Path(asked["hub"] or asked["folder"] or asked["package"].partition("==")[0]).name
    return {
        "title": asked["title"] or name,
        **{key: asked[key] for key in ("about", "licence", "citation")},
        **{key: encoder[key] for key in ("kind", "place")},
        "reason": options["reason"],
    }


def _settings(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return every hyperparameter."""
    return {key: options[key] for key in ("max_length", "pooling", "dropout")} | dict(options["training"])


def _curves(history: Mapping[str, Any]) -> dict[str, Any]:
    epochs = history["epochs"]
    return {
        **{key: history[key] for key in ("best_epoch", "best_by", "epochs_asked", "stopped_early")},
        "epochs": len(epochs),
        "best": next(row for row in epochs if row["epoch"] == history["best_epoch"]),
        "last": epochs[-1],
    }


def _beside(
    test: Judged,
    baselines: pd.DataFrame,
    about: Sequence[Mapping[str, Any]],
    classes: Sequence[str],
    options: Mapping[str, Any],
    seed: int,
) -> list[dict[str, Any]]:
    """Return the baselines' scores, and how far the classifier is ahead of each on the same texts."""
    found = []
    for one in about:
        judged = Judged.of(baselines[baselines["model"] == one["name"]], classes)
        scores = _scored(judged, classes, options, seed)
        ahead = paired_difference(
            test.gold,
            test.predicted,
            judged.predicted,
            options["bootstrap"],
            seed_for(seed, "classifier", "ahead", one["name"]),
        )
        found.append({**one, **{key: scores[key] for key in ("accuracy", "macro_f1")}, "ahead": ahead})
    return found


def _wrong(test: Judged, about: pd.DataFrame, classes: Sequence[str], seed: int) -> list[dict[str, Any]]:
    """Return the wrong texts that are shown: the most confident ones, and others drawn at random."""
    places = np.flatnonzero(test.wrong)
    places = places[np.argsort(-test.confidence[places], kind="stable")]
    rest = places[WRONG:]
    drawn = np.sort(np.random.default_rng(seed).permutation(len(rest))[:WRONG])
    chosen = [(place, MOST_CONFIDENT) for place in places[:WRONG]] + [(place, DRAWN) for place in rest[drawn]]
    return [
        {
            "id": about["id"].iloc[place],
            "text": about["text"].iloc[place],
            "pair": about["pair"].iloc[place] if "pair" in about else None,
            "gold": classes[test.gold[place]],
            "predicted": classes[test.predicted[place]],
            "confidence": float(test.confidence[place]),
            "chosen": how,
        }
        for place, how in chosen
    ]


def _headline(facts: Mapping[str, Any]) -> list[dict[str, str]]:
    accuracy = facts["test"]["accuracy"]
    ends = f"[{100 * accuracy['low']:.1f}, {100 * accuracy['high']:.1f}]"
    lines = [{"label": "Test accuracy", "value": f"{100 * accuracy['value']:.1f}% {ends}"}]
    for one in facts["baselines"][-1:]:
        lines.append({"label": one["name"], "value": f"{100 * one['accuracy']['value']:.1f}%"})
    return lines


def _tables(facts: Mapping[str, Any], history: Mapping[str, Any]) -> dict[str, pd.DataFrame]:
    """Return the facts that are lists as tables; one without rows keeps its columns."""
    settings = {key: value for key, value in facts["training"].items() if key != "reason_training"}
    rows = {
        "epochs": history["epochs"],
        "per_class": facts["test"]["per_class"],
        "baselines": facts["baselines"],
        "expectations": facts["expectations"],
        "published": facts["published"]["scores"] if facts["published"] else [],
        "wrong": facts["wrong"],
        "hyperparameters": [
            {"name": name, "value": "" if value is None else str(value)} for name, value in settings.items()
        ],
    }
    return {
        name: pd.json_normalize(list(rows[name]), sep="_").reindex(columns=columns)
        for name, columns in COLUMNS.items()
    }
