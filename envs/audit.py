"""Look up every pinned package in a database of known vulnerabilities (OSV), by pip-audit.

Ends with code 0 where none is known, 1 where some are, and 2 where the database could not be asked about
each of the packages: then nothing is said of them. Nothing is installed, and nothing but the packages' names
and versions is sent. `OSV_URL` names another server that speaks as OSV does.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINNED = [
    *(f"envs/requirements{kind}.txt" for kind in ("", "-torch", "-dev", "-cluster")),
    "benchmarks/requirements-peers.txt",
]
OSV_URL = "https://api.osv.dev/v1/query"
FOUND, NOT_ASKED = 1, 2


def main() -> int:
    """Audit the pins of each file, say what is known of them, and return the exit code."""
    pins = sorted({pin for name in PINNED for pin in pinned((ROOT / name).read_text(encoding="utf-8"))})
    url = os.environ.get("OSV_URL", OSV_URL)
    with tempfile.TemporaryDirectory() as folder:
        wanted, answer = Path(folder, "pins.txt"), Path(folder, "answer.json")
        asked: list[dict] = []
        for part in apart(pins):
            wanted.write_text("\n".join(part) + "\n", encoding="utf-8")
            answer.unlink(missing_ok=True)
            command = [
                sys.executable,
                "-m",
                "pip_audit",
                "--requirement",
                str(wanted),
                "--no-deps",
                "--disable-pip",
            ]
            command += ["--vulnerability-service", "osv", "--osv-url", url, "--cache-dir", folder]
            command += [
                "--format",
                "json",
                "--output",
                str(answer),
                "--progress-spinner",
                "off",
                "--timeout",
                "15",
            ]
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
            if not answer.exists() or not answer.stat().st_size:
                reason = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
                return not_asked(len(pins), url, reason)
            asked += json.loads(answer.read_text(encoding="utf-8"))["dependencies"]
    skipped = [package for package in asked if "skip_reason" in package]
    if skipped or len(asked) != len(pins):
        reason = skipped[0]["skip_reason"] if skipped else f"{len(asked)} answers for {len(pins)} packages"
        return not_asked(len(skipped) or len(pins), url, reason)
    faulty = [package for package in asked if package["vulns"]]
    for package in faulty:
        for known in package["vulns"]:
            names = ", ".join([known["id"], *known["aliases"]])
            mended = " or ".join(known["fix_versions"]) or "no version yet"
            print(f"audit: {package['name']} {package['version']}: {names}; mended in {mended}")
    print(f"audit: {len(faulty)} of {len(pins)} pinned packages have known vulnerabilities")
    return FOUND if faulty else 0


def pinned(text: str) -> Iterator[str]:
    """Yield the pins of a file of requirements, `name==version`."""
    for pin in re.findall(r"(?m)^[A-Za-z0-9][\w.-]*==[^\s;\\]+", text):
        name, _, version = pin.partition("==")
        yield f"{re.sub(r'[-_.]+', '-', name).lower()}=={version}"


def apart(pins: list[str]) -> list[list[str]]:
    """Return the pins in lists that have one version of a package each: files may pin different ones."""
    parts: list[dict[str, str]] = []
    for pin in pins:
        name = pin.partition("==")[0]
        part = next((part for part in parts if name not in part), None)
        if part is None:
            parts.append(part := {})
        part[name] = pin
    return [list(part.values()) for part in parts]


def not_asked(count: int, url: str, reason: str) -> int:
    """Say that the packages were not looked up; return the exit code."""
    print(f"audit: {count} packages could not be looked up at {url} ({reason}); nothing is known of them")
    return NOT_ASKED


if __name__ == "__main__":
    sys.exit(main())
