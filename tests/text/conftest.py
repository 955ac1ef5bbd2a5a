"""What the tests of texts share."""

from __future__ import annotations

import pandas as pd
import pytest

from inquest.config.text import Text
from inquest.data.raw import TEXT
from inquest.text.texts import RawTexts, make_texts


@pytest.fixture(scope="session")
def section():
    """Return the config's `text` section with some keys set, as a rule's params have it."""

    def make(**keys):
        given = {"title": "T", "sources": [{"file": "x"}], "text": "text", "label": "label", **keys}
        return Text.model_validate(given).model_dump(mode="json")

    return make


@pytest.fixture(scope="session")
def table():
    """Return a raw table from its columns."""

    def make(**columns) -> pd.DataFrame:
        return pd.DataFrame(columns, dtype=TEXT)

    return make


@pytest.fixture(scope="session")
def make(section):
    """Make texts of raw tables: a frame, or frames by the parts that they are."""

    def make(raw, seed: int = 7, **keys):
        parts = raw if isinstance(raw, dict) else {None: raw}
        given = [RawTexts(f"{part or 'all'}.csv", part, frame) for part, frame in parts.items()]
        return make_texts(given, section(**keys), seed)

    return make


@pytest.fixture(scope="session")
def plain(table):
    """Return a raw table with so many texts of each label: "a 0", "a 1", … "b 0", …"""

    def make(prefix: str = "", **sizes: int) -> pd.DataFrame:
        rows = [(f"{prefix}{label} {i}", label) for label, size in sizes.items() for i in range(size)]
        return table(text=[text for text, _ in rows], label=[label for _, label in rows])

    return make
