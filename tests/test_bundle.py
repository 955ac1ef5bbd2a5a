"""The archive of what is handed in."""

from __future__ import annotations

import os
import zipfile

import pytest

from inquest import bundle
from inquest.bundle import code_files, contents_note, files_digest, own_files, write_zip


@pytest.fixture
def base(tmp_path):
    left_over = ["src/inquest/__pycache__/x.pyc", "rules/.hidden", "rules/a.smk~", "results/big.bin"]
    for name in [
        "Snakefile",
        "rules/a.smk",
        "src/inquest/x.py",
        "secret.env",
        "annotations/a.csv",
        *left_over,
    ]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_the_code_is_what_a_rerun_needs_and_nothing_that_lies_about(base):
    assert list(code_files(base)) == ["Snakefile", "rules/a.smk", "src/inquest/x.py"]


def test_files_of_ones_own_keep_their_place_or_are_named(base, tmp_path_factory, monkeypatch):
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "far.csv"
    elsewhere.write_text("1")
    found, left = own_files(["annotations", "secret.env", str(elsewhere)], base)
    assert list(found) == ["annotations/a.csv", "secret.env"] and left == [str(elsewhere)]
    monkeypatch.setattr(bundle, "LARGEST", 3)
    assert own_files(["annotations"], base) == ({}, ["annotations"])
    assert str(elsewhere) in contents_note("T", ["a.pdf"], False, "make report", left)


def test_the_same_files_give_the_same_bytes(base, tmp_path):
    files = code_files(base)
    write_zip(tmp_path / "a.zip", {**files, "run.sh": "sh", "Ä.txt": "é"}, "Ada-1")
    os.utime(base / "Snakefile", (0, 0))
    os.chmod(base / "Snakefile", 0o600)
    turned = dict(reversed([*files.items(), ("Ä.txt", "é"), ("run.sh", "sh")]))
    write_zip(tmp_path / "b.zip", turned, "Ada-1")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        assert archive.read("Ada-1/Ä.txt").decode() == "é"
    assert list(entries) == sorted(entries) and all(name.startswith("Ada-1/") for name in entries)
    assert {entry.date_time for entry in entries.values()} == {(1980, 1, 1, 0, 0, 0)}
    assert entries["Ada-1/run.sh"].external_attr >> 16 == 0o100755
    assert entries["Ada-1/Snakefile"].external_attr >> 16 == 0o100644


def test_the_digest_is_of_names_and_contents(base):
    before = files_digest(code_files(base))
    os.utime(base / "Snakefile")
    assert files_digest(code_files(base)) == before
    (base / "Snakefile").write_text("other")
    assert files_digest(code_files(base)) != before
