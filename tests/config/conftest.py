"""What the Snakefile makes of a config, in this process."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
COMMON = ROOT / "rules" / "common.smk"


@pytest.fixture
def start(tmp_path, monkeypatch) -> Callable[[Any], Any]:
    """Return a function that runs rules/common.smk, plain Python, on a config and returns the study.

    It ends as a start of Snakemake would: with `SystemExit` and one line. The working folder has the files
    that the shipped studies name.
    """
    program = compile(COMMON.read_text(encoding="utf-8"), str(COMMON), "exec")
    (tmp_path / "tiny-bert").mkdir()
    (tmp_path / "tiny-llama").mkdir()
    for name in ("tiny.csv", "texts.csv", "my-table.csv"):
        (tmp_path / name).touch()
    shutil.copytree(ROOT / "annotations", tmp_path / "annotations")
    monkeypatch.chdir(tmp_path)
    environment, path = dict(os.environ), list(sys.path)

    def run(config: Any, files: Sequence[Path] = ()) -> Any:
        known = {
            "workflow": SimpleNamespace(basedir=str(ROOT), configfiles=files, is_main_process=False),
            "config": config,
        }
        try:
            exec(program, known)
        finally:
            sys.path[:] = path
            os.environ.clear()
            os.environ.update(environment)
        return known["STUDY"]

    return run
