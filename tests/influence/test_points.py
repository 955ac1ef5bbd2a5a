"""In which order training rows are left out."""

import numpy as np
import pandas as pd
import pytest

from inquest.errors import InquestError
from inquest.influence.points import order_points

ROWS = pd.DataFrame(
    {
        "row": [10, 11, 12, 13, 14, 15, 16, 17],
        "code": [0, 0, 0, 0, 0, 1, 1, 2],
        "loss": [0.1, 0.9, 0.3, 0.9, 0.2, 2.0, 0.0, 0.4],
    }
)


def test_random_is_a_reproducible_order_of_all_rows():
    found = order_points(ROWS, "random", [], seed=3)
    assert sorted(found["position"]) == list(range(8))
    assert (found["row"] == found["position"] + 10).all()
    pd.testing.assert_frame_equal(found, order_points(ROWS, "random", [], seed=3))
    assert found["row"].tolist() != order_points(ROWS, "random", [], seed=4)["row"].tolist()


def test_stratified_takes_the_labels_in_turn_until_they_run_out():
    for seed in range(5):
        found = order_points(ROWS, "stratified", [], seed)
        assert ROWS["code"].to_numpy()[found["position"]].tolist() == [0, 1, 2, 0, 1, 0, 0, 0]
        assert sorted(found["row"]) == ROWS["row"].tolist()


def test_stratified_draws_at_random_within_a_label():
    firsts = {order_points(ROWS, "stratified", [], seed)["row"][0] for seed in range(60)}
    assert firsts == {10, 11, 12, 13, 14}


def test_highest_loss_first_and_of_equals_the_first():
    found = order_points(ROWS, "highest_loss", [], seed=0)
    assert found["row"].tolist() == [15, 11, 13, 17, 12, 14, 10, 16]
    assert found["position"].tolist() == [5, 1, 3, 7, 2, 4, 0, 6]


def test_listed_rows_in_the_order_of_the_list():
    found = order_points(ROWS, "listed", [16, 10], seed=0)
    assert found["position"].tolist() == [6, 0] and found["row"].tolist() == [16, 10]


def test_a_listed_row_that_is_not_in_training():
    with pytest.raises(
        InquestError, match=r"`influence.points.rows`: the row id 9 is not in the training split"
    ):
        order_points(ROWS, "listed", [10, 9], seed=0)


def test_without_probabilities_there_is_no_highest_loss():
    with pytest.raises(
        InquestError, match=r"`influence.points.choose`: .* no probabilities.*; random, stratified"
    ):
        order_points(ROWS.assign(loss=np.nan), "highest_loss", [], seed=0)
