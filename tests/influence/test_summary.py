"""The influence chapter's facts and tables, on frames made by hand."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from inquest.influence.summary import (
    in_short,
    summarise_every_row,
    summarise_groups,
    summarise_points,
)
from inquest.learners.metrics import METRICS

N_TRAIN, N_TEST = 40, 50


def unusual() -> pd.DataFrame:
    ramp = np.arange(N_TRAIN, dtype=float)
    return pd.DataFrame(
        {
            "row": np.arange(N_TRAIN) + 100,
            "code": [0, 1] * 20,
            "predicted": [0] * N_TRAIN,
            "probability": np.linspace(0.99, 0.02, N_TRAIN),
            "loss": ramp,
            "margin": -ramp,
            "agreement": 1.0,
            "isolation": ramp[::-1],
            "distance": ramp % 7,
        }
    )


def table() -> pd.DataFrame:
    labels = ["no", "yes"] * 20
    return pd.DataFrame(
        {"row": np.arange(N_TRAIN) + 100, "size": np.arange(N_TRAIN) / 2, "colour": "red", "outcome": labels}
    )


def points(positions, accuracy, fine) -> pd.DataFrame:
    frame = {"row": np.array(positions) + 100, "position": positions, "influence": accuracy}
    frame |= {f"influence_{name}": accuracy for name in METRICS} | {"influence_neg_log_loss": fine}
    return pd.DataFrame(frame)


def summarise(found, metric="accuracy"):
    return summarise_points(found, unusual(), table(), "outcome", ["no", "yes"], metric, N_TEST, seed=0)


POINTS = points([0, 5, 20, 38, 39], [0.0, 0.02, 0.0, -0.04, 0.0], [0.001, 0.002, -0.003, -0.004, 0.005])


def test_rows_from_the_most_helpful_down():
    facts, tables = summarise(POINTS)
    found = tables["points"]
    assert found["row"].tolist() == [105, 139, 100, 120, 138]  # ties by the log-loss
    assert found["label"].tolist() == ["yes", "yes", "no", "no", "no"]
    assert found["predicted"].tolist() == ["no"] * 5
    assert found["test_rows"].tolist() == [1, 0, 0, 0, -2]
    assert found["features"][0] == "2.5 · red"
    p = facts["points"]
    assert (p["count"], p["zero"], p["helping"], p["hurting"], p["largest_change"]) == (5, 3, 1, 1, 2)
    assert p["step"] == 0.02 and p["exact"] is True
    assert p["mean"] == pytest.approx(-0.004)
    assert (p["most"]["row"], p["most"]["influence"], p["most"]["test_rows"]) == (105, 0.02, 1)
    assert (p["least"]["row"], p["least"]["label"]) == (138, "no")
    assert p["least"]["probability"] == pytest.approx(0.99 - 38 * 0.97 / 39)
    assert p["fine"] == {"helping": 3, "hurting": 2, "largest": 0.005}


def test_measures_and_their_ranks_stand_beside_each_row():
    found = summarise(POINTS)[1]["points"].set_index("row")
    assert found.loc[105, ["loss", "loss_rank", "margin", "margin_rank"]].tolist() == [
        5.0,
        6 / 40,
        -5.0,
        6 / 40,
    ]
    assert found.loc[105, ["isolation", "isolation_rank"]].tolist() == [34.0, 35 / 40]
    assert found.loc[138, "agreement_rank"] == 1.0


def test_flags_are_for_the_5_per_cent_most_unusual_of_all_training_rows():
    """Of 40 rows, two: the last by loss and margin, the first by isolation; agreement is the same for all."""
    facts, tables = summarise(POINTS)
    flags = tables["points"].set_index("row")["flags"]
    assert flags.to_dict() == {105: "", 139: "loss, margin", 100: "isolation", 120: "", 138: "loss, margin"}
    assert [one["row"] for one in facts["unusual"]["flagged"]] == [139, 100, 138]


def test_correlations_of_the_primary_metric_and_of_the_log_loss():
    facts, tables = summarise(POINTS)
    u = facts["unusual"]
    assert list(u["correlations"]) == ["accuracy", "neg_log_loss"]
    by_measure = {one["measure"]: one for one in u["correlations"]["neg_log_loss"]}
    expected = stats.spearmanr([0, 5, 20, 38, 39], POINTS["influence_neg_log_loss"]).statistic
    assert by_measure["loss"]["rho"] == pytest.approx(expected)
    assert by_measure["margin"]["rho"] == pytest.approx(-expected)
    assert math.isnan(by_measure["agreement"]["rho"])  # it is the same for all rows
    assert u["tests"] == 8
    assert len(tables["unusual"]) == 10 and u["found"] == []
    assert list(summarise(POINTS, "neg_log_loss")[0]["unusual"]["correlations"]) == ["neg_log_loss"]


def test_a_correlation_is_found_from_the_critical_value_on():
    ten = np.arange(0, 40, 4)
    found = points(ten, np.zeros(10), ten / 1000)
    u = summarise(found)[0]["unusual"]
    assert u["tests"] == 4  # accuracy and agreement do not vary
    assert {one["measure"]: round(one["rho"], 9) for one in u["found"]} == {
        "loss": 1,
        "margin": -1,
        "isolation": -1,
    }
    assert u["critical"] == pytest.approx(0.6485, abs=0.02)
    assert all(one["metric"] == "neg_log_loss" for one in u["found"])


def test_where_nothing_varies_there_is_nothing_to_test():
    u = summarise(points([1, 2, 3], [0.0] * 3, [0.0] * 3))[0]["unusual"]
    assert (u["tests"], u["found"], u["critical"]) == (0, [], None)


def test_three_rows_can_show_nothing():
    assert summarise(points([1, 2, 3], [0.0] * 3, [1.0, 2.0, 3.0]))[0]["unusual"]["critical"] is None


def test_one_row():
    facts, tables = summarise(points([7], [0.02], [0.1]))
    assert facts["points"]["most"] == facts["points"]["least"]
    assert facts["unusual"]["tests"] == 0 and len(tables["points"]) == 1


def test_without_a_log_loss():
    facts, tables = summarise(points([0, 1], [0.02, 0.0], [np.nan, np.nan]))
    assert facts["points"]["fine"] is None
    assert tables["points"]["row"].tolist() == [100, 101]


# every row

EVERY = points(range(N_TRAIN), np.array([0.02, -0.04, *[0.0] * 38]), np.linspace(-0.2, 0.19, N_TRAIN))
SOLVED = {"family": "any", "solved": {"carried": N_TRAIN}, "unconverged": 0}


ENDS = pd.DataFrame({"row": EVERY["row"], "low": -0.01, "high": [-0.001] * 4 + [0.2] * 36, "test_rows": 3})


def summarise_all(every=EVERY, found=POINTS, metric="accuracy"):
    facts, tables = summarise_every_row(
        every, SOLVED, found, unusual(), table(), "outcome", metric, N_TEST, ENDS
    )
    return facts["every_row"], tables


def test_the_influence_of_every_row_is_counted():
    e, tables = summarise_all()
    assert (e["count"], e["helping"], e["hurting"], e["zero"]) == (40, 1, 1, 38)
    assert (e["mean"], e["largest"]) == (pytest.approx(-0.0005), 0.04)
    assert e["moved"].tolist() == [38, 1, 1]  # so many rows move none, one, two test rows
    assert e["half"] == 1 / 40  # row 1 alone changes 0.04 of 0.06
    assert (e["fine"]["helping"], e["fine"]["hurting"], e["fine"]["zero"]) == (19, 20, 1)
    assert [(one["label"], one["rows"]) for one in e["labels"]] == [("no", 20), ("yes", 20)]
    assert tables["every_row"]["row"].tolist() == EVERY["row"].tolist()
    assert e["family"] == "any" and e["solved"] == {"carried": 40}


def test_the_rows_at_either_end_are_named_by_the_finer_instrument():
    e, tables = summarise_all()
    assert e["fine"]["by"] and e["shown"] == 8
    assert tables["helpful"]["row"].tolist() == list(range(139, 131, -1))
    assert tables["harmful"]["row"].tolist() == list(range(100, 108))
    assert tables["harmful"]["features"][1] == "0.5 · red"
    assert e["ends"] == {"by": "neg_log_loss", "count": 16, "clear": 4, "test_rows": 3.0}
    assert tables["harmful"]["high"].tolist() == [-0.001] * 4 + [0.2] * 4
    assert tables["harmful"]["test_rows_net"][:3].tolist() == [1.0, -2.0, 0.0]  # 0.02 and -0.04 of 50
    blind = EVERY.assign(influence_neg_log_loss=np.nan)
    e, tables = summarise_all(blind)
    assert e["fine"] is None
    assert (tables["helpful"]["row"][0], tables["harmful"]["row"][0]) == (100, 101)


def test_the_proof_is_the_largest_difference_to_retraining_from_scratch():
    scratch = EVERY.iloc[[3, 7, 30]].copy()
    scratch["influence_neg_log_loss"] += [1e-9, -3e-9, 0.0]
    e, _ = summarise_all(found=scratch)
    assert e["proof"]["points"] == 3
    assert e["proof"]["largest"]["influence_accuracy"] == 0.0
    assert e["proof"]["largest"]["influence_neg_log_loss"] == pytest.approx(3e-9, rel=1e-6)
    blind = scratch.assign(influence_neg_log_loss=np.nan)
    assert list(summarise_all(found=blind)[0]["proof"]["largest"]) == ["influence_accuracy"]


def test_rows_that_change_nothing_have_no_half():
    e, _ = summarise_all(points(range(N_TRAIN), np.zeros(N_TRAIN), np.zeros(N_TRAIN)))
    assert e["half"] is None and e["zero"] == 40 and e["moved"].tolist() == [40]
    assert summarise_all(metric="f1")[0]["moved"] is None


def test_with_every_row_influence_is_held_against_the_measures_in_all_of_them():
    facts, _ = summarise_points(
        POINTS, unusual(), table(), "outcome", ["no", "yes"], "accuracy", N_TEST, 0, EVERY
    )
    assert facts["points"]["count"] == 5 and facts["unusual"]["count"] == 40
    by_measure = {one["measure"]: one for one in facts["unusual"]["correlations"]["neg_log_loss"]}
    assert (by_measure["loss"]["rho"], by_measure["loss"]["rows"]) == (pytest.approx(1), 40)


# groups


def random_group(name, fraction, influences):
    group = {"name": name, "kind": "random", "fraction": fraction, "repeats": len(influences)}
    return group, int(fraction * 1000), influences


def natural_group(name, size, influence):
    return {"name": name, "kind": "where", "condition": "size > 3"}, size, [influence]


def groups(*given):
    config = [group for group, _, _ in given]
    found = [
        {
            "name": group["name"],
            "kind": group["kind"],
            "unconverged": 1,
            "repeats": [{"size": size, "influence": i, "influence_f1": 2 * i} for i in influences],
        }
        for group, size, influences in given
    ]
    facts, tables = summarise_groups(found, config, 1000)
    return facts["groups"], tables["groups"].set_index("group"), tables["group_repeats"]


TEN = random_group("random 10 %", 0.1, [0.01, 0.02, 0.03])  # mean 0.02, variance 0.0001
HALF = random_group("random 50 %", 0.5, [0.06, 0.10, 0.14])  # mean 0.10, variance 0.0016


def test_random_groups_have_a_mean_a_range_and_a_spread():
    facts, table, repeats = groups(TEN, HALF)
    half = table.loc["random 50 %"]
    assert half[["size", "share", "repeats", "low", "high"]].tolist() == [500, 0.5, 3, 0.06, 0.14]
    assert half[["influence", "sd", "influence_f1"]].tolist() == pytest.approx([0.10, 0.04, 0.20])
    assert half["what"] == "a random 50% of the rows"
    assert len(repeats) == 6 and repeats["share"].tolist() == [0.1] * 3 + [0.5] * 3
    assert (facts["count"], facts["sizes"], facts["retrains"], facts["unconverged"]) == (2, 2, 6, 2)
    assert [one["group"] for one in facts["random"]] == ["random 10 %", "random 50 %"]
    assert facts["most"] == {"group": "random 50 %", "share": 0.5, "influence": pytest.approx(0.1)}
    assert facts["least"]["group"] == "random 10 %"
    assert facts["size_correlation"] == pytest.approx(
        stats.spearmanr([100] * 3 + [500] * 3, [0.01, 0.02, 0.03, 0.06, 0.10, 0.14]).statistic
    )
    assert facts["natural"] == [] and facts["odd"] == []
    assert table["expected"].isna().all()


def test_of_many_groups_those_least_like_random_ones_are_notable():
    likely = [natural_group(f"shop {i}", 300, 0.06 + i / 10_000) for i in range(50)]
    facts, table, _ = groups(HALF, TEN, natural_group("odd", 300, 0.9), *likely)
    assert (facts["count"], facts["shown"]) == (53, 40)
    assert sorted(table["notable"]) == list(range(1, 54))
    assert table.loc[["odd", "shop 49"], "notable"].tolist() == [1, 2]
    # random ones, which have no p, come last: the larger influence first
    assert table.loc[["random 50 %", "random 10 %"], "notable"].tolist() == [52, 53]


def test_a_natural_group_is_held_against_random_ones_of_its_size():
    """300 rows are halfway between 100 and 500: mean 0.06, and variance (not deviation) 0.00085."""
    facts, table, _ = groups(natural_group("old", 300, 0.09), HALF, TEN)
    old = table.loc["old"]
    assert old["expected"] == pytest.approx(0.06)
    assert old["distance"] == pytest.approx(0.03 / math.sqrt(0.00085))
    t = old["distance"] / math.sqrt(1 + 1 / 3)
    assert old["p"] == pytest.approx(2 * stats.t.sf(t, 2))
    assert np.isnan(old["sd"]) and np.isnan(old["low"]) and old["repeats"] == 1
    assert table.index.tolist() == ["random 10 %", "random 50 %", "old"]
    assert facts["natural"][0]["group"] == "old"


def test_below_the_smallest_random_group_the_variance_is_in_proportion_to_the_size():
    """10 rows are a tenth of 100: a tenth of their mean and of their variance."""
    _, table, _ = groups(TEN, natural_group("few", 10, 0.005))
    assert table.loc["few", "expected"] == pytest.approx(0.002)
    assert table.loc["few", "distance"] == pytest.approx(0.003 / (0.01 / math.sqrt(10)))


def test_above_the_largest_random_group_there_is_nothing_to_compare_with():
    facts, table, _ = groups(TEN, HALF, natural_group("most", 600, 0.9))
    assert table.loc["most", ["expected", "distance", "p"]].isna().all()
    assert facts["odd"] == []


def test_natural_groups_alone():
    facts, table, _ = groups(natural_group("a", 10, 0.1), natural_group("b", 20, -0.2))
    assert table[["expected", "distance", "p"]].isna().all().all()
    assert (facts["random"], facts["odd"], facts["most"]["group"], facts["least"]["group"]) == (
        [],
        [],
        "a",
        "b",
    )


def test_an_odd_group_is_one_that_chance_would_hardly_make():
    """Four standard deviations away by ten repeats are odd; by three repeats they are not."""
    wiggle = np.array([-0.01, 0.01] * 5) * 3 / math.sqrt(10)  # standard deviation 0.01
    many, few = ("random 10 %", 0.1, 0.02 + wiggle), TEN
    natural = natural_group("old", 100, 0.02 + 4 * 0.01)
    facts, table, _ = groups(random_group(*many), natural)
    assert table.loc["old", "distance"] == pytest.approx(4)
    assert [one["group"] for one in facts["odd"]] == ["old"]
    facts, table, _ = groups(few, natural)
    assert table.loc["old", "distance"] == pytest.approx(4)
    assert facts["odd"] == []


def test_the_more_groups_the_odder_one_must_be():
    """2.5 standard deviations by ten repeats have p = 0.041: odd alone, not one of three."""
    wiggle = np.array([-0.01, 0.01] * 5) * 3 / math.sqrt(10)
    random = random_group("random 10 %", 0.1, 0.02 + wiggle)
    odd, usual = natural_group("old", 100, 0.045), [natural_group(name, 100, 0.02) for name in "ab"]
    facts, table, _ = groups(random, odd)
    assert table.loc["old", "p"] == pytest.approx(2 * stats.t.sf(2.5 / math.sqrt(1.1), 9))
    assert [one["group"] for one in facts["odd"]] == ["old"]
    assert groups(random, odd, *usual)[0]["odd"] == []


def test_p_values_of_natural_groups_that_are_random_ones():
    """About one in 20 is below 5 %, whatever the size; the variance grows with it."""

    def draw(size, count=1):
        return rng.normal(size / 1000, 0.1 * math.sqrt(size / 1000), size=count)

    rng, p = np.random.default_rng(0), []
    for _ in range(40):
        sizes = rng.integers(20, 600, size=25)
        natural = [natural_group(f"n{i}", int(size), float(draw(size)[0])) for i, size in enumerate(sizes)]
        _, table, _ = groups(
            random_group("a", 0.2, draw(200, 5)), random_group("b", 0.6, draw(600, 5)), *natural
        )
        p += table["p"].dropna().tolist()
    assert len(p) == 1000
    assert 0.01 < np.mean(np.array(p) < 0.05) < 0.075


def test_random_groups_without_spread_or_repeats_judge_nobody():
    for influences in ([0.1, 0.1, 0.1], [0.1]):
        facts, table, _ = groups(random_group("r", 0.1, influences), natural_group("old", 100, 0.3))
        assert table.loc["old", "expected"] == pytest.approx(0.1)
        assert table.loc["old", ["distance", "p"]].isna().all() and facts["odd"] == []


def test_one_size_has_no_correlation_with_size():
    assert groups(TEN, natural_group("old", 100, 0.3))[0]["size_correlation"] is None


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ({"kind": "random", "fraction": 0.35}, "a random 35% of the rows"),
        ({"kind": "where", "condition": "age > 60"}, "age > 60"),
        ({"kind": "label", "label": "yes"}, "rows with the label yes"),
        ({"kind": "cluster", "cluster": 1, "clusters": 8}, "k-means cluster 1 of 8 (0 is the largest)"),
        ({"kind": "rows", "rows": [4, 5]}, "2 listed rows"),
    ],
)
def test_groups_in_short(group, said):
    assert in_short(group) == said
