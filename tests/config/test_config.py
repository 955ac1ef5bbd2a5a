"""The config: what is allowed, what is said of the rest, and the schema that editors use."""

from __future__ import annotations

import copy
import datetime
import json
import random
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from inquest.config import Study, concerning, load_study, schema, work_digest
from inquest.config.influence import RandomGroup
from inquest.errors import InquestError
from inquest.sections import Section, slug

ROOT = Path(__file__).parents[2]
CHAPTERS = {path.name.split(".")[0] for path in (ROOT / "report" / "chapters").glob("*.html.j2")}
RUBRICS = [path.stem for path in (ROOT / "report" / "rubrics").glob("*.yaml")]
FILES = [ROOT / "config.yaml", *sorted((ROOT / "studies").glob("*.yaml"))]
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
# People choose the keys below these.
FREE = ("documents", "replace", "types", "describe", "classifiers", "params", "names", "ranges")


def load(config: Any) -> Study:
    return load_study(config, CHAPTERS, RUBRICS)


def complaint(config: Any) -> str:
    with pytest.raises(InquestError) as caught:
        load(config)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def changed(*path: Any, to: Any = None, remove: bool = False) -> dict:
    """Return the default config with one key set, or removed."""
    config = copy.deepcopy(DEFAULT)
    *parents, key = path
    node = config
    for parent in parents:
        node = node[parent]
    if remove:
        del node[key]
    else:
        node[key] = to
    return config


def places(node: Any, path: tuple = ()) -> Iterator[tuple]:
    """Yield the path of everything in a config."""
    for key in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield (*path, key)
        yield from places(node[key], (*path, key))


def written(path: tuple) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)[1:]


def at(path: tuple) -> Any:
    node = DEFAULT
    for key in path:
        node = node[key]
    return node


# What is there


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_studies_are_valid(path):
    config = yaml.safe_load(path.read_text(encoding="utf-8"))
    study = load(config)
    assert study.study == ("default" if path.stem == "config" else path.stem)
    assert load(study.model_dump(mode="json", by_alias=True)) == study  # defaults filled in, nothing lost


def models(kind: Any = Study) -> Iterator[type[Section]]:
    if isinstance(kind, type) and issubclass(kind, Section):
        yield kind
        for field in kind.model_fields.values():
            yield from models(field.annotation)
    for argument in typing.get_args(kind):
        yield from models(argument)


def test_the_default_study_shows_every_key():
    text = (ROOT / "config.yaml").read_text(encoding="utf-8")
    keys = {(m.__name__, f.alias or name) for m in models() for name, f in m.model_fields.items()}
    assert {"Study", "Statement", "RowsGroup", "Preprocessing"} <= {model for model, _ in keys}
    assert [key for key in sorted(keys) if not re.search(rf"[\s{{,]{key[1]}:", text)] == []


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        for key in one:
            yield from differences(one[key], other[key], f"{path}.{key}".removeprefix("."))
    elif one != other:
        yield path


def test_the_default_study_shows_the_defaults_wherever_they_are_meant_for_all_data():
    bare = {key: DEFAULT[key] for key in ("study", "seed", "documents")}
    bare["data"] = {key: DEFAULT["data"][key] for key in ("title", "sources", "label")}
    bare["text"] = {key: DEFAULT["text"][key] for key in ("title", "sources", "text", "label", "columns")}
    found = set(differences(*(load(config).model_dump(mode="json") for config in (bare, DEFAULT))))
    own = ["about", "header", "columns", "missing", "replace", "drop", "describe", "positive", "sample.rows"]
    own = [*(f"data.{key}" for key in own), "data.split.reason", "influence.groups"]
    own += [f"baseline.{key}" for key in ("classifiers", "reason", "metric_reason")]
    own += [f"text.{key}" for key in ("about", "separator", "quotes", "header", "ranges")]
    own += ["text.positive", *(f"text.split.{key}" for key in ("train", "validation", "test", "reason"))]
    own += [
        f"classifier.{key}" for key in ("reason", "expectations", "published", "encoder.about", "dropout")
    ]
    tuned = ("epochs", "batch_size", "learning_rate", "layer_decay", "head_learning_rate", "clip")
    own += [f"classifier.training.{key}" for key in tuned]
    own += ["llm.reason", "llm.model.about", "llm.prompts", "errors.annotated_by"]
    assert {path for path in found if not path.startswith(tuple(own))} == set()
    assert all(any(path.startswith(key) for path in found) for key in own)


def test_what_is_left_out_has_a_default():
    study = load({**DEFAULT, "baseline": {}, "influence": {}, "shapley": {}})
    assert study.influence.points.number == study.shapley.permutations == 10
    assert study.baseline.metric == "accuracy"
    assert [group.kind for group in study.influence.groups] == ["random"] * 9 + ["cluster"]
    assert study.baseline.classifiers["XGBoost"].path == "xgboost.XGBClassifier"
    listed = {
        "points": {"choose": "listed", "rows": [3, 5, 8]},
        "groups": [RandomGroup(name="a", kind="random", fraction=0.5)],
    }
    assert load({**DEFAULT, "influence": listed}).influence.points.number == 3


def test_a_document_has_the_sections_that_concern_it():
    texts = concerning(load(DEFAULT), "classifier")
    every = ["study", "seed", "provenance", "documents", "references"]
    assert list(texts) == [*every, "text", "classifier", "llm", "errors"]
    assert list(texts["documents"]) == ["classifier"]
    table = concerning(load(DEFAULT), "influence")
    assert {"data", "baseline", "influence", "shapley", "quality"} <= table.keys()
    assert not table.keys() & {"text", "classifier", "llm", "errors"} and table["seed"] == DEFAULT["seed"]


def test_how_the_work_is_cut_into_jobs_is_not_printed():
    jobs = load(DEFAULT | {"shapley": {**DEFAULT["shapley"], "permutations_per_job": 5}})
    assert jobs.shapley.permutations_per_job == 5
    assert concerning(jobs, "influence") == concerning(load(DEFAULT), "influence")
    assert "permutations_per_job" not in concerning(jobs, "influence")["shapley"]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({"provenance": "full"}, True),
        ({"bundle": "all.zip", "references": ["my.json"]}, True),
        ({"documents": {"other": {"title": "Other", "chapters": ["data"]}}}, True),
        ({"influence": {**DEFAULT["influence"], "points_per_job": 3}}, True),
        ({"seed": 7}, False),
        ({"shapley": {**DEFAULT["shapley"], "permutations": 11}}, False),
    ],
)
def test_the_same_work_has_the_same_digest(change, same):
    assert (work_digest(load(DEFAULT)) == work_digest(load(DEFAULT | change))) == same


def test_keys_of_ones_own_count_whatever_their_names():
    def with_params(**params):
        mine = {"class": "sklearn.dummy.DummyClassifier", "params": params}
        return load({**DEFAULT, "baseline": {"classifiers": {"mine": mine}, "classifier": "mine"}})

    assert work_digest(with_params(jobs_per_job=3)) != work_digest(with_params(jobs_per_job=4))


def test_raw_files_have_names_of_their_own():
    sources = [
        {"file": "data/My Table.csv.gz"},
        {"file": "C:\\data\\My Table.csv"},
        {"url": "https://example.org/a/t.csv?version=2", "sha256": "0" * 64},
        {"url": "https://example.org/", "sha256": "0" * 64},
        {"package": "p==1", "member": "p/t.csv", "sha256": "0" * 64},
    ]
    data = load(changed("data", "sources", to=sources)).data
    assert data.raw_names() == ["0-my-table-csv", "1-my-table", "2-t", "3-example", "4-t"]
    assert [source.kind for source in data.sources] == ["file", "file", "url", "url", "package"]


def test_slugs_are_file_names():
    assert [slug(name) for name in ("random 10 %", "K-NN!", "../x", "日本")] == ["random-10", "k-nn", "x", ""]


# What is refused


def keys_of_sections() -> list[tuple]:
    return [
        path
        for path in places(DEFAULT)
        if isinstance(path[-1], str) and (len(path) == 1 or path[-2] not in FREE)
    ]


def test_every_misspelt_key_is_named_with_the_nearest():
    paths = [path for path in keys_of_sections() if not ({"replace", "params"} & set(path[:-1]))]
    assert len(paths) > 90
    for path in paths:
        config = changed(*path, remove=True)
        typo = (*path[:-1], path[-1][0] + path[-1])
        node = config
        for key in path[:-1]:
            node = node[key]
        node[typo[-1]] = at(path)
        if path[-1] == "kind":
            expected = f"config key `{written(path[:-1])}`: found `kind: missing`"
        else:
            expected = (
                f"config key `{written(typo)}`: unknown key (did you mean `{path[-1]}`?); allowed here: "
            )
        assert complaint(config).startswith(expected)


def test_every_value_of_a_wrong_type_is_named_by_its_key():
    leaves = [
        path for path in places(DEFAULT) if not isinstance(at(path), (dict, list)) and "params" not in path
    ]
    assert len(leaves) > 100
    for path in leaves:
        if path[-1] == "kind":
            expected = f"config key `{written(path[:-1])}`: found `kind: {{'odd': 1}}`"
        elif "authors" in path:  # one may be a section
            expected = f"config key `{written(path)}.odd`: unknown key; allowed here: name, last, "
        elif path == ("shapley", "until"):  # a section that is left out
            expected = "config key `shapley.until.odd`: unknown key; allowed here: standard_error, "
        else:
            expected = f"config key `{written(path)}`: found {{'odd': 1}}"
        assert complaint(changed(*path, to={"odd": 1})).startswith(expected)


def test_every_section_must_be_one():
    for path in places(DEFAULT):
        if isinstance(at(path), dict) and "params" not in path:
            said = complaint(changed(*path, to="text"))
            assert said == f"config key `{written(path)}`: found 'text'; it should be keys with values"


NO_CONDITION = "columns can be compared with values; a name that is no plain word stands in backticks"
GROUP = ("influence", "groups", 0)


MISTAKES = yaml.safe_load((ROOT / "tests" / "config" / "mistakes.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: written(tuple(mistake["at"])))
def test_mistakes(mistake):
    assert complaint(changed(*mistake["at"], to=mistake["put"])).startswith(mistake["says"])


@pytest.mark.parametrize(
    "condition",
    [
        "age > 65",
        "age > 65 and not (sex == 'Female' or `capital-gain` >= 1e3)",
        '(age > 65) & ~(sex == "F") | (age // 10 % 2 == 1)',
        "sex in ['a', 'b'] and age not in (1, 2)",
        "-age <= -1 < 5",
        "`what is @ (this)?` == '@f(x)'",
        " age > 65\n",
    ],
)
def test_conditions(condition):
    group = {"name": "x", "kind": "where", "condition": condition}
    assert load(changed(*GROUP, to=group)).influence.groups[0].condition == condition


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("age > max(3, 4)", "`max(3, 4)` in 'age > max(3, 4)' is no comparison"),
        ("age.max() > 3", "`age.max()` in 'age.max() > 3' is no comparison"),
        ("age.shape", "`age.shape` in 'age.shape' is no comparison"),
        ("age[0] > 3", "`age[0]` in 'age[0] > 3' is no comparison"),
        ("[x for x in age]", "`[x for x in age]` in '[x for x in age]' is no comparison"),
        ("lambda: 1", "`lambda: 1` in 'lambda: 1' is no comparison"),
        ("f'{age}' == 'x'", "`f'{age}'` in"),
        ("(age := 5)", "`(age := 5)` in '(age := 5)' is no comparison"),
        ("age > @limit", "'age > @limit' is no condition (invalid syntax)"),
        ("age = 5", "'age = 5' is no condition (invalid syntax)"),
        ("age > 1\nage < 3", "'age > 1\\nage < 3' is no condition (invalid syntax)"),
        ("capital gain > 3", "'capital gain > 3' is no condition (invalid syntax)"),
        ("", "'' is no condition (invalid syntax)"),
        ("`age > 3", "'`age > 3' is no condition (invalid syntax)"),
        ("-" * 9999 + "1", "'" + "-" * 56 + "… is no condition ("),
    ],
)
def test_conditions_that_are_none(condition, found):
    said = complaint(changed(*GROUP, to={"name": "x", "kind": "where", "condition": condition}))
    assert said.startswith(f"config key `influence.groups[0].condition`: {found}")
    assert said.endswith(NO_CONDITION)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (None, "the config: found None; it should be keys with values"),
        ([], "the config: found []; it should be keys with values"),
        ({}, "config key `study`: missing; it must be given (and 2 more mistakes)"),
        (
            {1: 2},
            "config key `1`: unknown key; allowed here: study, seed, provenance, documents, bundle, ",
        ),
        (
            {**DEFAULT, "seeed": 1},
            "config key `seeed`: unknown key (did you mean `seed`?); allowed here: study, ",
        ),
    ],
)
def test_the_whole_config_can_be_wrong(config, expected):
    assert complaint(config).startswith(expected)


def test_any_mutation_is_a_study_or_one_line():
    """Three hundred configs that someone might write by mistake."""
    rng = random.Random(0)
    date = datetime.date(2024, 3, 1)
    odd = [
        None,
        True,
        0,
        -1,
        10**30,
        0.5,
        float("nan"),
        float("inf"),
        "",
        "a\nb",
        "\x1b[31m",
        "\ud800",
        "x" * 9999,
    ]
    odd += [[], [None], [[]], ["a", "a"], {}, {"a": 1}, {1: {2: 3}}, {None: None}, {True: 1}, {("a", 1): 2}]
    odd += [date, {date: date}, b"x", {"kind": "rows"}, {"class": "os.system"}]
    told = 0
    for _ in range(300):
        config = copy.deepcopy(DEFAULT)
        for _ in range(rng.choice([1, 1, 2, 4])):
            *parents, key = rng.choice(list(places(config)))
            node = config
            for parent in parents:
                node = node[parent]
            deed = rng.choice(["put", "put", "delete", "rename", "nest", "list", "twice"])
            if deed == "put":
                node[key] = rng.choice(odd)
            elif deed == "delete":
                del node[key]
            elif deed == "rename" and isinstance(node, dict):
                node[rng.choice([f"{key}s", str(key)[1:], key, 7, None])] = node.pop(key)
            elif deed == "nest":
                node[key] = {rng.choice(["x", "kind", str(key)]): node[key]}
            elif deed == "list":
                node[key] = [node[key]]
            elif deed == "twice" and isinstance(node, list):
                node.append(copy.deepcopy(node[key]))
        try:
            json.dumps(load(config).model_dump(mode="json", by_alias=True))
        except InquestError as error:
            told += 1
            assert str(error).startswith(("config key `", "the config: "))
            assert len(str(error).splitlines()) == 1
            assert str(error).isprintable()
    assert 150 < told < 300


# The schema


def test_the_schema_is_a_schema_and_the_studies_follow_it():
    jsonschema.Draft202012Validator.check_schema(schema())
    validator = jsonschema.Draft202012Validator(schema())
    for path in FILES:
        assert [
            error.message for error in validator.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))
        ] == []
    assert not validator.is_valid(changed("seed", to="x"))
    assert not validator.is_valid(changed(*GROUP, "fraction", to=2))
    assert not validator.is_valid(changed("study", to="downloads"))


def test_the_schema_explains_and_closes_every_section():
    parts = schema()
    for name, part in {**parts["$defs"], "Study": parts}.items():
        assert part["additionalProperties"] is False, name
        assert part["description"], name
    assert parts["$defs"]["Classifier"]["properties"]["class"]["description"].startswith("The import path")
