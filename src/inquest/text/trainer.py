"""Our own training loop inside the Trainer of Hugging Face: the parent's set-up, callbacks, trackers and
checkpoints, with the loop itself in the open."""

from __future__ import annotations

import contextlib
import json
import math
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from accelerate import skip_first_batches
from safetensors import SafetensorError
from torch.optim.lr_scheduler import ReduceLROnPlateau
from tqdm.auto import tqdm
from transformers import Trainer
from transformers.trainer_callback import PrinterCallback, ProgressCallback
from transformers.trainer_utils import SaveStrategy, TrainOutput

from inquest.errors import InquestError, listing
from inquest.text.batches import LengthGroupedSampler

STATE = "trainer_state.json"  # the parent writes it last: a checkpoint that has it is whole


class CustomTrainer(Trainer):
    """A Trainer whose training loop is written out here.

    What the parent sets up stays: optimiser and schedule, devices and mixed precision (by accelerate),
    callbacks, trackers, evaluation, checkpoints, the return to the best model. What differs from its loop:

    - losses and accuracies, per logging step and per epoch, are means over examples, also when the last batch
      is smaller than the others;
    - with gradient accumulation, a step follows the gradient of the mean loss over all its examples, whatever
      the sizes of its batches (the parent takes the mean of the batches' means);
    - a loss that is no finite number ends the training, with the step and the rows of the batch;
    - a checkpoint that can't be written ends it, too, and the last whole one stays;
    - texts of like length can share a batch, in an order that depends on seed and epoch alone.

    With one batch a step and the same order of texts, every weight equals the parent's, bit for bit; and
    training that goes on from the checkpoint of an epoch's end equals training without a break.

    Parameters
    ----------
    group_by_length : bool
        Put texts of like length into one batch; the training set then needs `lengths`.
    *arguments, **options
        As for `transformers.Trainer`. Batches have `labels`, and may have `rows`, which name their examples.
    """

    def __init__(self, *arguments: Any, group_by_length: bool = False, **options: Any):
        super().__init__(*arguments, **options)
        self.group_by_length = group_by_length
        for bar in (ProgressCallback, PrinterCallback):  # the loop has a bar of its own
            self.pop_callback(bar)

    def _get_train_sampler(self, train_dataset=None):
        dataset = self.train_dataset if train_dataset is None else train_dataset
        if not self.group_by_length:
            return super()._get_train_sampler(dataset)
        seed = self.args.seed if self.args.data_seed is None else self.args.data_seed
        return LengthGroupedSampler(dataset.lengths, self.args.train_batch_size, seed)

    def _prepare_inputs(self, inputs: Mapping[str, Any]) -> Any:
        return super()._prepare_inputs({name: value for name, value in inputs.items() if name != "rows"})

    def _inner_training_loop(
        self,
        batch_size=None,
        args=None,
        resume_from_checkpoint=None,
        trial=None,
        ignore_keys_for_eval=None,
    ) -> TrainOutput:
        """Train: epochs of steps, each of one batch or, with accumulation, of several."""
        self.accelerator.free_memory()
        if args.auto_find_batch_size:
            self._update_auto_batch_size(batch_size)
        batches = self.get_train_dataloader()
        epochs, steps, _, samples, _, in_epoch, max_steps = self.set_initial_training_values(args, batches)
        first, done = self._init_training_state(max_steps, steps, epochs, resume_from_checkpoint, trial)
        model, batches = self._prepare_for_training(max_steps, batches, resume_from_checkpoint)

        started = time.time()
        self._initial_global_step = self._logged_at = self.state.global_step
        self._initial_num_input_tokens_seen = self.state.num_input_tokens_seen
        self._total_loss_scalar, self._tr_loss = 0.0, torch.tensor(0.0)  # the parent reports them at the end
        self._since_logged = _Mean()
        model.zero_grad()
        over = self.control.should_training_stop  # the checkpoint is that of a training that had ended
        self.control = self.callback_handler.on_train_begin(args, self.state, self.control)
        if args.eval_on_start:
            self._evaluate(trial, ignore_keys_for_eval, skip_scheduler=True)

        for epoch in range(first, first if over else epochs):
            self.control = self.callback_handler.on_epoch_begin(args, self.state, self.control)
            lap, mean = time.time(), _Mean()
            done = done if epoch == first else 0  # batches of this epoch that the checkpoint has behind it
            checkpoint = resume_from_checkpoint if epoch == first else None
            with _bar(epoch, epochs, in_epoch, done, args.disable_tqdm) as bar:
                for inputs, so_far in self._steps(batches, epoch, in_epoch, done, checkpoint):
                    for loss, right, count in self._step(model, inputs):
                        mean.add(loss, right, count)
                    bar.update(len(inputs))
                    bar.set_postfix({name: f"{value:.3f}" for name, value in mean.values().items()})
                    self.state.epoch = epoch + so_far / in_epoch
                    self.control = self.callback_handler.on_step_end(args, self.state, self.control)
                    self._log_evaluate_save(model, trial, ignore_keys_for_eval)
                    if self.control.should_epoch_stop or self.control.should_training_stop:
                        break
            self.control = self.callback_handler.on_epoch_end(args, self.state, self.control)
            self.control.should_log = True
            whole = {f"train_{name}": value for name, value in mean.values().items()}
            whole["train_seconds"] = time.time() - lap
            self._log_evaluate_save(model, trial, ignore_keys_for_eval, whole)
            if self.control.should_training_stop:
                break
        return self._finalize_training(trial, samples, started)

    def _steps(
        self, batches: Any, epoch: int, in_epoch: int, done: int, checkpoint: str | None
    ) -> Iterator[tuple[list[Mapping[str, Any]], int]]:
        """Yield the batches of each step of an epoch, and how many of the epoch are done after it."""
        if done:
            batches = skip_first_batches(batches, done)
        else:
            self._load_rng_state(checkpoint)
        if hasattr(batches, "set_epoch"):
            batches.set_epoch(epoch)
        iterator = iter(batches)
        so_far = done
        while so_far < in_epoch:
            inputs = list(islice(iterator, self.args.gradient_accumulation_steps))
            if done and so_far == done:  # fetching what is skipped has drawn from the generators
                self._load_rng_state(checkpoint)
            if not inputs:
                return
            so_far += len(inputs)
            yield inputs, so_far

    def _step(self, model: torch.nn.Module, batches: list[Mapping[str, Any]]) -> list[tuple[float, int, int]]:
        """Follow the gradient of the mean loss over all examples of the batches, one step.

        Returns
        -------
        list of (float, int, int)
            Each batch's mean loss, how many of its examples were predicted right, and how many it has.
        """
        args = self.args
        self.control = self.callback_handler.on_step_begin(args, self.state, self.control)
        examples = sum(len(batch["labels"]) for batch in batches)
        results = []
        for i, batch in enumerate(batches):
            last = i == len(batches) - 1
            self.accelerator.gradient_state._set_sync_gradients(last)
            with contextlib.nullcontext() if last else self.accelerator.no_sync(model=model):
                loss, right = self._gradient(model, batch, len(batch["labels"]) / examples)
            if not math.isfinite(loss):
                raise self._no_number(loss, batch)
            results.append((loss, right, len(batch["labels"])))
            if not last:
                self.control = self.callback_handler.on_substep_end(args, self.state, self.control)

        norm = self._clip_grad_norm(model) if args.max_grad_norm > 0 else None
        norm = self._get_grad_norm(model, grad_norm=norm)
        self.control = self.callback_handler.on_pre_optimizer_step(args, self.state, self.control)
        self.optimizer.step()
        self.control = self.callback_handler.on_optimizer_step(args, self.state, self.control)
        self._size = {"learning_rate": self._get_learning_rate()}
        if not self.accelerator.optimizer_step_was_skipped:  # as in half precision after an overflow
            self._size["grad_norm"] = norm.item() if isinstance(norm, torch.Tensor) else norm
            if not isinstance(self.lr_scheduler, ReduceLROnPlateau):
                self.lr_scheduler.step()
        model.zero_grad()
        self.state.global_step += 1
        for result in results:
            self._since_logged.add(*result)
        self._total_loss_scalar += sum(loss * count for loss, _, count in results) / examples
        return results

    def _gradient(self, model: torch.nn.Module, batch: Mapping[str, Any], share: float) -> tuple[float, int]:
        """Add the gradient of the batch's mean loss, times its share of the step; return loss and hits."""
        model.train()
        inputs = self._prepare_inputs(batch)
        labels = inputs["labels"]
        with self.compute_loss_context_manager():
            loss, outputs = self.compute_loss(model, inputs, return_outputs=True)
        self.accelerator.backward(loss if share == 1 else loss * share)
        self.current_flos += float(self.floating_point_ops(inputs))
        self._track_num_input_tokens(inputs)
        logits = outputs["logits"] if isinstance(outputs, dict) else outputs[1]
        return loss.item(), int((logits.detach().argmax(-1) == labels).sum())

    def _log_evaluate_save(
        self, model: torch.nn.Module, trial: Any, ignore: Any, whole: dict[str, float] | None = None
    ) -> None:
        """Do what the callbacks have asked for; `whole` is what to log of an epoch that has ended."""
        if self.control.should_log and self.state.global_step > self._logged_at:
            self.log({**self._since_logged.values(), **self._size})
            self._logged_at, self._since_logged = self.state.global_step, _Mean()
            self.store_flos()
        if whole:
            self.log(whole)
        if self.control.should_evaluate:
            best = self._determine_best_metric(self._evaluate(trial, ignore), trial)
            if self.args.save_strategy == SaveStrategy.BEST:
                self.control.should_save = best
        if self.control.should_save:
            self._save_checkpoint(model, trial)
            self.control = self.callback_handler.on_save(self.args, self.state, self.control)

    def _save_checkpoint(self, model, trial):
        try:
            super()._save_checkpoint(model, trial)
        except (OSError, RuntimeError, SafetensorError) as error:  # PyTorch says a full disk in either way
            folder = Path(self._get_output_dir(trial), f"checkpoint-{self.state.global_step}")
            shutil.rmtree(folder, ignore_errors=True)
            last = last_checkpoint(folder.parent)
            before = f"from {last.name}" if last else "from the beginning"
            raise InquestError(
                str(folder),
                f"the checkpoint can't be written ({error})",
                f"make room on the disk and start again: the training goes on {before}",
            ) from error

    def _no_number(self, loss: float, batch: Mapping[str, Any]) -> InquestError:
        rows = f" on the rows {listing(batch['rows'], 40)}" if "rows" in batch else ""
        return InquestError(
            f"training step {self.state.global_step + 1}",
            f"the loss is {loss}{rows}",
            "a lower `classifier.training.learning_rate`, or clipping, keeps it finite; see these texts, too",
        )


class _Mean:
    """Loss and hits, added up over examples."""

    def __init__(self):
        self.loss, self.right, self.examples = 0.0, 0, 0

    def add(self, loss: float, right: int, examples: int) -> None:
        self.loss += loss * examples
        self.right += right
        self.examples += examples

    def values(self) -> dict[str, float]:
        if not self.examples:
            return {}
        return {"loss": self.loss / self.examples, "accuracy": self.right / self.examples}


def _bar(epoch: int, epochs: int, batches: int, done: int, silent: bool) -> tqdm:
    seldom = 0.1 if sys.stderr.isatty() else 10.0  # in a log each change is a line
    return tqdm(
        total=batches,
        initial=done,
        desc=f"epoch {epoch + 1} of {epochs}",
        disable=silent,
        mininterval=seldom,
        unit="batch",
    )


def last_checkpoint(folder: str | Path) -> Path | None:
    """Return the latest checkpoint of a folder that was written to its end, if there is one."""
    whole = []
    for path in Path(folder).glob("checkpoint-*"):
        with contextlib.suppress(OSError, ValueError):
            json.loads((path / STATE).read_text())
            whole.append((int(path.name.rpartition("-")[2]), path))
    return max(whole)[1] if whole else None
