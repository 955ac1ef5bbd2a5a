"""Data-OOB values, against scikit-learn's own out-of-bag votes."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import LinearSVC

from inquest.learners import utility_for
from inquest.learners.bagging import bootstrap_sample, data_oob, out_of_bag

X, Y = make_classification(n_samples=80, n_features=5, n_informative=3, n_classes=3, random_state=0)


def utility_of(estimator, x=X, y=Y):
    return utility_for(estimator, x, y, x, y)


@pytest.mark.parametrize(
    "estimator", [RidgeClassifier(), LinearSVC(dual=False, tol=1e-8)], ids=lambda e: type(e).__name__
)
def test_values_are_scikit_learn_s_shares_of_out_of_bag_votes(estimator):
    """Without `predict_proba`, `oob_decision_function_` is the share of votes for each class."""
    peer = BaggingClassifier(estimator, n_estimators=60, oob_score=True, random_state=1).fit(X, Y)
    found = out_of_bag(utility_of(estimator), peer.estimators_samples_)
    assert found["value"].to_numpy() == pytest.approx(
        peer.oob_decision_function_[np.arange(80), Y], abs=1e-12
    )
    seen = np.array([np.isin(np.arange(80), bag) for bag in peer.estimators_samples_])
    assert found["models"].tolist() == (~seen).sum(axis=0).tolist()


def test_values_are_what_a_plain_loop_finds():
    right, models = np.zeros(80), np.zeros(80)
    for index in range(25):
        bag = bootstrap_sample(80, 7, index)
        out = [row for row in range(80) if row not in bag]
        predicted = LogisticRegression().fit(X[bag], Y[bag]).predict(X[out])
        right[out] += predicted == Y[out]
        models[out] += 1
    steps, utility = [], utility_of(LogisticRegression())
    found = data_oob(utility, models=25, seed=7, step=lambda: steps.append(1))
    assert found["value"].tolist() == (right / models).tolist()
    share = right / models
    assert found["standard_error"].to_numpy() == pytest.approx(np.sqrt(share * (1 - share) / (models - 1)))
    assert len(steps) == 25 and utility.solved["plain"] == 25


def test_a_row_that_is_in_every_bag_has_no_value():
    found = out_of_bag(
        utility_of(KNeighborsClassifier(1), [[0], [1], [5]], [0, 0, 1]), [[0, 0, 2], [0, 1, 2]]
    )
    assert found["models"].tolist() == [0, 1, 0]
    assert np.isnan(found["value"][[0, 2]]).all() and found["value"][1] == 1.0
    assert found["standard_error"].isna().all()


def test_a_bag_of_one_class_predicts_it():
    found = out_of_bag(utility_of(LogisticRegression(), [[0.0], [1.0], [5.0]], [0, 0, 1]), [[0, 0, 0]])
    assert found["value"].tolist()[1:] == [1.0, 0.0]


def test_neighbours_are_limited_to_the_bag_and_missing_classes_keep_their_names():
    y = ["a", "b", "c", "c"]
    found = out_of_bag(utility_of(KNeighborsClassifier(9), [[0], [1], [5], [6]], y), [[0, 2, 2]])
    assert found["value"].tolist()[1::2] == [0.0, 1.0]  # of 3 neighbours, 2 are of class c: right for row 3


def test_data_frames_and_pipelines():
    table = pd.DataFrame({"colour": ["red", "blue"] * 10}, index=range(100, 120))
    columns = make_column_transformer((OneHotEncoder(), ["colour"]))
    utility = utility_of(make_pipeline(columns, RidgeClassifier()), table, [0, 1] * 10)
    assert data_oob(utility, models=20)["value"].tolist() == [1.0] * 20


def test_flipped_labels_have_the_lowest_values():
    x, y = make_classification(
        n_samples=120,
        n_features=4,
        n_redundant=0,
        n_clusters_per_class=1,
        flip_y=0,
        class_sep=3,
        random_state=2,
    )
    y[:6] = 1 - y[:6]
    found = data_oob(utility_of(LogisticRegression(), x, y), models=40)
    assert set(found["value"].argsort()[:6]) == set(range(6))


def test_bags_depend_on_seed_and_number_alone():
    assert bootstrap_sample(50, 1, 3).tolist() == bootstrap_sample(50, 1, 3).tolist()
    assert bootstrap_sample(50, 1, 3).tolist() != bootstrap_sample(50, 1, 4).tolist()
    distinct = np.mean([len(set(bootstrap_sample(1000, 0, i).tolist())) for i in range(50)])
    assert distinct == pytest.approx(1000 * (1 - np.exp(-1)), rel=0.01)
    whole = data_oob(utility_of(RidgeClassifier()), models=6, seed=3)
    parts = [
        out_of_bag(utility_of(RidgeClassifier()), [bootstrap_sample(80, 3, i) for i in some])
        for some in ([0, 1], [2, 3, 4, 5])
    ]
    votes = sum((part["value"].fillna(0) * part["models"]) for part in parts)
    assert whole["value"].to_numpy() == pytest.approx((votes / whole["models"]).to_numpy(), nan_ok=True)
