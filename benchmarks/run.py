"""Run the benchmarks and write what they found: ``make benchmark``, or ``make benchmark QUICK=1``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from benchmarks.cases import ROOT
from benchmarks.learners import learners
from benchmarks.results import write
from benchmarks.results_scale import put_into
from benchmarks.scale import runs, scale
from benchmarks.texts import texts
from inquest.artefacts import read_json
from inquest.runtime import hardware

PARTS = {"learners": learners, "text": texts, "scale": scale, "workflow": runs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes; results go to build/benchmarks")
    parser.add_argument("--part", choices=PARTS, help="renew this part alone; the other's results stay")
    asked = parser.parse_args()
    folder = ROOT / ("build/benchmarks" if asked.quick else "benchmarks/results")
    facts = known(folder / "results.json")
    for name in [asked.part] if asked.part else PARTS:
        facts[name] = {"machine": hardware(), **PARTS[name](asked.quick)}
        write(folder, facts)
        if name == "scale" and not asked.quick:
            put_into(ROOT / "docs" / "scale.md", facts[name])
    print(f"{folder.relative_to(ROOT)}/results.md")


def known(path: Path) -> dict[str, Any]:
    """Return the parts that an earlier run wrote, as they are."""
    facts = read_json(path) if path.exists() else {}
    return {name: facts[name] for name in PARTS if name in facts}


if __name__ == "__main__":
    main()
