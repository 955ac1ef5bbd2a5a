"""Convergence and reliability: by hand, and on samples of known signal and noise."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from inquest.valuation.convergence import gelman_rubin, rank_stability, relative_change, reliability

settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
settings.load_profile("unhurried")


def samples_of(signal, noise, count=10, n=300, seed=0):
    """Values that vary by ``signal`` over rows, and by ``noise`` from sample to sample."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=n) * signal + rng.normal(size=(count, n)) * noise


# Gelman-Rubin


def test_chains_by_hand():
    """Chains 1, 3 and 3, 9: variances 2 and 18, mean 10; means 2 and 6, of variance 8. √(1/2 + 8/10)."""
    found = gelman_rubin([[1.0], [3.0], [3.0], [9.0]], chains=2)
    assert found == pytest.approx([math.sqrt(1.3)])


@given(st.integers(2, 5), st.integers(2, 6), st.integers(0, 4), st.integers(0, 50))
def test_the_statistic_as_it_is_written_in_sums(chains, length, rest, seed):
    count = chains * length + rest % chains
    samples = np.random.default_rng(seed).normal(size=(count, 3))
    for row, found in enumerate(gelman_rubin(samples, chains)):
        kept = samples[count - chains * length :, row]  # the first are left out
        cut = [list(kept[i * length : (i + 1) * length]) for i in range(chains)]
        means = [sum(chain) / length for chain in cut]
        grand = sum(means) / chains
        b = length * sum((mean - grand) ** 2 for mean in means) / (chains - 1)
        w = sum(sum((x - m) ** 2 for x in c) / (length - 1) for c, m in zip(cut, means, strict=True)) / chains
        assert found == pytest.approx(math.sqrt(((length - 1) / length * w + b / length) / w))


def test_independent_samples_converge_and_a_trend_does_not():
    samples = samples_of(1, 1, count=1000, n=50)
    assert gelman_rubin(samples).max() < 1.05
    assert gelman_rubin(samples + np.linspace(0, 5, 1000)[:, None]).min() > 1.5


def test_rows_that_do_not_vary():
    constant = np.full(8, 0.1)
    found = gelman_rubin(np.column_stack([constant, [0.0] * 4 + [1.0] * 4]), chains=2)
    assert found.tolist() == [1.0, math.inf]


@pytest.mark.parametrize("chains", [1, 0, 6])
def test_too_few_samples_for_the_chains_are_refused(chains):
    with pytest.raises(ValueError, match="at least 2 chains of 2 samples"):
        gelman_rubin(np.zeros((10, 3)), chains)


# relative change


def test_the_change_by_hand():
    running = [[1.0, 1.0], [2.0, -1.0], [4.0, -1.0]]
    assert relative_change(running) == pytest.approx(2 / 5)
    assert relative_change(running, lag=2) == pytest.approx((3 + 2) / 5)
    assert relative_change(running, lag=3) is None
    assert relative_change([[1.0], [0.0]]) is None


def test_values_near_zero_do_not_decide():
    """A row that goes from 1e-9 to -1e-9 moves by 200 % of its size, and changes nothing."""
    assert relative_change([[1.0, 1e-9], [1.0, -1e-9]]) < 1e-8


# reliability


def test_reliability_by_hand():
    """Values 2, 6, 4 of variance 4; squared errors 1, 4, 1, of which the mean over 3 - 1 rows is 3."""
    assert reliability([[1.0, 4.0, 3.0], [3.0, 8.0, 5.0]]) == pytest.approx(1 / 4)


def test_reliability_is_the_correlation_of_estimates_made_alike():
    found, again = [], []
    for seed in range(30):
        samples = samples_of(1, 3, count=20, seed=seed)
        samples -= samples.mean(axis=1, keepdims=True)  # as efficiency has it
        found.append(reliability(samples[:10]))
        again.append(np.corrcoef(samples[:10].mean(axis=0), samples[10:].mean(axis=0))[0, 1])
    assert np.mean(found) == pytest.approx(1 / (1 + 9 / 10), abs=0.02)
    assert np.mean(found) == pytest.approx(np.mean(again), abs=0.03)


def test_what_has_no_reliability():
    assert reliability([[1.0, 2.0]]) is None
    assert reliability([[1.0], [2.0]]) is None
    assert reliability(np.full((7, 3), 0.1) * [1, 1, 1]) is None
    assert reliability([[1.0, 2.0], [1.0, 2.0]]) == 1.0
    assert reliability([[1.0, -1.0], [-1.0, 1.0], [1.0, -1.0]]) == 0.0


# rank stability


def test_ranks_without_noise_are_stable():
    found = rank_stability(samples_of(1, 0), top=30)
    assert (found.best, found.worst, found.by_chance) == (1.0, 1.0, 0.1)
    assert (found.halves, found.full) == pytest.approx((1.0, 1.0))


def test_ranks_of_noise_agree_by_chance():
    runs = [rank_stability(samples_of(0, 1, seed=seed), top=60) for seed in range(20)]
    assert np.mean([run.best for run in runs]) == pytest.approx(0.2, abs=0.03)
    assert np.mean([run.worst for run in runs]) == pytest.approx(0.2, abs=0.03)
    assert np.mean([run.halves for run in runs]) == pytest.approx(0, abs=0.03)
    assert min(run.full for run in runs) == 0.0


def test_equal_values_are_in_no_order():
    """Were ties left in the order of the rows, the best of equal rows would be the same in both halves."""
    samples = np.zeros((10, 200))
    samples[:, 0] = 1.0
    found = rank_stability(samples, top=20)
    assert found.worst == pytest.approx(0.1, abs=0.05) and 0.05 < found.best < 0.25
    samples[:, 1:] = np.random.default_rng(0).choice([0.0, 0.1 + 0.2 - 0.3], (10, 199))  # 0 but for rounding
    assert rank_stability(samples, top=20) == found


def test_the_step_up_is_what_all_samples_give():
    """Signal 1, noise 3 / √m: halves of 5 of 10 correlate by 1 / (1 + 9/5), all 10 by 1 / (1 + 9/10)."""
    runs = [rank_stability(samples_of(1, 3, seed=seed, n=500), top=50, splits=10) for seed in range(20)]
    # of normal values, Spearman's correlation is 6/π asin(r / 2)
    expected = [6 / math.pi * math.asin(1 / (1 + 9 / m) / 2) for m in (5, 10)]
    assert np.mean([run.halves for run in runs]) == pytest.approx(expected[0], abs=0.02)
    assert np.mean([run.full for run in runs]) == pytest.approx(expected[1], abs=0.02)


def test_two_samples_are_compared_with_each_other():
    samples = samples_of(1, 1, count=2)
    found = rank_stability(samples, top=30)
    r = stats.spearmanr(*samples).statistic
    assert (found.halves, found.full) == pytest.approx((r, 2 * r / (1 + r)))
    first, second = (set(np.argsort(-sample)[:30]) for sample in samples)
    assert found.best == pytest.approx(len(first & second) / 30)


def test_of_an_odd_number_one_is_left_out():
    """Halves of one of three: three times as long as a half, all would correlate by 3 r / (1 + 2 r)."""
    found = rank_stability(samples_of(1, 1, count=3), top=30)
    assert found.full == pytest.approx(3 * found.halves / (1 + 2 * found.halves))


def test_it_depends_on_the_seed_alone():
    samples = samples_of(1, 3)
    assert rank_stability(samples, 30, seed=4) == rank_stability(samples, 30, seed=4)
    assert rank_stability(samples, 30, seed=4) != rank_stability(samples, 30, seed=5)


def test_what_has_no_ranks():
    assert rank_stability(samples_of(1, 1, count=1), top=3) is None
    assert rank_stability(np.ones((4, 9)), top=3) is None
    for top in (0, 5):
        with pytest.raises(ValueError, match="the best and the worst of 9 rows are 1 … 4 each"):
            rank_stability(np.ones((4, 9)), top)
