"""What the report says of the data: the chapter's facts and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from inquest.data.tables import ROW, describe_features

MOST_TOLD = 20  # of a row's features, where it is told in one line


def summarise_data(
    table: pd.DataFrame,
    clean: Mapping[str, Any],
    split: Mapping[str, Any],
    sources: Sequence[Mapping[str, Any]],
    params: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, pd.DataFrame]]:
    """Return the facts and the tables `features`, `labels` and `duplicates` of the chapter.

    Parameters
    ----------
    table : DataFrame
        The clean table.
    clean, split : mapping
        The facts of the rules `clean` and `split`.
    sources : list of mapping
        The facts of each raw file.
    params : mapping
        `title`, `about`, `describe` and `split` of the config.
    """
    label, rows = clean["label"], clean["rows"]
    how = {
        "method": params["split"]["method"],
        "column": params["split"]["column"],
        "reason": params["split"]["reason"],
    }
    labels = pd.DataFrame(split["balance"]).assign(rows=lambda t: t["train"] + t["test"])
    for part in ("train", "test"):
        labels[f"{part}_share"] = labels[part] / labels[part].sum()
    labels["share"] = labels["rows"] / labels["rows"].sum()
    facts = {
        **clean,
        "title": params["title"],
        "about": params["about"],
        "sources": list(sources),
        "split": {**split, **how, "test_share": split["test"] / (split["test"] + split["train"])},
        "headline": [
            {"label": "Data", "value": f"{params['title']}: {rows['sampled']:,} of {rows['raw']:,} rows"},
            {"label": "Label", "value": f"{label['name']} ({', '.join(label['classes'])})"},
            {"label": "Split", "value": f"{split['train']:,} training and {split['test']:,} test rows"},
        ],
    }
    tables = {
        "features": describe_features(table, clean, params["describe"]),
        "labels": labels,
        "duplicates": _duplicates(table, split["duplicate_pairs"], label["name"], clean["features"]["names"]),
    }
    return facts, tables


def _duplicates(
    table: pd.DataFrame, pairs: Sequence[Mapping[str, int]], label: str, features: Sequence[str]
) -> pd.DataFrame:
    """Show test rows whose features also stand in a training row, with both labels."""
    known = table.set_index(ROW)
    return pd.DataFrame(
        [
            {
                "test_row": pair["test_row"],
                "test_label": known.loc[pair["test_row"], label],
                "train_row": pair["train_row"],
                "train_label": known.loc[pair["train_row"], label],
                "features": in_words(known.loc[pair["test_row"], features]),
            }
            for pair in pairs
        ],
        columns=["test_row", "test_label", "train_row", "train_label", "features"],
    )


def in_words(features: pd.Series) -> str:
    """Return a row's features as one line: values in the order of the columns, a dot between them.

    Of many, the first ones and how many more there are.
    """
    told = ["–" if pd.isna(value) else _word(value) for value in features[:MOST_TOLD]]
    more = len(features) - len(told)
    return " · ".join([*told, f"… {more} more"] if more else told)


def rows_in_words(features: pd.DataFrame) -> list[str]:
    """Return each row's features as one line."""
    return [in_words(row) for _, row in features.iterrows()]


def _word(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.6g}".replace("-", "\N{MINUS SIGN}")
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return str(value)
