"""How likely the gold labels are right, by confident learning: errors can be the label's as well."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from numpy.typing import NDArray


class LabelQuality(NamedTuple):
    """What confident learning says of n labels."""

    scores: NDArray[np.float64]
    """From 0 (suspicious) to 1."""
    suspicious: NDArray[np.bool_]
    """Which labels are likely wrong."""


def label_quality(gold: NDArray[np.intp], probabilities: NDArray[np.float64]) -> LabelQuality:
    """Score labels by what a classifier that never learnt from them says (Northcutt et al. 2021).

    The score is the normalised margin: the gold label's probability less the largest other one, which finds
    labels in whose place another of the labels belongs. Before that, from the probability of each label is
    taken the mean that it has where it is the gold one: a label of which the classifier is seldom sure, as of
    a rare one, isn't suspicious for that alone. A label counts as likely wrong if both of cleanlab's ways of
    pruning, by class and by noise rate, would prune it: the classifier is confidently of another opinion.

    Parameters
    ----------
    gold : ndarray of int, shape (n,)
    probabilities : ndarray of float, shape (n, k)
        Out of sample: of texts from which the classifier didn't learn.
    """
    there, codes = np.unique(gold, return_inverse=True)
    if len(there) < 2:  # nothing to be confused with
        return LabelQuality(np.asarray(probabilities)[np.arange(len(gold)), gold], np.zeros(len(gold), bool))
    known = np.asarray(probabilities, float)[
        :, there
    ]  # a label without a text has no mean to be held against
    known = np.maximum(known, np.finfo(float).tiny)
    known /= known.sum(axis=1, keepdims=True)
    scores = get_label_quality_scores(codes, known, method="normalized_margin", adjust_pred_probs=True)
    return LabelQuality(scores, find_label_issues(codes, known, filter_by="both", n_jobs=1))
