"""The figures of the Shapley chapter: legible, and small, for few rows and for many."""

import numpy as np
import pandas as pd
import pytest

from inquest.report.plots import plane
from inquest.report.plots import shapley as plots
from inquest.shapley.trust import agreement, trust
from inquest.valuation.shapley import ShapleyValues

SMALL = 400_000  # bytes


def valued(n, seed=0):
    """Rows best first, with heavy tails, and a leave-one-out influence that counts test rows."""
    rng = np.random.default_rng(seed)
    value = np.sort(rng.standard_t(2, size=n))[::-1] * 1e-4
    return pd.DataFrame(
        {
            "row": np.arange(n),
            "label": rng.choice(["no", "yes", "per $ or so"], size=n),
            "value": value,
            "standard_error": np.abs(rng.standard_t(2, size=n)) * 1e-4,
            "loo": rng.integers(-3, 4, size=n) / 2000,
            "value_fine": rng.normal(size=n),
            "loo_fine": rng.normal(size=n),
        }
    )


def test_runs_of_ranks_by_hand():
    """Of 402 rows, two to a run: mean ranks and values, and the root of the mean squared error."""
    table = pd.DataFrame({"value": np.arange(402.0)[::-1], "standard_error": [3.0, 4.0] * 201})
    ranks, values, errors = plots._by_rank(table)
    assert ranks[:2].tolist() == [1.5, 3.5] and values[:2].tolist() == [400.5, 398.5]
    assert errors == pytest.approx(np.full(201, np.sqrt(12.5)))
    ranks, values, _ = plots._by_rank(table.head(7))
    assert ranks.tolist() == [1, 2, 3, 4, 5, 6, 7] and values.tolist() == table["value"][:7].tolist()
    _, _, errors = plots._by_rank(pd.DataFrame({"value": [1.0], "standard_error": [np.nan]}))
    assert errors.tolist() == [0.0]  # one permutation has none


@pytest.mark.parametrize("n", [4, 60, 8000])
@pytest.mark.parametrize("fine", [True, False])
def test_figures_are_small(tmp_path, n, fine):
    table = valued(n)
    if not fine:
        table = table.drop(columns=["value_fine", "loo_fine"])
    classes = ["no", "yes", "per $ or so"]
    plots.values(tmp_path / "values.svg", table, classes, "accuracy")
    plots.loo(tmp_path / "loo.svg", table, classes, "accuracy")
    for name in ("values", "loo"):
        assert 5_000 < (tmp_path / f"{name}.svg").stat().st_size < SMALL


def test_values_that_are_all_zero_can_be_drawn(tmp_path):
    table = valued(500).assign(value=0.0, loo=0.0, standard_error=0.0)
    plots.values(tmp_path / "values.svg", table, ["no", "yes", "per $ or so"], "accuracy")
    plots.loo(tmp_path / "loo.svg", table, ["no", "yes", "per $ or so"], "accuracy")
    assert "nan" not in (tmp_path / "loo.svg").read_text().lower()


def test_exact_values_of_groups_are_drawn_where_there_are_some(tmp_path):
    table = pd.DataFrame(
        {
            "group": ["old $", "new"],
            "exact": [0.02, 0.01],
            "value": [0.025, 0.0],
            "standard_error": [0.01, np.nan],
            "influence": [0.0, 0.01],
        }
    )
    plots.groups(tmp_path / "exact.svg", table, "accuracy")
    plots.groups(tmp_path / "estimated.svg", table.assign(exact=np.nan), "accuracy")
    exact, estimated = ((tmp_path / f"{name}.svg").read_text() for name in ("exact", "estimated"))
    assert "exact Shapley value" in exact and "exact Shapley value" not in estimated


@pytest.mark.parametrize("looks", [1, 4])
def test_how_sure_the_values_got_is_drawn_where_permutations_were_added(tmp_path, looks):
    found = ShapleyValues(
        marginals=np.random.default_rng(0).normal(size=(40, 30)) * 1e-3,
        evaluated=np.full(40, 30),
        empty=0.0,
        full=0.0,
    )
    unknown = {"permutations": 1, "largest": None, "median": None, "player": None}
    known = [
        {"permutations": 11 + 10 * i, "largest": 1e-3 / (i + 1), "median": 0.0, "player": 3}
        for i in range(looks - 1)
    ]
    agreed = agreement(found).assign(metric="accuracy")
    facts = trust(found) | {"permutations": 40, "fine": None}
    plots.running(tmp_path / "fixed.svg", found, agreed, facts | {"until": None})
    until = {"standard_error": 2e-4, "looks": [unknown, *known]}
    plots.running(tmp_path / "added.svg", found, agreed, facts | {"until": until})
    fixed, added = ((tmp_path / f"{name}.svg").read_text() for name in ("fixed", "added"))
    assert "asked for" in added and "asked for" not in fixed and len(added) < SMALL
    assert "rank correlation with as many others" in fixed


def test_one_permutation_has_no_agreement_to_draw(tmp_path):
    found = ShapleyValues(marginals=np.ones((1, 6)), evaluated=np.full(1, 6), empty=0.0, full=6.0)
    facts = trust(found) | {"permutations": 1, "fine": None, "until": None}
    plots.running(tmp_path / "one.svg", found, agreement(found), facts)
    assert "rank correlation" not in (tmp_path / "one.svg").read_text()


@pytest.mark.parametrize("n", [4, 60, 8000])
def test_the_map_names_rows_and_is_light(tmp_path, n):
    table = valued(n)
    rng = np.random.default_rng(1)
    places = pd.DataFrame({"row": rng.permutation(n), "x": rng.normal(size=n), "y": rng.normal(size=n)})
    plane.rows(tmp_path / "map.svg", places, table, ["no", "yes", "per $ or so"], "accuracy")
    svg = (tmp_path / "map.svg").read_text()
    best, worst = table.loc[table["loo_fine"].idxmax(), "row"], table.loc[table["loo_fine"].idxmin(), "row"]
    assert f"row {best} (" in svg and f"row {worst} (" in svg
    assert svg.count("<image") == (3 if n > plane.MOST_DOTS else 0)
    assert len(svg) < 1_000_000
    shuffled = table.sample(frac=1, random_state=0)
    plane.rows(tmp_path / "again.svg", places, shuffled, ["no", "yes", "per $ or so"], "accuracy")
    assert (tmp_path / "again.svg").read_text() == svg


def test_a_map_of_rows_that_are_worth_nothing_and_lie_in_one_place(tmp_path):
    table = valued(8).assign(value=0.0, loo=0.0).drop(columns=["value_fine", "loo_fine"])
    places = pd.DataFrame({"row": range(8), "x": 0.0, "y": 0.0})
    plane.rows(tmp_path / "map.svg", places, table, ["no", "yes", "per $ or so"], "accuracy")
    assert "nan" not in (tmp_path / "map.svg").read_text().lower()


def test_names_on_the_map_are_kept_apart():
    heights = plane._apart(np.array([9.9, 9.8, 5.0, 0.1, 0.0]), 0.0, 10.0)
    assert heights == pytest.approx([9.45, 8.9, 5.0, 1.1, 0.55])
    assert plane._apart(np.array([]), 0.0, 1.0).size == 0
