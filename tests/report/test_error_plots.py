"""The figure of the error map: what it names, how it copes with many labels and with none wrong, its size."""

import re

import numpy as np
import pandas as pd
import pytest

from inquest.report.figures import INK, LABELS
from inquest.report.plots.errors import FAINTEST, error_map, opacity


def made(classes, n=120, wrong=0.2, flat=False):
    """Points of two projections, and the facts of these."""
    rng = np.random.default_rng(0)
    gold = np.array([classes[i % len(classes)] for i in range(n)], object)
    points = pd.DataFrame({"gold": gold, "predicted": gold, "confidence": rng.uniform(0.5, 1, n)})
    points["wrong"] = rng.random(n) < wrong
    for name in ("pca", "tsne-30"):
        points[f"x:{name}"], points[f"y:{name}"] = rng.normal(size=n), rng.normal(size=n) * (not flat)
    methods = [
        {"name": "pca", "title": "PCA", "method": "pca", "trustworthiness": 0.8151, "shown": False},
        {"name": "tsne-9", "title": "t-SNE, 9", "method": "tsne", "trustworthiness": 0.7, "shown": False},
        {"name": "tsne-30", "title": "t-SNE, 30", "method": "tsne", "trustworthiness": None, "shown": True},
    ]
    return points, methods


def words(path):
    return re.findall(r"<!-- (.*?) -->", path.read_text())


def size(path):
    """Width and height in inches."""
    svg = path.read_text()
    return [float(re.search(rf'<svg[^>]* {side}="([0-9.]+)pt"', svg)[1]) / 72 for side in ("width", "height")]


def test_the_components_and_the_shown_projection_are_drawn_with_a_legend(tmp_path):
    points, methods = made(["negative", "positive $x$"])
    error_map(tmp_path / "map.svg", points, ["negative", "positive $x$"], methods)
    found = words(tmp_path / "map.svg")
    assert {"PCA", "t-SNE, 30", "negative", "wrong", "confidence"} <= set(found)
    assert "trustworthiness 0.815" in found and "t-SNE, 9" not in found
    assert {"1", "0.75", "0.5"} <= set(found)
    svg = (tmp_path / "map.svg").read_text()
    assert INK in svg and LABELS[0] in svg and LABELS[1] in svg
    width, height = size(tmp_path / "map.svg")
    assert width == pytest.approx(6.46, abs=0.02) and height <= 2.61


def test_the_same_points_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        points, methods = made(["no", "yes"])
        error_map(tmp_path / f"{name}.svg", points, ["no", "yes"], methods)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


@pytest.mark.parametrize("classes", [3, 8, 30])
def test_the_legend_names_the_commonest_labels(tmp_path, classes):
    names = [f"label {i}" for i in range(classes)]
    points, methods = made(names, n=700)
    points.loc[:60, "gold"] = names[-1]
    error_map(tmp_path / "map.svg", points, names, methods)
    found = words(tmp_path / "map.svg")
    assert sum(word.startswith("label") for word in found) == min(classes, 14) and names[-1] in found
    assert ("… and 16 more" in found) == (classes == 30)
    assert (tmp_path / "map.svg").stat().st_size < 600_000 and size(tmp_path / "map.svg")[1] <= 2.61


def test_a_wide_map_takes_less_of_the_page(tmp_path):
    points, methods = made(["no", "yes"], flat=True)
    error_map(tmp_path / "flat.svg", points, ["no", "yes"], methods)
    assert size(tmp_path / "flat.svg")[1] < 1.8


@pytest.mark.parametrize("wrong", [0, 2])
def test_none_wrong_all_wrong_and_the_components_alone(tmp_path, wrong):
    points, methods = made(["no", "yes"], wrong=wrong)
    error_map(tmp_path / "map.svg", points, ["no", "yes"], [{**methods[0], "shown": True}])
    assert "nan" not in (tmp_path / "map.svg").read_text().lower()
    assert words(tmp_path / "map.svg").count("PCA") == 1


def test_opacity_goes_from_even_chances_to_certainty():
    assert opacity([1 / 8, 1.0], 8).tolist() == [FAINTEST, 1.0]
    assert opacity([0.1], 8)[0] == FAINTEST  # rounding may take it below
