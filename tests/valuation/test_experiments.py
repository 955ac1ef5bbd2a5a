"""Detection of wrong labels and removal of rows: by hand, against scikit-learn, and by brute force."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import average_precision_score, f1_score, precision_recall_curve, roc_auc_score

from inquest.utility import FunctionUtility, PlainUtility, Score
from inquest.valuation import tmc_shapley
from inquest.valuation.experiments import area, detection, flip_labels, lower_cluster, removal_curve

settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
settings.load_profile("unhurried")

labelled = st.integers(2, 30).flatmap(
    lambda n: st.tuples(
        st.lists(st.sampled_from([-2.0, -1.0, 0.0, 0.25, 0.5, 3.0]), min_size=n, max_size=n),
        st.lists(st.booleans(), min_size=n, max_size=n).filter(lambda flags: 0 < sum(flags) < len(flags)),
    )
)
NAN = float("nan")

# flipped labels


@given(st.integers(2, 5), st.integers(0, 40), st.floats(0, 1), st.integers(0, 9))
def test_as_many_labels_as_asked_are_wrong_and_no_other(k, n, share, seed):
    y = np.arange(n) % k
    noisy, flipped = flip_labels(y, share, k, seed)
    assert flipped.sum() == round(share * n)
    assert np.array_equal(noisy != y, flipped)
    assert noisy.min(initial=0) >= 0 and noisy.max(initial=0) < k
    assert np.array_equal(y, np.arange(n) % k)


def test_a_flipped_label_is_any_other_class():
    noisy, _ = flip_labels(np.zeros(30_000, int), 1.0, 4, seed=1)
    assert np.bincount(noisy)[1:] == pytest.approx([10_000] * 3, rel=0.05)


def test_every_row_may_be_flipped():
    counts = sum(flip_labels(np.zeros(20, int), 0.25, 2, seed)[1].astype(int) for seed in range(400))
    assert counts.sum() == 2000 and counts == pytest.approx(np.full(20, 100), abs=40)


@pytest.mark.parametrize(("share", "k"), [(1.1, 2), (-0.1, 2), (0.5, 1), (NAN, 2)])
def test_labels_that_can_not_be_flipped(share, k):
    with pytest.raises(ValueError, match="2 classes or more"):
        flip_labels([0, 0], share, k, 0)


# detection


@given(labelled)
def test_the_curve_and_its_areas_are_scikit_learn_s(drawn):
    values, flipped = map(np.array, drawn)
    found = detection(values, flipped)
    precision, recall, _ = precision_recall_curve(flipped, -values)
    # scikit-learn goes from the highest value down, and adds a last point without rows
    assert found.curve["precision"].to_numpy() == pytest.approx(precision[-2::-1])
    assert found.curve["recall"].to_numpy() == pytest.approx(recall[-2::-1])
    assert found.average_precision == pytest.approx(average_precision_score(flipped, -values))
    assert found.roc_auc == pytest.approx(roc_auc_score(flipped, -values))
    called = lower_cluster(values)
    assert found.f1 == pytest.approx(f1_score(flipped, called, zero_division=0))
    assert found.called == called.sum()
    assert found.curve["inspected"].iloc[-1] == len(values)


def test_values_that_separate_are_perfect_and_their_opposites_are_not():
    flipped = np.arange(10) < 3
    found = detection(np.where(flipped, -1.0, 1.0), flipped)
    assert (found.average_precision, found.roc_auc, found.r_precision, found.f1) == (1.0, 1.0, 1.0, 1.0)
    assert found.called == 3
    opposite = detection(np.where(flipped, 1.0, -1.0), flipped)
    assert (opposite.roc_auc, opposite.r_precision, opposite.f1) == (0.0, 0.0, 0.0)


def test_equal_values_are_chance():
    found = detection(np.zeros(10), np.arange(10) < 3)
    assert found.average_precision == found.r_precision == pytest.approx(0.3)
    assert (found.roc_auc, found.f1, found.called) == (0.5, 0.0, 0)


def test_among_the_lowest_by_hand():
    """Three are wrong: the lowest, and one of three equal rows that have the next two places."""
    found = detection([0, 1, 1, 1, 2, 3], [True, True, False, False, True, False])
    assert found.r_precision == pytest.approx((1 + 2 / 3) / 3)


def test_rows_without_a_value_are_inspected_last_and_called_right():
    flipped = [True, True, False, False]
    found = detection([0.0, NAN, 1.0, NAN], flipped)
    assert found.curve["inspected"].tolist() == [1, 2, 4]
    assert found.curve["recall"].tolist() == [0.5, 0.5, 1.0]
    assert found.called == 1 and found.f1 == pytest.approx(2 / 3)
    assert found.roc_auc == pytest.approx((2 + 0.5) / 4)


@pytest.mark.parametrize("flipped", [[False, False], [True, True], [True]])
def test_labels_all_right_or_all_wrong_are_refused(flipped):
    with pytest.raises(ValueError, match="right and wrong labels are needed"):
        detection([0.0, 1.0], flipped)


# two clusters


@given(st.lists(st.floats(-100, 100).map(lambda x: round(x, 2)), min_size=2, max_size=7, unique=True))
def test_no_cut_of_the_values_is_better(values):
    values = np.array(values)

    def cost(mask):
        return sum(np.sum((part - part.mean()) ** 2) for part in (values[mask], values[~mask]))

    found = lower_cluster(values)
    assert values[found].max() < values[~found].min()
    subsets = itertools.product([False, True], repeat=len(values))
    every = [np.array(chosen) for chosen in subsets if 0 < sum(chosen) < len(values)]
    assert cost(found) == pytest.approx(min(cost(mask) for mask in every), rel=1e-9, abs=1e-9)


def test_clusters_are_those_of_scikit_learn():
    values = np.concatenate(
        [np.random.default_rng(0).normal(0, 1, 80), np.random.default_rng(1).normal(4, 1, 300)]
    )
    peer = KMeans(2, n_init=20, tol=0, random_state=0).fit(values[:, None])
    low = peer.cluster_centers_[:, 0].argmin()
    assert np.array_equal(lower_cluster(values), peer.labels_ == low)


def test_clusters_far_from_zero_and_close_together():
    values = 1e6 + 1e-6 * np.array([1.0, 2.0, 9.0, 10.0, 11.0])
    assert lower_cluster(values).tolist() == [True, True, False, False, False]


def test_what_makes_no_clusters():
    assert lower_cluster([1.0, 1.0, NAN]).tolist() == [False] * 3
    assert lower_cluster([NAN, NAN]).tolist() == [False] * 2
    assert lower_cluster([]).tolist() == []
    assert lower_cluster([NAN, 3.0, 1.0]).tolist() == [False, False, True]


# removal


class Scored(PlainUtility):
    """Worth: the sum of weights; another metric: how many rows."""

    weights = np.array([3.0, -1.0, 2.0, 0.5, 4.0])
    n_rows = 5

    def __call__(self, rows):
        return Score(self.weights[np.asarray(rows, int)].sum(), {"count": float(len(rows))})


def test_removal_by_hand():
    best = removal_curve(Scored(), Scored.weights, "best")
    assert best["kept"].tolist() == [5, 4, 3, 2, 1, 0]
    assert best["removed"].tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert best["worth"].tolist() == [8.5, 4.5, 1.5, -0.5, -1.0, 0.0]
    assert best["worth_count"].tolist() == [5, 4, 3, 2, 1, 0]
    worst = removal_curve(Scored(), Scored.weights, "worst")
    assert worst["worth"].tolist() == [8.5, 9.5, 9.0, 7.0, 4.0, 0.0]
    assert area(worst) == pytest.approx((8.5 / 2 + 9.5 + 9 + 7 + 4) / 5)
    assert area(worst, "worth_count") == pytest.approx(2.5)
    assert area(best) < area(worst)


@given(
    st.lists(st.sampled_from([0.0, 1.0, 2.0, NAN]), min_size=1, max_size=8),
    st.sampled_from(["best", "worst"]),
    st.integers(0, 3),
)
def test_some_shares_are_points_of_the_whole_curve(values, first, seed):
    n = len(values)
    worth = np.random.default_rng(n).normal(size=2**n)
    game = FunctionUtility(lambda rows: worth[sum(1 << int(row) for row in rows)], n_rows=n)
    steps = []
    whole = removal_curve(game, values, first, seed, step=lambda: steps.append(1))
    assert len(steps) == n + 1 == len(whole)
    assert (whole["worth"].iloc[0], whole["worth"].iloc[-1]) == (worth[-1], worth[0])
    some = removal_curve(game, values, first, seed, shares=[1.0, 0.0, 0.3])
    assert some["kept"].tolist() == [n, n - round(0.3 * n), 0]
    expected = whole.set_index("kept").loc[some["kept"], "worth"]
    assert some["worth"].tolist() == expected.tolist()
    pd.testing.assert_frame_equal(whole, removal_curve(game, values, first, seed))


def test_equal_values_are_removed_in_the_seed_s_order_and_missing_ones_last():
    rows_left = FunctionUtility(lambda rows: float(sum(2.0**row for row in rows)), n_rows=6)
    values = [0.0, 0.0, 0.0, 0.0, 1.0, NAN]
    curves = {tuple(removal_curve(rows_left, values, "best", seed)["worth"]) for seed in range(200)}
    assert len(curves) == 24
    for curve in curves:
        assert curve[:2] == (63.0, 63.0 - 2**4) and curve[-2:] == (2.0**5, 0.0)
    for curve in (removal_curve(rows_left, values, "worst", seed)["worth"] for seed in range(5)):
        assert curve.tolist()[-3:] == [2.0**4 + 2**5, 2.0**5, 0.0]


def test_shapley_values_of_an_additive_game_remove_no_worse_than_any_order():
    values = tmc_shapley(Scored(), permutations=2).values
    curves = [area(removal_curve(Scored(), order, "best")) for order in itertools.permutations(range(5))]
    assert area(removal_curve(Scored(), values, "best")) == pytest.approx(min(curves))
    assert area(removal_curve(Scored(), values, "worst")) == pytest.approx(max(curves))


def test_mistakes_are_named():
    with pytest.raises(ValueError, match='"best" or "worst"'):
        removal_curve(Scored(), Scored.weights, "lowest")
    with pytest.raises(ValueError, match="a value for each of 5 rows"):
        removal_curve(Scored(), [1.0], "best")
    with pytest.raises(ValueError, match=r"found 0 … 20"):
        removal_curve(Scored(), Scored.weights, "best", shares=[0, 20])
