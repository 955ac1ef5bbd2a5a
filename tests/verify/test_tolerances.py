"""The file of tolerances is checked like a config, and the first pattern that fits counts."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from inquest.errors import InquestError
from inquest.verify.manifest import read_manifest
from inquest.verify.tolerances import Tolerances, read_tolerances

REFERENCE = Path(__file__).parents[2] / "reference"
MANIFESTS = sorted(set(REFERENCE.glob("*.json")) - set(REFERENCE.glob("*.run.json")))
SHIPPED = read_tolerances(REFERENCE / "tolerances.yaml")


def test_the_first_that_fits_counts():
    found = Tolerances.model_validate(
        {
            "same_bytes": [],
            "tolerances": [
                {"numbers": "a/*", "study": "one", "absolute": 1.0, "because": "a"},
                {"numbers": "a/b*", "ignored": True, "because": "b"},
                {"numbers": "a/*", "absolute": 0.5, "relative": 0.1, "because": "c"},
            ],
        }
    )
    assert found.of("one", "a/b", 10.0) == 1.0
    assert found.of("two", "a/b", 10.0) is None
    assert found.of("two", "a/c", -10.0) == 1.5
    assert found.of("two", "a/c", None) == 0.5
    assert found.of("two", "b", 10.0) == 0.0
    assert found.unused("one", ["a/b", "b"]) == ["a/b*", "a/*"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"absolute": -1.0}, "key `tolerances[0].absolute`: found -1.0; it should be greater than"),
        ({"absolute": "1e-9"}, "key `tolerances[0].absolute`: found '1e-9'; it should be a number"),
        ({"absolut": 1.0}, "key `tolerances[0].absolut`: unknown key (did you mean `absolute`?)"),
        ({"because": ""}, "key `tolerances[0].because`"),
        ({"ignored": True}, "key `tolerances[0].ignored`: found true beside a tolerance; one of both"),
        ({"relative": float("inf")}, "key `tolerances[0].relative`"),
    ],
)
def test_a_mistake_is_one_line(tmp_path, change, said):
    path = tmp_path / "tolerances.yaml"
    one = {"numbers": "*", "absolute": 1.0, "because": "so", **change}
    path.write_text(yaml.safe_dump({"same_bytes": [], "tolerances": [one]}))
    with pytest.raises(InquestError) as told:
        read_tolerances(path)
    assert f"tolerances.yaml, {said}" in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize("text", ["", "[1]", "tolerances: 3", "\t"])
def test_what_is_no_such_file_is_one_line(tmp_path, text):
    path = tmp_path / "tolerances.yaml"
    path.write_text(text)
    with pytest.raises(InquestError, match=r"tolerances\.yaml"):
        read_tolerances(path)


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_manifests_have_the_tolerances_of_the_file(path):
    """Whoever edits the file freezes the studies again, or their manifests say something else."""
    manifest = read_manifest(path)
    for name, (value, tolerance) in manifest.numbers.items():
        assert tolerance == SHIPPED.of(manifest.study, name, value), name
    assert list(manifest.same_bytes) == [name for name in manifest.artefacts if SHIPPED.exact(name)]
