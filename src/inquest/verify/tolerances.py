"""How far a number may be off on another machine: reference/tolerances.yaml."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from inquest.errors import InquestError
from inquest.sections import Mistake, Section, complain, read_yaml

Text = Annotated[str, Field(min_length=1)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Tolerance(Section):
    """What holds for the numbers that a pattern fits."""

    numbers: Text
    """A pattern of a number's name, such as `*/facts.json#*/accuracy/*`; `*` stands for anything."""
    study: str | None = None
    """The study that it is for; null is for all."""
    absolute: NotNegative = 0.0
    relative: NotNegative = 0.0
    """As a share of the reference; both are added up."""
    ignored: bool = False
    """Only the same bits reproduce the number: on another machine it is not compared."""
    because: Text

    @model_validator(mode="after")
    def _one_of_both(self):
        if self.ignored and (self.absolute or self.relative):
            raise Mistake("ignored", "found true beside a tolerance", "one of both is allowed")
        return self

    def of(self, value: float | None) -> float | None:
        """Return how far from ``value`` a number may be; None where it is ignored."""
        return None if self.ignored else self.absolute + self.relative * abs(value or 0.0)


class Exactly(Section):
    """Artefacts that have the same bytes on every machine."""

    artefacts: Text
    """A pattern of the path below the results folder."""
    because: Text


class Tolerances(Section):
    """The tolerances of every number (the first that fits counts), and what has the same bytes everywhere."""

    same_bytes: list[Exactly]
    tolerances: list[Tolerance]

    def of(self, study: str, number: str, value: float | None) -> float | None:
        """Return how far from its value a number may be; None where it is ignored, 0 where nothing fits."""
        for one in self.tolerances:
            if one.study in (None, study) and fnmatchcase(number, one.numbers):
                return one.of(value)
        return 0.0

    def exact(self, artefact: str) -> bool:
        """Return whether an artefact has the same bytes on every machine."""
        return any(fnmatchcase(artefact, one.artefacts) for one in self.same_bytes)

    def unused(self, study: str, numbers: Sequence[str]) -> list[str]:
        """Return the patterns for a study that none of its numbers needs."""
        used = set()
        mine = [(i, one) for i, one in enumerate(self.tolerances) if one.study in (None, study)]
        for number in numbers:
            used.add(next((i for i, one in mine if fnmatchcase(number, one.numbers)), None))
        return [one.numbers for i, one in mine if i not in used]


def read_tolerances(path: str | Path) -> Tolerances:
    """Return the tolerances of a YAML file.

    Raises
    ------
    InquestError
        One line: the key, what was found, what is allowed.
    """
    path = Path(path)
    content: Any = read_yaml(path, "a YAML file with `same_bytes` and `tolerances`")
    try:
        return Tolerances.model_validate(content)
    except ValidationError as error:
        verdict = complain(error, content)
        where = verdict.where.removeprefix("config key ")
        raise InquestError(f"{path}, key {where}", verdict.found, verdict.allowed) from None
