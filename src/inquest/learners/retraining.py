"""The generic learner family: clone, fit and score, for any scikit-learn-compatible classifier."""

from __future__ import annotations

import contextlib
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Self, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline
from sklearn.tree import DecisionTreeClassifier

from inquest.errors import InquestError
from inquest.learners.metrics import METRICS, Predictions, evaluate
from inquest.utility import PlainUtility, Rows, Score, as_rows

TOLERANCE = 1e-9
# These see features in single precision, and predict the class that they find most probable.
TREES = (RandomForestClassifier, ExtraTreesClassifier, DecisionTreeClassifier)
LARGEST = np.finfo(np.float32).max
Family = TypeVar("Family", bound="RetrainingUtility")


class RetrainingUtility(PlainUtility):
    """The worth of training rows: the test score of the classifier retrained from scratch on them.

    The empty set predicts the majority class of all the training rows, and rows of one class predict that
    class. A set's rows are put in ascending order before the fit, so that a set has one worth even for
    learners that look at the order. Neighbour counts (`n_neighbors`) above the number of rows are taken
    down to it, and where a class is missing the others are numbered anew (as XGBoost wants them), in a
    `class_weight` too. All else is left to the classifier; what it predicts is what its own `predict` says.

    Parameters
    ----------
    estimator : scikit-learn classifier or pipeline
        Cloned for each fit.
    X : ndarray or DataFrame, shape (n, d)
    y : ndarray of int, shape (n,)
        Class codes 0 … k - 1; with two classes, code 1 is the positive one.
    X_test, y_test
        The rows that score it, alike.
    n_classes : int
    metric : str
        The primary metric (see `METRICS`): the worth itself.
    metrics : sequence of str
        Every metric that a `Score` carries; the primary one is always among them.
    majority : int, optional
        The class that the empty set predicts, if it is not the most frequent one of ``y``.
    tolerance : float
        Families that iterate do so until the gradient of the mean loss has this 2-norm; others ignore it.

    Attributes
    ----------
    solved : Counter
        How many models were had in which way: `plain` by the classifier's own `fit`, and, in families that
        have a shortcut, `carried` by it.
    unconverged : int
        How many plain fits warned that they had not converged.
    """

    family = "plain retraining"
    """What the report calls the way of retraining."""

    def __init__(
        self,
        estimator: BaseEstimator,
        X: NDArray | pd.DataFrame,
        y: NDArray[np.intp],
        X_test: NDArray | pd.DataFrame,
        y_test: NDArray[np.intp],
        *,
        n_classes: int,
        metric: str = "accuracy",
        metrics: Sequence[str] = (),
        majority: int | None = None,
        tolerance: float = TOLERANCE,
    ):
        self.estimator = estimator
        self.X, self.y, self.X_test, self.y_test = X, np.asarray(y), X_test, np.asarray(y_test)
        self.n_rows, self.n_classes = len(self.y), n_classes
        unknown = {metric, *metrics} - set(METRICS)
        if unknown:
            raise ValueError(f"unknown metric {min(unknown)!r}; allowed: {', '.join(METRICS)}")
        self.metric, self.metrics = metric, tuple(dict.fromkeys((metric, *metrics)))
        finite = all(isinstance(x, np.ndarray) and np.abs(x).max(initial=0) < LARGEST for x in (X, X_test))
        # what is checked or converted once needs it no more in each of thousands of fits
        self._checked = {"assume_finite": finite or None, "skip_parameter_validation": True}
        if finite and type(estimator) in TREES:
            self.X, self.X_test = (np.ascontiguousarray(x, np.float32) for x in (X, X_test))
        most = np.bincount(self.y, minlength=n_classes).argmax()
        self.majority = int(most) if majority is None else majority
        self.tolerance = tolerance
        self.solved: Counter[str] = Counter()
        self.unconverged = 0

    def __call__(self, rows: ArrayLike) -> Score:
        return self.score_of(self.fit(rows))

    def score_of(self, model: FittedModel) -> Score:
        """Return the score of a fitted model."""
        found = evaluate(self.y_test, self.predict(model, self.X_test), self.metrics)
        return Score(found[self.metric], found)

    def account(self) -> dict[str, Any]:
        """Return how models were had so far: `family`, `solved` and `unconverged`."""
        return {"family": self.family, "solved": dict(self.solved), "unconverged": self.unconverged}

    def score(self, predictions: Predictions) -> list[Score]:
        """Return the scores of b models at once, from predictions with a leading axis of length b."""
        found = evaluate(self.y_test, predictions, self.metrics)
        columns = [found[name].tolist() for name in self.metrics]
        return [
            Score(values[0], dict(zip(self.metrics, values, strict=True)))
            for values in zip(*columns, strict=True)
        ]

    def plain(self) -> RetrainingUtility:
        """Return the same utility without any shortcut: each model is fitted from scratch by its library."""
        return self._like(RetrainingUtility, self.estimator)

    def among(self, rows: ArrayLike) -> Self:
        """Return the utility whose training rows are only these, in this order.

        The empty set keeps its worth.
        """
        return self._like(type(self), self.estimator, as_rows(rows, self.n_rows))

    def _like(self, family: type[Family], estimator: BaseEstimator, rows: Rows | None = None) -> Family:
        rows = np.arange(self.n_rows) if rows is None else rows
        return family(
            estimator,
            self.X.iloc[rows] if hasattr(self.X, "iloc") else self.X[rows],
            self.y[rows],
            self.X_test,
            self.y_test,
            n_classes=self.n_classes,
            metric=self.metric,
            metrics=self.metrics,
            majority=self.majority,
            tolerance=self.tolerance,
        )

    def fit(self, rows: ArrayLike) -> FittedModel:
        """Return the model fitted on the rows.

        Raises
        ------
        InquestError
            If the classifier can't be fitted on them; the reason is its own.
        """
        rows = np.sort(as_rows(rows, self.n_rows))
        codes, y = np.unique(self.y[rows], return_inverse=True)
        if len(codes) < 2:
            return FittedModel(None, codes if len(codes) else np.array([self.majority]))
        estimator = clone(self.estimator)
        estimator.set_params(**_adapted(estimator.get_params(), len(rows), codes))
        X = self.X.iloc[rows] if hasattr(self.X, "iloc") else self.X[rows]
        with (
            self._named_failure(f"be fitted on {len(rows):,} rows"),
            config_context(**self._checked),
            warnings.catch_warnings(record=True) as caught,
        ):
            warnings.simplefilter("always")
            estimator.fit(X, y)
        self.solved["plain"] += 1
        self.unconverged += any(issubclass(w.category, ConvergenceWarning) for w in caught)
        return FittedModel(estimator, codes)

    def predict(self, model: FittedModel, X: NDArray | pd.DataFrame) -> Predictions:
        """Return what a fitted model says of the rows of ``X``, over all the k classes.

        Raises
        ------
        InquestError
            If the classifier can't predict them, or its scores are no finite numbers.
        """
        n, k, estimator = X.shape[0], self.n_classes, model.estimator
        if estimator is None:
            certain = np.zeros((n, k))
            certain[:, model.codes[0]] = 1.0
            known = hasattr(self.estimator, "predict_proba")
            return Predictions(np.full(n, model.codes[0]), certain, certain if known else None)
        with (
            self._named_failure(f"predict {n:,} rows"),
            config_context(**self._checked),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            if type(estimator) in TREES:
                known = estimator.predict_proba(X)
                labels = model.codes[known.argmax(axis=1)]
            else:
                labels = model.codes[np.asarray(estimator.predict(X), dtype=np.intp)]
                known = estimator.predict_proba(X) if hasattr(estimator, "predict_proba") else None
            if known is not None:
                scores = np.zeros((n, k))
                scores[:, model.codes] = known
            elif hasattr(estimator, "decision_function"):
                decision = np.asarray(estimator.decision_function(X), dtype=float)
                if decision.ndim == 1:
                    decision = np.column_stack([-decision, decision])
                scores = np.full((n, k), decision.min() - 1)  # a class that the rows lack comes last
                scores[:, model.codes] = decision
            else:
                scores = np.eye(k)[labels]
            if not np.isfinite(scores).all():
                raise ValueError("some of its scores are no finite numbers")
        return Predictions(labels, scores, scores if hasattr(estimator, "predict_proba") else None)

    @contextlib.contextmanager
    def _named_failure(self, what: str) -> Iterator[None]:
        """Turn whatever a third party's learner raises into one line that names it."""
        try:
            yield
        except Exception as error:
            last = self.estimator[-1] if isinstance(self.estimator, Pipeline) else self.estimator
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise InquestError(
                f"classifier {type(last).__name__}",
                f"it can't {what} ({reason})",
                "change its hyperparameters, or choose another classifier",
            ) from error


def _adapted(params: dict[str, Any], n_rows: int, codes: NDArray[np.intp]) -> dict[str, Any]:
    """Return the hyperparameters, nested ones too, that must change for so few rows, or for these classes."""
    changed = {}
    for name, value in params.items():
        last = name.rpartition("__")[2]
        if last == "n_neighbors" and isinstance(value, int) and value > n_rows:
            changed[name] = n_rows
        if last == "class_weight" and isinstance(value, dict):
            changed[name] = {new: value[code] for new, code in enumerate(codes.tolist()) if code in value}
    return changed


class FittedModel:
    """A fitted classifier and the class codes that its own classes 0, 1, … stand for.

    ``estimator`` is None for the constant model of no rows, or of rows of one class.
    """

    def __init__(self, estimator: BaseEstimator | None, codes: NDArray[np.intp]):
        self.estimator, self.codes = estimator, codes
