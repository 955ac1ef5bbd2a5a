"""Fetching raw data: a real server that misbehaves, real archives, real wheels and sdists, no network."""

import base64
import contextlib
import gzip
import hashlib
import io
import os
import socket
import subprocess
import sys
import tarfile
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from inquest.data import sources
from inquest.data.folders import fetch_folder
from inquest.data.sources import fetch
from inquest.errors import InquestError

CSV = b"age,income\n39,<=50K\n52,>50K\n"
BODY = b"".join(b"%06d,row\n" % row for row in range(300_000))  # 3.3 MB: more than one chunk


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def source(**given) -> dict:
    keys = ("package", "url", "file", "member", "sha256", "licence", "citation")
    return dict.fromkeys(keys) | {"skip_rows": 0} | given


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def make_zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def make_tar(members: dict[str, bytes], mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def str_only(value) -> str:
    """Return a test id that holds no archive's bytes."""
    return value if isinstance(value, str) else ""


@pytest.fixture
def downloads(tmp_path) -> Path:
    return tmp_path / "downloads"


@pytest.fixture
def target(tmp_path) -> Path:
    return tmp_path / "results" / "raw"


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(sources, "BACKOFF", 0)


class Server(ThreadingHTTPServer):
    """Serves `pages`, with Range; `script` says how the next requests go wrong, one entry a request.

    An entry is a status, or a dict: `cut` after so many bytes, `range` "ignored" or answered "wrong".
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.pages: dict[str, bytes] = {}
        self.script: list[int | dict] = []
        self.always: int | dict = {}  # how every request goes wrong once the script is through
        self.extra: dict[str, str] = {}
        self.password: str | None = None
        self.asked: list[tuple[str, str | None]] = []
        self.sent = 0

    def url(self, path: str, user: str = "") -> str:
        return f"http://{user}127.0.0.1:{self.server_port}{path}"

    def handle_error(self, request, client_address):
        pass  # the cut connections are meant


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        server: Server = self.server
        wanted = self.headers.get("Range")
        server.asked.append((self.path, wanted))
        how = server.script.pop(0) if server.script else server.always
        body = server.pages.get(self.path.split("?")[0])
        if server.password and self.headers.get("Authorization") != server.password:
            return self.answer(401, b"who?", {"WWW-Authenticate": 'Basic realm="test"'})
        if isinstance(how, int):
            return self.answer(how, b"busy")
        if body is None:
            return self.answer(404, b"<html>not here</html>")
        start = 0
        if wanted and how.get("range") != "ignored":
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start and start >= len(body):
            return self.answer(416, b"", {"Content-Range": f"bytes */{len(body)}"})
        headers = dict(server.extra)
        if start:
            told = 0 if how.get("range") == "wrong" else start
            headers["Content-Range"] = f"bytes {told}-{len(body) - 1}/{len(body)}"
        self.answer(206 if start else 200, body[start:], headers, how.get("cut"))

    def answer(self, status, body, headers=None, cut=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:cut])
        self.server.sent += len(body[:cut])
        if cut is not None:
            self.close_connection = True


@pytest.fixture
def server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def dead_url() -> str:
    """An address where nobody listens any more."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


# Addresses


def test_url_is_stored_under_its_checksum_and_not_fetched_twice(server, downloads, target):
    server.pages["/adult.csv"] = BODY
    given = source(url=server.url("/adult.csv"), sha256=sha(BODY), licence="CC0", citation="kohavi1996")
    facts = fetch(given, downloads, target)
    assert target.read_bytes() == BODY
    assert files(downloads) == [sha(BODY)]
    assert facts == {
        "kind": "url",
        "place": server.url("/adult.csv"),
        "member": None,
        "filename": "adult.csv",
        "sha256": sha(BODY),
        "bytes": len(BODY),
        "pinned": True,
        "licence": "CC0",
        "citation": "kohavi1996",
    }
    other = target.with_name("other")
    assert fetch(given, downloads, other) == facts
    assert other.read_bytes() == BODY
    assert server.asked == [("/adult.csv", None)]


def test_damaged_cache_is_fetched_anew(server, downloads, target):
    server.pages["/a.csv"] = CSV
    downloads.mkdir()
    (downloads / sha(CSV)).write_bytes(CSV[:-1] + b"?")
    fetch(source(url=server.url("/a.csv"), sha256=sha(CSV)), downloads, target)
    assert target.read_bytes() == (downloads / sha(CSV)).read_bytes() == CSV


def test_what_an_earlier_run_left_is_resumed(server, downloads, target):
    server.pages["/a.csv"] = BODY
    downloads.mkdir()
    (downloads / f"{sha(BODY)}.part").write_bytes(BODY[:1_000_000])
    fetch(source(url=server.url("/a.csv"), sha256=sha(BODY)), downloads, target)
    assert target.read_bytes() == BODY
    assert server.asked == [("/a.csv", "bytes=1000000-")]
    assert server.sent == len(BODY) - 1_000_000
    assert files(downloads) == [sha(BODY)]


def test_whole_part_needs_no_request(server, downloads, target):
    downloads.mkdir()
    (downloads / f"{sha(BODY)}.part").write_bytes(BODY)
    fetch(source(url=server.url("/a.csv"), sha256=sha(BODY)), downloads, target)
    assert target.read_bytes() == BODY and server.asked == []


def test_cut_connections_are_resumed_and_nothing_is_sent_twice(server, downloads, target):
    server.pages["/a.csv"] = BODY
    server.script = [{"cut": 700_000}, {"cut": 900_000}]
    fetch(source(url=server.url("/a.csv"), sha256=sha(BODY)), downloads, target)
    assert target.read_bytes() == BODY
    assert [wanted for _, wanted in server.asked] == [None, "bytes=700000-", "bytes=1600000-"]
    assert server.sent == len(BODY)


def test_more_cuts_than_tries_are_borne_while_each_brings_something(server, downloads, target):
    server.pages["/a.csv"] = BODY
    server.script = [{"cut": 100_000}] * (3 * sources.TRIES)
    fetch(source(url=server.url("/a.csv"), sha256=sha(BODY)), downloads, target)
    assert target.read_bytes() == BODY
    assert len(server.asked) == 3 * sources.TRIES + 1


def test_cuts_without_progress_end_and_the_next_run_goes_on(server, downloads, target):
    server.pages["/a.csv"] = BODY
    server.script, server.always = [{"cut": 500_000}], {"cut": 0}
    given = source(url=server.url("/a.csv"), sha256=sha(BODY))
    with pytest.raises(InquestError, match="the connection was cut 5 times at 500,000 bytes; run it again"):
        fetch(given, downloads, target)
    assert files(downloads) == [f"{sha(BODY)}.part"] and not target.exists()
    server.always = {}
    fetch(given, downloads, target)
    assert server.asked[-1] == ("/a.csv", "bytes=500000-")
    assert target.read_bytes() == BODY


def test_a_server_that_knows_no_range_and_always_cuts_does_not_hang(server, downloads, target):
    server.pages["/a.csv"] = BODY
    server.always = {"cut": 300_000, "range": "ignored"}
    with pytest.raises(InquestError, match="cut 5 times at 300,000 bytes"):
        fetch(source(url=server.url("/a.csv"), sha256=sha(BODY)), downloads, target)
    assert len(server.asked) == 1 + sources.TRIES


@pytest.mark.parametrize(("how", "requests"), [("ignored", 1), ("wrong", 2)])
def test_a_range_that_is_not_heeded_means_a_fresh_start(server, downloads, target, how, requests):
    server.pages["/a.csv"] = BODY
    server.script = [{"range": how}]
    downloads.mkdir()
    (downloads / f"{sha(BODY)}.part").write_bytes(BODY[:1_000_000])
    fetch(source(url=server.url("/a.csv"), sha256=sha(BODY)), downloads, target)
    assert target.read_bytes() == BODY
    assert len(server.asked) == requests


@pytest.mark.parametrize("stale", [BODY + b"more", b"x" * 1_000], ids=["too long (416)", "other bytes"])
def test_a_stale_part_means_a_fresh_start(server, downloads, target, stale):
    server.pages["/a.csv"] = BODY
    downloads.mkdir()
    (downloads / f"{sha(BODY)}.part").write_bytes(stale)
    fetch(source(url=server.url("/a.csv"), sha256=sha(BODY)), downloads, target)
    assert target.read_bytes() == BODY
    assert [wanted for _, wanted in server.asked] == [f"bytes={len(stale)}-", None]


def test_busy_server_is_asked_again(server, downloads, target):
    server.pages["/a.csv"] = CSV
    server.script = [503, 503]
    fetch(source(url=server.url("/a.csv"), sha256=sha(CSV)), downloads, target)
    assert target.read_bytes() == CSV and len(server.asked) == 3


@pytest.mark.parametrize(
    ("always", "said", "requests"),
    [(503, "503 Service Unavailable", 1 + sources.TRIES), ({}, "404 Not Found", 1)],
)
def test_http_errors_are_one_line_and_leave_nothing(server, downloads, target, always, said, requests):
    server.always = always
    with pytest.raises(InquestError) as caught:
        fetch(source(url=server.url("/gone.csv"), sha256=sha(CSV)), downloads, target)
    assert str(caught.value) == (
        f"source `{server.url('/gone.csv')}`: the server answers {said}; "
        "an address that can be downloaded is needed"
    )
    assert len(server.asked) == requests
    assert files(downloads) == [] and files(target.parent) == []


def test_an_error_page_does_not_cost_the_part(server, downloads, target):
    server.pages["/a.csv"] = BODY
    server.script = [403]
    downloads.mkdir()
    part = downloads / f"{sha(BODY)}.part"
    part.write_bytes(BODY[:1000])
    with pytest.raises(InquestError, match="403 Forbidden"):
        fetch(source(url=server.url("/a.csv"), sha256=sha(BODY)), downloads, target)
    assert part.read_bytes() == BODY[:1000]


def test_wrong_checksum_names_both_and_leaves_nothing(server, downloads, target):
    server.pages["/a.csv"] = CSV
    with pytest.raises(InquestError) as caught:
        fetch(source(url=server.url("/a.csv"), sha256="0" * 64), downloads, target)
    assert str(caught.value) == (
        f"source `{server.url('/a.csv')}`: found sha256 {sha(CSV)} (28 bytes); expected {'0' * 64}"
    )
    assert files(downloads) == [] and files(target.parent) == []


def test_no_server(dead_url, downloads, target):
    with pytest.raises(InquestError, match=r"it can't be reached \(Connection refused\)"):
        fetch(source(url=f"{dead_url}/a.csv", sha256=sha(CSV)), downloads, target)
    assert files(downloads) == []


def test_user_name_and_password_are_sent_but_never_shown(server, downloads, target):
    server.pages["/a.csv"] = CSV
    server.password = "Basic " + base64.b64encode(b"ada:s3cret").decode()
    url = server.url("/a.csv", user="ada:s3cret@")
    facts = fetch(source(url=url, sha256=sha(CSV)), downloads, target)
    assert target.read_bytes() == CSV
    assert facts["place"] == server.url("/a.csv")
    with pytest.raises(InquestError) as caught:
        fetch(source(url=url, sha256="0" * 64), downloads, target)
    assert "s3cret" not in str(caught.value)


def test_bytes_are_taken_as_they_lie_on_the_server(server, downloads, target):
    packed = gzip.compress(CSV)
    server.pages["/a.csv.gz"] = packed
    server.extra = {"Content-Encoding": "gzip"}  # as web servers say of .gz files
    facts = fetch(source(url=server.url("/a.csv.gz?v=1"), sha256=sha(packed)), downloads, target)
    assert target.read_bytes() == CSV
    assert (downloads / sha(packed)).read_bytes() == packed
    assert (facts["filename"], facts["sha256"], facts["bytes"]) == ("a.csv", sha(packed), len(packed))


def test_zip_behind_an_address(server, downloads, target):
    packed = make_zip({"adult/adult.data": CSV, "adult/index": b"no"})
    server.pages["/2/adult.zip"] = packed
    given = source(url=server.url("/2/adult.zip"), sha256=sha(packed), member="adult/adult.data")
    assert fetch(given, downloads, target)["filename"] == "adult.data"
    assert target.read_bytes() == CSV


def test_jobs_that_want_the_same_file_at_once_fetch_it_once(server, downloads, tmp_path):
    server.pages["/a.csv"] = BODY
    given = source(url=server.url("/a.csv"), sha256=sha(BODY))
    targets = [tmp_path / str(job) for job in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda target: fetch(given, downloads, target), targets))
    assert all(target.read_bytes() == BODY for target in targets)
    assert len(server.asked) == 1
    assert files(downloads) == [sha(BODY)]


# Files and archives


def test_file_is_copied_and_its_checksum_is_optional(downloads, target, tmp_path):
    path = tmp_path / "my.csv"
    path.write_bytes(CSV)
    facts = fetch(source(file=str(path)), downloads, target)
    assert target.read_bytes() == CSV
    assert (facts["kind"], facts["place"], facts["pinned"]) == ("file", str(path), False)
    assert (facts["filename"], facts["sha256"], facts["bytes"]) == ("my.csv", sha(CSV), 28)
    assert fetch(source(file=str(path), sha256=sha(CSV)), downloads, target)["pinned"] is True
    with pytest.raises(InquestError, match=f"found sha256 {sha(CSV)} .28 bytes.; expected {'1' * 64}"):
        fetch(source(file=str(path), sha256="1" * 64), downloads, target.with_name("new"))
    assert files(target.parent) == ["raw"]


MAC = {"__MACOSX/._my.csv": b"junk", ".DS_Store": b"junk"}


@pytest.mark.parametrize(
    ("name", "data", "member", "filename"),
    [
        ("my.csv.gz", gzip.compress(CSV), None, "my.csv"),
        ("MY.CSV.GZ", gzip.compress(CSV), None, "MY.CSV"),
        ("my.csv.gz", gzip.compress(CSV[:9]) + gzip.compress(CSV[9:]), None, "my.csv"),
        ("any.zip", make_zip({"data/my.csv": CSV}), None, "my.csv"),
        ("any.zip", make_zip({"my.csv": CSV} | MAC), None, "my.csv"),
        ("any.zip", make_zip({"my.csv.gz": gzip.compress(CSV)}), None, "my.csv"),
        ("any.zip", make_zip({"a.csv": b"no", "b/a.csv": CSV}), "b/a.csv", "a.csv"),
        ("any.bin", make_zip({"a.csv": b"no", "b.csv": CSV}), "b.csv", "b.csv"),
        ("any.tar.gz", make_tar({"./b/a.csv": CSV, "./a.csv": b"no"}), "b/a.csv", "a.csv"),
        ("any.tar.xz", make_tar({"a.csv": CSV}, "w:xz"), None, "a.csv"),
        ("any.zip", make_zip({"in.tgz": make_tar({"a/b.csv": CSV})}), "in.tgz!a/b.csv", "b.csv"),
        ("any.tar", make_tar({"in.zip": make_zip({"b.csv": CSV})}, "w:"), "in.zip!b.csv", "b.csv"),
    ],
    ids=str_only,
)
def test_archives_are_unpacked(downloads, target, tmp_path, name, data, member, filename):
    path = tmp_path / name
    path.write_bytes(data)
    facts = fetch(source(file=str(path), member=member, sha256=sha(data)), downloads, target)
    assert target.read_bytes() == CSV
    assert (facts["filename"], facts["bytes"], facts["member"]) == (filename, len(data), member)


def test_names_in_an_archive_never_decide_where_bytes_go(downloads, tmp_path):
    (tmp_path / "a").mkdir()
    target = tmp_path / "a" / "b" / "raw"
    for member in ("../../evil.csv", str(tmp_path / "evil.csv")):
        path = tmp_path / "any.zip"
        path.write_bytes(make_zip({member: CSV}))
        assert fetch(source(file=str(path)), downloads, target)["filename"] == "evil.csv"
        assert target.read_bytes() == CSV
    assert files(tmp_path) == ["a", "any.zip"] and files(tmp_path / "a") == ["b"]
    assert files(target.parent) == ["raw"]


def test_a_link_in_a_tar_is_not_followed(downloads, target, tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        info = tarfile.TarInfo("a.csv")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/hostname"
        archive.addfile(info)
    (tmp_path / "any.tgz").write_bytes(buffer.getvalue())
    with pytest.raises(InquestError, match=r"has no file `a.csv`"):
        fetch(source(file=str(tmp_path / "any.tgz"), member="a.csv"), downloads, target)


def encrypted() -> bytes:
    data = bytearray(make_zip({"a.csv": CSV}))
    data[6] |= 1  # the flag in the file's own header
    data[data.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    return bytes(data)


def flipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.csv", CSV)
    data = bytearray(buffer.getvalue())
    data[data.index(CSV)] ^= 1
    return bytes(data)


SEVERAL = make_zip({"data/adult.data": CSV, "data/adult.test": CSV, "readme.txt": b""})


@pytest.mark.parametrize(
    ("name", "data", "member", "said"),
    [
        (
            "a.zip",
            SEVERAL,
            None,
            "`a.zip` holds 3 files; `member` must name one of them: data/adult.data, "
            "data/adult.test, readme.txt",
        ),
        (
            "a.zip",
            SEVERAL,
            "adult.test",
            "`a.zip` has no file `adult.test`; it has data/adult.test, data/adult.data",
        ),
        ("a.zip", SEVERAL, "data", "`a.zip` has no file `data`; it has data/adult.test, data/adult.data"),
        ("a.zip", make_zip({}), None, "`a.zip` holds 0 files; one file is needed"),
        ("a.zip", SEVERAL[:-30], None, "`a.zip` can't be unpacked (File is not a zip file)"),
        ("a.zip", flipped(), None, "`a.csv` can't be unpacked (Bad CRC-32 for file 'a.csv')"),
        ("a.zip", encrypted(), None, "`a.zip` is encrypted; an archive without a password is needed"),
        ("a.zip", b"<html>", None, "`a.zip` is no zip or tar archive, or a damaged one"),
        ("a.csv", CSV, "b.csv", "`a.csv` is no zip or tar archive, or a damaged one"),
        ("a.csv.gz", gzip.compress(BODY)[:-9], None, "can't be unpacked (Compressed file ended before"),
        ("a.csv.gz", b"<html>", None, "can't be unpacked (Not a gzipped file (b'<h'))"),
        ("a.tgz", make_tar({"a.csv": BODY})[:-99], "a.csv", "can't be unpacked (Compressed file ended"),
        (
            "a.zip",
            make_zip({"in.tgz": make_tar({"a/b.csv": CSV})}),
            "in.tgz!b.csv",
            "`in.tgz` has no file `b.csv`; it has a/b.csv",
        ),
    ],
    ids=str_only,
)
def test_archive_troubles_are_one_line(downloads, target, tmp_path, name, data, member, said):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InquestError) as caught:
        fetch(source(file=str(tmp_path / name), member=member), downloads, target)
    assert said in str(caught.value) and "\n" not in str(caught.value)
    assert str(caught.value).startswith(f"source `{tmp_path / name}`")
    assert files(target.parent) == []


def test_file_troubles_are_one_line(downloads, target, tmp_path):
    (tmp_path / "customers.csv").write_bytes(CSV)
    for path, said in {
        "custmers.csv": "there is no such file (did you mean `customers.csv`?); a file "
        "that can be read is needed",
        "nowhere/a.csv": f"there is no folder `{tmp_path / 'nowhere'}`; a file that can be read is needed",
        "": "it is a folder; a file that can be read is needed",
        "customers.csv/a": "it can't be read (Not a directory); a file that can be read is needed",
    }.items():
        with pytest.raises(InquestError) as caught:
            fetch(source(file=str(tmp_path / path)), downloads, target)
        assert str(caught.value) == f"source `{tmp_path / path}`: {said}"


# Packages


@pytest.fixture
def shelf(tmp_path, monkeypatch) -> Path:
    """A folder of distributions that pip is told to use, and nothing else."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_CACHE_DIR", "1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    return shelf


def wheel(members: dict[str, bytes], name: str = "tinydata", version: str = "1.0") -> bytes:
    info = f"{name}-{version}.dist-info"
    about = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    return make_zip(members | about)


def sdist(members: dict[str, bytes], marker: Path, top: str = "tinydata-1.0") -> bytes:
    """An sdist that, whenever pip builds it or asks for its metadata, leaves a mark."""
    bait = {
        "PKG-INFO": b"Metadata-Version: 2.1\nName: tinydata\nVersion: 1.0\n",
        "pyproject.toml": b'[build-system]\nrequires = []\nbuild-backend = "bait"\nbackend-path = ["."]\n',
        "bait.py": f"open({str(marker)!r}, 'w').close()\n".encode(),
        "setup.py": f"open({str(marker)!r}, 'w').close()\n".encode(),
    }
    return make_tar({f"{top}/{name}": data for name, data in (bait | members).items()})


def test_member_of_a_wheel(shelf, downloads, target):
    whl = shelf / "tinydata-1.0-py3-none-any.whl"
    whl.write_bytes(wheel({"tinydata/adult.data": CSV, "tinydata/__init__.py": b"raise SystemExit"}))
    given = source(package="tinydata==1.0", member="tinydata/adult.data", sha256=sha(CSV), licence="MIT")
    facts = fetch(given, downloads, target)
    assert target.read_bytes() == CSV
    assert files(downloads) == [sha(CSV)]
    assert facts == {
        "kind": "package",
        "place": "tinydata==1.0",
        "member": "tinydata/adult.data",
        "filename": "adult.data",
        "sha256": sha(CSV),
        "bytes": 28,
        "pinned": True,
        "licence": "MIT",
        "citation": None,
    }
    whl.unlink()  # from here on the cache serves it
    target.unlink()
    assert fetch(given, downloads, target) == facts
    assert target.read_bytes() == CSV


def test_compressed_member_is_pinned_as_it_comes(shelf, downloads, target):
    packed = gzip.compress(CSV)
    (shelf / "tinydata-1.0-py3-none-any.whl").write_bytes(wheel({"tinydata/digits.csv.gz": packed}))
    given = source(package="tinydata==1.0", member="tinydata/digits.csv.gz", sha256=sha(packed))
    facts = fetch(given, downloads, target)
    assert target.read_bytes() == CSV
    assert (facts["filename"], facts["bytes"]) == ("digits.csv", len(packed))


@pytest.mark.parametrize("with_wheel", [False, True], ids=["sdist only", "wheel without the member"])
def test_sdist_is_read_and_nothing_in_it_runs(shelf, downloads, target, tmp_path, with_wheel):
    marker = tmp_path / "ran"
    inner = make_tar({"texts/movies.txt": CSV})
    (shelf / "tinydata-1.0.tar.gz").write_bytes(sdist({"extra/texts.tar.gz": inner}, marker))
    pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(tmp_path), "tinydata==1.0"]
    subprocess.run(pip, capture_output=True)
    assert marker.exists()  # the bait works: pip alone does run it
    marker.unlink()
    if with_wheel:
        (shelf / "tinydata-1.0-py3-none-any.whl").write_bytes(wheel({"tinydata/__init__.py": b""}))
    given = source(package="tinydata==1.0", member="extra/texts.tar.gz!texts/movies.txt", sha256=sha(CSV))
    assert fetch(given, downloads, target)["filename"] == "movies.txt"
    assert target.read_bytes() == CSV
    assert files(downloads) == [sha(CSV)]
    assert not marker.exists()


def test_sdist_comes_from_the_users_own_index_with_its_password(
    server, shelf, downloads, target, monkeypatch
):
    server.password = "Basic " + base64.b64encode(b"ada:s3cret").decode()
    server.pages["/simple/tinydata/"] = b'<a href="/files/tinydata-1.0.tar.gz">tinydata-1.0.tar.gz</a>'
    server.pages["/files/tinydata-1.0.tar.gz"] = sdist({"a.csv": CSV}, target)
    server.extra = {"Content-Type": "text/html"}
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", server.url("/simple", user="ada:s3cret@"))
    fetch(source(package="tinydata==1.0", member="a.csv", sha256=sha(CSV)), downloads, target)
    assert target.read_bytes() == CSV
    with pytest.raises(InquestError) as caught:
        fetch(source(package="nosuch==1.0", member="a.csv", sha256="0" * 64), downloads, target)
    shown = str(caught.value) + "".join(caught.value.__notes__)
    assert "No matching distribution for nosuch==1.0 (versions: none)" in shown and "s3cret" not in shown


def test_folders_that_a_killed_run_left_go_away_after_a_day(shelf, downloads, target):
    (shelf / "tinydata-1.0-py3-none-any.whl").write_bytes(wheel({"a.csv": CSV}))
    for name in (".pip-old", ".pip-new"):
        (downloads / name).mkdir(parents=True)
        (downloads / name / "half.whl").touch()
    os.utime(downloads / ".pip-old", (0, 0))
    fetch(source(package="tinydata==1.0", member="a.csv", sha256=sha(CSV)), downloads, target)
    assert sorted(path.name for path in downloads.iterdir()) == sorted([".pip-new", sha(CSV)])


def test_package_troubles_are_one_line(shelf, downloads, target, monkeypatch, dead_url):
    (shelf / "tinydata-1.0-py3-none-any.whl").write_bytes(wheel({"tinydata/adult.data": CSV}))

    def line(**given):
        with pytest.raises(InquestError) as caught:
            fetch(source(**{"member": "tinydata/adult.data", "sha256": "0" * 64} | given), downloads, target)
        assert files(downloads) == [] and files(target.parent) == [] and "\n" not in str(caught.value)
        return str(caught.value)

    assert line(package="tinydata==1.0") == (
        "source `tinydata==1.0`, member `tinydata/adult.data`: "
        f"found sha256 {sha(CSV)} (28 bytes); expected {'0' * 64}"
    )
    assert line(package="tinydata==1.0", member="tinydata/adlt.data").startswith(
        "source `tinydata==1.0`, member `tinydata/adlt.data`: `tinydata-1.0-py3-none-any.whl` has no file "
        "`tinydata/adlt.data`; it has tinydata/adult.data, "
    )
    assert "pip says: No matching distribution for tinydata==2.0 (versions: 1.0);" in line(
        package="tinydata==2.0"
    )
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", f"{dead_url}/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    assert "pip can't reach the package index (Connection refused);" in line(package="elsewhere==1.0")


# Folders


def of_no_model(top: str = "") -> dict[str, bytes]:
    names = (
        "modeling.py",
        "README.md",
        "pytorch_model.bin",
        "model.pt",
        "model.pkl",
        "onnx/model.onnx",
        ".x.json",
    )
    return {f"{top}{name}": b"no" for name in names}


@pytest.fixture
def model(shelf):
    """A wheel with a folder of files on the shelf; returns the source that asks for the folder."""
    whl = shelf / "tinydata-1.0-py3-none-any.whl"
    inside = {"tinydata/model/config.json": b"{}", "tinydata/model/1_Pooling/config.json": b"[]"}
    whl.write_bytes(
        wheel(inside | {"tinydata/__init__.py": b"raise SystemExit"} | of_no_model("tinydata/model/"))
    )
    return {"package": "tinydata==1.0", "member": "tinydata/model", "sha256": sha(whl.read_bytes())}


def tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_folder_of_a_wheel(model, shelf, downloads, target):
    facts = fetch_folder(model, downloads, target)
    assert tree(target) == {"config.json": b"{}", "1_Pooling/config.json": b"[]"}
    assert facts == {"kind": "package", "place": "tinydata==1.0", "member": "tinydata/model",
                     "sha256": model["sha256"], "files": 2, "bytes": 4}  # fmt: skip
    assert files(downloads) == [model["sha256"]] and files(target.parent) == ["raw"]
    (shelf / "tinydata-1.0-py3-none-any.whl").unlink()  # from here on the cache serves it
    (target / "stale").write_bytes(b"")
    assert fetch_folder(model, downloads, target) == facts
    assert sorted(tree(target)) == ["1_Pooling/config.json", "config.json"]


def test_folder_of_ones_own(downloads, target, tmp_path):
    own = tmp_path / "own"
    (own / "sub").mkdir(parents=True)
    (own / "a.json").write_bytes(b"A")
    (own / "sub" / "b.txt").symlink_to(own / "a.json")
    (own / ".git").mkdir()
    (own / ".git" / "c.json").write_bytes(b"C")
    (own / "onnx").mkdir()
    for name, data in of_no_model().items():
        (own / name).write_bytes(data)
    facts = fetch_folder({"folder": str(own)}, downloads, target)
    assert tree(target) == {"a.json": b"A", "sub/b.txt": b"A"} and files(target) == ["a.json", "sub"]
    listed = f"a.json\0{sha(b'A')}\nsub/b.txt\0{sha(b'A')}\n"
    assert facts == {"kind": "folder", "place": str(own), "member": None,
                     "sha256": sha(listed.encode()), "files": 2, "bytes": 2}  # fmt: skip


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "a\\..\\evil", "C:/evil"])
def test_no_name_in_a_wheel_leads_out_of_the_folder(shelf, downloads, target, tmp_path, name):
    whl = shelf / "tinydata-1.0-py3-none-any.whl"
    whl.write_bytes(wheel({"m/a": b"A", f"m/{name}": b"E"}))
    given = {"package": "tinydata==1.0", "member": "m", "sha256": sha(whl.read_bytes())}
    with pytest.raises(InquestError, match="; one inside the folder is allowed"):
        fetch_folder(given, downloads, target)
    assert files(target.parent) == [] and not list(tmp_path.rglob("evil"))


def test_folder_troubles_are_one_line(model, downloads, target, tmp_path):
    def line(**given):
        with pytest.raises(InquestError) as caught:
            fetch_folder(given, downloads, target)
        assert files(target.parent) == [] and "\n" not in str(caught.value)
        return str(caught.value)

    assert "found sha256 " in line(**model | {"sha256": "0" * 64}) and files(downloads) == []
    assert line(**model | {"member": "tinydata/modl"}).startswith(
        "package `tinydata==1.0`, folder `tinydata/modl`: there is no such folder "
        "(did you mean `tinydata/model`?); it has tinydata, "
    )
    (tmp_path / "models").mkdir()
    assert line(folder=str(tmp_path / "model")) == (
        f"folder `{tmp_path / 'model'}`: there is no such folder (did you mean `models`?); "
        "a folder that can be read is needed"
    )
    for name in of_no_model():
        if "/" not in name:
            (tmp_path / "models" / name).write_bytes(b"no")
    assert line(folder=str(tmp_path / "models")) == (
        f"folder `{tmp_path / 'models'}`: no file in it is of a model; "
        "only *.json, *.txt, *.model, *.safetensors are taken"
    )


def test_a_tilde_stands_for_the_home_folder(downloads, target, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "own").mkdir(parents=True)
    (tmp_path / "home" / "own" / "train.csv").write_bytes(CSV)
    (tmp_path / "home" / "own" / "config.json").write_bytes(b"{}")
    facts = fetch(source(file="~/own/train.csv"), downloads, target)
    assert target.read_bytes() == CSV and facts["place"] == "~/own/train.csv"
    assert fetch_folder({"folder": "~/own"}, downloads, target.with_name("model"))["place"] == "~/own"
    nobody = "~nobody-of-this-name/x"
    for call, given in ((fetch, source(file=nobody)), (fetch_folder, {"folder": nobody})):
        with pytest.raises(InquestError, match=r"there is no (such )?folder"):
            call(given, downloads, target)
