"""Did it train correctly? Checks of the learning curves, each with a sentence that gives the numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import fmean, median
from typing import Any

from inquest.text.evaluation import wilson

BURST = 100  # a largest gradient norm of so many medians is odd
SCORES = {"accuracy": "accuracy", "macro_f1": "macro F1", "loss": "loss"}
Check = dict[str, Any]
Rows = Sequence[Mapping[str, Any]]


def check_training(
    history: Mapping[str, Any], majority: float, texts: int, clip: float, smoothing: float = 0.0
) -> list[Check]:
    """Return what the learning curves say of the training.

    Parameters
    ----------
    history : mapping
        ``history.json``: `epochs` with `train_loss` (a mean over the epoch, with dropout on) and the
        validation `loss` and `accuracy` at its end; logged `steps` with `loss` and `gradient_norm` (before it
        is clipped); `best_epoch`, `best_by`, `epochs_asked`, `stopped_early`. Missing numbers are those that
        were not finite; a step in half precision that has no finite gradient is skipped, which is no harm.
    majority : float
        The share of the most frequent label among the validation texts.
    texts : int
        How many validation texts there are.
    clip : float
        The largest norm of a gradient; 0 for none.
    smoothing : float
        The share of a training label that is spread over all labels; validation labels are not smoothed.

    Returns
    -------
    list of dict
        ``name``, ``met`` (whether it is as it should be; what can't be told is not met) and ``says``, a
        sentence that holds for the very numbers.
    """
    epochs, steps = history["epochs"], history["steps"]
    finite = _finite(epochs, steps)
    if not finite["met"]:  # nothing else can be read from such curves
        return [finite]
    return [
        finite,
        _loss_falls(epochs, steps),
        _beats_majority(history, majority, texts),
        _no_overfitting(epochs, history["best_epoch"], smoothing),
        _levelled_off(epochs, texts),
        _gradient(steps, clip),
    ]


def _finite(epochs: Rows, steps: Rows) -> Check:
    """Every loss, score and gradient norm is a number, but for the norms of steps that were skipped."""
    keys = (("train_loss", "loss", "accuracy", "macro_f1"), ("loss", "gradient_norm"))
    curves = zip((epochs, steps), keys, strict=True)
    points = [
        row.get(key)
        for rows, names in curves
        for row in rows
        for key in names
        if key != "gradient_norm" or row.get(key) is not None
    ]
    bad = sum(value is None or not math.isfinite(value) for value in points)
    says = f"All {len(points):,} losses, scores and gradient norms of the curves are finite numbers."
    if bad:
        says = f"It diverged: of {len(points):,} losses, scores and gradient norms {bad:,} are not finite."
    return {"name": "finite", "met": not bad, "says": says}


def _loss_falls(epochs: Rows, steps: Rows) -> Check:
    """The training loss is lower at the end: by the epochs' means or, if there is one only, by the steps."""
    if len(epochs) > 1:
        first, last = epochs[0]["train_loss"], epochs[-1]["train_loss"]
        where = f"in epoch 1 to {last:.3f} in epoch {epochs[-1]['epoch']}"
    elif len(steps) > 1:
        most = max(1, len(steps) // 5)
        first, last = (fmean(row["loss"] for row in part) for part in (steps[:most], steps[-most:]))
        where = f"over the first {_logged(most)} to {last:.3f} over the last"
    else:
        says = "The training was too short to tell whether its loss falls."
        return {"name": "loss falls", "met": False, "says": says}
    met = last < first
    says = f"The training loss {'fell' if met else 'did not fall: it went'} from {first:.3f} {where}."
    return {"name": "loss falls", "met": met, "says": says}


def _beats_majority(history: Mapping[str, Any], majority: float, texts: int) -> Check:
    """The kept epoch is better than always saying the most frequent label, beyond chance (Wilson 1927)."""
    best = _epoch(history["epochs"], history["best_epoch"])
    low, high = wilson(round(best["accuracy"] * texts), texts)
    asked = f" ({history['epochs_asked']} were asked for)" if history["stopped_early"] else ""
    met = low > majority
    says = (
        f"Epoch {best['epoch']} of {len(history['epochs'])}{asked} had the best validation "
        f"{SCORES[history['best_by']]}; its accuracy, {_percent(best['accuracy'])} [{_percent(low)}, "
        f"{_percent(high)}], is {'above' if met else 'not clearly above'} the {_percent(majority)} of always "
        f"saying the most frequent label."
    )
    return {"name": "beats the majority", "met": met, "says": says}


def _no_overfitting(epochs: Rows, kept: int, smoothing: float) -> Check:
    """Up to the kept epoch, the validation loss never rises while the training loss falls."""
    best, last = _epoch(epochs, kept), epochs[-1]
    gap = f"In epoch {kept} the validation loss was {_apart(best)} the training loss"
    gap += f", in epoch {last['epoch']} {_apart(last)} it" if last is not best else ""
    if smoothing:
        gap += f" (in training the labels are smoothed by {smoothing:g}, in validation they are not)"
    apart = [
        row["epoch"]
        for before, row in pairwise(epochs)
        if row["loss"] > before["loss"] and row["train_loss"] < before["train_loss"]
    ]
    met = not any(epoch <= kept for epoch in apart)
    if len(epochs) == 1:
        return {"name": "no over-fitting", "met": True, "says": f"{gap}; a single epoch shows no trend."}
    says = f"{gap}; it never rose while the training loss fell."
    if apart:
        which = f"epoch{'s' * (len(apart) > 1)} {', '.join(map(str, apart))}"
        after = ", after the epoch that was kept" if met else ": a sign of over-fitting in the weights kept"
        says = f"{gap}; it rose in {which} while the training loss fell{after}."
    return {"name": "no over-fitting", "met": met, "says": says}


def _apart(epoch: Mapping[str, Any]) -> str:
    gap = epoch["loss"] - epoch["train_loss"]
    return f"{abs(gap):.3f} {'above' if gap >= 0 else 'below'}"


def _levelled_off(epochs: Rows, texts: int) -> Check:
    """The last epoch gained no more validation accuracy than a standard error, √(p(1 − p)/n), or reached 1.

    The error is the larger one of the last two epochs: near 1 that of the last alone goes to 0.
    """
    name = "levelled off"
    if len(epochs) == 1:
        return {"name": name, "met": False, "says": "One epoch can’t show whether another would gain."}
    before, last = (row["accuracy"] for row in epochs[-2:])
    error, gain = max(math.sqrt(p * (1 - p) / texts) for p in (before, last)), last - before
    sign = "+" if gain > 0 else "−" if gain < 0 else ""
    says = f"The last epoch changed the validation accuracy by {sign}{abs(100 * gain):.1f} points: "
    if last == 1:
        return {"name": name, "met": True, "says": f"{says}at 100%, there is nothing left to gain."}
    met = gain <= error
    says += (
        f"{'no rise beyond' if met else 'a rise of more than'} one standard error ({100 * error:.1f} points "
        f"on {texts:,} texts)."
    )
    return {"name": name, "met": met, "says": says}


def _gradient(steps: Rows, clip: float) -> Check:
    """No logged gradient is far larger than is usual.

    How often one is above the clip says nothing: AdamW's steps don't grow with the gradient.
    """
    norms = [row["gradient_norm"] for row in steps if row.get("gradient_norm") is not None]
    if not norms:
        says = f"No step was logged{' with a finite gradient' * bool(steps)}, so no gradient is known."
        return {"name": "gradients", "met": False, "says": says}
    usual, largest = median(norms), max(norms)
    met = largest < BURST * usual
    about = f"(median {usual:.2f}, largest {largest:.2f})"
    says = f"Gradients are not clipped; their norms are known at {_logged(len(norms))} {about}"
    if clip:
        above = sum(norm > clip for norm in norms)
        says = f"The gradient was above the clip of {clip:g} at {above:,} of {_logged(len(norms))} {about}"
    if len(norms) < len(steps):
        says += f", and not finite at {len(steps) - len(norms):,} more (half precision skips such steps)"
    if not met:
        says += f": it is odd that the largest is {BURST} times the median or more"
    return {"name": "gradients", "met": met, "says": f"{says}."}


def _epoch(epochs: Rows, number: int) -> Mapping[str, Any]:
    return next(row for row in epochs if row["epoch"] == number)


def _logged(steps: int) -> str:
    return f"{steps:,} logged step{'s' * (steps != 1)}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"
