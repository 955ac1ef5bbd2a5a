"""From texts and a pre-trained encoder to a fine-tuned classifier, its learning curves, its predictions."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import f1_score
from transformers import EarlyStoppingCallback, TrainerCallback, TrainingArguments, set_seed
from transformers import logging as transformers_logging

from inquest.errors import InquestError
from inquest.runtime import Progress, seed_for
from inquest.text.batches import Collator, LengthGroupedSampler, TokenisedTexts, padded_share
from inquest.text.encoder import (
    EncoderClassifier,
    build_classifier,
    describe_model,
    load_classifier,
    load_tokenizer,
    longest_input,
    parameter_groups,
)
from inquest.text.trainer import CustomTrainer, last_checkpoint

SCHEDULES = {"linear": "linear", "cosine": "cosine", "constant": "constant_with_warmup"}
BEST = {"accuracy": True, "macro_f1": True, "loss": False}  # whether a larger score is a better one
TRACKING = {"wandb": "WANDB_DIR", "trackio": "TRACKIO_DIR", "tensorboard": "TENSORBOARD_LOGGING_DIR"}
NOT_REPRODUCED = ("seconds", "runtime", "per_second", "flos")  # parts of the names of times in the log


def calm() -> None:
    """Let Transformers say warnings only, without bars, and let PyTorch take no algorithm that varies."""
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # all that is read was written before


def device_facts(threads: int) -> dict[str, Any]:
    """Give PyTorch its threads, and return what the training runs on."""
    torch.set_num_threads(threads)
    card = torch.cuda.get_device_name(0) if torch.cuda.is_available() else None
    return {"device": card or "processor", "threads": threads}


def precision_of(asked: str) -> str:
    """Return the precision that this machine can have: the one asked for, or `full`."""
    if asked == "full" or not torch.cuda.is_available():
        return "full"
    return asked if asked == "fp16" or torch.cuda.is_bf16_supported() else "full"


class _Said(TrainerCallback):
    """Say now and then how much of the training is done."""

    def on_train_begin(self, args, state, control, **others):
        self.progress = Progress("training steps", state.max_steps - state.global_step)

    def on_step_end(self, args, state, control, **others):
        self.progress.step()


class FineTuning:
    """The fine-tuning of an encoder on texts.

    Parameters
    ----------
    encoder : path
        The pre-trained encoder's folder.
    texts : DataFrame
        `row`, `text`, `label`, `part` (train, validation, test), and `pair` for tasks on pairs.
    classes : sequence of str
    options : mapping
        The config's `classifier` section.
    seed : int
        The study's seed.
    """

    def __init__(
        self,
        encoder: str | Path,
        texts: pd.DataFrame,
        classes: Sequence[str],
        options: Mapping[str, Any],
        seed: int,
    ):
        calm()
        self.options, self.training, self.classes = options, options["training"], list(classes)
        self.hardware = device_facts(self.training["threads"])
        self.tokenizer = load_tokenizer(encoder)
        self.seed = seed_for(seed, "classifier", "training")
        self.model: EncoderClassifier = build_classifier(
            encoder,
            self.tokenizer,
            len(classes),
            options["pooling"],
            options["dropout"],
            self.training["label_smoothing"],
            seed_for(seed, "classifier", "head"),
        )
        most = longest_input(self.model, self.tokenizer)
        if most is not None and options["max_length"] > most:
            raise InquestError(
                "config key `classifier.max_length`",
                f"found {options['max_length']:,}",
                f"the encoder reads {most:,} tokens at most",
            )
        self.sets = {
            part: TokenisedTexts(self.tokenizer, texts[texts["part"] == part], classes, options["max_length"])
            for part in ("train", "validation", "test")
        }

    def train(self, checkpoints: str | Path, tracking: str | Path) -> tuple[dict[str, Any], dict[str, Any]]:
        """Train to the end, going on from the last whole checkpoint if there is one.

        Parameters
        ----------
        checkpoints : path
            Where a checkpoint is written after each epoch; the last and the best one stay.
        tracking : path
            Where the tracker's files go.

        Returns
        -------
        history, seconds : dict
            The learning curves; and apart from them the times, which no rerun reproduces.
        """
        set_seed(self.seed)
        last = last_checkpoint(checkpoints)
        for broken in Path(checkpoints).glob("checkpoint-*"):
            if last is None or int(broken.name[11:]) > int(last.name[11:]):
                shutil.rmtree(broken)  # cut short while it was written
        with _tracked(self.training["tracker"], Path(tracking)):
            trainer = self.trainer(checkpoints)
            trainer.train(resume_from_checkpoint=str(last) if last else None)
        best = trainer.state.best_model_checkpoint
        if best is None or not Path(best).is_dir():  # the trainer would keep the last epoch's weights instead
            raise InquestError(
                f"{checkpoints}",
                "the checkpoint of the best epoch is gone",
                "start again, and leave that folder alone while the training runs",
            )
        log = trainer.state.log_history
        return history_of(log, trainer.state, self.training), seconds_of(log, len(self.sets["train"]), last)

    def trainer(self, checkpoints: str | Path, trainer_class: type = CustomTrainer) -> CustomTrainer:
        """Return the trainer of these texts."""
        options = self.training
        precision = precision_of(options["precision"])
        args = TrainingArguments(
            output_dir=str(checkpoints),
            num_train_epochs=options["epochs"],
            per_device_train_batch_size=options["batch_size"],
            per_device_eval_batch_size=4 * options["batch_size"],
            gradient_accumulation_steps=options["accumulate"],
            learning_rate=options["learning_rate"],
            lr_scheduler_type=SCHEDULES[options["schedule"]],
            warmup_steps=self._warmup_steps(),
            max_grad_norm=options["clip"],
            eval_strategy="epoch",
            save_strategy="epoch",
            save_total_limit=2,
            load_best_model_at_end=True,
            metric_for_best_model=f"eval_{options['best_by']}",
            greater_is_better=BEST[options["best_by"]],
            logging_steps=options["log_every"],
            logging_nan_inf_filter=False,
            bf16=precision == "bf16",
            fp16=precision == "fp16",
            seed=self.seed,
            report_to=options["tracker"],
            run_name="classifier",
            project="inquest",
            remove_unused_columns=False,
            dataloader_pin_memory=torch.cuda.is_available(),
            restore_callback_states_from_checkpoint=True,
            use_cpu=not torch.cuda.is_available(),  # other accelerators are untried
            disable_tqdm=False,
        )
        args._n_gpu = min(args.n_gpu, 1)  # a batch is what the config says, however many cards there are
        stop = options["patience"]
        return trainer_class(
            self.model,
            args,
            data_collator=Collator(
                self.tokenizer, self.options["max_length"] if options["padding"] == "fixed" else None
            ),
            train_dataset=self.sets["train"],
            eval_dataset=self.sets["validation"],
            compute_metrics=_metrics,
            optimizers=(torch.optim.AdamW(parameter_groups(self.model, options), fused=True), None),
            callbacks=[_Said(), *([EarlyStoppingCallback(stop)] if stop else [])],
            group_by_length=options["group_by_length"],
        )

    def _warmup_steps(self) -> int:
        batches = -(-len(self.sets["train"]) // self.training["batch_size"])
        steps = -(-batches // self.training["accumulate"]) * self.training["epochs"]
        return round(self.training["warmup"] * steps)

    def facts(self) -> dict[str, Any]:
        """Return what the model is, how long the texts are in tokens, and how much of a batch is padding."""
        train, size = self.sets["train"], self.training["batch_size"]
        if self.training["group_by_length"]:
            order = list(LengthGroupedSampler(train.lengths, size, self.seed))
        else:
            order = list(np.random.default_rng(self.seed).permutation(len(train)))
        fixed = 1 - sum(train.lengths) / (len(train) * self.options["max_length"])
        longest = self.training["padding"] == "longest"
        return {
            **describe_model(self.model),
            "tokens": {part: _token_facts(texts) for part, texts in self.sets.items()},
            "padding": {
                "share": padded_share(train.lengths, order, size) if longest else fixed,
                "share_if_fixed": fixed,
            },
            "precision": precision_of(self.training["precision"]),
            "seed": self.seed,
            "threads": self.training["threads"],
        }


def _token_facts(texts: TokenisedTexts) -> dict[str, Any]:
    lengths = texts.full_lengths
    return {
        "texts": len(texts),
        "mean": float(lengths.mean()) if len(texts) else 0.0,
        "median": float(np.median(lengths)) if len(texts) else 0.0,
        "longest": int(lengths.max(initial=0)),
        "truncated": int(texts.truncated.sum()),
    }


def _metrics(said: Any) -> dict[str, float]:
    predicted = np.asarray(said.predictions).argmax(-1)
    return {
        "accuracy": float((predicted == said.label_ids).mean()),
        "macro_f1": float(f1_score(said.label_ids, predicted, average="macro", zero_division=0)),
    }


@contextlib.contextmanager
def _tracked(tracker: str, folder: Path) -> Iterator[None]:
    """Send the tracker's files to a folder; without a key, Weights & Biases stays offline.

    trackio asks for its folder when it is imported, so that happens in here.
    """
    if tracker in ("wandb", "trackio") and not importlib.util.find_spec(tracker):
        raise InquestError(
            "config key `classifier.training.tracker`",
            f"found {tracker!r}, which is not installed",
            f"install it (.venv/bin/pip install {tracker}), or take tensorboard or none",
        )
    wanted = {TRACKING[tracker]: str(folder)} if tracker in TRACKING else {}
    if tracker == "wandb" and not os.environ.get("WANDB_API_KEY"):
        wanted["WANDB_MODE"] = os.environ.get("WANDB_MODE", "offline")
    if wanted:
        folder.mkdir(parents=True, exist_ok=True)
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        if tracker == "wandb":
            import wandb

            wandb.finish()
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def history_of(log: Sequence[Mapping[str, Any]], state: Any, training: Mapping[str, Any]) -> dict[str, Any]:
    """Return the learning curves from the trainer's log: a list of epochs and a list of logged steps."""
    epochs: list[dict[str, Any]] = []
    steps = []
    for line in log:
        kept = {
            name: value
            for name, value in line.items()
            if not any(part in name for part in NOT_REPRODUCED) and name not in ("epoch", "step")
        }
        if "train_accuracy" in line:
            epochs.append({"epoch": round(line["epoch"]), **kept})
        elif "eval_loss" in line and epochs:
            epochs[-1] |= {name.removeprefix("eval_"): value for name, value in kept.items()}
        elif "learning_rate" in line:
            norm = kept.pop("grad_norm", None)  # a step that half precision skipped has none
            steps.append({"step": line["step"], "epoch": line["epoch"], **kept, "gradient_norm": norm})
    scores = [epoch[training["best_by"]] for epoch in epochs]
    return {
        "epochs": epochs,
        "steps": steps,
        "best_epoch": scores.index((max if BEST[training["best_by"]] else min)(scores)) + 1,
        "best_by": training["best_by"],
        "epochs_asked": training["epochs"],
        "stopped_early": len(epochs) < training["epochs"],
        "steps_total": state.global_step,
    }


def seconds_of(log: Sequence[Mapping[str, Any]], texts: int, resumed: Path | None) -> dict[str, Any]:
    """Return the times of the training, in seconds."""
    epochs = [line["train_seconds"] for line in log if "train_seconds" in line]
    return {
        "epochs": epochs,
        "train_seconds": sum(epochs),
        "evaluate_seconds": sum(line.get("eval_runtime", 0.0) for line in log),
        "train_per_1000": sum(epochs) / len(epochs) / texts * 1000,
        "resumed": resumed is not None,
    }


def checkpoint_folder(
    root: str | Path, inputs: Sequence[str | Path], options: Mapping[str, Any], seed: int, code: str
) -> Path:
    """Return the folder of the checkpoints of one training: of these inputs, options, seed and code."""
    digest = hashlib.sha256(json.dumps([options, seed, code, torch.__version__], sort_keys=True).encode())
    for path in inputs:
        digest.update(Path(path).read_bytes())
    return Path(root, digest.hexdigest()[:16])


def predict(
    model: EncoderClassifier, texts: TokenisedTexts, tokenizer: Any, batch_size: int
) -> tuple[np.ndarray, float]:
    """Return the probabilities of the classes, shape (n_texts, n_classes), and the seconds that it took.

    Texts are taken in the order of their lengths, so that a batch needs little padding.
    """
    device = next(model.parameters()).device
    order = np.argsort(texts.lengths, kind="stable")
    collate = Collator(tokenizer)
    logits = np.empty((len(texts), model.head.out_features))
    start = time.perf_counter()
    model.eval()
    progress = Progress("texts predicted", len(texts))
    with torch.inference_mode():
        for i in range(0, len(texts), batch_size):
            rows = order[i : i + batch_size]
            batch = collate([texts[row] for row in rows])
            inputs = {name: batch[name].to(device) for name in batch if name not in ("labels", "rows")}
            logits[rows] = model(**inputs).logits.double().cpu().numpy()
            progress.step(len(rows))
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True), time.perf_counter() - start


def classify(
    folder: str | Path, texts: pd.DataFrame, max_length: int, batch_size: int, threads: int
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return what a saved classifier says of texts, and the times.

    Returns
    -------
    table : DataFrame
        `row`, `id`, `part`; `label` and `predicted` as codes, in the order of the classes; `tokens` before a
        text is cut, `truncated`, and `probability:<class>` for each class.
    seconds : dict
        Of all texts, and for 1,000 of them.
    """
    calm()
    device_facts(threads)
    model, tokenizer, classes = load_classifier(folder)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    encoded = TokenisedTexts(tokenizer, texts, classes, max_length)
    probabilities, seconds = predict(model, encoded, tokenizer, batch_size)
    table = pd.DataFrame(
        {
            "row": texts["row"].to_numpy(),
            "id": texts["id"].to_numpy(),
            "part": texts["part"].to_numpy(),
            "label": encoded.labels,
            "predicted": probabilities.argmax(axis=1),
            "tokens": encoded.full_lengths,
            "truncated": encoded.truncated,
        }
    )
    for code, name in enumerate(classes):
        table[f"probability:{name}"] = probabilities[:, code]
    per_1000 = seconds / len(texts) * 1000
    return table, {"predict_seconds": seconds, "predict_texts": len(texts), "predict_per_1000": per_1000}
