"""The sheet comes to where people annotate it, and nothing that they wrote is ever lost."""

import copy
import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.chart import BarChart
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation

from inquest.errors import InquestError
from inquest.text.errors.annotate import annotate, main
from inquest.text.errors.annotations import read_annotations
from inquest.text.errors.spreadsheet import write_csv
from inquest.text.errors.taxonomy import CATEGORIES, Taxonomy

A, B, C, D, E = ("e-" + letter * 10 for letter in "abcde")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "annotations" / "study"


@pytest.fixture
def grown(words):
    """The taxonomy with one more type."""
    content = copy.deepcopy(words.model_dump())
    content["types"].insert(1, {"name": "comparison", "definition": "With another."})
    return Taxonomy.model_validate(content)


def columns_of(sheet) -> dict[str, int]:
    return {cell.value: cell.column for cell in sheet[1]}


def statuses(path: Path) -> dict[str, str]:
    if path.suffix == ".csv":
        rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
        return {row["id"]: row["status"] for row in rows}
    sheet = openpyxl.load_workbook(path)["errors"]
    return {row[0]: row[1] for row in sheet.iter_rows(min_row=2, values_only=True)}


def offered(path: Path, column: str, row: int) -> list[str] | None:
    """What the drop-down of a cell offers, as any spreadsheet program would find it."""
    workbook = openpyxl.load_workbook(path)
    sheet = workbook["errors"]
    cell = sheet.cell(row, columns_of(sheet)[column]).coordinate
    rules = [rule for rule in sheet.data_validations.dataValidation if cell in rule.sqref]
    if not rules:
        return None
    (rule,) = rules
    ((title, where),) = workbook.defined_names[rule.formula1].destinations
    return [found[0].value for found in workbook[title][where]]


@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_first_a_copy_then_nothing_then_what_changed(folder, error_sheet, words, form):
    path = folder / f"errors.{form}"
    assert annotate(error_sheet(3), folder, words, form) == [f"{path}: 3 errors to annotate"]
    before = path.read_bytes(), path.stat().st_mtime_ns
    assert annotate(error_sheet(3), folder, words, "xlsx") == [f"{path}: up to date"]
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    later = error_sheet({"d": "new", "b": "text number 1"})
    later.loc[1] = error_sheet(3).loc[1]  # b as it was, a and c gone
    assert annotate(later, folder, words) == [f"{path}: 1 added, 2 marked past (no errors any more)"]
    assert list(statuses(path).items()) == [(A, "past"), (B, "current"), (C, "past"), (D, "current")]
    back = pd.concat([error_sheet(3).loc[[2, 1]], later.loc[[0]]])
    assert annotate(back, folder, words) == [f"{path}: 1 marked current (errors again)"]
    assert statuses(path) == {A: "past", B: "current", C: "current", D: "current"}
    assert os.listdir(folder) == [path.name]


def test_what_the_classifier_says_is_brought_up_to_date(folder, error_sheet, words):
    for form in ("xlsx", "csv"):
        annotate(error_sheet(3), folder / form, words, form)
        changed = error_sheet(3)
        changed.loc[1, ["confidence", "drivers"]] = [0.5, "=now"]
        (line,) = annotate(changed, folder / form, words)
        assert line.endswith("1 brought up to date")
        assert annotate(changed, folder / form, words)[0].endswith("up to date")
    sheet = openpyxl.load_workbook(folder / "xlsx" / "errors.xlsx")["errors"]
    cells = {name: sheet.cell(3, place) for name, place in columns_of(sheet).items()}
    assert cells["confidence"].value == 0.5 and cells["confidence"].number_format == "0.000"
    assert cells["drivers"].value == "=now" and cells["drivers"].data_type == "s"


def test_everything_that_a_person_put_into_a_workbook_stays(folder, error_sheet, words, grown):
    annotate(error_sheet(3), folder, words)
    path = folder / "errors.xlsx"
    workbook = openpyxl.load_workbook(path)
    sheet = workbook["errors"]
    place = columns_of(sheet)
    sheet.cell(2, place["note"]).value = "first\nline"
    sheet.cell(2, place["note"]).font = Font(italic=True)
    sheet.cell(3, place["error_type"]).value = "irony"
    sheet.cell(3, place["error_type"]).fill = PatternFill("solid", fgColor="FFFF0000")
    sheet.cell(3, place["error_type"]).comment = Comment("sure?", "Anna")
    sheet.cell(1, len(place) + 2).value = "my column"
    sheet.cell(4, len(place) + 2).value = "=SUM(P2:P4)"
    sheet.cell(7, 3).value = "a line beneath"
    mine = DataValidation(type="whole", formula1="1", sqref="X2:X9")
    sheet.add_data_validation(mine)
    workbook.create_sheet("mine", 0)["B2"] = "=errors!A1"
    sheet.column_dimensions["C"].width = 33
    workbook.save(path)
    before = {
        (each.title, cell.coordinate): (cell.value, cell.font.i, cell.fill.fgColor.rgb, cell.number_format)
        for each in workbook.worksheets
        if each.title != "taxonomy"
        for row in each.iter_rows()
        for cell in row
        if cell.value is not None
    }

    (line,) = annotate(error_sheet(5), folder, grown)
    assert line == f"{path}: 2 added"
    after = openpyxl.load_workbook(path)
    for (title, where), wanted in before.items():
        cell = after[title][where]
        assert (cell.value, cell.font.i, cell.fill.fgColor.rgb, cell.number_format) == wanted, where
    sheet = after["errors"]
    assert sheet.cell(3, place["error_type"]).comment.text == "sure?"
    assert sheet.column_dimensions["C"].width == 33 and after.sheetnames == ["mine", "errors", "taxonomy"]
    assert [sheet.cell(row, 1).value for row in range(7, 10)] == [None, D, E]  # beneath all that was there
    assert sheet.auto_filter.ref == "A1:V9"
    rules = [rule for rule in sheet.data_validations.dataValidation if rule.type == "whole"]
    assert [str(rule.sqref) for rule in rules] == ["X2:X9"]
    for row in (2, 4, 9):
        assert offered(path, "error_type", row) == ["negation", "comparison", "irony", "rare words"]
        assert offered(path, "fix", row) == words.names("fix")
    assert annotate(error_sheet(5), folder, grown)[0].endswith("up to date")


def test_drop_downs_follow_the_taxonomy(folder, error_sheet, words, grown):
    annotate(error_sheet(2), folder, words)
    path = folder / "errors.xlsx"
    assert annotate(error_sheet(2), folder, grown) == [f"{path}: the drop-downs renewed"]
    assert offered(path, "error_type", 3) == ["negation", "comparison", "irony", "rare words"]
    workbook = openpyxl.load_workbook(path)
    assert workbook.sheetnames == ["errors", "taxonomy"]
    assert len(workbook["errors"].data_validations.dataValidation) == 3

    workbook["taxonomy"]["C2"] = "in my words"  # what someone wrote there stays, beside the new sheet
    workbook.save(path)
    annotate(error_sheet(2), folder, grown)
    workbook = openpyxl.load_workbook(path)
    assert workbook.sheetnames == ["errors", "taxonomy", "taxonomy 2"]
    assert workbook["taxonomy"]["C2"].value == "in my words"
    assert workbook["taxonomy 2"]["C2"].value == "A not turns it."
    assert offered(path, "cause", 2) == words.names("cause")
    assert annotate(error_sheet(2), folder, grown)[0].endswith("up to date")

    workbook["errors"].data_validations.dataValidation.clear()  # lost in some program
    workbook.save(path)
    annotate(error_sheet(2), folder, grown)
    assert all(offered(path, column, 3) == grown.names(column) for column in CATEGORIES)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator, newline", [(";", "\r\n"), ("\t", "\n")])
def test_a_csv_keeps_its_manner(folder, error_sheet, words, encoding, separator, newline):
    folder.mkdir(parents=True)
    path = folder / "errors-zoë.csv"
    rows = [
        ["Mine", "Note", "id", "status"],
        ["ä", 'a "b"\nc', A, "Current"],
        ["", "", "", ""],
        ["x", "=1", B, ""],
    ]
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator, lineterminator=newline).writerows(rows)
    path.write_bytes(buffer.getvalue().encode(encoding))
    annotate(error_sheet({"a": "t", "c": "new"}), folder, words)
    content = path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf") == (encoding == "utf-8-sig")
    text = content.decode(encoding)
    assert text.count(newline) >= 5 and (newline == "\r\n" or "\r" not in text)
    found = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    rows[3][3] = "past"
    assert found == [*rows, ["", "", C, "current"]]


def test_letters_that_an_encoding_lacks_bring_utf_8(folder, error_sheet, words):
    folder.mkdir(parents=True)
    path = folder / "errors.csv"
    path.write_bytes(f"id,text,note\n{A},t,caf\xe9\n".encode("cp1252"))
    (line,) = annotate(error_sheet({"a": "t", "b": "日本"}), folder, words)
    assert line == f"{path}: 1 added; now in UTF-8, as cp1252 lacks some of its letters"
    assert path.read_text("utf-8-sig") == f"id,text,note\n{A},t,café\n{B},日本,\n"


def test_each_person_s_file_gets_the_new_rows(folder, error_sheet, words):
    annotate(error_sheet(2), folder, words)
    write_csv(folder / "errors-ben.csv", error_sheet(2))
    (folder / "notes.csv").write_text("mine")
    lines = annotate(error_sheet(3), folder, words)
    assert [line.split(": ")[1] for line in lines] == ["1 added", "1 added"]
    assert set(statuses(folder / "errors.xlsx")) == set(statuses(folder / "errors-ben.csv")) == {A, B, C}
    assert (folder / "notes.csv").read_text() == "mine"


@pytest.mark.parametrize("lock", [".~lock.errors.xlsx#", "~$errors.xlsx"])
def test_an_open_file_is_left_alone(folder, error_sheet, words, lock):
    annotate(error_sheet(2), folder, words)
    write_csv(folder / "errors-ben.csv", error_sheet(2))
    (folder / lock).touch()
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(
        InquestError, match=r"errors.xlsx: it is open in a spreadsheet program \(.*save and close"
    ):
        annotate(error_sheet(3), folder, words)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_no_file_is_changed_if_one_is_broken(folder, error_sheet, words):
    annotate(error_sheet(2), folder, words)
    path = folder / "errors-ben.xlsx"
    for content, said in {
        (folder / "errors.xlsx").read_bytes()[:3000]: "not a whole Excel workbook",
        b"": "not a whole Excel workbook",
    }.items():
        path.write_bytes(content)
        before = (folder / "errors.xlsx").read_bytes()
        with pytest.raises(InquestError, match=f"errors-ben.xlsx: {said}"):
            annotate(error_sheet(3), folder, words)
        assert (folder / "errors.xlsx").read_bytes() == before and path.read_bytes() == content
    path.unlink()
    (folder / "errors.csv").write_text(f'id,note\n{A},"cut')
    with pytest.raises(InquestError, match=r"errors.csv, row 2: broken CSV"):
        annotate(error_sheet(3), folder, words)


def test_a_sheet_of_another_data_set_is_refused(folder, error_sheet, words):
    annotate(error_sheet({"x": "1", "y": "2"}), folder, words)
    with pytest.raises(InquestError, match="none of its 2 current ids is of a test text of this study"):
        annotate(error_sheet(3), folder, words)


def test_a_copy_whose_errors_have_all_gone_is_of_this_data_set(folder, error_sheet, words):
    annotate(error_sheet(dict.fromkeys("ab", "text")), folder, words)
    known = error_sheet(dict.fromkeys("abcd", "text"))["id"].tolist()
    (line,) = annotate(error_sheet(dict.fromkeys("cd", "text")), folder, words, known=known)
    assert "2 added, 2 marked past" in line
    assert list(statuses(folder / "errors.xlsx").values()) == ["past", "past", "current", "current"]


def test_a_classifier_without_errors_makes_all_rows_past(folder, error_sheet, words):
    annotate(error_sheet(2), folder, words)
    annotate(error_sheet({}), folder, words)
    assert statuses(folder / "errors.xlsx") == {A: "past", B: "past"}
    annotate(error_sheet(1), folder, words)
    assert statuses(folder / "errors.xlsx") == {A: "current", B: "past"}


def test_what_would_be_lost_is_not_touched(folder, error_sheet, words):
    annotate(error_sheet(2), folder, words)
    path = folder / "errors.xlsx"
    workbook = openpyxl.load_workbook(path)
    workbook["errors"].add_chart(BarChart(), "Z1")
    workbook.save(path)
    with pytest.raises(InquestError, match="it holds charts, which would be lost"):
        annotate(error_sheet(3), folder, words)
    assert annotate(error_sheet(2), folder, words) == [f"{path}: up to date"]
    del workbook["errors"]._charts[:]
    workbook["errors"].merge_cells("W2:W3")
    workbook.save(path)
    with pytest.raises(InquestError, match=r"errors.xlsx, cells W2:W3: they are merged"):
        annotate(error_sheet(3), folder, words)


def test_a_file_that_changes_meanwhile_is_not_overwritten(folder, error_sheet, words, monkeypatch):
    annotate(error_sheet(2), folder, words)
    path = folder / "errors.xlsx"
    made = "inquest.text.errors.spreadsheet.workbook_bytes"

    def saved_by_someone_else(workbook):
        path.write_bytes(b"theirs")
        return b"ours"

    monkeypatch.setattr(made, saved_by_someone_else)
    with pytest.raises(InquestError, match="it changed while it was read"):
        annotate(error_sheet(3), folder, words)
    assert path.read_bytes() == b"theirs"


def test_a_write_that_fails_leaves_the_file_whole(folder, error_sheet, words, monkeypatch):
    annotate(error_sheet(2), folder, words)
    before = (folder / "errors.xlsx").read_bytes()

    def refuse(*_):  # root may write everywhere, so the refusal is made up
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.replace", refuse)
    with pytest.raises(InquestError, match=r"errors.xlsx: it can't be written \(Permission denied\)"):
        annotate(error_sheet(3), folder, words)
    assert (folder / "errors.xlsx").read_bytes() == before and os.listdir(folder) == ["errors.xlsx"]


def test_a_link_stays_a_link(folder, error_sheet, words, tmp_path):
    annotate(error_sheet(2), tmp_path / "elsewhere", words)
    folder.mkdir(parents=True)
    (folder / "errors.xlsx").symlink_to(tmp_path / "elsewhere" / "errors.xlsx")
    annotate(error_sheet(3), folder, words)
    assert (folder / "errors.xlsx").is_symlink() and len(statuses(folder / "errors.xlsx")) == 3


NOTES = st.text(alphabet="ab ,;\"'\n=<é", min_size=1).map(str.strip).filter(bool)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([A, B, C]), NOTES), st.sets(st.sampled_from("abcde"), min_size=1))
def test_notes_survive_any_change_of_the_errors(tmp_path_factory, error_sheet, words, notes, now):
    folder = tmp_path_factory.mktemp("study")
    table = error_sheet(3)
    table["note"] = [notes.get(one, "") for one in table["id"]]
    table["fix"] = ["relabel" if note else "" for note in table["note"]]
    write_csv(folder / "errors.csv", table)
    later = error_sheet({letter: "t" for letter in sorted({"a", *now})})
    annotate(later, folder, words)
    found = read_annotations([folder / "errors.csv"], later, words).table
    assert dict(zip(found["id"], found["note"], strict=True)) == notes
    assert set(found.loc[found["status"] == "current", "id"]) == set(notes) & set(later["id"])
    assert set(statuses(folder / "errors.csv")) == {A, B, C, *later["id"]}


def test_the_command_finds_the_study_in_its_config(tmp_path, error_sheet, words, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text("study: small\n")
    Path("annotations").mkdir()
    Path("annotations/taxonomy.yaml").write_text(yaml.safe_dump(words.model_dump()))
    assert main(["--config", "small.yaml"]) == 1
    assert "results/small/errors/sheet.parquet: there is no such file" in capsys.readouterr().err
    Path("results/small/errors").mkdir(parents=True)
    error_sheet(2).to_parquet("results/small/errors/sheet.parquet")
    assert main(["--config", "small.yaml"]) == 0
    assert capsys.readouterr().out == "annotations/small/errors.xlsx: 2 errors to annotate\n"
    other = [
        "--config",
        "small.yaml",
        "--sheet",
        "annotations/small/errors.xlsx",
        "--folder",
        "annotations/other",
        "--format",
        "csv",
    ]
    assert main(other) == 0 and Path("annotations/other/errors.csv").exists()
    assert main([*other[:-4], "--folder", "annotations/small"]) == 0
    assert capsys.readouterr().out.endswith("errors.xlsx: up to date\n")
    Path("words.yaml").write_text("types: []")
    Path("small.yaml").write_text("study: small\nerrors: {taxonomy: words.yaml}\n")
    assert main(["--config", "small.yaml"]) == 1
    assert capsys.readouterr().err.startswith("inquest: words.yaml, key `types`: found []")
    Path("small.yaml").write_text("- 1\n")
    assert main(["--config", "small.yaml"]) == 1
    assert (
        capsys.readouterr().err
        == "inquest: small.yaml, key `study`: found None; the study's name is needed\n"
    )


def test_the_module_runs(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "inquest.text.errors.annotate", "--config", str(tmp_path / "none.yaml")],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "src")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and done.stderr.startswith("inquest: ") and done.stderr.count("\n") == 1


def test_make_asks_for_the_sheet_first():
    done = subprocess.run(
        ["make", "-n", "annotate", "STUDY=studies/r8.yaml", "FORMAT=csv", "CORES=1"],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
    )
    said = " ".join(done.stdout.replace("\\\n", " ").split())
    sheet = ".venv/bin/snakemake make_sheet --cores 1 --configfile 'studies/r8.yaml' "
    copied = "-m inquest.text.errors.annotate --config 'studies/r8.yaml' --format 'csv'"
    assert 0 < said.index(sheet) < said.index(copied)
