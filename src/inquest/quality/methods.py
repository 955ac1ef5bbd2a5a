"""The methods that are held against each other, each with what it costs."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from inquest.errors import InquestError
from inquest.learners.bagging import data_oob
from inquest.learners.metrics import FINE, NEED_PROBABILITIES
from inquest.learners.problem import Problem
from inquest.learners.retraining import RetrainingUtility
from inquest.runtime import seed_for
from inquest.valuation.experiments import removal_curve
from inquest.valuation.knn_shapley import knn_shapley
from inquest.valuation.leave_out import leave_one_out
from inquest.valuation.semivalues import beta_weights, random_subset, reuse_samples, semivalues
from inquest.valuation.shapley import permutation, walk

METHODS = {
    "random": "random",
    "loo": "leave-one-out",
    "shapley": "Data Shapley",
    "beta": "Beta(4, 1) Shapley",
    "banzhaf": "Data Banzhaf",
    "knn": "k-NN Shapley",
    "oob": "Data-OOB",
}
"""What the report calls the methods, in its order."""
BY_SCORE = ("loo", "shapley", "beta", "banzhaf")
"""Those that value rows by the score of retrained models, and so by any metric."""
NEIGHBOURS = 5
SHARES = tuple(np.linspace(0, 0.5, 21).round(3).tolist())
"""The shares that are removed where a classifier has no cheap walk."""


@dataclass(frozen=True)
class Valued:
    """What all methods say of the same rows.

    Attributes
    ----------
    values : DataFrame
        A row for each training row, a column for each variant: a method's name, or `<method>:neg_log_loss`.
    models : dict
        How many models each method has fitted; walks that two methods share count for both.
    seconds : dict
        The wall time of each method, which no rerun reproduces.
    """

    values: pd.DataFrame
    models: dict[str, int]
    seconds: dict[str, float]


def scales(game: RetrainingUtility) -> list[str]:
    """Return the metrics that rows are valued by: the primary one, and a finer one if there is any."""
    steps = game.metric not in NEED_PROBABILITIES and hasattr(game.estimator, "predict_proba")
    return [game.metric, FINE] if steps else [game.metric]


def value_rows(
    game: RetrainingUtility,
    features: Problem,
    options: Mapping[str, int],
    seed: int,
    step: Callable[[], object] = lambda: None,
) -> Valued:
    """Value all rows of a game by each method.

    Parameters
    ----------
    game : RetrainingUtility
        Its scores carry the metrics of `scales`.
    features : Problem
        The same training and test rows with features that are numbers, for distances; labels are the game's.
    options : mapping
        `permutations` (walks), `subsets` (of Data Banzhaf) and `bags` (of Data-OOB).
    seed : int
    step : callable
        Called once for each model, `planned_models` times in all.

    Raises
    ------
    InquestError
        If the score of these test rows is no number.
    """
    meter, metrics, n = _Meter(game), scales(game), game.n_rows
    empty = game([])
    if not np.isfinite([empty.metrics[metric] for metric in metrics]).all():
        raise InquestError(
            "config key `baseline.metric`",
            f"half of the test rows has no {game.metric}",
            "more test rows of each label, or another metric, are needed",
        )
    found: dict[str, np.ndarray] = {}

    def note(method: str, values_of: Callable[[str], np.ndarray]) -> None:
        for metric in metrics:
            found[method if metric == game.metric else f"{method}:{metric}"] = values_of(metric)

    with meter.of("random"):
        found["random"] = np.random.default_rng(seed_for(seed, "random")).random(n)
    with meter.of("loo"):
        full = game(np.arange(n))
        left_out = leave_one_out(game, full=full, step=step)
        note("loo", lambda metric: left_out[f"influence_{metric}"].to_numpy())
    with meter.of("shapley", "beta"):
        orders = (permutation(n, seed_for(seed, "walks"), i) for i in range(options["permutations"]))
        walks = [walk(game, order, empty, full, step=step) for order in orders]
        for method, weights in (("shapley", np.ones(n)), ("beta", beta_weights(n, 4, 1))):
            note(method, lambda metric, w=weights: semivalues(walks, w, metric, empty.metrics[metric]).values)
    with meter.of("banzhaf"):
        members = [random_subset(n, seed_for(seed, "subsets"), i) for i in range(options["subsets"])]
        scores = []
        for member in members:
            scores.append(game(np.flatnonzero(member)).metrics)
            step()
        note("banzhaf", lambda metric: reuse_samples(members, [s[metric] for s in scores])["value"])
    with meter.of("knn"):
        k = min(NEIGHBOURS, n)
        found["knn"] = knn_shapley(features.X, game.y, features.X_test, game.y_test, k)
    with meter.of("oob"):
        found["oob"] = data_oob(game, options["bags"], seed, step)["value"].to_numpy()
    order = [name for method in METHODS for name in found if name.partition(":")[0] == method]
    return Valued(pd.DataFrame({name: found[name] for name in order}), meter.models, meter.seconds)


def planned_models(n: int, options: Mapping[str, int]) -> int:
    """Return how often `value_rows` calls its ``step`` for n rows."""
    return n + options["permutations"] * n + options["subsets"] + options["bags"]


def remove_rows(
    game: RetrainingUtility, values: pd.DataFrame, seed: int, step: Callable[[], object] = lambda: None
) -> pd.DataFrame:
    """Return the score of what is left as rows are removed best-first and worst-first by each column.

    Learners with a shortcut walk through all sizes; for others `SHARES` of the rows are removed.

    Returns
    -------
    DataFrame
        `variant` (the column of ``values``), `first` (best or worst), `removed` (share), `kept` (rows) and
        `worth`.
    """
    shares, curves = _shares(game), []
    for variant in values:
        for first in ("best", "worst"):
            curve = removal_curve(game, values[variant], first, seed, shares, step)
            curve.insert(0, "variant", variant)
            curve.insert(1, "first", first)
            curves.append(curve[["variant", "first", "removed", "kept", "worth"]])
    return pd.concat(curves, ignore_index=True)


def planned_removals(game: RetrainingUtility) -> int:
    """Return how often `remove_rows` calls its ``step`` for what `value_rows` returns."""
    variants = len(METHODS) + len(BY_SCORE) * (len(scales(game)) - 1)
    return 2 * variants * (len(_shares(game) or range(game.n_rows + 1)))


def _shares(game: RetrainingUtility) -> tuple[float, ...] | None:
    """Return the shares that are removed, or None for a walk through all sizes."""
    return SHARES if game.family == RetrainingUtility.family else None


class _Meter:
    """What methods cost: models fitted by a game, and seconds."""

    def __init__(self, game: RetrainingUtility):
        self.game = game
        self.models: dict[str, int] = {}
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def of(self, *methods: str) -> Iterator[None]:
        solved, start = self.game.solved.total(), time.perf_counter()
        yield
        for method in methods:
            self.models[method] = self.game.solved.total() - solved
            self.seconds[method] = time.perf_counter() - start
