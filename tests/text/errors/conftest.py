"""What the tests of the error sheet share."""

from __future__ import annotations

import pandas as pd
import pytest

from inquest.text.errors.sheet import MACHINE, PERSON
from inquest.text.errors.taxonomy import Taxonomy


@pytest.fixture(scope="session")
def words() -> Taxonomy:
    """A taxonomy of few words."""
    return Taxonomy.model_validate(
        {
            "types": [
                {"name": "negation", "definition": "A not turns it."},
                {"name": "irony", "definition": "Mock praise."},
                {"name": "rare words", "definition": "Words that are rare."},
            ],
            "causes": [
                {"name": "label noise", "definition": "A wrong label."},
                {"name": "turn ignored", "definition": "A but that is not seen."},
            ],
            "fixes": [
                {"name": "relabel", "definition": "Ask again.", "idea": "Two people label it."},
                {"name": "larger encoder", "definition": "Read better.", "idea": "Take more layers."},
            ],
        }
    )


@pytest.fixture(scope="session")
def error_sheet():
    """Return a sheet of errors: `texts` by their ids' letters, or that many of them."""

    def make(texts: dict[str, str] | int = 3) -> pd.DataFrame:
        if isinstance(texts, int):
            texts = {"abcdefghijklmnop"[i]: f"text number {i}" for i in range(texts)}
        rows = [
            {
                "id": "e-" + letter * 10,
                "status": "current",
                "text": text,
                "gold": "positive" if i % 2 else "negative",
                "predicted": "negative" if i % 2 else "positive",
                "direction": "false negative" if i % 2 else "false positive",
                "confidence": 0.987654321 - i / 7,
                "gold_confidence": 0.012345679 + i / 7,
                "margin": 0.975308642 - 2 * i / 7,
                "llm": None if i % 3 else "unparsed",
                "drivers": "not; good",
                "completeness_gap": -0.001234567,
                "nearest": "good film (positive)\nbad film (negative)",
                "label_quality": 0.25,
                "words": 3 + i,
                "tokens": 5 + i,
                "tags": "negation; short" if i % 2 else "",
                **dict.fromkeys(PERSON, ""),
            }
            for i, (letter, text) in enumerate(texts.items())
        ]
        columns = [*(name for name in MACHINE if name != "pair"), *PERSON]
        return pd.DataFrame(rows, columns=columns)

    return make
