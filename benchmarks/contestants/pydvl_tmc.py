"""pyDVL's Truncated Monte Carlo Shapley, without truncation: its own sampler, utility, scorer and method.

One job, no cache, no progress bar, no warnings. The only addition is a list of the utilities it computes.
"""

from __future__ import annotations

import joblib
import numpy as np
from pydvl.valuation import Dataset, MinUpdates, ModelUtility, SupervisedScorer, TMCShapleyValuation
from pydvl.valuation.samplers import NoTruncation

from benchmarks.contest import Contest, enter


class Recorded(ModelUtility):
    """pyDVL's utility, which also keeps each worth and the rows of each whole walk."""

    def __call__(self, sample):
        worth = super().__call__(sample)
        if sample is not None and len(sample.subset):
            self.worths.append(worth)
            if len(sample.subset) == len(self.training_data):
                self.walked.append(sample.subset)
        return worth


def answer(contest: Contest):
    train, test = Dataset(contest.X, contest.y), Dataset(contest.X_test, contest.y_test)
    scorer = SupervisedScorer("accuracy", test, default=contest.majority_share, range=(0, 1))
    utility = Recorded(contest.estimator, scorer, show_warnings=False)
    utility.worths, utility.walked = [], []
    valuation = TMCShapleyValuation(
        utility,
        truncation=NoTruncation(),
        is_done=MinUpdates(len(contest.orders)),
        seed=contest.seed,
        show_warnings=False,
    )
    with joblib.parallel_config(n_jobs=1):
        valuation.fit(train)
    if not np.array_equal(utility.walked, contest.orders):
        raise RuntimeError("pyDVL walked along other permutations")
    return utility.worths, {}


if __name__ == "__main__":
    enter(answer)
