"""A study that is frozen, and verified by a rerun."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from pypdf import PdfReader

from inquest.verify.manifest import describe, read_manifest, write_manifest


def short(config):
    """The tiny study as far as its second chapter."""
    config["study"] = "short"
    config["documents"]["influence"]["chapters"] = ["data", "baseline"]


def freeze(workflow, config: str) -> subprocess.CompletedProcess[str]:
    """Do what `make freeze` does, once the set-up is there."""
    environment = {**os.environ, "PYTHONPATH": str(workflow.folder / "src")}
    command = [sys.executable, "-m", "inquest.verify", "freeze", "--cores", "2", "--config", config]
    return subprocess.run(
        command, cwd=workflow.folder, env=environment, capture_output=True, text=True, timeout=600
    )


@pytest.fixture(scope="module")
def frozen(make_workflow, tmp_path_factory):
    """The workflow with a short study that is frozen, and its config in `short.yaml`."""
    made = make_workflow(tmp_path_factory.mktemp("frozen"))
    done = freeze(made, made.config(short, "short"))
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "reference/short.json: " in done.stdout
    return made


@pytest.fixture
def manifest(frozen):
    """The path of the manifest, whose content is put back afterwards."""
    path = frozen.folder / "reference" / "short.json"
    before = path.read_text()
    yield path
    path.write_text(before)


def page(workflow):
    report = workflow.folder / "results" / "verify" / "short" / "verification.pdf"
    pages = PdfReader(report).pages
    assert len(pages) == 1
    return " ".join(pages[0].extract_text().split())


def table(done):
    """Return the numbers in the last row of the table that was printed."""
    (row,) = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("together ")]
    return [int(number) for number in row]


def test_a_manifest_says_what_came_out_and_a_record_how_long_it_took(frozen):
    manifest = read_manifest(frozen.folder / "reference" / "short.json")
    assert {"influence.html", "influence.pdf", "marks/influence.json", "baseline/facts.json"} <= {
        *manifest.artefacts
    }
    assert not any(name.startswith(("logs", "timings")) for name in manifest.artefacts)
    assert (manifest.artefacts, len(manifest.numbers)) == (
        describe(frozen.folder / "results" / "short")[0],
        len(describe(frozen.folder / "results" / "short")[1]),
    )
    record = json.loads((frozen.folder / "reference" / "short.run.json").read_text())
    assert record["config"] == manifest.config
    assert record["provenance"]["hardware"]["processor"] == manifest.machine["processor"]
    assert set(record["timings"]) == {"baseline"}


def test_a_rerun_on_one_core_gives_the_same_bytes(frozen):
    before = frozen.folder / "results" / "short" / "influence.pdf"
    kept = before.stat().st_mtime_ns
    done = frozen.run("verify", config="short.yaml", cores=1)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    artefacts, same, within, differ = table(done)
    assert artefacts == same > 20 and within == differ == 0
    assert "artefacts have the same bytes, on a machine like the first one." in done.stdout
    assert "Verified." in page(frozen) and "Not verified" not in page(frozen)
    assert (frozen.folder / "results" / "verify" / "short" / "verification.html").exists()
    assert before.stat().st_mtime_ns == kept


def test_a_number_that_differs_fails_and_is_named(frozen, manifest):
    was, name = read_manifest(manifest), "baseline/facts.json#/chosen/primary/value"
    value, tolerance = was.numbers[name]
    numbers = {**was.numbers, name: (value + 0.125, tolerance)}
    write_manifest(manifest, type(was)(**{**vars(was), "numbers": numbers}))
    done = frozen.run("verify", config="short.yaml")
    assert "1 of " in frozen.complaint(done) and "verification.pdf" in frozen.complaint(done)
    assert f"{name}: {value + 0.125!r}, {value!r}, 0.125" in done.stdout
    assert table(done)[1:] == [table(done)[0] - 1, 0, 1]
    assert "Not verified." in page(frozen) and name in page(frozen).replace(" ", "")


def test_without_a_manifest_nothing_is_run(frozen, manifest):
    manifest.unlink()
    said = frozen.complaint(frozen.run("verify", config="short.yaml"))
    assert said == (
        "inquest: reference/short.json: there is no manifest of this study; "
        "`make freeze STUDY=short.yaml` runs the study and writes it"
    )


def test_a_manifest_of_another_config_is_refused(frozen):
    def change(config):
        short(config)
        config["seed"] = 8

    said = frozen.complaint(frozen.run("verify", config=frozen.config(change)))
    assert "reference/short.json: it was written for another config of the study short" in said


@pytest.mark.long
def test_the_manifest_of_iris_holds(fresh):
    """That of the repository: the same bytes on a machine like its own, else numbers within tolerance."""
    done = fresh.run("verify", config="studies/iris.yaml")
    assert done.returncode == 0, done.stdout[-3000:]
    assert table(done)[3] == 0
