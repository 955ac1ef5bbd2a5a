"""The figure of influence by rank: legible, and small, for few rows and for many."""

import numpy as np
import pandas as pd
import pytest

from inquest.report.plots import influence as plots


@pytest.mark.parametrize("n", [1, 2, 7, 8000])
def test_rows_at_either_end_are_named(tmp_path, n):
    values = np.sort(np.random.default_rng(0).standard_t(2, size=n))[::-1] * 1e-4
    table = pd.DataFrame({"row": np.arange(n) + 10, "label": "a $ sign", "influence_neg_log_loss": values})
    shown = min(8, n // 2)
    ends = table.assign(low=values - 1e-4, high=values + 1e-4)
    tables = {"every_row": table, "helpful": ends.head(shown), "harmful": ends.tail(shown).iloc[::-1]}
    plots.ranks(tmp_path / "ranks.svg", tables, "neg_log_loss")
    svg = (tmp_path / "ranks.svg").read_text()
    assert len(svg) < 400_000 and "nan" not in svg.lower()
    for row in (*tables["helpful"]["row"], *tables["harmful"]["row"]):
        assert f"row {row} (" in svg


def test_influences_that_are_all_zero_can_be_drawn(tmp_path):
    table = pd.DataFrame({"row": range(5), "label": "a", "influence_f1": 0.0, "low": 0.0, "high": np.nan})
    tables = {"every_row": table, "helpful": table.head(2), "harmful": table.tail(2)}
    plots.ranks(tmp_path / "ranks.svg", tables, "f1")
    assert "nan" not in (tmp_path / "ranks.svg").read_text().lower()
