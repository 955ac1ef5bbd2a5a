"""Are values any good? The two standard experiments: finding flipped labels, and removing rows by value.

Both are those of Ghorbani & Zou (2019) and of the benchmark OpenDataVal (Jiang et al. 2023). Values may be
NaN where a method has none for a row; such rows are inspected, and removed, last.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from inquest.utility import Utility
from inquest.valuation.scores import metrics_of


def flip_labels(
    y: ArrayLike, share: float, n_classes: int, seed: int
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Return labels of which a share is wrong, and which these are.

    Parameters
    ----------
    y : array of int, shape (n,)
        Class codes 0 … ``n_classes`` - 1.
    share : float
        Of the rows, in 0 … 1; rounded to whole rows, each with the same chance.
    n_classes : int
        At least 2. A flipped label is any of the other classes with the same probability.
    seed : int

    Returns
    -------
    noisy : ndarray of int, shape (n,)
    flipped : ndarray of bool, shape (n,)
    """
    y = np.asarray(y)
    if not 0 <= share <= 1 or n_classes < 2:
        raise ValueError(f"a share in 0 … 1 of 2 classes or more is needed, found {share} of {n_classes}")
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(y))[: round(share * len(y))]
    noisy, flipped = y.astype(np.intp), np.zeros(len(y), bool)
    noisy[rows] = (noisy[rows] + rng.integers(1, n_classes, size=len(rows))) % n_classes
    flipped[rows] = True
    return noisy, flipped


@dataclass(frozen=True)
class Detection:
    """How well low values find wrong labels.

    Attributes
    ----------
    curve : DataFrame
        A row for each value, from the lowest: `inspected` (rows of this value or less), and the `precision`
        and `recall` of calling them wrong. Rows of one value are inspected together.
    average_precision : float
        The area under that curve as scikit-learn has it, without interpolation; by chance, the share of
        wrong labels.
    roc_auc : float
        The probability that a wrong label has a lower value than a right one; ties count half.
    r_precision : float
        The share of wrong labels among as many lowest values as there are wrong labels, which is precision
        and recall at once; of a tie at the end, its expectation.
    f1 : float
        Of calling wrong what `lower_cluster` finds, the rule of OpenDataVal.
    called : int
        How many rows that rule calls wrong.
    """

    curve: pd.DataFrame
    average_precision: float
    roc_auc: float
    r_precision: float
    f1: float
    called: int


def detection(values: ArrayLike, flipped: ArrayLike) -> Detection:
    """Return how well wrong labels are found by inspecting rows from the lowest value up.

    Parameters
    ----------
    values : array of float, shape (n,)
    flipped : array of bool, shape (n,)
        Which labels are wrong.

    Raises
    ------
    ValueError
        If no label is wrong, or all are.

    Examples
    --------
    >>> found = detection([-1.0, -0.5, 0.8, 1.0], [True, False, True, False])
    >>> found.curve["precision"].round(2).tolist(), found.curve["recall"].tolist()
    ([1.0, 0.5, 0.67, 0.5], [0.5, 0.5, 1.0, 1.0])
    >>> round(found.average_precision, 3), found.roc_auc, found.r_precision, found.f1
    (0.833, 0.75, 0.5, 0.5)
    """
    values, flipped = np.asarray(values, dtype=float), np.asarray(flipped, dtype=bool)
    wrong = int(flipped.sum())
    if values.shape != flipped.shape or not 0 < wrong < len(flipped):
        raise ValueError(f"right and wrong labels are needed, found {wrong} wrong ones of {len(flipped)}")
    values = np.where(np.isnan(values), np.inf, values)
    levels, level = np.unique(values, return_inverse=True)
    inspected = np.bincount(level, minlength=len(levels)).cumsum()
    found = np.bincount(level[flipped], minlength=len(levels)).cumsum()
    precision, recall = found / inspected, found / wrong
    called = lower_cluster(np.where(np.isinf(values), np.nan, values))
    ranks = stats.rankdata(values)
    pairs = ranks[flipped].sum() - wrong * (wrong + 1) / 2  # with a right label of lower value (Mann-Whitney)
    return Detection(
        curve=pd.DataFrame({"inspected": inspected, "precision": precision, "recall": recall}),
        average_precision=float(np.diff(recall, prepend=0.0) @ precision),
        roc_auc=float(1 - pairs / (wrong * (len(flipped) - wrong))),
        r_precision=float(np.interp(wrong, [0, *inspected], [0, *found])) / wrong,
        f1=2 * int((called & flipped).sum()) / (int(called.sum()) + wrong),
        called=int(called.sum()),
    )


def lower_cluster(values: ArrayLike) -> NDArray[np.bool_]:
    """Return which values are in the lower of two clusters, by exact k-means in one dimension.

    OpenDataVal calls the rows of the lower cluster noisy: of all cuts of the sorted values in two, the one
    with the least squared distances from the two means (Grønlund et al. 2017). Here NaN is in neither
    cluster, and values that are all equal make none.

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> lower_cluster([9.0, 1.0, 2.0, 8.0, 3.0]).tolist()
    [False, True, True, False, True]
    """
    values = np.asarray(values, dtype=float)
    known = np.sort(values[~np.isnan(values)])
    cuts = np.flatnonzero(np.diff(known) > 0) + 1  # how many values are below a cut
    if len(cuts) == 0:
        return np.zeros(len(values), bool)
    # the sum of squares between the clusters is S² n / (c (n - c)), with S the sum of the c lower deviations
    deviations = np.cumsum(known - known.mean())
    between = deviations[cuts - 1] ** 2 / (cuts * (len(known) - cuts))
    return values < known[cuts[between.argmax()]]


def removal_curve(
    utility: Utility,
    values: ArrayLike,
    first: Literal["best", "worst"],
    seed: int = 0,
    shares: Sequence[float] | None = None,
    step: Callable[[], object] = lambda: None,
) -> pd.DataFrame:
    """Return what is left as rows are removed by value.

    Good values make the curve fall soon if the best rows go first, and late if the worst do. What remains are
    the prefixes of the reverse order, so one walk gives the whole curve.

    Parameters
    ----------
    utility : Utility
    values : array of float, shape (n,)
    first : {"best", "worst"}
        Which rows are removed first.
    seed : int
        Of the order of rows with equal values.
    shares : sequence of float, optional
        The shares of the rows to remove, in 0 … 1, for a utility without a cheap walk; by default 0, 1, …, n
        rows are removed.
    step : callable
        Called once for each model.

    Returns
    -------
    DataFrame
        By rising `removed` (share of the rows): `kept` (rows), `worth` of the rest, and `worth_<metric>` for
        every metric that the utility's scores carry.

    Examples
    --------
    >>> from inquest.utility import FunctionUtility
    >>> additive = FunctionUtility(lambda rows: float(rows.sum()), n_rows=4)
    >>> removal_curve(additive, [0, 1, 2, 3], "best")["worth"].tolist()
    [6.0, 3.0, 1.0, 0.0, 0.0]
    >>> removal_curve(additive, [0, 1, 2, 3], "worst", shares=[0, 0.5])["worth"].tolist()
    [6.0, 5.0]
    """
    if first not in ("best", "worst"):
        raise ValueError(f'first is "best" or "worst", found {first!r}')
    n = utility.n_rows
    order = removal_order(values, first, seed)
    if len(order) != n:
        raise ValueError(f"a value for each of {n} rows is needed, found {len(order)}")
    if shares is None:
        kept = np.arange(n, -1, -1)
        scores = [utility([])]
        step()
        for score in utility.walk(order[::-1]):
            scores.append(score)
            step()
        scores.reverse()
    else:
        if not all(0 <= share <= 1 for share in shares):
            raise ValueError(f"shares lie in 0 … 1, found {min(shares)} … {max(shares)}")
        kept, scores = n - np.rint(np.sort(shares) * n).astype(int), []
        for count in kept:
            scores.append(utility(order[n - count :]))
            step()
    others = {f"worth_{name}": worth for name, worth in metrics_of(scores).items()}
    return pd.DataFrame(
        {"removed": (n - kept) / n, "kept": kept, "worth": np.array(scores, dtype=float), **others}
    )


def removal_order(values: ArrayLike, first: Literal["best", "worst"], seed: int = 0) -> NDArray[np.intp]:
    """Return all rows in the order in which they are removed; equal values in random order, NaN last."""
    values = np.asarray(values, dtype=float)
    key = -values if first == "best" else values
    return np.lexsort((np.random.default_rng(seed).random(len(key)), key))


def area(curve: pd.DataFrame, worth: str = "worth") -> float:
    """Return the mean worth over the removed shares, by trapezoids: one number for a removal curve.

    Parameters
    ----------
    curve : DataFrame
        As `removal_curve` returns it, of two shares or more.
    worth : str
        The column, for another metric than the primary one.
    """
    removed = curve["removed"].to_numpy()
    return float(np.trapezoid(curve[worth], removed) / (removed[-1] - removed[0]))
