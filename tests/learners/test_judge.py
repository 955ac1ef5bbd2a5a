"""How classifiers are judged and timed."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import confusion_matrix
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

from inquest.baseline.summary import read_predictions
from inquest.learners import judge as module
from inquest.learners.judge import judge, predictions_table, projected_seconds, time_shares
from inquest.learners.metrics import METRICS, evaluate
from inquest.learners.problem import Problem

RNG = np.random.default_rng(0)
N, M = 200, 50
CODES = np.where(np.arange(N + M) % 50 == 7, 2, RNG.integers(2, size=N + M))  # class 2 has four training rows
X = RNG.normal(size=(N + M, 2)) + CODES[:, None]
PROBLEM = Problem(X[:N], CODES[:N], X[N:], CODES[N:], np.arange(N), np.arange(N, N + M), ["a", "b", "c"])


def test_judging_is_fitting_on_all_rows_and_scoring_the_test_rows():
    facts, predictions, seconds = judge(PROBLEM.utility(GaussianNB(), "accuracy"), resamples=50, seed=1)
    model = GaussianNB().fit(X[:N], CODES[:N])
    assert predictions.labels.tolist() == model.predict(X[N:]).tolist()
    assert predictions.probabilities == pytest.approx(model.predict_proba(X[N:]), abs=1e-15)
    assert np.array_equal(facts["confusion"], confusion_matrix(CODES[N:], model.predict(X[N:])))
    assert {name: one["value"] for name, one in facts["metrics"].items()} == evaluate(CODES[N:], predictions)
    assert all(one["low"] <= one["value"] <= one["high"] for one in facts["metrics"].values())
    assert (facts["converged"], facts["probabilities"]) == (True, True)
    assert seconds["fit"] > 0 and seconds["predict"] > 0


def test_what_did_not_converge_or_has_no_probabilities_says_so():
    facts, _, _ = judge(PROBLEM.utility(LinearSVC(max_iter=1), "accuracy"), resamples=10, seed=1)
    assert facts["converged"] is False
    facts, _, _ = judge(PROBLEM.utility(RidgeClassifier(), "accuracy"), resamples=10, seed=1)
    assert facts["probabilities"] is False


def test_shares_of_the_rows_hold_every_class_and_each_other():
    asked = []
    utility = PROBLEM.utility(GaussianNB(), "accuracy")
    fit = utility.fit
    utility.fit = lambda rows: asked.append(np.array(rows)) or fit(rows)
    shares, times = time_shares(utility, seed=4)
    assert [(s["share"], s["rows"]) for s in shares] == [
        (1.0, 200),
        (0.1, 20),
        (0.01, 3),
    ]  # 2 rows would lack a class
    assert len(asked) == 3 * module.REPEATS
    large, middle, small = (set(asked[i].tolist()) for i in (0, module.REPEATS, 2 * module.REPEATS))
    assert small < middle < large == set(range(200))
    assert sorted(CODES[list(small)]) == [0, 1, 2]
    assert shares[0]["score"] == float(utility(range(N)))
    assert shares[1]["score"] == float(utility(list(middle)))
    for timed in times:
        assert 0 < timed["fit"] <= timed["retrain"]
    assert [t["rows"] for t in times] == [200, 20, 3]


def test_the_rows_of_a_share_are_random_but_reproducible():
    drawn = []
    for seed in (1, 1, 2):
        utility = PROBLEM.utility(GaussianNB(), "neg_log_loss")
        drawn.append([s["score"] for s in time_shares(utility, seed)[0]])
    assert drawn[0] == drawn[1] != drawn[2]


def test_predictions_survive_their_table():
    for estimator in (GaussianNB(), RidgeClassifier()):
        _, predictions, _ = judge(PROBLEM.utility(estimator, "accuracy"), resamples=10, seed=1)
        table = predictions_table(PROBLEM, predictions)
        assert table["row"].tolist() == list(range(200, 250))
        assert table["label"].tolist() == CODES[N:].tolist()
        back = read_predictions(table, PROBLEM.classes)
        assert np.array_equal(back.labels, predictions.labels) and np.array_equal(
            back.scores, predictions.scores
        )
        if predictions.probabilities is None:
            assert back.probabilities is None
        else:
            assert np.array_equal(back.probabilities, predictions.probabilities)
        assert evaluate(CODES[N:], back, METRICS) == pytest.approx(
            evaluate(CODES[N:], predictions, METRICS), nan_ok=True
        )
    assert "probability:a" not in table and isinstance(table, pd.DataFrame)


# projected time


TIMES = [{"rows": 100, "retrain": 10.0}, {"rows": 10, "retrain": 1.0}, {"rows": 1, "retrain": 0.1}]


@pytest.mark.parametrize(
    ("asked", "retrains", "seconds"),
    [
        ({"times": 7, "share": 1.0}, 7, 70.0),
        ({"times": 2, "share": 0.55}, 2, 2 * 5.5),  # halfway from 10 to 100 rows
        ({"times": 3, "share": 0.001}, 3, 3 * 0.1),  # below the smallest: as long as that
        ({"times": 4, "rows": 10}, 4, 4.0),
        ({"times": 500, "rows": 500}, 100, 1000.0),  # there are but 100 rows
        ({"times": 2, "prefixes": 10}, 20, 2 * sum(0.1 * k for k in range(1, 11))),
        ({"times": 1, "prefixes": 1000}, 100, sum(0.1 * k for k in range(1, 101))),
    ],
)
def test_projected_seconds_by_hand(asked, retrains, seconds):
    found = projected_seconds(asked, TIMES)
    assert found[0] == retrains
    assert found[1] == pytest.approx(seconds)


def test_of_so_few_rows_that_all_shares_are_one():
    times = [{"rows": 3, "retrain": 2.0}] * 3
    assert projected_seconds({"times": 2, "prefixes": 5}, times) == (6, 12.0)
