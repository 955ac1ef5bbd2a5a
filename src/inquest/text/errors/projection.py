"""The map of the errors: which texts are on it, and where the classifier's states put them on a plane."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE, trustworthiness
from threadpoolctl import threadpool_limits

from inquest.data.tables import draw_by_label, largest_remainder
from inquest.errors import InquestError, listing
from inquest.runtime import Progress, seed_for
from inquest.text.errors.clusters import cluster_test, say, unit

NAMES = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
DIMENSIONS = 50  # of the principal components on which t-SNE and UMAP work
JUDGED_BY = 10  # neighbours by which trustworthiness is measured
FEWEST = 5  # texts, below which a plane of neighbours says nothing
UMAP_NEIGHBOURS = 15


class Projection(NamedTuple):
    """Texts on a plane."""

    name: str
    """`pca`, `tsne-30`, `umap`: the points' columns are `x:<name>` and `y:<name>`."""
    method: str
    perplexity: int | None
    places: NDArray[np.float64]  # (n, 2)
    trustworthiness: float | None
    """In 0 … 1: whether neighbours on the plane are neighbours in the space (Venna & Kaski 2001). None where
    there are too few texts to tell."""


def map_errors(
    judged: pd.DataFrame,
    predictions: pd.DataFrame,
    classes: Sequence[str],
    states: NDArray[np.float64],
    options: Mapping[str, Any],
    seed: int,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Put all errors and some right texts on planes, and test whether errors lie together.

    States are taken at length 1 all through: texts are alike by the angle between them.

    Parameters
    ----------
    judged : DataFrame
        `row`, `id`, `text`, `pair` (if the task is on pairs) and `label` of all test texts.
    predictions : DataFrame
        Of these texts and perhaps of others: `row`, `label` and `predicted` (codes) and
        `probability:<class>`.
    classes : sequence of str
        The labels in the order of the codes.
    states : ndarray, shape (n, hidden_size)
        The vectors of `judged`, in its order.
    options : mapping
        `methods`, `perplexities`, `show` (a perplexity, or None for the most trustworthy projection),
        `correct`, `neighbours` and `shuffles`.
    seed : int
        The study's seed.

    Returns
    -------
    points : DataFrame
        `row`, `id`, `text`, [`pair`], `gold`, `predicted`, `confidence`, `wrong`, and `x:<name>` and
        `y:<name>` for each projection.
    facts : dict
        `texts`, `errors` and `correct` on the map; `methods`: `name`, `title`, `method`, `perplexity`,
        `trustworthiness` and `shown` of each projection; `test` (see `cluster_test`), and what it `says`.

    Raises
    ------
    InquestError
        If UMAP is asked for and not installed.
    """
    said = predictions.set_index("row").loc[judged["row"]]
    probabilities = said[[f"probability:{name}" for name in classes]].to_numpy(float)
    gold, predicted = said["label"].to_numpy(), said["predicted"].to_numpy()
    wrong, confidence = gold != predicted, probabilities[np.arange(len(said)), predicted]

    drawn = choose_texts(gold, wrong, options["correct"], seed_for(seed, "errors", "map", "texts"))
    found = projections(states[drawn], options, seed_for(seed, "errors", "map"))
    texts = judged[[name for name in ("row", "id", "text", "pair") if name in judged]]
    points = texts.iloc[drawn].reset_index(drop=True)
    points["gold"] = pd.Series(np.asarray(classes, object)[gold[drawn]], dtype="str")
    points["predicted"] = pd.Series(np.asarray(classes, object)[predicted[drawn]], dtype="str")
    points["confidence"], points["wrong"] = confidence[drawn], wrong[drawn]
    for one in found:
        points[f"x:{one.name}"], points[f"y:{one.name}"] = one.places.T

    once = ~judged.duplicated([name for name in ("text", "pair") if name in judged]).to_numpy()
    test = cluster_test(
        states[once],
        wrong[once],
        predicted[once],
        confidence[once],
        options["neighbours"],
        options["shuffles"],
        seed_for(seed, "errors", "clusters"),
    )
    shown = shown_one(found, options["show"])
    facts = {
        "texts": len(drawn),
        "errors": int(wrong.sum()),
        "correct": int(len(drawn) - wrong.sum()),
        "methods": [_facts(one, shown) for one in found],
        "test": test,
        "says": say(test),
    }
    return points, facts


def choose_texts(
    gold: NDArray[np.intp], wrong: NDArray[np.bool_], correct: int, seed: int
) -> NDArray[np.intp]:
    """Return the sorted positions of all errors and of at most ``correct`` right texts.

    These are drawn at random, each gold label's share kept up to one text.
    """
    right = np.flatnonzero(~wrong)
    if len(right) > correct:
        labels = pd.Series(gold[right])
        counts = labels.value_counts().sort_index()
        quota = largest_remainder(counts / len(labels), correct)
        right = right[draw_by_label(labels, dict(zip(counts.index, quota, strict=True)), seed)]
    return np.sort(np.concatenate([np.flatnonzero(wrong), right]))


def projections(states: NDArray[np.float64], options: Mapping[str, Any], seed: int) -> list[Projection]:
    """Return the projections that the options ask for; those on neighbours need `FEWEST` texts.

    A perplexity that the texts don't allow becomes the largest that they do.
    """
    wanted: dict[str, tuple[str, int | None]] = {}
    for method in options["methods"]:
        if method == "tsne":
            for perplexity in options["perplexities"]:
                clipped = _clipped(perplexity, len(states))
                wanted[f"tsne-{clipped}"] = method, clipped
        else:
            wanted[method] = method, None
    if len(states) < FEWEST:
        wanted = {"pca": ("pca", None)}
    progress = Progress("projections", len(wanted))
    found = []
    for name, (method, perplexity) in wanted.items():
        places = project(states, method, seed, perplexity)
        found.append(Projection(name, method, perplexity, places, _trusted(states, places)))
        progress.step()
    return found


def project(
    states: NDArray[np.float64], method: str, seed: int = 0, perplexity: int | None = None
) -> NDArray[np.float64]:
    """Return where a method puts texts on a plane, shape (n, 2); the same bytes each time.

    t-SNE (van der Maaten & Hinton 2008) and UMAP (McInnes et al. 2018) start from the plane of the first two
    principal components, as Kobak & Berens (2019) advise, so that what is left on one map is left on the
    others. All run on one thread: sums that threads share differ in their last bits, and t-SNE blows that up.

    Parameters
    ----------
    states : ndarray, shape (n, hidden_size)
        At any length: it is made 1.
    method : {"pca", "tsne", "umap"}
    seed : int
    perplexity : int, optional
        Of t-SNE; it is cut to the largest that n texts allow.
    """
    n = len(states)
    with threadpool_limits(1):
        components = _components(unit(states))
        plane = np.zeros((n, 2))
        plane[:, : min(2, components.shape[1])] = components[:, :2]
        if method == "pca":
            return plane
        spread = plane[:, 0].std() or 1.0
        if method == "tsne":
            tsne = TSNE(
                perplexity=_clipped(perplexity or 30, n),
                init=(plane / spread * 1e-4).astype(np.float32),
                random_state=seed,
                n_jobs=1,
            )
            return tsne.fit_transform(components.astype(np.float32)).astype(float)
        umap = _umap()(
            n_neighbors=min(UMAP_NEIGHBOURS, n - 1),
            init=(plane / spread * 10).astype(np.float32),
            random_state=seed,
            n_jobs=1,
        )
        return np.nan_to_num(
            umap.fit_transform(components.astype(np.float32)).astype(float)
        )  # if all are alike


def _components(states: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the first principal components; each one's sign is scikit-learn's: the largest weight is > 0."""
    if len(states) < 2:
        return np.zeros((len(states), 1))
    with np.errstate(invalid="ignore"):  # texts that are all alike have no variance to share out
        return PCA(min(DIMENSIONS, *states.shape), svd_solver="full").fit_transform(states)


def _clipped(perplexity: float, n: int) -> int:
    """Return the perplexity, or the largest one for which n texts have neighbours: three times as many."""
    return max(1, min(round(perplexity), (n - 1) // 3))


def _umap() -> Any:
    if importlib.util.find_spec("umap") is None:
        raise InquestError(
            "config key `errors.map.methods`",
            "found 'umap', which is not installed",
            f"install it (.venv/bin/pip install umap-learn), or leave it out: {listing(NAMES)} are allowed",
        )
    from umap import UMAP

    return UMAP


def _trusted(states: NDArray[np.float64], places: NDArray[np.float64]) -> float | None:
    k = min(JUDGED_BY, (len(states) - 1) // 2)
    return float(trustworthiness(unit(states), places, n_neighbors=k)) if k > 0 else None


def shown_one(found: Sequence[Projection], show: float | None) -> Projection:
    """Return the projection that is drawn beside the principal components.

    It is t-SNE at the perplexity that is asked for, or else the most trustworthy but for PCA itself; of
    equally trustworthy ones the first.
    """
    at = {one.perplexity: one for one in found if one.method == "tsne"}
    if show is not None and at:
        return min(at.values(), key=lambda one: abs(one.perplexity - show))
    others = [one for one in found if one.method != "pca"] or list(found)
    return max(others, key=lambda one: one.trustworthiness or 0.0)


def _facts(one: Projection, shown: Projection) -> dict[str, Any]:
    at = "" if one.perplexity is None else f", perplexity {one.perplexity}"
    return {
        "name": one.name,
        "title": NAMES[one.method] + at,
        "method": one.method,
        "perplexity": one.perplexity,
        "trustworthiness": one.trustworthiness,
        "shown": one is shown,
    }
