"""Which gold labels look wrong."""

from __future__ import annotations

import numpy as np
import pytest

from inquest.text.errors.noise import label_quality


def drawn(n=400, k=3, flipped=20, seed=0):
    """Return labels of which some are flipped, probabilities of a good classifier, and which are flipped."""
    rng = np.random.default_rng(seed)
    true = rng.integers(0, k, n)
    probabilities = rng.dirichlet(np.ones(k), n) * 0.3
    probabilities[np.arange(n), true] += 0.7
    wrong = np.zeros(n, bool)
    wrong[:flipped] = True
    return np.where(wrong, (true + 1) % k, true), probabilities, wrong


@pytest.mark.parametrize("k", [2, 3, 8])
def test_flipped_labels_are_suspicious_and_score_lowest(k):
    gold, probabilities, wrong = drawn(k=k)
    found = label_quality(gold, probabilities)
    assert found.suspicious[wrong].mean() >= 0.7  # how many are pruned is an estimate
    assert found.suspicious[~wrong].sum() == 0
    assert found.scores[wrong].max() < found.scores[~wrong].min()
    assert (found.scores >= 0).all() and (found.scores <= 1).all()


def test_a_label_of_which_the_classifier_is_seldom_sure_is_not_suspicious_for_that():
    """Both texts get a probability of 0.4; for the rare label, whose texts all get 0.4, that is much."""
    often = np.tile([0.9, 0.1], (50, 1))
    rare = np.tile([0.6, 0.4], (10, 1))
    odd = np.array([[0.4, 0.6]])
    found = label_quality(np.repeat([0, 1, 0], [50, 10, 1]), np.concatenate([often, rare, odd]))
    assert found.scores[55] > found.scores[60]


def test_labels_that_no_text_has_and_probabilities_of_zero_do_no_harm():
    gold, probabilities, _ = drawn(k=2)
    more = np.insert(probabilities, 1, 0.0, axis=1)
    with_gap = label_quality(np.where(gold == 1, 2, 0), more)
    assert with_gap.scores == pytest.approx(label_quality(gold, probabilities).scores)
    sure = label_quality(np.array([0, 1, 0, 1]), np.array([[1.0, 0.0], [0, 1], [0, 1], [0, 1]]))
    assert np.isfinite(sure.scores).all() and sure.scores.argmin() == 2


def test_with_one_label_nothing_is_suspicious():
    found = label_quality(np.zeros(3, int), np.array([[0.2, 0.8], [0.9, 0.1], [0.5, 0.5]]))
    assert found.scores.tolist() == [0.2, 0.9, 0.5] and not found.suspicious.any()
