"""What texts look like to the classifier, and which training texts are nearest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from inquest.text.encoder import build_classifier, load_tokenizer, save_classifier
from inquest.text.errors import states as representing
from inquest.text.errors.nearest import CUT, nearest, neighbour_lines, states_of
from inquest.text.errors.states import represent, states_table


@given(st.integers(0, 10_000), st.integers(1, 9))
def test_the_nearest_are_those_that_scikit_learn_finds(seed, k):
    rng = np.random.default_rng(seed)
    states, known = rng.normal(size=(5, 4)), rng.normal(size=(7, 4))
    places, cosines = nearest(states, known, k)
    k = min(k, 7)
    distances, oracle = NearestNeighbors(n_neighbors=k, metric="cosine").fit(known).kneighbors(states)
    assert places.shape == (5, k)
    assert cosines == pytest.approx(1 - distances, abs=2e-6)
    assert (places == oracle).mean() > 0.9  # but for cosines that differ behind the sixth digit


def test_of_equally_near_texts_the_first_come_first():
    known = np.array([[0.0, 1.0], [2.0, 0.0], [1.0, 1e-9], [5.0, 0.0], [0.0, 0.0]])
    places, cosines = nearest(np.array([[1.0, 0.0], [0.0, 0.0]]), known, 3)
    assert places.tolist() == [[1, 2, 3], [0, 1, 2]]
    assert cosines.tolist() == [[1, 1, 1], [0, 0, 0]]


def test_a_neighbour_is_a_line_with_its_similarity_and_label():
    train = pd.DataFrame({"text": ["good\nfilm", "b" * 300], "pair": ["yes", "no"], "label": ["+", "-"]})
    lines = neighbour_lines(np.array([[1, 0]]), np.array([[0.934, 0.5]]), train)[0].split("\n")
    assert lines[1] == "0.50 +: good film | yes"
    assert lines[0].startswith("0.93 -: bbb") and lines[0].endswith("b…") and len(lines[0]) == CUT + 8


def test_the_states_are_what_the_classifier_makes_of_each_text(tiny_encoder, tmp_path, monkeypatch):
    monkeypatch.setattr(representing, "calm", lambda: None)  # what it sets would outlive the test
    tokenizer = load_tokenizer(tiny_encoder)
    model = build_classifier(tiny_encoder, tokenizer, 2, "mean", 0.1, 0.0, seed=3).eval()
    save_classifier(model, tokenizer, ["a", "b"], 8, tmp_path)
    texts = pd.DataFrame({"row": [4, 2, 9], "text": ["a film", "the plot was never dull", "warm"]})
    states = represent(tmp_path, texts.assign(label="a"), 8, batch_size=2, threads=1)
    assert (states.dtype, states.shape) == (np.float32, (3, 32))
    for text, state in zip(texts["text"], states, strict=True):
        with torch.no_grad():
            one = model.represent(**tokenizer(text, return_tensors="pt"))
        assert state == pytest.approx(one[0].numpy(), abs=1e-5)
    table = states_table(texts["row"], states)
    assert list(table) == ["row", *map(str, range(32))]
    assert (states_of(table, pd.Series([9, 4])) == states[[2, 0]]).all()
