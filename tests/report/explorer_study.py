"""An invented study for the tests of the explorer: as many rows as are asked for, hostile names."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from inquest.report.explorer_page import explorer_page

PAGES = Path(__file__).parents[2] / "report" / "pages"
HOSTILE = "</script><script>window.hacked = 1</script><img src=x onerror='window.hacked = 2'>"
CLASSES = ["apple", "pear & <i>quince</i>", "=plum()"]
ABOUT = {"title": "Fruit <b>", "metric": "accuracy", "describe": {"weight": "in grams & <more>"}}


def study(rows: int, values: bool = True) -> dict[str, Any]:
    """Return what the page is made of; row i has the id 3 i + 1, the weight i, a Shapley value."""
    rng = np.random.default_rng(0)
    i = np.arange(rows)
    table = pd.DataFrame(
        {"row": 3 * i + 1, "weight": i.astype(float), HOSTILE: np.array(["red", "=1+1", HOSTILE])[i % 3]}
    )
    table.loc[1, "weight"] = np.nan
    label, predicted = i % 3, np.where(i % 4 == 0, (i + 1) % 3, i % 3)
    found = pd.DataFrame(
        {
            "row": table["row"],
            "label": [CLASSES[code] for code in label],
            "predicted": [CLASSES[code] for code in predicted],
            "confidence": np.where(i % 2, 0.9, 0.51234),
            "loss": rng.exponential(size=rows),
            "agreement": (i % 11) / 10,
        }
    )
    if values:
        found["loo"] = np.where(i < rows // 2, rng.normal(size=rows) / 1e6, np.nan)
        found["shapley"] = (i - 2) / 1e4
        found["shapley_error"] = 0.00025
        found["knn"] = rng.standard_cauchy(size=rows) / 1e5
    found["flag:misclassified"] = label != predicted
    found["flag:twin"] = i % 8 == 0
    near = np.stack([(i + step) % rows for step in (1, 2, 3)], axis=1)
    neighbours = pd.DataFrame(
        {
            "row": np.repeat(found["row"], 3),
            "neighbour": found["row"].to_numpy()[near].ravel(),
            "distance": 1.23456,
        }
    )
    types = {"weight": "numeric", HOSTILE: "categorical"}
    clean = {
        "label": {"name": "fruit", "classes": CLASSES},
        "features": {"names": list(types), "types": types},
    }
    return {
        "rows": found,
        "neighbours": neighbours,
        "table": table,
        "clean": clean,
        "about": ABOUT,
        "templates": PAGES,
    }


def page(rows: int = 12, values: bool = True, **changes: Any) -> str:
    return explorer_page(**{**study(rows, values), **changes})


class Reader(HTMLParser):
    """The elements of a page, its scripts, and its data."""

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.scripts, self.inside = [], [], ""
        self.feed(text)
        self.data = json.loads(self.scripts[0])

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside == "script":
            self.scripts[-1] += data
