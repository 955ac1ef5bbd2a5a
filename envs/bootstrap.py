"""Set up what a make target needs: system libraries, and the pinned requirements in .venv.

Run by `bootstrap.sh`. It needs the standard library only, takes a fraction of a second when all is there,
and may be interrupted or run twice at once: an installation that was cut short is made anew.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import fcntl
import hashlib
import importlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

ENVS = Path(__file__).resolve().parent
VENV = ENVS.parent / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.json"
UNFINISHED = VENV / "installing"  # there while something is installed: found later, it was cut short

RUNTIME, TORCH, TOOLS = "requirements.txt", "requirements-torch.txt", "requirements-dev.txt"
CLUSTER = "requirements-cluster.txt"
REQUIREMENTS = {
    "report": [RUNTIME, TORCH],
    "cluster": [RUNTIME, TORCH, CLUSTER],
    "lint": [RUNTIME, TOOLS],
    "test": [RUNTIME, TORCH, TOOLS],
    "slurm": [RUNTIME, TORCH, CLUSTER],
}
CPU_BUILDS = "https://download.pytorch.org/whl/cpu"
INSTALL = {
    "apt-get": "apt-get install -y --no-install-recommends",
    "dnf": "dnf install -y",
    "brew": "brew install",
}


class SetupError(Exception):
    """The one line that a person is meant to read."""


class Need(NamedTuple):
    """What pip can't install: its name, who needs it, whether it is there, and the packages that bring it."""

    name: str
    targets: str
    found: Callable[[], object]
    packages: dict[str, str]


def load(name: str, soname: str) -> ctypes.CDLL | None:
    """Return a shared library, looked for as WeasyPrint does: by file name, then along the search path."""
    for candidate in (soname, ctypes.util.find_library(name)):
        if candidate:
            with contextlib.suppress(OSError):
                return ctypes.CDLL(candidate)
    return None


def has_font() -> bool:
    """Return whether fontconfig knows at least one font."""
    fontconfig = load("fontconfig", "libfontconfig.so.1")
    if fontconfig is None:
        return False
    fontconfig.FcConfigGetFonts.restype = ctypes.POINTER(ctypes.c_int)  # a font set starts with its size
    fonts = fontconfig.FcConfigGetFonts(None, 0)
    return bool(fonts) and fonts[0] > 0


def has_venv() -> bool:
    """Return whether this Python can make virtual environments (Debian's can't without a package)."""
    importlib.invalidate_caches()
    return all(importlib.util.find_spec(module) for module in ("venv", "ensurepip"))


NEEDS = [
    Need(
        "Python's venv module",
        "report cluster lint test slurm",
        has_venv,
        {"apt-get": f"python3.{sys.version_info.minor}-venv"},
    ),
    Need(
        "Pango",
        "report cluster test",
        lambda: load("pango-1.0", "libpango-1.0.so.0"),
        {"apt-get": "libpango-1.0-0", "dnf": "pango", "brew": "pango"},
    ),
    Need(
        "PangoFT2",
        "report cluster test",
        lambda: load("pangoft2-1.0", "libpangoft2-1.0.so.0"),
        {"apt-get": "libpangoft2-1.0-0", "dnf": "pango", "brew": "pango"},
    ),
    Need(  # WeasyPrint works without it, but writes a different PDF each time
        "HarfBuzz's subsetter",
        "report cluster test",
        lambda: load("harfbuzz-subset", "libharfbuzz-subset.so.0"),
        {"apt-get": "libharfbuzz-subset0", "dnf": "harfbuzz", "brew": "harfbuzz"},
    ),
    Need(
        "a font",
        "report cluster test",
        has_font,
        {"apt-get": "fonts-dejavu-core", "dnf": "dejavu-sans-fonts", "brew": "font-dejavu"},
    ),
    Need(
        "pdftoppm",
        "test",
        lambda: shutil.which("pdftoppm"),
        {"apt-get": "poppler-utils", "dnf": "poppler-utils", "brew": "poppler"},
    ),
    Need(  # error sheets have to survive it
        "LibreOffice Calc",
        "test",
        lambda: shutil.which("soffice"),
        {"apt-get": "libreoffice-calc-nogui", "dnf": "libreoffice-calc", "brew": "libreoffice"},
    ),
    Need(
        "Chromium",
        "test",
        lambda: shutil.which("chromium"),
        {"apt-get": "chromium", "dnf": "chromium", "brew": "chromium"},
    ),
    Need(
        "Slurm",
        "slurm",
        lambda: all(shutil.which(program) for program in ["munged", "slurmctld", "slurmd", "squeue"]),
        {"apt-get": "munge slurmctld slurmd slurm-client"},
    ),
]
if sys.platform == "darwin":  # elsewhere XGBoost brings its own
    NEEDS.append(
        Need("OpenMP", "report cluster test", lambda: load("omp", "libomp.dylib"), {"brew": "libomp"})
    )


def main(target: str) -> None:
    """Set up what ``make report``, ``make test`` or another target needs."""
    with alone():
        install_system(target)
        install_python(REQUIREMENTS[target])


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Wait for another set-up in this folder to end.

    The lock is on this very file. The programs started here inherit it, so that it is held until the last
    of them has ended, even if this one is killed.
    """
    with open(__file__, "rb+") as lock:
        os.set_inheritable(lock.fileno(), True)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another set-up in this folder")
            fcntl.flock(lock, fcntl.LOCK_EX)
        except OSError:
            say("this file system has no locks: don't run two set-ups at once")
        yield


def install_system(target: str) -> None:
    """Install the system packages that are missing, or say which command does.

    Raises
    ------
    SetupError
        With the exact command, unless this is root on a Debian-like system.
    """
    missing = [need for need in NEEDS if target in need.targets.split() and not need.found()]
    if not missing:
        return
    names = ", ".join(need.name for need in missing)
    tool = next((tool for tool in INSTALL if shutil.which(tool)), "")
    packages = dict.fromkeys(word for need in missing for word in need.packages.get(tool, "").split())
    if not packages:
        raise SetupError(f"missing: {names}; install it with this system's package manager")
    command = [*INSTALL[tool].split(), *packages]
    root = os.geteuid() == 0
    if not (root and tool == "apt-get"):
        sudo = "" if root or tool == "brew" else "sudo "
        update = f"{sudo}apt-get update && " if tool == "apt-get" else ""
        raise SetupError(f"missing: {names}; install with: {update}{sudo}{' '.join(command)}")
    say(f"installing {names}: {' '.join(command)}")
    wait = ["-qq", "-o", "DPkg::Lock::Timeout=300"]
    run(["apt-get", "update", *wait])
    run([*command, *wait])
    names = ", ".join(need.name for need in missing if not need.found())
    if names:
        raise SetupError(
            f"{sys.executable} finds no {names} yet; name another Python: make PYTHON=... {target}"
        )


def install_python(files: list[str]) -> None:
    """Bring .venv to the pinned requirements; make it anew if it is broken, half-made, moved or too old."""
    wanted = {name: hashlib.sha256((ENVS / name).read_bytes()).hexdigest() for name in files}
    stamp = read_stamp()
    sound = not UNFINISHED.exists() and stamp.get("path", str(VENV)) == str(VENV) and python_works()
    installed = stamp.get("files", {}) if sound else {}
    if wanted.items() <= installed.items():
        return
    if VENV.exists() and not sound:
        say("making .venv anew: it is broken, half-made, moved or too old")
        shutil.rmtree(VENV)
    VENV.mkdir(exist_ok=True)
    UNFINISHED.touch()
    if not sound:
        # The Python below any virtual environment: this one may live in the .venv that is gone now.
        run([sys._base_executable, "-m", "venv", str(VENV)])
    todo = [name for name in files if installed.get(name) != wanted[name]]
    say(f"installing {' and '.join(f'envs/{name}' for name in todo)} in .venv (a minute or two)")
    pip = [str(PYTHON), "-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check"]
    pip.append("--no-compile")
    if hashed := [f"--requirement={ENVS / name}" for name in todo if name != TORCH]:
        run([*pip, "--no-deps", "--require-hashes", *hashed])
    if TORCH in todo:  # no hash holds for all of its builds, and each brings other libraries
        if sys.platform == "linux" and not shutil.which("nvidia-smi"):
            say(f"PyTorch follows; if that is gigabytes, stop it and set PIP_EXTRA_INDEX_URL={CPU_BUILDS}")
        run([*pip, f"--requirement={ENVS / TORCH}"])
    # On all cores, where pip would use one. Each job of the workflow is a process of its own: where it may
    # not write byte code (PYTHONDONTWRITEBYTECODE), it would compile whatever it imports, for seconds.
    # Templates for other Pythons, which some packages carry, do not compile, and nothing imports them.
    compiling = [str(PYTHON), "-m", "compileall", "-qq", "-j", "0", str(VENV / "lib")]
    subprocess.run(compiling, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    STAMP.write_text(json.dumps({"path": str(VENV), "files": installed | wanted}, indent=1, sort_keys=True))
    UNFINISHED.unlink()


def read_stamp() -> dict:
    """Return what .venv says is installed in it, if it says anything."""
    try:
        return json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}


def python_works() -> bool:
    """Return whether .venv has a Python that runs, is new enough and has pip."""
    check = "import sys, pip; sys.exit(sys.version_info < (3, 11))"
    try:
        return subprocess.run([PYTHON, "-c", check], capture_output=True).returncode == 0
    except OSError:
        return False


def run(command: list[str]) -> None:
    """Run a program to its end.

    Raises
    ------
    SetupError
        If it fails; what it said is on the screen.
    """
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, stdin=subprocess.DEVNULL, env=environment, close_fds=False)
    if done.returncode:
        raise SetupError(f"`{' '.join(command[:4])} ...` failed (see above); the next make tries again")


def say(line: str) -> None:
    """Say a line on the screen."""
    print(f"set-up: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (SetupError, OSError) as error:
        say(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        say("interrupted; the next make starts it anew")
        sys.exit(130)
