"""What people wrote is read from any program's file, merged, and refused in one line where it is wrong."""

import csv
import datetime
import io
from collections import Counter

import openpyxl
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inquest.errors import InquestError
from inquest.text.errors.annotations import read_annotations
from inquest.text.errors.copies import find_files
from inquest.text.errors.sheet import PERSON
from inquest.text.errors.spreadsheet import write_csv, write_xlsx

A, B, C, D = ("e-" + letter * 10 for letter in "abcd")
FILLED = {"error_type": "negation", "cause": "turn ignored", "fix": "relabel"}


@pytest.fixture
def write(tmp_path, error_sheet, words):
    """Write a copy of the sheet of four errors with some rows filled: by id, the person's columns."""

    def write(name: str, said: dict[str, dict], **columns):
        table = error_sheet(4).assign(**columns)
        for one, cells in said.items():
            table.loc[table["id"] == one, list(cells)] = list(cells.values())
        path = tmp_path / name
        write_csv(path, table) if path.suffix == ".csv" else write_xlsx(path, table, words)
        return path

    return write


@pytest.fixture
def read(error_sheet, words):
    """Read copies of the sheet of four errors."""
    return lambda *paths, known=(): read_annotations(paths, error_sheet(4), words, known)


def said_by(annotations) -> list[tuple]:
    columns = ["id", "annotator", "error_type", "cause", "fix", "note", "status"]
    return list(annotations.table[columns].itertuples(index=False, name=None))


@pytest.mark.parametrize("name", ["errors.csv", "errors.xlsx"])
def test_what_was_filled_is_read(write, read, name):
    path = write(
        name, {B: {**FILLED, "annotator": "Anna", "note": "<b>so</b>\n=1+1"}, C: {"cause": "Label  Noise"}}
    )
    found = read(path)
    assert said_by(found) == [
        (B, "Anna", "negation", "turn ignored", "relabel", "<b>so</b>\n=1+1", "current"),
        (C, "unnamed", "", "label noise", "", "", "current"),
    ]
    assert found.annotators == ["Anna", "unnamed"]
    facts = found.facts()
    assert facts["errors"] == 4 and facts["annotated"] == 2 and facts["whole"] == 1 and facts["rest"] == 2
    assert facts["chosen"] == {"error_type": 1, "cause": 2, "fix": 1}
    assert facts["files"] == [{"name": name, "rows": 4, "annotated": 2}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_any_program_s_csv_is_read(tmp_path, error_sheet, read, encoding, separator, newline):
    table = error_sheet({"a": 'über; alles,\tnicht\n"gut"', "b": "x", "c": "y", "d": "z"})
    table.loc[0, ["error_type", "note"]] = ["irony", "Ärger, sagt er;\nzwei Zeilen"]
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=separator, lineterminator=newline).writerows(
        [list(table), *table.to_numpy()]
    )
    path = tmp_path / "errors.csv"
    path.write_bytes(buffer.getvalue().encode(encoding))
    ((one, _, kind, _, _, note, _),) = said_by(read(path))
    assert (one, kind, note) == (A, "irony", "Ärger, sagt er;\nzwei Zeilen")


def test_columns_may_be_moved_renamed_added_and_left_out(tmp_path, read):
    path = tmp_path / "errors-ben.csv"
    path.write_text(f"Mine,Error type ,ID\n1,NEGATION,{A}\n\n,,\n2,irony , {B.upper()}\n")
    assert said_by(read(path)) == [
        (A, "ben", "negation", "", "", "", "current"),
        (B, "ben", "irony", "", "", "", "current"),
    ]


def test_dates_numbers_and_formulas_are_what_was_typed(write, read):
    path = write("errors.xlsx", {})
    workbook = openpyxl.load_workbook(path)
    sheet = workbook["errors"]
    place = {cell.value: cell.column for cell in sheet[1]}
    notes = [datetime.datetime(2026, 3, 4), 12.0, '=HYPERLINK("x")', True]
    for number, note in enumerate(notes, start=2):
        sheet.cell(number, place["note"]).value = note
        sheet.cell(number, place["error_type"]).value = "irony"
    workbook.create_sheet("mine", 0)["A1"] = "not this one"
    workbook.save(path)
    assert read(path).table["note"].tolist() == ["2026-03-04", "12", '=HYPERLINK("x")', "TRUE"]
    sheet.cell(2, place["cause"]).value = '="label noise"'
    workbook.save(path)
    with pytest.raises(InquestError, match=r"row 2: cause '=\"label noise\"'"):
        read(path)


def test_a_hidden_sheet_is_not_the_sheet(write, read):
    path = write("errors.xlsx", {A: FILLED})
    workbook = openpyxl.load_workbook(path)
    copy = workbook.copy_worksheet(workbook["errors"])
    workbook["errors"].title, copy.title, copy.sheet_state = "mine", "errors", "hidden"
    copy["R2"].value = copy["S2"].value = copy["T2"].value = None
    workbook.save(path)
    assert len(read(path).table) == 1


def test_an_error_that_has_gone_is_past(write, read, error_sheet, words):
    path = write("errors.csv", {A: FILLED, B: FILLED, C: FILLED})
    two = error_sheet(2)  # c and d are right now
    found = read_annotations([path], two, words, known=[A, B, C, D])
    assert [row[-1] for row in said_by(found)] == ["current", "current", "past"]
    assert found.merged()["id"].tolist() == [A, B]
    assert found.facts()["past"] == 1 and found.facts()["annotated"] == 2
    with pytest.raises(InquestError, match=r"errors.csv, row 4: unknown id 'e-cccccccccc'"):
        read_annotations([path], two, words)
    marked = write("errors-x.csv", {C: FILLED}, status=["current", "current", "past", "Past "])
    assert said_by(read_annotations([marked], two, words))[0][-1] == "past"


def test_people_s_rows_are_merged_by_id_and_annotator(write, read):
    first = write(
        "errors.csv", {A: {**FILLED, "annotator": "Anna"}, B: {"fix": "relabel", "annotator": "Cem"}}
    )
    again = write("errors-anna.csv", {A: FILLED, C: FILLED})
    other = write("errors-ben.xlsx", {A: {"error_type": "irony"}, B: {"error_type": "irony"}})
    found = read(first, again, other)
    assert found.annotators == ["Anna", "Cem", "ben"]  # anna is Anna
    assert [row[:2] for row in said_by(found)] == [
        (A, "Anna"), (B, "Cem"), (C, "Anna"), (A, "ben"), (B, "ben"),
    ]  # fmt: skip
    merged = found.merged().set_index("id")
    assert merged.loc[[A, B, C], "annotator"].tolist() == ["Anna", "Cem", "Anna"]
    assert merged.loc[[A, B, C], "people"].tolist() == [2, 2, 1]
    assert merged.loc[A, "text"] == "text number 0" and merged.loc[B, "error_type"] == ""
    assert found.facts()["by_several"] == 2
    changed = write("errors-anna.xlsx", {A: {**FILLED, "note": "but"}})
    with pytest.raises(InquestError) as error:
        read(first, changed)
    said = f"errors-anna.xlsx, row 2: Anna says otherwise of {A} in errors.csv, row 2; keep one of them"
    assert str(error.value).endswith(said)


def test_agreement_is_counted_by_hand(write, read):
    one = write("errors-ada.csv", {i: {"error_type": t, "cause": "label noise"} for i, t in zip(
        (A, B, C, D), ("negation", "negation", "irony", "irony"), strict=True)})  # fmt: skip
    two = write("errors-bo.csv", {i: {"error_type": t, "cause": "label noise"} for i, t in zip(
        (A, B, C, D), ("negation", "irony", "irony", "irony"), strict=True)})  # fmt: skip
    agreement, differences = read(one, two).agreement()
    kinds = agreement.set_index("column")
    assert kinds.loc["error_type", ["annotator", "other", "common"]].tolist() == ["ada", "bo", 4]
    assert kinds.loc["error_type", "share"] == 0.75
    # by chance they agree on (2/4)(1/4) + (2/4)(3/4) = 1/2, so kappa is (3/4 - 1/2) / (1 - 1/2)
    assert kinds.loc["error_type", "kappa"] == pytest.approx(0.5)
    assert kinds.loc["cause", "share"] == 1 and pd.isna(kinds.loc["cause", "kappa"])
    assert kinds.loc["fix", "common"] == 0 and pd.isna(kinds.loc["fix", "share"])
    assert differences.to_numpy().tolist() == [[B, "error_type", "ada", "negation", "bo", "irony"]]


def test_one_annotator_agrees_with_nobody(write, read):
    agreement, differences = read(write("errors.csv", {A: FILLED})).agreement()
    assert agreement.empty and differences.empty
    nothing = read()
    assert nothing.facts()["annotated"] == 0 and nothing.merged().empty and nothing.annotators == []


@pytest.mark.parametrize(
    "content, said",
    [
        ("", "no column `id` among no columns at all; the first row must name the columns, as in"),
        ("text,error_type\nx,irony\n", "no column `id` among text, error_type; the first row must name"),
        (f"id,eror_type\n{A},irony\n", "a column `eror_type`; did you mean `error_type`?"),
        (f"id,note,Note\n{A},x,y\n", "2 columns `note`; one is needed"),
        (f"id,fix\n{A},relabel\ne-aaaaaaaaab,relabel\n",
         "row 3: unknown id 'e-aaaaaaaaab' (did you mean `e-aaaaaaaaaa`?); ids of this study's test texts"),
        ("id,fix\ne-xxxxxxxxxx,relabel\ne-yyyyyyyyyy,\n",
         "none of its 2 ids is of a test text: it is of another data set; a copy of this study"),
        (f"id,fix\n{A},relable\n{B},x\n{C},y\n",
         "row 2: fix 'relable' (did you mean `relabel`?); allowed: relabel, larger encoder; or list it in "
         "taxonomy.yaml (and 2 more mistakes in this file)"),
        (f"id,fix\n,relabel\n{A},\n", "row 2: no id; a row that says something needs the id of its error"),
        (f"id,fix,annotator\n{A},relabel,x\n{A},larger encoder,X\n", "row 3: x says otherwise of e-aa"),
        (f"id,text,gold,fix\n{A},t\n{B},t,g,relabel\n", "row 2: 2 of 4 cells: half-written?; a whole sheet"),
        (f"id,text,fix,note\n{A},t,relabel,n\n{B},t", "row 3: 2 of 4 cells: half-written?"),
        (f"id,fix\n{A},relabel,larger\n", "row 2: 3 cells under 2 columns; a cell that holds the separator"),
        (f'id,note\n{A},"cut in the mid', "row 2: broken CSV (unexpected end of data); a whole sheet"),
        (f"id,fix\n{A},\0\0\0", "half-written, or in an unknown encoding; a whole sheet is needed"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_one_line(tmp_path, read, content, said):
    path = tmp_path / "errors.csv"
    path.write_text(content)
    with pytest.raises(InquestError) as error:
        read(path)
    line = str(error.value)
    assert line.startswith(f"{path}, {said}" if said.startswith("row") else f"{path}: {said}")
    assert "\n" not in line


def test_a_file_cut_in_the_middle_of_a_letter_is_half_written(tmp_path, read):
    """As Windows-1252, which has letters for all but five bytes, it would pass."""
    path = tmp_path / "errors.csv"
    path.write_bytes(f"id,fix,note\n{A},relabel,café".encode()[:-1])
    with pytest.raises(InquestError, match=r"errors.csv: half-written"):
        read(path)


def test_rows_that_excel_ends_early_are_whole(tmp_path, read):
    """Excel leaves out the separators at the end of rows whose last cells are empty."""
    path = tmp_path / "errors.csv"
    path.write_text(
        f"id,text,gold,predicted,words,tokens,tags,fix\r\n{A},t,g,p,1,2\r\n{B},t,g,p,1,2,,relabel\r\n"
    )
    assert [row[0] for row in said_by(read(path))] == [B]


def test_the_same_row_twice_is_one_and_an_empty_one_none(tmp_path, read):
    path = tmp_path / "errors.csv"
    path.write_text(f"id,fix\n{A},relabel\n{A}, Relabel\n{A},\n")
    assert len(read(path).table) == 1


def test_files_that_cannot_be_read_are_named(tmp_path, write, read, monkeypatch):
    whole = write("errors.xlsx", {A: FILLED}).read_bytes()
    for name, content in {"cut": whole[: len(whole) // 2], "text": b"id,fix\n", "empty": b""}.items():
        path = tmp_path / f"errors-{name}.xlsx"
        path.write_bytes(content)
        with pytest.raises(InquestError, match=f"errors-{name}.xlsx: not a whole Excel workbook"):
            read(path)
    for suffix in ("csv", "xlsx"):
        (tmp_path / f"errors-folder.{suffix}").mkdir()
        with pytest.raises(
            InquestError, match=f"errors-folder.{suffix}: it can't be read \\(Is a directory\\)"
        ):
            read(tmp_path / f"errors-folder.{suffix}")

    def refuse(path):  # root may read everything, so the refusal is made up
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("pathlib.Path.read_bytes", refuse)
    with pytest.raises(InquestError, match=r"errors.xlsx: it can't be read \(Permission denied\)"):
        read(tmp_path / "errors.xlsx")


def test_the_line_ends_of_old_programs_are_read(tmp_path, read):
    path = tmp_path / "errors.csv"
    path.write_bytes(f"id;error_type\r{A};negation\r".encode())
    assert said_by(read(path)) == [(A, "unnamed", "negation", "", "", "", "current")]


@pytest.mark.parametrize("name", ["errors.ods", "errors-anna.xls", "errors.tsv"])
def test_a_sheet_of_another_kind_is_refused_and_not_passed_over(tmp_path, read, name):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(InquestError, match=rf"{name}: a sheet of type .*save it as .xlsx or .csv"):
        read(*find_files(tmp_path))


def test_copies_are_found_in_order(tmp_path):
    names = [
        "errors-ben.csv",
        "errors.xlsx",
        "errors.csv",
        "errors_anna.XLSX",
        "errors (copy).csv",
        "Errors-dora.CSV",
        "errors-emil.ods",
    ]  # the last one is refused, not passed over
    others = [".~lock.errors.xlsx#", "~$errors.xlsx", "errors.xlsx.part", ".errors.csv.x.part",
              "errorsheet.csv", "errors.txt", "notes.csv"]  # fmt: skip
    for name in names + others:
        (tmp_path / name).touch()
    found = [path.name for path in find_files(tmp_path)]
    assert found[:2] == ["errors.csv", "errors.xlsx"] and sorted(found) == sorted(names)
    assert find_files(tmp_path / "nowhere") == []


CHOICES = st.sampled_from(["", "negation", "irony", "rare words"])


@settings(max_examples=30, deadline=None)  # it writes and reads two files each time
@given(st.lists(st.tuples(CHOICES, CHOICES), min_size=4, max_size=4), st.text("ab <>=+;,\"\n'", max_size=20))
def test_what_anyone_writes_comes_back(tmp_path_factory, error_sheet, words, chosen, note):
    folder = tmp_path_factory.mktemp("sheets")
    table, people = error_sheet(4), zip(("ann", "bob"), zip(*chosen, strict=True), strict=True)
    for name, types in people:
        write_csv(folder / f"errors-{name}.csv", table.assign(error_type=list(types), note=note))
    found = read_annotations(find_files(folder), table, words)
    wanted = [
        (one, name, types[place])
        for place, name in enumerate(("ann", "bob"))
        for one, types in zip(table["id"], chosen, strict=True)
        if types[place]
    ]
    assert list(found.table[["id", "annotator", "error_type"]].itertuples(index=False, name=None)) == wanted
    assert (found.table["note"] == note.strip()).all()
    if both := [pair for pair in chosen if all(pair)]:
        agreed = sum(one == other for one, other in both) / len(both)
        one, other = (Counter(names) for names in zip(*both, strict=True))
        chance = sum(one[name] * other[name] for name in one) / len(both) ** 2
        kappa = (agreed - chance) / (1 - chance) if chance < 1 else float("nan")
        types = found.agreement()[0].iloc[0]
        assert types["share"] == agreed and types["kappa"] == pytest.approx(kappa, nan_ok=True)
    assert set(found.merged().columns) == {"id", "text", "people", *PERSON}
