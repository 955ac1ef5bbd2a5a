"""Leave-one-out and leave-group-out influence, by exact retraining."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from inquest.utility import Utility
from inquest.valuation.scores import metrics_of


def leave_one_out(
    utility: Utility,
    rows: Iterable[int] | None = None,
    full: float | None = None,
    step: Callable[[], object] = lambda: None,
) -> pd.DataFrame:
    """Return the influence of single rows: U(all) - U(all without the row). Positive means that it helps.

    This is deletion as Cook (1977) studied it, computed by retraining and not by an approximation.

    Parameters
    ----------
    utility : Utility
    rows : iterable of int, optional
        The rows to leave out, each alone; all of them by default.
    full : float, optional
        U(all), if it is known already.
    step : callable
        Called once for each row that has been left out.

    Returns
    -------
    DataFrame
        A row for each one left out: `row`, `influence`, and `influence_<metric>` for every metric that the
        utility's scores carry.

    Examples
    --------
    >>> from inquest.utility import FunctionUtility
    >>> gloves = FunctionUtility(lambda rows: float(0 in rows and (1 in rows or 2 in rows)), n_rows=3)
    >>> leave_one_out(gloves)["influence"].tolist()
    [1.0, 0.0, 0.0]
    """
    rows = [int(row) for row in (range(utility.n_rows) if rows is None else rows)]
    table = _leave_out(utility, [[row] for row in rows], full, step)
    table.insert(0, "row", rows)
    return table


def leave_group_out(
    utility: Utility,
    groups: Sequence[ArrayLike],
    full: float | None = None,
    step: Callable[[], object] = lambda: None,
) -> pd.DataFrame:
    """Return the influence of groups of rows: U(all) - U(all without the group).

    Parameters
    ----------
    utility : Utility
    groups : sequence of arrays of int
        The rows of each group; groups may share rows.
    full, step
        As for `leave_one_out`.

    Returns
    -------
    DataFrame
        A row for each group, in order: `size` (rows), `influence`, and `influence_<metric>` as for
        `leave_one_out`.
    """
    table = _leave_out(utility, groups, full, step)
    table.insert(0, "size", [len(np.atleast_1d(rows)) for rows in groups])
    return table


def _leave_out(
    utility: Utility, groups: Sequence[ArrayLike], full: float | None, step: Callable[[], object]
) -> pd.DataFrame:
    full = utility(np.arange(utility.n_rows)) if full is None else full
    left = []
    for score in utility.without_each(groups):  # one call for all: families solve many at once
        left.append(score)
        step()
    known = getattr(full, "metrics", {})
    others = {
        f"influence_{name}": known[name] - worth for name, worth in metrics_of(left).items() if name in known
    }
    return pd.DataFrame({"influence": float(full) - np.array(left, dtype=float), **others})
