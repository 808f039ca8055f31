"""Writes docs/reference.md, the API's reference, from the OpenAPI document: `python -m infra.reference`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
OPENAPI = ROOT / "chalicelib" / "routes" / "openapi.json"
REFERENCE = ROOT / "docs" / "reference.md"
METHODS = ("get", "post", "put", "patch", "delete")
_HEAD = """# API reference

Made from `GET /openapi.json` by `make reference`; do not edit. How the API is used: [partner API](api.md),
[storefront](storefront.md).
"""
_PARTS = {
    "secretKey": "the shop's secret key",
    "customerToken": "a customer token",
    "signature": "the platform's signature",
}


def written(document: dict[str, Any]) -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_operations(document), "## Schemas", "", *_schemas(document)]).rstrip() + "\n"


def _operations(document: dict[str, Any]) -> Iterator[str]:
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield from _operation(document, f"{method.upper()} {path}", item[method])


def _operation(document: dict[str, Any], name: str, told: dict[str, Any]) -> Iterator[str]:
    yield from (f"## `{name}`", "", f"{told['summary']}. For {_who(document, told)}.", "")
    if text := told.get("description"):
        yield from (text, "")
    rows = [_parameter(_resolved(document, one)) for one in told.get("parameters", ())]
    rows += list(_body(told))
    if rows:
        yield from ("| | in | | |", "|---|---|---|---|", *rows, "")
    yield from ("| answer | |", "|---|---|")
    for status, answer in told["responses"].items():
        yield f"| {status} | {_cell(_resolved(document, answer).get('description', ''))}{_answered(document, answer)} |"
    yield ""


def _who(document: dict[str, Any], told: dict[str, Any]) -> str:
    ways = [_PARTS.get(next(iter(one), ""), "everybody") for one in told.get("security", document["security"])]
    if "storefront" in told.get("tags", ()):
        ways = [
            "the shop's own pages (publishable key, registered origin)",
            *(way for way in ways if way != "everybody"),
        ]
    return ", or ".join(dict.fromkeys(ways)) or "everybody"


def _parameter(told: dict[str, Any]) -> str:
    needed = "required" if told.get("required") else ""
    return (
        f"| `{told['name']}` | {told['in']} | {needed} | {_cell(told.get('description', ''))} {_form(told['schema'])} |"
    )


def _body(told: dict[str, Any]) -> Iterator[str]:
    for kind, content in told.get("requestBody", {}).get("content", {}).items():
        yield f"| body | {kind} | | {_form(content.get('schema', {}))} |"


def _answered(document: dict[str, Any], answer: dict[str, Any]) -> str:
    found = [_form(content.get("schema", {})) for content in _resolved(document, answer).get("content", {}).values()]
    return "".join(f" {one}" for one in found if one and "Problem" not in one)


def _schemas(document: dict[str, Any]) -> Iterator[str]:
    for name, schema in document["components"]["schemas"].items():
        yield from (f"### {name}", "")
        if text := schema.get("description"):
            yield from (text, "")
        rows = [_field(field, told, schema) for field, told in schema.get("properties", {}).items()]
        if rows:
            yield from ("| field | | |", "|---|---|---|", *rows, "")


def _field(name: str, told: dict[str, Any], schema: dict[str, Any]) -> str:
    optional = "" if name in schema.get("required", ()) else "may be missing. "
    return f"| `{name}` | {_form(told)} | {optional}{_cell(told.get('description', ''))} |"


def _form(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return " ".join(f"`{'null' if one is None else one}`" for one in schema["enum"])
    if many := schema.get("anyOf") or schema.get("oneOf"):
        return " or ".join(filter(None, map(_form, many)))
    if schema.get("type") == "array":
        return f"list of {_form(schema.get('items', {})) or 'anything'}"
    kinds = schema.get("type", "")
    return " or ".join(kinds) if isinstance(kinds, list) else str(kinds)


def _resolved(document: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    found: Any = told
    while "$ref" in found:
        at: Any = document
        for part in found["$ref"].removeprefix("#/").split("/"):
            at = at[part]
        found = at
    return dict(found)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    REFERENCE.write_text(written(json.loads(OPENAPI.read_text(encoding="utf-8"))), encoding="utf-8")
    print(f"written: {REFERENCE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
