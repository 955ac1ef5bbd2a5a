"""Gaussian naive Bayes: what its shortcut covers, and the numerics that it must not lose."""

import numpy as np
import pytest
from sklearn.naive_bayes import BernoulliNB, GaussianNB

from inquest.errors import InquestError
from inquest.learners.naive_bayes import NaiveBayesUtility
from inquest.learners.retraining import RetrainingUtility

LOSSES = ("neg_log_loss", "neg_brier_score", "accuracy")


def both(X, y, X_test, y_test, estimator=None, k=2):
    return tuple(
        kind(estimator or GaussianNB(), X, y, X_test, y_test, n_classes=k, metrics=LOSSES)
        for kind in (NaiveBayesUtility, RetrainingUtility)
    )


def agree(found, expected, abs=1e-10):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.metrics == pytest.approx(other.metrics, abs=abs, rel=0)


class Mine(GaussianNB):
    pass


@pytest.mark.parametrize(
    ("estimator", "covered"),
    [
        (GaussianNB(), True),
        (GaussianNB(var_smoothing=1e-3, priors=[0.2, 0.8]), True),
        (GaussianNB(var_smoothing=0), False),  # a variance may be zero then
        (GaussianNB(priors=[0, 1]), False),
        (GaussianNB(priors=[0.2, 0.2]), False),
        (Mine(), False),
        (BernoulliNB(), False),
    ],
)
def test_what_is_covered(estimator, covered):
    assert NaiveBayesUtility.covers(estimator) is covered


def test_four_rows_by_hand():
    """Class 0 at -1 and 1, class 1 at 9 and 11; both have the variance 1, and 1e-9 of all rows' 26."""
    X, X_test = np.array([[-1.0], [1.0], [9.0], [11.0]]), np.array([[4.5]])
    utility, _ = both(X, np.array([0, 0, 1, 1]), X_test, np.array([1]))
    *_, last = utility.walk([0, 2, 1, 3])
    odds = (4.5**2 - 5.5**2) / 2 / (1 + 26e-9)
    assert last == 0 and utility.solved == {"carried": 3}
    assert last.metrics["neg_log_loss"] == pytest.approx(odds - np.log1p(np.exp(odds)), abs=1e-13)


def test_two_tight_clusters_far_from_where_their_classes_are():
    """With the squares multiplied out about the classes' centres, 1e12 would be taken from 1e12."""
    rng = np.random.default_rng(0)
    near = rng.normal(size=(20, 2)) * 1e-3 + [1e3, 0]
    far = np.concatenate([near, rng.normal(size=(60, 2)) * [1e-3, 1]])
    y = np.arange(80) % 2
    X_test = rng.normal(size=(30, 2)) * 1e-3 + [1e3, 0]
    utility, plain = both(far, y, X_test, np.arange(30) % 2, GaussianNB(var_smoothing=1e-12))
    order = np.arange(20)
    found, expected = list(utility.walk(order)), list(plain.walk(order))
    agree(found[5:], expected[5:], abs=1e-8)  # scikit-learn's own squares have the digits that 1e3 leaves
    assert utility.solved["plain"] < 5
    assert expected[-1].metrics["neg_log_loss"] > -5  # both classes are in play


def test_duplicates_leave_no_variance_but_the_smoothing():
    X = np.array([[0.1, 3.0]] * 5 + [[0.7, 3.0]] * 5)
    y = np.repeat([0, 1], 5)
    utility, plain = both(X, y, np.array([[0.1, 3.0], [0.7, 3.0], [0.39, 3.0]]), np.array([0, 1, 0]))
    order = np.array([0, 5, 6, 1, 2, 3, 7, 8, 4, 9])
    agree(list(utility.walk(order)), list(plain.walk(order)))
    assert utility.solved["carried"] == 9


def test_rows_that_are_all_the_same_fail_as_in_scikit_learn():
    utility, plain = both(np.full((4, 2), 0.5), np.array([0, 1, 0, 1]), np.zeros((2, 2)), np.array([0, 1]))
    for each in (utility, plain):
        walk = each.walk(np.arange(4))
        assert next(walk) == 0.5
        with pytest.raises(InquestError, match="its scores are no finite numbers"):
            next(walk)
        with pytest.raises(InquestError):
            each.without([0])


def test_given_priors():
    rng = np.random.default_rng(0)
    X, X_test = rng.normal(size=(30, 2)), rng.normal(size=(20, 2))
    y, y_test = np.arange(30) % 3, np.arange(20) % 3
    utility, plain = both(X, y, X_test, y_test, GaussianNB(priors=[0.7, 0.2, 0.1]), k=3)
    groups = [[i] for i in range(30)]
    agree(list(utility.without_each(groups)), list(plain.without_each(groups)))
    for each in (utility, plain):  # a prior too many for the two classes of the first rows
        with pytest.raises(InquestError, match="Number of priors must match number of classes"):
            list(each.walk(np.arange(30)))


def test_a_test_row_halfway_is_left_to_scikit_learn():
    X, y = np.array([[-1.0], [1.0], [-1.5], [1.5]]), np.array([0, 1, 0, 1])
    utility, plain = both(X, y, np.array([[0.0], [2.0]]), np.array([1, 1]))
    agree(list(utility.walk([0, 1, 2, 3])), list(plain.walk([0, 1, 2, 3])))
    assert utility.solved == {"plain": 2, "carried": 1}  # 0 is undecided but for the third row


def test_what_is_left_without_outliers_keeps_its_digits():
    """Without the two rows at 1e6, no digit is left of the difference of the summed squares."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 2)), np.arange(40) % 2
    X[:2] += 1e6
    utility, plain = both(X, y, rng.normal(size=(20, 2)), np.arange(20) % 2)
    groups = [[0, 1], [0], [0, 1, 5], np.arange(36), np.arange(2, 40, 2)[1:]]
    agree(list(utility.without_each(groups)), list(plain.without_each(groups)))
    assert utility.solved == {"carried": 5}
