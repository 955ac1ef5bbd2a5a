"""The fenced blocks of the pages that people read: the README, CONTRIBUTING, docs/."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "CONTRIBUTING.md", "benchmarks/README.md"]
PAGES += sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))
FENCE = re.compile(r"^( *)(`{3,})([\w-]*)[^\n]*\n(.*?)^\1\2 *$", re.DOTALL | re.MULTILINE)


class Block(NamedTuple):
    """A fenced block: its page, the words before it in its paragraph, its language, what it holds."""

    page: str
    lead: str
    language: str
    text: str


def blocks(page: str) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    return [
        Block(page, text[: m.start()].rstrip().rpartition("\n\n")[2], m[3], re.sub(f"(?m)^{m[1]}", "", m[4]))
        for m in FENCE.finditer(text)
    ]


def commands(page: str) -> list[str]:
    """Return the commands of a page's shell blocks, without their comments."""
    lines: list[str] = []
    for block in blocks(page):
        if block.language == "sh":
            joined = block.text.replace("\\\n", " ")
            lines += [re.sub(r"\s+#\s.*$", "", line).strip() for line in joined.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]
