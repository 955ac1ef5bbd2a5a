"""Raw files: what is read, and what is said of a file that can't be."""

from __future__ import annotations

import csv
import datetime as dt
import decimal
import io

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inquest.data import raw
from inquest.data.raw import read_raw, stack
from inquest.errors import InquestError


def rows(table: pd.DataFrame) -> list[list[str]]:
    return [list(table.columns), *table.to_numpy().tolist()]


# Text that is read


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,y\n1,2\n", [["a", "y"], ["1", "2"]]),
        ("a;y\n1,5;2,5\n", [["a", "y"], ["1,5", "2,5"]]),
        ("a\ty\n1\t2\n", [["a", "y"], ["1", "2"]]),
        ("a|y\n1|2\n", [["a", "y"], ["1", "2"]]),
        ("a,y\r\n1,2\r\n", [["a", "y"], ["1", "2"]]),
        ("a,y\r1,2\r", [["a", "y"], ["1", "2"]]),
        ("a,y\n1,2", [["a", "y"], ["1", "2"]]),
        ("\n \na,y\n\n1,2\n\n", [["a", "y"], ["1", "2"]]),
        (" a , y\n 1 , 2 \n", [["a", "y"], ["1", "2"]]),
        ('a,y\n"1, or 2", "say ""hi"""\n', [["a", "y"], ["1, or 2", 'say "hi"']]),
        ('a,y\n"two\nlines",2\n', [["a", "y"], ["two\nlines", "2"]]),
        ("a,y\n5\" pipe,it's\n", [["a", "y"], ['5" pipe', "it's"]]),
        (",y\n1,2\n", [["column 1", "y"], ["1", "2"]]),
        ("a,y\n,\n", [["a", "y"], ["", ""]]),
        ("y\n1\n2\n", [["y"], ["1"], ["2"]]),
        ("a,y\n=1+1,@SUM(A1)\n", [["a", "y"], ["=1+1", "@SUM(A1)"]]),
        (
            "<b>a</b>,y\n<script>alert(1)</script>,&amp;\n",
            [["<b>a</b>", "y"], ["<script>alert(1)</script>", "&amp;"]],
        ),
        ("a,y\n1e308,inf\n-0,nan\n", [["a", "y"], ["1e308", "inf"], ["-0", "nan"]]),
        ("größe,y\nß,→\n", [["größe", "y"], ["ß", "→"]]),
    ],
)
def test_text_is_read_as_it_stands(read, content, expected):
    assert rows(read(content)) == expected


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_outweighs_the_config(read, encoding):
    assert rows(read("größe,y\n1,2\n".encode(encoding))) == [["größe", "y"], ["1", "2"]]
    assert rows(read("größe,y\n1,2\n".encode(encoding), encoding="latin-1")) == [["größe", "y"], ["1", "2"]]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16-be", "cp037"])
def test_the_encoding_of_the_config_is_used(read, encoding):
    assert rows(read("größe,y\n1,2\n".encode(encoding), encoding=encoding)) == [["größe", "y"], ["1", "2"]]


def test_rows_can_be_skipped_and_columns_named(read):
    text = "made by a machine, on Monday\n\na,y\n1,2\n"
    assert rows(read(text, skip_rows=2)) == [["a", "y"], ["1", "2"]]
    assert rows(read(text, skip_rows=2, columns=["b", "y"])) == [["b", "y"], ["1", "2"]]
    assert rows(read("1,2\n3,4\n", header=False, columns=["b", "y"])) == [["b", "y"], ["1", "2"], ["3", "4"]]


def test_a_space_can_separate(read):
    assert rows(read("a y\n1 2\n", separator=" ")) == [["a", "y"], ["1", "2"]]


def test_cells_are_text_and_wide_tables_are_quick(read):
    names = [f"c{i}" for i in range(1999)] + ["y"]
    table = read("\n".join(",".join(names) for _ in range(20)))
    assert table.shape == (19, 2000)
    assert set(map(str, table.dtypes)) == {"str"}


def test_long_tables_are_read_in_pieces(read, monkeypatch):
    monkeypatch.setattr(raw, "CHUNK", 3)
    lines = [f"{i},{i * i}" for i in range(10)]
    assert rows(read("\n".join(["a,y", *lines])))[1:] == [line.split(",") for line in lines]


def test_a_very_long_cell_is_read(read):
    assert read(f"a,y\n{'x' * 300_000},1\n")["a"].str.len().tolist() == [300_000]


plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
tables = st.integers(2, 4).flatmap(
    lambda n: st.lists(st.lists(plain, min_size=n, max_size=n), min_size=1, max_size=5)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("raw")


@pytest.mark.parametrize("separator", raw.SEPARATORS)
@settings(max_examples=60, deadline=None)
@given(table=tables, style=st.sampled_from([("\r\n", csv.QUOTE_MINIMAL), ("\n", csv.QUOTE_ALL)]))
def test_any_table_of_text_survives(folder, options, separator, table, style):
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=separator, lineterminator=style[0], quoting=style[1])
    names = [*(f"c{i}" for i in range(1, len(table[0]))), "y"]
    writer.writerows([names, *table])
    path = folder / "t.csv"
    path.write_bytes(text.getvalue().encode())
    found = read_raw(path, options(separator=separator))
    assert rows(found) == [names, *([cell.strip() for cell in row] for row in table)]


@pytest.mark.parametrize("separator", raw.SEPARATORS)
@pytest.mark.parametrize(("columns", "lines"), [(2, 1), (3, 1), (2, 49), (5, 50), (3, 120)])
def test_the_separator_is_found(read, separator, columns, lines):
    """Other separators don't mislead, in quotes or as decimal commas; nor does a cell of many lines."""
    cells = [
        '"a, b; c | d\te\n\nf"',
        *(f"1{',' if separator != ',' else '.'}{i}" for i in range(columns - 1)),
    ]
    text = "\n\n" + f"{separator.join(cells)}\n" * lines
    found = read(text, header=False, columns=[*"abcde"[: columns - 1], "y"])
    assert found.shape == (lines, columns)
    assert found["a"].unique().tolist() == ["a, b; c | d\te\n\nf"]


# Text that can't be read

AT_LEAST = "a header and at least one row are needed"


@pytest.mark.parametrize(
    ("content", "keys", "expected"),
    [
        ("", {}, "t.csv: the file is empty; " + AT_LEAST),
        ("\n \r\n\n", {}, "t.csv: the file is empty; " + AT_LEAST),
        ('""\n', {}, "t.csv: the file is empty; " + AT_LEAST),
        (b"\xef\xbb\xbf", {}, "t.csv: the file is empty; " + AT_LEAST),
        (
            "a,y\n1,2\n",
            {"skip_rows": 2},
            "t.csv: the file is empty after the 2 lines that are skipped; " + AT_LEAST,
        ),
        ("a,y\n", {}, "t.csv: no rows; a table with at least one row is allowed"),
        ("a,y", {}, "t.csv: no rows; a table with at least one row is allowed"),
        ("a,b,a\n1,2,3\n", {}, "t.csv: the column name 'a' stands there twice; names must be unique"),
        (
            "a,,\n1,2,3\n",
            {"columns": ["y", "b"]},
            "config key `data.columns`: 2 names for the 3 columns of t.csv; "
            "as many names as columns are allowed",
        ),
        (
            "column 2,,y\n1,2,3\n",
            {},
            "t.csv: the column name 'column 2' stands there twice; names must be unique",
        ),
    ],
)
def test_files_without_a_table(read, content, keys, expected):
    with pytest.raises(InquestError) as caught:
        read(content, **keys)
    assert str(caught.value) == expected


MANY, FEW = "3 cells where the header has 2", "1 cell where the header has 2"


@pytest.mark.parametrize(
    ("content", "skip_rows", "line", "found"),
    [
        ("a,y\n1,2\n1,2,3\n", 0, 3, MANY),
        ("a,y\n1,2\n1\n", 0, 3, FEW),
        ("a,y\n1,2,\n", 0, 2, MANY),
        ("a,y\r\n\r\n\r\n1,2\r\n1,2,3\r\n", 0, 5, MANY),
        ("a,y\r1,2\r1,2,3\r", 0, 3, MANY),
        ("skip\nskip\na,y\n\n1,2,3\n", 2, 5, MANY),
        ('a,y\n"1\n1\n1",2\n1,2,3\n', 0, 5, MANY),
        ('a,y\n"1\n1\n1",2,3\n', 0, 2, MANY),
        ('s,"k\na,y\n\n"1\n",2\n1,2,3\n', 1, 6, MANY),
        ("a\x0b,\x85\u2028y\n1,2,3\n", 0, 2, MANY),
    ],
)
def test_ragged_rows_are_named_by_their_line(read, content, skip_rows, line, found):
    with pytest.raises(InquestError) as caught:
        read(content, skip_rows)
    said = "each row must have as many; quote a cell that holds the separator"
    assert str(caught.value) == f"t.csv, line {line}: {found}; {said}"


def test_ragged_rows_without_a_header(read):
    with pytest.raises(InquestError, match=r"^t\.csv, line 2: 1 cell where the first row has 2; "):
        read("1,2\n3\n", header=False, columns=["a", "y"])


def test_a_ragged_row_is_named_however_far_down_it_is(read, monkeypatch):
    monkeypatch.setattr(raw, "CHUNK", 7)
    with pytest.raises(InquestError, match=r"^t\.csv, line 101: 3 cells"):
        read("a,y\n" + "1,2\n" * 99 + "1,2,3\n")


QUOTES = "quotes stand around a whole cell, and are doubled inside it"


@pytest.mark.parametrize(
    ("content", "line", "found"),
    [
        ('a,y\n1,2\n"1,2\n3,4\n', 3, "a quote is opened and never closed"),
        ('a,y\n\n"1\n2"3,4\n', 3, "',' expected after '\"'"),
    ],
)
def test_quotes_must_be_closed(read, content, line, found):
    with pytest.raises(InquestError) as caught:
        read(content)
    assert str(caught.value) == f"t.csv, the row that starts in line {line}: {found}; {QUOTES}"


LATIN = "set `data.encoding`, such as latin-1"
TEXT_ONLY = "only text is allowed; if it is UTF-16, say so in `data.encoding`"


@pytest.mark.parametrize(
    ("content", "keys", "expected"),
    [
        (b"a,y\n1,2\nb\xe4r,3\n", {}, f"t.csv, line 3: the byte 0xe4 is no utf-8; {LATIN}"),
        (b"a,y\r1,2\rb\xe4r,3\r", {}, f"t.csv, line 3: the byte 0xe4 is no utf-8; {LATIN}"),
        (b"\xef\xbb\xbfa,y\n\xff,3\n", {}, f"t.csv, line 2: the byte 0xff is no utf-8-sig; {LATIN}"),
        (
            b"a,y\n" + b"1,2\n" * 9000 + b"\xff,1\n",
            {},
            f"t.csv, line 9002: the byte 0xff is no utf-8; {LATIN}",
        ),
        (b"a,y\n1,\xc3", {}, f"t.csv, line 2: the byte 0xc3 is no utf-8; {LATIN}"),
        ("a,y\n€,2\n".encode(), {"encoding": "ascii"}, f"t.csv, line 2: the byte 0xe2 is no ascii; {LATIN}"),
        (b"a,y\n1,\x002\n", {}, f"t.csv, line 2: a NUL character; {TEXT_ONLY}"),
        ("a,y\n1,2\n".encode("utf-16-le"), {}, f"t.csv, line 1: a NUL character; {TEXT_ONLY}"),
        (b"\xff\xfea\x00,", {}, f"t.csv, line 1: the byte 0x2c is no utf-16; {LATIN}"),
    ],
)
def test_undecodable_bytes_are_named_by_their_line(read, content, keys, expected):
    with pytest.raises(InquestError) as caught:
        read(content, **keys)
    assert str(caught.value) == expected


# Parquet


def parquet(path, columns: dict[str, pa.Array]):
    pq.write_table(pa.table(columns), path)
    return path


def test_parquet_is_spelled_out(tmp_path, options):
    moment = dt.datetime(2024, 3, 1, 12, 30)
    path = parquet(
        tmp_path / "t",
        {
            "text": pa.array([" a ", None]),
            "category": pa.array(["b", None]).dictionary_encode(),
            "code": pa.array([7, None]).dictionary_encode(),
            "flag": pa.array([True, None]),
            "big": pa.array([2**60 + 1, None]),
            "float": pa.array([0.1, float("nan")]),
            "single": pa.array([0.1, None], pa.float32()),
            "whole": pa.array([3.0, None]),
            "endless": pa.array([float("inf"), -1e308]),
            "decimal": pa.array([decimal.Decimal("1.50"), None]),
            "date": pa.array([moment.date(), None]),
            "time": pa.array([moment, None], pa.timestamp("ns")),
            "zoned": pa.array([moment, None], pa.timestamp("ms", tz="Asia/Tokyo")),
            "void": pa.nulls(2),
            "y": pa.array(["u", "v"], pa.large_string()),
        },
    )
    table = read_raw(path, options())
    assert table.iloc[0].dropna().to_dict() == {
        "text": "a", "category": "b", "code": "7", "flag": "true", "big": "1152921504606846977",
        "float": "0.1", "single": "0.1", "whole": "3", "endless": "inf", "decimal": "1.50",
        "date": "2024-03-01", "time": "2024-03-01 12:30:00.000000000",
        "zoned": "2024-03-01 21:30:00.000+0900", "y": "u",
    }  # fmt: skip
    assert table.columns[table.iloc[1].notna()].tolist() == ["endless", "y"]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (pa.array([[1.0, 2.0]]), "list<element: double>"),
        (pa.array([{"a": 1}]), "struct<a: int64>"),
        (pa.array([b"\xff"]), "binary"),
        (pa.array([dt.timedelta(1)]), "duration[us]"),
        (pa.array([dt.time(1)]), "time64[us]"),
    ],
)
def test_parquet_types_that_are_no_table_cells(tmp_path, options, cells, kind):
    path = parquet(tmp_path / "t", {"a": pa.array([1]), "odd": cells, "y": pa.array(["u"])})
    with pytest.raises(InquestError) as caught:
        read_raw(path, options(), name="t.parquet")
    assert str(caught.value) == (
        f"t.parquet, column `odd`: its cells are of the type {kind}; "
        "texts, numbers, booleans and dates are allowed; convert the column, or list it in `data.drop`"
    )
    assert read_raw(path, options(drop=["odd"]))["a"].tolist() == ["1"]


def test_pandas_parquet_loses_nothing_but_nameless_row_labels(tmp_path, options):
    table = pd.DataFrame({"a": [1, 2, 3], "n": pd.array([1, None, 3], "Int64"), "y": list("uvu")})
    table[table["a"] > 1].to_parquet(tmp_path / "nameless")
    assert list(read_raw(tmp_path / "nameless", options())) == ["a", "n", "y"]
    table.set_index("n").to_parquet(tmp_path / "named")
    assert list(read_raw(tmp_path / "named", options())) == ["a", "y", "n"]


def test_broken_parquet(tmp_path, options):
    whole = parquet(tmp_path / "t", {"a": pa.array([1]), "y": pa.array(["u"])}).read_bytes()
    (tmp_path / "cut").write_bytes(whole[:-20])
    with pytest.raises(
        InquestError, match=r"^t.parquet: not a readable Parquet file \(.*\); a whole file is needed$"
    ):
        read_raw(tmp_path / "cut", options(), name="t.parquet")
    with pytest.raises(InquestError, match=r"^t\.parquet: no rows; "):
        read_raw(parquet(tmp_path / "t", {"y": pa.array([], pa.string())}), options(), name="t.parquet")
    twice = pa.table([pa.array([1]), pa.array([2])], names=["a", "a"])
    pq.write_table(twice, tmp_path / "t")
    with pytest.raises(InquestError, match=r"^t\.parquet: the column name 'a' stands there twice; "):
        read_raw(tmp_path / "t", options(), name="t.parquet")


# Several sources


def test_sources_are_put_one_below_the_other_by_name():
    upper, lower = pd.DataFrame({"a": ["1"], "y": ["2"]}), pd.DataFrame({"y": ["3"], "a": ["4"]})
    assert rows(stack([upper, lower], ["u", "l"])) == [["a", "y"], ["1", "2"], ["4", "3"]]


def test_sources_need_the_same_columns():
    tables = [pd.DataFrame({"a": ["1"], "y": ["2"]}), pd.DataFrame({"a": ["1"], "Y": ["2"]})]
    with pytest.raises(InquestError) as caught:
        stack(tables, ["one.csv", "two.csv"])
    assert str(caught.value) == "two.csv: its columns differ from one.csv's (Y, y); they must be the same"


# JSON Lines


@pytest.mark.parametrize("name", ["t.jsonl", "t.ndjson.gz", "t.json", "t.csv"])
def test_json_lines_are_known_by_their_name_or_content(tmp_path, options, name):
    path = tmp_path / "raw"
    path.write_text(
        '\n{"a": "u, v", "y": 1}\n\n{"y": 2.50, "new": true, "a": " x\\ny "}\n{"y": null}\n', encoding="utf-8"
    )
    table = read_raw(path, options(), name=name)
    assert list(table) == ["a", "y", "new"]
    assert table["a"].tolist()[:2] == ["u, v", "x\ny"] and table["y"].tolist()[:2] == ["1", "2.50"]
    assert table.isna().to_numpy().tolist() == [[False, False, True], [False] * 3, [True] * 3]


def test_json_lines_in_pieces_and_other_encodings(tmp_path, options, monkeypatch):
    monkeypatch.setattr(raw, "CHUNK", 2)
    path = tmp_path / "raw"
    path.write_text("".join(f'{{"k{i // 3}": "ü{i}"}}\n' for i in range(7)), encoding="utf-16")
    table = read_raw(path, options())
    assert list(table) == ["k0", "k1", "k2"]
    assert [table.iloc[i, i // 3] for i in range(7)] == [f"ü{i}" for i in range(7)]
    assert int(table.notna().to_numpy().sum()) == 7
    renamed = read_raw(path, options(columns=["a", "b", "c"], label="a"), used=["b"])
    assert list(renamed) == ["a", "b", "c"] and renamed["b"].dropna().tolist() == ["ü3", "ü4", "ü5"]
    assert renamed[["a", "c"]].isna().to_numpy().all()


OBJECTS = 'one object a line is needed, such as {"text": "…", "label": "…"}'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"a": 1}\n\n{"a": \n', f"t.jsonl, line 3: no JSON (Expecting value); {OBJECTS}"),
        ('{"a": 1}\n[2]\n', f"t.jsonl, line 2: no JSON object; {OBJECTS}"),
        ('[{"a": 1}]\n', f"t.jsonl, line 1: no JSON object; {OBJECTS}"),
        ("7\n", f"t.jsonl, line 1: no JSON object; {OBJECTS}"),
        ("[" * 100_000, f"t.jsonl, line 1: no JSON (nested too deeply); {OBJECTS}"),
        ("\n", "t.jsonl: the file is empty; a header and at least one row are needed"),
        (
            '{"a": 1}\n{"a": [1]}\n',
            "t.jsonl, line 2, column `a`: its cells hold a JSON list; texts, numbers, booleans and dates are "
            "allowed; convert the column, or list it in `data.drop`",
        ),
        (
            '{"a": "\\ud83d\\ude00"}\n{"a": "x \\ud800 y"}\n',
            "t.jsonl, line 2, column `a`: \\ud800 without its other half; both halves of the pair, or the "
            "character itself, are needed",
        ),
        (
            '{"a": "x\\u0000"}\n',
            "t.jsonl, line 1, column `a`: a NUL character (\\u0000); only text is allowed",
        ),
        (
            '{"a": 1}\n{"b": 1, "n\\u0000": 1}\n',
            "t.jsonl, line 2, column `n\N{REPLACEMENT CHARACTER}`: a NUL character (\\u0000); only text is "
            "allowed",
        ),
    ],
)
def test_json_that_is_no_table(tmp_path, options, content, expected):
    path = tmp_path / "raw"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InquestError) as caught:
        read_raw(path, options(), name="t.jsonl")
    assert str(caught.value) == expected


def test_what_is_not_used_may_be_of_any_type(tmp_path, options):
    (tmp_path / "raw").write_text('{"a": {"b": [1]}, "y": "u"}\n', encoding="utf-8")
    assert read_raw(tmp_path / "raw", options(), used=["y"]).iloc[0].isna().tolist() == [True, False]
    parquet(tmp_path / "raw", {"a": pa.array([[1]]), "y": pa.array(["u"])})
    assert read_raw(tmp_path / "raw", options(), used=["y"]).iloc[0].isna().tolist() == [True, False]
    (tmp_path / "raw").write_text("a,y\n1,u\n")
    assert read_raw(tmp_path / "raw", options(), used=["y"]).iloc[0].isna().tolist() == [True, False]


# Quotes as they stand


def test_stray_quotes_are_text_if_the_config_says_so(read, tmp_path, options):
    text = 'a\ty\n"So bad\t1\nit\'s "good"\t2\n'
    with pytest.raises(InquestError, match="expected after '\"'; quotes stand"):
        read(text, separator="\t")
    (tmp_path / "raw").write_text(text, encoding="utf-8")
    for separator in ("\t", None):
        table = read_raw(tmp_path / "raw", options(separator=separator) | {"quotes": False})
        assert rows(table) == [["a", "y"], ['"So bad', "1"], ['it\'s "good"', "2"]]
    with pytest.raises(InquestError, match=r"; `text\.quotes: false` takes them as they stand$"):
        read_raw(tmp_path / "raw", options(separator="\t") | {"quotes": True}, section="text")


def test_mistakes_name_the_section(tmp_path, options):
    (tmp_path / "raw").write_bytes(b"a,y\nb\xe4r,3\n")
    with pytest.raises(InquestError, match=r"; set `text\.encoding`, such as latin-1$"):
        read_raw(tmp_path / "raw", options(), section="text")
