"""CONTRIBUTING's walk-through adds a chapter: followed in a copy of the repository, to the PDF."""

from __future__ import annotations

import re
import subprocess
import sys

from inquest.artefacts import read_json
from tests.blocks import Block, blocks

NEW, EDIT = re.compile(r"New file `([^`]+)`:$"), re.compile(r"In `([^`]+)`, below `([^`]+)`:$")


def steps() -> list[Block]:
    """Return the blocks that are put into files."""
    return [b for b in blocks("CONTRIBUTING.md") if NEW.search(b.lead) or EDIT.search(b.lead)]


def test_every_block_of_the_walk_through_is_followed():
    followed = {block.text for block in steps()}
    others = [block for block in blocks("CONTRIBUTING.md") if block.text not in followed]
    assert {block.language for block in others} == {"sh"}
    assert len(steps()) == 11


def test_the_walk_through_adds_a_chapter(fresh):
    for step in steps():
        if new := NEW.search(step.lead):
            path = fresh.folder / new[1]
            assert not path.exists(), path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.text, encoding="utf-8")
        else:
            name, line = EDIT.search(step.lead).groups()
            path = fresh.folder / name
            text = path.read_text(encoding="utf-8")
            assert text.count(f"{line}\n") == 1, f"{name}: {line}"
            path.write_text(text.replace(f"{line}\n", f"{line}\n{step.text}"), encoding="utf-8")
    check = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contradictions"]
    tested = subprocess.run(check, cwd=fresh.folder, capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout

    done = fresh.run("results/contradictions/contradictions.pdf", config="contradictions.yaml")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    results = fresh.folder / "results" / "contradictions"
    facts = read_json(results / "contradictions" / "facts.json")
    assert facts["rows"] > 40 and 0.5 < facts["best"] <= 1
    assert (results / "contradictions.pdf").read_bytes().startswith(b"%PDF")
    page = (results / "contradictions.html").read_text(encoding="utf-8")
    assert (
        "Rows that contradict each other" in page and "No classifier that sees these features alone" in page
    )

    changed = fresh.folder / "contradictions.yaml"
    changed.write_text(changed.read_text() + "contradictions: {show: 0}\n")
    line = fresh.complaint(fresh.run("--dry-run", config="contradictions.yaml"))
    assert line.startswith("inquest: config key `contradictions.show`: found 0; it should be greater than")
