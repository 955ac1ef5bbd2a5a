"""A pre-trained encoder with a classification layer: loaded, checked, grouped for the optimiser, saved."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F
from transformers import AutoConfig, AutoModel, AutoTokenizer
from transformers.modeling_outputs import SequenceClassifierOutput

from inquest.artefacts import atomic, read_json, write_json
from inquest.errors import InquestError, listing

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

WEIGHTS = ("model.safetensors", "model.safetensors.index.json")  # a pickle is not read
OWN = {"local_files_only": True, "trust_remote_code": False}  # neither the hub nor code beside the model
NO_DECAY = ("bias", "norm")  # parts of the names of parameters that AdamW leaves where they are


class EncoderClassifier(nn.Module):
    """An encoder, its states made one vector, dropout, and a linear layer.

    Parameters
    ----------
    encoder : PreTrainedModel
        Gives `last_hidden_state`, shape (n_texts, n_tokens, hidden_size).
    classes : int
    pooling : str
        `mean` of the states over a text's tokens (Reimers & Gurevych 2019), or the `first` token's state
        (Devlin et al. 2019).
    dropout : float
    label_smoothing : float
        In training, the share of the target that is spread over all labels.
    """

    def __init__(
        self, encoder: nn.Module, classes: int, pooling: str, dropout: float, label_smoothing: float = 0.0
    ):
        super().__init__()
        self.encoder, self.pooling, self.label_smoothing = encoder, pooling, label_smoothing
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.config.hidden_size, classes)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def represent(self, input_ids: torch.Tensor, attention_mask: torch.Tensor, **others: Any) -> torch.Tensor:
        """Return a vector for each text, shape (n_texts, hidden_size)."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask, **others).last_hidden_state
        if self.pooling == "first":
            return states[:, 0]
        weight = attention_mask.unsqueeze(-1).to(states.dtype)  # (n_texts, n_tokens, 1)
        return (states * weight).sum(1) / weight.sum(1).clamp(min=1)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor,
        token_type_ids: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
    ) -> SequenceClassifierOutput:
        """Return logits, shape (n_texts, n_classes), and with labels the mean cross-entropy."""
        others = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
        logits = self.head(self.dropout(self.represent(input_ids, attention_mask, **others)))
        loss = None
        if labels is not None:
            smoothing = self.label_smoothing if self.training else 0.0
            loss = F.cross_entropy(logits.float(), labels, label_smoothing=smoothing)
        return SequenceClassifierOutput(loss=loss, logits=logits)

    @property
    def layers(self) -> list[nn.Module]:
        """The encoder's layers, from the first to the last."""
        count = self.encoder.config.num_hidden_layers
        lists = [
            part for part in self.encoder.modules() if isinstance(part, nn.ModuleList) and len(part) == count
        ]
        return list(lists[0]) if lists else []


def load_tokenizer(folder: str | Path) -> PreTrainedTokenizerBase:
    """Return the tokenizer of an encoder's folder.

    Raises
    ------
    InquestError
        If there is none, or none that works.
    """
    folder = Path(folder)
    where = f"encoder `{folder}`"
    if not any((folder / name).exists() for name in ("tokenizer.json", "vocab.txt", "tokenizer.model")):
        raise InquestError(
            where,
            f"it has no tokenizer (there is: {_content(folder)})",
            "tokenizer.json is needed, as `save_pretrained` writes it",
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **OWN)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InquestError(
            where, f"its tokenizer can't be read ({_first(error)})", "a whole one is needed"
        ) from error
    if tokenizer.pad_token is None:
        raise InquestError(
            where, "its tokenizer has no padding token", "tokenizer_config.json must name the one it has"
        )
    return tokenizer


def load_encoder(folder: str | Path, tokenizer: PreTrainedTokenizerBase) -> nn.Module:
    """Return the pre-trained encoder of a folder, in single precision.

    Raises
    ------
    InquestError
        If the folder has no configuration or no weights, if weights are missing in it, or if its vocabulary
        is not the tokenizer's.
    """
    folder = Path(folder)
    where = f"encoder `{folder}`"
    for wanted, name in ((("config.json",), "configuration"), (WEIGHTS, "weights")):
        if not any((folder / file).exists() for file in wanted):
            raise InquestError(
                where,
                f"it has no {name} (there is: {_content(folder)})",
                f"{wanted[0]} is needed, as `save_pretrained` writes it",
            )
    try:
        model, report = AutoModel.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, output_loading_info=True, **OWN
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise InquestError(
            where,
            f"it can't be loaded ({_first(error)})",
            "an encoder that Transformers knows is needed",
        ) from error
    missing = sorted(name for name in report["missing_keys"] if "pooler" not in name)
    if missing:
        raise InquestError(
            where,
            f"its weights lack {listing(missing, 3)}",
            "all weights of the architecture in config.json are needed",
        )
    rows, ids = model.get_input_embeddings().num_embeddings, max(tokenizer.get_vocab().values()) + 1
    if ids > rows:
        raise InquestError(
            where,
            f"the tokenizer has {ids:,} tokens, the encoder knows {rows:,}",
            "the tokenizer that the encoder was trained with is needed",
        )
    return _without_pooler(model)


def _without_pooler(encoder: nn.Module) -> nn.Module:
    """Take off the layer that some encoders put on the first token's state: nothing here reads it."""
    if hasattr(encoder, "pooler"):
        encoder.pooler = None
    return encoder


def _content(folder: Path) -> str:
    return listing(sorted(path.name for path in folder.glob("*"))) or "nothing"


def _first(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:300]


def build_classifier(
    folder: str | Path,
    tokenizer: PreTrainedTokenizerBase,
    classes: int,
    pooling: str,
    dropout: float,
    label_smoothing: float,
    seed: int,
) -> EncoderClassifier:
    """Return the encoder with a new classification layer, drawn by the seed."""
    encoder = load_encoder(folder, tokenizer)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return EncoderClassifier(encoder, classes, pooling, dropout, label_smoothing)


def parameter_groups(model: EncoderClassifier, options: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return AdamW's groups: a rate for each layer, and no decay of biases and normalisations.

    The last layer has the learning rate, each layer below it that of the one above times `layer_decay`
    (Howard & Ruder 2018), and the embeddings are one layer further down.

    Parameters
    ----------
    options : mapping
        `learning_rate`, `layer_decay`, `head_learning_rate` and `weight_decay` of the config.
    """
    rate, decay = options["learning_rate"], options["layer_decay"]
    layers = model.layers
    if decay < 1 and not layers:
        raise InquestError(
            "config key `classifier.training.layer_decay`",
            f"found {decay:g}, but the layers of a {type(model.encoder).__name__} can't be told apart",
            "1 is allowed",
        )
    depth = {id(p): len(layers) - 1 - i for i, layer in enumerate(layers) for p in layer.parameters()}
    head = {id(p) for p in model.head.parameters()}
    groups: dict[tuple[float, float], dict[str, Any]] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        if id(parameter) in head:
            mine = options["head_learning_rate"] or rate
        else:
            beside = len(layers) if "embed" in name.lower() else 0  # below the first layer, or above the last
            mine = rate * decay ** depth.get(id(parameter), beside)
        free = any(part in name.lower() for part in NO_DECAY)
        key = (mine, 0.0 if free else options["weight_decay"])
        groups.setdefault(key, {"params": [], "lr": key[0], "weight_decay": key[1]})["params"].append(
            parameter
        )
    return sorted(groups.values(), key=lambda group: group["lr"] != rate)  # the first one's rate is logged


def describe_model(model: EncoderClassifier) -> dict[str, Any]:
    """Return the numbers of parameters and the architecture, for the report."""
    config = model.encoder.config
    head = sum(p.numel() for p in model.head.parameters())
    total = sum(p.numel() for p in model.parameters())
    return {
        "parameters": {
            "total": total,
            "encoder": total - head,
            "head": head,
            "trainable": sum(p.numel() for p in model.parameters() if p.requires_grad),
        },
        "architecture": {
            "class": type(model.encoder).__name__,
            "layers": config.num_hidden_layers,
            "hidden_size": config.hidden_size,
            "heads": getattr(config, "num_attention_heads", None),
            "intermediate_size": getattr(config, "intermediate_size", None),
            "vocabulary": config.vocab_size,
            "positions": getattr(config, "max_position_embeddings", None),
            "dropout": getattr(config, "hidden_dropout_prob", getattr(config, "dropout", None)),
            "attention_dropout": getattr(
                config, "attention_probs_dropout_prob", getattr(config, "attention_dropout", None)
            ),
        },
        "head": {"pooling": model.pooling, "dropout": model.dropout.p},
    }


def longest_input(model: EncoderClassifier, tokenizer: PreTrainedTokenizerBase) -> int | None:
    """Return how many tokens the encoder can read, if it says."""
    positions = getattr(model.encoder.config, "max_position_embeddings", None)
    embeddings = getattr(getattr(model.encoder, "embeddings", None), "position_embeddings", None)
    first = getattr(embeddings, "padding_idx", None)  # RoBERTa counts positions from the one behind it
    if positions and first is not None:
        positions -= first + 1
    known = [n for n in (positions, tokenizer.model_max_length) if n and n < 10**6]
    return min(known, default=None)


def save_classifier(
    model: EncoderClassifier,
    tokenizer: PreTrainedTokenizerBase,
    classes: list[str],
    max_length: int,
    folder: str | Path,
) -> None:
    """Write a classifier so that `load_classifier` finds it: safetensors and JSON.

    Its tokenizer cuts texts, where it is asked to, at the length that the classifier was trained with.
    """
    folder = Path(folder)
    tokenizer.model_max_length = max_length
    model.encoder.config.save_pretrained(folder / "encoder")
    tokenizer.save_pretrained(folder / "encoder")
    with atomic(folder / "weights.safetensors") as part:
        weights = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
        save_file(weights, part, metadata={"format": "pt"})
    facts = {"classes": classes, "pooling": model.pooling, "dropout": model.dropout.p}
    write_json(folder / "classifier.json", facts)


def load_classifier(folder: str | Path) -> tuple[EncoderClassifier, PreTrainedTokenizerBase, list[str]]:
    """Return a classifier as it was saved, in evaluation mode, its tokenizer and its classes in order."""
    folder = Path(folder)
    facts = read_json(folder / "classifier.json")
    encoder = AutoModel.from_config(AutoConfig.from_pretrained(folder / "encoder", **OWN))
    encoder = _without_pooler(encoder)
    model = EncoderClassifier(encoder, len(facts["classes"]), facts["pooling"], facts["dropout"])
    model.load_state_dict(load_file(folder / "weights.safetensors"))
    return model.eval(), load_tokenizer(folder / "encoder"), facts["classes"]
