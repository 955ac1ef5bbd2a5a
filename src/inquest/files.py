"""Files that appear whole or not at all, and what a writer that was killed leaves of them."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def atomic(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its name once the block has ended well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    os.close(handle)
    try:
        yield Path(name)
        os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def leftovers(path: Path) -> list[Path]:
    """Return what writers that were killed left beside a path: files of `atomic`, and folders like them."""
    left = re.compile(rf"\.{re.escape(path.name)}\.[a-z0-9_]{{8}}(\.part)?")
    with contextlib.suppress(FileNotFoundError):
        return [other for other in path.parent.iterdir() if left.fullmatch(other.name)]
    return []


def remove(path: Path) -> None:
    """Remove a file or a folder, if that is possible."""
    with contextlib.suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def sha256(path: str | Path) -> str:
    """Return the checksum of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
