"""pip as a downloader: a pinned distribution as it lies on the user's index. No code of it is ever run."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from inquest.errors import InquestError
from inquest.files import remove

DAY = 86_400.0  # seconds

WHEEL = ("-m", "pip", "download", "--only-binary", ":all:")

# pip has no command that fetches an sdist without running its build backend to learn its metadata, which
# we do not need. So the sdist is found by pip's own finder, with the user's indexes, credentials and
# certificates, and is saved as it is. Works with pip 23.2 to 26; it runs in a process of its own because
# pip may not be imported into a program.
SDIST_SCRIPT = """
import os, sys
from pip._internal.commands.download import DownloadCommand
from pip._internal.cli.req_command import with_cleanup
from pip._internal.exceptions import DistributionNotFound
from pip._vendor.packaging.specifiers import SpecifierSet

class Sdist(DownloadCommand):
    @with_cleanup
    def run(self, options, pins):
        name, _, version = pins[0].partition("==")
        session = self.get_default_session(options)
        finder = self._build_package_finder(options, session, ignore_requires_python=True)
        found = finder.find_all_candidates(name)
        pinned = SpecifierSet("==" + version)
        links = [c.link for c in found if pinned.contains(str(c.version), prereleases=True)]
        links = sorted((link for link in links if not link.is_wheel), key=lambda link: link.filename)
        if not links:
            known = ", ".join(map(str, sorted({c.version for c in found}))) or "none"
            raise DistributionNotFound(f"No matching distribution for {pins[0]} (versions: {known})")
        headers = {"Accept-Encoding": "identity"}
        response = session.get(links[0].url_without_fragment, headers=headers, stream=True)
        response.raise_for_status()
        with open(os.path.join(options.download_dir, links[0].filename), "wb") as file:
            for chunk in response.iter_content(1 << 20):
                file.write(chunk)
        return 0

sys.exit(Sdist("download", "").main(sys.argv[1:]))
"""
SDIST = ("-c", SDIST_SCRIPT, "--only-binary", ":none:", "--no-binary", ":none:")


class Absent(InquestError):
    """What was looked for is not there, but may be elsewhere."""


@contextlib.contextmanager
def empty_folder(downloads: Path) -> Iterator[Path]:
    """Yield a folder for one distribution, and remove those that killed runs left a day ago or earlier."""
    downloads.mkdir(parents=True, exist_ok=True)
    for left in downloads.glob(".pip-*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > DAY:
                remove(left)
    with tempfile.TemporaryDirectory(dir=downloads, prefix=".pip-") as folder:
        yield Path(folder)


def pip_download(how: Sequence[str], pin: str, folder: Path, where: str) -> Path:
    """Download a distribution into an empty folder, and return its file.

    Parameters
    ----------
    how : WHEEL or SDIST
    pin : str
        ``name==version``.
    folder : Path
    where : str
        What an error message is about.

    Raises
    ------
    Absent
        If the index has no such distribution.
    InquestError
        If pip fails otherwise.
    """
    command = [sys.executable, "-P", *how]  # -P: no module of the working folder takes part
    command += ["--no-deps", "--ignore-requires-python", "--no-input", "--disable-pip-version-check"]
    command += ["--progress-bar", "off", "--dest", str(folder), "--", pin]
    run = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if run.returncode == 0:
        return next(folder.iterdir())
    said = without_credentials(run.stdout)
    lines = [line for line in said.splitlines() if line.strip()] or ["nothing"]
    errors = [line.removeprefix("ERROR: ") for line in lines if re.match("ERROR: (?!Exception:)", line)]
    reasons = filter(None, (reason(line) for line in lines if "Retry(total=0" in line))
    if why := next(reasons, None):
        kind, found = InquestError, f"pip can't reach the package index ({why})"
    else:
        kind = Absent if any("No matching distribution" in line for line in errors) else InquestError
        found = f"pip says: {(errors or lines[-1:])[0]}"
    error = kind(where, found, "a pin that pip can download is needed")
    error.add_note(said)  # for the log
    raise error


def reason(text: str) -> str | None:
    """Return why a connection failed, out of the long text that urllib3 makes of it."""
    match = re.search(r"\[Errno -?\d+\] ([\w -]+)|(timed out|certificate verify failed)", text)
    return match and (match[1] or match[2])


def without_credentials(text: str) -> str:
    """Return the text with no user name and password in its addresses."""
    return re.sub(r"(?<=://)[^/?#\s]*@", "", text)
