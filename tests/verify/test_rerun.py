"""The folder in which a study is run anew: it looks like the working folder, and nothing else is touched."""

from __future__ import annotations

import os
import sys

import pytest

from inquest.errors import InquestError
from inquest.verify.rerun import make_view, outputs_of, rerun, snakemake


@pytest.fixture
def here(tmp_path):
    folder = tmp_path / "work"
    for path in (
        "results/downloads/x.zip",
        "results/small/a",
        ".snakemake/locks/0",
        "annotations/small/e.csv",
    ):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(path)
    (folder / "my.csv").write_text("a,b\n")
    return folder


def snapshot(folder):
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "verify" not in path.relative_to(folder).parts
    }


def test_a_view_looks_like_the_working_folder_with_results_of_its_own(here):
    view = here / "results" / "verify" / "small"
    before = snapshot(here)
    make_view(view, here)
    assert (view / "my.csv").read_text() == "a,b\n"
    assert (view / "annotations" / "small" / "e.csv").exists()
    assert (view / "results" / "downloads" / "x.zip").exists()
    assert [path.name for path in (view / "results").iterdir()] == ["downloads"]
    assert not (view / ".snakemake").exists()
    assert snapshot(here) == before


def test_an_earlier_run_is_removed_and_no_link_is_followed(here):
    view = here / "results" / "verify" / "small"
    make_view(view, here)
    before = snapshot(here)
    kept = view / "results" / "small" / "protected"
    kept.mkdir(parents=True)
    (kept / "old").write_text("old")
    (kept / "old").chmod(0o444)
    (kept / "link").symlink_to(here / "annotations")
    kept.chmod(0o555)
    (view / ".snakemake").mkdir()
    (view / "gone").symlink_to(here / "nowhere")
    make_view(view, here)
    assert not (view / "results" / "small").exists() and not os.path.lexists(view / "gone")
    assert snapshot(here) == before
    # even where the results are a link
    (view / "results" / "downloads").unlink()
    (view / "results").rmdir()
    (view / "results").symlink_to(here / "annotations")
    make_view(view, here)
    assert snapshot(here) == before


def test_limits_on_threads_are_not_handed_down(monkeypatch, tmp_path):
    fake = tmp_path / "python"
    fake.write_text('#!/bin/sh\necho "${OMP_NUM_THREADS-free} $*"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    done = snakemake("--cores", "1", python=str(fake), shown=False)
    assert done.stdout == "free -m snakemake --cores 1\n"


def test_outputs_are_read_from_snakemakes_summary(tmp_path):
    (tmp_path / "Snakefile").write_text(
        'rule all:\n    input: "results/s/c"\n'
        'rule b:\n    output: "results/s/b", directory("results/s/d")\n    shell: "exit 1"\n'
        'rule c:\n    input: "results/s/b"\n    output: "results/s/c", "results/t"\n    shell: "exit 1"\n'
    )
    found = outputs_of("results/s", "-s", str(tmp_path / "Snakefile"), "--directory", str(tmp_path))
    assert found == ["b", "c", "d"]


def test_a_run_that_fails_is_one_line(here, capfd):
    (here / "Snakefile").write_text('rule all:\n    output: "results/small/x"\n    shell: "exit 3"\n')
    with pytest.raises(
        InquestError, match="the rerun of small: it has failed, so there is nothing to compare"
    ):
        rerun(here, "small", {"study": "small"}, here / "Snakefile", 1, sys.executable)
    assert (here / "results" / "verify" / "small.config.yaml").read_text() == "study: small\n"
