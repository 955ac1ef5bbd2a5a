"""The words for types, causes and fixes are checked before anyone uses them."""

import copy
from pathlib import Path

import pytest
import yaml

from inquest.errors import InquestError
from inquest.text.errors.taxonomy import CATEGORIES, read_taxonomy

OWN = Path(__file__).parents[3] / "annotations" / "taxonomy.yaml"
WORDS = {
    "types": [{"name": "negation", "definition": "A not."}, {"name": "irony", "definition": "Mock praise."}],
    "causes": [{"name": "label noise", "definition": "A wrong label."}],
    "fixes": [{"name": "relabel", "definition": "Ask again.", "idea": "Two people label it."}],
}


def refusal(tmp_path, content) -> str:
    path = tmp_path / "taxonomy.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(InquestError) as error:
        read_taxonomy(path)
    return str(error.value)


def changed(change) -> dict:
    words = copy.deepcopy(WORDS)
    change(words)
    return words


def test_the_projects_own_words_stand_in_table_rows_and_differ():
    own = read_taxonomy(OWN)
    for column in CATEGORIES:
        names = own.names(column)
        assert len(names) >= 7 and max(map(len, names)) <= 28
        definitions = [item.definition for item in own.items(column)]
        assert len(set(definitions)) == len(definitions)
        assert all(40 <= len(text) <= 200 and text.endswith(".") for text in definitions)
    assert all(len(fix.idea) > 30 for fix in own.fixes)


def test_a_word_is_known_whatever_its_case_and_white_space(tmp_path):
    path = tmp_path / "words.yaml"
    path.write_text(yaml.safe_dump(WORDS), encoding="utf-8")
    words = read_taxonomy(path)
    assert words.file == "words.yaml"
    assert words.names("error_type") == ["negation", "irony"]
    assert words.named("cause", "  Label\u00a0 NOISE ") == "label noise"
    assert words.named("cause", "negation") is None and words.named("cause", "labelnoise") is None


@pytest.mark.parametrize(
    "change, said",
    [
        (
            lambda w: w["types"].append({"name": "Negation", "definition": "Again."}),
            "taxonomy.yaml, key `types`: 'Negation' stands beside 'negation'; each name may be there once",
        ),
        (
            lambda w: w["fixes"][0].pop("idea"),
            "taxonomy.yaml, key `fixes[0].idea`: missing; it must be given",
        ),
        (
            lambda w: w["causes"][0].update(idea="x"),
            "taxonomy.yaml, key `causes[0].idea`: unknown key; allowed here: name, definition",
        ),
        (
            lambda w: w.update(causes=[]),
            "taxonomy.yaml, key `causes`: found []; at least 1 must be given",
        ),
        (
            lambda w: w["types"][1].update(name=True),  # an unquoted yes
            "taxonomy.yaml, key `types[1].name`: found True; it should be a text (in quotes)",
        ),
        (
            lambda w: w["types"][1].update(name="=irony()"),
            "taxonomy.yaml, key `types[1].name`: found '=irony()'; a name of at most 40 characters is "
            "needed, with a letter or digit first and no space last",
        ),
        (
            lambda w: w.update(tpyes=[]),
            "taxonomy.yaml, key `tpyes`: unknown key (did you mean `types`?); "
            "allowed here: types, causes, fixes",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line(tmp_path, change, said):
    assert refusal(tmp_path, changed(change)) == said


def test_what_is_no_taxonomy_at_all_is_refused(tmp_path):
    assert refusal(tmp_path, "- a\n- b\n").startswith("taxonomy.yaml: found ['a', 'b'];")
    assert "cannot be read" in refusal(tmp_path, "types: [")
    with pytest.raises(InquestError, match="No such file"):
        read_taxonomy(tmp_path / "missing.yaml")
