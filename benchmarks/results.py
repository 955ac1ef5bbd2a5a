"""The facts of all parts as JSON, and as one page in Markdown with figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.markdown import machine
from benchmarks.results_learners import draw_learners, learners_page
from benchmarks.results_scale import runs_page, scale_page
from benchmarks.results_text import text_page
from inquest.artefacts import read_json, write_json, write_text

PAGES = {"learners": learners_page, "text": text_page, "scale": scale_page, "workflow": runs_page}


def write(folder: Path, facts: dict[str, dict[str, Any]]) -> None:
    """Write results.json, results.md, and the figures of the parts that are there."""
    write_json(folder / "results.json", facts)
    facts = read_json(folder / "results.json")  # in the order of any later run
    write_text(folder / "results.md", page(facts))
    if "learners" in facts:
        draw_learners(folder, facts["learners"])


def page(facts: dict[str, dict[str, Any]]) -> str:
    """Return the sections of each part, below the machine that it ran on."""
    sections = [
        "# Results of the benchmarks",
        "Written by `make benchmark`; [README.md](../README.md) says what is timed and how to read it.",
    ]
    for name, pages in PAGES.items():
        if name in facts:
            title, *others = pages(facts[name])
            sections += [title, machine(facts[name]["machine"]), *others]
    return "\n\n".join(sections) + "\n"
