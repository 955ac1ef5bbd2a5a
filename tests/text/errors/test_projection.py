"""The map of the errors: whom it shows, that it repeats to the byte, and what it makes of few texts."""

import hashlib
import importlib.util
import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.manifold import trustworthiness
from threadpoolctl import threadpool_limits

from inquest.errors import InquestError
from inquest.text.errors.clusters import unit
from inquest.text.errors.projection import choose_texts, map_errors, project, projections, shown_one

OPTIONS = {
    "methods": ["pca", "tsne"], "perplexities": [5, 10], "show": None,
    "correct": 40, "neighbours": 5, "shuffles": 19,
}  # fmt: skip


def study(n=90, classes=("bad", "good"), seed=0, pair=False):
    """Test texts, what a classifier says of them, and its states: a direction for each label."""
    rng = np.random.default_rng(seed)
    k = len(classes)
    gold = np.arange(n) % k
    states = 1.5 * np.eye(8)[gold] + rng.normal(size=(n, 8))
    logits = states[:, :k]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    rows = 3 * np.arange(n) + 1
    judged = pd.DataFrame({"row": rows, "id": [f"e-{i}" for i in range(n)]})
    judged["text"] = [f"text {i}" for i in range(n)]
    if pair:
        judged["pair"] = "and its pair"
    judged["label"] = np.asarray(classes)[gold]
    said = pd.DataFrame({"row": rows, "label": gold, "predicted": probabilities.argmax(axis=1)})
    for code, name in enumerate(classes):
        said[f"probability:{name}"] = probabilities[:, code]
    others = said.assign(row=said["row"] + 1, predicted=0)  # of validation texts, say
    return judged, pd.concat([others, said], ignore_index=True), list(classes), states


def test_the_map_holds_every_error_with_what_the_classifier_said_of_it():
    judged, said, classes, states = study(pair=True)
    points, facts = map_errors(judged, said, classes, states, OPTIONS, seed=7)
    mine = said.set_index("row").loc[judged["row"]]
    wrong = (mine["label"] != mine["predicted"]).to_numpy()
    assert facts["errors"] == points["wrong"].sum() == wrong.sum() > 5
    assert facts["correct"] == (~points["wrong"]).sum() == 40 and facts["texts"] == len(points)
    assert set(judged["id"][wrong]) == set(points.loc[points["wrong"], "id"])
    for point in points.to_dict("records"):
        row = mine.loc[point["row"]]
        assert point["gold"] == classes[int(row["label"])]
        assert point["predicted"] == classes[int(row["predicted"])]
        assert point["confidence"] == max(row["probability:bad"], row["probability:good"])
        assert point["wrong"] == (point["gold"] != point["predicted"])
    names = [one["name"] for one in facts["methods"]]
    assert names == ["pca", "tsne-5", "tsne-10"]
    assert list(points.columns[:8]) == [
        "row",
        "id",
        "text",
        "pair",
        "gold",
        "predicted",
        "confidence",
        "wrong",
    ]
    assert list(points.columns[8:]) == [f"{axis}:{name}" for name in names for axis in "xy"]
    assert facts["test"]["texts"] == 90 and facts["test"]["permutations"] == 19 and facts["test"]["k"] == 5


def test_the_most_trustworthy_projection_is_shown_or_the_one_asked_for():
    judged, said, classes, states = study()
    points, facts = map_errors(judged, said, classes, states, OPTIONS, seed=7)
    by_name = {one["name"]: one for one in facts["methods"]}
    places = states[np.searchsorted(judged["row"], points["row"])]
    for name, one in by_name.items():
        plane = points[[f"x:{name}", f"y:{name}"]].to_numpy()
        assert one["trustworthiness"] == pytest.approx(trustworthiness(unit(places), plane, n_neighbors=10))
    best = max(("tsne-5", "tsne-10"), key=lambda name: by_name[name]["trustworthiness"])
    assert [name for name, one in by_name.items() if one["shown"]] == [best]
    found = projections(states, OPTIONS, seed=1)
    assert shown_one(found, 5).name == "tsne-5" and shown_one(found, 10).name == "tsne-10"
    assert shown_one(found[:1], None).name == shown_one(found[:1], 30).name == "pca"


def test_a_text_that_stands_there_twice_is_tested_once():
    judged, said, classes, states = study()
    judged.loc[5, "text"] = judged.loc[4, "text"]
    _, facts = map_errors(judged, said, classes, states, OPTIONS, seed=7)
    assert facts["test"]["texts"] == 89


@given(
    gold=st.lists(st.integers(0, 3), min_size=1, max_size=120),
    correct=st.integers(0, 130), chance=st.floats(0, 1), seed=st.integers(0, 9),
)  # fmt: skip
def test_right_texts_are_drawn_by_label_and_errors_all(gold, correct, chance, seed):
    gold = np.array(gold)
    wrong = np.random.default_rng(seed).random(len(gold)) < chance
    drawn = choose_texts(gold, wrong, correct, seed)
    assert (np.diff(drawn) > 0).all() and set(np.flatnonzero(wrong)) <= set(drawn)
    right = drawn[~wrong[drawn]]
    assert len(right) == min(correct, (~wrong).sum())
    for label in set(gold[~wrong]):
        share = (gold[~wrong] == label).mean()
        assert abs((gold[right] == label).sum() - share * len(right)) < 1
    assert drawn.tolist() == choose_texts(gold, wrong, correct, seed).tolist()


def test_pca_is_that_of_the_states_at_length_1_and_its_signs_are_fixed():
    states = study()[3]
    plane = project(states, "pca")
    centred = unit(states) - unit(states).mean(axis=0)
    u, s, _ = np.linalg.svd(centred, full_matrices=False)
    for i in range(2):
        assert np.abs(plane[:, i] @ u[:, i]) == pytest.approx(s[i])
        weights = plane[:, i] @ centred
        assert weights[np.abs(weights).argmax()] > 0
    assert np.allclose(project(3 * states[::-1], "pca"), plane[::-1])


REPEAT = """
import hashlib, numpy as np
from inquest.runtime import limit_threads
limit_threads(2)
from inquest.text.errors.projection import project
states = np.random.default_rng(0).normal(size=(150, 20))
print(hashlib.sha256(project(states, "tsne", 7, 20).tobytes()).hexdigest())
"""


def test_t_sne_gives_the_same_bytes_in_any_process_and_with_any_number_of_threads():
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "src")}
    other = subprocess.run([sys.executable, "-c", REPEAT], env=env, stdout=subprocess.PIPE).stdout
    states = np.random.default_rng(0).normal(size=(150, 20))
    with threadpool_limits(1):
        mine = project(states, "tsne", 7, 20)
    assert hashlib.sha256(mine.tobytes()).hexdigest() == other.decode().strip()


def test_t_sne_keeps_groups_together():
    rng = np.random.default_rng(1)
    states = np.repeat(np.eye(3), 20, axis=0) * 5 + 0.3 * rng.normal(size=(60, 3))
    plane = project(states, "tsne", 0, 10)
    centres = plane.reshape(3, 20, 2).mean(axis=1)
    nearest = ((plane[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == np.repeat(range(3), 20)).all()


@pytest.mark.parametrize("n", [0, 1, 2, 4, 5, 7])
def test_few_texts_have_a_map_too(n):
    found = projections(
        np.random.default_rng(0).normal(size=(n, 6)), {**OPTIONS, "perplexities": [30, 50]}, 3
    )
    assert [one.name for one in found] == ["pca"] if n < 5 else ["pca", f"tsne-{(n - 1) // 3}"]
    for one in found:
        assert one.places.shape == (n, 2) and np.isfinite(one.places).all()
        assert (one.trustworthiness is None) == (n < 3)


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_texts_that_are_all_alike_lie_somewhere(method):
    assert np.isfinite(project(np.ones((12, 4)), method, 0, 3)).all()


def test_one_dimension_is_a_line():
    assert (project(np.array([[1.0], [-1.0], [2.0]]), "pca")[:, 1] == 0).all()


@pytest.mark.parametrize("errors", ["none", "all"])
def test_a_classifier_without_errors_or_without_successes(errors):
    judged, said, classes, states = study(30)
    said["predicted"] = said["label"] if errors == "none" else 1 - said["label"]
    points, facts = map_errors(judged, said, classes, states, OPTIONS, seed=7)
    assert len(points) == 30 and points["wrong"].nunique() == 1
    assert facts["test"]["p"] is None and facts["says"].startswith(
        "Whether errors lie together can't be told"
    )


def test_without_umap_one_line_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InquestError, match=r"^config key `errors.map.methods`: found 'umap', .*pip install"):
        projections(study(20)[3], {**OPTIONS, "methods": ["umap"]}, 1)


def test_umap_is_asked_for_a_repeatable_map_that_starts_from_pca(monkeypatch):
    """By a stand-in for the module, which is no part of the tests' environment: only the call is tested."""

    class Stub:
        def __init__(self, **options):
            self.options = options
            asked.append(options)

        def fit_transform(self, components):
            assert components.shape == (20, 8)
            return self.options["init"]

    asked = []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setitem(sys.modules, "umap", types.SimpleNamespace(UMAP=Stub))
    states = study(20)[3]
    (found,) = projections(states, {**OPTIONS, "methods": ["umap"]}, 11)
    assert found.name == "umap" and asked[0]["random_state"] == 11
    assert asked[0]["n_neighbors"] == 15 and asked[0]["n_jobs"] == 1
    assert np.corrcoef(found.places[:, 0], project(states, "pca")[:, 0])[0, 1] == pytest.approx(1)
