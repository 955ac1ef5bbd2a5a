"""The training loop: the parent's where both are right, right where it isn't, the same after a break."""

from __future__ import annotations

import copy
import json
import math
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import Trainer, TrainerCallback

from inquest.config.classifier import TextClassifier
from inquest.errors import InquestError
from inquest.text.batches import LengthGroupedSampler
from inquest.text.encoder import load_classifier, save_classifier
from inquest.text.finetune import FineTuning, history_of, predict
from inquest.text.trainer import CustomTrainer, last_checkpoint

GOOD, BAD = ["good", "great", "warm", "funny", "clever"], ["bad", "dull", "cold", "sad", "slow"]


def make_texts(train: int = 45, others: int = 20, pairs: bool = False) -> pd.DataFrame:
    """Return sentences of different lengths whose label is told by one word."""
    rng = np.random.default_rng(2)
    rows = []
    for i in range(train + 2 * others):
        label = ["negative", "positive"][i % 2]
        word = rng.choice(GOOD if label == "positive" else BAD)
        words = rng.choice(
            ["the", "film", "is", "a", "story", "plot", "very", "and"], size=rng.integers(1, 14)
        )
        part = "train" if i < train else "validation" if i < train + others else "test"
        text = " ".join([*words, word])
        rows.append({"row": 100 + i, "id": f"id{i}", "text": text, "label": label, "part": part})
    table = pd.DataFrame(rows)
    if pairs:
        table["pair"] = table["text"].str.split().str[-1]
        table["text"] = "the film is rather"
    return table


def options(**training) -> dict:
    """Return the section of the config with changes of `training`."""
    section = TextClassifier.model_validate(
        {
            "max_length": 16,
            "training": {"epochs": 2, "batch_size": 8, "tracker": "none", "threads": 1, **training},
        }
    )
    return section.model_dump(mode="json", by_alias=True)


@pytest.fixture
def tuning(tiny_encoder):
    def make(texts=None, **training) -> FineTuning:
        texts = make_texts() if texts is None else texts
        training = {"learning_rate": 1e-3, **training}
        return FineTuning(tiny_encoder, texts, ["negative", "positive"], options(**training), seed=3)

    return make


def weights(model) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(one, other) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


class Stock(Trainer):
    """The parent with its own loop, and nothing of ours but the order of the texts, if it is asked for."""

    def __init__(self, *arguments, group_by_length, **options):
        super().__init__(*arguments, **options)
        self.group_by_length = group_by_length

    def _get_train_sampler(self, train_dataset=None):
        if not self.group_by_length:
            return super()._get_train_sampler(train_dataset)
        return LengthGroupedSampler(self.train_dataset.lengths, self.args.train_batch_size, self.args.seed)

    def _prepare_inputs(self, inputs):
        return super()._prepare_inputs({name: value for name, value in inputs.items() if name != "rows"})


@pytest.mark.parametrize("grouped", [False, True], ids=["random order", "grouped by length"])
def test_every_weight_equals_the_parents(tuning, tmp_path, grouped):
    """Dropout on, a ragged last batch, clipping, warm-up and layer-wise rates: bit for bit."""
    results = []
    for name, trainer_class in (("ours", CustomTrainer), ("stock", Stock)):
        ours = tuning(group_by_length=grouped, layer_decay=0.8, clip=0.5)
        assert ours.model.encoder.config.hidden_dropout_prob > 0
        torch.manual_seed(11)
        trainer = ours.trainer(tmp_path / name, trainer_class)
        before = weights(ours.model)
        trainer.train()
        evaluated = [line["eval_loss"] for line in trainer.state.log_history if "eval_loss" in line]
        assert not same(before, weights(ours.model))
        results.append((weights(ours.model), evaluated, trainer.state.global_step, trainer.state.epoch))
    (ours, *said), (stock, *expected) = results
    assert same(ours, stock)
    assert said == expected


def gradients(model, encoded, collate) -> dict[str, torch.Tensor]:
    """Return the gradient of the mean loss over all texts at once, without dropout."""
    model.eval()
    model.zero_grad()
    batch = collate([encoded[i] for i in range(len(encoded))])
    batch.pop("rows")
    model(**batch).loss.backward()
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


class Snoop(TrainerCallback):
    """Keep what a step is about to follow."""

    def __init__(self):
        self.steps = []

    def on_pre_optimizer_step(self, args, state, control, model=None, **others):
        self.steps.append({n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None})


def test_an_accumulated_step_follows_the_mean_over_all_its_examples(tuning, tmp_path):
    """21 texts in batches of 8, 8 and 5, one step: the gradient of the mean over the 21."""
    ours = tuning(make_texts(train=21), epochs=1, accumulate=3, clip=0.0)
    for module in ours.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    trainer = ours.trainer(tmp_path)
    expected = gradients(copy.deepcopy(ours.model), ours.sets["train"], trainer.data_collator)
    snoop = Snoop()
    trainer.add_callback(snoop)
    trainer.train()
    assert len(snoop.steps) == 1
    for name, gradient in expected.items():
        torch.testing.assert_close(snoop.steps[0][name], gradient, rtol=1e-4, atol=1e-7)


class Frozen(TrainerCallback):
    """Keep the weights as they are, so that every batch sees the same model."""

    def on_pre_optimizer_step(self, args, state, control, model=None, **others):
        model.zero_grad()


def test_losses_and_accuracies_are_means_over_examples(tuning, tmp_path):
    """45 texts in batches of 8, the last of 5, weights that stand still: the epoch's mean is the set's."""
    ours = tuning(epochs=1, weight_decay=0.0, log_every=4)
    for module in ours.model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    trainer = ours.trainer(tmp_path)
    trainer.add_callback(Frozen())
    trainer.train()
    history = history_of(trainer.state.log_history, trainer.state, ours.training)
    probabilities, _ = predict(ours.model, ours.sets["train"], ours.tokenizer, 7)
    labels = np.asarray(ours.sets["train"].labels)
    loss = -np.log(probabilities[np.arange(len(labels)), labels]).mean()
    (epoch,) = history["epochs"]
    assert epoch["train_loss"] == pytest.approx(loss, rel=1e-5)
    assert epoch["train_accuracy"] == pytest.approx((probabilities.argmax(1) == labels).mean(), abs=1e-12)
    # logged after 4 of 6 steps (32 texts), and at the end of the epoch (13 texts)
    assert [step["step"] for step in history["steps"]] == [4, 6]
    assert (32 * history["steps"][0]["loss"] + 13 * history["steps"][1]["loss"]) / 45 == pytest.approx(loss)


def test_training_that_was_cut_short_ends_with_the_same_bits(tuning, tmp_path):
    """Stop in the third epoch, go on from the second's end: weights and curves are those without a break."""

    whole = tuning(epochs=3, log_every=4)
    history, _ = whole.train(tmp_path / "whole", tmp_path)

    torch.manual_seed(0)
    cut_short(tuning(epochs=3, log_every=4), tmp_path / "cut", step=15)  # in the third epoch of 6 steps
    assert last_checkpoint(tmp_path / "cut").name == "checkpoint-12"
    (tmp_path / "cut" / "checkpoint-18").mkdir()  # begun, and never ended
    assert last_checkpoint(tmp_path / "cut").name == "checkpoint-12"

    again = tuning(epochs=3, log_every=4)
    torch.manual_seed(99)
    resumed, seconds = again.train(tmp_path / "cut", tmp_path)
    assert seconds["resumed"]
    assert same(weights(whole.model), weights(again.model))
    assert resumed == history


def test_a_training_that_had_ended_is_read_from_its_checkpoints(tuning, tmp_path):
    one, again = tuning(best_by="loss"), tuning(best_by="loss")
    history, _ = one.train(tmp_path / "c", tmp_path)
    before = weights(again.model)
    assert again.train(tmp_path / "c", tmp_path)[0] == history
    assert same(weights(one.model), weights(again.model)) and not same(before, weights(again.model))


def test_two_runs_are_the_same_and_another_seed_is_not(tuning, tmp_path):
    runs = []
    for i in range(2):
        one = tuning(epochs=1)
        history, _ = one.train(tmp_path / str(i), tmp_path)
        runs.append((weights(one.model), history))
    assert same(runs[0][0], runs[1][0]) and runs[0][1] == runs[1][1]
    other = tuning(epochs=1)
    other.seed += 1
    history, _ = other.train(tmp_path / "other", tmp_path)
    assert history != runs[0][1]


def test_it_learns_and_returns_to_the_best_epoch(tuning, tmp_path):
    one = tuning(make_texts(train=160), epochs=6, learning_rate=3e-3, patience=3, best_by="loss")
    history, seconds = one.train(tmp_path / "c", tmp_path)
    assert history["epochs"][-1]["train_loss"] < 0.5 * history["epochs"][0]["train_loss"]
    best = history["epochs"][history["best_epoch"] - 1]
    assert best["loss"] == min(epoch["loss"] for epoch in history["epochs"])
    probabilities, _ = predict(one.model, one.sets["validation"], one.tokenizer, 16)
    labels = np.asarray(one.sets["validation"].labels)
    assert -np.log(probabilities[np.arange(len(labels)), labels]).mean() == pytest.approx(
        best["loss"], rel=1e-4
    )
    assert best["accuracy"] > 0.9
    assert len(seconds["epochs"]) == len(history["epochs"])
    assert len(list((tmp_path / "c").glob("checkpoint-*"))) <= 2


def test_without_the_best_epochs_checkpoint_no_other_weights_are_taken(tuning, tmp_path, monkeypatch):
    load = CustomTrainer._load_best_model

    def too_late(trainer):
        shutil.rmtree(trainer.state.best_model_checkpoint)
        load(trainer)

    monkeypatch.setattr(CustomTrainer, "_load_best_model", too_late)
    with pytest.raises(InquestError, match="the checkpoint of the best epoch is gone; start again"):
        tuning(best_by="loss").train(tmp_path / "c", tmp_path)


def cut_short(one, folder, step):
    """Train and break off at a step."""

    class Cut(TrainerCallback):
        def on_step_end(self, args, state, control, **others):
            if state.global_step == step:
                raise KeyboardInterrupt

    trainer = one.trainer(folder)
    trainer.add_callback(Cut())
    with pytest.raises(KeyboardInterrupt):
        trainer.train()


def test_patience_is_remembered_over_a_break(tuning, tmp_path):
    """A rate of next to nothing: the first epoch is the best, patience 2 ends it after the third."""
    settings = {"epochs": 9, "patience": 2, "learning_rate": 1e-9, "best_by": "macro_f1"}
    history, _ = tuning(**settings).train(tmp_path / "whole", tmp_path)
    assert history["stopped_early"] and len(history["epochs"]) == 3
    cut_short(tuning(**settings), tmp_path / "cut", step=14)  # in the third epoch of 6 steps
    assert tuning(**settings).train(tmp_path / "cut", tmp_path)[0] == history
    # cut between the last checkpoint and what is made of it
    assert tuning(**settings).train(tmp_path / "whole", tmp_path)[0] == history


def test_a_loss_that_is_no_number_names_step_and_rows(tuning, tmp_path):
    one = tuning(group_by_length=False)
    trainer = one.trainer(tmp_path)

    class Spoil(TrainerCallback):
        def on_step_begin(self, args, state, control, model=None, **others):
            if state.global_step == 2:
                with torch.no_grad():
                    model.head.bias[0] = float("nan")

    trainer.add_callback(Spoil())
    with pytest.raises(
        InquestError, match=r"^training step 3: the loss is nan on the rows 1\d\d, 1\d\d"
    ) as raised:
        trainer.train()
    rows = [int(row) for row in str(raised.value).split("rows ")[1].split(";")[0].split(", ")]
    assert len(rows) == 8 and set(rows) <= set(one.sets["train"].rows)


def test_a_full_disk_leaves_the_last_whole_checkpoint(tuning, tmp_path, monkeypatch):
    one = tuning(epochs=3)
    trainer = one.trainer(tmp_path / "c")
    save = torch.save

    def full(content, path, *arguments, **options):
        if "checkpoint-12" in str(path) and str(path).endswith("optimizer.pt"):
            raise RuntimeError("PytorchStreamWriter failed writing file data/1: file write failed")
        return save(content, path, *arguments, **options)

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(
        InquestError, match=r"checkpoint-12: the checkpoint can't be written .*from checkpoint-6"
    ):
        trainer.train()
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["checkpoint-6"]
    monkeypatch.undo()
    again = tuning(epochs=3)
    again.train(tmp_path / "c", tmp_path)
    whole = tuning(epochs=3)
    whole.train(tmp_path / "whole", tmp_path)
    assert same(weights(again.model), weights(whole.model))


def test_predictions_do_not_depend_on_the_batch(tuning):
    one = tuning()
    a, _ = predict(one.model, one.sets["test"], one.tokenizer, 1)
    b, _ = predict(one.model, one.sets["test"], one.tokenizer, 20)
    assert a == pytest.approx(b, abs=1e-6)
    assert a.sum(axis=1) == pytest.approx(np.ones(len(a)))


def test_a_saved_classifier_says_the_same(tuning, tmp_path):
    one = tuning()
    save_classifier(one.model, one.tokenizer, one.classes, 16, tmp_path / "model")
    model, tokenizer, classes = load_classifier(tmp_path / "model")
    assert tokenizer("good " * 40, truncation=True)["input_ids"][-1] == tokenizer.sep_token_id
    assert len(tokenizer("good " * 40, truncation=True)["input_ids"]) == 16
    assert classes == ["negative", "positive"] and same(weights(model), weights(one.model))
    a, _ = predict(one.model, one.sets["test"], one.tokenizer, 8)
    b, _ = predict(model, one.sets["test"], tokenizer, 8)
    assert np.array_equal(a, b)
    assert not [path for path in (tmp_path / "model").rglob("*") if path.suffix in (".bin", ".pt", ".pkl")]


def test_pairs_are_read_together(tuning, tmp_path):
    """The second text alone tells the label: a classifier that did not see it would guess."""
    one = tuning(make_texts(train=160, pairs=True), epochs=6, learning_rate=3e-3)
    assert "token_type_ids" in one.sets["train"].encoded
    history, _ = one.train(tmp_path / "c", tmp_path)
    assert history["epochs"][-1]["accuracy"] > 0.9


def test_longer_texts_are_cut_and_counted(tuning):
    texts = make_texts()
    texts.loc[0, "text"] = "good " * 40
    facts = tuning(texts).facts()
    assert facts["tokens"]["train"]["truncated"] == 1
    assert facts["tokens"]["train"]["longest"] == 42  # with [CLS] and [SEP]
    assert facts["tokens"]["test"]["truncated"] == 0
    assert facts["parameters"]["head"] == 32 * 2 + 2


@pytest.mark.parametrize("tracker", ["tensorboard", "wandb", "trackio"])
def test_curves_go_to_the_tracker(tuning, tmp_path, tracker, monkeypatch):
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("WANDB_SILENT", "true")
    one = tuning(epochs=1, tracker=tracker)
    one.train(tmp_path / "c", tmp_path / "tracking")
    written = [path for path in (tmp_path / "tracking").rglob("*") if path.is_file()]
    assert written
    if tracker == "tensorboard":
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        events = EventAccumulator(str(tmp_path / "tracking"))
        events.Reload()
        assert {"train/loss", "train/accuracy", "eval/accuracy"} <= set(events.Tags()["scalars"])


def test_a_tracker_that_is_not_there_is_one_line(tuning, tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    one = tuning(tracker="wandb")
    with pytest.raises(InquestError, match=r"tracker`: found 'wandb', which is not installed; install it"):
        one.train(tmp_path / "c", tmp_path)


def test_the_log_holds_no_time_among_the_curves(tuning, tmp_path):
    one = tuning(epochs=1)
    history, seconds = one.train(tmp_path / "c", tmp_path)
    said = json.dumps(history)
    assert "seconds" not in said and "runtime" not in said and "per_second" not in said
    assert seconds["train_seconds"] > 0 and math.isfinite(seconds["train_per_1000"])
