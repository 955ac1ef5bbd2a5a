"""The `quality` section: whether values find flipped labels, and tell which rows a model can do without."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from inquest.sections import Section


class Quality(Section):
    """Values put to the test, method beside method (Ghorbani & Zou 2019; Jiang et al. 2023)."""

    rows: Annotated[int, Field(ge=4)] = 1000
    """How many training rows are drawn and valued (all, if there are no more); they are the whole game."""
    flip: Annotated[float, Field(gt=0, le=0.5)] = 0.1
    """The share of their labels that is flipped, for the methods to find."""
    repeats: Annotated[int, Field(ge=1, le=100)] = 3
    """How often rows, flips and halves of the test rows are drawn; raising it computes only the new ones."""
    permutations: Annotated[int, Field(ge=1)] = 10
    """How many random orders are walked for Data Shapley and Beta Shapley."""
    subsets: Annotated[int, Field(ge=2)] = 1000
    """How many random halves of the rows Data Banzhaf retrains on."""
    bags: Annotated[int, Field(ge=1)] = 100
    """How many bootstrap samples Data-OOB retrains on."""
