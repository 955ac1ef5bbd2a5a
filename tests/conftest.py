"""What tests of several folders share."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # as in a job: see runtime.hand_down

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium. Not for longer: its loop keeps other tests from having one."""
    from playwright.sync_api import sync_playwright

    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        pytest.fail(f"these tests need Chromium: none of {', '.join(BROWSERS)} is on the path", pytrace=False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def barriers(browser):
    """Return a function that opens a page on a desk and on a phone and says what axe finds there.

    It also looks for what axe doesn't: a page that is wider than the phone.
    """
    from axe_playwright_python.sync_playwright import Axe

    def find(file: Path) -> dict[str, list[str]]:
        found = {}
        for width in (1280, 390):
            page = browser.new_page(viewport={"width": width, "height": 844})
            page.goto(file.resolve().as_uri())
            for broken in Axe().run(page).response["violations"]:
                places = [f"{width}: {node['html'][:200]}" for node in broken["nodes"][:3]]
                found[f"{broken['id']} ({broken['impact']})"] = places
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found["wider than the screen"] = [f"{width}: {wide}"]
            page.close()
        return found

    return find


VOCABULARY = """
[PAD] [UNK] [CLS] [SEP] [MASK] a an the film story plot actor scene is was feels has good bad great dull warm
cold funny sad clever slow not never but and very rather too really ending music camera idea moment . , !
"""


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory) -> Path:
    """A folder with a BERT of two layers, as `save_pretrained` writes it, its weights drawn by a seed."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    folder = tmp_path_factory.mktemp("encoder") / "tiny-bert"
    folder.mkdir()
    vocabulary = VOCABULARY.split()
    tokenizer = BertTokenizer(vocab={word: i for i, word in enumerate(vocabulary)})
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=32,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        BertModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


CHAT = (
    "{% for turn in messages %}<|{{ turn['role'] }}|>{{ turn['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.fixture(scope="session")
def tiny_llm(tmp_path_factory) -> Path:
    """A folder with a Llama of two layers that spells words, drawn by a seed, and its chat template."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("llm") / "tiny-llama"
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
    words = [*letters, "th"]
    core = Tokenizer(models.BPE(vocab={word: i for i, word in enumerate(words)}, merges=[("t", "h")]))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token=special[0], additional_special_tokens=special[1:]
    )
    tokenizer.chat_template = CHAT
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        intermediate_size=64,
        max_position_embeddings=512,
        initializer_range=0.3,  # so that the answers' likelihoods differ by more than rounding
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=len(words),
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
