"""The `errors` section: the error sheet, its annotations, and the map of the errors."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from inquest.sections import EACH_ONCE, Mistake, Section


class Map(Section):
    """The errors and some correct texts in two dimensions."""

    correct: Annotated[int, Field(ge=0)] = 500
    """The most texts with the right label that are drawn beside the errors."""
    methods: Annotated[list[Literal["pca", "tsne", "umap"]], Field(min_length=1), EACH_ONCE] = ["pca", "tsne"]
    """How the hidden states become two numbers; `umap` needs the package umap-learn."""
    perplexities: Annotated[list[Annotated[float, Field(ge=2)]], Field(min_length=1), EACH_ONCE] = [
        10,
        30,
        50,
    ]
    """For t-SNE: how many neighbours a text has, about."""
    show: float | None = None
    """The perplexity whose map is printed, one of `perplexities`; null takes the most trustworthy one."""
    neighbours: Annotated[int, Field(ge=1)] = 10
    """Nearest texts that are looked at for each error, to tell whether errors cluster."""
    shuffles: Annotated[int, Field(ge=99)] = 999
    """Shufflings of the errors' marks that this is held against."""

    @model_validator(mode="after")
    def _shows_what_is_made(self):
        if self.show is not None and self.show not in self.perplexities:
            listed = ", ".join(f"{one:g}" for one in self.perplexities)
            raise Mistake("show", f"found {self.show:g}", f"`perplexities` has {listed}")
        return self


class Errors(Section):
    """Where the classifier fails, and why: a sheet that people annotate, what they wrote, and a map."""

    taxonomy: str = "annotations/taxonomy.yaml"
    """The file with the error types, causes and fixes that people choose from."""
    annotated_by: str = ""
    """By whom and how the errors were annotated, in your own words; printed in the report."""
    neighbours: Annotated[int, Field(ge=1, le=20)] = 3
    """Nearest training texts that the sheet shows for each error."""
    steps: Annotated[int, Field(ge=2)] = 16
    """Steps of the integrated gradients; a text whose gap is larger than `tolerance` gets more."""
    tolerance: Annotated[float, Field(gt=0)] = 0.05
    """The largest completeness gap, as a share of what is explained, that needs no more steps."""
    show: Annotated[int, Field(ge=1)] = 10
    """Wrong texts that stand in the chapter; all of them are in the appendix."""
    map: Map = Map()
