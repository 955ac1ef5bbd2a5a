"""What is gathered of each training row: from a table of eight rows that can be checked by eye."""

import numpy as np
import pandas as pd
import pytest

from inquest.explorer.rows import gather_rows, nearest_rows

CLEAN = {"label": {"name": "y", "classes": ["a", "b"]}, "features": {"names": ["x", "colour"]}}
TABLE = pd.DataFrame(
    {
        "row": [2, 3, 5, 7, 11, 13, 17, 19],
        "x": [0.0, 0.0, 1.0, 2.0, 2.0, 9.0, 0.0, np.nan],
        "colour": ["red", "red", "red", "blue", "blue", None, "red", None],
        "y": ["a", "b", "a", "b", "b", "a", "a", "b"],
    }
)
PARTS = pd.DataFrame({"row": TABLE["row"], "part": ["train"] * 6 + ["test"] * 2})
UNUSUAL = pd.DataFrame(
    {
        "row": [2, 3, 5, 7, 11, 13],
        "code": [0, 1, 0, 1, 1, 0],
        "predicted": [0, 0, 0, 1, 1, 1],
        "probability": [0.9, 0.1, 0.8, 0.7, 0.7, 0.4],
        "loss": -np.log([0.9, 0.1, 0.8, 0.7, 0.7, 0.4]),
        "margin": [0.8, -0.8, 0.6, 0.4, 0.4, -0.2],
        "agreement": [0.5, 0.25, 0.5, 1.0, 1.0, 0.75],
        "isolation": [0.3, 0.3, 0.3, 0.3, 0.3, 0.6],
        "distance": [1.0, 2.0, 1.0, 1.0, 1.0, 7.0],
    }
)


def gathered(**given):
    return gather_rows(TABLE, PARTS, UNUSUAL, CLEAN, **{"metric": "accuracy", **given})


def flagged(rows, flag):
    return rows.loc[rows[f"flag:{flag}"], "row"].tolist()


def test_flags_tell_of_mistakes_twins_and_test_rows():
    rows = gathered()
    assert rows["row"].tolist() == [2, 3, 5, 7, 11, 13]
    assert flagged(rows, "misclassified") == [3, 13]
    assert flagged(rows, "doubtful") == [3]  # the neighbours of 13 have its label
    assert flagged(rows, "twin") == [2, 3, 7, 11]
    assert flagged(rows, "contradicted") == [2, 3]
    assert flagged(rows, "tested") == [2, 3]  # row 17 has their features
    assert rows["confidence"].tolist() == pytest.approx([0.9, 0.9, 0.8, 0.7, 0.7, 0.6])


def test_what_the_study_has_is_there_and_what_it_has_not_is_not():
    assert not {"loo", "loo_fine", "shapley", "knn"} & set(gathered())
    left_out = pd.DataFrame({"row": [7, 2], "influence": [0.1, -0.2], "influence_neg_log_loss": [1.0, 2.0]})
    valued = pd.DataFrame(
        {"row": [13, 3], "value": [0.5, 0.25], "standard_error": [0.1, 0.2], "knn": [3.0, 4.0]}
    )
    rows = gathered(left_out=left_out, valued=valued).set_index("row")
    assert rows["loo"].dropna().to_dict() == {2: -0.2, 7: 0.1}
    assert rows["loo_fine"].dropna().to_dict() == {2: 2.0, 7: 1.0}
    assert rows["shapley"].dropna().to_dict() == {3: 0.25, 13: 0.5}
    assert rows["shapley_error"].dropna().to_dict() == {3: 0.2, 13: 0.1}
    assert "shapley_fine" not in rows
    assert "loo_fine" not in gathered(left_out=left_out, metric="neg_log_loss")


def test_a_classifier_without_probabilities_has_no_confidence_and_no_loss():
    bare = UNUSUAL.assign(probability=np.nan, loss=np.nan)
    rows = gather_rows(TABLE, PARTS, bare, CLEAN, "accuracy")
    assert not {"probability", "confidence", "loss"} & set(rows)
    assert flagged(rows, "misclassified") == [3, 13]


def test_the_nearest_rows_come_in_order_and_ties_by_the_split():
    features = np.array([[0.0], [1.0], [-1.0], [5.0]])
    found = nearest_rows(features, np.array([0, 0, 1, 1]), np.array([10, 20, 30, 40]), 2)
    assert found["row"].tolist() == [10, 10, 20, 20, 30, 30, 40, 40]
    assert found["neighbour"].tolist() == [20, 30, 10, 30, 10, 20, 20, 10]
    assert found["distance"].tolist() == [1, 1, 1, 2, 1, 2, 4, 5]
    assert found["same"].tolist() == [True, False, True, False, False, False, False, False]
    assert len(nearest_rows(features, np.array([0, 0, 1, 1]), np.arange(4), 9)) == 4 * 3
