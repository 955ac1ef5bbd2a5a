"""Gaussian naive Bayes: the moments of every prefix, and of every complement, without a refit."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.naive_bayes import GaussianNB

from inquest.learners.stacked import Stack, StackedUtility, chosen, leads
from inquest.utility import Rows

EPS = np.finfo(float).eps
TIE, RELATIVE_TIE = 1e-9, 1e-12  # a lead below this, and this share of the log-likelihood, is rounding
NO_VARIANCE = 1e-28  # of the squared values: what rounding leaves of a variance of zero
ACCURATE = 1e-11  # the error of a log-likelihood that is let pass where both classes are in play
IN_PLAY = 40  # behind by more than this, a class's probability is below the rounding of the first one's
KEPT = 1e-3  # the share of a class's squared deviations that must be left for a difference to give it


class NaiveBayesUtility(StackedUtility):
    """`RetrainingUtility` of scikit-learn's `GaussianNB`.

    The squared deviations of the first i rows from their own mean are a running sum of terms that are never
    negative, Σ (i - 1)/i · (xᵢ - x̄ᵢ₋₁)² (Youngs & Cramer 1971), so that nothing cancels. The rest of
    the model, the share of the classes and the smoothing by the largest variance of a column, is had anew
    for each prefix. Σ (x - θ)²/σ² over the columns is multiplied out, so that matrix products give it for
    all test rows and prefixes, about each class's median; where a class of few rows has so small a variance
    that this would lose digits, and more than one class is in play, the squares are summed one by one.

    Left to scikit-learn: rows that are all the same (there is no variance at all), and models that leave a
    test row undecided within rounding. Labels are therefore always scikit-learn's. Its probabilities have the
    rounding of its log-likelihoods, 1e-16 of up to 1e9 where a column is constant in both classes so far, and
    agree within that; so do ranking metrics, but for test rows whose probabilities are that close.
    """

    family = "naive Bayes with running moments"

    @classmethod
    def covers(cls, estimator: BaseEstimator) -> bool:
        """Return whether the family gives just what this estimator would."""
        if type(estimator) is not GaussianNB or not estimator.var_smoothing > 0:
            return False
        if estimator.priors is None:
            return True
        priors = np.asarray(estimator.priors, float)
        return priors.ndim == 1 and bool(np.all(priors > 0)) and bool(np.isclose(priors.sum(), 1))

    def _follower(self, order: Rows) -> Callable[[int, int, NDArray[np.intp]], Stack]:
        y = self.y[order]
        running = {}
        for code in np.unique(y).tolist():
            Z = self._features[order[y == code]] - self._centres[code]
            size = np.arange(1, len(Z) + 1)[:, None]
            means = np.cumsum(Z, axis=0) / size
            terms = np.zeros_like(Z)
            np.subtract(Z[1:], means[:-1], out=terms[1:])
            terms[1:] *= terms[1:] * ((size[1:] - 1) / size[1:])
            running[code] = means, np.cumsum(terms, axis=0)

        def follow(start: int, stop: int, present: NDArray[np.intp]) -> Stack:
            counts = np.cumsum(y[:stop, None] == present, axis=0)[start:]
            moments = [running[code] for code in present.tolist()]
            means, deviations = (
                np.stack([had[which][counts[:, c] - 1] for c, had in enumerate(moments)]) for which in (0, 1)
            )
            return self._judge(means, deviations, counts.T, present)

        return follow

    def _left(self, groups: list[Rows], counts: NDArray[np.intp], present: NDArray[np.intp]) -> Stack:
        rows, owners = np.concatenate(groups), np.repeat(np.arange(len(groups)), [len(g) for g in groups])
        moments = [
            self._moments_left(code, rows[own], owners[own], counts[:, code])
            for code in present.tolist()
            for own in [self.y[rows] == code]
        ]
        means, deviations = (np.stack(part) for part in zip(*moments, strict=True))
        return self._judge(means, deviations, counts.T[present], present)

    def _moments_left(
        self, code: int, rows: Rows, owners: NDArray[np.intp], left: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the moments of a class without its rows that each of b owners takes away.

        They are those of all rows less those of the group (Chan, Golub & LeVeque 1983), unless this
        leaves few digits; then those of the rows that are left.

        Parameters
        ----------
        rows, owners : shape (r,)
            Rows of the class, and the owner, 0 … b - 1, that takes each.
        left : shape (b,)
            How many are left; not none.

        Returns
        -------
        means, deviations : shape (b, d)
        """
        own = np.flatnonzero(self.y == code)
        Z = self._features[own] - self._centres[code]
        mean, n, b = Z.mean(axis=0), len(own), len(left)
        total = np.sum((Z - mean) ** 2, axis=0)
        gone = self._features[rows] - self._centres[code] - mean
        g = (n - left)[:, None]
        theirs, spread = np.zeros((2, b, Z.shape[1]))
        np.add.at(theirs, owners, gone)
        theirs /= np.maximum(g, 1)
        np.add.at(spread, owners, (gone - theirs[owners]) ** 2)
        means = mean - g / (n - g) * theirs
        deviations = total - spread - g * n / (n - g) * theirs**2
        for i in np.flatnonzero((2 * g[:, 0] > n) | np.any(deviations < KEPT * total, axis=1)):
            rest = Z[~np.isin(own, rows[owners == i])]
            means[i] = rest.mean(axis=0)
            deviations[i] = np.sum((rest - means[i]) ** 2, axis=0)
        return means, deviations

    def _judge(
        self,
        means: NDArray[np.float64],
        deviations: NDArray[np.float64],
        counts: NDArray[np.intp],
        present: NDArray[np.intp],
    ) -> Stack:
        """Return what b models with k of the classes say, from the moments of the rows of each class.

        Parameters
        ----------
        means, deviations : shape (k, b, d)
            The means, about each class's centre, and the summed squared deviations from them.
        counts : shape (k, b)
        """
        k, (b, d) = len(present), means.shape[1:]
        rows = counts.sum(axis=0)
        share = (counts / rows)[:, :, None]
        places = means + (self._centres[present] - self._centres[present[0]])[:, None]
        between = np.sum(share * (places - np.sum(share * places, axis=0)) ** 2, axis=0)
        spread = (np.sum(deviations, axis=0) / rows[:, None] + between).max(axis=1)
        variances = deviations / counts[:, :, None]
        variances += (self.estimator.var_smoothing * spread)[:, None]
        given = self.estimator.priors
        exact = spread > NO_VARIANCE * (np.max(self._centres**2) + np.max(means**2, axis=(0, 2)))
        if given is not None and len(given) != k:  # scikit-learn refuses
            exact[:], given = False, None

        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            constants = -0.5 * np.log(2 * np.pi * variances).sum(axis=2)
            constants += np.log(share[:, :, 0] if given is None else np.asarray(given, float)[:, None])
            weights = 1 / variances
            factors = np.concatenate([-0.5 * weights, weights * means], axis=2)
            squares = 0.5 * np.sum(factors[:, :, d:] * means, axis=2)
            joint = np.empty((k, b, len(self._tests)))
            for c, code in enumerate(present.tolist()):
                np.matmul(factors[c], self._expanded[code], out=joint[c])
            joint += (constants - squares)[:, :, None]
            top, lead = joint.max(axis=0), leads(joint)
            reach = np.maximum(top.max(axis=1), -top.min(axis=1))
            scale = np.max(squares + np.abs(constants), axis=0)
            for i in np.flatnonzero(16 * EPS * (reach + scale) > ACCURATE):
                unsure = (16 * EPS * (np.abs(top[i]) + scale[i]) > ACCURATE) & (lead[i] < IN_PLAY)
                which = np.flatnonzero(unsure)
                for c, code in enumerate(present.tolist()):
                    distances = (self._tests[which] - self._centres[code] - means[c, i]) ** 2
                    joint[c, i, which] = constants[c, i] - 0.5 * np.sum(distances * weights[c, i], axis=1)
                top[i, which], lead[i, which] = joint[:, i, which].max(axis=0), leads(joint[:, i, which])
            for i in np.flatnonzero(lead.min(axis=1) < TIE + RELATIVE_TIE * reach):
                exact[i] &= np.all(lead[i] > TIE + RELATIVE_TIE * np.abs(top[i]))
            exact &= 16 * EPS * (reach + scale) < 1  # false where they are no numbers
            labels = chosen(joint, present)
            if self._needs_only_labels:
                return Stack(labels, np.broadcast_to(np.nan, (*labels.shape, self.n_classes)), None, exact)

            # as scikit-learn: the logarithm is normalised, so that probabilities next to 1 round as there
            scores = np.zeros((self.n_classes, *labels.shape))
            top += np.log(np.sum(np.exp(joint - top), axis=0))
            scores[present] = np.exp(joint - top)
        scores = np.moveaxis(scores, 0, -1)
        return Stack(labels, scores, scores, exact)

    @cached_property
    def _centres(self) -> NDArray[np.float64]:
        """The median of each class's rows, shape (n_classes, d); zeros for a class without any."""
        centres = np.zeros((self.n_classes, self._features.shape[1]))
        for code in np.unique(self.y):
            centres[code] = np.median(self._features[self.y == code], axis=0)
        return centres

    @cached_property
    def _expanded(self) -> list[NDArray[np.float64]]:
        """The squares and the values of the test rows about each class's centre, shape (2 d, m) each."""
        about = [self._tests - centre for centre in self._centres]
        return [np.ascontiguousarray(np.hstack([Z**2, Z]).T) for Z in about]
