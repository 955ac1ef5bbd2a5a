"""What the tests of the benchmarks share."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = "cases contest judge large learners loop measure results results_scale run scale texts tuning"
CONTESTANTS = "loop_ours loop_same loop_stock"


@pytest.fixture
def bench(monkeypatch):
    """The harness's modules, and the contestants that have a function to test."""
    monkeypatch.syspath_prepend(str(ROOT))
    found = {name: importlib.import_module(f"benchmarks.{name}") for name in MODULES.split()}
    found |= {name: importlib.import_module(f"benchmarks.contestants.{name}") for name in CONTESTANTS.split()}
    return SimpleNamespace(**found)
