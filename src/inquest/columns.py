"""The columns that a config names: checked when it is read, if it lists them, else when the data is."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from inquest.errors import listing, nearest


def unknown_column(data: Mapping[str, Any], columns: Collection[str]) -> tuple[str, str, str] | None:
    """Return which key of the config's `data` section names a column that isn't there, and what to say of it.

    Returns
    -------
    (str, str, str) or None
        The key below `data`, what was found, and what is allowed.
    """
    named = {"label": [data["label"]], "drop": data["drop"]}
    named |= {key: data[key] for key in ("types", "replace", "describe")}
    named["split.column"] = filter(None, [data["split"]["column"]])
    for key, names in named.items():
        for name in names:
            if name not in columns:
                found = f"there is no column {name!r}{nearest(name, columns)}"
                return key, found, f"the columns are {listing(columns, 30)}"
    return None
