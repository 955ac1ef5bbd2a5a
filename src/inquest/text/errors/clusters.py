"""Whether errors lie beside each other: a permutation test among the classifier's states."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

LEVEL = 0.05
STRATUM = 20  # texts of one predicted label and like confidence, among whom marks are shuffled


def cluster_test(
    states: NDArray[np.float64],
    wrong: NDArray[np.bool_],
    predicted: NDArray[np.intp],
    confidence: NDArray[np.float64],
    k: int = 10,
    permutations: int = 999,
    seed: int = 0,
) -> dict[str, Any]:
    """Test whether errors lie closer to each other than marks that are dealt out by chance.

    The statistic is a difference: of the share of errors among the k nearest other texts, by the cosine of
    the angle between states, its mean over errors less its mean over right texts. The first mean alone would
    not do. In spaces of many dimensions some texts are neighbours of very many (Radovanović et al. 2010);
    where these hubs are right texts, errors have few errors beside them, and right texts fewer still.

    Marks are dealt out anew in two ways:

    - among all texts. That errors lie together so is no news: most of them lie between the labels, where the
      classifier is unsure.
    - `within` strata of texts with the same predicted label and like confidence, which keeps how many errors
      there are at each confidence. What is left is clustering that label and confidence do not explain. The
      strata are runs of about `STRATUM` texts in the order of their confidence; they must be as narrow as
      that, since in wide ones, such as fifths, the less confident texts err more often and also lie together.

    Parameters
    ----------
    states : ndarray, shape (n, hidden_size)
        Of different texts: a text that stands there twice is its own neighbour.
    wrong : ndarray of bool, shape (n,)
    predicted : ndarray of int, shape (n,)
        Codes of the predicted labels.
    confidence : ndarray, shape (n,)
    k : int
        Neighbours; fewer if there are fewer other texts.
    permutations : int
        How often the marks are dealt out.
    seed : int

    Returns
    -------
    dict
        `texts`, `errors`, `k`, `permutations`; `near_errors` and `near_right`, the two means; `observed`
        (their difference), `ratio` (the first by the second; None for a second of 0), `expected` (the mean
        difference over the permutations) and `p` (one-sided, (1 + #≥) / (1 + permutations), as Phipson &
        Smyth 2010 have it); and `within` with `expected`, `p` and `strata` (how many hold both errors and
        right texts). Where there is nothing to test, these are None and `reason` says why.
    """
    wrong = np.asarray(wrong, bool)
    n, errors = len(wrong), int(wrong.sum())
    nothing = {"expected": None, "p": None}
    facts = {
        "texts": n,
        "errors": errors,
        "k": min(k, max(n - 1, 0)),
        "permutations": permutations,
        **dict.fromkeys(("near_errors", "near_right", "observed", "ratio")),
        **nothing,
        "reason": _why_not(n, errors),
    }
    if facts["reason"]:
        return {**facts, "within": {**nothing, "strata": 0, "reason": facts["reason"]}}
    near = NearestNeighbors(n_neighbors=facts["k"]).fit(unit(states)).kneighbors(return_distance=False)
    rng = np.random.default_rng(seed)
    at_errors, at_right = _shares(near, wrong)
    facts |= {"near_errors": at_errors, "near_right": at_right, "observed": at_errors - at_right}
    facts["ratio"] = at_errors / at_right if at_right else None
    facts |= _against_shuffles(near, wrong, np.zeros(n, int), permutations, rng)
    strata = matched(predicted, confidence)
    mixed = sum(0 < wrong[strata == one].sum() < (strata == one).sum() for one in np.unique(strata))
    reason = None if mixed else "errors and right texts share neither predicted label nor confidence"
    dealt = _against_shuffles(near, wrong, strata, permutations, rng) if mixed else nothing
    return {**facts, "within": {**dealt, "strata": int(mixed), "reason": reason}}


def _why_not(n: int, errors: int) -> str | None:
    if errors < 2:
        return "there is no error" if errors == 0 else "there is one error only"
    return "all texts are errors" if errors == n else None


def unit(states: NDArray) -> NDArray[np.float64]:
    """Return states at length 1, so that the nearest by distance are the nearest by cosine; zeros stay."""
    states = np.asarray(states, float)
    lengths = np.linalg.norm(states, axis=1, keepdims=True)
    return states / np.where(lengths > 0, lengths, 1)


def matched(predicted: NDArray, confidence: NDArray, size: int = STRATUM) -> NDArray[np.intp]:
    """Return a stratum for each text: about ``size`` texts of one predicted label, alike in confidence.

    >>> matched(np.array([0, 0, 1, 0, 0]), np.array([0.6, 0.9, 0.7, 0.5, 0.8]), size=2).tolist()
    [0, 1, 2, 0, 1]
    """
    strata = np.empty(len(predicted), np.intp)
    found = 0
    for label in np.unique(predicted):
        places = np.flatnonzero(predicted == label)
        places = places[np.argsort(np.asarray(confidence)[places], kind="stable")]
        for run in np.array_split(places, max(1, len(places) // size)):
            strata[run] = found
            found += 1
    return strata


def _shares(near: NDArray[np.intp], wrong: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the mean shares of errors among the neighbours of an error, and of a right text."""
    errors_near = wrong[near].mean(axis=1)
    return float(errors_near[wrong].mean()), float(errors_near[~wrong].mean())


def _against_shuffles(
    near: NDArray, wrong: NDArray[np.bool_], strata: NDArray, permutations: int, rng: np.random.Generator
) -> dict[str, float]:
    """Compare the difference with those for marks that are shuffled within strata."""
    observed = np.subtract(*_shares(near, wrong))
    places = np.argsort(strata, kind="stable")
    shuffled, differences = np.empty_like(wrong), np.empty(permutations)
    for i in range(permutations):
        shuffled[places] = wrong[np.lexsort((rng.random(len(wrong)), strata))]
        differences[i] = np.subtract(*_shares(near, shuffled))
    as_large = int((differences >= observed - 1e-12).sum())  # equal ones may differ in the last bits
    return {"expected": float(differences.mean()), "p": (1 + as_large) / (1 + permutations)}


def say(test: dict[str, Any]) -> str:
    """Return what a `cluster_test` found, in a few sentences."""
    if test["reason"]:
        return f"Whether errors lie together can't be told: {test['reason']}."
    neighbours = f"{test['k']:,} texts" if test["k"] > 1 else "text"
    first = (
        f"Of the {neighbours} nearest to an error, {test['near_errors']:.1%} are errors, too, on average; "
        f"nearest to a right text, {test['near_right']:.1%} are. The two compare with each other, not with "
        f"the {test['errors'] / test['texts']:.1%} of all texts that are errors, since some texts are near "
        "to many and others to few. Against errors dealt out among all texts, the difference of "
        f"{_points(test['observed'])} has p = {_p(test['p'])}."
    )
    within = test["within"]
    if within["reason"]:
        return f"{first} What the confidence explains of it can't be told: {within['reason']}."
    found = (
        "errors lie together beyond what label and confidence explain"
        if within["p"] <= LEVEL
        else "there is no sign that errors lie together beyond what label and confidence explain"
    )
    return (
        f"{first} Dealt out among texts with the same predicted label and like confidence, they would still "
        f"make {_points(within['expected'])} on average (p = {_p(within['p'])}): {found}."
    )


def _points(difference: float) -> str:
    return f"{100 * difference:+.1f} percentage points".replace("-", "−")


def _p(p: float) -> str:
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
