"""JSON Schemas in words, for the API's reference: what a field is, within which limits, and what lies in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def table(document: dict[str, Any], schema: dict[str, Any], title: str = "") -> Iterator[str]:
    """An object's fields; nothing for what has none, or is told elsewhere."""
    if rows := list(_fields(document, schema)):
        yield from (*((title, "") if title else ()), "| field | | |", "|---|---|---|", *rows, "")


def _fields(document: dict[str, Any], schema: dict[str, Any], place: str = "") -> Iterator[str]:
    """A row for each field, and for those of what has no name of its own: `price.amount`, `events[].rid`."""
    for name, told in schema.get("properties", {}).items():
        optional = "" if name in schema.get("required", ()) else "may be missing. "
        yield _row(f"{place}{name}", _plain(document, told), optional)
        yield from _inside(document, told, f"{place}{name}")


def _inside(document: dict[str, Any], told: dict[str, Any], place: str) -> Iterator[str]:
    """The fields of an object, of each kind of object, or of a list's or a map's."""
    yield from _fields(document, told, f"{place}.")
    kinds = _kinds(told)
    for kind in kinds:
        if len(kinds) > 1 and "properties" in kind:
            yield _row(place, kind, "", _example(kind))
        yield from _inside(document, kind, place)
    if isinstance(told.get("items"), dict):
        yield from _inside(document, told["items"], f"{place}[]")
    if isinstance(told.get("additionalProperties"), dict):
        yield from _inside(document, told["additionalProperties"], f"{place}.*")


def _row(place: str, told: dict[str, Any], optional: str, kind: str = "") -> str:
    kinds = _kinds(told)
    text = told.get("description") or (kinds[0].get("description", "") if len(kinds) == 1 else "")
    return f"| `{place}` | {kind or form(told) + limits(told)} | {(optional + cell(text)).strip()} |"


def _example(schema: dict[str, Any]) -> str:
    return "".join(f"`{json.dumps(one, ensure_ascii=False)}`" for one in schema.get("examples", ())[:1])


def _kinds(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """What it may be instead of null."""
    many = schema.get("anyOf") or schema.get("oneOf") or ()
    return [one for one in many if one.get("type") != "null"]


def _plain(document: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """What a name stands for, where that is no more than a text or a number."""
    named = resolved(document, told)
    return told if "properties" in named else named | {name: told[name] for name in told if name != "$ref"}


def form(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return " ".join(f"`{'null' if one is None else one}`" for one in schema["enum"])
    if many := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(dict.fromkeys(filter(None, map(form, many))))
    if schema.get("type") == "array":
        return f"list of {form(schema.get('items', {})) or 'anything'}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"object: name → {form(schema['additionalProperties']) or 'anything'}"
    kinds = schema.get("type", "")
    return " or ".join(kinds) if isinstance(kinds, list) else str(kinds)


def limits(schema: dict[str, Any]) -> str:
    """What is more to be heeded, each after a comma; nothing where there is nothing."""
    found = (
        schema.get("format", ""),
        _range(schema, "minLength", "maxLength", " characters"),
        _range(schema, "minimum", "maximum", ""),
        _range(schema, "minItems", "maxItems", " of them"),
        _range(schema, "minProperties", "maxProperties", " names"),
        f"`{schema['pattern']}`" if "pattern" in schema else "",
        f"else `{json.dumps(schema['default'])}`" if "default" in schema else "",
    )
    return "".join(f", {cell(one)}" for one in found if one)


def _range(schema: dict[str, Any], low: str, high: str, unit: str) -> str:
    least, most = schema.get(low), schema.get(high)
    if most is None:
        return f"{least} or more{unit}" if least else ""
    return f"at most {most}{unit}" if least is None else f"{least} to {most}{unit}"


def resolved(document: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    """What a `$ref` leads to; anything else as it is."""
    found: Any = told
    while "$ref" in found:
        at: Any = document
        for part in found["$ref"].removeprefix("#/").split("/"):
            at = at[part]
        found = at
    return dict(found)


def cell(text: str) -> str:
    """The text as a cell of a Markdown table."""
    return text.replace("|", "\\|").replace("\n", " ")
