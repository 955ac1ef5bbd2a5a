"""A made-up study of any size: a table of shops' customers, and a config with many groups and walks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

CATEGORIES = ("a", "b", "c", "d", "e")
LOGISTIC = "sklearn.linear_model.LogisticRegression"


@dataclass(frozen=True)
class Large:
    """The size of a study.

    Attributes
    ----------
    rows, columns : int
        Of the table; its last two columns are the shop and the label.
    groups : int
        How many groups are left out: the customers of a shop each, but for three random shares.
    permutations, valued : int
        How many walks through how many rows.
    groups_per_job, permutations_per_job : int
    """

    rows: int = 100_000
    columns: int = 100
    groups: int = 1_000
    permutations: int = 200
    valued: int = 2_000
    groups_per_job: int = 50
    permutations_per_job: int = 10
    seed: int = 11

    def more(self, permutations: int) -> Large:
        """Return the same study with more walks."""
        return replace(self, permutations=permutations)


def write_study(folder: Path, size: Large, name: str = "large") -> Path:
    """Write the table and the config of a study to a folder, and return the config's path."""
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "large.csv"
    if not table.exists():
        make_table(size).to_csv(table, index=False, float_format="%.4f")
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(config(size, "large.csv"), sort_keys=False), encoding="utf-8")
    return path


def make_table(size: Large) -> pd.DataFrame:
    """Return numbers, a category, a shop and a label that some of them decide, and a shop's own luck."""
    rng = np.random.default_rng(size.seed)
    numbers = rng.normal(size=(size.rows, size.columns - 3))
    table = pd.DataFrame(numbers, columns=[f"x{i}" for i in range(size.columns - 3)])
    table["kind"] = rng.choice(CATEGORIES, size=size.rows)
    shops = shops_of(size)
    table["shop"] = [f"s{i}" for i in rng.permutation(np.arange(size.rows) % shops)]
    weights = rng.normal(size=size.columns - 3) / np.sqrt(np.arange(1, size.columns - 2))
    luck = rng.normal(scale=0.5, size=shops)[table["shop"].str[1:].astype(int)]
    score = numbers @ weights + (table["kind"] == "a") + luck + rng.logistic(size=size.rows)
    return table.assign(returns=np.where(score > 0.5, "yes", "no"))


def shops_of(size: Large) -> int:
    return max(1, size.groups - len(RANDOM))


RANDOM = (0.01, 0.1, 0.5)


def config(size: Large, table: str) -> dict[str, Any]:
    """Return the config; what costs most and isn't asked for here, such as each row left out, is off."""
    shops = [
        {"name": f"shop {i}", "kind": "where", "condition": f"shop == 's{i}'"} for i in range(shops_of(size))
    ]
    shares = [{"name": f"random {s:.0%}", "kind": "random", "fraction": s, "repeats": 10} for s in RANDOM]
    return {
        "study": "large",
        "seed": size.seed,
        "documents": {
            "influence": {
                "title": "A large study",
                "chapters": ["data", "baseline", "influence", "shapley", "quality"],
            }
        },
        "data": {
            "title": "Made-up customers",
            "sources": [{"file": table}],
            "label": "returns",
            "positive": "yes",
            "split": {"method": "stratified", "test": 0.1},
        },
        "baseline": {
            "classifiers": {
                "majority": {"class": "sklearn.dummy.DummyClassifier", "params": {"strategy": "prior"}},
                "logistic regression": {"class": LOGISTIC, "params": {"C": 1.0, "tol": 1e-8}},
            },
            "preprocessing": {"max_categories": 10},
            "bootstrap": 200,
        },
        "influence": {
            "every_row": False,
            "points": {"count": 10},
            "points_per_job": 10,
            "groups_per_job": size.groups_per_job,
            "groups": [*shares, *shops],
        },
        "shapley": {
            "rows": size.valued,
            "permutations": size.permutations,
            "permutations_per_job": size.permutations_per_job,
            "groups": False,
        },
        "quality": {"rows": min(1000, size.rows // 10), "repeats": 2},
    }
