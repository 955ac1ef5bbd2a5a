"""The published scores agree with themselves and with the references."""

import json
import re
from pathlib import Path

import pytest
import yaml

REPORT = Path(__file__).parents[2] / "report"
DATASETS = yaml.safe_load((REPORT / "published_scores.yaml").read_text(encoding="utf-8"))
REFERENCES = {
    item["id"]: item for item in json.loads((REPORT / "references.json").read_text(encoding="utf-8"))
}
SCORES = [
    pytest.param(score, id=f"{key}-{score['model']}-{score['metric']}")
    for key, dataset in DATASETS.items()
    for score in dataset["scores"]
]
ABOUT = {"title", "task", "labels", "split", "about", "citation", "scores"}
KEYS = {"model", "metric", "value", "split", "source", "url", "date", "citation"}


@pytest.mark.parametrize("key", DATASETS)
def test_a_data_set_is_described_and_has_scores_of_several_kinds(key):
    dataset = DATASETS[key]
    assert set(dataset) == ABOUT
    assert all(isinstance(dataset[name], str) and dataset[name] for name in ABOUT - {"labels", "scores"})
    assert dataset["labels"] >= 2 and dataset["citation"] in REFERENCES
    assert len({score["model"] for score in dataset["scores"]}) >= 3
    listed = [(score["model"], score["metric"], score["split"]) for score in dataset["scores"]]
    assert len(set(listed)) == len(listed)
    assert any(score["metric"] == "accuracy" for score in dataset["scores"])


@pytest.mark.parametrize("score", SCORES)
def test_a_score_is_a_percentage_of_a_known_metric(score):
    assert set(score) == KEYS
    assert score["metric"] in {"accuracy", "f1", "macro_f1", "micro_f1", "error"}
    assert 50 <= score["value"] <= 100  # a share instead of a percentage would be below
    assert score["url"].startswith("https://")


def test_a_score_that_was_an_error_rate_adds_up_with_it():
    scores = [score.values[0] for score in SCORES if "(error" in score.values[0]["source"]]
    assert len(scores) >= 8
    for score in scores:
        rate = float(re.search(r"\(error ([\d.]+)\)", score["source"])[1])
        assert score["value"] + rate == pytest.approx(100, abs=1e-9), score


@pytest.mark.parametrize("score", SCORES)
def test_the_source_is_the_reference_that_is_cited(score):
    reference = REFERENCES[score["citation"]]
    if score["source"].startswith("GLUE leaderboard"):
        assert score["citation"] == "wang2019"
        return
    named = re.match(r"(.+?)(?: et al\.| & (.+?))? \((\d{4})\)", score["source"])
    first, second, year = named.groups()
    families = [author["family"] for author in reference["author"]]
    assert [int(year)] == reference["issued"]["date-parts"][0]
    assert families[0] == first and (second is None or families[1:] == [second])
    assert ("et al." in named[0]) == (len(families) > 2)
    assert re.fullmatch(rf"{year}(-(0[1-9]|1[0-2]))?", str(score["date"]))


def test_what_two_data_sets_list_is_the_same():
    mr = {(s["model"], s["metric"]): s["value"] for s in DATASETS["mr"]["scores"]}
    shared = [s for s in DATASETS["movie_sentences"]["scores"] if s["split"].startswith("MR, ")]
    assert len(shared) == 3
    assert all(mr[score["model"], score["metric"]] == score["value"] for score in shared)


@pytest.mark.parametrize("key", DATASETS)
def test_accuracy_is_what_a_data_set_is_first_compared_by(key):
    metrics = [score["metric"] for score in DATASETS[key]["scores"]]
    assert max(metrics, key=metrics.count) == "accuracy"  # of as many, the first
