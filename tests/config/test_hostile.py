"""Configs that nobody writes on purpose: each is a study or gets its one line, and none a traceback.

They go the way of a real start: the text through Snakemake's own reader, then rules/common.smk, which checks
the config, the files it names, the classifiers and the published scores.
"""

from __future__ import annotations

import copy
import datetime
import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from snakemake.common.configfile import load_configfile
from snakemake_interface_common.exceptions import WorkflowError

ROOT = Path(__file__).parents[2]
SHIPPED = [
    ROOT / "config.yaml",
    *sorted(ROOT.glob("studies/*.yaml")),
    *sorted(ROOT.glob("tests/studies/*.yaml")),
]
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in SHIPPED}
TREES = {name: yaml.safe_load(text) for name, text in TEXTS.items()}

ODD = [
    *(None, True, False, 0, -1, 1, 10**6, 10**9, 10**30, -(10**30), 0.0, 0.5, 1e308, -1e308, 5e-324),
    *(float("nan"), float("inf"), float("-inf"), "", " ", "a\nb", "\t", "x" * 9999, "\x1b[31m", "\0", "\x85"),
    *(
        "../../etc/passwd",
        "/",
        ".",
        "..",
        "~",
        "~nobody-at-all/x",
        "a\0b",
        "{x}",
        "{",
        "%s",
        "x" * 300,
        "con",
    ),
    *(
        "日本",
        "a\u0301",
        "\u202eabc",
        "\ufeff",
        "🙂" * 50,
        "\ud800",
        "null",
        "NaN",
        "1e5",
        "yes",
        "[]",
        "$(id)",
    ),
    *("<script>alert(1)</script>", "{{ 7*7 }}", "\\input{x}", "=1+1", "`id`", "; rm -rf x", "a" * 70),
    *([], [None], [[]], [[[[]]]], ["a", "a"], [0] * 200, {}, {"a": 1}, {1: {2: 3}}, {None: None}, {True: 1}),
    *({("a", 1): 2}, {"": ""}, {"x" * 300: 1}, b"x", {"kind": "rows"}, {"class": "os.system"}, {1, 2}),
    *(
        {"class": "builtins.eval", "params": {"source": "1"}},
        {"class": "subprocess.Popen", "params": {"args": "id"}},
    ),
    *(datetime.date(2024, 3, 1), datetime.datetime(2024, 3, 1, 12), {datetime.date(2024, 3, 1): 1}, 1 + 2j),
]
TAGS = ["object:os.system", "name:os.system", "tuple", "object/apply:os.system", "module:os", "complex"]
NAMES = [
    "",
    " ",
    "x",
    "kind",
    "class",
    "study",
    "a" * 300,
    "日本",
    "../x",
    "{x}",
    "error-map",
    "explorer",
    "true",
    7,
    None,
    1.5,
]


def places(node: Any, path: tuple = ()) -> Iterator[tuple]:
    """Yield the path of everything in a config."""
    for key in node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ():
        yield (*path, key)
        yield from places(node[key], (*path, key))


def mutate(config: dict, draw: random.Random, times: int) -> dict:
    """Return a copy of a config with something in it changed, so many times."""
    config = copy.deepcopy(config)
    for _ in range(times):
        everything = list(places(config))
        if not everything:
            break
        *parents, key = draw.choice(everything)
        node = config
        for parent in parents:
            node = node[parent]
        deed = draw.choice(
            ["put", "put", "put", "delete", "rename", "nest", "list", "twice", "swap", "deep", "add"]
        )
        if deed == "put":
            node[key] = copy.deepcopy(draw.choice(ODD))
        elif deed == "delete":
            del node[key]
        elif deed == "rename" and isinstance(node, dict):
            node[draw.choice([f"{key}s", str(key)[1:], str(key).upper(), *NAMES])] = node.pop(key)
        elif deed == "nest":
            node[key] = {draw.choice(["x", "kind", str(key)]): node[key]}
        elif deed == "list":
            node[key] = [node[key]]
        elif deed == "twice" and isinstance(node, list):
            node.append(node[key])  # an alias, as YAML has them
        elif deed == "swap":  # what stands elsewhere in the config, as an alias
            *others, other = draw.choice(everything)
            there = config
            for parent in others:
                there = there[parent] if not isinstance(there, (str, int)) else {}
            if others[: len(parents) + 1] != [*parents, key]:  # no circle: nothing can be in itself here
                node[key] = copy.deepcopy(there[other]) if isinstance(there, (dict, list)) else None
        elif deed == "deep":
            for _ in range(draw.choice([5, 60])):
                node[key] = draw.choice([[node[key]], {"a": node[key]}])
        elif deed == "add" and isinstance(node[key], dict):
            node[key][draw.choice(NAMES)] = copy.deepcopy(draw.choice(ODD))
    return config


def damage(text: str, draw: random.Random) -> bytes:
    """Return the text of a YAML file with something that a slip, an editor or a joker may do to it."""
    lines = text.splitlines(keepends=True)
    at = draw.randrange(len(lines))
    deeds: dict[str, Callable[[], str | bytes]] = {
        "line gone": lambda: "".join(lines[:at] + lines[at + 1 :]),
        "line twice": lambda: "".join([*lines[:at], lines[at], *lines[at:]]),
        "cut": lambda: text[: draw.randrange(len(text))],
        "tab": lambda: "".join([*lines[:at], "\t" + lines[at], *lines[at + 1 :]]),
        "indent": lambda: "".join([*lines[:at], " " * draw.choice([1, 2, 3]) + lines[at], *lines[at + 1 :]]),
        "character": lambda: (
            text[: (i := draw.randrange(len(text)))] + draw.choice("{}[]:,&*!|>'\"%@`#\0\x07é") + text[i:]
        ),
        "colon": lambda: text.replace(": ", ":", 1 + draw.randrange(5)),
        "mark": lambda: "\ufeff" + text,
        "utf-16": lambda: text.encode("utf-16"),
        "latin-1": lambda: text.encode("utf-8").replace(b"e", b"\xe9", 1),
        "bytes": lambda: bytes(draw.randrange(256) for _ in range(200)),
        "dos": lambda: text.replace("\n", "\r\n"),
        "tag": lambda: f"{text}odd: !!python/{draw.choice(TAGS)} {draw.choice(['[id]', 'x', '1'])}\n",
        "unknown tag": lambda: text.replace(": ", ": !odd ", 1),
        "anchors": lambda: (
            text
            + "a: &a [x, x]\n"
            + "".join(
                f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n"
                for a, b in zip("abcdefgh", "bcdefghi", strict=True)
            )
        ),
        "bomb in place": lambda: (
            "a: &a [x]\n"
            + "".join(
                f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n"
                for a, b in zip("abcdefghijk", "bcdefghijkl", strict=True)
            )
            + "study: *l\n"
        ),
        "circle": lambda: text + "shapley: &me {rows: *me}\n",
        "merge": lambda: text + "quality: {<<: {rows: 5}}\n",
        "deep": lambda: text + "odd: " + "[" * (depth := draw.choice([50, 5000])) + "]" * depth + "\n",
        "empty": lambda: draw.choice(["", "\n", "# nothing\n", "---\n", "null\n", "~\n"]),
        "no mapping": lambda: draw.choice(
            ["- a\n- b\n", "text\n", "7\n", "[]\n", "{}\n", "true\n", "2024-03-01\n", '"', "{"]
        ),
        "two documents": lambda: text + "---\nstudy: other\n",
        "json": lambda: json.dumps(yaml.safe_load(text), default=str),
        "directive": lambda: "%YAML 3.7\n---\n" + text,
        "long number": lambda: text + "odd: " + "9" * 5000 + "\n",
        "sexagesimal": lambda: text.replace("seed: ", "seed: 1:", 1),
        "odd date": lambda: text + "odd: 2024-99-99\n",
        "odd key": lambda: text + "? [a, b]\n: 1\n",
        "unhashable": lambda: text + "? {a: {b: 1}}\n: 1\n",
    }
    done = deeds[draw.choice(list(deeds))]()
    return done if isinstance(done, bytes) else done.encode("utf-8", errors="surrogatepass")


def judge(start: Callable[..., Any], config: Any, *files: Path) -> str:
    """Start a study with a config; return the one line that it gets, or an empty text."""
    try:
        study = start(config, files)
    except SystemExit as end:
        said = str(end.code)
        assert said.startswith("inquest: ") and said.isprintable() and len(said) < 3000, said
        return said
    json.dumps(study.model_dump(mode="json", by_alias=True))
    return ""


def trial(start: Callable[..., Any], name: str, seed: int, counts: Counter) -> None:
    """Mutate one of the shipped configs in one way or another, and judge it."""
    draw = random.Random(seed)
    files = []
    if draw.random() < 0.3:
        path = Path("mutated.yaml")
        files.append(path)
        path.write_bytes(damage(TEXTS[name], draw))
        try:
            config = load_configfile(path)
        except (WorkflowError, Exception) as error:  # Snakemake ends before it reads the Snakefile
            counts[f"Snakemake: {type(error).__name__}"] += 1
            return
    else:
        config = mutate(TREES[name], draw, draw.choice([1, 1, 1, 2, 4]))
    counts["told" if judge(start, config, *files) else "a study"] += 1


def trials(start, number: int) -> Counter:
    counts: Counter = Counter()

    @settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(sorted(TREES)), st.integers(0, 2**32 - 1))
    def each(name: str, seed: int) -> None:
        trial(start, name, seed, counts)

    each()
    print(dict(counts))
    return counts


def test_a_mutated_config_is_a_study_or_one_line(start):
    counts = trials(start, 250)
    assert counts["told"] > 50 and counts["a study"] > 20


@pytest.mark.long
def test_a_thousand_mutated_configs_and_more(start):
    counts = trials(start, 3000)
    assert counts["told"] > 600 and counts["a study"] > 240


@pytest.mark.parametrize("name", sorted(TREES))
def test_the_shipped_configs_start(start, name):
    assert judge(start, TREES[name]) == ""
