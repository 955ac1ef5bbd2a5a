"""Published scores are checked before they are used, and scores unlike all of them need a reason."""

import copy
from pathlib import Path

import pytest
import yaml

from inquest.errors import InquestError
from inquest.text.published import compare, scores_for

SCORE = {
    "model": "BERT",
    "metric": "accuracy",
    "value": 93.5,
    "split": "test",
    "source": "Devlin et al. (2019), Table 1",
    "url": "https://aclanthology.org/N19-1423/",
    "date": 2019,
    "citation": "devlin2019",
}
SENTENCES = {
    "title": "SST-2",
    "task": "sentiment",
    "labels": 2,
    "split": "1,821 test sentences",
    "about": "Sentences.",
    "citation": None,
    "scores": [SCORE, {**SCORE, "model": "CNN", "value": 88, "date": "2014-10"}],
}
OURS = {
    "accuracy": {"value": 0.87, "low": 0.85, "high": 0.89},
    "macro_f1": {"value": 0.80, "low": 0.78, "high": 0.82},
    "per_class": [
        {"label": "no", "f1": 0.70, "f1_low": 0.65, "f1_high": 0.75},
        {"label": "yes", "f1": 0.90, "f1_low": 0.88, "f1_high": 0.92},
    ],
}


@pytest.fixture
def write(tmp_path):
    """Write a file with one data set, its keys or some of its scores' keys changed, and return its path."""

    def write(changes=(), **keys):
        content = {"sst2": copy.deepcopy(SENTENCES) | keys}
        for score, changed in zip(content["sst2"]["scores"], changes, strict=False):
            score.update(changed)
        path = tmp_path / "scores.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    return write


def config(justification="", same_split=True, dataset="sst2"):
    return {"dataset": dataset, "same_split": same_split, "justification": justification}


def test_a_data_set_with_its_scores(write):
    assert scores_for("sst2", write()) == SENTENCES


def test_the_files_own_data_sets_can_be_had():
    found = scores_for("sst2", Path(__file__).parents[2] / "report" / "published_scores.yaml")
    assert found["labels"] == 2 and all(80 < score["value"] < 100 for score in found["scores"])


def test_an_unknown_data_set_gets_the_nearest_name(write):
    with pytest.raises(InquestError) as error:
        scores_for("sst", write())
    assert str(error.value) == (
        "config key `classifier.published.dataset`: scores.yaml has no 'sst' (did you mean `sst2`?); "
        "allowed: sst2"
    )


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"value": "high"}, "value`: found 'high'; it should be a number"),
        ({"value": 193.5}, "value`: found 193.5; it should be less than or equal to 100"),
        ({"metric": "acuracy"}, "metric`: found 'acuracy' (did you mean `accuracy`?); allowed: "),
        ({"url": "arxiv"}, "url`: found 'arxiv'; an address is needed, such as https://example.org/paper"),
        ({"date": "2019-13"}, "date`: found '2019-13'; a year or a month is needed"),
        ({"source": ""}, "source`: found ''; "),
        ({"sauce": "x"}, "sauce`: unknown key (did you mean `source`?); allowed here: "),
    ],
)
def test_a_mistake_in_a_score_is_named_in_one_line(write, changed, says):
    with pytest.raises(InquestError) as error:
        scores_for("sst2", write([{}, changed]))
    assert str(error.value).startswith(f"scores.yaml, key `sst2.scores[1].{says}")
    assert "\n" not in str(error.value)


def test_mistakes_in_the_file_itself(tmp_path, write):
    path = tmp_path / "bad.yaml"
    for content, says in (
        ("- a", "bad.yaml: found ['a']; names of data sets, each with its keys, are needed"),
        ("a: [", f"{path}: it cannot be read ("),
    ):
        path.write_text(content)
        with pytest.raises(InquestError) as error:
            scores_for("sst2", path)
        assert str(error.value).startswith(says) and "\n" not in str(error.value)
    with pytest.raises(InquestError, match="cannot be read"):
        scores_for("sst2", tmp_path / "none.yaml")
    with pytest.raises(InquestError, match=r"scores\.yaml, key `sst2\.scores`: found \[\]"):
        scores_for("sst2", write(scores=[]))


# comparison


def test_our_score_beside_the_published_ones(write):
    found = compare(config(), OURS, write())
    assert found["ours"] == {"metric": "accuracy", "value": 0.87, "low": 0.85, "high": 0.89}
    assert [score["within"] for score in found["scores"]] == [False, True]  # 93.5 and 88 in 85 to 89
    assert [score["date"] for score in found["scores"]] == ["2019", "2014-10"]
    assert found["dataset"]["title"] == "SST-2" and "scores" not in found["dataset"]
    assert found["nearest"]["model"] == "CNN" and found["nearest"]["within"]
    assert found["nearest"]["difference"] == pytest.approx(-0.01)
    assert (found["same_split"], found["justification"]) == (True, "")


@pytest.mark.parametrize(
    ("metric", "positive", "expected"),
    [
        ("micro_f1", None, (0.87, 0.85, 0.89)),
        ("error", None, (0.13, 0.11, 0.15)),
        ("macro_f1", "yes", (0.80, 0.78, 0.82)),
        ("f1", "yes", (0.90, 0.88, 0.92)),
        ("f1", None, (0.80, 0.78, 0.82)),
    ],
)
def test_each_metric_meets_its_like(write, metric, positive, expected):
    value = 100 * expected[0] + 1
    path = write([{"metric": metric, "value": value}, {"metric": metric, "value": 2.0}])
    found = compare(config(), OURS, path, positive)
    assert found["ours"]["metric"] == metric
    assert [found["ours"][key] for key in ("value", "low", "high")] == pytest.approx(expected)
    assert [score["within"] for score in found["scores"]] == [True, False]


def test_accuracy_is_ours_where_any_is_listed(write):
    found = compare(config(), OURS, write([{"metric": "macro_f1", "value": 81.0}]))
    assert found["ours"]["metric"] == "accuracy" and found["nearest"]["model"] == "CNN"
    assert found["scores"][0]["ours"]["value"] == 0.80 and found["scores"][0]["within"]


def test_a_score_unlike_all_published_ones_needs_a_reason(write):
    path = write([{}, {"value": 91.0}])
    with pytest.raises(InquestError) as error:
        compare(config(" "), OURS, path)
    assert str(error.value) == (
        "config key `classifier.published.justification`: missing, and our accuracy, 87.0% (85.0 to 89.0), "
        "agrees with no published score of SST-2; it must say why the scores differ"
    )
    assert compare(config("A smaller encoder."), OURS, path)["justification"] == "A smaller encoder."


def test_another_split_needs_a_reason_even_for_a_like_score(write):
    with pytest.raises(InquestError, match=r"missing, and the test texts are not the split of SST-2"):
        compare(config(same_split=False), OURS, write())
    assert not compare(config("Drawn here.", same_split=False), OURS, write())["same_split"]
