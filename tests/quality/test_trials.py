"""What a repeat is played with: drawn rows, halves of the test rows, flipped labels."""

import numpy as np
import pandas as pd
import pytest

from inquest.errors import InquestError
from inquest.learners.problem import Problem
from inquest.quality.trials import draw_trial, with_wrong_labels


def problem_of(n=40, m=21, k=2):
    y, y_test = np.arange(n) % k, np.arange(m) % k
    return Problem(
        X=np.arange(n, dtype=float)[:, None],
        y=y,
        X_test=np.arange(m, dtype=float)[:, None],
        y_test=y_test,
        rows=100 + np.arange(n),
        test_rows=500 + np.arange(m),
        classes=[str(code) for code in range(k)],
    )


def test_the_halves_share_no_test_row_and_keep_each_label_s_share():
    trial = draw_trial(problem_of(m=40), 10, seed=1)
    assert sorted([*trial.judges, *trial.others]) == list(range(40))
    assert np.bincount(trial.valued.y_test).tolist() == [10, 10]
    assert np.bincount(trial.held.y_test).tolist() == [10, 10]
    assert not set(trial.valued.test_rows) & set(trial.held.test_rows)


def test_rows_features_and_labels_go_together():
    trial = draw_trial(problem_of(), 10, seed=2)
    assert np.bincount(trial.valued.y).tolist() == [5, 5]
    for game in (trial.valued, trial.held):
        assert game.X[:, 0].tolist() == trial.positions.tolist() == (game.rows - 100).tolist()
        assert game.y.tolist() == (trial.positions % 2).tolist()
        assert game.X_test[:, 0].tolist() == (game.test_rows - 500).tolist()
        assert game.y_test.tolist() == ((game.test_rows - 500) % 2).tolist()


def test_raw_features_are_drawn_like_preprocessed_ones():
    plain = problem_of()
    raw = Problem(**{**vars(plain), "X": pd.DataFrame(plain.X), "X_test": pd.DataFrame(plain.X_test)})
    one, other = draw_trial(plain, 10, seed=3), draw_trial(raw, 10, seed=3)
    assert other.valued.X[0].tolist() == one.valued.X[:, 0].tolist()
    assert other.held.X_test[0].tolist() == one.held.X_test[:, 0].tolist()
    assert other.valued.X.index.tolist() == list(range(10))


def test_seeds_draw_and_few_rows_are_all_there_is():
    a, b, c = (draw_trial(problem_of(), 10, seed=seed) for seed in (1, 1, 2))
    assert a.positions.tolist() == b.positions.tolist() != c.positions.tolist()
    assert a.judges.tolist() == b.judges.tolist() != c.judges.tolist()
    assert draw_trial(problem_of(), 1000, seed=1).positions.tolist() == list(range(40))


@pytest.mark.parametrize(("n", "m"), [(1, 10), (10, 1)])
def test_too_few_rows_are_told(n, m):
    with pytest.raises(InquestError, match=f"there are {n} training rows and {m} test rows"):
        draw_trial(problem_of(n, m), 10, seed=0)


@pytest.mark.parametrize(("share", "wrong"), [(0.1, 4), (0.5, 20), (0.001, 1)])
def test_flipped_labels_are_as_many_as_asked_and_one_at_least(share, wrong):
    problem = problem_of(k=3)
    noisy, flipped = with_wrong_labels(problem, share, seed=0)
    assert flipped.sum() == wrong
    assert np.array_equal(noisy.y != problem.y, flipped)
    assert noisy.X is problem.X and noisy.y_test is problem.y_test
