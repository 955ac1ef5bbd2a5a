"""What is unusual about training rows, by hand and against scikit-learn and scipy."""

import itertools

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors

from inquest.influence.unusual import MEASURES, correlations, measure_unusual, most_unusual, unusual_ranks
from inquest.learners import RetrainingUtility

X = np.array([[0.0], [1], [2], [10], [11], [12]])
Y = np.array([0, 0, 1, 1, 1, 0])


def utility(estimator, X=X, y=Y, n_classes=2):
    return RetrainingUtility(estimator, X, y, X, y, n_classes=n_classes)


def test_by_hand():
    """Three nearest neighbours, of which a row is one: 0, 1, 2 are each other's, and so are 10, 11, 12."""
    found = measure_unusual(utility(KNeighborsClassifier(3)), X, neighbours=2, seed=0)
    own = np.array([2, 2, 1, 2, 2, 1]) / 3
    assert found["code"].tolist() == Y.tolist()
    assert found["predicted"].tolist() == [0, 0, 0, 1, 1, 1]
    assert found["probability"].tolist() == pytest.approx(own)
    assert found["loss"].tolist() == pytest.approx(-np.log(own))
    assert found["margin"].tolist() == pytest.approx([1 / 3, 1 / 3, -1 / 3, 1 / 3, 1 / 3, -1 / 3])
    assert found["agreement"].tolist() == [0.5, 0.5, 0.0, 0.5, 0.5, 0.0]  # of the two others
    centres = np.array([13, 13, 23, 23, 23, 13]) / 3  # (0 + 1 + 12) / 3 and (2 + 10 + 11) / 3
    assert found["distance"].tolist() == pytest.approx(np.abs(X[:, 0] - centres))


def test_against_scikit_learn_with_three_classes():
    rng = np.random.default_rng(1)
    y = rng.integers(3, size=80)
    features = rng.normal(size=(80, 4)) + y[:, None]
    found = measure_unusual(utility(LogisticRegression(), features, y, 3), features, neighbours=5, seed=9)
    model = LogisticRegression().fit(features, y)
    p = model.predict_proba(features)
    assert found["loss"].mean() == pytest.approx(log_loss(y, p))
    assert found["predicted"].tolist() == model.predict(features).tolist()
    assert ((found["margin"] < 0) == (found["predicted"] != y)).all()
    best_other = [np.delete(p[i], y[i]).max() for i in range(80)]
    assert found["margin"].tolist() == pytest.approx(p[np.arange(80), y] - best_other)
    near = NearestNeighbors(n_neighbors=6).fit(features).kneighbors(features, return_distance=False)[:, 1:]
    assert found["agreement"].tolist() == np.mean(y[near] == y[:, None], axis=1).tolist()
    forest = IsolationForest(random_state=9).fit(features)
    assert found["isolation"].tolist() == pytest.approx(-forest.score_samples(features))
    assert (found.columns[-5:] == list(MEASURES)).all()


def test_the_odd_one_out_is_isolated_and_far_away():
    found = measure_unusual(utility(KNeighborsClassifier(1), X=np.vstack([X, [[500.0]]]), y=np.append(Y, 1)),
                            np.vstack([X, [[500.0]]]), neighbours=2, seed=0)  # fmt: skip
    assert found["isolation"].idxmax() == found["distance"].idxmax() == 6


def test_without_probabilities_there_is_a_margin_and_no_loss():
    found = measure_unusual(utility(RidgeClassifier()), X, neighbours=2, seed=0)
    assert found["loss"].isna().all() and found["probability"].isna().all()
    decision = RidgeClassifier().fit(X, Y).decision_function(X)
    assert found["margin"].tolist() == pytest.approx(2 * decision * np.where(Y == 1, 1, -1))


def test_more_neighbours_than_other_rows_are_all_of_them():
    found = measure_unusual(utility(KNeighborsClassifier(1)), X, neighbours=100, seed=0)
    assert found["agreement"].tolist() == [2 / 5] * 6


# ranks


def table(**given) -> pd.DataFrame:
    n = len(next(iter(given.values())))
    return pd.DataFrame({name: given.get(name, np.arange(n, dtype=float)) for name in MEASURES})


def test_ranks_say_how_many_rows_are_at_most_as_unusual():
    found = unusual_ranks(table(loss=[0.1, 0.5, 0.5, 3.0], margin=[0.9, -0.2, 0.9, 0.1]))
    assert found["loss"].tolist() == [0.25, 0.75, 0.75, 1.0]
    assert found["margin"].tolist() == [0.5, 1.0, 0.5, 0.75]  # the lowest is the most unusual


def test_a_loss_that_is_not_known_has_no_rank():
    assert unusual_ranks(table(loss=[np.nan] * 4))["loss"].isna().all()
    assert not most_unusual(table(loss=[np.nan] * 4), 1.0)["loss"].any()


def test_the_most_unusual_are_at_most_so_many():
    found = most_unusual(table(distance=np.arange(100.0)), 0.05)["distance"]
    assert found[found].index.tolist() == [95, 96, 97, 98, 99]


def test_ties_are_not_the_most_unusual_if_they_are_too_many():
    """Ten of 100 rows agree with none of their neighbours: none of them is among the 5 % most unusual."""
    agreement = np.where(np.arange(100) < 10, 0.0, 1.0)
    assert not most_unusual(table(agreement=agreement), 0.05)["agreement"].any()
    assert most_unusual(table(agreement=agreement), 0.1)["agreement"].sum() == 10


# correlations


def correlate(x, y, seed=0):
    return correlations(pd.Series(y, dtype=float), pd.DataFrame({"x": np.asarray(x, float)}), seed)[0]


def exact_p(x, y) -> float:
    """The share of all pairings whose correlation is at least as large."""
    x, y = stats.rankdata(x), stats.rankdata(y)
    rho = [abs(np.corrcoef(x, order)[0, 1]) for order in itertools.permutations(y)]
    return np.mean(np.array(rho) >= rho[0] - 1e-12)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 6, 5]),
        ([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5]),
        ([1, 2, 3, 4, 5, 6, 7], [0, 0, 0, 0, 1, 0, 1]),
        ([1, 1, 2, 2, 3, 3, 3], [0, 0, 0, 1, 1, 1, -1]),
        ([3, 1, 4, 1, 5, 9, 2], [2, 7, 1, 8, 2, 8, 1]),
    ],
)
def test_correlations_and_their_p_values(x, y):
    """9,999 random pairings: within four standard errors of the exact share of all of them."""
    found = correlate(x, y)
    assert found["rho"] == pytest.approx(stats.spearmanr(x, y).statistic)
    p = exact_p(x, y)
    assert found["p"] == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / 9999) + 1e-4)
    assert found["rows"] == len(x)


def test_p_values_are_right_one_time_in_twenty():
    """With heavy ties, too: at most 5 % of independent pairs are found, up to chance."""
    rng = np.random.default_rng(2)
    p = [
        correlate(rng.normal(size=10), rng.choice([0, 0, 0, 1, -1], size=10), seed)["p"]
        for seed in range(400)
    ]
    assert np.nanmean(np.array(p) < 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_of_many_rows_students_t_is_good_enough():
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    y = x / 6 + rng.normal(size=300)
    found, expected = correlate(x, y), stats.spearmanr(x, y)
    assert (found["rho"], found["p"]) == pytest.approx((expected.statistic, expected.pvalue))
    assert found["critical"] == pytest.approx(1.96 / np.sqrt(300), rel=0.01)


# Zar (1984), table B.20, two-sided 5 %; with random pairings, up to one step of the correlation
@pytest.mark.parametrize(
    ("n", "critical"), [(5, 1.000), (6, 0.886), (7, 0.786), (8, 0.738), (9, 0.700), (10, 0.648)]
)
def test_critical_values_are_those_of_the_tables(n, critical):
    assert correlate(np.arange(n), np.arange(n)[::-1])["critical"] == pytest.approx(
        critical, abs=12 / (n**3 - n) + 5e-4
    )


def test_a_critical_value_is_where_p_gets_below_5_per_cent():
    rng = np.random.default_rng(4)
    for seed in range(60):
        found = correlate(rng.integers(4, size=9), rng.choice([0, 0, 1], size=9), seed)
        if not np.isnan(found["critical"]):
            assert (abs(found["rho"]) >= found["critical"] - 1e-12) == (found["p"] < 0.05)


def test_four_rows_can_show_nothing():
    found = correlate([1, 2, 3, 4], [1, 2, 3, 4])
    assert found["rho"] == pytest.approx(1) and found["p"] == pytest.approx(2 / 24, abs=0.012)
    assert np.isnan(found["critical"])


@pytest.mark.parametrize(
    ("x", "y"), [([1, 2, 3], [0, 0, 0]), ([5, 5, 5], [1, 2, 3]), ([np.nan] * 3, [1, 2, 3])]
)
def test_what_does_not_vary_has_no_correlation(x, y):
    found = correlate(x, y)
    assert np.isnan(found["rho"]) and np.isnan(found["p"]) and np.isnan(found["critical"])


def test_rows_without_a_measure_are_left_out():
    found = correlate([1, np.nan, 2, 3, 4], [1, 50, 2, 3, 4])
    assert found["rho"] == pytest.approx(1) and found["rows"] == 4


def test_the_index_of_either_side_does_not_matter():
    x, y = pd.Series([1.0, 2, 3, 4], index=[9, 8, 7, 6]), pd.Series([1.0, 2, 3, 4])
    assert correlations(y, x.to_frame("x"))[0]["rho"] == pytest.approx(1)
