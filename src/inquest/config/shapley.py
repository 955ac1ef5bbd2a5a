"""The `shapley` section: Truncated Monte Carlo Data Shapley values of rows and groups."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from inquest.config.base import Section


class Shapley(Section):
    """Data Shapley values (Ghorbani & Zou 2019)."""

    rows: Annotated[int, Field(ge=2)] = 400
    """How many training rows are valued (all, if there are no more); they are the whole game."""
    choose: Literal["random", "stratified"] = "stratified"
    """How these rows are drawn from the training split."""
    permutations: Annotated[int, Field(ge=1)] = 10
    """How many random orders of the players are walked; raising it computes only the new ones."""
    permutations_per_job: Annotated[int, Field(ge=1)] = 1
    """How many of them one job walks, one after the other; the results are the same."""
    tolerance: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Stop a walk once its score is within this share of U(all); 0 never stops early."""
    groups: bool = True
    """Also value the groups of the `influence` section, as players of a second game."""
    show: Annotated[int, Field(ge=1, le=50)] = 8
    """How many of the best and of the worst rows the report shows."""
