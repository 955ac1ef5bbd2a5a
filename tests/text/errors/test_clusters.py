"""Whether errors lie together: the test against hand counts, and on data of which the answer is known."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kstest

from inquest.text.errors.clusters import STRATUM, cluster_test, matched, say, unit


def around(angles):
    """States on a circle: neighbours by angle are neighbours by cosine. Their lengths differ on purpose."""
    angles = np.asarray(angles, float)
    return np.column_stack([np.cos(angles), np.sin(angles)]) * (1 + np.arange(len(angles)))[:, None]


def blind(wrong):
    """Predicted labels and confidences that say nothing of the errors."""
    rng = np.random.default_rng(3)
    return np.zeros(len(wrong), int), rng.uniform(0.5, 1, len(wrong))


def test_the_statistic_compares_the_neighbours_of_errors_with_those_of_right_texts():
    """Angles 0 1 2 | 20 21 41 degrees, errors at 0, 1 and 41; the two nearest of 0 are 1 and 2, of 1 are 0
    and 2, of 41 are 21 and 20: one of two, one of two, none. Of 2 they are 1 and 0, both errors, of 20 they
    are 21 and 2, of 21 they are 20 and 2: none."""
    states = around(np.radians([0, 1, 2, 20, 21, 41]))
    wrong = np.array([True, True, False, False, False, True])
    found = cluster_test(states, wrong, *blind(wrong), k=2, permutations=19)
    assert found["near_errors"] == found["near_right"] == pytest.approx(1 / 3)
    assert found["observed"] == pytest.approx(0, abs=1e-12) and found["ratio"] == pytest.approx(1)
    assert (found["texts"], found["errors"], found["k"], found["permutations"]) == (6, 3, 2, 19)


def test_dealt_out_anywhere_errors_have_a_little_less_errors_beside_them():
    """A neighbour is an error with chance 39/199 beside one of 40 errors, with 40/199 beside a right text."""
    wrong = np.arange(200) < 40
    states = np.random.default_rng(0).normal(size=(200, 5))
    found = cluster_test(states, wrong, *blind(wrong), k=10, permutations=2000)
    assert found["expected"] == pytest.approx(-1 / 199, abs=0.002)
    assert found["ratio"] == pytest.approx(found["near_errors"] / found["near_right"])


def test_hubs_that_are_right_hide_no_cluster():
    """Errors lie off to one side, but the nearest to everything are eight right texts in the middle."""
    rng = np.random.default_rng(2)
    centre = np.r_[5.0, np.zeros(19)]
    hubs, shell = centre + 0.1 * rng.normal(size=(8, 20)), centre + rng.normal(size=(192, 20))
    shell[:60, 1] += 1.2
    wrong = np.r_[np.zeros(8, bool), np.arange(192) < 60]
    found = cluster_test(np.r_[hubs, shell], wrong, *blind(wrong), k=10, permutations=199)
    assert found["near_errors"] < wrong.mean()  # which taken alone would speak against clusters
    assert found["p"] == 0.005


def test_p_is_what_counting_the_shuffles_gives_and_never_zero():
    """Of two errors among four texts in two far pairs, 2 of 6 ways to deal them make a pair: 1/3 at best."""
    states = around(np.radians([0, 1, 90, 91]))
    wrong = np.array([True, True, False, False])
    assert cluster_test(states, wrong, *blind(wrong), k=1, permutations=3000)["p"] == pytest.approx(
        1 / 3, abs=0.03
    )
    apart = np.array([True, False, True, False])
    assert cluster_test(states, apart, *blind(apart), k=1, permutations=200)["p"] == 1.0
    rng = np.random.default_rng(1)
    heap = np.r_[rng.normal(size=(60, 4)) * 0.05 + 2, rng.normal(size=(240, 4))]
    wrong = np.arange(300) < 60
    found = cluster_test(heap, wrong, *blind(wrong), permutations=99)
    assert found["p"] == found["within"]["p"] == 0.01 and found["observed"] > 0.5
    assert say(found).endswith("errors lie together beyond what label and confidence explain.")
    assert "not with the 20.0% of all texts that are errors" in say(found)
    assert "no sign" not in say(found)


def p_values(make, runs, part=None):
    """The p-values of so many made data sets."""
    found = [
        cluster_test(*make(np.random.default_rng(seed)), permutations=99, seed=seed) for seed in range(runs)
    ]
    return np.array([(one if part is None else one[part])["p"] for one in found])


def random_marks(rng):
    states, wrong = rng.normal(size=(150, 4)), rng.random(150) < 0.2
    return states, wrong, (states[:, 0] > 0).astype(int), rng.uniform(0.5, 1, 150)


def unsure_between_labels(rng):
    """A first direction tells the labels; an error's chance depends on the margin along it alone."""
    n = 600
    margin = (2 * rng.integers(0, 2, n) - 1) * 2 + 1.6 * rng.normal(size=n)
    states = np.column_stack([margin, 0.3 * rng.normal(size=n), np.ones(n)])
    wrong = rng.random(n) < 1 / (1 + np.exp(1.3 * np.abs(margin)))
    return states, wrong, (margin > 0).astype(int), 1 / (1 + np.exp(-1.5 * np.abs(margin)))


@pytest.mark.parametrize("part", [None, "within"])
def test_p_is_uniform_for_random_marks(part):
    found = p_values(random_marks, 120, part)
    assert kstest(found, "uniform").pvalue > 0.01
    assert (found <= 0.05).mean() <= 0.11  # 0.05 and three standard errors


def test_errors_between_the_labels_lie_together_but_no_more_than_the_confidence_explains():
    plain, within = (p_values(unsure_between_labels, 40, part) for part in (None, "within"))
    assert (plain <= 0.05).mean() > 0.8
    assert (within <= 0.05).mean() <= 0.15


def test_wide_strata_would_take_unsure_texts_for_clusters(monkeypatch):
    """Why strata are narrow: with fifths of the confidence the test finds clusters where there are none."""
    monkeypatch.setattr("inquest.text.errors.clusters.matched.__defaults__", (60,))
    assert (p_values(unsure_between_labels, 40, "within") <= 0.05).mean() > 0.25


def test_a_heap_of_errors_inside_a_label_is_found_although_label_and_confidence_are_kept():
    rng = np.random.default_rng(5)
    states, wrong, predicted, confidence = unsure_between_labels(rng)
    heap = (np.abs(states[:, 1] - 0.45) < 0.15) & (states[:, 0] > 1)
    found = cluster_test(states, wrong | heap, predicted, confidence, permutations=199)
    assert found["within"]["p"] <= 0.01 and found["observed"] > found["within"]["expected"]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ([], "there is no error"),
        ([False] * 5, "there is no error"),
        ([True], "there is one error only"),
        ([True, False, False], "there is one error only"),
        ([True] * 4, "all texts are errors"),
    ],
)
def test_where_there_is_nothing_to_test_the_reason_is_told(wrong, reason):
    wrong = np.array(wrong, bool)
    found = cluster_test(np.ones((len(wrong), 3)), wrong, *blind(wrong))
    assert found["p"] is None and found["observed"] is None and found["reason"] == reason
    assert found["within"]["p"] is None and found["within"]["reason"] == reason
    assert say(found) == f"Whether errors lie together can't be told: {reason}."


def test_strata_of_errors_alone_leave_nothing_to_shuffle():
    """All that is predicted as 1 is wrong, all as 0 is right: the marks can't move within a label."""
    rng = np.random.default_rng(0)
    wrong = np.arange(40) < 15
    found = cluster_test(rng.normal(size=(40, 3)), wrong, wrong.astype(int), np.full(40, 0.9), permutations=9)
    assert found["p"] is not None and found["within"]["p"] is None
    assert "share neither predicted label nor confidence" in say(found)


@given(
    labels=st.lists(st.integers(0, 3), min_size=1, max_size=200),
    size=st.integers(1, 40),
    seed=st.integers(0, 99),
)
def test_strata_are_of_one_label_and_follow_the_confidence(labels, size, seed):
    predicted = np.array(labels)
    confidence = np.random.default_rng(seed).uniform(size=len(labels)).round(1)
    strata = matched(predicted, confidence, size)
    for one in np.unique(strata):
        assert len(set(predicted[strata == one])) == 1
    for label in set(labels):
        mine = predicted == label
        for a, b in itertools.pairwise(np.unique(strata[mine])):
            assert confidence[mine][strata[mine] == a].max() <= confidence[mine][strata[mine] == b].min()
        sizes = np.bincount(strata[mine])[np.unique(strata[mine])]
        assert sizes.max() - sizes.min() <= 1 and (sizes.min() >= size or len(sizes) == 1)


@settings(max_examples=25, deadline=None)
@given(n=st.integers(3, 60), errors=st.integers(2, 58), k=st.integers(1, 12), seed=st.integers(0, 99))
def test_any_size_gives_shares_and_a_p_value(n, errors, k, seed):
    wrong = np.arange(n) < min(errors, n - 1)
    rng = np.random.default_rng(seed)
    states = rng.integers(0, 2, (n, 2)).astype(float)  # many ties, some zeros
    found = cluster_test(states, wrong, rng.integers(0, 2, n), rng.uniform(size=n), k, 19, seed)
    assert -1 <= found["observed"] <= 1 and 1 / 20 <= found["p"] <= 1
    assert found == cluster_test(states, wrong, *_again(n, seed), k, 19, seed)


def _again(n, seed):
    rng = np.random.default_rng(seed)
    rng.integers(0, 2, (n, 2))
    return rng.integers(0, 2, n), rng.uniform(size=n)


def test_states_get_length_1_and_zeros_stay():
    assert unit(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist() == [[0.6, 0.8], [0.0, 0.0]]
    assert matched.__defaults__[0] == STRATUM
