"""What changes, reruns; what doesn't, doesn't: reruns.yaml says it for each key of the config.

A change is a real dry run of a finished study. Snakemake is loaded once, and each dry run is a fork of that
process: it reads the Snakefile and plans as ever, without the seconds that its start takes.

After a change of the rules, look at what has become of the table, and review the difference:

    INQUEST_RERUNS=write .venv/bin/python -m pytest tests/workflow/test_reruns.py
"""

from __future__ import annotations

import copy
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import snakemake.cli  # loaded here, so that no dry run has to
import yaml

from inquest import lineage
from inquest.config import load_study
from inquest.text.errors import copies  # noqa: F401  (what the Snakefile imports, so that no fork has to)
from inquest.text.published import scores_for  # noqa: F401

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]
TABLE = HERE / "reruns.yaml"
SAID = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
GROUPS, STUDIES = SAID["groups"], SAID["studies"]
WRITE = os.environ.get("INQUEST_RERUNS") == "write"
FOLDERS = ("classifier/encoder", "classifier/model", "llm/model")
EVERY = 7  # by default, each study's table is tested in so many parts, one of them; all of it takes minutes
# People choose the keys below these.
FREE = ("documents", "replace", "types", "describe", "classifiers", "params", "names", "ranges", "answers")


def leaves(node: Any, path: tuple = ()) -> Iterator[tuple]:
    """Yield the path of each value that is no section; a list or a mapping of plain values is one value."""
    inside = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if not inside or (not any(isinstance(one, (dict, list)) for one in inside) and isinstance(node, list)):
        yield path
        return
    for key in node if isinstance(node, dict) else range(len(node)):
        yield from leaves(node[key], (*path, key))


def key_of(path: tuple) -> str:
    """Return a path as reruns.yaml has it: `influence.groups[].kind`, `documents.*.title`."""
    key, parts = "", list(path)
    for i, part in enumerate(parts):
        if isinstance(part, int):
            key += "[]"
        else:
            key += ".*" if i and parts[i - 1] in FREE else f".{part}"
    return key.removeprefix(".")


def steps(key: str) -> list[str | int]:
    """Return the steps to a key that is written `documents.influence.title` or `influence.groups[0].name`."""
    return [int(word) if word.isdigit() else word for word in re.findall(r"[^.\[\]]+", key)]


def put(config: dict, key: str, value: Any) -> None:
    *parents, last = steps(key)
    for parent in parents:
        config = config[parent]
    config[last] = value


def rules_of(names: list[str]) -> set[str]:
    """Return the rules that a list of rules and groups of them names."""
    return {rule for name in names for rule in (rules_of(GROUPS[name]) if name in GROUPS else {name})}


def in_words(rules: set[str]) -> list[str]:
    """Return the rules as a short list: a group in place of the rules it has, the largest first."""
    words, left = [], set(rules)
    for name in sorted(GROUPS, key=lambda name: (-len(rules_of([name])), name)):
        inside = rules_of([name])
        if inside <= rules and len(inside & left) > 1:
            words.append(name)
            left -= inside
    return sorted(left) + words


class Finished:
    """A study that is finished in name, and what a change of its config would run again.

    Snakemake goes by the files that are there and by what it noted of the jobs: the files are empty, and
    `--touch` makes the notes. So no number is computed here.
    """

    def __init__(self, workflow):
        self.workflow = workflow
        chapters = [path.name.split(".")[0] for path in (REPO / "report" / "chapters").glob("*.html.j2")]
        rubrics = [path.stem for path in (REPO / "report" / "rubrics").glob("*.yaml")]
        said = yaml.safe_load((workflow.folder / f"{workflow.study}.yaml").read_text())
        self.written_out = load_study(said, chapters, rubrics).model_dump(mode="json", by_alias=True)
        text = yaml.safe_dump(said, sort_keys=False, allow_unicode=True)
        for line in self.said("--summary", text=text).splitlines():
            if line.startswith("results/"):
                path = workflow.folder / line.partition("\t")[0]
                path.parent.mkdir(parents=True, exist_ok=True)
                if str(path.relative_to(workflow.folder / "results" / workflow.study)) in FOLDERS:
                    path.mkdir()
                else:
                    path.touch()
        self.said("--touch", "--forceall", text=text)

    def reruns(self, changes: dict[str, Any]) -> set[str]:
        """Return the rules that a dry run plans once these keys have these values."""
        config = copy.deepcopy(self.written_out)
        for key, value in changes.items():
            put(config, key, value)
        return self.plans(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))

    def plans(self, text: str) -> set[str]:
        """Return the rules that a dry run with a config of this text plans."""
        output = self.said("--dry-run", "--quiet", "rules", text=text)
        if "Nothing to be done" in output:
            return set()
        rules = set(re.findall(r"^([a-z_]+) +\d+$", output, flags=re.M)) - {"total", "all"}
        assert rules, output
        return rules

    def said(self, *arguments: str, text: str) -> str:
        """Return what Snakemake says, run with a config of this text in a process of its own."""
        name = f"dry-{os.getpid()}"
        place, screen = self.workflow.folder / f"{name}.yaml", self.workflow.folder / f"{name}.txt"
        place.write_text(text, encoding="utf-8")
        child = os.fork()
        if child == 0:
            self._run(screen, [*arguments, "--cores", "2", "--configfile", place.name])
        _, status = os.waitpid(child, 0)
        output = screen.read_text(encoding="utf-8")
        assert status == 0, output
        return output

    def _run(self, screen: Path, arguments: list[str]) -> None:
        """As the child: hand over to Snakemake, as its command does, and end."""
        code: Any = 99
        try:
            handle = os.open(screen, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(handle, 1)
            os.dup2(handle, 2)
            sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
            os.chdir(self.workflow.folder)
            for name in [name for name in os.environ if name.startswith(("SNAKEMAKE", "PYTHONPATH"))]:
                del os.environ[name]
            try:
                snakemake.cli.main(arguments)
            except SystemExit as end:
                code = end.code or 0
                print(code, file=sys.stderr)
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code if isinstance(code, int) else 1)


@pytest.fixture(scope="module")
def finished(make_workflow, tmp_path_factory):
    """Return a function that gives a finished study by its name."""
    snakemake.cli.parse_args(["--dry-run"])  # loads the plugins, once for all
    known: dict[str, Finished] = {}
    with pytest.MonkeyPatch.context() as patch:

        def give(study: str) -> Finished:
            if study not in known:
                workflow = make_workflow(tmp_path_factory.mktemp(study), study)
                for name in ("tiny-bert", "tiny-llama"):
                    (workflow.folder / name).mkdir()
                    (workflow.folder / name / "config.json").touch()
                (workflow.folder / "rows.csv").write_text("row\n3\n")
                known[study] = Finished(workflow)
            # the digests of the code, which the forks need, are of the workflow's own copy
            root = known[study].workflow.folder / "src" / "inquest"
            if root != lineage.ROOT:
                patch.setattr(lineage, "ROOT", root)
                lineage._content.cache_clear()
                lineage._imports.cache_clear()
                for script in (root.parents[1] / "scripts").rglob("*.py"):
                    lineage.code_digest(script)
            return known[study]

        yield give
    lineage._content.cache_clear()
    lineage._imports.cache_clear()


def changes_of(key: str, entry: dict[str, Any]) -> dict[str, Any]:
    return {**entry.get("with", {}), key: entry["to"]}


def compared(finished, study: str, keys: list[str]) -> None:
    wrong = {}
    for key in keys:
        entry = STUDIES[study][key]
        found, said = finished(study).reruns(changes_of(key, entry)), rules_of(entry["reruns"])
        if found != said:
            wrong[key] = {"more": sorted(found - said), "less": sorted(said - found)}
    assert wrong == {}


CASES = [(study, part) for study in STUDIES for part in range(EVERY)]


@pytest.mark.skipif(WRITE, reason="the table is written anew")
@pytest.mark.parametrize(
    ("study", "part"),
    [
        pytest.param(*case, marks=[pytest.mark.long] if case[1] else [], id=f"{case[0]}-{case[1]}")
        for case in CASES
    ],
)
def test_a_changed_key_reruns_what_the_table_says(finished, study, part):
    compared(finished, study, list(STUDIES[study])[part::EVERY])


@pytest.mark.skipif(not WRITE, reason="asked for by INQUEST_RERUNS=write")
def test_the_table_is_written_anew(finished):
    studies = {
        study: {
            key: {**entry, "reruns": in_words(finished(study).reruns(changes_of(key, entry)))}
            for key, entry in keys.items()
        }
        for study, keys in STUDIES.items()
    }
    TABLE.write_text(as_text(studies), encoding="utf-8")


def as_text(studies: dict[str, Any]) -> str:
    """Return the table as it is kept: what stands above the studies as it is, then a line a key."""
    head = TABLE.read_text(encoding="utf-8").partition("\nstudies:\n")[0]

    def flow(value: Any) -> str:
        text = yaml.safe_dump(
            value, default_flow_style=True, width=10**6, allow_unicode=True, sort_keys=False
        )
        return text.removesuffix("\n").removesuffix("\n...")

    lines = [head, "studies:"]
    for study, keys in studies.items():
        lines.append(f"  {study}:")
        lines += [f"    {flow(key)}: {flow(entry)}" for key, entry in keys.items()]
    return "\n".join(lines) + "\n"


def test_the_table_has_every_key_of_the_config():
    config = yaml.safe_load((REPO / "config.yaml").read_text(encoding="utf-8"))
    wanted = {key_of(path) for path in leaves(config)}
    assert len(wanted) > 150
    listed = {key_of(tuple(steps(key))) for keys in STUDIES.values() for key in keys}
    missing = [
        key for key in wanted if not any(f"{key}.".startswith((f"{one}.", f"{one}[")) for one in listed)
    ]
    assert sorted(missing) == []


def test_the_table_names_rules():
    text = "".join(path.read_text(encoding="utf-8") for path in (REPO / "rules").glob("*.smk"))
    known = set(re.findall(r"^rule (\w+):$", text, flags=re.M))
    assert {rule for names in GROUPS.values() for rule in rules_of(names)} <= known
    for keys in STUDIES.values():
        assert {rule for entry in keys.values() for rule in rules_of(entry["reruns"])} <= known


@pytest.mark.parametrize("study", list(STUDIES))
def test_what_is_written_otherwise_reruns_nothing(finished, study):
    """Defaults written out, another order of the keys (but of those that people choose), a comment."""

    def turned(node, name=""):
        keys = node if name in FREE or not isinstance(node, dict) else reversed(node)
        return {key: turned(node[key], key) for key in keys} if isinstance(node, dict) else node

    config = turned(finished(study).written_out)
    text = yaml.safe_dump(config, sort_keys=False)
    assert finished(study).plans(text.replace("\nseed:", " # a comment\n# another\n\nseed:")) == set()
