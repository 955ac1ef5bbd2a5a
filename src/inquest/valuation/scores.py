"""The metrics that the scores of many sets of rows carry, as columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def metrics_of(scores: Sequence[float]) -> dict[str, NDArray[np.float64]]:
    """Return each metric of a utility's scores, shape (scores,); plain floats carry none.

    Examples
    --------
    >>> from inquest.utility import Score
    >>> metrics_of([Score(0.5, {"f1": 0.25}), Score(0.75, {"f1": 0.5})])
    {'f1': array([0.25, 0.5 ])}
    """
    names = getattr(scores[0], "metrics", ()) if len(scores) else ()
    return {name: np.array([score.metrics[name] for score in scores]) for name in names}
