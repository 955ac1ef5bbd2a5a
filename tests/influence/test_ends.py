"""How much the influence of the rows at either end depends on the test rows."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, RidgeClassifier

from inquest.influence.ends import SHOWN, judge_ends, ranking, two_ends
from inquest.learners import RetrainingUtility
from inquest.learners.metrics import FINE


def utility(estimator, n=60, metric="accuracy"):
    rng = np.random.default_rng(4)
    X, X_test = rng.normal(size=(n, 3)), rng.normal(size=(40, 3))
    y, y_test = (rng.normal(size=len(x)) + x[:, 0] > 0 for x in (X, X_test))
    return RetrainingUtility(
        estimator, X, y.astype(int), X_test, y_test.astype(int), n_classes=2, metric=metric, metrics=[FINE]
    )


def test_the_mean_is_the_influence_and_the_interval_that_of_a_mean_of_paired_differences():
    game = utility(LogisticRegression(tol=1e-10))
    found = judge_ends(game, [7, 3])
    everyone = np.arange(60)
    full = game(everyone).metrics[FINE]
    for position, one in zip((7, 3), found.to_dict("records"), strict=True):
        rest = np.delete(everyone, position)
        assert one["position"] == position
        assert one["influence"] == pytest.approx(full - game(rest).metrics[FINE], abs=1e-12)
        logs = [
            np.log(LogisticRegression(tol=1e-10).fit(game.X[rows], game.y[rows]).predict_proba(game.X_test))
            for rows in (everyone, rest)
        ]
        lost = (logs[0] - logs[1])[np.arange(40), game.y_test]
        half = 1.959964 * lost.std(ddof=1) / np.sqrt(40)
        assert (one["low"], one["high"]) == pytest.approx((lost.mean() - half, lost.mean() + half))
        sizes = np.sort(np.abs(lost))[::-1]
        k = one["test_rows"]
        assert sizes[:k].sum() >= sizes.sum() / 2 > sizes[: k - 1].sum()


def test_without_probabilities_right_and_wrong_are_what_is_compared():
    game = utility(RidgeClassifier(), n=12)
    found = judge_ends(game, range(12))
    full = game(np.arange(12))
    alone = [full - game(np.delete(np.arange(12), i)) for i in range(12)]
    assert found["influence"].tolist() == pytest.approx(alone)
    assert ((found["test_rows"] == 0) == (found["low"] == found["high"])).all()


def test_rows_are_ranked_by_the_log_loss_then_by_the_metric_then_by_number():
    every = pd.DataFrame({"row": [5, 4, 3, 2, 1], "influence": [0.0, 0.1, 0.0, 0.0, 0.0]})
    every[f"influence_{FINE}"] = [0.2, 0.1, 0.1, 0.1, 0.3]
    assert ranking(every)["row"].tolist() == [1, 5, 4, 2, 3]
    blind = every.assign(**{f"influence_{FINE}": np.nan})
    assert ranking(blind)["row"].tolist() == [4, 1, 2, 3, 5]


def test_no_row_stands_at_both_ends():
    best, worst = two_ends(pd.DataFrame({"row": range(7)}))
    assert best["row"].tolist() == [0, 1, 2] and worst["row"].tolist() == [6, 5, 4]
    best, worst = two_ends(pd.DataFrame({"row": range(100)}))
    assert len(best) == len(worst) == SHOWN and worst["row"].iloc[0] == 99
    assert judge_ends(utility(LogisticRegression()), []).empty
