"""Writes docs/reference.md, the API's reference, from the OpenAPI document: `python -m infra.reference`."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.schema_words import cell, form, limits, resolved, table

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
    if rows := [_parameter(resolved(document, one)) for one in told.get("parameters", ())]:
        yield from ("| | in | | |", "|---|---|---|---|", *rows, "")
    yield from _body(document, told)
    yield from _curl(document, name, told)
    yield from ("| answer | |", "|---|---|")
    for status, answer in told["responses"].items():
        yield f"| {status} | {cell(resolved(document, answer).get('description', ''))}{_answered(document, answer)} |"
    yield ""
    for status, answer in told["responses"].items():
        for content in resolved(document, answer).get("content", {}).values():
            yield from table(document, content.get("schema", {}), f"`{status}`, field by field:")


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
    kind = f"{form(told['schema'])}{limits(told['schema'])}"
    return f"| `{told['name']}` | {told['in']} | {needed} | {cell(told.get('description', ''))} {kind} |"


def _body(document: dict[str, Any], told: dict[str, Any]) -> Iterator[str]:
    for kind, content in told.get("requestBody", {}).get("content", {}).items():
        schema = content.get("schema", {})
        says = [told["requestBody"].get("description", ""), schema.get("description", ""), form(schema)]
        yield from (" ".join(filter(None, [f"Body `{kind}`:", *says])), "")
        yield from table(document, schema)


def _curl(document: dict[str, Any], name: str, told: dict[str, Any]) -> Iterator[str]:
    """How it is called from a shell, where that takes more than the address: with a body, or with a page's key."""
    method, path = name.split(" ")
    example = told.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
    of_pages = "storefront" in told.get("tags", ())
    if not path.startswith("/v1/") or (example is None and not of_pages):
        return
    header = "Origin: https://acme.test" if of_pages else "Authorization: Bearer $KEY"
    words = [f'curl -X {method} "$API{_asked(document, path, told)}" -H "{header}"']
    if example is not None:
        body = shlex.quote(json.dumps(example, ensure_ascii=False, indent=2))
        words += ['-H "Content-Type: application/json"', f"-d {body}"]
    yield from ("```sh", " ".join(words), "```", "")


def _asked(document: dict[str, Any], path: str, told: dict[str, Any]) -> str:
    """Path and query, of the parameters' examples."""
    asked = [resolved(document, one) for one in told.get("parameters", ())]
    given = {
        where: {one["name"]: one["example"] for one in asked if one["in"] == where and "example" in one}
        for where in ("path", "query")
    }
    query = "&".join(
        f"{name}={','.join(value) if isinstance(value, list) else value}" for name, value in given["query"].items()
    )
    return path.format(**given["path"]) + ("?" if query else "") + query


def _answered(document: dict[str, Any], answer: dict[str, Any]) -> str:
    found = [form(content.get("schema", {})) for content in resolved(document, answer).get("content", {}).values()]
    return "".join(f" {one}" for one in found if one and "Problem" not in one)


def _schemas(document: dict[str, Any]) -> Iterator[str]:
    for name, schema in document["components"]["schemas"].items():
        yield from (f"### {name}", "")
        if text := schema.get("description"):
            yield from (text, "")
        if "properties" not in schema:
            yield from (f"{form(schema)}{limits(schema)}", "")
        yield from table(document, schema)
        for example in schema.get("examples", ()):
            yield from ("```json", json.dumps(example, ensure_ascii=False, indent=2), "```", "")


def main() -> int:
    REFERENCE.write_text(written(json.loads(OPENAPI.read_text(encoding="utf-8"))), encoding="utf-8")
    print(f"written: {REFERENCE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
