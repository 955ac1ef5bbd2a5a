"""The chapter's figures and pages, from experiments on Fisher's irises and from methods that know nothing."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, RidgeClassifier

from inquest.artefacts import read_json, write_chapter
from inquest.learners.metrics import FINE
from inquest.learners.problem import Problem
from inquest.quality.methods import METHODS, remove_rows, value_rows
from inquest.quality.summary import summarise
from inquest.quality.trials import draw_trial, with_wrong_labels
from inquest.report.blocks import Build, Chapter
from inquest.report.citations import Citations
from inquest.report.document import environment
from inquest.report.plots import quality as plots

REPO = Path(__file__).resolve().parents[2]
OPTIONS = {"permutations": 2, "subsets": 10, "bags": 20}


def experiment(estimator, repeats, rows=60):
    """Both experiments as the rules do them."""
    X, y = load_iris(return_X_y=True)
    some = np.random.default_rng(0).permutation(150)
    train, test = some[:100], some[100:]
    problem = Problem(X[train], y[train], X[test], y[test], train, test, list("svw"))
    given = ([], [], [], [], [])
    for seed in range(repeats):
        trial = draw_trial(problem, rows, seed)
        noisy, flipped = with_wrong_labels(trial.valued, 0.1, seed)
        game = noisy.utility(estimator, "accuracy", [FINE])
        found = value_rows(game, noisy, OPTIONS, seed)
        table = found.values.assign(row=noisy.rows, flipped=flipped)
        clean = value_rows(trial.valued.utility(estimator, "accuracy", [FINE]), trial.valued, OPTIONS, seed)
        curves = remove_rows(trial.held.utility(estimator, "accuracy"), clean.values, seed)
        sizes = {"rows": len(noisy.y), "of": 100, "judges": len(trial.judges), "others": len(trial.others)}
        for part, one in zip(
            given,
            (
                table,
                curves,
                {"models": found.models, "family": game.family},
                {"models": clean.models, **sizes},
                found.seconds,
            ),
            strict=True,
        ):
            part.append(one)
    return given


def page(folder, given):
    """Return the chapter's text, without its pictures, and its facts."""
    facts, tables, seconds = summarise(*given, "accuracy")
    facts |= {"flip": 0.1, "repeats": len(given[0]), **OPTIONS}
    write_chapter(folder, facts, tables)
    plots.detection(folder / "figures" / "detection.svg", tables["precision"], facts)
    plots.removal(folder / "figures" / "removal.svg", tables["curves"], facts)
    facts = read_json(folder / "facts.json")
    chapter = Chapter(Build(Citations(REPO / "report/references.json")), "quality", folder)
    words = {**chapter.words(), "facts": facts, "timings": {"seconds": seconds}, "provenance": {"of": "this"}}
    html = environment(REPO / "report").get_template("chapters/quality.html.j2").render(**words)
    return " ".join(re.sub(r"<[^>]*>", " ", html).replace("\u00a0", " ").split()), facts


def test_irises_with_repeats(tmp_path):
    text, facts = page(tmp_path, experiment(LogisticRegression(), repeats=2))
    assert facts["detection"]["best"]["beats_chance"] and facts["detection"]["finer"]["of"] == 4
    best = facts["detection"]["best"]["name"]
    begins = best if best.startswith("k-") else best[0].upper() + best[1:]  # k-NN keeps its small letter
    assert f"{begins} finds flipped labels best" in text
    assert "6 labels of 60 (10%) were flipped" in text
    assert "60 of the 100 training rows" in text and "25 test rows score" in text
    assert "were drawn 2 times" in text and "Data Banzhaf, log-loss" in text and "[" in text
    assert "nan" not in text.lower() and "None" not in text
    for name in ("detection", "removal"):
        assert (tmp_path / "figures" / f"{name}.svg").stat().st_size < 300_000


def test_no_probabilities_one_repeat_and_fewer_rows_than_asked(tmp_path):
    text, facts = page(tmp_path, experiment(RidgeClassifier(), repeats=1, rows=1000))
    assert facts["detection"]["finer"] is None and facts["rows"] == 100
    assert "log-loss" not in text and "[" not in text
    assert "all 100 training rows" in text and "were drawn" not in text and "in every repeat" not in text


def test_methods_that_know_nothing_are_told_so(tmp_path):
    rng = np.random.default_rng(0)
    flipped = np.arange(200) < 20
    table = pd.DataFrame({"row": np.arange(200), "flipped": flipped})
    values = pd.DataFrame({method: rng.random(200) for method in METHODS})
    values.loc[:, ["loo", "knn"]] = 0.0
    curves = pd.concat(
        pd.DataFrame(
            {"variant": method, "first": first, "removed": np.linspace(0, 1, 21), "kept": 0, "worth": 0.7}
        )
        for method in METHODS
        for first in ("best", "worst")
    )
    models = dict.fromkeys(METHODS, 3)
    text, _ = page(
        tmp_path,
        (
            [pd.concat([table, values], axis=1)],
            [curves],
            [{"models": models, "family": "plain retraining"}],
            [{"models": models, "rows": 200, "of": 300, "judges": 9, "others": 9}],
            [dict.fromkeys(METHODS, 0.5)],
        ),
    )
    assert "No method finds flipped labels reliably better than a random order does" in text
    assert "None tells reliably better than chance which rows can be removed" in text
    assert "No method exceeds that" in text and "never raised the accuracy" in text
    assert "the same skill" not in text


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_a_line_of_its_own(method):
    others = [style for name, style in plots.LINES.items() if name != method]
    assert plots.LINES[method]["color"] not in [style["color"] for style in others]
