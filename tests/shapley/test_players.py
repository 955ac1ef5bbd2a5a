"""Which training rows are valued."""

import math

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

from inquest.learners.retraining import RetrainingUtility
from inquest.shapley.players import draw_rows, game_of, score_of
from inquest.utility import Players

Y = np.array([0] * 60 + [1] * 30 + [2] * 10)


def test_stratified_rows_keep_the_shares():
    for seed in range(5):
        rows = draw_rows(Y, 20, "stratified", seed)
        assert np.bincount(Y[rows]).tolist() == [12, 6, 2]
        assert rows.tolist() == sorted(set(rows.tolist()))


def test_stratified_rows_keep_them_up_to_one_row():
    """Of 7 rows, 4.2, 2.1 and 0.7: the largest remainder gets the last one."""
    assert np.bincount(Y[draw_rows(Y, 7, "stratified", 0)]).tolist() == [4, 2, 1]
    assert len(draw_rows(Y, 99, "stratified", 0)) == 99


def test_random_rows():
    rows = draw_rows(Y, 20, "random", 3)
    assert len(set(rows.tolist())) == 20 and rows.tolist() == sorted(rows.tolist())
    assert rows.tolist() == draw_rows(Y, 20, "random", 3).tolist() != draw_rows(Y, 20, "random", 4).tolist()
    drawn = np.concatenate([draw_rows(Y, 10, "random", seed) for seed in range(500)])
    counts = np.bincount(drawn, minlength=100)  # each row in about 50 of 500 draws of 10 of 100
    assert counts.min() > 20 and counts.max() < 85


def test_more_rows_than_there_are_give_all():
    for choose in ("random", "stratified"):
        assert (
            draw_rows(Y, 100, choose, 0).tolist()
            == draw_rows(Y, 500, choose, 0).tolist()
            == draw_rows(Y, None, choose, 0).tolist()
            == list(range(100))
        )


def test_rows_play_in_their_own_game_and_groups_in_that_of_all():
    X = np.arange(6.0)[:, None]
    utility = RetrainingUtility(
        KNeighborsClassifier(1), X, [0, 0, 0, 1, 1, 1], X, [0, 0, 0, 1, 1, 1], n_classes=2
    )
    game, learner = game_of(utility, {"positions": [0, 5]})
    assert game is learner and game.n_rows == 2
    assert float(game([0, 1])) == 1.0 == float(utility([0, 5])) and learner.solved["plain"] == 1
    game, learner = game_of(utility, {"members": [[0, 1], [5]]})
    assert isinstance(game, Players) and learner is utility and game.n_rows == 2
    assert float(game([0, 1])) == float(utility([0, 1, 5]))


def test_scores_from_their_metrics():
    score = score_of({"accuracy": 0.5, "neg_log_loss": None}, "accuracy")
    assert score == 0.5 and score.metrics["accuracy"] == 0.5 and math.isnan(score.metrics["neg_log_loss"])
