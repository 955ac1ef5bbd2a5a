"""Checksums of what is fetched."""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import IO

from inquest.errors import InquestError

CHUNK = 1 << 20  # bytes that are held in memory at a time


def holds(path: Path, sha256: str) -> bool:
    """Return whether a file is there and has the checksum."""
    with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    return False


def compare(digest: str, size: int, sha256: str, where: str) -> None:
    """Raise an `InquestError` at ``where`` unless the checksum is the one that is expected."""
    if digest != sha256:
        raise InquestError(where, f"found sha256 {digest} ({size:,} bytes)", f"expected {sha256}")


def copy(stream: IO[bytes], path: Path) -> tuple[str, int]:
    """Write a stream to a file; return its checksum and size."""
    digest, size = hashlib.sha256(), 0
    with open(path, "wb") as file:
        while chunk := stream.read(CHUNK):
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size
