"""What every section of the config shares: strict types, unknown keys refused, mistakes told in one line."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from inquest.errors import InquestError, listing, nearest


class Section(BaseModel):
    """A part of the config: keys are checked, types are not bent, defaults are filled in."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        use_attribute_docstrings=True,
        validate_default=False,
        populate_by_name=True,
        serialize_by_alias=True,
    )


def slug(name: str) -> str:
    """Return a name as it stands in file names: lower case, letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def complain(error: ValidationError, model: type[Section]) -> InquestError:
    """Return pydantic's verdict as the one line that a person reads: key, what was found, what is allowed."""
    problems = error.errors(include_url=False)
    problem = min(problems, key=lambda p: p["type"] == "missing")  # a misspelt key also makes one missing
    where, fields = _locate(problem["loc"], model)
    found, allowed = _verdict(problem, fields)
    more = f" (and {len(problems) - 1} more mistakes)" if len(problems) > 1 else ""
    return InquestError(f"config key `{where}`", found, allowed + more)


def _locate(loc: tuple, model: Any) -> tuple[str, list[str]]:
    """Return the key as people write it and the keys that are allowed beside it.

    Pydantic puts names of union members into ``loc``; those are no keys, so only what the config's own
    structure knows is kept.
    """
    where, fields = "", []
    node = model
    for part in loc:
        if isinstance(part, int):
            where += f"[{part}]"
            node = _inner(node)
            continue
        members = _members(node)
        tagged = [m for m in members if part in (m.__name__, _tag(m))]
        if tagged and len(members) > 1:
            node = tagged[0]
            continue
        keys = {}
        for member in members:
            for name, field in member.model_fields.items():
                keys[field.alias or name] = field.annotation
        if keys:
            fields = list(keys)
            where += f".{part}" if where else str(part)
            node = keys.get(part)
        elif _inner(node) is not None:
            where += f".{part}"
            node = _inner(node)
        # anything else is a type name that pydantic added
    return where or "(top level)", fields


def _members(node: Any) -> list[type[Section]]:
    if isinstance(node, type) and issubclass(node, Section):
        return [node]
    if getattr(node, "__origin__", None) in (list, dict):
        return []
    found = []
    for argument in getattr(node, "__args__", ()):
        found += _members(argument)
    return found


def _inner(node: Any) -> Any:
    """Return the type of the items of a list or of the values of a dict, looked for inside unions too."""
    origin, arguments = getattr(node, "__origin__", None), getattr(node, "__args__", ())
    if origin in (list, dict) and arguments:
        return arguments[-1]
    for argument in arguments:
        inner = _inner(argument)
        if inner is not None:
            return inner
    return None


def _tag(member: type[Section]) -> str | None:
    field = member.model_fields.get("kind")
    arguments = getattr(field.annotation, "__args__", ()) if field else ()
    return arguments[0] if arguments else None


def _verdict(problem: dict[str, Any], fields: list[str]) -> tuple[str, str]:
    kind, context, value = problem["type"], problem.get("ctx", {}), problem.get("input")
    shown = repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "…"
    if kind == "extra_forbidden":
        key = str(problem["loc"][-1])
        return f"unknown key{nearest(key, fields)}", f"allowed here: {listing(fields, 30)}"
    if kind == "missing":
        return "missing", "it must be given"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        found = f"`kind` is {context['tag']!r}" if "tag" in context else "`kind` is missing"
        return found, f"allowed: {context.get('expected_tags') or 'random, where, label, cluster, rows'}"
    if kind == "literal_error":
        choices = re.findall(r"'([^']*)'", context["expected"])
        return f"found {shown}{nearest(str(value), choices)}", f"allowed: {context['expected']}"
    if kind == "value_error":
        return f"found {shown}", str(context["error"])
    return f"found {shown}", problem["msg"][0].lower() + problem["msg"][1:]
