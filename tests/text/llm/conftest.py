"""What the tests of the language model share."""

from __future__ import annotations

import pandas as pd
import pytest

from inquest.text.llm.prompts import Prompt


@pytest.fixture(scope="session")
def reviews() -> pd.DataFrame:
    """Texts of two labels, as `make_texts` gives them: 12 to learn from, 6 to validate, 8 to test."""
    words = {"negative": ["dull", "cold", "so very slow"], "positive": ["warm", "clever and great", "funny"]}
    rows = [
        {"text": f"A {words[label][i % 3]} film{', really' * (i % 4)}.", "label": label, "part": part}
        for part, count in (("train", 6), ("validation", 3), ("test", 4))
        for label in words
        for i in range(count)
    ]
    table = pd.DataFrame(rows).reset_index(names="row")
    return table.assign(id=[f"t{row}" for row in table["row"]])


@pytest.fixture
def question() -> Prompt:
    """A prompt without examples; its answers differ in length."""
    return Prompt(
        "question", "You judge films.", "Is it {labels}? {text}", {"negative": "bad", "positive": "good one"}
    )
