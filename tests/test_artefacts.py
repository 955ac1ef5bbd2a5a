"""Artefacts: the same bytes each time, whole or not at all."""

from __future__ import annotations

import datetime
import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from inquest.artefacts import (
    atomic,
    plain,
    read_json,
    read_table,
    write_chapter,
    write_figure,
    write_json,
    write_table,
    write_text,
)

SRC = Path(__file__).parents[1] / "src"


def a_figure(text: str = "größe") -> Figure:
    figure = Figure()
    axes = figure.subplots()
    axes.plot([0, 1], [1, 0], clip_on=True)
    axes.set_title(text)
    return figure


class NoFigure(Figure):
    def savefig(self, file, **keys):
        file.write("<svg>")
        raise ValueError("out of ink")


# Whole or not at all


@pytest.mark.parametrize(
    ("write", "bad"),
    [
        (write_json, {"a": object()}),
        (write_json, {"a": "\ud800"}),
        (write_text, "half of it \ud800"),
        (write_table, pd.DataFrame({"a": [1, "b", object()]})),
        (write_figure, NoFigure()),
    ],
)
@pytest.mark.parametrize("there", [True, False])
def test_a_failing_write_leaves_what_was_there(tmp_path, write, bad, there):
    path = tmp_path / "deep" / "a"
    if there:
        write_text(path, "before")
    with pytest.raises(Exception):  # noqa: B017 - each writer has its own
        write(path, bad)
    left = [child for child in tmp_path.rglob("*") if child.is_file()]
    assert left == ([path] if there else [])
    if there:
        assert path.read_text() == "before"


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt(), SystemExit(1)])
def test_being_stopped_half_way_leaves_what_was_there(tmp_path, error):
    path = tmp_path / "a"
    path.write_text("before")
    with pytest.raises(type(error)), atomic(path) as part:
        part.write_text("half")
        assert path.read_text() == "before"
        assert part.parent == tmp_path and part.suffix == ".part"
        raise error
    assert [child.name for child in tmp_path.iterdir()] == ["a"]
    assert path.read_text() == "before"


def test_a_part_that_was_moved_away_hides_no_error(tmp_path):
    with pytest.raises(ZeroDivisionError), atomic(tmp_path / "a") as part:
        part.unlink()
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_files_have_the_usual_permissions(tmp_path):
    old = os.umask(0o027)
    try:
        write_text(tmp_path / "a", "")
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


# The same bytes


SCRIPT = """
import sys, time
import numpy as np, pandas as pd
from matplotlib.figure import Figure
from inquest.artefacts import write_chapter, write_figure, write_json, write_table
folder = sys.argv[1]
facts = {"z": {3, 1, 2}, "a": {"nested": 0.1 + 0.2}, "names": set("größe"), 10: None}
table = pd.DataFrame({"x": [0.1, np.nan], "s": ["a", None], "n": [1, 2]})
table["t"] = pd.to_datetime(["2024-03-01", None])
write_chapter(folder, facts, {"t": table})
figure = Figure()
axes = figure.subplots()
axes.fill_between([0, 1, 2], [1, 0, 2], hatch="//", label="größe $x^2$")
axes.legend()
write_figure(f"{folder}/f.svg", figure)
"""


def test_artefacts_have_the_same_bytes_in_each_process(tmp_path):
    found = []
    for run, hash_seed in (("one", "1"), ("two", "2")):
        environment = {
            **os.environ,
            "PYTHONPATH": str(SRC),
            "PYTHONHASHSEED": hash_seed,
            "TZ": f"UTC+{hash_seed}",
        }
        subprocess.run([sys.executable, "-c", SCRIPT, str(tmp_path / run)], env=environment, check=True)
        files = sorted(path for path in (tmp_path / run).rglob("*") if path.is_file())
        found.append(
            {str(p.relative_to(tmp_path / run)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
        )
    assert set(found[0]) == {"facts.json", "tables/t.parquet", "f.svg"}
    assert found[0] == found[1]


def test_a_figure_holds_no_date_and_no_path_and_leaves_the_style_alone(tmp_path):
    before = dict(matplotlib.rcParams)
    write_figure(tmp_path / "a.svg", a_figure())
    write_figure(tmp_path / "b.svg", a_figure())
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert text == (tmp_path / "b.svg").read_text(encoding="utf-8")
    assert "<dc:date>" not in text and "Matplotlib" not in text and str(tmp_path) not in text
    assert "<text" not in text  # letters are drawn, so that no font is needed to see them
    assert dict(matplotlib.rcParams) == before


# What is written is what is read


def test_plain_values():
    class Grade(float):
        pass

    assert plain(
        {
            1: np.float32(0.5),
            "i": np.int64(3),
            "b": np.bool_(True),
            "nan": [float("nan"), np.inf, -np.inf, np.float64("nan"), pd.NA, pd.NaT, None],
            "array": np.array([[1.0, np.nan], [2.0, 3.0]]),
            "series": pd.Series([1, 2]),
            "index": pd.Index(["a"]),
            "set": {"b", "a"},
            "tuple": (1, "x"),
            "when": [pd.Timestamp("2024-03-01"), datetime.date(2024, 3, 1)],
            "path": Path("a/b"),
            "grade": Grade(1.5),
        }
    ) == {
        "1": 0.5,
        "i": 3,
        "b": True,
        "nan": [None] * 7,
        "array": [[1.0, None], [2.0, 3.0]],
        "series": [1, 2],
        "index": ["a"],
        "set": ["a", "b"],
        "tuple": [1, "x"],
        "when": ["2024-03-01 00:00:00", "2024-03-01"],
        "path": "a/b",
        "grade": 1.5,
    }


def test_facts_are_sorted_and_readable(tmp_path):
    write_json(tmp_path / "f", {"b": [1, 2.5], "a": "größe"})
    assert (tmp_path / "f").read_bytes() == '{\n "a": "größe",\n "b": [\n  1,\n  2.5\n ]\n}\n'.encode()


leaves = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
nested = st.recursive(
    leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)


@settings(deadline=None)
@given(nested)
def test_facts_keep_every_digit(tmp_path_factory, facts):
    path = tmp_path_factory.getbasetemp() / "facts.json"
    write_json(path, facts)
    assert read_json(path) == facts


def test_tables_come_back_as_they_were(tmp_path):
    table = pd.DataFrame(
        {
            "float": [0.1 + 0.2, np.nan, 1e-300],
            "int": [1, 2, 2**62],
            "text": pd.Series(["<b>", None, "größe\n"], dtype="str"),
            "date": pd.to_datetime(["2024-03-01", None, "0001-01-01"]),
            "flag": [True, False, True],
        },
        index=[5, 3, 1],
    )
    write_table(tmp_path / "a=1" / "t.parquet", table)
    found = read_table(tmp_path / "a=1" / "t.parquet")
    pd.testing.assert_frame_equal(found, table.reset_index(drop=True))


def test_a_chapter_is_facts_and_tables(tmp_path):
    write_chapter(
        tmp_path / "data",
        {"n": 1},
        {"labels": pd.DataFrame({"a": [1]}), "features": pd.DataFrame({"b": [2]})},
    )
    assert read_json(tmp_path / "data" / "facts.json") == {"n": 1}
    assert sorted(path.name for path in (tmp_path / "data" / "tables").iterdir()) == [
        "features.parquet",
        "labels.parquet",
    ]
    assert read_table(tmp_path / "data" / "tables" / "features.parquet")["b"].tolist() == [2]
