"""The figures of the classifier chapter: true to their numbers, legible, and small."""

import re

import numpy as np
import pytest

from inquest.report.figures import SIGN
from inquest.report.plots import classifier as plots

SMALL = 300_000  # bytes


def history(epochs, steps):
    """Curves whose training loss falls; the first epoch is the best."""
    return {
        "epochs": [
            {"epoch": i, "train_loss": 1 / i, "train_accuracy": 0.8, "loss": 0.5 * i, "accuracy": 0.9 / i}
            for i in range(1, epochs + 1)
        ],
        "steps": [
            {"epoch": epochs * i / steps, "loss": 1 / i, "accuracy": 0.7 + 0.2 * (i % 2)}
            for i in range(1, steps + 1)
        ],
        "best_epoch": 1,
    }


def expectation(name, verdict, texts, value):
    """An expectation with so many texts of 1,000, and an interval of 5 points either way."""
    ends = {"low": None, "high": None} if value is None else {"low": value - 0.05, "high": value + 0.05}
    return {
        "name": name, "with": {"texts": texts}, "without": {"texts": 1000 - texts}, "verdict": verdict,
        "difference": {"value": value, **ends},
    }  # fmt: skip


def words(path):
    """The texts of a figure, which the SVG keeps as comments beside their shapes."""
    return re.findall(r"<!-- (.*?) -->", path.read_text())


def test_long_curves_are_thinned_to_means_of_neighbours():
    """650 steps are 300 runs: 50 of three and 250 of two, whose means keep the mean of the whole."""
    steps = [{"epoch": i / 100, "loss": float(i), "accuracy": 0.5} for i in range(650)]
    at, means = plots._thinned(steps)
    assert len(at) == len(means["loss"]) == 300
    assert means["loss"][:2].tolist() == [1.0, 4.0]  # of 0, 1, 2 and of 3, 4, 5
    assert means["loss"][-1] == 648.5 and at[-1] == pytest.approx(6.485)
    at, means = plots._thinned(steps[:4])
    assert at.tolist() == [0.0, 0.01, 0.02, 0.03] and means["accuracy"].tolist() == [0.5] * 4
    assert len(plots._thinned([])[0]) == 0


@pytest.mark.parametrize(("epochs", "steps"), [(1, 0), (1, 3), (3, 40), (200, 20_000)])
def test_learning_curves_of_any_length(tmp_path, epochs, steps):
    plots.learning(tmp_path / "learning.svg", history(epochs, steps))
    assert {"loss", "accuracy", "validation", "kept"} <= set(words(tmp_path / "learning.svg"))
    assert (tmp_path / "learning.svg").stat().st_size < SMALL


def test_a_loss_that_is_no_number_leaves_a_gap(tmp_path):
    curves = history(3, 40)
    curves["steps"][20]["loss"] = curves["epochs"][2]["loss"] = None
    plots.learning(tmp_path / "learning.svg", curves)
    assert "nan" not in (tmp_path / "learning.svg").read_text().lower()


def a_bin(low, texts, confidence, accuracy):
    return {
        "low": low, "high": low + 0.1, "texts": texts, "confidence": confidence, "accuracy": accuracy,
        "accuracy_low": accuracy - 0.1, "accuracy_high": min(1.0, accuracy + 0.1),
    }  # fmt: skip


@pytest.mark.parametrize("classes", [2, 8, 30])
def test_a_confusion_matrix_has_numbers_for_ten_classes_at_most(tmp_path, classes):
    counts = np.arange(classes**2).reshape(classes, classes) + 1234
    names = [f"label {i} $" for i in range(classes)]
    bins = [a_bin(0.5, 30, 0.56, 0.5), a_bin(0.9, 70, 0.97, 0.9)]
    plots.quality(tmp_path / "quality.svg", counts, names, bins, ece=0.07)
    found = words(tmp_path / "quality.svg")
    assert ("1,234" in found) == (classes <= 10) and found.count("label 1 $") == 2
    assert "Calibration: ECE 0.070" in found
    assert (tmp_path / "quality.svg").stat().st_size < SMALL


def test_one_bin_and_a_label_that_no_text_has(tmp_path):
    plots.quality(tmp_path / "quality.svg", [[3, 0], [0, 0]], ["a", "b"], [a_bin(0.9, 3, 1.0, 1.0)], ece=0.0)
    assert "nan" not in (tmp_path / "quality.svg").read_text().lower()


def test_a_verdict_has_its_colour_and_only_those_there_are_in_the_legend(tmp_path):
    rows = [
        expectation("Long texts are harder", "borne out", 200, 0.1),
        expectation("Questions are harder", "open", 300, 0.01),
        expectation("Short texts are easier", "contradicted", 400, 0.2),
        expectation("Texts in capitals are harder", "no such texts", 0, None),
    ]
    for name, some in (("all", rows), ("open", rows[1:2])):
        plots.expectations(tmp_path / f"{name}.svg", some)
    svg, found = (tmp_path / "all.svg").read_text(), words(tmp_path / "all.svg")
    assert SIGN["helps"] in svg and SIGN["hurts"] in svg
    assert {"borne out", "open", "contradicted", "Long texts are harder", "200 | 800", "0 | 1,000"} <= set(
        found
    )
    assert [word.strip() for word in found].count("no such texts") == 1
    svg, found = (tmp_path / "open.svg").read_text(), words(tmp_path / "open.svg")
    assert SIGN["helps"] not in svg and "borne out" not in found and "open" in found


def test_no_expectations_are_said_to_be_none(tmp_path):
    plots.expectations(tmp_path / "none.svg", [])
    assert "The study states no expectations." in words(tmp_path / "none.svg")
