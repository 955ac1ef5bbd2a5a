"""Sheets that were damaged on their way: each is read, or refused in one line, and no word in it is lost."""

from __future__ import annotations

import io
import random
import shutil
import warnings
import zipfile

import openpyxl
import pytest

from inquest.errors import InquestError
from inquest.text.errors.annotate import annotate
from inquest.text.errors.annotations import read_annotations
from inquest.text.errors.spreadsheet import write_csv, write_xlsx

SAID = {
    0: {
        "error_type": "negation",
        "cause": "turn ignored",
        "fix": "relabel",
        "annotator": "Anna",
        "note": "so",
    },
    2: {"error_type": "irony", "cause": "label noise", "fix": "larger encoder", "note": "=1+1; „ja“"},
}
PIECES = [
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b'"', b'""', b",", b";", b"\t", b"\r", b"\n", b"\x1a",
    b"e-aaaaaaaaaa", b"<script>", b"]]>", b"&lt;",
    b"&bogus;", b"<!DOCTYPE a [<!ENTITY b 'c'>]>", b"99999999999999999999",
    b"A1:XFD1048576",
    b"=cmd|' /C calc'!A0", "é".encode("cp1252"), "é".encode(), b"-1", b"../", b"NaN",
]  # fmt: skip
CELLS = [
    "=1+1", "=HYPERLINK(\"http://localhost\")", "\t@SUM(A1)", True, -1, 1e308, 1e-320, "NaN", "x" * 32_767,
    "\u202e", "🙂",
    "negation\n", " NEGATION ", "irony; negation", "e-aaaaaaaaaa", "e-zzzzzzzzzz", None, "", " ",
    "past", "current", "id",
]  # fmt: skip


def damaged(content: bytes, chance: random.Random) -> bytes:
    """Return bytes with a few of them gone, doubled, changed, or pieces put in between."""
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(content) + 1)
        end = min(len(content), at + chance.choice([1, 2, 8, 64, 512]))
        piece = chance.choice(
            [b"", content[at:end] * 2, bytes([chance.randrange(256)]), chance.choice(PIECES)]
        )
        content = content[:at] + piece + (content[end:] if chance.random() < 0.7 else content[at:])
    return content


def damaged_member(content: bytes, chance: random.Random) -> bytes:
    """Return a workbook with one of its parts damaged, gone, or under the name of another."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    name, other = chance.choice(list(parts)), chance.choice([*parts, "../outside.xml", "/xl/absolute.xml"])
    part = parts.pop(name)
    if chance.random() < 0.8:
        parts[name] = damaged(part, chance)
    elif chance.random() < 0.5:
        parts[other] = part
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for key, value in parts.items():
            file.writestr(key, value)
    return buffer.getvalue()


def with_odd_cells(content: bytes, chance: random.Random) -> bytes:
    """Return a workbook in which somebody wrote where nothing belongs."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book["errors"]
    for _ in range(chance.randint(1, 3)):
        cell = sheet.cell(chance.randint(1, sheet.max_row + 2), chance.randint(1, sheet.max_column + 2))
        cell.value = chance.choice(CELLS)
    if chance.random() < 0.2:
        sheet.merge_cells(
            start_row=1, end_row=chance.randint(1, 3), start_column=1, end_column=chance.randint(1, 3)
        )
    if chance.random() < 0.1:
        sheet.title = chance.choice(["Errors", "errors (2)", "x"])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


WAYS = {"errors.csv": [damaged], "errors.xlsx": [damaged, damaged_member, with_odd_cells]}


def attempt(function, *arguments):
    """Return what a function returns, or None where it refuses in one line; nothing else may be raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl's, of what it leaves out
        try:
            return function(*arguments)
        except InquestError as error:
            assert "\n" not in str(error) and str(error).count(": ") >= 1
            return None


def damage(name: str, count: int, folder, error_sheet, words) -> dict[str, int]:
    """Read and bring up to date so many damaged copies of a sheet; return how many went which way."""
    table = error_sheet(4)
    for row, cells in SAID.items():
        table.loc[row, list(cells)] = list(cells.values())
    whole = folder / name
    write_csv(whole, table) if name.endswith(".csv") else write_xlsx(whole, table, words)
    content, counts = whole.read_bytes(), {"read": 0, "refused": 0}
    for i in range(count):
        chance = random.Random(f"{name} {i}")
        place = folder / "copy"
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        path = place / name
        path.write_bytes(chance.choice(WAYS[name])(content, chance))
        before = path.read_bytes()
        found = attempt(read_annotations, [path], error_sheet(4), words, ())
        assert path.read_bytes() == before
        counts["refused" if found is None else "read"] += 1
        told = attempt(annotate, error_sheet(5), place, words)  # one error more than there was
        assert sorted(p.name for p in folder.rglob("*")) == sorted(["copy", name, name]), i
        if told is None:
            assert path.read_bytes() == before, i
        elif found is not None:
            after = read_annotations([path], error_sheet(5), words)
            assert after.table.equals(found.table), i
    return counts


@pytest.mark.parametrize("name", list(WAYS))
def test_damaged_sheets(name, tmp_path, error_sheet, words):
    counts = damage(name, 120, tmp_path, error_sheet, words)
    assert counts["read"] > 10 and counts["refused"] > 10, counts


@pytest.mark.long
@pytest.mark.parametrize("name", list(WAYS))
def test_many_damaged_sheets(name, tmp_path, error_sheet, words):
    counts = damage(name, 2000, tmp_path, error_sheet, words)
    assert sum(counts.values()) == 2000
