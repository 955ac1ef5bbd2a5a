"""What code a script runs: its own text and that of every inquest module it imports, followed through."""

from __future__ import annotations

import ast
import functools
import hashlib
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent
IMPORT = re.compile(
    r"^[ \t]*((?:from\b[.\w \t]+\bimport\b|import\b)(?:[ \t]*\([^)]*\)|(?:\\\n|[^\n])*))", re.MULTILINE
)
"""An import at the start of a line, to its end or to the closing parenthesis."""


def code_digest(script: str | Path) -> str:
    """Return a digest of a script and of all it imports from inquest.

    Snakemake does not notice an edit in an imported module; a rule that carries this digest among its
    params is rerun by just the edits that concern it, and by no ``touch``.
    """
    digest = hashlib.sha256()
    for path in code_files(script):
        digest.update(_content(path))
    return digest.hexdigest()[:16]


def code_files(script: str | Path) -> list[Path]:
    """Return the script and every inquest module that it imports, directly or through others, sorted."""
    seen: set[Path] = set()
    waiting = [Path(script).resolve()]
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting.extend(_imports(path))
    # by name; of two with one name the script is first, wherever the two lie
    return sorted(seen, key=lambda path: (path.name, path.is_relative_to(ROOT), str(path)))


@functools.cache
def _content(path: Path) -> bytes:
    return path.read_bytes()


@functools.cache
def _imports(path: Path) -> tuple[Path, ...]:
    found: set[Path] = set()
    for node in _statements(path):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found |= _modules(alias.name)
        elif isinstance(node, ast.ImportFrom):
            here = path.parts[len(ROOT.parts) - 1 : -node.level] if node.level else ()  # `from . import`
            module = ".".join([*here, *filter(None, [node.module])])
            for alias in node.names:  # `from inquest.data import splits` names a module, too
                found |= _modules(f"{module}.{alias.name}")
    return tuple(sorted(found))


def _statements(path: Path) -> list[ast.AST]:
    """Return the import statements of a file, and maybe others.

    Parsing whole files takes ten times as long, at each start of the workflow. It is left to those in which a
    line looks like an import and is none by itself.
    """
    text = _content(path).decode("utf-8")
    try:
        return [node for found in IMPORT.finditer(text) for node in ast.parse(found[1]).body]
    except SyntaxError:
        return list(ast.walk(ast.parse(text, filename=str(path))))


def _modules(name: str) -> set[Path]:
    """Return the files that importing ``name`` runs: the module's own and those of its parents."""
    parts = name.split(".")
    if parts[0] != "inquest":
        return set()
    found = set()
    for depth in range(1, len(parts) + 1):
        base = ROOT.joinpath(*parts[1:depth])
        for path in (base / "__init__.py", base.parent / f"{base.name}.py"):
            if path.is_file():
                found.add(path)
    return found
