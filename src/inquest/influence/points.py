"""Which training rows are left out, and in which order."""

from __future__ import annotations

import numpy as np
import pandas as pd

from inquest.data.groups import row_positions
from inquest.data.tables import ROW
from inquest.errors import InquestError


def order_points(rows: pd.DataFrame, choose: str, listed: list[int], seed: int) -> pd.DataFrame:
    """Return the training rows in the order in which they are left out.

    Parameters
    ----------
    rows : DataFrame
        A row for each training row, in the order of the split: `row`, `code` (class) and `loss`.
    choose : {"random", "stratified", "highest_loss", "listed"}
        `stratified` takes the classes in turn; the order does not depend on how many rows are asked for.
    listed : list of int
        Row ids, for `listed`.
    seed : int

    Returns
    -------
    DataFrame
        `position` (in the training split) and `row`.
    """
    if choose == "listed":
        order = row_positions(listed, rows[ROW].to_numpy(), "config key `influence.points.rows`")
    elif choose == "highest_loss":
        if rows["loss"].isna().any():
            raise InquestError(
                "config key `influence.points.choose`",
                "the chosen classifier has no probabilities, so no loss",
                "random, stratified and listed are allowed",
            )
        order = np.argsort(-rows["loss"].to_numpy(), kind="stable")
    else:
        order = np.random.default_rng(seed).permutation(len(rows))
        if choose == "stratified":
            codes = pd.Series(rows["code"].to_numpy()[order])
            turn = codes.groupby(codes).cumcount()
            order = order[np.lexsort((codes, turn))]
    return pd.DataFrame({"position": order, ROW: rows[ROW].to_numpy()[order]})
