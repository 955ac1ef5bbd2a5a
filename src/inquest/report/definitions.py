"""Which functions of the library a script runs: its own calls and theirs, followed through the source."""

from __future__ import annotations

import ast
import functools
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from inquest.lineage import ROOT

SUPPORT = ("artefacts", "errors", "files", "processes", "progress", "runtime", "sections", "written")
"""Modules that read, write and report: their functions are named, and not shown."""
DRAWING = ("report",)
"""Modules of which a function is shown if a script calls it, and else named."""
STEPS = 2
"""What a script calls is one step away, and shown; what that calls is two; what is further away is named."""


@dataclass(frozen=True, order=True)
class Definition:
    """A function, class or constant at the top of a module."""

    module: str
    """From the package on: `learners/logistic.py`."""
    line: int
    """Its first one, from 1."""
    name: str
    source: str
    """As it stands in the module, with each docstring cut to its first line."""


@dataclass(frozen=True)
class Called:
    """What a script runs of the library."""

    shown: tuple[Definition, ...]
    """By module and line."""
    named: tuple[tuple[str, str], ...]
    """Module and name of what is left out: it reads, writes or draws, or is many calls away."""


def called(script: str | Path) -> Called:
    """Return the definitions that a script uses, directly or through others.

    What a name may stand for is read from the source: a function that is looked up in a table at run time is
    found if the table names it. Annotations don't count as use.
    """
    module = _module(Path(script).resolve())
    waiting = deque((path, name, 1) for path, name in _used(module, module.tree))
    shown: dict[tuple[Path, str], Definition] = {}
    named: set[tuple[Path, str]] = set()
    while waiting:
        path, name, steps = waiting.popleft()  # the nearest first
        if (path, name) in shown or (path, name) in named:
            continue
        part = path.relative_to(ROOT).parts[0].removesuffix(".py")
        there = _module(path)
        if part in SUPPORT or steps > (1 if part in DRAWING else STEPS):
            named.add((path, name))
        else:
            shown[path, name] = there.definition(name)
        if part not in SUPPORT + DRAWING:
            waiting += [(*use, steps + 1) for use in _used(there, there.nodes[name])]
    left = {(_relative(path), name) for path, name in named}
    return Called(tuple(sorted(shown.values())), tuple(sorted(left)))


class _Module:
    """A parsed file: what stands at its top, and what it imports from inquest."""

    def __init__(self, path: Path):
        self.path, self.text = path, path.read_text(encoding="utf-8")
        self.tree = ast.parse(self.text, filename=str(path))
        self.nodes: dict[str, ast.stmt] = {}
        for node in self.tree.body:
            for name in _names(node):
                self.nodes.setdefault(name, node)
        self.imports: dict[str, tuple[Path, str | None]] = {}
        for node in ast.walk(self.tree):
            self.imports |= _imported(node, path)

    def resolve(self, name: str) -> tuple[Path, str | None] | None:
        """Return file and name behind a name, or the file alone for a module; None if it isn't ours."""
        if name in self.nodes:
            return self.path, name
        if name not in self.imports:
            return None
        path, inside = self.imports[name]
        return (path, None) if inside is None else _module(path).resolve(inside)

    def definition(self, name: str) -> Definition:
        node = self.nodes[name]
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        lines = self.text.splitlines()
        for start, end, kept in _docstrings(node):
            lines[start - 1 : end] = [kept, *[None] * (end - start)]
        body = [line for line in lines[first - 1 : node.end_lineno] if line is not None]
        return Definition(_relative(self.path), first, name, "\n".join(body))


@functools.cache
def _module(path: Path) -> _Module:
    return _Module(path)


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _names(node: ast.stmt) -> list[str]:
    """Return the names that a statement at the top of a module defines."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    parts = [part for target in targets if target for part in ast.walk(target)]
    return [part.id for part in parts if isinstance(part, ast.Name)] if _assigns(node) else []


def _assigns(node: ast.stmt) -> bool:
    return isinstance(node, (ast.Assign, ast.AnnAssign))


def _imported(node: ast.AST, path: Path) -> dict[str, tuple[Path, str | None]]:
    """Return what an import makes known: the file, and the name in it (None for the module itself)."""
    found: dict[str, tuple[Path, str | None]] = {}
    if isinstance(node, ast.ImportFrom):
        base = path.parents[node.level - 1] if node.level else ROOT.parent
        module = base.joinpath(*(node.module or "").split(".")) if node.module else base
        for alias in node.names:
            known = alias.asname or alias.name
            inside, holder = _file(module / alias.name), _file(module)
            if inside:
                found[known] = (inside, None)
            if holder and (not inside or alias.name in _top(holder)):
                found[known] = (holder, alias.name)
    return found


def _file(module: Path) -> Path | None:
    """Return the file of a module of inquest, given its path without an ending."""
    for path in (module / "__init__.py", module.with_name(f"{module.name}.py")):
        if path.is_relative_to(ROOT) and path.is_file():
            return path
    return None


@functools.cache
def _top(path: Path) -> frozenset[str]:
    """Return what a file defines itself: what is imported from it may be that, or a module beside it."""
    return frozenset(
        name for node in ast.parse(path.read_text(encoding="utf-8")).body for name in _names(node)
    )


def _used(module: _Module, node: ast.AST) -> list[tuple[Path, str]]:
    """Return file and name of each definition of inquest that code uses, in the order of first use."""
    found = {}
    for part in _without_annotations(node):
        target = None
        if isinstance(part, ast.Name):
            target = module.resolve(part.id)
        elif isinstance(part, ast.Attribute) and isinstance(part.value, ast.Name):
            holder = module.resolve(part.value.id)
            target = _module(holder[0]).resolve(part.attr) if holder and holder[1] is None else None
        if target and target[1] is not None and target[0].is_relative_to(ROOT):
            found[target] = None
    return list(found)


def _without_annotations(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.AST):
                yield from _without_annotations(part)


def _docstrings(node: ast.AST) -> Iterator[tuple[int, int, str]]:
    """Yield first and last line of each docstring below a node, and the line that stands for it."""
    for part in ast.walk(node):
        if not isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        text = ast.get_docstring(part)
        if text:
            said, first = part.body[0], text.strip().splitlines()[0]
            if said.end_lineno > said.lineno:
                yield said.lineno, said.end_lineno, f'{" " * said.col_offset}"""{first}"""'
