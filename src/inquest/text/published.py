"""Published scores of a data set, and how a classifier's test scores compare with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from inquest.errors import InquestError, listing, nearest
from inquest.sections import Section, complain, read_yaml, shown, text_like

Said = Annotated[str, Field(min_length=1)]
Address = text_like(r"https?://\S+", "an address is needed, such as https://example.org/paper")
Date = text_like(r"\d{4}(-(0[1-9]|1[0-2]))?", "a year or a month is needed, such as 2019 or 2019-06")


class Score(Section):
    """A published score."""

    model: Said
    metric: Literal["accuracy", "f1", "macro_f1", "micro_f1", "error"]
    value: Annotated[float, Field(ge=0, le=100)]
    """In percent."""
    split: Said
    """What it was measured on."""
    source: Said
    url: Address
    date: Date | Annotated[int, Field(ge=1900, le=2999)]
    citation: str | None
    """A key of report/references.json."""


class Dataset(Section):
    """A data set with published scores."""

    title: Said
    task: Said
    labels: Annotated[int, Field(ge=2)]
    split: Said
    about: str
    citation: str | None
    scores: Annotated[list[Score], Field(min_length=1)]


class _Content(Section):
    datasets: dict[str, Dataset]


def scores_for(dataset: str, path: str | Path) -> dict[str, Any]:
    """Return what is known of a data set: title, task, …, and its `scores` in percent.

    The whole file is checked: each score must say where it stands.

    Raises
    ------
    InquestError
        One line: the file and the key that is at fault, or the nearest name of a data set that is not there.
    """
    path = Path(path)
    content = read_yaml(path, "a YAML file of data sets with their scores is needed")
    if not isinstance(content, Mapping):
        raise InquestError(
            path.name, f"found {shown(content)}", "names of data sets, each with its keys, are needed"
        )
    whole = {"datasets": content}
    try:
        known = _Content.model_validate(whole).datasets
    except ValidationError as error:
        bad = complain(error, whole)
        raise InquestError(
            bad.where.replace("config key `datasets", f"{path.name}, key `").replace("`.", "`"),
            bad.found,
            bad.allowed,
        ) from None
    if dataset not in known:
        raise InquestError(
            "config key `classifier.published.dataset`",
            f"{path.name} has no {dataset!r}{nearest(dataset, known)}",
            f"allowed: {listing(known, 30)}",
        )
    return known[dataset].model_dump()


def compare(
    published: Mapping[str, Any],
    evaluation: Mapping[str, Any],
    path: str | Path,
    positive: str | None = None,
) -> dict[str, Any]:
    """Hold our scores against the published ones.

    With one label a text, micro F1 is the accuracy and an error rate its complement. F1 is that of the
    positive class, where there is one, else the macro F1.

    Parameters
    ----------
    published : mapping
        The config's `classifier.published`: `dataset`, `same_split`, `justification`.
    evaluation : mapping
        As `evaluate` returned it.
    path : path
        The file of published scores.
    positive : str, optional
        The positive class.

    Returns
    -------
    dict
        ``dataset``, ``same_split``, ``justification``; ``scores``, each with ``ours`` (value, low and high of
        the same metric, as shares) and ``within`` (whether our 95 % interval holds it); ``ours``, our
        accuracy (if none has one, our score of the metric that most have); ``nearest``, the published
        score of that metric that is nearest to ours, and how far ours is above it.

    Raises
    ------
    InquestError
        If our interval holds none of the scores, or the test texts are not the published split, and
        `justification` is empty.
    """
    about = scores_for(published["dataset"], path)
    scores = []
    for score in about.pop("scores"):
        ours, share = _ours(score["metric"], evaluation, positive), score["value"] / 100
        within = ours["low"] <= share <= ours["high"]
        scores.append({**score, "date": str(score["date"]), "ours": ours, "within": within})
    metrics = [score["metric"] for score in scores]
    metric = "accuracy" if "accuracy" in metrics else max(metrics, key=metrics.count)
    ours = {"metric": metric, **_ours(metric, evaluation, positive)}
    alike = [score for score in scores if score["metric"] == metric]
    near = min(alike, key=lambda score: abs(score["value"] / 100 - ours["value"]))
    if not published["justification"].strip():
        _demand_justification(published, about["title"], ours, scores)
    return {
        "dataset": {"name": published["dataset"], **about},
        "same_split": published["same_split"],
        "justification": published["justification"],
        "scores": scores,
        "ours": ours,
        "nearest": {key: near[key] for key in ("model", "metric", "value", "source", "within")}
        | {"difference": ours["value"] - near["value"] / 100},
    }


def _ours(metric: str, evaluation: Mapping[str, Any], positive: str | None) -> dict[str, float]:
    """Return our score of a published metric."""
    if metric == "f1" and positive is not None:
        own = next(row for row in evaluation["per_class"] if row["label"] == positive)
        return {"value": own["f1"], "low": own["f1_low"], "high": own["f1_high"]}
    found = evaluation["macro_f1" if metric in ("f1", "macro_f1") else "accuracy"]
    if metric == "error":
        return {"value": 1 - found["value"], "low": 1 - found["high"], "high": 1 - found["low"]}
    return {key: found[key] for key in ("value", "low", "high")}


def _demand_justification(
    published: Mapping[str, Any], title: str, ours: Mapping[str, Any], scores: list[dict[str, Any]]
) -> None:
    where, allowed = "config key `classifier.published.justification`", "it must say why the scores differ"
    if not published["same_split"]:
        raise InquestError(where, f"missing, and the test texts are not the split of {title}", allowed)
    if not any(score["within"] for score in scores):
        name = ours["metric"].replace("_", " ")
        interval = f"{100 * ours['value']:.1f}% ({100 * ours['low']:.1f} to {100 * ours['high']:.1f})"
        raise InquestError(
            where, f"missing, and our {name}, {interval}, agrees with no published score of {title}", allowed
        )
