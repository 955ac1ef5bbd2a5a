"""Tables that nobody sends on purpose: each becomes a problem to learn from, or gets its one line.

They go the way of a study: read, cleaned, split, turned into features, described and drawn.
"""

from __future__ import annotations

import gzip
import random
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

from inquest.config.baseline import Preprocessing
from inquest.data.raw import read_raw
from inquest.data.splits import split_facts, split_rows
from inquest.data.summary import summarise_data
from inquest.data.tables import clean
from inquest.errors import InquestError
from inquest.learners.problem import prepare
from inquest.report.plots import data as plots

ROWS = [(f"{i % 7}.5", ["red", "blue", "green"][i % 3], ["yes", "no"][i % 2]) for i in range(40)]


def table(
    head: str = "size,colour,y", cell: str | None = None, column: int = 0, label: str | None = None
) -> str:
    """Return a small table as CSV, with one cell or label of one's own in its fourth row."""
    rows = [list(row) for row in ROWS]
    if cell is not None:
        rows[3][column] = cell
    if label is not None:
        rows = [[*row[:2], label if row[2] == "yes" else "no"] for row in rows]
    return "\n".join([head, *(",".join(row) for row in rows)]) + "\n"


def wide(columns: int) -> str:
    """Return a table of so many constant columns as CSV."""
    rows = "".join("1," * columns + f"{label}\n" for label in ("yes", "no") * 5)
    return "".join(f"c{i}," for i in range(columns)) + f"y\n{rows}"


CELLS = [
    *(
        "1e308",
        "-1e308",
        "1e-320",
        "inf",
        "-inf",
        "nan",
        "1e999",
        "9" * 400,
        "0x10",
        "1_000",
        "٣",
        "½",
        "1,5",
        "--1",
    ),
    *('=HYPERLINK("http://localhost")', "=1+1", "+1", "@SUM(A1)", "-", "\t=1", "<script>alert(1)</script>"),
    *(
        '"><img src=x onerror=alert(1)>',
        "{{ 7*7 }}",
        "{% raw %}",
        "\\input{/etc/passwd}",
        "$\\frac$",
        "![x](y)",
        "`id`",
    ),
    *(
        "a\x00b",
        "\x1b[31mred",
        "\u202eabc",
        "\ufeff",
        "🙂",
        "x" * 100_000,
        "a\u0301",
        " ",
        "'",
        '"',
        '""',
        "\x85",
        "\u2028",
    ),
    *(
        "2024-02-30",
        "9999-12-31",
        "0001-01-01",
        "2024-03-31T25:00",
        "True",
        "None",
        "NA",
        "$a$ and $b",
        "_^&%#~\\",
    ),
]
TEXT = table()
FILES: dict[str, str | bytes] = {
    "UTF-8 with its mark": "\ufeff" + TEXT,
    "UTF-16": TEXT.encode("utf-16"),
    "UTF-16 without its mark": TEXT.encode("utf-16-le"),
    "UTF-32": TEXT.encode("utf-32"),
    "latin-1": table(cell="ros\xe9", column=1).encode("latin-1"),
    "mixed encodings": table(cell="é", column=1).encode() + b"1,\xe9,yes\n",
    "semicolons": TEXT.replace(",", ";"),
    "tabs": TEXT.replace(",", "\t"),
    "mixed separators": TEXT[:200] + TEXT[200:].replace(",", ";"),
    "a quote left open": TEXT.replace("red", '"red', 1),
    "a quote inside": TEXT.replace("red", 'r"ed', 1),
    "NULs": TEXT.replace("red", "r\0d", 1),
    "only NULs": b"\0" * 500,
    "old Mac line ends": TEXT.replace("\n", "\r"),
    "DOS line ends": TEXT.replace("\n", "\r\n"),
    "short row": TEXT + "1\n",
    "long row": TEXT + "1,2,3,4\n",
    "no last line end": TEXT.rstrip("\n"),
    "blank lines": TEXT.replace("\n", "\n\n"),
    "no rows": "size,colour,y\n",
    "nothing": "",
    "white space": " \n\n \n",
    "one column": "y\n" + "yes\nno\n" * 20,
    "one class": TEXT.replace("no", "yes"),
    "constant": "a,y\n" + "1,yes\n1,no\n" * 20,
    "all missing": "a,y\n" + ",yes\n,no\n" * 20,
    "no labels": "a,y\n" + "1,\n" * 20,
    "a class of one": TEXT.replace("yes", "no") + "1,red,yes\n",
    "a label for each row": "a,y\n" + "".join(f"{i},c{i}\n" for i in range(50)),
    "no head": TEXT.partition("\n")[2],
    "twice the same name": table("size,size,y"),
    "names without a name": table(",,y"),
    "a name of white space": table(" , \t,y"),
    "a very long name": table("s" * 100_000 + ",colour,y"),
    "names of code": table('<script>alert(1)</script>,"{{ 7*7 }}",y'),
    "names of formulas": table('=1+1,"$\\frac{x$",y'),
    "the name `row`": table("row,colour,y"),
    "names of our own": table("part,feature:x,y"),
    "a thousand columns": wide(1000),
    "gzip": gzip.compress(TEXT.encode()),
    "a zip's first bytes": b"PK\x03\x04" + TEXT.encode(),
    "Parquet's first bytes": b"PAR1" + TEXT.encode(),
    "an image": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4,
    "HTML": "<html><body><table><tr><td>1</td></tr></table></body></html>",
    "JSON Lines": "".join(f'{{"size": {i}, "y": "{"ab"[i % 2]}"}}\n' for i in range(20)),
    "a JSON list": '[{"a": 1, "y": "b"}]',
    "deep JSON": '{"a": ' + "[" * 5000 + "]" * 5000 + "}\n",
    "JSON's odd numbers": "".join(
        f'{{"a": {v}, "y": "{"ab"[i % 2]}"}}\n' for i, v in enumerate(["NaN", "1e999", "-0", "1"] * 9)
    ),
    **{
        f"cell {cell[:20]!r} among numbers": table(cell=f'"{cell.replace(chr(34), chr(34) * 2)}"')
        for cell in CELLS
    },
    **{
        f"cell {cell[:20]!r} among words": table(cell=f'"{cell.replace(chr(34), chr(34) * 2)}"', column=1)
        for cell in CELLS
    },
    **{f"label {cell[:20]!r}": table(label=f'"{cell.replace(chr(34), chr(34) * 2)}"') for cell in CELLS},
}


def learnt(content: str | bytes, folder: Path, options: dict, draw: bool = True) -> None:
    """Take a raw file as far as a chapter's tables and figures."""
    path = folder / "t.csv"
    path.write_bytes(content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content)
    rows, facts = clean(read_raw(path, options, 0, "t.csv"), options, seed=1)
    parts = split_rows(rows, "y", options["split"], 2)
    label, types = facts["label"], facts["features"]["types"]
    problem = prepare(
        rows, parts, label["name"], label["classes"], types, Preprocessing().model_dump(), False
    )
    features = problem[[name for name in problem if name.startswith("feature:")]].to_numpy(dtype=float)
    assert np.isfinite(features).all()
    if draw:
        told = {"title": "T", "about": "", "describe": {}, "split": options["split"]}
        source = {"kind": "file", "place": "t.csv", "member": None, "filename": "t.csv", "sha256": "0" * 64}
        source |= {"bytes": 1, "pinned": False, "licence": None, "citation": None}
        _, tables = summarise_data(rows, facts, split_facts(rows, parts, facts), [source], told)
        for name, draw_figure in (
            ("labels", lambda p: plots.labels(p, tables["labels"])),
            ("features", lambda p: plots.features(p, rows, facts)),
        ):
            draw_figure(folder / f"{name}.svg")
            for node in ElementTree.parse(folder / f"{name}.svg").iter():
                assert not node.tag.endswith(("script", "image", "foreignObject"))
                assert not [key for key in node.attrib if key.lower().startswith("on")]


def told(content: str | bytes, folder: Path, options: dict, draw: bool = True) -> str:
    """Return the one line that a raw file gets, or an empty text."""
    try:
        learnt(content, folder, options, draw)
    except InquestError as error:
        assert str(error).isprintable() and len(str(error)) <= 2000
        return str(error)
    return ""


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_table_is_learnt_from_or_gets_one_line(name, tmp_path, options):
    told(FILES[name], tmp_path, options(), draw=not name.startswith(("cell", "label", "a thousand")))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("latin-1", "t.csv, line 5: the byte 0xe9 is no utf-8"),
        ("short row", "t.csv, line 42: 1 cell where the header has 3"),
        ("NULs", "t.csv, line 2: a NUL character"),
        ("a quote left open", "a quote is opened and never closed"),
        ("cell '1e308' among numbers", "column `size`, row 3: found '1e308'"),
    ],
)
def test_the_line_says_where(name, line, tmp_path, options):
    assert line in told(FILES[name], tmp_path, options())


@pytest.mark.long
def test_ten_thousand_columns_are_learnt_from(tmp_path, options):
    assert told(wide(10_000), tmp_path, options(), draw=False) == ""


@pytest.mark.long
def test_a_damaged_table_is_learnt_from_or_gets_one_line(tmp_path, options):
    draw, learned = random.Random(3), 0
    small = [text for text in FILES.values() if isinstance(text, str) and len(text) < 9999]
    for _ in range(1500):
        raw = bytearray(draw.choice([TEXT, TEXT, *small]).encode("utf-8", "surrogatepass"))
        for _ in range(draw.choice([1, 1, 3, 10])):
            at = draw.randrange(len(raw) + 1)
            deed = draw.choice(["put", "cut", "twice", "flip"])
            if deed == "put":
                raw[at:at] = draw.choice(
                    [b",", b'"', b"\n", b"\r", b";", b"\0", b"\xff", b"=", b"1e999", b"\xef\xbb\xbf"]
                )
            elif deed == "cut":
                del raw[at : at + draw.choice([1, 5, 200])]
            elif deed == "twice":
                raw[at:at] = raw[at : at + draw.choice([1, 20])]
            elif raw[at : at + 1]:
                raw[at] ^= 1 << draw.randrange(8)
        learned += not told(bytes(raw), tmp_path, options(), draw=False)
    assert 150 < learned < 1400
