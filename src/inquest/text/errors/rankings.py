"""Which types, causes and fixes people named most, and how many of all errors that may be."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import hypergeom

from inquest.text.errors.taxonomy import Taxonomy
from inquest.text.evaluation import wilson


def rank(
    merged: pd.DataFrame, column: str, taxonomy: Taxonomy, errors: int, seen: Collection[str] = ()
) -> pd.DataFrame:
    """Rank the names of a column by how many errors have them; equals in the order of the taxonomy.

    The estimate counts what was annotated as known and takes the rest to be like it: count + share x rest.
    It is as good as the annotated errors are typical; who annotates the first rows of the sheet has
    annotated the most confident errors. Its interval has the totals of which what was seen is no outlier in
    either direction, if the annotated errors were drawn at random (`totals`).

    Parameters
    ----------
    merged : DataFrame
        As `Annotations.merged` returns it.
    column : str
        `error_type`, `cause` or `fix`. Errors for which none was chosen count as not annotated.
    taxonomy : Taxonomy
    errors : int
        All current errors, annotated or not.
    seen : collection of str
        Ids of errors that are examples elsewhere; others are preferred.

    Returns
    -------
    DataFrame
        A row for each name of the taxonomy: `name`, `definition`, [`idea`], `count`, `share` of the annotated
        errors with its 95 % Wilson interval (`low`, `high`), `estimate` of the errors that have it with its
        95 % interval, `estimate_low` and `estimate_high` (the count itself when nothing is left), and an
        example, `example_id` and `example` ("" where there is none): the text of the median
        length. Shares and estimates are NaN if nothing was annotated.
    """
    chosen = merged[merged[column] != ""]
    rest = errors - len(chosen)
    rows = []
    for item in taxonomy.items(column):
        own = chosen[chosen[column] == item.name]
        share = len(own) / len(chosen) if len(chosen) else np.nan
        low, high = wilson(len(own), len(chosen))
        least, most = totals(len(own), len(chosen), errors)
        rows.append(
            {**item.model_dump(), "count": len(own), "share": share, "low": low, "high": high}
            | {"estimate": len(own) + share * rest, "estimate_low": least, "estimate_high": most}
            | _example(own, seen)
        )
    return pd.DataFrame(rows).sort_values("count", ascending=False, kind="stable", ignore_index=True)


def totals(count: int, drawn: int, errors: int, level: float = 0.95) -> tuple[float, float]:
    """Return the least and the most errors of all that may have a name, if `count` of `drawn` ones have it.

    The interval of the hypergeometric distribution (Konijn 1973): it holds each total under which as many
    as were seen, or more, and as many or fewer, both have a probability of more than 2.5 %. NaN without
    annotated errors.

    >>> totals(5, 10, 10), totals(5, 10, 11), totals(0, 10, 100)
    ((5.0, 5.0), (5.0, 6.0), (0.0, 29.0))
    """
    if not drawn:
        return np.nan, np.nan
    may, tail = range(count, count + errors - drawn + 1), (1 - level) / 2
    few = bisect_right(may, tail, key=lambda total: hypergeom.sf(count - 1, errors, total, drawn))
    many = bisect_left(may, -tail, key=lambda total: -hypergeom.cdf(count, errors, total, drawn))
    return float(may[few]), float(may[many - 1])


def _example(own: pd.DataFrame, seen: Collection[str]) -> dict[str, str]:
    """Return the text of the median length; of two in the middle, the shorter, and of equals the first id."""
    fresh = own[~own["id"].isin(seen)]
    own = own if fresh.empty else fresh
    if own.empty:
        return {"example_id": "", "example": ""}
    ordered = own.assign(length=own["text"].str.len()).sort_values(["length", "id"])
    middle = ordered.iloc[(len(ordered) - 1) // 2]
    return {"example_id": middle["id"], "example": middle["text"]}


def cross(merged: pd.DataFrame, taxonomy: Taxonomy) -> pd.DataFrame:
    """Count the errors of each type by their cause, those with both.

    Returns
    -------
    DataFrame
        `error_type`, then a column for each cause that was chosen, in the order of the taxonomy, as are the
        rows: the types that were chosen.
    """
    both = merged[(merged["error_type"] != "") & (merged["cause"] != "")]
    counts = pd.crosstab(both["error_type"], both["cause"])
    types = [name for name in taxonomy.names("error_type") if name in counts.index]
    causes = [name for name in taxonomy.names("cause") if name in counts.columns]
    counts = counts.reindex(index=types, columns=causes)
    return counts.rename_axis(columns=None).rename_axis(index="error_type").reset_index()


def tags_of(cell: Any) -> list[str]:
    """Return the tags in a cell of the sheet.

    >>> tags_of("negation; short"), tags_of(""), tags_of(None)
    (['negation', 'short'], [], [])
    """
    return [tag for part in cell.split(";") if (tag := part.strip())] if isinstance(cell, str) else []


def against_tags(merged: pd.DataFrame, sheet: pd.DataFrame) -> pd.DataFrame:
    """Hold the types that people chose against the tags that the machine suggested.

    Tags are never counted as annotations: they stand beside them, to show how far they can be trusted.

    Returns
    -------
    DataFrame
        For each type and tag that meet: `error_type`, `errors` (of the type), `tag`, `count` (of them with
        the tag), `share`, `share_of_all` (of all current errors that have the tag) and `chance` (how probable
        it is that as many or more of them have the tag if types and tags have nothing to do with each other:
        Fisher's exact test, one-sided, on the errors with a type), by type (most errors first) and then by
        count; equals by name.
    """
    tags = (
        sheet[["id", "tags"]].assign(tags=[tags_of(cell) for cell in sheet["tags"]]).set_index("id")["tags"]
    )
    of_all = tags.explode().value_counts() / max(len(sheet), 1)
    typed = merged.loc[merged["error_type"] != "", ["id", "error_type"]]
    sizes = typed["error_type"].value_counts()
    met = typed.assign(tag=typed["id"].map(tags)).explode("tag").dropna(subset="tag")
    counts = met.groupby(["error_type", "tag"]).size().rename("count").reset_index()
    counts["errors"] = counts["error_type"].map(sizes).astype(int)
    tagged = counts["tag"].map(met["tag"].value_counts()).astype(int)
    counts["chance"] = hypergeom.sf(counts["count"] - 1, len(typed), tagged, counts["errors"])
    counts["share"] = counts["count"] / counts["errors"]
    counts["share_of_all"] = counts["tag"].map(of_all).astype(float)
    ordered = counts.sort_values(
        ["errors", "error_type", "count", "tag"], ascending=[False, True, False, True], ignore_index=True
    )
    return ordered[["error_type", "errors", "tag", "count", "share", "share_of_all", "chance"]]
