"""Integrated gradients: exact where that is known, captum's where it isn't, and summed over whole words."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from captum.attr import LayerIntegratedGradients
from torch import nn
from transformers import (
    BatchEncoding,
    DistilBertConfig,
    DistilBertModel,
    RobertaConfig,
    RobertaModel,
)

from inquest.text.encoder import EncoderClassifier, build_classifier, load_tokenizer, save_classifier
from inquest.text.errors import explain as explaining
from inquest.text.errors.drivers import drivers
from inquest.text.errors.explain import attribute, encode, explain, word_table

TEXTS = pd.DataFrame(
    {
        "row": [5, 9, 11, 12],
        "text": ["the film isn't good but the plot was never dull", "warm , funny", "", "a cold story !"],
    }
)
PAIRS = TEXTS.assign(pair=["the actor is cold", "a sad film", "scene", "warm"])
SIDES = np.array([[1, 0], [0, 1], [1, 0], [2, 1]])


class Linear(nn.Module):
    """An "encoder" whose states are the embeddings: what comes behind it is linear in them."""

    def __init__(self, tokens: int, size: int = 8):
        super().__init__()
        self.embeddings, self.config = nn.Embedding(tokens, size), SimpleNamespace(hidden_size=size)

    def get_input_embeddings(self):
        return self.embeddings

    def forward(self, input_ids, **_):
        return SimpleNamespace(last_hidden_state=self.embeddings(input_ids))


@pytest.fixture(scope="module")
def tokenizer(tiny_encoder):
    return load_tokenizer(tiny_encoder)


@pytest.fixture(scope="module")
def model(tiny_encoder, tokenizer):
    """A classifier with three labels, its head so large that the way from padding to text is no line."""
    model = build_classifier(tiny_encoder, tokenizer, 3, "mean", 0.1, 0.0, seed=3).eval()
    with torch.no_grad():
        model.head.weight *= 20
        model.encoder.get_input_embeddings().weight *= 20
    return model


def test_a_linear_model_is_explained_exactly_in_one_step(tokenizer):
    """Each token's part is its embedding less the padding's, through the head, over the number of tokens."""
    torch.manual_seed(1)
    model = EncoderClassifier(Linear(len(tokenizer)), 3, "mean", 0.1)
    with torch.no_grad():
        model.head.weight.normal_()
    encoded = encode(tokenizer, PAIRS, 16)
    found = attribute(model, tokenizer, encoded, SIDES, steps=1, tolerance=0.05)
    assert found.steps.tolist() == [1] * 4
    assert found.gaps == pytest.approx(0, abs=1e-5)
    weights, table = model.head.weight.detach(), model.encoder.embeddings.weight.detach()
    for i, (first, second) in enumerate(SIDES):
        ids = torch.tensor(encoded["input_ids"][i])
        content = torch.tensor(encoded["special_tokens_mask"][i]) == 0
        parts = (table[ids] - table[tokenizer.pad_token_id]) @ (weights[first] - weights[second]) / len(ids)
        assert found.tokens[i] == pytest.approx((parts * content).numpy(), abs=1e-6)


def test_the_attributions_are_those_of_captum_with_many_steps(model, tokenizer):
    encoded = encode(tokenizer, PAIRS, 16)
    found = attribute(model, tokenizer, encoded, SIDES, steps=64, tolerance=1e-4)
    assert found.gaps.max() < 1e-4
    for i, (first, second) in enumerate(SIDES):
        one = {name: torch.tensor([values[i]]) for name, values in encoded.items()}
        special = one.pop("special_tokens_mask") == 1
        ids = one.pop("input_ids")

        def margin(ids, one=one, first=first, second=second):
            many = {name: values.expand(len(ids), -1) for name, values in one.items()}
            logits = model(input_ids=ids, **many).logits
            return logits[:, first] - logits[:, second]

        oracle = LayerIntegratedGradients(margin, model.encoder.get_input_embeddings()).attribute(
            ids, torch.where(special, ids, tokenizer.pad_token_id), n_steps=500, internal_batch_size=100
        )
        assert found.tokens[i] == pytest.approx(oracle.sum(-1)[0].detach().numpy(), abs=2e-3)


def test_steps_are_doubled_where_the_gap_is_large_and_only_there(model, tokenizer):
    encoded = encode(tokenizer, TEXTS, 16)
    rough = attribute(model, tokenizer, encoded, SIDES, steps=2, tolerance=1e9)
    tolerance = float(np.median(rough.gaps[rough.gaps > 0]))
    found = attribute(model, tokenizer, encoded, SIDES, steps=2, tolerance=tolerance)
    assert rough.steps.tolist() == [2] * 4
    assert ((found.steps == 2) == (rough.gaps <= tolerance)).all()
    assert (found.steps > 2).any() and found.gaps.max() <= tolerance


def test_the_steps_have_an_end_and_the_gap_is_told(model, tokenizer):
    encoded = encode(tokenizer, TEXTS, 16)
    found = attribute(model, tokenizer, encoded, SIDES, steps=1, tolerance=1e-12, most=4)
    assert found.steps.max() == 4 and found.gaps.max() > 1e-12
    sums = np.array([tokens.sum() for tokens in found.tokens])
    explained = found.margins - found.baselines
    assert found.gaps * np.abs(explained) == pytest.approx(np.abs(sums - explained))
    assert found.gaps[2] == 0  # of the empty text nothing is to be explained


def test_what_stands_beside_a_text_in_its_batch_changes_nothing(model, tokenizer):
    together = attribute(model, tokenizer, encode(tokenizer, TEXTS, 16), SIDES, 8, 1e9)
    alone = attribute(model, tokenizer, encode(tokenizer, TEXTS[1:2], 16), SIDES[1:2], 8, 1e9)
    assert together.tokens[1] == pytest.approx(alone.tokens[0], abs=1e-4)


@pytest.mark.parametrize(
    ("kind", "config"),
    [
        (DistilBertModel, DistilBertConfig(dim=16, hidden_dim=32, n_layers=2, n_heads=2)),
        (
            RobertaModel,
            RobertaConfig(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, pad_token_id=0),
        ),
    ],
)
def test_other_encoders_are_explained_completely(kind, config, tokenizer):
    """RoBERTa takes positions from what is padding: they must stay the text's on the way to it."""
    torch.manual_seed(4)
    model = EncoderClassifier(kind(config), 3, "first", 0.1)
    texts = PAIRS if kind is RobertaModel else TEXTS
    encoded = encode(tokenizer, texts, 16)
    encoded.pop("token_type_ids")
    found = attribute(model, tokenizer, encoded, SIDES, steps=32, tolerance=1e-3)
    assert found.gaps.max() < 1e-3 and np.abs(found.tokens[0]).max() > 0
    with torch.no_grad():
        logits = model(
            input_ids=torch.tensor([encoded["input_ids"][3]]),
            attention_mask=torch.ones(1, len(encoded["input_ids"][3]), dtype=torch.long),
        ).logits[0]
    assert found.margins[3] == pytest.approx(float(logits[2] - logits[1]), abs=1e-5)


def test_without_places_of_tokens_the_tokens_stand_for_words(tokenizer):
    encoded = encode(tokenizer, TEXTS, 16)
    bare = BatchEncoding(dict(encoded))
    words = word_table(tokenizer, bare, 1, TEXTS.iloc[1], np.arange(5, dtype=float))
    assert words["word"].tolist() == ["warm", ",", "funny"]
    assert words["attribution"].tolist() == [1, 2, 3]


def test_tokens_are_summed_to_words(tokenizer):
    """In "isn't" are three tokens, of which the tokenizer knows none as one word."""
    encoded = encode(tokenizer, PAIRS, 20)
    size = len(encoded["input_ids"][0])
    words = word_table(tokenizer, encoded, 0, PAIRS.iloc[0], np.arange(size, dtype=float))
    joined = " ".join([*PAIRS["text"][0].split(), *PAIRS["pair"][0].split()])
    assert " ".join(words["word"]) == joined
    assert words["part"].tolist() == ["text"] * 10 + ["pair"] * 4
    assert words["attribution"].tolist()[:4] == [1, 2, 3 + 4 + 5, 6]
    assert (words["row"].unique().tolist(), words["position"].tolist()) == ([5], list(range(14)))


def test_words_that_are_cut_off_have_no_part(tokenizer):
    encoded = encode(tokenizer, TEXTS, 5)
    words = word_table(tokenizer, encoded, 0, TEXTS.iloc[0], np.ones(5))
    assert words["word"].tolist() == ["the", "film", "isn't"]
    assert words["attribution"].tolist() == [1, 1, 1]


def test_drivers_are_the_strongest_words_with_their_shares():
    words = pd.DataFrame(
        {
            "word": ["dull", "not", "a", ",", "film", "the", "of"],
            "part": ["text"] * 4 + ["pair"] * 3,
            "attribution": [4.0, -3.0, 0.5, 1.0, 1.0, 0.5, 0.0],
        }
    )
    assert drivers(words) == "dull +0.40, not −0.30, “,” +0.10, film (pair) +0.10, a +0.05"
    assert drivers(words[:0]) == drivers(words.assign(attribution=0.0)) == ""


def test_a_saved_classifier_is_explained_the_same_each_time(model, tokenizer, tmp_path, monkeypatch):
    monkeypatch.setattr(explaining, "calm", lambda: None)  # what it sets would outlive the test
    save_classifier(model, tokenizer, ["a", "b", "c"], 16, tmp_path)
    first, again = (explain(tmp_path, PAIRS, SIDES, 16, threads=1, steps=4) for _ in range(2))
    pd.testing.assert_frame_equal(first.words, again.words, check_exact=True)
    assert first.facts == again.facts
    assert first.facts["texts"] == sum(one["texts"] for one in first.facts["steps"]) == 4
    assert first.facts["gaps"]["largest"] == first.words["completeness_gap"].max()
    nothing = explain(tmp_path, PAIRS[:0], SIDES[:0], 16, threads=1)
    assert nothing.words.dtypes.equals(first.words.dtypes) and nothing.facts["gaps"]["median"] is None
