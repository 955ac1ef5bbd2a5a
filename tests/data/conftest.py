"""What the tests of raw files and clean tables share."""

from __future__ import annotations

import pytest

from inquest.config.data import Data
from inquest.data.raw import read_raw


@pytest.fixture(scope="session")
def options():
    """Return the config's `data` section with some keys set; the label is `y`."""

    def make(**keys):
        return Data.model_validate(
            {"title": "", "sources": [{"file": "x"}], "label": "y", **keys}
        ).model_dump()

    return make


@pytest.fixture
def read(tmp_path, options):
    """Write a file and read it as raw data, under the name `t.csv`."""

    def read(content: bytes | str, skip_rows: int = 0, **keys):
        path = tmp_path / "t.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_raw(path, options(**keys), skip_rows, "t.csv")

    return read
