"""Tables and numbers in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def machine(facts: Mapping[str, Any]) -> str:
    """Return the sentence that names the machine of a run."""
    return (
        f"{facts['processor']}, {facts['cores']} cores, {facts['memory_gib']} GiB, {facts['system']}, "
        f"Python {facts['python']}."
    )


def named(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items())


def table(head: Iterable[str], rows: Iterable[Iterable[object]], left: int = 1) -> str:
    """Return a Markdown table whose first columns are words and whose others are numbers."""
    head = list(head)
    ruler = ["---"] * left + ["--:"] * (len(head) - left)
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in [head, ruler, *rows])


def seconds(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def ratio(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def verdict(met: bool) -> str:
    return "yes" if met else "**no**"
