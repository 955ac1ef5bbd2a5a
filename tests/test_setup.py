"""The set-up: pins that agree with one another, and a command for each machine that lacks something."""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from inquest.artefacts import plain, read_json
from inquest.config import schema

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def name_of(requirement: str) -> str:
    """Return the normalised name of the distribution that a requirement asks for."""
    return re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", requirement)[0]).lower()


def pins(name: str) -> dict[str, tuple[str, bool]]:
    """Return version and whether there is a hash, for each distribution that a lock file pins."""
    entries = re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n?", "", (ROOT / "envs" / name).read_text()))
    found = {}
    for entry in filter(str.strip, entries):
        distribution, version = re.match(r"(\S+)==(\S+)", entry).groups()
        assert distribution not in found, f"{name} pins {distribution} twice"
        found[distribution] = version, "--hash=sha256:" in entry
    return found


RUNTIME, TOOLS = pins("requirements.txt"), pins("requirements-dev.txt")
CLUSTER = pins("requirements-cluster.txt")
TORCH = pins("requirements-torch.txt")  # without a hash, for it has other builds on other machines


def load_bootstrap(folder: Path):
    """Return a folder's envs/bootstrap.py as a module of its own."""
    spec = importlib.util.spec_from_file_location("bootstrap", folder / "envs" / "bootstrap.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def bootstrap():
    return load_bootstrap(ROOT)


@pytest.fixture
def machine(bootstrap, monkeypatch, tmp_path):
    """Return a function that lays out a machine: the programs on its PATH, who runs, and what is missing."""

    def lay(programs: dict[str, str], root: bool, missing: set[str]):
        for name, script in programs.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
            (tmp_path / name).chmod(0o755)

        def there(name: str) -> bool:
            return name not in missing or (tmp_path / "installed").exists()

        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
        needs = [need._replace(found=functools.partial(there, need.name)) for need in bootstrap.NEEDS]
        monkeypatch.setattr(bootstrap, "NEEDS", needs)
        return tmp_path

    return lay


def test_every_requirement_is_pinned_with_a_hash():
    groups = PROJECT["dependency-groups"]
    assert {
        name_of(line) for line in PROJECT["project"]["dependencies"] + groups["workflow"]
    } <= RUNTIME.keys() | TORCH.keys()
    assert TORCH.keys() == {"torch"} and not RUNTIME.keys() & TORCH.keys()
    assert {name_of(line) for line in groups["dev"]} <= TOOLS.keys()
    assert {name_of(line) for line in groups["cluster"]} <= CLUSTER.keys()
    assert all(hashed for _, hashed in [*RUNTIME.values(), *TOOLS.values(), *CLUSTER.values()])


@pytest.mark.parametrize("others", [TOOLS, CLUSTER], ids=["dev", "cluster"])
def test_others_are_pinned_to_what_the_runtime_has(others):
    shared = RUNTIME.keys() & others.keys()
    assert shared
    assert {name: others[name][0] for name in shared} == {name: RUNTIME[name][0] for name in shared}


def test_conda_installs_the_same_versions():
    environment = yaml.safe_load((ROOT / "envs" / "inquest.yaml").read_text())
    listed = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    versions = {name_of(line): re.match(r"[^=]+==(\S+)", line)[1] for line in listed}
    assert {name_of(line) for line in PROJECT["project"]["dependencies"]} <= versions.keys()
    pinned = RUNTIME | TORCH
    assert versions == {name: pinned[name][0] for name in versions}


def test_whatever_the_code_imports_is_a_dependency():
    distributions = importlib.metadata.packages_distributions()
    imported: set[str] = set()
    for path in [*ROOT.glob("src/**/*.py"), *ROOT.glob("scripts/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module)
    modules = {name.split(".")[0] for name in imported} - set(sys.stdlib_module_names) - {"inquest"}
    assert {"numpy", "pandas", "sklearn"} <= modules
    optional = PROJECT["project"]["optional-dependencies"].values()
    allowed = {name_of(line) for line in sum(optional, PROJECT["project"]["dependencies"])}
    distributions.setdefault("umap", ["umap-learn"])  # not installed for the tests
    strangers = [m for m in modules if not allowed & {name_of(name) for name in distributions.get(m, [m])}]
    assert sorted(strangers) == []


def test_the_schema_is_the_one_that_make_schema_writes():
    assert read_json(ROOT / "config.schema.json") == plain(schema())


def test_locks_name_no_host_and_no_folder():
    for path in (ROOT / "envs").iterdir():
        if path.suffix in (".txt", ".yaml"):
            assert not re.search(r"https?://|--index-url|--find-links|file:", path.read_text()), path.name


def test_help_lists_the_targets():
    make = ["make", "--no-print-directory", "-C", str(ROOT)]
    said = subprocess.run(make, capture_output=True, text=True, check=True).stdout
    listed = re.findall(r"(?m)^make ([a-z-]+) {2,}\S", said)
    assert {"report", "test", "test-long", "lint", "format", "lock", "schema", "clean", "distclean"} <= set(
        listed
    )
    for target in listed:
        subprocess.run([*make, "--dry-run", target], capture_output=True, check=True)


def test_make_hands_study_and_cores_to_snakemake():
    command = ["make", "--dry-run", "-C", str(ROOT), "report", "STUDY=studies/iris.yaml", "CORES=4"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert ".venv/bin/snakemake --cores 4 --configfile 'studies/iris.yaml'" in said.splitlines()


@pytest.mark.parametrize(
    ("tool", "root", "command"),
    [
        ("apt-get", False, "sudo apt-get update && sudo apt-get install -y --no-install-recommends {apt}"),
        ("dnf", False, "sudo dnf install -y pango harfbuzz"),
        ("dnf", True, "dnf install -y pango harfbuzz"),
        ("brew", False, "brew install pango harfbuzz"),
    ],
)
def test_the_command_that_installs_what_is_missing(bootstrap, machine, tool, root, command):
    machine({tool: "exit 9"}, root, {"Pango", "PangoFT2", "HarfBuzz's subsetter"})
    with pytest.raises(bootstrap.SetupError) as raised:
        bootstrap.install_system("report")
    command = command.format(apt="libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0")
    assert str(raised.value) == f"missing: Pango, PangoFT2, HarfBuzz's subsetter; install with: {command}"


def test_a_machine_without_a_known_package_manager_hears_what_is_missing(bootstrap, machine):
    machine({}, True, {"pdftoppm"})
    bootstrap.install_system("report")  # only the tests look at pages
    with pytest.raises(bootstrap.SetupError, match=r"^missing: pdftoppm; install it with this system"):
        bootstrap.install_system("test")


def test_a_python_without_venv_is_told_the_package(bootstrap, machine):
    machine({"apt-get": "exit 9"}, False, {"Python's venv module"})
    with pytest.raises(bootstrap.SetupError, match=rf"install .* python3\.{sys.version_info.minor}-venv$"):
        bootstrap.install_system("lint")


def test_root_on_debian_installs_just_what_is_missing(bootstrap, machine):
    log = 'echo "$DEBIAN_FRONTEND $*" >> "$PATH/log"; [ "$1" = update ] || echo > "$PATH/installed"'
    folder = machine({"apt-get": log}, True, {"Pango", "pdftoppm"})
    bootstrap.install_system("test")
    assert (folder / "log").read_text().splitlines() == [
        "noninteractive update -qq -o DPkg::Lock::Timeout=300",
        "noninteractive install -y --no-install-recommends libpango-1.0-0 poppler-utils"
        " -qq -o DPkg::Lock::Timeout=300",
    ]


def test_a_failed_installation_ends_in_one_line(bootstrap, machine):
    machine({"apt-get": "exit 100"}, True, {"Pango"})
    with pytest.raises(bootstrap.SetupError, match=r"^`apt-get update -qq -o \.\.\.` failed"):
        bootstrap.install_system("test")


class Project:
    """A folder with envs/ and a .venv of stand-ins."""

    def __init__(self, folder: Path):
        self.folder, self.home = folder, folder / ".venv"
        self.options: list[set[str]] = []
        (folder / "envs").mkdir(parents=True, exist_ok=True)
        for name, text in {"requirements.txt": "a==1\n", "requirements-dev.txt": "b==1\n"}.items():
            (folder / "envs" / name).write_text(text)
        shutil.copy(ROOT / "envs" / "bootstrap.py", folder / "envs")

    def set_up(self, *files: str, fails: bool = False) -> list[str]:
        """Run the set-up; return what it ran, in short."""
        bootstrap, ran = load_bootstrap(self.folder), []

        def run(command: list[str]) -> None:
            assert (self.home / "installing").exists()
            if "venv" in command:
                self.put_python()
            else:
                command = [word.removeprefix(f"--requirement={self.folder}/") for word in command]
            ran.append(" ".join(word for word in command[2:] if not word.startswith("-")))
            self.options.append({word for word in command if word.startswith("--")})
            if fails and "pip" in command:
                raise KeyboardInterrupt

        bootstrap.run = run
        bootstrap.install_python(list(files))
        return ran

    def put_python(self, code: int = 0) -> None:
        """Put a Python in .venv that ends with an exit code."""
        python = self.home / "bin" / "python"
        python.parent.mkdir(parents=True, exist_ok=True)
        python.write_text(f"#!/bin/sh\nexit {code}\n")
        python.chmod(0o755)


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "here")


def anew(project: Project) -> list[str]:
    return [f"venv {project.home}", "pip install envs/requirements.txt"]


def test_set_up_installs_once_and_only_what_is_new(project):
    assert project.set_up("requirements.txt") == anew(project)
    assert project.set_up("requirements.txt") == []
    both = "requirements.txt", "requirements-dev.txt"
    assert project.set_up(*both) == ["pip install envs/requirements-dev.txt"]
    assert project.set_up(*both) == []
    (project.folder / "envs" / "requirements.txt").write_text("a==2\n")
    assert project.set_up(*both) == ["pip install envs/requirements.txt"]


def test_pytorch_comes_without_hashes_after_the_rest(project):
    (project.folder / "envs" / "requirements-torch.txt").write_text("torch==1\n")
    files = "requirements.txt", "requirements-torch.txt"
    assert project.set_up(*files) == [*anew(project), "pip install envs/requirements-torch.txt"]
    assert project.options[-1].isdisjoint({"--require-hashes", "--no-deps"})
    assert {"--require-hashes", "--no-deps"} <= project.options[-2]
    assert project.set_up(*files) == []


def test_an_interrupted_set_up_is_made_anew(project):
    with pytest.raises(KeyboardInterrupt):
        project.set_up("requirements.txt", fails=True)
    (project.home / "leftover").touch()
    assert project.set_up("requirements.txt") == anew(project)
    assert not (project.home / "leftover").exists()


def test_a_broken_environment_is_made_anew(project):
    project.set_up("requirements.txt")
    project.put_python(code=1)
    assert project.set_up("requirements.txt") == anew(project)
    (project.home / "bin" / "python").unlink()
    assert project.set_up("requirements.txt") == anew(project)


def test_a_moved_environment_is_made_anew(project):
    project.set_up("requirements.txt")
    moved = Project(project.folder.rename(project.folder.with_name("there")))
    assert moved.set_up("requirements.txt") == anew(moved)
    assert moved.set_up("requirements.txt") == []


def test_an_environment_that_someone_made_by_hand_is_kept(project):
    project.put_python()
    (project.home / "theirs").touch()
    assert project.set_up("requirements.txt") == ["pip install envs/requirements.txt"]
    assert (project.home / "theirs").exists()


def test_a_second_set_up_waits_for_the_first(project):
    code = "import sys; sys.path.insert(0, sys.argv[1]); import bootstrap as b\nwith b.alone(): print('in')"
    with load_bootstrap(project.folder).alone():
        second = subprocess.Popen(
            [sys.executable, "-c", code, str(project.folder / "envs")],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert second.stderr.readline() == "set-up: waiting for another set-up in this folder\n"
        assert second.poll() is None
    assert second.communicate(timeout=30)[0] == "in\n"


def test_no_python_new_enough_is_one_line(tmp_path):
    old = tmp_path / "old python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run(
        ["sh", str(ROOT / "envs" / "bootstrap.sh"), "report"],
        env=os.environ | {"PYTHON": str(old)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"set-up: no Python 3.11 or newer (tried {old});")
    assert done.stderr.count("\n") == 1
