"""The explorer: a page with every training row and what was found of it, to sort, filter and select."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from inquest.report.figures import label_colours, label_markers
from inquest.report.map_page import SHAPES
from inquest.report.pages import in_script, standalone
from inquest.report.text import number

PAGE = "explorer"  # .html.j2, .css and .js
FLAG = "flag:"
DIGITS = 4  # significant digits that the page keeps
LONGEST = 6  # digits before the point, less one
MOST_CELLS = 1_000_000  # of features: wider tables show their first ones

VALUES = {
    "loo": (
        "LOO influence",
        "{metric} on the test rows with the row less without it; positive: the row helps",
    ),
    "loo_fine": ("LOO, log-loss", "what the row takes off the log-loss of the test rows; positive: it helps"),
    "shapley": (
        "Shapley",
        "Data Shapley value by {metric}, with its standard error; positive: the row helps",
    ),
    "shapley_fine": ("Shapley, log-loss", "Data Shapley value by the log-loss, with its standard error"),
    "knn": ("k-NN Shapley", "Shapley value in the game of a nearest-neighbour classifier"),
}
MEASURES = {
    "confidence": ("Confidence", "probability of the predicted label, by the model trained on all rows"),
    "loss": ("Loss", "log-loss of the row’s label under the model trained on all rows"),
    "margin": ("Margin", "score of the row’s label less the best other one; negative: misclassified"),
    "agreement": ("Agreement", "share of the nearest other training rows that have the row’s label"),
    "isolation": ("Isolation", "isolation-forest score; higher: easier to isolate from the other rows"),
    "distance": ("Distance", "distance to the centre of the row’s class, in preprocessed features"),
}
SHARES = ("confidence", "agreement")
SHOWN = ("loo", "loo_fine", "shapley", "shapley_fine", "knn", "confidence", "loss")
FLAGS = {
    "misclassified": ("misclassified", "the model trained on all rows predicts another label"),
    "doubtful": (
        "label in doubt",
        "the model predicts another label, and fewer than half of the nearest rows have the row’s label",
    ),
    "unusual": ("unusual", "among the rarest rows by loss, margin, agreement, isolation or distance"),
    "twin": ("twin", "another training row has the same features"),
    "contradicted": ("contradicted", "another training row has the same features and another label"),
    "tested": ("same as a test row", "a test row has the same features"),
}


def explorer_page(
    rows: pd.DataFrame,
    neighbours: pd.DataFrame,
    table: pd.DataFrame,
    clean: Mapping[str, Any],
    about: Mapping[str, str],
    templates: str | Path,
) -> str:
    """Return the page.

    Texts of the data stand in it as JSON without a character that HTML would obey, and the script shows
    them as text. The same input gives the same bytes.

    Parameters
    ----------
    rows, neighbours : DataFrame
        What `inquest.explorer.rows` gathered and found: each row's values, measures and flags, and its
        nearest rows. What is not there, the page hasn't.
    table : DataFrame
        The clean table.
    clean : mapping
        Its facts.
    about : mapping of str
        `title`, and `metric` as people write it; `describe` has what the columns mean.
    templates : path
        The folder with `explorer.html.j2`, `explorer.css` and `explorer.js`.
    """
    classes = clean["label"]["classes"]
    colours, markers = label_colours(classes), label_markers(classes)
    codes = {name: code for code, name in enumerate(classes)}
    names = clean["features"]["names"]
    kept = names[: max(1, MOST_CELLS // max(1, len(rows)))]
    known = table.set_index("row").loc[rows["row"], kept]
    flags = [name for name in FLAGS if FLAG + name in rows]
    position = {row: i for i, row in enumerate(rows["row"].tolist())}
    data = {
        "classes": classes,
        "colours": [colours[name] for name in classes],
        "shapes": [SHAPES[markers[name]] for name in classes],
        "rows": rows["row"],
        "label": rows["label"].map(codes),
        "predicted": rows["predicted"].map(codes),
        "columns": [
            *_measured(rows, VALUES, "Values", about["metric"]),
            *_measured(rows, MEASURES, "Measures", about["metric"]),
            *(_feature(known[name], clean["features"]["types"][name], about["describe"]) for name in kept),
        ],
        # that a row is misclassified, the table shows beside its label
        "flags": [
            {"title": FLAGS[name][0], "about": FLAGS[name][1], "seen": name == "misclassified"}
            for name in flags
        ],
        "flagged": sum(
            (rows[FLAG + name].to_numpy(int) << bit for bit, name in enumerate(flags)),
            np.zeros(len(rows), int),
        ),
        "near": neighbours["neighbour"].map(position),
        "apart": [_rounded(distance) for distance in neighbours["distance"]],
    }
    shapes = dict(zip(classes, data["shapes"], strict=True))
    words = {
        "title": f"{about['title']}: the training rows",
        "count": len(rows),
        "legend": [{"name": name, "colour": colours[name], "shape": shapes[name]} for name in classes],
        "flags": [
            {"title": FLAGS[name][0], "about": FLAGS[name][1], "rows": int(rows[FLAG + name].sum())}
            for name in flags
        ],
        "columns": [
            {"title": titled(column), "about": column["about"]}
            for column in data["columns"]
            if column["about"]
        ],
        "features": {"kept": len(kept), "all": len(names)},
        "data": in_script(data),
    }
    return standalone(templates, PAGE, words)


def titled(column: Mapping[str, Any]) -> str:
    """Return a column's title with its unit."""
    return f"{column['title']} ({column['unit']})" if column["unit"] else column["title"]


def _measured(
    rows: pd.DataFrame, meanings: Mapping[str, tuple[str, str]], group: str, metric: str
) -> list[dict[str, Any]]:
    """Return the columns that the study has, in their units: percent, or a power of ten."""
    found = []
    for name, (title, meaning) in meanings.items():
        if name not in rows:
            continue
        values = rows[name].to_numpy(float)
        power = 2 if name in SHARES else _power(values) if group == "Values" else 0
        scaled = values * 10.0**power
        column = {
            "name": name,
            "title": title,
            "about": meaning.format(metric=metric),
            "group": group,
            "unit": "%" if name in SHARES else _unit(power),
            "digits": _digits(scaled) if group == "Values" else 1 if name in SHARES else 3,
            "shown": name in SHOWN,
            "values": [_rounded(value) for value in scaled],
        }
        if f"{name}_error" in rows:
            column["errors"] = [_rounded(value) for value in rows[f"{name}_error"] * 10.0**power]
        found.append(column)
    return found


def _power(values: np.ndarray) -> int:
    """Return the power of a thousand (0, 3, 6, …) by which a typical value has digits before its point."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    if not len(sizes):
        return 0
    typical, most = (math.floor(math.log10(size)) for size in (np.median(sizes), sizes.max()))
    return max(0, 3 * min(-(typical // 3), (LONGEST - most) // 3))


def _digits(values: np.ndarray) -> int:
    """Return how many decimals show two digits of a typical value."""
    sizes = np.abs(values[np.isfinite(values) & (values != 0)])
    return int(np.clip(1 - math.floor(math.log10(np.median(sizes))), 0, 3)) if len(sizes) else 0


def _unit(power: int) -> str:
    superscript = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
    return f"10⁻{number(power, 0).translate(superscript)}" if power else ""


def _feature(values: pd.Series, kind: str, describe: Mapping[str, str]) -> dict[str, Any]:
    """Return a feature: its numbers, or its categories and each row's place among them (−1: missing)."""
    column = {"name": f"feature:{values.name}", "title": str(values.name), "group": "Features"}
    column |= {"about": describe.get(values.name, ""), "unit": "", "digits": None, "shown": False}
    if kind == "numeric":
        return column | {"values": [_rounded(value, 6) for value in values.astype(float)]}
    codes, categories = pd.factorize(values, sort=True)
    words = [f"{one:%Y-%m-%d}" if isinstance(one, pd.Timestamp) else str(one) for one in categories]
    return column | {"values": codes, "categories": words}


def _rounded(value: float, digits: int = DIGITS) -> float | int | None:
    """Return a value with so many significant digits, without a point where it is whole."""
    if not math.isfinite(value):
        return None
    value = float(f"{value:.{digits}g}")
    return int(value) if value.is_integer() else value
