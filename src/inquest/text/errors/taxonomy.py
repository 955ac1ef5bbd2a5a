"""The words that people choose from when they annotate errors: types, causes and fixes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PrivateAttr, ValidationError

from inquest.errors import InquestError
from inquest.sections import Mistake, Section, complain, read_yaml, shown, text_like

# Columns of the sheet, and the list that each takes its words from.
CATEGORIES = {"error_type": "types", "cause": "causes", "fix": "fixes"}
# A name stands in cells and table rows, so it starts with no sign that a spreadsheet takes for a formula.
Name = text_like(
    r"[^\W_](?:[^\n\t\r]{0,38}[^\s])?",
    "a name of at most 40 characters is needed, with a letter or digit first and no space last",
)
Said = Annotated[str, Field(min_length=1)]


class Item(Section):
    """A type of errors or a cause."""

    name: Name
    definition: Said


class Fix(Item):
    """What could be done."""

    idea: Said
    """What to do to the model or to the representation of texts."""


def _differ(items: list[Item]) -> list[Item]:
    seen: dict[str, str] = {}
    for item in items:
        if key(item.name) in seen:
            raise Mistake(
                "", f"{item.name!r} stands beside {seen[key(item.name)]!r}", "each name may be there once"
            )
        seen[key(item.name)] = item.name
    return items


Items = Annotated[list[Item], Field(min_length=1), AfterValidator(_differ)]
Fixes = Annotated[list[Fix], Field(min_length=1), AfterValidator(_differ)]


class Taxonomy(Section):
    """Three lists of names with their definitions, in the order of the file."""

    types: Items
    causes: Items
    fixes: Fixes
    _file: str = PrivateAttr("taxonomy.yaml")

    @property
    def file(self) -> str:
        """The name of the file that it was read from, to name to people."""
        return self._file

    def items(self, column: str) -> list[Item]:
        """Return what a column of the sheet (`error_type`, `cause` or `fix`) may hold."""
        return getattr(self, CATEGORIES[column])

    def names(self, column: str) -> list[str]:
        """Return the names that a column of the sheet may hold."""
        return [item.name for item in self.items(column)]

    def named(self, column: str, word: str) -> str | None:
        """Return the name that a word stands for, whatever its case and spaces; None if there is none."""
        return {key(name): name for name in self.names(column)}.get(key(word))


def key(word: str) -> str:
    """Return a word without what people don't mean by it: case and extra white space."""
    return " ".join(word.split()).casefold()


def read_taxonomy(path: str | Path) -> Taxonomy:
    """Read the taxonomy of a YAML file.

    Parameters
    ----------
    path : path
        A file with the lists `types`, `causes` and `fixes`; each item has a `name` and a `definition`, a fix
        an `idea`, too.

    Raises
    ------
    InquestError
        One line: the file and the key that is at fault, what stands there and what may.
    """
    path = Path(path)
    content: Any = read_yaml(path, "a YAML file with the lists types, causes and fixes is needed")
    if not isinstance(content, Mapping):
        raise InquestError(
            path.name, f"found {shown(content)}", "the lists types, causes and fixes are needed"
        )
    try:
        taxonomy = Taxonomy.model_validate(content)
    except ValidationError as error:
        bad = complain(error, content)
        where = bad.where.replace("config key", f"{path.name}, key").replace("the config", path.name)
        raise InquestError(where, bad.found, bad.allowed) from None
    taxonomy._file = path.name
    return taxonomy
