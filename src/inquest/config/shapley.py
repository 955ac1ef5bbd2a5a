"""The `shapley` section: Truncated Monte Carlo Data Shapley values of rows and groups."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from inquest.sections import Mistake, Section, check_jobs


class Until(Section):
    """When the values of a game are sure enough for no more permutations to be added."""

    standard_error: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """The largest standard error that a value may have, in units of the primary metric."""
    max_permutations: Annotated[int, Field(ge=1, le=1_000_000)]
    """How many permutations there are at most, however unsure the values still are."""


class Shapley(Section):
    """Data Shapley values (Ghorbani & Zou 2019)."""

    rows: Annotated[int, Field(ge=2)] | None = None
    """How many training rows are valued, null for all of them; they are the whole game."""
    choose: Literal["random", "stratified"] = "stratified"
    """How these rows are drawn from the training split."""
    permutations: Annotated[int, Field(ge=1)] = 10
    """How many random orders of the players are walked; raising it computes only the new ones."""
    until: Until | None = None
    """Add permutations to these, ten at a time, until all values are that sure; null adds none."""
    antithetic: bool = False
    """Walk every other time along the reverse of the order before; takes an even number of permutations."""
    permutations_per_job: Annotated[int, Field(ge=1)] = 1
    """How many of them one job walks, one after the other; the results are the same."""
    tolerance: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Stop a walk once its score is within this share of U(all); 0 never stops early."""
    spot_checks: Annotated[int, Field(ge=0)] = 8
    """How many prefixes of the walks are also retrained from scratch, as a proof; 0 checks none."""
    groups: bool = True
    """Also value the groups of the `influence` section, as players of a second game."""
    groups_up_to: Annotated[int, Field(ge=1)] = 100
    """With more groups than this, `groups: true` is refused: each walk retrains once for each group."""
    exact_groups_up_to: Annotated[int, Field(ge=0, le=20)] = 10
    """With so many groups or fewer, find their exact values, too, by 2**groups retrains; 0 never does."""
    show: Annotated[int, Field(ge=1, le=50)] = 8
    """How many of the best and of the worst rows the report shows."""

    @model_validator(mode="after")
    def _pairs(self):
        if self.antithetic and self.permutations % 2:
            raise Mistake(
                "permutations",
                f"found {self.permutations}",
                "with `antithetic: true` they come in pairs: an even number is needed",
            )
        most = self.until.max_permutations if self.until else self.permutations
        check_jobs("permutations", self.permutations, "permutations_per_job", self.permutations_per_job)
        if most < self.permutations:
            raise Mistake(
                "until.max_permutations",
                f"found {most}",
                f"at least as many as `permutations` are allowed, which are {self.permutations}",
            )
        if self.antithetic and most % 2:
            raise Mistake(
                "until.max_permutations",
                f"found {most}",
                "with `antithetic: true` they come in pairs: an even number is needed",
            )
        return self
