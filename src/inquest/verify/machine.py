"""The machine, as far as it bears on the last bits of a result."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from inquest.report.provenance import packages
from inquest.runtime import hardware

DECIDES = (
    "processor",
    "architecture",
    "system",
    "libc",
    "blas",
    "instructions",
    "pango",
    "python",
    "versions",
)
"""Where all of these are the same, so are the bytes; the number of cores and the memory don't matter."""


def machine(base: str | Path) -> dict[str, Any]:
    """Return the processor, the system, and the versions that results go through.

    Parameters
    ----------
    base : path
        The workflow's folder: its pyproject.toml names the packages.

    Returns
    -------
    dict
        `processor`, `cores`, `memory_gib`, `system`, `architecture`, `libc`, `blas` (each library with the
        kernels that it chose for this processor), `instructions` (those that PyTorch uses), `pango` (it sets
        the lines of a PDF; None without it), `python`, `versions`.
    """
    found = hardware()
    return {
        **found,
        "system": platform.system(),
        "architecture": platform.machine(),
        "libc": " ".join(platform.libc_ver()).strip() or None,
        "blas": _blas(),
        "instructions": _instructions(),
        "pango": _pango(),
        "versions": packages(base),
    }


def unlike(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Return in what two machines differ that bears on results: `processor`, `numpy` …; nothing if alike."""
    found = [key for key in DECIDES if key != "versions" and one.get(key) != other.get(key)]
    ours, theirs = one.get("versions") or {}, other.get("versions") or {}
    return found + [name for name in sorted({*ours, *theirs}) if ours.get(name) != theirs.get(name)]


def _blas() -> list[str]:
    import scipy.linalg  # noqa: F401  (loads its own BLAS beside numpy's)
    import threadpoolctl

    pools = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    return sorted(
        {f"{p['internal_api']} {p['version']} {p.get('architecture') or ''}".strip() for p in pools}
    )


def _instructions() -> str | None:
    try:
        import torch

        return torch.backends.cpu.get_cpu_capability()
    except (ImportError, AttributeError):
        return None


def _pango() -> str | None:
    try:
        from weasyprint.text.ffi import pango

        number = pango.pango_version()
    except (ImportError, OSError, AttributeError):
        return None
    return f"{number // 10000}.{number // 100 % 100}.{number % 100}"
