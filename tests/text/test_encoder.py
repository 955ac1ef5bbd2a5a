"""Encoders of several kinds, and folders that are none."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from transformers import (
    AlbertConfig,
    AlbertModel,
    AutoTokenizer,
    DistilBertConfig,
    DistilBertModel,
    RobertaConfig,
    RobertaModel,
)

from inquest.errors import InquestError
from inquest.text.encoder import (
    build_classifier,
    describe_model,
    load_encoder,
    load_tokenizer,
    longest_input,
    parameter_groups,
)

KINDS = {
    "distilbert": (
        DistilBertModel,
        DistilBertConfig,
        {"dim": 16, "hidden_dim": 32, "n_layers": 2, "n_heads": 2},
    ),
    "roberta": (
        RobertaModel,
        RobertaConfig,
        {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2},
    ),
    "albert": (
        AlbertModel,
        AlbertConfig,
        {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2},
    ),
}
RATES = {"learning_rate": 0.1, "layer_decay": 0.5, "head_learning_rate": 1.0, "weight_decay": 0.01}


@pytest.fixture
def folder(tiny_encoder, tmp_path):
    """A copy of the tiny encoder that a test may spoil."""
    return shutil.copytree(tiny_encoder, tmp_path / "encoder")


@pytest.fixture
def other(tiny_encoder, tmp_path):
    """Return a function that makes a folder with an encoder of another kind."""

    def make(kind):
        model, config, sizes = KINDS[kind]
        tokenizer = AutoTokenizer.from_pretrained(tiny_encoder)
        positions = {"max_position_embeddings": 34, "vocab_size": len(tokenizer), "pad_token_id": 0}
        model(config(**sizes, **positions)).save_pretrained(tmp_path / kind)
        tokenizer.save_pretrained(tmp_path / kind)
        return tmp_path / kind

    return make


def build(folder, **options):
    tokenizer = load_tokenizer(folder)
    settings = {"pooling": "mean", "dropout": 0.0, "label_smoothing": 0.0, "seed": 1, **options}
    return build_classifier(folder, tokenizer, 3, **settings), tokenizer


def batch(tokenizer):
    texts = ["the film is good", "a story", "bad"]
    encoded = tokenizer(texts, padding=True, return_tensors="pt")
    return {name: encoded[name] for name in ("input_ids", "attention_mask")}


@pytest.mark.parametrize("kind", list(KINDS))
def test_encoders_of_other_kinds_work(other, kind):
    model, tokenizer = build(other(kind))
    assert model.eval()(**batch(tokenizer), labels=torch.tensor([0, 1, 2])).logits.shape == (3, 3)
    assert describe_model(model)["architecture"]["layers"] == 2


def test_the_mean_leaves_padding_out(folder):
    model, tokenizer = build(folder)
    inputs = batch(tokenizer)
    vectors = model.eval().represent(**inputs)
    states = model.encoder(**inputs).last_hidden_state
    for i, length in enumerate(inputs["attention_mask"].sum(1)):
        torch.testing.assert_close(vectors[i], states[i, :length].mean(0))
    first, _ = build(folder, pooling="first")
    torch.testing.assert_close(first.eval().represent(**inputs), states[:, 0])


def test_label_smoothing_is_for_training_only(folder):
    """Smoothing by s: (1 - s) times the loss of the gold label plus s times the mean over all labels."""
    model, tokenizer = build(folder, label_smoothing=0.3)
    inputs, labels = batch(tokenizer), torch.tensor([0, 1, 2])
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    plain = model.eval()(**inputs, labels=labels)
    minus = -plain.logits.log_softmax(-1)
    torch.testing.assert_close(plain.loss, minus[range(3), labels].mean())
    smooth = model.train()(**inputs, labels=labels).loss
    torch.testing.assert_close(smooth, 0.7 * minus[range(3), labels].mean() + 0.3 * minus.mean())


def test_rates_fall_from_layer_to_layer(folder):
    model, _ = build(folder)
    groups = parameter_groups(model, RATES)
    rates = {id(p): group["lr"] for group in groups for p in group["params"]}
    decays = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    named = dict(model.named_parameters())
    assert rates.keys() == {id(p) for p in named.values()}

    def rate(name):
        return rates[id(named[name])]

    assert rate("head.weight") == 1.0
    assert rate("encoder.encoder.layer.1.output.dense.weight") == 0.1
    assert rate("encoder.encoder.layer.0.output.dense.weight") == 0.05
    assert rate("encoder.embeddings.word_embeddings.weight") == 0.025
    assert groups[0]["lr"] == 0.1  # the one that is logged
    assert decays[id(named["encoder.encoder.layer.0.output.dense.bias"])] == 0.0
    assert decays[id(named["encoder.encoder.layer.0.output.LayerNorm.weight"])] == 0.0
    assert decays[id(named["encoder.encoder.layer.0.output.dense.weight"])] == 0.01


def test_rates_by_layer_need_layers(other):
    model, _ = build(other("albert"))  # its layers share their weights
    with pytest.raises(InquestError, match=r"layer_decay`: found 0.5, but the layers of a AlbertModel"):
        parameter_groups(model, RATES)
    assert parameter_groups(model, {**RATES, "layer_decay": 1.0})


def test_the_longest_input(folder, other):
    model, tokenizer = build(folder)
    assert longest_input(model, tokenizer) == 32
    roberta, tokenizer = build(other("roberta"))
    assert longest_input(roberta, tokenizer) == 33  # of 34 positions, the first is padding's

    def read(length):
        ids = torch.full((1, length), 5)
        return roberta(input_ids=ids, attention_mask=torch.ones_like(ids))

    read(33)
    with pytest.raises((IndexError, RuntimeError)):
        read(34)


def test_two_classifiers_of_a_seed_are_the_same(folder):
    one, other, third = (build(folder, seed=seed)[0].head.weight for seed in (1, 1, 2))
    assert torch.equal(one, other) and not torch.equal(one, third)


def test_code_beside_a_model_is_not_run(folder, monkeypatch):
    """Transformers would ask on the terminal whether to run it; nobody is asked, and it isn't run."""
    ran = folder / "ran"
    code = f"from transformers import BertConfig\nopen({str(ran)!r}, 'w')\nclass C(BertConfig):\n    pass\n"
    (folder / "conf.py").write_text(code)
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "mine", "auto_map": {"AutoConfig": "conf.C"}}
    (folder / "config.json").write_text(json.dumps(config))
    monkeypatch.setattr("builtins.input", lambda *question: "y")
    with pytest.raises(InquestError, match=r"^encoder `.*`: it(s tokenizer)? can't be (loaded|read) \("):
        load_encoder(folder, load_tokenizer(folder))
    assert not ran.exists()


def test_weights_in_a_pickle_are_not_read(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(
        InquestError, match=r"it has no weights .*pytorch_model.bin.*; model.safetensors is needed"
    ):
        load_encoder(folder, load_tokenizer(folder))


def test_a_tokenizer_without_padding_is_one_line(folder):
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text())
    config |= {"pad_token": None, "tokenizer_class": "PreTrainedTokenizerFast"}
    path.write_text(json.dumps(config))
    (folder / "special_tokens_map.json").unlink(missing_ok=True)
    with pytest.raises(InquestError, match=r"its tokenizer has no padding token; tokenizer_config.json"):
        load_tokenizer(folder)


def test_missing_weights_are_named(folder):
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    gone = next(name for name in weights if name.endswith("layer.1.output.dense.weight"))
    del weights[gone]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(InquestError, match=r"its weights lack encoder.layer.1.output.dense.weight"):
        load_encoder(folder, load_tokenizer(folder))


def test_another_vocabulary_is_named(folder):
    path = folder / "tokenizer.json"
    content = json.loads(path.read_text())
    content["model"]["vocab"]["surplus"] = 4000
    path.write_text(json.dumps(content))
    with pytest.raises(InquestError, match="the tokenizer has 4,001 tokens, the encoder knows"):
        load_encoder(folder, load_tokenizer(folder))


@pytest.mark.parametrize(
    ("gone", "says"),
    [("config.json", "it has no configuration"), ("model.safetensors", "it has no weights")],
)
def test_what_a_folder_lacks_is_named(folder, gone, says):
    tokenizer = load_tokenizer(folder)
    (folder / gone).unlink()
    with pytest.raises(InquestError, match=rf"^encoder `.*`: {says} \(there is: "):
        load_encoder(folder, tokenizer)
    for path in folder.glob("*"):
        path.unlink()
    with pytest.raises(InquestError, match=r"it has no tokenizer \(there is: nothing\)"):
        load_tokenizer(folder)
