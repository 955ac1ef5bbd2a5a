"""The text classifier's part: our training loop against the stock Trainer of Hugging Face."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from benchmarks.cases import ROOT, SEED, Peer
from benchmarks.measure import heats, middle, say
from benchmarks.tuning import Tuning
from inquest.config import Study
from inquest.config.classifier import TextClassifier
from inquest.data.folders import fetch_folder
from inquest.data.raw import read_raw
from inquest.data.sources import fetch
from inquest.runtime import seed_for, versions
from inquest.text.texts import RawTexts, make_texts

TEXTS = 200
RUNS = 5
CHANGED = {"epochs": 2, "batch_size": 16, "threads": 2, "tracker": "none", "patience": None}
GIVEN = {"group_by_length": True, "padding": "longest", "accumulate": 1}
"""What the comparisons take for granted, whatever the default study does."""
WORDS = ["the", "film", "is", "a", "slow", "story", "with", "good", "music", "and", "very", "bad", "jokes"]


@dataclass(frozen=True)
class Loop(Peer):
    """A training loop that ours is held against."""

    same: bool = False
    """Whether it takes the very steps of ours, so that its weights must be the same, bit for bit."""


LOOPS = (
    Loop(
        "stock, all texts padded to the limit",
        "loop_stock",
        3,
        1.5,
        {"padding": "max_length", "sampling": "random"},
    ),
    Loop("stock, on our batches", "loop_same", RUNS, 0.97, same=True),
    Loop(
        "stock, its own grouping by length",
        "loop_stock",
        3,
        None,
        {"padding": "longest", "sampling": "group_by_length"},
    ),
)


def texts(quick: bool) -> dict[str, Any]:
    """Return what all comparisons of training loops found."""
    with tempfile.TemporaryDirectory() as folder:
        contest, about = (tiny if quick else movies)(Path(folder))
        training = contest.options["training"]
        facts = {
            "versions": versions(("torch", "transformers", "accelerate")),
            **about,
            **{name: training[name] for name in ("epochs", "batch_size", "threads")},
            "texts": len(contest.texts["row"]),
            "max_length": contest.options["max_length"],
        }
        say(f"{about['encoder']} on {facts['epochs']} × {facts['texts']} texts")
        loops = [replace(loop, runs=1) for loop in LOOPS] if quick else LOOPS
        return facts | {"loops": compete(contest, loops, 1 if quick else RUNS)}


def compete(contest: Tuning, loops: Sequence[Loop], runs: int) -> list[dict[str, Any]]:
    """Return what each loop took, ours first.

    Returns
    -------
    list of dict
        `name`, `seconds` (the median of `times`), `per_second` (texts), `padding` (share), `peak_mib` and
        `steps`; for the others also `ratio` (their seconds by ours), `at_least`, and `equal`: whether the
        weights of all their runs and of all of ours are the same, or None where they take other steps.
    """
    entries = [("loop_ours", contest, runs)]
    entries += [(loop.script, replace(contest, usual=loop.params), loop.runs) for loop in loops]
    ours, *others = heats(entries)
    found = [{"name": "inquest", **summary(ours, contest)}]
    for loop, theirs in zip(loops, others, strict=True):
        own = summary(theirs, contest)
        ratio = own["seconds"] / found[0]["seconds"]
        equal = same_weights([*ours, *theirs]) if loop.same else None
        found.append({"name": loop.name, "ratio": ratio, "at_least": loop.at_least, "equal": equal, **own})
        say(f"  {ratio:.2f} times as fast as {loop.name}" + ("; WEIGHTS DIFFER" if equal is False else ""))
    return found


def summary(runs: Sequence[dict[str, Any]], contest: Tuning) -> dict[str, Any]:
    answer = middle(runs)
    kept = {name: answer[name] for name in ("seconds", "times", "peak_mib", "padding", "steps")}
    return kept | {"per_second": contest.seen / answer["seconds"]}


def same_weights(runs: Sequence[dict[str, Any]]) -> bool:
    """Return whether all runs ended with the same bits."""
    return len({run["weights"] for run in runs}) == 1


def settings(section: dict[str, Any], **training: Any) -> dict[str, Any]:
    """Return what fine-tuning reads of a `classifier` section, with changes of `training`."""
    kept = {name: section[name] for name in ("max_length", "pooling", "dropout")}
    return kept | {"training": section["training"] | CHANGED | GIVEN | training}


def movies(folder: Path) -> tuple[Tuning, dict[str, str]]:
    """Return some of the default study's training texts, with its encoder and its hyperparameters."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    study = Study.model_validate(config).model_dump(mode="json", by_alias=True)
    section, encoder, downloads = (
        study["text"],
        study["classifier"]["encoder"],
        ROOT / "results" / "downloads",
    )
    used = [section[key] for key in ("text", "pair", "label")]
    raw = []
    for i, source in enumerate(section["sources"]):
        path = folder / f"{i}.raw"
        name = fetch(source, downloads, path)["filename"]
        cells = read_raw(path, section, source["skip_rows"], name, section="text", used=used)
        raw.append(RawTexts(name, source["part"], cells))
    table, facts = make_texts(raw, section, seed_for(study["seed"], "texts"))
    chosen = table[table["part"] == "train"].sample(TEXTS, random_state=SEED)
    fetch_folder(encoder, downloads, folder / "encoder")
    contest = Tuning(
        str(folder / "encoder"),
        {name: chosen[name].tolist() for name in ("row", "text", "label", "part")},
        facts["classes"],
        settings(study["classifier"]),
        study["seed"],
    )
    return contest, {"encoder": encoder["title"], "data": section["title"]}


def tiny(folder: Path) -> tuple[Tuning, dict[str, str]]:
    """Return 16 short sentences, and a BERT of two layers with weights drawn by a seed."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    config = BertConfig(
        vocab_size=len(names),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
    )
    torch.manual_seed(SEED)
    BertModel(config).save_pretrained(folder / "encoder")
    BertTokenizer(vocab={name: i for i, name in enumerate(names)}).save_pretrained(folder / "encoder")
    size, classes = 16, ["bad", "good"]
    columns = {
        "row": list(range(size)),
        "text": [" ".join(WORDS[i % 3 : 3 + i % 11]) for i in range(size)],
        "label": [classes[i % 2] for i in range(size)],
        "part": ["train"] * size,
    }
    options = settings(
        TextClassifier(max_length=24).model_dump(mode="json", by_alias=True), epochs=1, batch_size=4
    )
    return Tuning(str(folder / "encoder"), columns, classes, options, SEED), {
        "encoder": "a tiny BERT",
        "data": "made-up sentences",
    }
