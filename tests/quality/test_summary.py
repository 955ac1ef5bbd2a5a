"""What is said of the methods, from values and curves whose measures can be worked out by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from inquest.learners.metrics import FINE
from inquest.quality.methods import METHODS
from inquest.quality.summary import (
    chance_of,
    name_of,
    precision_at,
    summarise,
    summarise_detection,
    summarise_removal,
)
from inquest.valuation.experiments import detection

MODELS = {"random": 0, "loo": 11, "shapley": 20, "beta": 20, "banzhaf": 8, "knn": 0, "oob": 5}
FLIPPED = np.arange(10) < 2


def found_with(**values):
    """Values of ten rows, of which the first two are flipped; the random ones find them last."""
    named = {name.replace("_fine", f":{FINE}"): found for name, found in values.items()}
    columns = {"random": -np.arange(10.0)} | named
    return pd.DataFrame({"row": np.arange(10), "flipped": FLIPPED, **columns})


PERFECT = np.arange(10.0)
GOOD = np.array([0, 3, 2, 3.5, 4, 5, 6, 7, 8, 9])  # the second flipped row comes third: AP (1 + 2/3) / 2


def curve(variant, first, worths):
    removed = np.linspace(0, 1, len(worths))
    return pd.DataFrame(
        {"variant": variant, "first": first, "removed": removed, "kept": 10 - 10 * removed, "worth": worths}
    )


def curves_of(**worths):
    """Curves at 0, 10, …, 100 % of removal, each falling by a slope a step, which differ by ``first``."""
    falls = {"random": (0.01, 0.01)} | {k.replace("_fine", f":{FINE}"): v for k, v in worths.items()}
    return pd.concat(
        curve(variant, first, 0.9 - fall * np.arange(11))
        for variant, pair in falls.items()
        for first, fall in zip(("best", "worst"), pair, strict=True)
    )


def test_detection_is_ranked_with_its_range_over_the_repeats():
    first, second = found_with(knn=PERFECT, oob=GOOD), found_with(knn=GOOD, oob=GOOD)
    facts, tables = summarise_detection([first, second], [MODELS, MODELS])
    table = tables["detection"].set_index("variant")
    assert table.index.tolist() == ["knn", "oob", "random"]
    good = (1 + 2 / 3) / 2
    assert table.loc["knn", "average_precision"] == pytest.approx((1 + good) / 2)
    assert table.loc["knn", "average_precision_low"] == pytest.approx(good)
    assert table.loc["knn", "average_precision_high"] == 1
    assert table.loc["oob", ["average_precision_low", "average_precision_high"]].tolist() == [good, good]
    assert table.loc["oob", ["r_precision", "models"]].tolist() == [0.5, 5]
    assert (facts["flipped"], facts["methods"], facts["best"]["variant"]) == (2, 2, "knn")
    assert facts["random"]["average_precision"] == pytest.approx((1 / 9 + 2 / 10) / 2)
    assert facts["finer"] is None and facts["frugal"] is None  # the best one retrains nothing


def test_a_nearly_as_good_method_with_fewer_models_is_the_frugal_one():
    facts, _ = summarise_detection([found_with(shapley=PERFECT, oob=PERFECT, banzhaf=-PERFECT)], [MODELS])
    assert facts["best"]["variant"] == "shapley"  # of equals, the first
    assert facts["frugal"]["variant"] == "oob"
    facts, _ = summarise_detection([found_with(shapley=PERFECT, oob=GOOD)], [MODELS])
    assert facts["frugal"] is None  # 0.83 is less than nine tenths


def test_the_finer_score_is_held_against_the_primary_one():
    facts, _ = summarise_detection(
        [found_with(loo=GOOD, loo_fine=PERFECT, beta=GOOD, beta_fine=-PERFECT, knn=GOOD)], [MODELS]
    )
    assert facts["finer"] == {"better": 1, "of": 2}
    assert facts["best"]["name"] == "leave-one-out, log-loss"


def test_precision_once_so_many_are_found():
    _, tables = summarise_detection([found_with(knn=PERFECT), found_with(knn=GOOD)], [MODELS, MODELS])
    mine = tables["precision"].query("variant == 'knn'")
    assert mine["recall"].tolist() == [0.5, 1.0]
    assert mine["mean"].tolist() == pytest.approx([1, (1 + 2 / 3) / 2])
    assert mine["low"].tolist() == pytest.approx([1, 2 / 3]) and mine["high"].tolist() == [1, 1]


def test_precision_of_rows_of_one_value_is_theirs_together():
    found = detection([0.0, 0.0, 1.0, 2.0], [True, True, False, True])
    assert precision_at(found.curve, 3).tolist() == [1.0, 1.0, 0.75]


def test_chance_is_that_of_random_orders():
    """Of 3 rows with one flipped, random orders find it first, second or third: (1 + 1/2 + 1/3) / 3."""
    mean, high = chance_of(3, 1)
    assert mean == pytest.approx((1 + 1 / 2 + 1 / 3) / 3, abs=0.02) and high == 1
    rng = np.random.default_rng(1)
    flipped = np.arange(200) < 20
    scores = [average_precision_score(flipped, rng.random(200)) for _ in range(400)]
    mean, high = chance_of(200, 20)
    assert mean == pytest.approx(np.mean(scores), abs=0.005)
    assert np.mean(np.array(scores) > high) == pytest.approx(0.01, abs=0.015)


def test_only_what_beats_random_orders_in_every_repeat_beats_chance():
    rng = np.random.default_rng(0)

    def repeat(luck):
        flipped = np.arange(200) < 20
        return pd.DataFrame(
            {
                "row": np.arange(200),
                "flipped": flipped,
                "random": rng.random(200),
                "knn": ~flipped + 0.5 * rng.random(200),
                "oob": ~flipped if luck else flipped * 1.0,
            }
        )

    facts, _ = summarise_detection([repeat(True), repeat(False)], [MODELS, MODELS])
    assert facts["beating"] == 1 and facts["not_beating"] == ["Data-OOB"]
    assert facts["best"]["beats_chance"]


def test_removal_by_hand():
    """Slopes of 0.04 and 0.02 a tenth: means up to a half of 0.8 and 0.85; at a fifth 0.82 and 0.86."""
    curves = [curves_of(knn=(0.04, 0.02)), curves_of(knn=(0.02, 0.0))]
    facts, tables = summarise_removal(curves, [MODELS, MODELS])
    row = tables["removal"].set_index("variant").loc["knn"]
    assert row["area_best"] == pytest.approx((0.8 + 0.85) / 2)
    assert row["area_worst"] == pytest.approx((0.85 + 0.9) / 2)
    assert row[["gap", "gap_low", "gap_high"]].tolist() == pytest.approx([0.05, 0.05, 0.05])
    assert row["early_best"] == pytest.approx((0.82 + 0.86) / 2)
    assert row["early_worst"] == pytest.approx((0.86 + 0.9) / 2)
    assert facts["full"] == 0.9 and (facts["beating"], facts["not_beating"]) == (1, [])
    assert facts["lift"]["gain"] == pytest.approx(0.88 - 0.9)
    drawn = tables["curves"].query("variant == 'knn' and first == 'best'")
    assert drawn["removed"].tolist() == pytest.approx([0, 0.1, 0.2, 0.3, 0.4, 0.5])
    assert drawn["mean"].tolist() == pytest.approx(0.9 - 0.03 * np.arange(6))
    assert drawn["low"].tolist() == pytest.approx(0.9 - 0.04 * np.arange(6))


def test_a_gap_that_a_random_order_has_too_beats_nothing():
    one, other = curves_of(knn=(0.03, 0.0), oob=(0.02, 0.02)), curves_of(knn=(0.01, 0.02), oob=(0.02, 0.02))
    facts, tables = summarise_removal([one, other], [MODELS, MODELS])
    assert tables["removal"]["variant"].tolist() == ["knn", "random", "oob"]
    assert facts["beating"] == 0 and facts["not_beating"] == ["k-NN Shapley", "Data-OOB"]


def test_curves_are_thinned_for_drawing():
    worths = np.linspace(0.9, 0.5, 1001)
    long = pd.concat(
        curve(variant, first, worths) for variant in ("random", "knn") for first in ("best", "worst")
    )
    _, tables = summarise_removal([long], [MODELS])
    drawn = tables["curves"].query("variant == 'knn' and first == 'best'")
    assert len(drawn) == 51 and drawn["removed"].iloc[-1] == 0.5
    assert tables["removal"]["area_best"].tolist() == pytest.approx([0.8, 0.8])  # from all points


def test_the_whole_with_costs():
    every = {"loo": GOOD, "shapley": GOOD, "beta": GOOD, "banzhaf": GOOD, "knn": PERFECT, "oob": PERFECT}
    falls = dict.fromkeys(every, (0.05, 0.0)) | {"oob": (0.01, 0.02)}
    sizes = {"rows": 10, "of": 20, "judges": 6, "others": 5}
    seconds = [dict.fromkeys(METHODS, 1.0), dict.fromkeys(METHODS, 3.0)]
    facts, tables, spent = summarise(
        [found_with(**every)],
        [curves_of(**falls)],
        [{"models": MODELS, "family": "plain retraining"}],
        [{"models": MODELS | {"oob": 7}, **sizes}],
        seconds,
        "neg_brier_score",
    )
    assert set(tables) == {"detection", "precision", "removal", "curves"}
    assert spent == dict.fromkeys(METHODS, 2.0)
    assert {name: facts[name] for name in sizes} == sizes and facts["metric"] == "negative Brier score"
    assert [one["method"] for one in facts["costs"]] == list(METHODS)
    oob = facts["costs"][-1]
    assert (oob["models"], oob["average_precision"]) == (6, 1)
    assert oob["gap"] == pytest.approx(-0.025)
    assert facts["one_sided"] == (["Data-OOB"] if facts["detection"]["best"]["beats_chance"] else [])


def test_names():
    assert name_of("shapley") == "Data Shapley" and name_of(f"loo:{FINE}") == "leave-one-out, log-loss"
