"""The reference of the config: every key, made from the models that check it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import yaml
from markupsafe import escape
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from inquest.config import Study, schema
from inquest.sections import Section

SIMPLE = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
BOUNDS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
    "minLength": "{} or more characters",
    "maxLength": "up to {} characters",
    "minItems": "at least {}",
    "minProperties": "at least {}",
}
OWN_WORDS = {
    "title": "What it is called.",
    "subtitle": "Printed below the title.",
    "authors": "Who wrote it.",
    "affiliation": "Where an author is at home.",
    "email": "An author's address.",
    "course": "Printed on the title page.",
    "assignment": "Printed on the title page.",
    "paper": "The size of the pages.",
}
"""Keys that say themselves what they are, and have no explanation beside the model."""
LONG = 48  # characters of a default that stands beside its key


def config_reference() -> str:
    """Return all keys as Markdown: a heading for each section, a list of its keys below."""
    whole = schema()
    parts = [
        "## The whole file\n",
        "Besides the sections below, a config has these keys of its own.\n",
        *_keys(Study, whole, "", whole["$defs"], sections=False),
    ]
    for key, about in whole["properties"].items():
        for name in _models(about):
            parts += _section(name, whole["$defs"], key, 2)
    return "\n".join(parts)


def _section(name: str, models: Mapping[str, Any], path: str, level: int) -> Iterator[str]:
    """Yield the heading of a section, its keys, and the sections below."""
    about = models[name]
    kind = about["properties"].get("kind", {}).get("const")
    title = f"`{path}`" + (f" with `kind: {kind}`" if kind else "")
    anchor = path.replace("[]", "").replace(".<name>", "") + (f"-{kind}" if kind else "")
    yield f"{'#' * level} {title} {{#{anchor}}}\n"
    yield f"{about.get('description', '')}\n"
    yield from _keys(_class(name), about, path, models)
    for key, value in about["properties"].items():
        for below in _models(value):
            suffix = {"array": "[]", "object": ".<name>"}.get(value.get("type", ""), "")
            yield from _section(below, models, f"{path}.{key}{suffix}", min(level + 1, 4))


def _keys(
    model: type[BaseModel], about: Mapping[str, Any], path: str, models: Mapping, sections: bool = True
) -> Iterator[str]:
    """Yield a list of keys with type, default and explanation."""
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    yield '<dl class="keys" markdown="1">'
    for key, value in about["properties"].items():
        if not sections and _models(value):
            continue
        where = f"{path}.{key}".removeprefix(".").replace("[]", "").replace(".<name>", "")
        if "kind" in about["properties"] and path:
            where = f"{where}-{about['properties']['kind'].get('const', '')}"
        default = _default(fields[key], key in about.get("required", []))
        words = f"<span>{escape(_words(value))}{default}</span>"
        yield f'<dt id="key.{where}"><code>{escape(key)}</code> {words}</dt>'
        yield f'<dd markdown="1">\n{_explained(key, value, models)}\n</dd>'
    yield "</dl>\n"


def _explained(key: str, value: Mapping[str, Any], models: Mapping[str, Any]) -> str:
    """Return what a key means; of a section, in the words of the section."""
    below = " ".join(models[name].get("description", "") for name in _models(value)[:1])
    return value.get("description") or below or OWN_WORDS[key]


def _models(value: Mapping[str, Any]) -> list[str]:
    """Return the names of the sections that a key's value may be, or be made of."""
    inner = [value, *value.get("anyOf", []), *value.get("oneOf", [])]
    for part in (value.get("items"), value.get("additionalProperties")):
        if isinstance(part, dict):
            inner += [part, *part.get("anyOf", []), *part.get("oneOf", [])]
    return [one["$ref"].rpartition("/")[2] for one in inner if "$ref" in one]


def _class(name: str) -> type[BaseModel]:
    """Return the model of a section by its name in the schema."""
    waiting: list[type[BaseModel]] = [Section]
    while waiting:
        model = waiting.pop()
        if model.__name__ == name:
            return model
        waiting += model.__subclasses__()
    raise KeyError(name)


def _words(value: Mapping[str, Any]) -> str:
    """Return in words what a value may be."""
    if "anyOf" in value or "oneOf" in value:
        kinds = [_words(one) for one in [*value.get("anyOf", []), *value.get("oneOf", [])]]
        return " or ".join(dict.fromkeys(kinds))
    if "$ref" in value:
        return "keys of its own"
    if "const" in value:
        return f"“{value['const']}”"
    if "enum" in value:
        return "one of: " + ", ".join(map(str, value["enum"]))
    kind = value.get("type")
    if kind == "null":
        return "null"
    if kind == "array":
        return _bounded(f"list of {_words(value.get('items', {}))}", value)
    if kind == "object":
        inner = value.get("additionalProperties")
        named = _words(inner) if isinstance(inner, dict) else "any value"
        return _bounded(f"names, each with {named}", value)
    return _bounded("date" if value.get("format") == "date" else SIMPLE.get(kind, "any value"), value)


def _bounded(words: str, value: Mapping[str, Any]) -> str:
    """Return words with the bounds that hold for them."""
    bounds = [said.format(f"{value[key]:,}") for key, said in BOUNDS.items() if key in value]
    return ", ".join([words, *bounds])


def _default(field: Any, required: bool) -> str:
    """Return the HTML that says what holds where a key is left out."""
    if required:
        return " · must be given"
    value = field.get_default(call_default_factory=True)
    if value is PydanticUndefined or isinstance(value, BaseModel):
        return ""
    plain = _plain(value)
    if plain in (None, "", [], {}):
        return {None: " · default null", "": " · default empty"}.get(
            plain if plain != [] and plain != {} else "", ""
        )
    spelt = yaml.safe_dump(plain, default_flow_style=True, sort_keys=False, allow_unicode=True, width=1000)
    spelt = spelt.removesuffix("\n...\n").strip()
    if len(spelt) <= LONG:
        return f" · default <code>{escape(spelt)}</code>"
    long = yaml.safe_dump(plain, default_flow_style=None, sort_keys=False, allow_unicode=True, width=90)
    return f' · default:</span><pre tabindex="0">{escape(long.strip())}</pre><span>'


def _plain(value: Any) -> Any:
    """Return a default as YAML spells it."""
    if isinstance(value, BaseModel):
        return {key: _plain(item) for key, item in value.model_dump(mode="json", by_alias=True).items()}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
