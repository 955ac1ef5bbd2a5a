"""What the report says of a language model's labels beside the classifier's: facts and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from inquest.runtime import seed_for
from inquest.text.evaluation import paired_difference
from inquest.text.llm.compare import UNPARSED, agreement, share

EXAMPLES = 3  # texts shown where only the one, and where only the other is right
SMALL = 1e9  # parameters: a language model with fewer is a small one
CLASSIFIER, LLM, NEITHER = "classifier", "language model", "neither"
COLUMNS = {
    "prompts": ["name", "examples", "texts", "right", "unparsed", "accuracy", "low", "high", "chosen"],
    "agreement": ["gold", "classifier", "llm", "texts"],
    "differ": ["row", "id", "text", "pair", "gold", "classifier", "confidence", "llm", "answer", "right"],
}
"""The tables and their columns; a missing `llm` is an answer that is none of the labels."""


def summarise_llm(
    texts: pd.DataFrame,
    texts_facts: Mapping[str, Any],
    predictions: pd.DataFrame,
    labels: pd.DataFrame,
    prompts: pd.DataFrame,
    prompts_facts: Mapping[str, Any],
    model: Mapping[str, Any],
    options: Mapping[str, Any],
    seed: int,
    bootstrap: int,
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Return the facts and tables of the chapter.

    Parameters
    ----------
    texts, texts_facts
        The texts of all parts, and the facts of the rule `make_texts`.
    predictions : DataFrame
        The classifier's: `row`, `part`, `predicted` (code), `probability:<class>`.
    labels : DataFrame
        The language model's, of the test texts or of some: `row`, `label` (missing if the answer is none of
        the labels), `answer`, `cut`, and `stopped` of an endpoint's.
    prompts : DataFrame
        `prompt`, `row`, `label`, `gold` of the validation texts that the prompts were compared on.
    prompts_facts : mapping
        ``scores`` of the prompts; ``chosen``, the name of the one that labelled the test texts; and
        ``messages``, for each prompt by its name what was sent for one text.
    model : mapping
        The facts of the rule that fetched the model or found its endpoint.
    options : mapping
        Of the config's `llm` section: `model`, `reason` and `prompts`.
    seed : int
        The study's seed; what is drawn has seeds of its own.
    bootstrap : int
        Resamples of the texts.

    Returns
    -------
    facts : dict
    tables : dict of DataFrame
        `prompts`, `agreement` and `differ`.
    """
    classes = texts_facts["classes"]
    both = _side_by_side(texts, predictions, labels, classes)
    y, a, b = (both[name].to_numpy() for name in ("y", "a", "b"))
    found = agreement(y, a, b, bootstrap, seed_for(seed, "llm", "bootstrap"))
    right, wrong = found["right"], a != y
    counts = np.bincount(y, minlength=len(classes))
    scores = _scores(prompts_facts, options)
    facts: dict[str, Any] = {
        "model": _model(model, options),
        "sources": _sources(model, options),
        "classes": classes,
        "prompts": scores,
        "chosen": next(one for one in scores if one["chosen"]),
        "lead": _lead(scores, prompts, bootstrap, seed_for(seed, "llm", "lead")),
        "counts": {
            "texts": len(both),
            "of": texts_facts["counts"]["test"],
            "unparsed": int(np.sum(b == UNPARSED)),
            "cut": int(both["cut"].sum()),
            "stopped": int((both["stopped"] & (both["b"] == UNPARSED)).sum()),
        },
        "majority": {"label": classes[counts.argmax()], **share(y == counts.argmax())},
        "accuracy": found["b"],
        "classifier": found["a"],
        "difference": found["difference"],
        "same": found["same"],
        "kappa": found["kappa"],
        "right": {
            "both": right["both"],
            "only_classifier": right["only_a"],
            "only_llm": right["only_b"],
            "neither": right["neither"],
        },
        "mcnemar": {"only_classifier": right["only_a"], "only_llm": right["only_b"], "p": found["p"]},
        "wrong": share((b == y)[wrong]),
        "otherwise": share((b == y)[~wrong]),
        "resamples": bootstrap,
        "examples": _examples(both, seed_for(seed, "llm", "examples")),
    }
    facts["says"] = says(facts)
    low, high = (100 * facts["accuracy"][end] for end in ("low", "high"))
    value = f"{100 * facts['accuracy']['value']:.1f}% [{low:.1f}, {high:.1f}]"
    facts["headline"] = [{"label": facts["model"]["title"], "value": value}]
    return facts, _tables(both, scores)


def _side_by_side(
    texts: pd.DataFrame, predictions: pd.DataFrame, labels: pd.DataFrame, classes: Sequence[str]
) -> pd.DataFrame:
    """Return a row for each text with both labels: their codes as `y`, `a` and `b`, and who is right."""
    codes = {name: code for code, name in enumerate(classes)}
    test = predictions[predictions["part"] == "test"]
    confidence = test[[f"probability:{name}" for name in classes]].max(axis=1)
    test = test[["row", "predicted"]].assign(confidence=confidence)
    said = labels[["row", "label", "answer", "cut"]].rename(columns={"label": "llm"})
    said["stopped"] = labels.get("stopped", False)
    both = (
        texts.drop(columns="part")
        .rename(columns={"label": "gold"})
        .merge(test, on="row", validate="one_to_one")
        .merge(said, on="row", validate="one_to_one")
        .sort_values("row", ignore_index=True)
    )
    both["y"] = both["gold"].map(codes).astype(int)
    both["a"] = both["predicted"].astype(int)
    both["b"] = [codes.get(name, UNPARSED) for name in both["llm"]]
    both["classifier"] = [classes[code] for code in both["a"]]
    a, b = both["a"] == both["y"], both["b"] == both["y"]
    both["right"] = np.select([a & b, a, b], ["both", CLASSIFIER, LLM], default=NEITHER)
    return both


def _scores(facts: Mapping[str, Any], options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return how each prompt does on the validation texts, with what was sent for one of them."""
    examples = {one["name"]: one["examples"] for one in options["prompts"]}
    return [
        {
            **one,
            "examples": examples[one["name"]],
            "chosen": one["name"] == facts["chosen"],
            "messages": facts["messages"][one["name"]],
        }
        for one in facts["scores"]
    ]


def _lead(
    scores: Sequence[Mapping[str, Any]], prompts: pd.DataFrame, bootstrap: int, seed: int
) -> dict[str, Any] | None:
    """Return how far the prompt that was chosen is ahead of the next best, on the same texts."""
    others = [one for one in scores if not one["chosen"]]
    if not others:
        return None
    names = (
        next(one for one in scores if one["chosen"])["name"],
        max(others, key=itemgetter("right"))["name"],
    )
    best, other = (prompts[prompts["prompt"] == name].sort_values("row") for name in names)
    right, right_other = (own["label"].eq(own["gold"]).to_numpy() for own in (best, other))
    ahead = paired_difference(np.ones(len(best), bool), right, right_other, bootstrap, seed)
    return {"over": names[1], **ahead}


def _model(model: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the model is and where it comes from; without a title it goes by the end of its name."""
    asked = options["model"]
    name = Path(
        asked["name"] or asked["hub"] or asked["folder"] or (asked["package"] or "").partition("==")[0]
    ).name
    return {
        "title": asked["title"] or name,
        **{key: asked[key] for key in ("about", "licence", "citation", "name")},
        **{key: model[key] for key in ("kind", "place")},
        "parameters": (model.get("parameters") or {}).get("total"),
        "quantisation": model.get("quantisation"),
        "reason": options["reason"],
    }


def _sources(model: Mapping[str, Any], options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the model as one of the study's raw files; behind an endpoint there is none."""
    if model["kind"] == "endpoint":
        return []
    keys = ("kind", "place", "member", "sha256", "bytes")
    terms = {key: options["model"][key] for key in ("licence", "citation")}
    return [{key: model[key] for key in keys} | terms]


def _examples(both: pd.DataFrame, seed: int) -> list[dict[str, Any]]:
    """Draw texts where only the language model is right, and where only the classifier is."""
    found = []
    for who in (LLM, CLASSIFIER):
        own = both[both["right"] == who]
        drawn = np.sort(np.random.default_rng(seed).permutation(len(own))[:EXAMPLES])
        for one in own.iloc[drawn].to_dict("records"):
            said = {"llm": None if pd.isna(one["llm"]) else one["llm"], "pair": one.get("pair")}
            found.append(
                {key: one[key] for key in ("id", "text", "gold", "classifier", "answer", "right")} | said
            )
    return found


def says(facts: Mapping[str, Any]) -> str:
    """Return what these labels show and what they don't, as far as the numbers carry it."""
    name, size, ahead = facts["model"]["title"], facts["model"]["parameters"], facts["difference"]
    accuracy, usual = facts["accuracy"], facts["majority"]["value"]
    if size is None:
        first = f"How large {name} is, its endpoint does not say"
    else:
        first = f"{name} has {_millions(size)} parameters{', few for a language model' * (size < SMALL)}"
    if accuracy["low"] > usual:
        second = "it has learnt more of this task than to give every text the most frequent label"
    elif accuracy["high"] < usual:
        second = "it does worse than giving every text the most frequent label would"
    else:
        second = "it can’t be told from giving every text the most frequent label"
    if ahead["low"] > 0:
        third = "it is behind the classifier, which learnt from labelled texts"
    elif ahead["high"] < 0:
        third = "it is ahead of the classifier, though that learnt from labelled texts"
    else:
        third = "these texts can’t tell which of it and the classifier is better"
    return (
        f"{first}; {second}, and {third}. That is one prompt on one model: "
        "it shows what this model makes of these texts, not what language models can do."
    )


def _millions(count: int) -> str:
    return f"{count / 1e9:.1f} billion" if count >= SMALL else f"{count / 1e6:.0f} million"


def _tables(both: pd.DataFrame, scores: Sequence[Mapping[str, Any]]) -> dict[str, pd.DataFrame]:
    rows = {
        "prompts": pd.DataFrame(scores),
        "agreement": both.groupby(["gold", "classifier", "llm"], dropna=False)
        .size()
        .reset_index(name="texts"),
        "differ": both[both["a"] != both["b"]],
    }
    return {name: rows[name].reindex(columns=columns) for name, columns in COLUMNS.items()}
