"""Write down what a study gives, or hold a folder of results against what was written down."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from inquest.artefacts import read_json, write_json
from inquest.config import Study, load_study, work_digest
from inquest.errors import InquestError
from inquest.sections import read_yaml
from inquest.verify.compare import compare, lines, verdict
from inquest.verify.machine import machine
from inquest.verify.manifest import describe, make_manifest, read_manifest, write_manifest
from inquest.verify.rerun import outputs_of, snakemake
from inquest.verify.tolerances import read_tolerances

BASE = Path(__file__).resolve().parents[3]
REFERENCE = Path("reference")


def freeze(config: str | None, cores: str) -> None:
    """Run a study, and write `reference/<study>.run.json` and the manifest `reference/<study>.json`.

    The former has the times and the machine, for documents to print; the study is then run again, which
    typesets them with these, and the latter says what came out.
    """
    study = read_study(config or "config.yaml")
    if study.provenance != "stable":
        raise InquestError(
            "config key `provenance`",
            f"found {study.provenance!r}",
            "only with 'stable' do documents have the same bytes in a rerun",
        )
    tolerances = read_tolerances(BASE / REFERENCE / "tolerances.yaml")
    workflow = ["--snakefile", str(BASE / "Snakefile"), *(["--configfile", config] if config else [])]
    run(workflow, cores)
    times = Path("results", study.study, "timings")
    used = dict.fromkeys(name for document in study.documents.values() for name in document.chapters)
    record = {
        "config": work_digest(study),
        "provenance": read_json(times / "provenance.json"),
        "timings": {name: read_json(path) for name in used if (path := times / f"{name}.json").is_file()},
    }
    write_json(REFERENCE / f"{study.study}.run.json", record)
    run(workflow, cores)
    results = f"results/{study.study}"
    outputs = outputs_of(results, *workflow)
    manifest = make_manifest(study.study, work_digest(study), results, outputs, tolerances, BASE)
    path = REFERENCE / f"{study.study}.json"
    write_manifest(path, manifest)
    print(f"{path}: {len(manifest.artefacts):,} artefacts and {len(manifest.numbers):,} numbers")


def run(workflow: Sequence[str], cores: str) -> None:
    """Run the study, or say that it can't be run."""
    if snakemake(*workflow, "--cores", cores).returncode:
        raise InquestError("freeze", "the study has failed", "what went wrong is said above")


def read_study(path: str) -> Study:
    """Return the study of a config file."""
    report = BASE / "report"
    return load_study(
        read_yaml(Path(path), "a study's config file is needed"),
        chapters={page.name.split(".")[0] for page in (report / "chapters").glob("*.html.j2")},
        rubrics=[page.stem for page in (report / "rubrics").glob("*.yaml")],
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 1 if something differs, or is wrong."""
    parser = argparse.ArgumentParser(prog="python -m inquest.verify", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("freeze", help="run a study and write its manifest")
    one.add_argument("--config", help="the study's config file (default: config.yaml)")
    one.add_argument("--cores", default="all")
    two = commands.add_parser("compare", help="hold a results folder against a manifest, without a rerun")
    two.add_argument("results", help="such as results/default")
    two.add_argument("manifest", help="such as reference/default.json")
    given = parser.parse_args(arguments)
    try:
        if given.command == "freeze":
            freeze(given.config, given.cores)
            return 0
        manifest = read_manifest(given.manifest)
        comparison = compare(manifest, *describe(given.results), machine(BASE), complete=False)
        print("\n".join([*lines(comparison), "", verdict(comparison)]))
        return 0 if comparison.passed else 1
    except InquestError as error:
        print(f"inquest: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
