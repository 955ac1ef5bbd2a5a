"""A rerun held against a manifest: what is told, and what counts."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from inquest.artefacts import read_json, write_json, write_table, write_text
from inquest.errors import InquestError
from inquest.verify.__main__ import main
from inquest.verify.compare import check_config, compare, lines, verdict
from inquest.verify.machine import unlike
from inquest.verify.manifest import (
    Manifest,
    describe,
    make_manifest,
    read_manifest,
    write_manifest,
)
from inquest.verify.tolerances import Tolerances

HERE = {"processor": "a", "versions": {"numpy": "2.4"}}
ELSEWHERE = {"processor": "b", "versions": {"numpy": "2.4"}}
FACTS = {"accuracy": 0.85, "rows": [1200, None], "title": "A study", "sure": True, "name/of": {"p": 0.04}}


def lay(folder):
    """Write the results of a small study, and return their folder."""
    write_json(folder / "influence" / "facts.json", FACTS)
    write_table(folder / "influence" / "tables" / "points.parquet", points())
    write_text(folder / "influence" / "figures" / "points.svg", "<svg/>")
    write_text(folder / "data" / "raw" / "0-adult", "39, State-gov\n")
    write_text(folder / "influence.pdf", "%PDF")
    write_text(folder / "logs" / "fit.log", "noise")
    write_text(folder / "timings" / "baseline.json", "{}")
    write_text(folder / "classifier" / "model" / "weights", "0")
    write_text(folder / "classifier" / "model" / ".snakemake_timestamp", "")
    for name, rows in (("0-2", [0, 1, 2]), ("10", [10]), ("3-9", [3, 4])):
        write_json(folder / "influence" / "leave_one_out" / f"{name}.json", [{"row": row} for row in rows])
    return folder


def points(last=0.5):
    return pd.DataFrame({"row": [1, 2, 3], "influence": [0.1, None, last], "label": ["yes", "no", "no"]})


TOLERANCES = Tolerances.model_validate(
    {
        "same_bytes": [{"artefacts": "data/raw/*", "because": "They are raw."}],
        "tolerances": [
            {"numbers": "*#/name~1of/*", "ignored": True, "because": "It needs the same bits."},
            {"numbers": "*#influence/*", "absolute": 0.001, "relative": 0.01, "because": "Rounding."},
            {"numbers": "*#/accuracy", "absolute": 0.01, "because": "A row may flip."},
        ],
    }
)


@pytest.fixture
def results(tmp_path):
    return lay(tmp_path / "results")


@pytest.fixture
def manifest(results, tmp_path):
    made = make_manifest("small", "c0ffee", results, [str(results)], TOLERANCES, tmp_path)
    return Manifest(**{**vars(made), "machine": HERE})


@pytest.fixture(autouse=True)
def no_project(monkeypatch):
    monkeypatch.setattr("inquest.verify.manifest.machine", lambda base: HERE)


def held(manifest, results, machine=HERE, **options):
    return compare(manifest, *describe(results), machine, **options)


def test_everything_but_logs_and_times_is_written_down(manifest):
    assert list(manifest.artefacts) == [
        "classifier/model/weights",
        "data/raw/0-adult",
        "influence.pdf",
        "influence/facts.json",
        "influence/figures/points.svg",
        "influence/leave_one_out/*.json",
        "influence/tables/points.parquet",
    ]
    assert manifest.same_bytes == ["data/raw/0-adult"]


def test_numbers_have_their_tolerance(manifest):
    facts, table = "influence/facts.json", "influence/tables/points.parquet"
    assert manifest.numbers[f"{facts}#/accuracy"] == (0.85, 0.01)
    assert manifest.numbers[f"{facts}#/rows/0"] == (1200, 0.0)
    assert manifest.numbers[f"{facts}#/rows/1"] == (None, 0.0)
    assert manifest.numbers[f"{facts}#/name~1of/p"] == (0.04, None)
    assert f"{facts}#/sure" not in manifest.numbers
    assert manifest.numbers[f"{table}#row/count"] == (3, 0.0)
    assert manifest.numbers[f"{table}#influence/count"][0] == 2
    value, tolerance = manifest.numbers[f"{table}#influence/mean"]
    assert value == pytest.approx(0.3) and tolerance == pytest.approx(0.001 + 0.01 * 0.3)
    assert manifest.numbers[f"{table}#influence/sd"][0] == pytest.approx(0.2)
    assert f"{table}#label/mean" not in manifest.numbers


def test_a_manifest_is_read_as_it_was_written(manifest, tmp_path):
    path = tmp_path / "small.json"
    write_manifest(path, manifest)
    assert read_manifest(path) == manifest
    text = path.read_text()
    assert '  "influence/facts.json#/accuracy": [0.85, 0.01]' in text  # a line for each number
    write_manifest(path, read_manifest(path))
    assert path.read_text() == text


def test_the_same_results_are_the_same(manifest, results):
    for machine in (HERE, ELSEWHERE):
        found = held(manifest, results, machine)
        assert found.passed and not found.differences
        assert set(found.states.values()) == {"same"}
    assert verdict(held(manifest, results)) == (
        "All 7 artefacts have the same bytes, on a machine like the first one."
    )


def test_a_manifest_that_someone_edited_is_found_out(manifest, results):
    numbers = {**manifest.numbers, "influence/facts.json#/accuracy": (0.86, 0.01)}
    (difference,) = held(Manifest(**{**vars(manifest), "numbers": numbers}), results).differences
    assert (difference.reference, difference.found) == (0.86, 0.85)


@pytest.mark.parametrize("accuracy", [0.85 + 1e-15, 0.9])
def test_on_the_same_machine_the_last_digit_counts(manifest, results, accuracy):
    write_json(results / "influence" / "facts.json", {**FACTS, "accuracy": accuracy})
    found = held(manifest, results)
    assert not found.passed
    (difference,) = found.differences
    assert difference.where == "influence/facts.json#/accuracy"
    assert (difference.reference, difference.found) == (0.85, accuracy)
    assert "1 of 7 artefacts" in verdict(found)


def test_a_changed_text_is_a_difference_of_the_bytes(manifest, results):
    write_json(results / "influence" / "facts.json", {**FACTS, "title": "Another"})
    (difference,) = held(manifest, results).differences
    assert difference.where == "influence/facts.json" and difference.size is None
    assert len(difference.reference) == 12 and difference.reference != difference.found


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"accuracy": 0.859}, "within"),
        ({"accuracy": 0.8611}, "differs"),
        ({"name/of": {"p": 0.9}}, "within"),
        ({"rows": [1201, None]}, "differs"),
        ({"rows": [1200, 3]}, "differs"),
        ({"rows": [None, None]}, "differs"),
        ({"accuracy": float("nan")}, "differs"),
        ({"rows": [1200]}, "differs"),
        ({"more": 1}, "differs"),
        ({"title": "Another"}, "within"),
    ],
)
def test_on_another_machine_numbers_may_be_off_by_their_tolerance(manifest, results, change, state):
    write_json(results / "influence" / "facts.json", {**FACTS, **change})
    found = held(manifest, results, ELSEWHERE)
    assert found.unlike == ["processor"]
    assert found.states["influence/facts.json"] == state
    assert found.passed == (state == "within") == (not found.differences)
    assert not held(manifest, results).passed


def test_a_column_may_be_off_by_its_tolerance(manifest, results):
    table = results / "influence" / "tables" / "points.parquet"
    write_table(table, points(0.502))
    assert held(manifest, results, ELSEWHERE).passed
    write_table(table, points(0.6))
    found = held(manifest, results, ELSEWHERE)
    assert {d.where.partition("#")[2] for d in found.differences} == {
        "influence/max",
        "influence/mean",
        "influence/sd",
    }
    write_table(table, points().drop(columns="influence"))
    gone = held(manifest, results, ELSEWHERE).differences
    assert len(gone) == 5 and {d.found for d in gone} == {"not there"}


def test_figures_and_documents_may_have_other_bytes_elsewhere_and_raw_files_may_not(manifest, results):
    write_text(results / "influence" / "figures" / "points.svg", "<svg> </svg>")
    write_text(results / "influence.pdf", "%PDF-2")
    found = held(manifest, results, ELSEWHERE)
    assert found.passed and list(found.states.values()).count("within") == 2
    assert "5 artefacts have the same bytes, 2 have others" in verdict(found)
    write_text(results / "data" / "raw" / "0-adult", "40, State-gov\n")
    (difference,) = held(manifest, results, ELSEWHERE).differences
    assert difference.where == "data/raw/0-adult"


def test_a_missing_file_and_a_new_one(manifest, results):
    (results / "influence" / "figures" / "points.svg").rename(results / "influence" / "figures" / "new.svg")
    for machine in (HERE, ELSEWHERE):
        found = held(manifest, results, machine)
        assert [(d.where, d.found == "not there") for d in found.differences] == [
            ("influence/figures/new.svg", False),
            ("influence/figures/points.svg", True),
        ]
    # in a folder that was used before there may be others
    found = held(manifest, results, complete=False)
    assert [d.where for d in found.differences] == ["influence/figures/points.svg"]


def test_what_is_no_output_is_left_out(results):
    write_text(results / "influence" / "groups" / "old.json", "{}")
    artefacts, _ = describe(results, ["influence/facts.json", "classifier/model", "timings/baseline.json"])
    assert list(artefacts) == ["classifier/model/weights", "influence/facts.json"]


def test_how_a_list_is_cut_into_jobs_is_no_difference(manifest, results):
    folder = results / "influence" / "leave_one_out"
    for path in folder.iterdir():
        path.unlink()
    for row in (0, 1, 2, 3, 4, 10):
        write_json(folder / f"{row}.json", [{"row": row}])
    assert held(manifest, results).passed
    write_json(folder / "10.json", [{"row": 11}])
    (difference,) = held(manifest, results).differences
    assert difference.where == "influence/leave_one_out/*.json"


def test_how_a_table_is_cut_into_jobs_is_no_difference(tmp_path):
    table = pd.DataFrame({"permutation": [0, 0, 1, 1], "worth": [0.1, 0.2, 0.3, 0.4]})
    digests = []
    for size in (1, 2):
        folder = tmp_path / str(size)
        for first in range(0, 2, size):
            part = table[table["permutation"].between(first, first + size - 1)].reset_index(drop=True)
            name = f"{first}" if size == 1 else f"{first}-{first + size - 1}"
            write_table(folder / "permutation" / f"{name}.parquet", part)
            write_json(folder / "permutation" / f"{name}.json", {"family": "x", "solved": {"plain": size}})
        digests.append(describe(folder)[0])
    assert digests[0] == digests[1] and len(digests[0]) == 2


def test_the_printed_table_names_the_difference(manifest, results):
    write_json(results / "influence" / "facts.json", {**FACTS, "accuracy": 0.9, "rows": [1, None]})
    said = "\n".join(lines(held(manifest, results, ELSEWHERE), ["influence", "classifier"], most=1))
    assert "influence/facts.json#/rows/0: 1200, 1, 1199, 0" in said
    assert said.endswith("and 1 more")
    heads = [line.split()[0] for line in said.splitlines() if line[:1].isalpha()]
    assert heads == ["influence", "classifier", "data", "documents", "together", "Differences"]


def test_unlike_machines_are_told_apart_by_what_bears_on_results():
    assert unlike(HERE, {**HERE, "cores": 64, "memory_gib": 1}) == []
    assert unlike(HERE, {"processor": "b", "versions": {"numpy": "2.5", "scipy": "1"}}) == [
        "processor",
        "numpy",
        "scipy",
    ]


def test_another_config_is_refused(manifest):
    check_config(manifest, "c0ffee", "reference/small.json")
    with pytest.raises(InquestError, match="written for another config of the study small; numbers can't"):
        check_config(manifest, "decaf", "reference/small.json")


@pytest.mark.parametrize("text", ["", "[]", '{"study": "small"}', '{"numbers": 3}'])
def test_what_is_no_manifest_is_refused(tmp_path, text):
    path = tmp_path / "small.json"
    with pytest.raises(InquestError, match=r"there is no manifest of this study; `make freeze` runs"):
        read_manifest(path)
    path.write_text(text)
    with pytest.raises(InquestError, match="it is no manifest"):
        read_manifest(path)


def test_a_broken_result_is_named(results):
    (results / "influence" / "tables" / "points.parquet").write_bytes(b"PAR1")
    with pytest.raises(InquestError, match=r"points\.parquet: it cannot be read"):
        describe(results)


def test_the_command_compares_a_folder(manifest, results, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("inquest.verify.__main__.machine", lambda base: HERE)
    path = tmp_path / "small.json"
    write_manifest(path, manifest)
    write_text(results / "old.html", "from an earlier config")
    assert main(["compare", str(results), str(path)]) == 0
    assert "All 7 artefacts have the same bytes" in capsys.readouterr().out
    facts = results / "influence" / "facts.json"
    write_json(facts, {**read_json(facts), "accuracy": 0.1})
    assert main(["compare", str(results), str(path)]) == 1
    assert "influence/facts.json#/accuracy: 0.85, 0.1" in capsys.readouterr().out
    assert main(["compare", str(results), str(tmp_path / "none.json")]) == 1
    said = capsys.readouterr().err
    assert said.startswith("inquest: ") and said.count("\n") == 1


def test_numbers_keep_every_digit(tmp_path, results, manifest):
    path = tmp_path / "small.json"
    write_manifest(path, manifest)
    assert json.loads(path.read_text())["numbers"] == {k: list(v) for k, v in manifest.numbers.items()}
