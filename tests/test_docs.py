"""The programs in docs/ run as they stand there."""

import ast
import errno
import os
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
MISHAPS = "when-something-goes-wrong.md"
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


def test_the_messages_on_the_page_of_mishaps_are_said_by_the_program():
    """Each piece between two dots stands in the source, or in Snakemake's."""
    from snakemake import exceptions

    sources = [*(DOCS.parent / "src" / "inquest").rglob("*.py"), Path(exceptions.__file__)]
    texts = [text for path in sources for text in literals(ast.parse(path.read_text(encoding="utf-8")))]
    said = "\n".join([*texts, *vars(exceptions), os.strerror(errno.ENOSPC)])
    table = [line.split("|")[1] for line in PAGES[MISHAPS].splitlines() if line.startswith("| ")][1:]
    messages = [message for cell in table for message in re.findall(r"`([^`]+)`", cell)]
    pieces = [piece.strip(" ;:,()") for message in messages for piece in re.split("…|; ", message)]
    assert len(messages) > 15
    assert [piece for piece in pieces if piece not in said and piece != "inquest: rule"] == []


def literals(tree: ast.AST) -> list[str]:
    """Return the texts of a program; what is put into them is left out."""
    joined = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    texts = [
        "".join(part.value if isinstance(part, ast.Constant) else "\0" for part in node.values)
        for node in joined
    ]
    plain = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return texts + plain
