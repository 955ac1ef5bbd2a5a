"""The map of the errors as a page to explore: one HTML file that asks no other one for anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from inquest.report.figures import label_colours, label_markers
from inquest.report.pages import in_script, standalone
from inquest.report.plots.errors import FAINTEST

PAGE = "error-map"  # .html.j2, .css and .js
GRID = 10_000  # places along a map's longer side
OPTIONAL = ("pair", "llm", "error_type")

SHAPES = {
    "o": "M-4.5,0A4.5,4.5 0 1 1 4.5,0A4.5,4.5 0 1 1 -4.5,0Z",
    "s": "M-4,-4H4V4H-4Z",
    "^": "M0,-5L4.8,3.8H-4.8Z",
    "D": "M0,-5.4L5.4,0L0,5.4L-5.4,0Z",
    "v": "M0,5L4.8,-3.8H-4.8Z",
    "P": "M-1.8,-5H1.8V-1.8H5V1.8H1.8V5H-1.8V1.8H-5V-1.8H-1.8Z",
    "X": "M-2.4,-5L0,-2.5L2.4,-5L5,-2.4L2.5,0L5,2.4L2.4,5L0,2.5L-2.4,5L-5,2.4L-2.5,0L-5,-2.4Z",
    "*": "M0,-6L1.4,-1.9L5.7,-1.9L2.2,0.8L3.5,4.9L0,2.4L-3.5,4.9L-2.2,0.8L-5.7,-1.9L-1.4,-1.9Z",
}
"""The figures' markers as SVG paths about the origin, in pixels."""


def map_page(
    points: pd.DataFrame,
    classes: Sequence[str],
    facts: Mapping[str, Any],
    title: str,
    templates: str | Path,
) -> str:
    """Return the page: the map, what is behind each dot, filters, and a list of all errors.

    The page runs its own script and no other: its policy names the script's digest, allows no address, and
    the texts stand in it as JSON without a character that HTML would obey. The same input gives the same
    bytes.

    Parameters
    ----------
    points : DataFrame
        `row`, `id`, `text`, [`pair`], `gold`, `predicted`, `confidence`, `wrong`, `llm` and `error_type`
        (each may be missing, in a row or for all), and `x:<name>` and `y:<name>` for each projection.
    classes : sequence of str
        The labels in the order of their codes.
    facts : mapping
        `texts`, `errors`, `correct`, `says`, and `methods` with `name`, `title`, `trustworthiness`, `shown`.
    title : str
    templates : path
        The folder with `error-map.html.j2`, `error-map.css` and `error-map.js`.
    """
    points = points.sort_values(["wrong", "confidence", "row"], ascending=[False, False, True])
    rows = [_row(row) for row in points.to_dict("records")]
    colours, markers = label_colours(classes), label_markers(classes)
    shapes = {name: SHAPES[marker] for name, marker in markers.items()}
    words = {
        "title": title,
        "facts": facts,
        "legend": [{"name": name, "colour": colours[name], "shape": shapes[name]} for name in classes],
        "errors": [{**row, "at": at} for at, row in enumerate(rows) if row["wrong"]],
        "has": {name: any(row.get(name) for row in rows) for name in OPTIONAL},
        "data": in_script(_data(points, rows, classes, facts, colours, shapes)),
    }
    return standalone(templates, PAGE, words)


def with_findings(points: pd.DataFrame, sheet: pd.DataFrame, annotated: pd.DataFrame) -> pd.DataFrame:
    """Return the points with what is known of the errors among them: `llm` and `error_type`.

    Parameters
    ----------
    points : DataFrame
        With `id`.
    sheet : DataFrame
        The error sheet: `id` and `llm`.
    annotated : DataFrame
        What people wrote, a row for each error that they looked at: `id` and `error_type`.
    """
    said, types = sheet.set_index("id")["llm"], annotated.set_index("id")["error_type"]
    return points.assign(llm=points["id"].map(said), error_type=points["id"].map(types))


def _row(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page says of a text; what is missing is left out."""
    row = {name: record[name] for name in ("id", "text", "gold", "predicted")}
    row |= {"confidence": round(float(record["confidence"]), 4), "wrong": bool(record["wrong"])}
    there = {name: record.get(name) for name in OPTIONAL}
    return row | {name: value for name, value in there.items() if not pd.isna(value) and value != ""}


def _data(
    points: pd.DataFrame,
    rows: Sequence[Mapping[str, Any]],
    classes: Sequence[str],
    facts: Mapping[str, Any],
    colours: Mapping[str, str],
    shapes: Mapping[str, str],
) -> dict[str, Any]:
    """Return what the script works on; labels are codes, places are whole numbers on a grid."""
    codes = {name: code for code, name in enumerate(classes)}
    names = [one["name"] for one in facts["methods"]]
    places = {name: _on_grid(points[[f"x:{name}", f"y:{name}"]].to_numpy(float)) for name in names}
    return {
        "classes": list(classes),
        "colours": [colours[name] for name in classes],
        "shapes": [shapes[name] for name in classes],
        "faintest": FAINTEST,
        "points": [{**row, "gold": codes[row["gold"]], "predicted": codes[row["predicted"]]} for row in rows],
        "places": places,
        "extents": {name: found.max(axis=0, initial=0) for name, found in places.items()},
    }


def _on_grid(places: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return places as whole numbers from 0, `GRID` along the longer side, one scale for both axes."""
    if not len(places):
        return places.astype(np.int64)
    moved = places - places.min(axis=0)
    return np.rint(moved / (moved.max() or 1.0) * GRID).astype(np.int64)
