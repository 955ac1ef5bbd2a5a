"""What the report says of the errors: the chapter's facts and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from inquest.text.errors.rankings import against_tags, cross, rank
from inquest.text.errors.taxonomy import CATEGORIES, Taxonomy

SHOWN = ("id", "text", "pair", "gold", "predicted", "confidence", "llm", "drivers", "tags")
MOST_TAGS = 3  # that are named for a type
LEVEL = 0.05  # at most this probable is it that any tag is taken to go with a type by chance


def summarise_errors(
    sheet: pd.DataFrame,
    tests: int,
    annotated: pd.DataFrame,
    annotations: Mapping[str, Any],
    agreement: pd.DataFrame,
    disagreements: pd.DataFrame,
    taxonomy: Taxonomy,
    tags: Mapping[str, Any],
    attributions: Mapping[str, Any],
    map_facts: Mapping[str, Any],
    options: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Return the facts and tables of the chapter.

    Parameters
    ----------
    sheet : DataFrame
        The error sheet, a row for each test error.
    tests : int
        Test texts, right and wrong.
    annotated : DataFrame
        A row for each annotated current error (`Annotations.merged`).
    annotations : mapping
        `Annotations.facts`.
    agreement, disagreements : DataFrame
        `Annotations.agreement`.
    taxonomy : Taxonomy
    tags, attributions, map_facts : mapping
        The facts of the rules `make_sheet`, `explain_errors` and `project_errors`.
    options : mapping
        The config's `errors` section.

    Returns
    -------
    facts : dict
    tables : dict of DataFrame
        `types`, `causes` and `fixes` (see `rank`), `wrong`, `all` (the errors with what people said of them),
        `tags` (see `against_tags`), `crossed` (types by causes), `agreement`, `disagreements`, `projections`.
    """
    errors = len(sheet)
    ranked: dict[str, pd.DataFrame] = {}
    for column, plural in CATEGORIES.items():
        seen = {one for table in ranked.values() for one in table["example_id"]}
        ranked[plural] = rank(annotated, column, taxonomy, errors, seen)
    everything = _together(sheet, annotated)
    shown = everything.iloc[_spread(errors, options["show"])]
    met = against_tags(annotated, sheet)
    facts = {
        **annotations,
        "of": tests,
        "annotated_by": options["annotated_by"],
        "directions": _counts(sheet["direction"]),
        **{plural: _records(table[table["count"] > 0]) for plural, table in ranked.items()},
        "ideas": _records(ranked["fixes"][ranked["fixes"]["count"] > 0]) if len(annotated) else [],
        "definitions": {
            plural: [item.model_dump() for item in taxonomy.items(column)]
            for column, plural in CATEGORIES.items()
        },
        "wrong": _records(shown.reindex(columns=[*SHOWN, *CATEGORIES, "note"])),
        "tags": dict(tags),
        "suggested": _marked(met),
        "tagged": _tagged(met),
        "agreement": _records(agreement),
        "disagreements": len(disagreements),
        "explained": dict(attributions),
        "map": dict(map_facts),
        "llm": "llm" in sheet and bool(sheet["llm"].notna().any()),
    }
    tables = {
        **ranked,
        "wrong": shown,
        "all": everything,
        "tags": met,
        "crossed": cross(annotated, taxonomy),
        "agreement": agreement,
        "disagreements": disagreements,
        "projections": pd.DataFrame(
            [
                {key: one[key] for key in ("title", "perplexity", "trustworthiness", "shown")}
                for one in map_facts["methods"]
            ]
        ),
    }
    return facts, tables


def _together(sheet: pd.DataFrame, annotated: pd.DataFrame) -> pd.DataFrame:
    """Return every error, in the order of the sheet, with what people said of it, if they did."""
    columns = [name for name in SHOWN if name in sheet]
    said = annotated[["id", *CATEGORIES, "note"]].replace("", None)
    return sheet[columns].merge(said, on="id", how="left")


def _spread(errors: int, most: int) -> list[int]:
    """Return places that lie evenly between the first and the last.

    >>> _spread(10, 4), _spread(2, 4), _spread(0, 4)
    ([0, 3, 6, 9], [0, 1], [])
    """
    return np.linspace(0, errors - 1, min(errors, most)).round().astype(int).tolist()


def _marked(met: pd.DataFrame) -> list[dict[str, Any]]:
    """Return for each type the tag that goes with it most clearly, if one does.

    The level is shared among all pairs of a type and a tag (Bonferroni): of so many pairs, some always look
    as if they went together.
    """
    pairs = max(met["error_type"].nunique() * met["tag"].nunique(), 1)
    found = met[met["chance"] <= LEVEL / pairs]
    found = found.assign(lift=found["share"] / found["share_of_all"])
    best = found.sort_values(["chance", "tag"], kind="stable")
    best = best.drop_duplicates("error_type").sort_index()
    return _records(best)


def _tagged(met: pd.DataFrame) -> list[dict[str, Any]]:
    """Return for each type the tags that are more common among its errors than among all, clearest first."""
    found = met[(met["count"] > 1) & (met["share"] > met["share_of_all"])]
    found = found.assign(lift=found["share"] / found["share_of_all"])
    found = found.sort_values(["lift", "tag"], ascending=[False, True], kind="stable")
    types = met.drop_duplicates("error_type")[["error_type", "errors"]]
    return [
        {**row, "tags": _records(found[found["error_type"] == row["error_type"]].head(MOST_TAGS))}
        for row in _records(types)
    ]


def _counts(values: pd.Series) -> list[dict[str, Any]]:
    counts = values.value_counts()
    order = sorted(counts.index, key=lambda name: (-counts[name], name))
    return [{"direction": name, "errors": int(counts[name])} for name in order]


def _records(table: pd.DataFrame) -> Sequence[dict[str, Any]]:
    return table.astype(object).where(table.notna(), None).to_dict("records")
