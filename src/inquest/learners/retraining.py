"""The generic learner family: clone, fit and score, for any scikit-learn-compatible classifier."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import ConvergenceWarning

from inquest.errors import InquestError
from inquest.learners.metrics import METRICS, Predictions, evaluate
from inquest.utility import PlainUtility, Score, as_rows


class RetrainingUtility(PlainUtility):
    """The worth of training rows: the test score of the classifier retrained from scratch on them.

    The empty set predicts the majority class of all the training rows, and rows of one class predict that
    class. A set's rows are put in ascending order before the fit, so that a set has one worth even for
    learners that look at the order. Neighbour counts (`n_neighbors`) above the number of rows are taken
    down to it. All else is left to the classifier.

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

    Attributes
    ----------
    fits : int
        Models fitted so far.
    unconverged : int
        How many of them warned that they had not converged.
    """

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
    ):
        self.estimator = estimator
        self.X, self.y, self.X_test, self.y_test = X, np.asarray(y), X_test, np.asarray(y_test)
        self.n_rows, self.n_classes = len(self.y), n_classes
        unknown = {metric, *metrics} - set(METRICS)
        if unknown:
            raise ValueError(f"unknown metric {min(unknown)!r}; allowed: {', '.join(METRICS)}")
        self.metric, self.metrics = metric, tuple(dict.fromkeys((metric, *metrics)))
        self.majority = int(np.bincount(self.y, minlength=n_classes).argmax())
        self.fits = self.unconverged = 0
        names = [name for name in estimator.get_params() if name.split("__")[-1] == "n_neighbors"]
        self._neighbours = names[0] if names else None

    def __call__(self, rows: ArrayLike) -> Score:
        found = evaluate(self.y_test, self.predict(self.fit(rows), self.X_test), self.metrics)
        return Score(found[self.metric], found)

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
            return FittedModel(None, np.array([self.majority]) if len(codes) == 0 else codes)
        estimator = clone(self.estimator)
        if self._neighbours and estimator.get_params()[self._neighbours] > len(rows):
            estimator.set_params(**{self._neighbours: len(rows)})
        X = self.X.iloc[rows] if isinstance(self.X, pd.DataFrame) else self.X[rows]
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                estimator.fit(X, y)
            except Exception as error:  # a third party's learner may raise anything
                raise InquestError(
                    f"classifier {type(self.estimator).__name__}",
                    f"it can't be fitted on {len(rows):,} rows ({str(error).strip().splitlines()[0]})",
                    "change its hyperparameters, or choose another classifier",
                ) from error
        self.fits += 1
        self.unconverged += any(issubclass(w.category, ConvergenceWarning) for w in caught)
        return FittedModel(estimator, codes)

    def predict(self, model: FittedModel, X: NDArray | pd.DataFrame) -> Predictions:
        """Return what a fitted model says of the rows of ``X``, over all the k classes."""
        n, k = len(X), self.n_classes
        if model.estimator is None:
            certain = np.zeros((n, k))
            certain[:, model.codes[0]] = 1.0
            return Predictions(np.full(n, model.codes[0]), certain, certain)
        if hasattr(model.estimator, "predict_proba"):
            probabilities = np.zeros((n, k))
            probabilities[:, model.codes] = model.estimator.predict_proba(X)
            return Predictions(probabilities.argmax(axis=1), probabilities, probabilities)
        labels = model.codes[np.asarray(model.estimator.predict(X), dtype=np.intp)]
        if not hasattr(model.estimator, "decision_function"):
            return Predictions(labels, np.eye(k)[labels], None)
        decision = np.asarray(model.estimator.decision_function(X), dtype=float)
        if decision.ndim == 1:
            decision = np.column_stack([-decision, decision])
        scores = np.full((n, k), decision.min() - 1)  # a class that the rows lack comes last
        scores[:, model.codes] = decision
        return Predictions(labels, scores, None)


class FittedModel:
    """A fitted classifier and the class codes that its own classes 0, 1, … stand for.

    ``estimator`` is None for the constant model of no rows, or of rows of one class.
    """

    def __init__(self, estimator: BaseEstimator | None, codes: NDArray[np.intp]):
        self.estimator, self.codes = estimator, codes
