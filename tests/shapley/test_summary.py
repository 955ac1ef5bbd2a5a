"""The Shapley chapter's facts and tables, by hand."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from inquest.learners.metrics import FINE
from inquest.shapley.summary import (
    MOST_GROUPS,
    TOLERANCES,
    ends,
    solved_in_all,
    summarise_checks,
    summarise_groups,
    summarise_rows,
)
from inquest.utility import FunctionUtility, Score
from inquest.valuation.exact import coalition_worths
from inquest.valuation.shapley import permutation, walk

LABEL = {"name": "outcome", "classes": ["no", "yes"]}


def summarise(game, permutations=4, tolerance=0.0, show=2, loo=None, seed=0, antithetic=False):
    n, empty, full = game.n_rows, game([]), game(range(game.n_rows))
    orders = [permutation(n, seed, i, antithetic) for i in range(permutations)]
    walks = [walk(game, order, empty, full, tolerance) for order in orders]
    return summarise_walks(walks, empty, full, tolerance, show, loo, antithetic=antithetic)


def summarise_walks(walks, empty, full, tolerance=0.0, show=2, loo=None, **options):
    n = len(walks[0])
    rows = [50 + 2 * i for i in range(n)]
    table = pd.DataFrame(
        {
            "row": range(40, 60 + 2 * n),
            "size": np.arange(20 + 2 * n, dtype=float),
            "outcome": (["no", "no", "yes", "yes"] * (5 + n))[: 20 + 2 * n],
        }
    )
    known = [getattr(score, "metrics", {}) or {"accuracy": score} for score in (empty, full)]
    players = {
        "rows": rows,
        **{name: {FINE: None, **metrics} for name, metrics in zip(("empty", "full"), known, strict=True)},
    }
    left_out = pd.DataFrame({"row": rows, "influence": np.zeros(n) if loo is None else loo})
    left_out[f"influence_{FINE}"] = -left_out["influence"]
    options = {
        "metric": "accuracy",
        "tolerance": tolerance,
        "show": show,
        "antithetic": False,
        **options,
    }
    shuffled = left_out.sample(frac=1, random_state=0)  # the rows are found by their ids
    return summarise_rows(players, walks, shuffled, np.arange(n), table, LABEL, options)


def by_marginals(*walks):
    """Walks with given marginal contributions, each in the order of the players 0, 1, …"""
    return [
        pd.DataFrame({"player": range(len(m)), "worth": np.cumsum(m), "marginal": m, "evaluated": True})
        for m in walks
    ]


additive = FunctionUtility(lambda rows: float(np.sum(rows)) - 3, n_rows=6)


def test_values_stand_with_their_rows_best_first():
    facts, tables, found = summarise(additive, loo=[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])
    assert found.values.tolist() == pytest.approx([0, 1, 2, 3, 4, 5])
    ranked = tables["values"]
    assert ranked["row"].tolist() == [60, 58, 56, 54, 52, 50]
    assert ranked["value"].tolist() == [5, 4, 3, 2, 1, 0]
    assert ranked["label"].tolist() == ["no", "yes", "no", "yes", "no", "yes"]
    assert tables["best"]["features"].tolist() == ["20", "18"]
    assert tables["worst"]["features"].tolist() == ["10", "12"]
    assert ranked["loo"].tolist() == [5, 4, 3, 2, 1, 0]
    assert tables["best"]["row"].tolist() == [60, 58]
    assert tables["worst"]["row"].tolist() == [50, 52]
    assert ranked["knn"].tolist() == [5, 4, 3, 2, 1, 0]
    assert (facts["best"]["row"], facts["worst"]["row"], facts["show"]) == (60, 50, 2)
    assert facts["loo"] == {"spearman": pytest.approx(1), "zero": 1, "distinct": 6}
    assert facts["positive"] == 5 / 6
    assert (facts["mean"], facts["sd"]) == pytest.approx((2.5, math.sqrt(3.5)))
    assert (facts["empty"], facts["full"], facts["count"], facts["permutations"]) == (-3, 12, 6, 4)


def test_of_equal_values_the_lower_row_comes_first_and_best_and_worst_share_none():
    _, tables, _ = summarise(FunctionUtility(lambda rows: float(len(rows)), n_rows=5), show=40)
    assert tables["values"]["row"].tolist() == [50, 52, 54, 56, 58]
    assert tables["best"]["row"].tolist() == [50, 52] and tables["worst"]["row"].tolist() == [58, 56]


def test_efficiency_and_retrains():
    facts, _, _ = summarise(additive)
    assert facts["efficiency"] == {
        "sum": pytest.approx(15),
        "difference": 15.0,
        "gap": pytest.approx(0),
        "exact": True,
    }
    assert facts["retrains"] == {"asked": 24, "done": 24, "saved": 0.0}


def test_labels_and_the_error_of_their_means():
    """Players 0 and 2 have the label yes, 1 has no; in each walk, their mean is 1, 3, and 2, 6."""
    facts, _, _ = summarise_walks(by_marginals([0.0, 2.0, 2.0], [2.0, 6.0, 4.0]), 0.0, 8.0)
    no, yes = facts["labels"]
    assert (no["label"], no["rows"], no["mean"], no["standard_error"]) == ("no", 1, 4.0, 2.0)
    assert (yes["label"], yes["rows"], yes["mean"], yes["standard_error"]) == ("yes", 2, 2.0, 1.0)
    assert yes["sd"] == pytest.approx(math.sqrt(2)) and math.isnan(no["sd"])
    assert (yes["positive"], no["positive"]) == (1.0, 1.0)


# reliability


def test_reliability_by_hand():
    """Values 2, 6, 4 with standard errors 1, 2, 1 (walks 1, 4, 3 and 3, 8, 5): variance 4, noise 6 / 2."""
    facts, _, _ = summarise_walks(by_marginals([1.0, 4.0, 3.0], [3.0, 8.0, 5.0]), 0.0, 12.0)
    assert facts["reliability"] == pytest.approx(1 - 3 / 4)
    assert facts["signal_sd"] == pytest.approx(2 * math.sqrt(1 / 4))
    assert facts["median_error"] == 1.0


def test_reliability_is_1_without_noise_and_0_without_signal():
    assert summarise(additive)[0]["reliability"] == 1.0
    first = FunctionUtility(lambda rows: float(len(rows) > 0), n_rows=30)  # all to whoever comes first
    shares = [summarise(first, permutations=10, seed=seed)[0]["reliability"] for seed in range(4)]
    assert np.mean(shares) < 0.25


def test_reliability_is_the_share_of_signal():
    """Signal and noise of known size, the noise summing to zero in each walk, as the walks' own does."""
    rng, found = np.random.default_rng(0), []
    for _ in range(6):
        truth = rng.normal(size=200)
        noise = rng.normal(size=(10, 200)) * math.sqrt(10)  # of a mean over 10 walks: 1
        noise -= noise.mean(axis=1, keepdims=True)
        facts, _, _ = summarise_walks(by_marginals(*(truth + noise)), 0.0, float(truth.sum()))
        found.append(facts["signal_sd"] ** 2)
    assert np.mean(found) == pytest.approx(1, abs=0.2)


def test_what_one_permutation_can_not_tell():
    facts, _, _ = summarise(additive, permutations=1)
    for name in (
        "median_error",
        "clear",
        "by_chance",
        "reliability",
        "signal_sd",
        "change",
        "needed",
        "gelman_rubin",
        "stability",
    ):
        assert facts[name] is None
    assert facts["labels"][0]["standard_error"] is None


def test_values_that_do_not_vary_have_no_reliability():
    facts, _, _ = summarise(FunctionUtility(lambda rows: float(len(rows)), n_rows=4))
    assert facts["reliability"] is None and facts["sd"] == 0.0


# what is clear


def test_clear_values_by_hand():
    """Two standard errors from zero: 2 ± 0, 3 ± 1, −3 ± 1; not 1 ± 1, nor 0 ± 0."""
    walks = by_marginals([2.0, 2.0, -2.0, 0.0, 0.0], [2.0, 4.0, -4.0, 2.0, 0.0])
    facts, _, _ = summarise_walks(walks, 0.0, 3.0)
    assert facts["clear"] == {"helping": 2, "hurting": 1}


@pytest.mark.parametrize("permutations", [2, 3, 6])
def test_by_chance_is_the_mean_over_all_flips_of_signs(permutations):
    rng = np.random.default_rng(permutations)
    marginals = rng.choice([-1.0, 0.0, 0.0, 1.0, 5.0], size=(permutations, 7))
    facts, _, _ = summarise_walks(by_marginals(*marginals), 0.0, float(marginals.mean(axis=0).sum()))
    counts = []
    for signs in itertools.product([1, -1], repeat=permutations):
        flipped = marginals * np.array(signs)[:, None]
        error = flipped.std(axis=0, ddof=1) / math.sqrt(permutations)
        counts.append(np.sum(np.abs(flipped.mean(axis=0)) > 2 * error + 1e-12))
    assert facts["by_chance"] == pytest.approx(np.mean(counts))


def test_by_chance_is_student_s_t_where_contributions_are_normal():
    marginals = np.random.default_rng(0).normal(size=(10, 2000))
    facts, _, _ = summarise_walks(by_marginals(*marginals), 0.0, float(marginals.mean(axis=0).sum()))
    expected = 2000 * 2 * stats.t.sf(2, 9)  # 153
    assert facts["by_chance"] == pytest.approx(expected, rel=0.03)
    assert sum(facts["clear"].values()) == pytest.approx(expected, abs=4 * math.sqrt(expected))


def test_by_chance_with_many_permutations():
    marginals = np.random.default_rng(0).normal(size=(30, 500))
    facts, _, _ = summarise_walks(by_marginals(*marginals), 0.0, float(marginals.mean(axis=0).sum()))
    assert facts["by_chance"] == pytest.approx(500 * 2 * stats.t.sf(2, 29), rel=0.05)


def test_sums_that_are_zero_but_for_rounding_are_not_positive():
    """0.1 + 0.2 − 0.3 is not 0 in floating point."""
    facts, tables, _ = summarise_walks(by_marginals([0.1, 1.0], [0.2, 1.0], [-0.3, 1.0]), 0.0, 1.0)
    assert tables["values"]["value"].tolist() == [1.0, 0.0]
    assert facts["positive"] == 0.5


# walks


def test_the_beginning_of_the_walks():
    """One position of 20: a first contribution of 3 and a last of 1, squared, in each of two walks."""
    marginal = [3.0] + [0.0] * 18 + [1.0]
    facts, _, _ = summarise_walks(by_marginals(marginal, marginal), 0.0, 4.0)
    assert facts["early"] == {"rows": 1, "share": 9 / 10}
    nothing = summarise_walks(by_marginals([0.0] * 3, [0.0] * 3), 0.0, 0.0)[0]
    assert nothing["early"] == {"rows": 1, "share": None}


def test_the_change_of_the_last_permutation():
    """Means 1, 3 become 2, 3: moved by 1 in all, of 5."""
    facts, _, _ = summarise_walks(by_marginals([1.0, 3.0], [3.0, 3.0]), 0.0, 5.0)
    assert facts["change"] == pytest.approx(1 / 5)
    assert summarise_walks(by_marginals([0.0] * 2, [0.0] * 2), 0.0, 0.0)[0]["change"] is None


STEPS = FunctionUtility(lambda rows: (0.0, 0.9, 0.97, 0.992, 0.9985, 1.0)[len(rows)], n_rows=5)


def test_what_larger_tolerances_would_have_saved():
    """Within 0.2, 0.5, 1, 2 and 5 % of 1: after 4, 4, 3, 3 and 2 of 5 rows; left out what is missing then."""
    facts, tables, _ = summarise(STEPS, permutations=3)
    found = tables["truncation"]
    assert found["tolerance"].tolist() == [0.0, *TOLERANCES]
    assert found["used"].tolist() == [True] + [False] * 5
    assert found["retrains"].tolist() == [15, 15, 12, 9, 9, 6]
    assert found["saved"].tolist() == pytest.approx([0, 0, 0.2, 0.4, 0.4, 0.6])
    assert found["gap"].tolist() == pytest.approx([0, 0, 0.0015, 0.008, 0.008, 0.03], abs=1e-12)
    assert found["spearman"][0] == pytest.approx(1)
    assert facts["efficiency"]["exact"] is True


def test_walks_that_were_truncated():
    facts, tables, _ = summarise(STEPS, permutations=3, tolerance=0.02)
    found = tables["truncation"]
    assert found["tolerance"].tolist() == [0.02, 0.05] and found["used"].tolist() == [True, False]
    assert found["retrains"].tolist() == [9, 6]
    assert facts["retrains"] == {"asked": 15, "done": 9, "saved": pytest.approx(0.4)}
    assert facts["efficiency"]["gap"] == pytest.approx(0.008) and facts["efficiency"]["exact"] is False


def test_walks_may_come_with_any_index():
    """As pieces of one table in which several permutations stand below each other."""
    walks = by_marginals([1.0, 4.0, 3.0], [3.0, 8.0, 5.0])
    whole = pd.concat([w.assign(permutation=i) for i, w in enumerate(walks)], ignore_index=True)
    pieces = [piece for _, piece in whole.groupby("permutation")]
    for plain, cut in zip(
        summarise_walks(walks, 0.0, 12.0)[1:2], summarise_walks(pieces, 0.0, 12.0)[1:2], strict=True
    ):
        for name in plain:
            pd.testing.assert_frame_equal(plain[name], cut[name])


def test_rows_that_owe_their_value_to_one_walk():
    """Of 3, 1, −1 more than half is in one walk, of 1, 1, 1 and of 2, −1, 1 it isn't."""
    walks = by_marginals([1.0, 2.0, 3.0, 0.0], [1.0, -1.0, 1.0, 0.0], [1.0, 1.0, -1.0, 0.0])
    facts, _, _ = summarise_walks(walks, 0.0, 3.0)
    assert facts["show"] == 2 and facts["one_walk"] == 1
    assert summarise_walks(walks[:2], 0.0, 5.0)[0]["one_walk"] is None


# by the log-loss


def test_values_by_the_log_loss_come_from_the_same_walks():
    """A row adds its number to the accuracy, and the square of it to the other metric."""

    def worth(rows):
        return Score(
            float(rows.sum()),
            {"accuracy": float(rows.sum()), FINE: float((rows**2).sum()) - 1.0},
        )

    facts, tables, _ = summarise(FunctionUtility(worth, n_rows=4), loo=[0.0, 1.0, 2.0, 3.0])
    assert tables["values"]["value"].tolist() == pytest.approx([3, 2, 1, 0])
    assert tables["values"]["value_fine"].tolist() == pytest.approx([9, 4, 1, 0])
    assert facts["fine"]["mean"] == pytest.approx(14 / 4) and facts["fine"]["positive"] == 3 / 4
    assert facts["fine"]["reliability"] == 1.0
    assert facts["fine"]["spearman"] == pytest.approx(-1)  # its leave-one-out was made up as minus the other
    assert facts["fine_spearman"] == pytest.approx(1)
    assert tables["methods"]["method"].tolist()[:2] == ["shapley", "shapley_fine"]


def test_a_classifier_without_probabilities_has_no_log_loss():
    facts, tables, _ = summarise(additive)
    assert facts["fine"] is None and facts["fine_spearman"] is None
    assert "value_fine" not in tables["values"] and "shapley_fine" not in tables["methods"]["method"].tolist()


def test_antithetic_pairs_are_one_sample():
    facts, _, found = summarise(additive, permutations=4, antithetic=True)
    assert facts["antithetic"] is True and found.samples.shape == (2, 6)
    assert facts["gelman_rubin"] is None  # four samples are needed
    with pytest.raises(ValueError, match="reverse"):
        summarise_walks(by_marginals([0.0, 1.0], [1.0, 0.0]), 0.0, 1.0, antithetic=True)


# how models were had


def test_solved_in_all_jobs():
    jobs = [
        {"family": "carried", "solved": {"carried": 10, "newton": 1}, "unconverged": 0},
        {"family": "carried", "solved": {"carried": 7, "plain": 2}, "unconverged": 1},
    ]
    assert solved_in_all(jobs) == {
        "family": "carried",
        "solved": {"carried": 17, "newton": 1, "plain": 2},
        "unconverged": 1,
    }


def test_spot_checks():
    """Two of three differ, one of them by rounding only; the log-loss is not known."""

    def check(accuracy, close):
        return {
            "size": 3,
            "differences": {"accuracy": accuracy, "balanced_accuracy": 0.0, "f1": 0.0, FINE: None},
            "margin": 0.25 + accuracy,
            "close": close,
        }

    found = summarise_checks({"checks": [check(0.0, 4), check(1e-16, 2), check(0.5, 1)], "unconverged": 0})
    assert found["largest"] == {"accuracy": 0.5, "balanced_accuracy": 0.0, "f1": 0.0}
    assert (found["count"], found["differ"], found["close"], found["margin"]) == (3, 1, 1, 0.25)
    nothing = summarise_checks({"checks": [], "unconverged": 0})
    assert (nothing["count"], nothing["largest"], nothing["margin"]) == (0, {}, None)


# groups


def test_groups_by_hand():
    walks = by_marginals([0.10, 0.05, 0.00], [0.06, 0.07, 0.02])
    players = {
        "names": ["old", "random 50 %", "rare"],
        "members": [[0, 1, 2, 3], list(range(10)), [9]],
        "empty": {"accuracy": 0.5},
        "full": {"accuracy": 0.65},
        "covered": 10,
    }
    left_out = [{"repeats": [{"influence": i}, {"influence": 9.0}]} for i in (0.01, 0.03, -0.02)]
    facts, table = summarise_groups(players, walks, left_out, 20, "accuracy")
    assert table["group"].tolist() == ["old", "random 50 %", "rare"]
    assert table["value"].tolist() == pytest.approx([0.08, 0.06, 0.01])
    assert table["standard_error"].tolist() == pytest.approx([0.02, 0.01, 0.01])
    assert table["influence"].tolist() == [0.01, 0.03, -0.02]  # of a random group, the first that was drawn
    assert table["share"].tolist() == [0.2, 0.5, 0.05]
    assert table["value_per_1000"].tolist() == pytest.approx([20, 6, 10])
    assert (facts["count"], facts["permutations"], facts["retrains"], facts["covered"]) == (3, 2, 6, 0.5)
    assert facts["disjoint"] is False
    assert (facts["best"]["group"], facts["worst"]["group"]) == ("old", "rare")
    assert facts["efficiency"] == {"sum": pytest.approx(0.15), "gap": pytest.approx(0, abs=1e-12)}
    assert facts["size_correlation"] == facts["influence_correlation"] == pytest.approx(0.5)
    assert facts["exact"] is None and table["exact"].isna().all()
    assert facts["shown"] == 3 and ends(table) is table


def test_of_many_groups_the_best_and_the_worst_are_shown():
    many = pd.DataFrame({"group": range(MOST_GROUPS + 5)})
    assert ends(many)["group"].tolist() == [*range(20), *range(25, 45)]


def test_exact_values_of_groups_by_hand():
    """The left glove is worth 2/3, a right one 1/6; walks say 1/2 ± 0, and 1/4 ± 1/4 twice."""
    gloves = FunctionUtility(lambda rows: float(0 in rows and (1 in rows or 2 in rows)), n_rows=3)
    players = {
        "names": ["right", "left", "other right"],
        "members": [[1], [0], [2]],
        "empty": {"accuracy": 0.0},
        "full": {"accuracy": 1.0},
        "covered": 3,
    }
    walks = by_marginals([0.5, 0.5, 0.0], [0.0, 0.5, 0.5])
    left_out = [{"repeats": [{"influence": i}]} for i in (0.0, 1.0, 0.0)]
    named = FunctionUtility(lambda rows: gloves([[1, 0, 2][row] for row in rows]), n_rows=3)
    facts, table = summarise_groups(players, walks, left_out, 3, "accuracy", worths=coalition_worths(named))
    assert table["group"].tolist() == ["left", "right", "other right"]
    assert table["exact"].tolist() == pytest.approx([2 / 3, 1 / 6, 1 / 6])
    assert table["value"].tolist() == pytest.approx([1 / 2, 1 / 4, 1 / 4])
    assert table["value_per_1000"].tolist() == pytest.approx([2000 / 3, 1000 / 6, 1000 / 6])
    found = facts["exact"]
    assert found["coalitions"] == 8 and found["sum"] == pytest.approx(1)
    assert (found["largest"], found["mean"]) == pytest.approx((1 / 6, (1 / 6 + 1 / 12 + 1 / 12) / 3))
    # only the two right ones have an error: 1/12 is a third of 1/4
    assert found["compared"] == 2 and found["within_two"] == 2
    assert (found["largest_in_errors"], found["mean_in_errors"]) == pytest.approx((1 / 3, 1 / 3))
    assert facts["best"]["group"] == "left"
