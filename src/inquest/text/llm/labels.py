"""Labels by a large language model: what a labeller returns, and which prompt does best."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class Labelled:
    """What a model said of texts.

    Parameters
    ----------
    table : DataFrame
        A row a text, in their order: `row`; `label`, None if the answer was none of those allowed; `answer`,
        the words that came back (None where the allowed answers were scored instead); `cut`, whether the
        text lost its end; and ``probability:<class>``, where they are known.
    seconds : float
        That it took, the loading of the model apart.
    requests, from_cache : int
        Questions that were sent to an endpoint, and those that an earlier run had sent.
    """

    table: pd.DataFrame
    seconds: float
    requests: int = 0
    from_cache: int = 0
