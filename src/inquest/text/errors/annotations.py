"""What people wrote into the error sheet: read from any copy of it, merged, and compared between people."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from inquest.errors import InquestError, listing, nearest
from inquest.text.errors.cells import Row, read_rows
from inquest.text.errors.copies import suffix
from inquest.text.errors.sheet import CURRENT
from inquest.text.errors.taxonomy import CATEGORIES, Taxonomy, key

PAST = "past"  # it was an error once: a later classifier gets the text right, or it left the test texts
UNNAMED = "unnamed"
SAID = (*CATEGORIES, "note")
COLUMNS = ("id", "annotator", *SAID, "status")


@dataclass(frozen=True)
class Annotations:
    """What people said of errors.

    Attributes
    ----------
    table : DataFrame
        A row per annotated error and annotator, in the order of the files and their rows: `id`, `annotator`,
        `error_type`, `cause`, `fix` ("" where nothing was chosen; else as the taxonomy spells it), `note` and
        `status` ("current" or "past").
    files : list of dict
        Of each file its `name`, `rows` and how many of them are `annotated`.
    annotators : list of str
        In the order in which they appear.
    sheet : DataFrame
        The current errors.
    """

    table: pd.DataFrame
    files: list[dict[str, Any]]
    annotators: list[str]
    sheet: pd.DataFrame

    def merged(self) -> pd.DataFrame:
        """Return one row per annotated current error, in the order of the sheet.

        Where several people annotated an error, the first one's row is taken whole: the files are read in the
        order of `find_files`.

        Returns
        -------
        DataFrame
            `id`, `text`, `annotator`, `error_type`, `cause`, `fix`, `note` and `people` (how many annotated
            it).
        """
        own = self.table[self.table["status"] == CURRENT].drop(columns="status")
        people = own.groupby("id").size().rename("people").reset_index()
        first = own.drop_duplicates("id").merge(people, on="id")
        found = self.sheet[["id", "text"]].merge(first, on="id", how="inner")
        return found.astype({"people": int})

    def facts(self) -> dict[str, Any]:
        """Return how far the annotation has come.

        Returns
        -------
        dict
            ``errors`` (current ones), ``annotated`` (with a type, a cause or a fix), ``whole`` (with all
            three), ``rest`` (not annotated), ``past`` (annotated, but no errors any more), ``chosen`` (how
            many have each of the three), ``by_several`` (annotated by more than one person), ``annotators``
            (``{"name", "errors"}``) and ``files``.
        """
        merged = self.merged()
        chosen = {column: int((merged[column] != "").sum()) for column in CATEGORIES}
        current = self.table[self.table["status"] == CURRENT]
        return {
            "errors": len(self.sheet),
            "annotated": len(merged),
            "whole": int((merged[list(CATEGORIES)] != "").all(axis=1).sum()),
            "rest": len(self.sheet) - len(merged),
            "past": int(self.table.loc[self.table["status"] == PAST, "id"].nunique()),
            "chosen": chosen,
            "by_several": int((merged["people"] > 1).sum()),
            "annotators": [
                {"name": name, "errors": int((current["annotator"] == name).sum())}
                for name in self.annotators
            ],
            "files": self.files,
        }

    def agreement(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Compare each two annotators on the current errors for which both chose a type, a cause or a fix.

        Returns
        -------
        agreement : DataFrame
            `annotator`, `other`, `column`, `common` (errors), `share` (of them on which they agree) and
            `kappa` (Cohen 1960: agreement beyond chance), NaN where there is none in common, and for kappa
            also where both chose one and the same name throughout.
        disagreements : DataFrame
            `id`, `column`, `annotator`, `choice`, `other`, `other_choice`, in the order of the sheet for each
            two annotators and column.
        """
        current = self.table[self.table["status"] == CURRENT]
        choices = {name: rows.set_index("id") for name, rows in current.groupby("annotator", sort=False)}
        counts, differences = [], []
        for (one, a), (other, b) in itertools.combinations(choices.items(), 2):
            for column in CATEGORIES:
                both = self.sheet[["id"]].join(a[column].rename("choice"), on="id", how="inner")
                both = both.join(b[column].rename("other_choice"), on="id", how="inner")
                both = both[(both["choice"] != "") & (both["other_choice"] != "")]
                same = both["choice"] == both["other_choice"]
                counts.append((one, other, column, len(both), float(same.mean()), _kappa(both)))
                differences.append(both[~same].assign(column=column, annotator=one, other=other))
        agreement = pd.DataFrame(
            counts, columns=["annotator", "other", "column", "common", "share", "kappa"]
        ).astype({"common": int, "share": float, "kappa": float})
        columns = ["id", "column", "annotator", "choice", "other", "other_choice"]
        found = pd.concat(differences, ignore_index=True) if differences else pd.DataFrame(columns=columns)
        return agreement, found[columns].astype("str")


def _kappa(both: pd.DataFrame) -> float:
    if both.empty:
        return float("nan")
    from sklearn.metrics import cohen_kappa_score  # takes seconds to import, and `make annotate` needs none

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns where it is undefined
        return float(cohen_kappa_score(both["choice"], both["other_choice"]))


def read_annotations(
    paths: Iterable[str | Path],
    sheet: pd.DataFrame,
    taxonomy: Taxonomy,
    known: Collection[str] = (),
) -> Annotations:
    """Read and merge copies of the error sheet.

    A row is an annotation if a type, a cause or a fix is chosen. Its annotator is the one that it names, else
    what follows `errors-` in the file's name, else "unnamed". The same row twice is one.

    Parameters
    ----------
    paths : iterable of path
        As `find_files` returns them.
    sheet : DataFrame
        The current errors: at least `id` and `text`.
    taxonomy : Taxonomy
        The names that may be chosen, whatever their case and white space.
    known : collection of str
        The ids of all test texts. Ids of texts that are no errors (any more) are past; so are those of rows
        whose status says so.

    Raises
    ------
    InquestError
        One line with the file and the row, and how many more mistakes the file has: an unknown id, a name
        that the taxonomy doesn't have, the same error twice with different words by one person; or a file
        that can't be read, or has ids of another data set alone.
    """
    current = set(sheet["id"])
    known = current | set(known)
    said: dict[tuple[str, str], dict[str, str]] = {}  # by id and annotator
    places: dict[tuple[str, str], str] = {}  # where it stands first
    names: dict[str, str] = {}  # an annotator's name as first written, by its key
    files = []
    for path in map(Path, paths):
        rows = read_rows(path)
        problems = _Problems(path)
        _check_ids(path, rows, known, problems)
        annotated = 0
        for row in rows:
            chosen = _chosen(row, taxonomy, problems)
            if not any(chosen[column] for column in CATEGORIES) or not row.cells["id"]:
                continue
            name = row.cells.get("annotator") or suffix(path) or UNNAMED
            name = names.setdefault(key(name), name)
            mine = row.cells["id"].lower(), name
            place = places.setdefault(mine, f"{path.name}, row {row.number}")
            annotated += 1
            if said.setdefault(mine, chosen) != chosen:
                problems.add(row.number, f"{name} says otherwise of {mine[0]} in {place}", "keep one of them")
        problems.complain()
        files.append({"name": path.name, "rows": len(rows), "annotated": annotated})
    table = pd.DataFrame(
        [
            {"id": one, "annotator": name, **chosen, "status": CURRENT if one in current else PAST}
            for (one, name), chosen in said.items()
        ],
        columns=list(COLUMNS),
        dtype="str",
    )
    return Annotations(table, files, list(dict.fromkeys(table["annotator"])), sheet)


class _Problems:
    """What is wrong in a file, told in one line at its end."""

    def __init__(self, path: Path):
        self.path, self.found = path, []

    def add(self, number: int, found: str, allowed: str) -> None:
        self.found.append((number, found, allowed))

    def complain(self) -> None:
        if self.found:
            number, found, allowed = min(self.found, key=lambda problem: problem[0])
            others = len(self.found) - 1
            more = f" (and {others} more mistake{'s' * (others > 1)} in this file)" if others else ""
            raise InquestError(f"{self.path}, row {number}", found, allowed + more)


def _check_ids(path: Path, rows: Sequence[Row], known: set[str], problems: _Problems) -> None:
    """Note rows without an id, or with one of no test text; refuse a file that has no other."""
    ids = [row.cells["id"].lower() for row in rows]
    past = [key(row.cells.get("status", "")) == PAST for row in rows]
    given = [one for one, gone in zip(ids, past, strict=True) if one and not gone]
    if given and not known.intersection(ids):
        raise InquestError(
            str(path),
            f"none of its {len(given)} ids is of a test text: it is of another data set",
            "a copy of this study's error sheet is needed (make annotate)",
        )
    for row, one, gone in zip(rows, ids, past, strict=True):
        if not one and any(row.cells.get(name) for name in SAID):
            problems.add(row.number, "no id", "a row that says something needs the id of its error")
        elif one and one not in known and not gone:
            close = "" if problems.found else nearest(one, sorted(known))  # slow, and only one is told
            problems.add(
                row.number, f"unknown id {one!r}{close}", "ids of this study's test texts are allowed"
            )


def _chosen(row: Row, taxonomy: Taxonomy, problems: _Problems) -> dict[str, str]:
    """Return what a row says; names are spelt as in the taxonomy."""
    said = {column: row.cells.get(column, "") for column in SAID}
    for column in CATEGORIES:
        name = taxonomy.named(column, said[column]) if said[column] else ""
        if name is None:
            names = taxonomy.names(column)
            problems.add(
                row.number,
                f"{column} {said[column]!r}{nearest(key(said[column]), names)}",
                f"allowed: {listing(names, 30)}; or list it in {taxonomy.file}",
            )
        said[column] = name or ""
    return said
