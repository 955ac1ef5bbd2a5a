"""What people write in YAML, checked: strict types, unknown keys refused, mistakes told in one line."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, WithJsonSchema, model_validator

from inquest.errors import InquestError, listing, nearest, one_line

# What pydantic misses, in the words of someone who writes YAML.
WANTED = {
    "string_type": "a text (in quotes)",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "date_type": "a date",
    "list_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "union_tag_not_found": "keys with values",
}


class Section(BaseModel):
    """A part of the config: keys are checked, types are not bent, defaults are filled in."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        use_attribute_docstrings=True,
        serialize_by_alias=True,
        allow_inf_nan=False,
    )

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, values: Any) -> Any:
        allowed = [field.alias or name for name, field in cls.model_fields.items()]
        for key in values if isinstance(values, Mapping) else ():
            if key not in allowed:
                raise Mistake(
                    key, f"unknown key{nearest(key, allowed)}", f"allowed here: {listing(allowed, 30)}"
                )
        return values


class Mistake(ValueError):
    """What a validator raises: the key below the section (or ""), what stands there, what may."""

    def __init__(self, key: str, found: str, allowed: str):
        self.key, self.found, self.allowed = key, found, allowed
        super().__init__(one_line(f"{found}; {allowed}"))


def read_yaml(path: Path, wanted: str) -> Any:
    """Return what a YAML file holds; ``wanted`` says in words what it should."""
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InquestError(str(path), f"it cannot be read ({error})", wanted) from None


SHOWN = 60  # characters of a value in an error message


def check_keys(path: str | Path) -> None:
    """Refuse a YAML file with a key that stands twice in one place: the last one would win without a word.

    Raises
    ------
    InquestError
        One line: the file, the line of the second one, the key. What is no YAML is passed over.
    """
    try:
        waiting, seen = [yaml.compose(Path(path).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)], set()
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError):
        return
    while waiting:
        node = waiting.pop()
        if id(node) in seen:  # an alias
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            lines: dict[tuple[str, str], int] = {}
            for key, value in node.value:
                waiting.append(value)
                if isinstance(key, yaml.ScalarNode):
                    line, name = key.start_mark.line + 1, (key.tag, key.value)
                    if name in lines:
                        found = f"the key {shown(key.value)} stands in line {lines[name]}, too"
                        raise InquestError(f"{Path(path).name}, line {line}", found, "each may be given once")
                    lines[name] = line


def shown(value: Any) -> str:
    """Return a value as an error message shows it: cut after 60 characters.

    A few lines of YAML with aliases can spell a value of gigabytes: no more of it is spelled than is shown.
    """
    text = repr(_first_of(value, [SHOWN]))
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "…"


def _first_of(value: Any, left: list[int]) -> Any:
    """Return a value less what is beyond its first parts: ``left`` holds how many more are taken."""
    left[0] -= 1
    if isinstance(value, (str, bytes)):
        return value[: SHOWN + 1]
    if isinstance(value, int) and value.bit_length() > 4 * SHOWN:  # Python spells no number of 4,300 digits
        return 10**SHOWN if value > 0 else -(10**SHOWN)
    if isinstance(value, Mapping):
        items = itertools.takewhile(lambda item: left[0] > 0, value.items())
        return {_first_of(key, left): _first_of(item, left) for key, item in items}
    if isinstance(value, (list, tuple, set, frozenset)):
        kind = type(value)
        return kind(_first_of(item, left) for item in itertools.takewhile(lambda item: left[0] > 0, value))
    return value


def text_like(pattern: str, allowed: str) -> TypeAlias:
    """Return the type of a text of a certain form; ``allowed`` says in words which one."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise Mistake("", f"found {shown(value)}", allowed)
        return value

    return Annotated[
        str, AfterValidator(check), WithJsonSchema({"type": "string", "pattern": f"^({pattern})$"})
    ]


def _each_once(items: list) -> list:
    twice = next((item for item, times in Counter(items).items() if times > 1), None)
    if twice is not None:
        raise Mistake("", f"{twice!r} stands there twice", "each may be listed once")
    return items


EACH_ONCE = AfterValidator(_each_once)


LONGEST = 100  # of the letters of a file name that people choose; others stand before and after them


def slug(name: str) -> str:
    """Return a name as it stands in file names: lower case, letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def check_slugs(key: str, names: Iterable[str]) -> None:
    """Refuse names that would share a file name, have none, or have one that a file system may refuse."""
    seen: dict[str, str] = {}
    for name in names:
        if len(slug(name)) > LONGEST:
            raise Mistake(key, f"the name {shown(name)}", f"up to {LONGEST} letters and digits are allowed")
        if not slug(name):
            raise Mistake(key, f"the name {name!r}", "a name needs a letter (a to z) or a digit")
        if slug(name) in seen:
            raise Mistake(
                key, f"the names {seen[slug(name)]!r} and {name!r}", "they must differ in letters or digits"
            )
        seen[slug(name)] = name


MOST_JOBS = 100_000  # Snakemake plans about a thousand a second


def check_jobs(key: str, count: int, size_key: str, size: int) -> None:
    """Refuse what would be cut into more jobs than Snakemake can plan."""
    if count > MOST_JOBS * size:
        raise Mistake(
            key,
            f"found {shown(count)}, in jobs of {shown(size)}",
            f"up to {MOST_JOBS:,} jobs are allowed; raise `{size_key}` for fewer, longer ones",
        )


def complain(error: ValidationError, config: Any) -> InquestError:
    """Return pydantic's verdict on ``config`` as one line: the key, what was found, what is allowed."""
    verdicts: dict[str, tuple[str, list[str]]] = {}
    for problem in error.errors(include_url=False):
        key, found, allowed = _verdict(problem, config)
        verdicts.setdefault(key, (found, []))[1].append(allowed)  # each member of a union has its own
    (key, (found, allowed)), *others = verdicts.items()
    more = f" (and {len(others)} more mistake{'s' * (len(others) > 1)})" if others else ""
    where = f"config key `{key}`" if key else "the config"
    allowed = " or ".join(dict.fromkeys(allowed)).replace(" or it should be ", " or ")
    return InquestError(where, found, allowed + more)


def _verdict(problem: Mapping[str, Any], config: Any) -> tuple[str, str, str]:
    """Return key, what was found and what is allowed of one of pydantic's problems."""
    kind, context, value = problem["type"], problem.get("ctx", {}), problem["input"]
    key, node = "", config
    for part in problem["loc"]:
        # What isn't in the config itself, such as the name of a union's member, is no part of the key.
        if isinstance(node, list) and isinstance(part, int):
            key, node = f"{key}[{part}]", node[part]
        elif isinstance(node, Mapping) and part in node:
            key, node = f"{key}.{part}", node[part]
    found = f"found {shown(value)}"
    if kind == "value_error":
        mistake = context["error"]
        key += f".{mistake.key}" if mistake.key else ""
        found, allowed = mistake.found, mistake.allowed
    elif kind == "missing":
        key, found, allowed = f"{key}.{problem['loc'][-1]}", "missing", "it must be given"
    elif kind == "literal_error":
        found += (
            nearest(value, re.findall(r"'([^']*)'", context["expected"])) if isinstance(value, str) else ""
        )
        allowed = f"allowed: {context['expected']}"
    elif kind == "union_tag_invalid":
        tag, tags = context["tag"], re.findall(r"'([^']*)'", context["expected_tags"])
        found = f"found `{tag}`{nearest(tag, tags)}"
        allowed = f"allowed: {listing(tags)}"
    elif kind == "too_short":
        allowed = f"at least {context['min_length']} must be given"
    elif kind in WANTED:
        allowed = f"it should be {WANTED[kind]}"
    else:
        allowed = problem["msg"].replace("Input should", "it should").replace("String should", "it should")
    return key.removeprefix("."), found, allowed
