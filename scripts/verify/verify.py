"""Run a study anew and compare what comes out with its manifest."""

import sys
import time
from pathlib import Path

from inquest.artefacts import read_json
from inquest.errors import InquestError
from inquest.report.provenance import commit
from inquest.runtime import job
from inquest.verify.compare import check_config, compare, lines, verdict
from inquest.verify.machine import machine
from inquest.verify.manifest import describe, read_manifest
from inquest.verify.report import Rerun, write_report
from inquest.verify.rerun import rerun

with job(snakemake):
    p = snakemake.params
    manifest = read_manifest(p.manifest, p.freeze)
    check_config(manifest, p.digest, p.manifest, p.freeze)
    started, snakefile = time.monotonic(), Path(p.base, "Snakefile")
    config = {**p.config, "provenance": "stable"}  # no rerun prints the times of another
    results, outputs = rerun(Path.cwd(), p.study, config, snakefile, snakemake.threads, p.python, p.options)
    took = time.monotonic() - started
    comparison = compare(manifest, *describe(results, outputs), machine(p.base))
    marks = {name: read_json(results / "marks" / f"{name}.json") for name in p.documents}
    facts = Rerun(p.digest, commit(p.base), took, snakemake.threads, str(snakemake.log))
    write_report(p.report, comparison, facts, marks, p.chapters, Path(p.base, "report"))
    print("\n".join(lines(comparison, p.chapters, most=len(comparison.differences))))
    said = "\n".join([*lines(comparison, p.chapters), "", verdict(comparison)])
    print(f"\n{said}\n", file=sys.__stdout__, flush=True)
    if not comparison.passed:
        raise InquestError(
            f"verification of {p.study}", verdict(comparison).rstrip("."), f"see {p.report}.pdf"
        )
