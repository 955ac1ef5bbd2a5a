"""Retraining against a hand-written clone, fit and score."""

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn import metrics as sk
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from xgboost import XGBClassifier

from inquest.errors import InquestError
from inquest.learners import RetrainingUtility, utility_for
from inquest.learners.metrics import METRICS

LEARNERS = {
    "logistic regression": LogisticRegression(C=0.5, tol=1e-8, max_iter=1000),
    "logistic regression, weighted": LogisticRegression(class_weight={0: 1, 1: 2, 2: 5}),
    "random forest": RandomForestClassifier(n_estimators=8, random_state=3),
    "nearest neighbours": KNeighborsClassifier(n_neighbors=5),
    "nearest neighbours by distance": KNeighborsClassifier(n_neighbors=5, weights="distance"),
    "boosted trees": XGBClassifier(n_estimators=4, max_depth=2, random_state=0, n_jobs=1),
    "ridge": RidgeClassifier(),
    "linear support vectors": LinearSVC(random_state=0),
    "support vectors": SVC(),
    "naive Bayes": GaussianNB(),
    "majority": DummyClassifier(strategy="prior"),
    "a pipeline": make_pipeline(StandardScaler(), KNeighborsClassifier(n_neighbors=4)),
    "a threshold of its own": FixedThresholdClassifier(LogisticRegression(), threshold=0.3),
}
WITHOUT_PROBABILITIES = {"ridge", "linear support vectors", "support vectors"}


def problem(k: int, n: int = 60, m: int = 40):
    rng = np.random.default_rng(k)
    y = rng.integers(k, size=n + m)
    X = rng.normal(size=(n + m, 3)) + y[:, None] * [1.0, -0.5, 0.0]
    return X[:n], y[:n], X[n:], y[n:]


def make(estimator, k=2, metric="accuracy", metrics=tuple(METRICS)) -> RetrainingUtility:
    return RetrainingUtility(estimator, *problem(k), n_classes=k, metric=metric, metrics=metrics)


def learner(name, k):
    weights = {"class_weight": {0: 1, 1: 2}} if name.endswith("weighted") and k == 2 else {}
    return clone(LEARNERS[name]).set_params(**weights)


MULTICLASS = [name for name in LEARNERS if name != "a threshold of its own"]
CASES = [(name, 2) for name in LEARNERS] + [(name, 3) for name in MULTICLASS]


def by_hand(estimator, rows, k) -> dict[str, float]:
    """Clone, fit, score: what scikit-learn says when all classes are there."""
    X, y, X_test, y_test = problem(k)
    model = clone(estimator).fit(X[rows], y[rows])
    labels = model.predict(X_test)
    found = {
        "accuracy": sk.accuracy_score(y_test, labels),
        "balanced_accuracy": sk.balanced_accuracy_score(y_test, labels),
        "f1": sk.f1_score(y_test, labels, average="binary" if k == 2 else "macro", zero_division=0),
    }
    if hasattr(model, "predict_proba"):
        p = model.predict_proba(X_test).astype(float)
        found["neg_log_loss"] = -sk.log_loss(y_test, p / p.sum(axis=1, keepdims=True))
        found["neg_brier_score"] = -np.sum((p - np.eye(k)[y_test]) ** 2) / len(p) / (2 if k == 2 else 1)
    else:
        p = model.decision_function(X_test)
        p = p if p.ndim == 2 else np.column_stack([-p, p])
    classes = [1] if k == 2 else range(k)
    found["roc_auc"] = np.mean([sk.roc_auc_score(y_test == c, p[:, c]) for c in classes])
    found["average_precision"] = np.mean([sk.average_precision_score(y_test == c, p[:, c]) for c in classes])
    return found


@pytest.mark.parametrize(("name", "k"), CASES)
def test_a_set_is_worth_what_scikit_learn_scores(name, k):
    estimator = learner(name, k)
    utility = make(estimator, k)
    for rows in (np.arange(60), np.arange(5, 30)):
        score = utility(rows)
        expected = by_hand(estimator, rows, k)
        assert float(score) == expected["accuracy"]
        known = {metric: value for metric, value in score.metrics.items() if not np.isnan(value)}
        assert known == pytest.approx(expected, abs=1e-7 if "boosted" in name else 1e-12)
    assert utility.solved["plain"] == 2


@pytest.mark.parametrize(("name", "k"), CASES)
def test_walk_and_without_agree_with_the_sets(name, k):
    utility = make(learner(name, k), k, metrics=["neg_log_loss"])
    order = np.random.default_rng(0).permutation(60)[:8]
    walked = list(utility.walk(order))
    asked = [utility(order[:size]) for size in range(1, 9)]
    assert walked == asked
    assert np.array_equal(
        *([s.metrics["neg_log_loss"] for s in found] for found in (walked, asked)), equal_nan=True
    )
    assert utility.without(order) == utility(np.setdiff1d(np.arange(60), order))
    assert utility.without([]) == utility(np.arange(60))


@pytest.mark.parametrize("name", LEARNERS)
def test_the_order_of_the_rows_changes_nothing(name):
    utility = make(learner(name, 2))
    rows = np.random.default_rng(1).permutation(60)[:25]
    assert utility(rows).metrics == pytest.approx(utility(np.sort(rows)).metrics, nan_ok=True, abs=0)


@pytest.mark.parametrize("name", LEARNERS)
def test_one_class_and_no_rows(name):
    utility = make(learner(name, 2))
    y, y_test = utility.y, utility.y_test
    ones = utility(np.flatnonzero(y == 1)[:3])
    assert float(ones) == np.mean(y_test == 1)
    majority = np.bincount(y).argmax()
    assert float(utility([])) == np.mean(y_test == majority)
    assert utility.solved["plain"] == 0
    if name in WITHOUT_PROBABILITIES:  # then a constant model has none either
        assert np.isnan(ones.metrics["neg_log_loss"])
    else:
        wrong = np.mean(y_test != 1)
        assert ones.metrics["neg_brier_score"] == -wrong
        assert ones.metrics["neg_log_loss"] == pytest.approx(wrong * np.log(np.finfo(float).eps), rel=1e-6)
    assert ones.metrics["roc_auc"] == 0.5
    assert ones.metrics["average_precision"] == pytest.approx(np.mean(y_test == 1))


def test_the_empty_set_takes_the_majority_of_all_training_rows_the_first_of_equals():
    X, X_test = np.zeros((4, 1)), np.zeros((5, 1))
    y_test = np.array([0, 0, 1, 1, 1])
    for y, accuracy in (([0, 1, 1, 1], 0.6), ([1, 0, 0, 0], 0.4), ([1, 1, 0, 0], 0.4)):
        assert RetrainingUtility(GaussianNB(), X, np.array(y), X_test, y_test, n_classes=2)([]) == accuracy


@pytest.mark.parametrize("name", MULTICLASS)
def test_classes_that_are_missing_or_not_next_to_each_other(name):
    """Rows of the classes 0 and 2 of three: what a two-class model says of them, and nothing of class 1."""
    X, y, X_test, y_test = problem(3)
    estimator = learner(name, 3)
    rows = np.flatnonzero(y != 1)[:30]
    score = make(estimator, 3)(rows)
    two = y[rows] // 2
    weights = {"class_weight": {0: 1, 1: 5}} if name.endswith("weighted") else {}
    model = clone(estimator).set_params(**weights).fit(X[rows], two)
    labels = model.predict(X_test) * 2
    assert float(score) == np.mean(labels == y_test)
    assert score.metrics["f1"] == pytest.approx(sk.f1_score(y_test, labels, average="macro", zero_division=0))
    if name not in WITHOUT_PROBABILITIES:
        p = np.zeros((40, 3))
        p[:, [0, 2]] = model.predict_proba(X_test)
        eps = np.finfo(float).eps
        expected = np.mean(np.log(np.clip(p[np.arange(40), y_test], eps, 1 - eps)))
        assert score.metrics["neg_log_loss"] == pytest.approx(expected, rel=1e-6)
    aucs = [0.5]  # class 1 has the same score everywhere
    scores = (
        model.predict_proba(X_test)[:, 1]
        if hasattr(model, "predict_proba")
        else model.decision_function(X_test)
    )
    aucs += [sk.roc_auc_score(y_test == 0, -scores), sk.roc_auc_score(y_test == 2, scores)]
    assert score.metrics["roc_auc"] == pytest.approx(np.mean(aucs), abs=1e-6)


def test_more_neighbours_than_rows_are_all_of_them():
    X, y, X_test, y_test = problem(2)
    utility = make(KNeighborsClassifier(n_neighbors=50))
    rows = np.array([0, 1, 2, 3, 4, 5, 6])
    expected = KNeighborsClassifier(n_neighbors=7).fit(X[rows], y[rows]).score(X_test, y_test)
    assert float(utility(rows)) == expected
    assert utility.estimator.n_neighbors == 50


def test_neighbours_inside_pipelines_and_votes():
    vote = VotingClassifier(
        [("a", KNeighborsClassifier(9)), ("b", KNeighborsClassifier(3)), ("c", GaussianNB())]
    )
    estimator = make_pipeline(StandardScaler(), vote)
    X, y, X_test, y_test = problem(2)
    rows = np.arange(5)
    expected = clone(estimator).set_params(votingclassifier__a__n_neighbors=5).fit(X[rows], y[rows])
    assert float(make(estimator)(rows)) == expected.score(X_test, y_test)


def test_what_counts_is_what_the_classifier_predicts_not_where_its_probability_is_highest():
    """A threshold of 0.3 predicts class 1 where its probability is 0.4."""
    X, y, X_test, y_test = problem(2)
    utility = make(LEARNERS["a threshold of its own"])
    model = LogisticRegression().fit(X, y)
    expected = np.mean((model.predict_proba(X_test)[:, 1] >= 0.3) == y_test)
    assert float(utility(np.arange(60))) == expected != model.score(X_test, y_test)


def test_the_same_seed_gives_the_same_forest_whatever_was_asked_before():
    first, second = (make(LEARNERS["random forest"], metric="neg_log_loss", metrics=()) for _ in range(2))
    second(np.arange(20))
    assert first(np.arange(30)) == second(np.arange(30))


def test_fits_that_do_not_converge_are_counted():
    utility = make(LogisticRegression(max_iter=1))
    utility(np.arange(60))
    utility(np.flatnonzero(utility.y == 1))  # one class: nothing is fitted
    assert (utility.solved["plain"], utility.unconverged) == (1, 1)
    utility = make(LogisticRegression())
    utility(np.arange(60))
    assert (utility.solved["plain"], utility.unconverged) == (1, 0)


def test_warnings_of_the_learner_do_not_spill():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(LogisticRegression(max_iter=1))(np.arange(60))


def test_tables_and_sparse_matrices():
    X, y, X_test, y_test = problem(2)
    names = ["a", "b", "c"]
    table = pd.DataFrame(X, columns=names, index=np.arange(60)[::-1])
    utilities = [
        RetrainingUtility(GaussianNB(), table, y, pd.DataFrame(X_test, columns=names), y_test, n_classes=2),
        RetrainingUtility(GaussianNB(), X, y, X_test, y_test, n_classes=2),
    ]
    rows = np.arange(4, 40)
    assert utilities[0](rows) == utilities[1](rows)
    dense, sparse = (
        utility_for(LogisticRegression(), kind(X), y, kind(X_test), y_test)(rows)
        for kind in (np.asarray, csr_array)
    )
    assert dense == sparse


def test_the_primary_metric_is_the_score_and_the_others_come_along():
    utility = make(GaussianNB(), metric="f1", metrics=["accuracy", "f1"])
    score = utility(np.arange(60))
    assert list(score.metrics) == ["f1", "accuracy"] and float(score) == score.metrics["f1"]
    assert list(make(GaussianNB(), metrics=()).metrics) == ["accuracy"]


def test_an_unknown_metric():
    with pytest.raises(ValueError, match="unknown metric 'acuracy'; allowed: accuracy, balanced_accuracy"):
        make(GaussianNB(), metric="acuracy")


# failures


class Broken(ClassifierMixin, BaseEstimator):
    """Fails where it is told to."""

    def __init__(self, where="fit", message="no luck\nand a second line"):
        self.where, self.message = where, message

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        if self.where == "fit":
            raise RuntimeError(self.message)
        return self

    def predict(self, X):
        if self.where == "predict":
            raise MemoryError()
        return np.zeros(len(X), int)

    def predict_proba(self, X):
        return np.full((len(X), 2), np.nan)


@pytest.mark.parametrize(
    ("estimator", "line"),
    [
        (Broken(), "it can't be fitted on 60 rows (no luck)"),
        (Broken(message=""), "it can't be fitted on 60 rows (RuntimeError)"),
        (Broken("predict"), "it can't predict 40 rows (MemoryError)"),
        (Broken("nowhere"), "it can't predict 40 rows (some of its scores are no finite numbers)"),
        (make_pipeline(StandardScaler(), Broken()), "it can't be fitted on 60 rows (no luck)"),
    ],
)
def test_a_learner_that_fails_is_named_in_one_line(estimator, line):
    with pytest.raises(InquestError) as caught:
        make(estimator)(np.arange(60))
    assert str(caught.value) == (
        f"classifier Broken: {line}; change its hyperparameters, or choose another classifier"
    )
    assert caught.value.__cause__ is not None


def test_a_classifier_that_only_predicts():
    class Signs(ClassifierMixin, BaseEstimator):
        def fit(self, X, y):
            return self

        def predict(self, X):
            return (X[:, 0] > 0).astype(int)

    _, _, X_test, y_test = problem(2)
    score = make(Signs())(np.arange(60))
    labels = X_test[:, 0] > 0
    assert float(score) == np.mean(labels == y_test)
    assert score.metrics["roc_auc"] == pytest.approx(sk.roc_auc_score(y_test, labels))
    assert np.isnan(score.metrics["neg_brier_score"])


# from labels of any type


def test_a_utility_for_labels_in_words():
    X, y, X_test, y_test = problem(2)
    words = np.array(["no", "yes"])
    utility = utility_for(
        GaussianNB(), X, words[y], X_test, words[y_test], metric="f1", metrics=("accuracy",)
    )
    expected = sk.f1_score(words[y_test], GaussianNB().fit(X, words[y]).predict(X_test), pos_label="yes")
    score = utility(np.arange(60))
    assert float(score) == pytest.approx(expected)
    assert list(score.metrics) == ["f1", "accuracy"]


def test_a_utility_for_lists_and_series():
    X, y, X_test, y_test = problem(2)
    expected = utility_for(GaussianNB(), X, y, X_test, y_test)(np.arange(60))
    assert (
        utility_for(GaussianNB(), X.tolist(), y.tolist(), X_test.tolist(), y_test.tolist())(np.arange(60))
        == expected
    )
    series = pd.Series(y, index=np.arange(60)[::-1])
    assert utility_for(GaussianNB(), X, series, X_test, pd.Series(y_test))(np.arange(60)) == expected


def test_a_label_that_only_test_rows_have_is_a_class_that_nothing_predicts():
    X, y, X_test, y_test = problem(2)
    utility = utility_for(GaussianNB(), X, y, X_test, np.where(np.arange(40) < 10, 7, y_test))
    assert utility.n_classes == 3
    right = GaussianNB().fit(X, y).predict(X_test)[10:] == y_test[10:]
    assert float(utility(np.arange(60))) == right.sum() / 40


def test_class_weights_by_label():
    X, y, X_test, y_test = problem(2)
    words = np.array(["no", "yes"])
    weighted = LogisticRegression(class_weight={"no": 1, "yes": 9})
    expected = clone(weighted).fit(X, words[y]).score(X_test, words[y_test])
    assert float(utility_for(weighted, X, words[y], X_test, words[y_test])(np.arange(60))) == expected
    assert weighted.class_weight == {"no": 1, "yes": 9}


def test_features_and_labels_of_different_lengths():
    X, y, X_test, y_test = problem(2)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        utility_for(GaussianNB(), X, y[:-1], X_test, y_test)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        utility_for(GaussianNB(), X, y, X_test, y_test[:-1])


def test_forests_are_asked_once_for_features_in_their_own_precision():
    """The same trees and the same labels, although nothing is converted or checked in each fit."""
    X, y, X_test, y_test = problem(3)
    X, X_test = X + 1e-9, X_test + 1e-9  # more digits than single precision has
    forest = RandomForestClassifier(n_estimators=8, random_state=3)
    utility = RetrainingUtility(forest, X, y, X_test, y_test, n_classes=3)
    model = clone(forest).fit(X, y)
    said = utility.predict(utility.fit(range(len(y))), utility.X_test)
    assert utility.X.dtype == np.float32
    assert np.array_equal(said.labels, model.predict(X_test))
    assert np.array_equal(said.probabilities, model.predict_proba(X_test))


@pytest.mark.parametrize(
    ("estimator", "wrong"),
    [
        (LinearSVC(), np.nan),
        (LinearSVC(), np.inf),
        (RandomForestClassifier(2), np.inf),
        (RandomForestClassifier(2), 1e39),
    ],
)
def test_what_is_no_number_to_the_classifier_is_still_refused(estimator, wrong):
    X, y, X_test, y_test = problem(2)
    X[3, 1] = wrong
    utility = RetrainingUtility(estimator, X, y, X_test, y_test, n_classes=2)
    with pytest.raises(InquestError, match="can't be fitted on 60 rows"):
        utility(range(60))
