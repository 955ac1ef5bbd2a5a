"""What a job has written, and what became of it since."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from inquest import runtime
from inquest.artefacts import read_json, read_table, write_json, write_text
from inquest.files import atomic
from inquest.runtime import job
from inquest.written import Record, look, set_aside


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study's folder in which one job has written a file and another one a folder."""
    monkeypatch.chdir(tmp_path)
    root = Path("results", "s")
    for name, outputs in (("data/clean", ["data/clean.json"]), ("model", ["model", "model.json"])):
        record = Record(root / "logs" / f"{name}.log", [root / output for output in outputs])
        record.begin()
        for output in outputs:
            write_text(root / output if "." in output else root / output / "weights", f"{output}\n")
        record.finish()
    assert look(root) == []  # and the times are recorded now
    return root


def troubles(root, **how):
    return [(str(t.file.relative_to(root)), t.why) for t in look(root, **how)]


def test_what_is_as_it_was_written_is_not_read_again(study, monkeypatch):
    monkeypatch.setattr("inquest.written.sha256", None)
    assert troubles(study) == []


def test_a_touch_and_a_copy_are_given_their_times_again(study):
    before = {path: path.stat().st_mtime_ns for path in study.rglob("*") if path.is_file()}
    for path in before:
        os.utime(path)
    assert troubles(study, mend=False) == []
    assert all(path.stat().st_mtime_ns != time for path, time in before.items())
    assert troubles(study) == []
    names = ("data/clean.json", "model/weights", "model.json")
    assert all((study / name).stat().st_mtime_ns == before[study / name] for name in names)
    os.utime(study / "model.json")
    now = (study / "model.json").stat().st_mtime_ns
    assert troubles(study, times=False) == []  # after `snakemake --touch`
    assert troubles(study) == [] and (study / "model.json").stat().st_mtime_ns == now


def test_what_is_changed_or_gone_is_found_with_what_makes_it(study):
    (study / "model" / "weights").write_text("modem\n")  # as long as before
    os.truncate(study / "data" / "clean.json", 3)
    (study / "model.json").unlink()
    found = look(study)
    assert [(str(t.output.relative_to(study)), t.why) for t in found] == [
        ("data/clean.json", "changed"),
        ("model", "changed"),
        ("model.json", "gone"),
    ]
    assert found[1].file == study / "model" / "weights"


def test_what_lies_beside_a_model_is_nobodys_business(study):
    (study / "model" / "notes.txt").write_text("mine")
    (study / "model" / ".snakemake_timestamp").touch()
    assert troubles(study) == []


def test_a_job_that_began_and_did_not_end_is_unfinished(study):
    Record(study / "logs" / "model.log", [study / "model", study / "model.json"]).begin()
    assert troubles(study) == [("model", "unfinished"), ("model.json", "unfinished")]


def test_the_later_of_two_records_counts(study):
    """The job that makes a file had another name in an earlier version."""
    record = Record(study / "logs" / "renamed.log", [study / "data" / "clean.json"])
    record.begin()
    assert ("data/clean.json", "unfinished") in troubles(study)
    write_text(study / "data" / "clean.json", "new")
    record.finish()
    assert troubles(study) == []


def test_a_record_that_is_gone_or_damaged_says_nothing(study):
    (study / "timings/written/data/clean.json").write_text("{")
    (study / "timings/written/model.json").unlink()
    (study / "model.json").unlink()
    assert troubles(study) == []


def test_a_copy_of_the_study_has_the_same_records(study):
    shutil.copytree(study, "results/t", copy_function=shutil.copy)
    assert troubles(Path("results/t")) == []
    os.truncate("results/t/model.json", 2)
    assert troubles(Path("results/t")) == [("model.json", "changed")]


def test_set_aside_keeps_what_lies_there(study):
    assert set_aside(study, study / "model.json") == study / "changed" / "model.json"
    write_text(study / "model.json", "again")
    assert set_aside(study, study / "model.json") == study / "changed" / "model-2.json"
    assert not (study / "model.json").exists()
    assert (study / "changed" / "model-2.json").read_text() == "again"


def test_what_a_killed_attempt_left_half_written_is_removed(study):
    with atomic(study / "model.json") as part:  # the writer leaves it under a name like this one
        assert len(part.name) == len(".model.json.abcdefgh.part")
        os.link(part, part.with_name(".model.json.abcdefgh.part"))
    (study / ".model.12345678" / "part").mkdir(parents=True)
    (study / ".model.jsonl").touch()  # another's
    Record(study / "logs" / "model.log", [study / "model", study / "model.json"]).begin()
    assert sorted(path.name for path in study.iterdir() if path.name.startswith(".")) == [".model.jsonl"]


class Rule:
    """What Snakemake gives a script."""

    rule, threads = "count", 1

    def __init__(self, root):
        self.log, self.output = str(root / "logs" / "count.log"), [str(root / "count.json")]


@pytest.fixture
def rule(study, monkeypatch):
    monkeypatch.setattr(runtime, "limit_threads", lambda threads: None)
    return Rule(study)


def test_a_job_keeps_its_record(study, rule):
    path = study / "timings" / "written" / "count.json"
    with job(rule):
        assert json.loads(path.read_text())["running"]["process"] == os.getpid()
        write_json(rule.output[0], 3)
    assert list(json.loads(path.read_text())["files"]) == ["count.json"]
    assert troubles(study) == []


@pytest.mark.parametrize(("name", "read"), [("clean.json", read_json), ("clean.parquet", read_table)])
def test_a_damaged_result_is_set_aside_by_the_rule_that_reads_it(study, rule, capsys, name, read):
    path = study / "data" / name
    path.write_bytes(b"PAR1\0{")
    with pytest.raises(SystemExit), job(rule):
        read(path)
    said = capsys.readouterr().err
    assert said.startswith(f"inquest: {path}: it can't be read as ") and said.count("\n") == 1
    assert f"it is now {study / 'changed' / 'data' / name}; start again with the same command" in said
    assert not path.exists()


def test_a_damaged_file_of_ones_own_stays_where_it_is(study, rule, capsys):
    own = Path("own.json")
    own.write_text("{")
    with pytest.raises(SystemExit), job(rule):
        read_json(own)
    assert "inquest: own.json: it can't be read as JSON" in capsys.readouterr().err and own.exists()
    with pytest.raises(FileNotFoundError):
        read_json("no.json")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, os.strerror(28), "a.part"), "No space left on device (a.part); make room, then"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), "make room, then start again"),
        (OSError(30, os.strerror(30)), "Read-only file system; make the folder one that can be written to"),
    ],
)
def test_a_full_disk_is_one_line(study, rule, capsys, error, said):
    with pytest.raises(SystemExit), job(rule):
        raise error
    line = capsys.readouterr().err
    assert line.startswith("inquest: rule count: ") and said in line and line.count("\n") == 1
