"""The map of the data, against scikit-learn and by hand."""

import numpy as np
import pytest
from scipy.stats import rankdata
from sklearn.decomposition import PCA

from inquest.shapley.plane import project


def test_against_scikit_learns_components_of_the_ranks():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(50, 4)) @ rng.normal(size=(4, 4))
    places, facts = project(features, list("abcd"))
    model = PCA(2).fit(rankdata(features, axis=0) / 50)
    mine, theirs = places.to_numpy(), model.transform(rankdata(features, axis=0) / 50)
    assert np.abs(mine) == pytest.approx(np.abs(theirs), abs=1e-8)
    assert [axis["share"] for axis in facts["axes"]] == pytest.approx(model.explained_variance_ratio_)


def test_a_huge_value_takes_no_axis_for_itself():
    features = np.column_stack([np.arange(20.0), np.zeros(20)])
    features[0, 1] = 1e9
    places, facts = project(features, ["age", "gain"])
    assert facts["axes"][0]["high"] == ["age"] and facts["axes"][0]["share"] > 0.8
    assert (places["x"][1:].diff().dropna() > 0).all()  # to where the largest loading is positive


def test_axes_are_named_by_what_loads_on_them():
    is_man = np.array([0.0, 0, 0, 1, 1, 1])
    features = np.column_stack([is_man, 1 - is_man, np.zeros(6)])
    _, facts = project(features, ["man", "woman", "other"])
    first = facts["axes"][0]
    assert first["high"] == ["man"] and first["low"] == ["woman"]
    assert facts["rows"] == 6


def test_rows_without_any_difference_have_no_axes():
    places, facts = project(np.ones((5, 3)), ["a", "b", "c"])
    assert facts["axes"] == [] and (places == 0).all(axis=None)
    places, facts = project(np.arange(4.0)[:, None], ["a"])
    assert len(facts["axes"]) == 1 and (places["y"] == 0).all()


def test_equal_data_give_an_equal_map():
    rng = np.random.default_rng(1)
    features = rng.normal(size=(30, 5))
    assert project(features, list("abcde"))[0].equals(project(features.copy(), list("abcde"))[0])
