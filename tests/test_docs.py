"""The programs in docs/ run as they stand there."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted(DOCS.glob("*.md"))}


def program(name: str) -> str:
    """Return what a page's blocks of Python make together."""
    return "\n".join(re.findall(r"^```python\n(.*?)^```$", PAGES[name], re.DOTALL | re.MULTILINE))


def test_every_program_is_run_by_a_test():
    """That of your-own-texts.md needs a trained classifier: tests/workflow/test_text_study.py runs it."""
    programs = [name for name, text in PAGES.items() if "```python" in text]
    assert programs == ["notebook.md", "your-own-texts.md"]


def test_the_notebook_page_shows_what_it_says(capsys):
    known: dict = {}
    exec(compile(program("notebook.md"), "notebook.md", "exec"), known)
    said = capsys.readouterr().out
    assert f"{known['utility'].n_rows} rows are worth" in said and "carried Newton steps" in said
    gap = known["shapley"].values.sum() - (known["everything"] - known["utility"]([]))
    assert gap == pytest.approx(0, abs=1e-9)
    assert known["found"].average_precision > 2 * known["flipped"].mean()
    assert known["influence"]["row"].tolist() == list(range(known["utility"].n_rows))
    assert said.rstrip().splitlines()[-1] == "0.0"
