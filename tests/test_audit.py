"""`make audit`, against a database on this machine."""

from __future__ import annotations

import http.server
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
KNOWN = {
    "id": "PYSEC-2024-7",
    "aliases": ["CVE-2024-7"],
    "summary": "It is faulty.",
    "affected": [
        {
            "package": {"name": "faulty", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.1"}]}],
            "versions": ["1.0"],
        }
    ],
}


@pytest.fixture
def database():
    """A server that speaks as OSV does, knows of one faulty package, and keeps what it was asked."""
    asked: list[tuple[str, str]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            name, version = query["package"]["name"], query["version"]
            asked.append((name, version))
            body = json.dumps({"vulns": [KNOWN]} if (name, version) == ("faulty", "1.0") else {}).encode()
            self.send_response(500 if name == "broken" else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query", asked
        server.shutdown()


@pytest.fixture
def audit(tmp_path):
    """Return a function that audits these pins, and returns the exit code and what was said."""
    for folder in ("envs", "benchmarks"):
        (tmp_path / folder).mkdir()
    shutil.copy(ROOT / "envs" / "audit.py", tmp_path / "envs")

    def run(url: str, runtime: str, peers: str = "") -> tuple[int, list[str]]:
        for kind in ("torch", "dev", "cluster"):
            (tmp_path / "envs" / f"requirements-{kind}.txt").write_text("sound==2.0\n")
        (tmp_path / "envs/requirements.txt").write_text(runtime)
        (tmp_path / "benchmarks/requirements-peers.txt").write_text(peers)
        done = subprocess.run(
            [sys.executable, str(tmp_path / "envs" / "audit.py")],
            env={**os.environ, "OSV_URL": url},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.stderr == ""
        return done.returncode, done.stdout.splitlines()

    return run


PINS = (
    "# pinned\nfaulty=={} ; python_version > '3' \\\n    --hash=sha256:"
    + "0" * 64
    + "\n    # via x\nSound_Too==3.1\n"
)


def test_a_faulty_package_is_named(audit, database):
    url, asked = database
    code, said = audit(url, PINS.format("1.1"), peers="faulty==1.0\n")
    assert code == 1
    assert said == [
        "audit: faulty 1.0: PYSEC-2024-7, CVE-2024-7; mended in 1.1",
        "audit: 1 of 4 pinned packages have known vulnerabilities",
    ]
    assert sorted(asked) == [("faulty", "1.0"), ("faulty", "1.1"), ("sound", "2.0"), ("sound-too", "3.1")]


def test_where_none_is_known_that_is_said(audit, database):
    url, _ = database
    assert audit(url, PINS.format("1.1")) == (0, ["audit: 0 of 3 pinned packages have known vulnerabilities"])


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1/query", "{there}"], ids=["unreachable", "broken"])
def test_a_database_that_does_not_answer_is_one_line_and_no_clean_bill(audit, database, url):
    url = url.format(there=database[0])
    code, (said,) = audit(url, PINS.format("1.1") + "broken==1.0\n")
    assert code == 2
    assert said.startswith(f"audit: 4 packages could not be looked up at {url} (")
    assert said.endswith("; nothing is known of them")


def test_every_pin_of_every_file_is_asked_about():
    spec = importlib.util.spec_from_file_location("audit", ROOT / "envs" / "audit.py")
    audit = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(audit)
    files = {path.relative_to(ROOT).as_posix() for path in ROOT.glob("[!.]*/requirements*.txt")}
    assert set(audit.PINNED) == files
    for name in files:
        text = (ROOT / name).read_text()
        assert len(list(audit.pinned(text))) == sum(line[:1].isalnum() for line in text.splitlines())
