"""Code counts as input: which edits change a script's digest, and which don't."""

from __future__ import annotations

import ast
import modulefinder
import os
from pathlib import Path

import pytest

from inquest import lineage

SCRIPTS = Path(__file__).parents[1] / "scripts"


class Tree:
    """A package in a folder of its own, and a script that imports from it."""

    def __init__(self, folder: Path):
        self.root = folder / "src" / "inquest"
        self.script = folder / "scripts" / "clean.py"
        self.write("__init__.py", "")
        self.script.parent.mkdir()

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def imports(self, text: str) -> set[str]:
        """Return the modules that a script with this text runs."""
        self.script.write_text(text)
        forget()
        files = lineage.code_files(self.script)
        assert self.script in files
        assert files == lineage.code_files(str(self.script))
        return {path.relative_to(self.root).as_posix() for path in files if path != self.script}

    def digest(self) -> str:
        forget()
        return lineage.code_digest(self.script)


def forget() -> None:
    lineage._content.cache_clear()
    lineage._imports.cache_clear()


@pytest.fixture
def tree(tmp_path, monkeypatch):
    tree = Tree(tmp_path)
    monkeypatch.setattr(lineage, "ROOT", tree.root)
    tree.write("errors.py", "import sys\n")
    tree.write("data/__init__.py", "")
    tree.write("data/tables.py", "from inquest.errors import InquestError\n")
    tree.write("data/splits.py", "from inquest.data.tables import ROW\n")
    tree.write("data/deep/__init__.py", "from ..splits import x\n")
    tree.write("data/deep/down.py", "from . import other\nfrom ... import report\nfrom ...errors import y\n")
    tree.write("data/deep/other.py", "")
    tree.write("report.py", "def late():\n    import inquest.unrelated\n")
    tree.write("unrelated.py", "")
    yield tree
    forget()


ALWAYS = {"__init__.py"}
TABLES = ALWAYS | {"data/__init__.py", "data/tables.py", "errors.py"}
SPLITS = TABLES | {"data/splits.py"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import numpy\nimport inquestor\n", set()),
        ("import inquest\n", ALWAYS),
        ("import inquest.errors as e\n", ALWAYS | {"errors.py"}),
        ("from inquest.errors import InquestError\n", ALWAYS | {"errors.py"}),
        ("from inquest.data.tables import clean\n", TABLES),
        ("from inquest.data import tables\n", TABLES),
        ("from inquest import data\n", ALWAYS | {"data/__init__.py"}),
        ("if True:\n    from inquest.data import splits as s\n", SPLITS),
        ("def f():\n    import inquest.data.splits\n", SPLITS),
        ("import inquest.data.deep\n", SPLITS | {"data/deep/__init__.py"}),
        ("from inquest import report\n", ALWAYS | {"report.py", "unrelated.py"}),
        (
            "import inquest.data.deep.down\n",
            SPLITS
            | {f"data/deep/{name}.py" for name in ("__init__", "down", "other")}
            | {"report.py", "unrelated.py"},
        ),
    ],
)
def test_imports_are_followed(tree, text, expected):
    assert tree.imports(text) == expected


def test_circles_end(tree):
    tree.write("a.py", "import inquest.b\n")
    tree.write("b.py", "import inquest.a\n")
    assert tree.imports("import inquest.a\n") == ALWAYS | {"a.py", "b.py"}


def test_the_digest_changes_with_just_the_edits_that_concern_the_script(tree):
    tree.imports("from inquest.data import splits\n")
    digest = tree.digest()
    assert len(digest) == 16
    for name in SPLITS:
        path = tree.root / name
        before = path.read_text()
        path.write_text(before + "# an edit\n")
        assert tree.digest() != digest, name
        path.write_text(before)
        assert tree.digest() == digest
    for name in ("unrelated.py", "report.py", "data/deep/down.py", "new.py"):
        tree.write(name, "import os\n")
    assert tree.digest() == digest
    tree.script.write_text("from inquest.data import splits  # edited\n")
    assert tree.digest() != digest


def test_a_touch_changes_nothing(tree):
    tree.imports("from inquest.data import splits\n")
    digest = tree.digest()
    for path in [tree.script, *tree.root.rglob("*.py")]:
        os.utime(path, (1e9, 1e9))
    assert tree.digest() == digest


def test_the_folder_does_not_matter(tree, tmp_path, monkeypatch):
    tree.imports("from inquest.data import splits\n")
    digest = tree.digest()
    (tmp_path / "moved").mkdir()
    for name in ("src", "scripts"):
        (tmp_path / name).rename(tmp_path / "moved" / name)
    monkeypatch.setattr(lineage, "ROOT", tmp_path / "moved" / "src" / "inquest")
    forget()
    assert lineage.code_digest(tmp_path / "moved" / "scripts" / "clean.py") == digest


def test_the_real_scripts_depend_on_what_they_import_alone():
    forget()
    names = {path.name for path in lineage.code_files(SCRIPTS / "data" / "clean.py")}
    assert {"clean.py", "tables.py", "raw.py", "errors.py", "runtime.py", "artefacts.py"} <= names
    assert not names & {"splits.py", "shapley.py", "influence.py", "document.py"}
    # A chapter's config section is no code of another chapter: scripts are given values, not models.
    for script in SCRIPTS.rglob("*.py"):
        assert not [path for path in lineage.code_files(script) if path.parent.name == "config"], script


def test_each_import_of_the_repository_is_seen():
    """Lines that look like imports are read by themselves: none may be missed."""
    files = [*SCRIPTS.rglob("*.py"), *lineage.ROOT.rglob("*.py")]
    assert len(files) > 100
    for path in files:
        every = {
            ast.unparse(node) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, KINDS)
        }
        assert every <= {ast.unparse(node) for node in lineage._statements(path) if isinstance(node, KINDS)}


KINDS = (ast.Import, ast.ImportFrom)


@pytest.mark.parametrize(
    "text",
    [
        "from inquest.errors import (\n    listing,  # a comment (in parentheses)\n    nearest,\n)\n",
        "from inquest.errors import listing, \\\n    nearest\n",
        '"""A text:\n\nimport this down\nfrom here import too much\n"""\nfrom inquest.errors import y\n',
        "try:\n    import numpy\nexcept ImportError:\n\tfrom inquest . errors import y\n",
    ],
)
def test_imports_are_seen_however_they_are_written(tree, text):
    assert tree.imports(text) == ALWAYS | {"errors.py"}


ALL_SCRIPTS = sorted(SCRIPTS.rglob("*.py"))


@pytest.mark.parametrize(
    "script",
    [
        pytest.param(path, marks=[pytest.mark.long] if i % 8 else [], id=path.stem)
        for i, path in enumerate(ALL_SCRIPTS)
    ],
)
def test_python_finds_the_same_modules(script):
    """The standard library's own finder, which reads byte code, agrees: an edit of any of them counts."""
    forget()
    finder = modulefinder.ModuleFinder(path=[str(lineage.ROOT.parent)])
    finder.run_script(str(script))
    found = {Path(module.__file__) for module in finder.modules.values() if module.__file__}
    assert set(lineage.code_files(script)) == found
