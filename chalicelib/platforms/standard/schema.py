"""The published JSON Schema of a standard body, and its refusals in words that name the field."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import fastjsonschema

from chalicelib.domain.events import Unreadable

FILE = Path(__file__).with_name("schema.json")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,40}")
_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "array": "a list",
    "object": "an object",
    "boolean": "true or false",
}


def check(body: dict[str, Any]) -> None:
    """Raises Unreadable with the first field that is not in our words."""
    try:
        _validator()(body)
    except fastjsonschema.JsonSchemaValueException as refusal:
        field, reason = _explained(refusal)
        raise Unreadable(reason, field) from None


@cache
def _validator() -> Callable[[dict[str, Any]], Any]:
    compiled: Callable[[dict[str, Any]], Any] = fastjsonschema.compile(json.loads(FILE.read_text()), use_formats=False)
    return compiled


def _explained(refusal: Any) -> tuple[str, str]:
    """(field, reason) without anything the body says, except a misspelt word of ours."""
    field = refusal.name.removeprefix("data").removeprefix(".")
    rule, wanted = refusal.rule, refusal.rule_definition
    if rule == "required":
        return _inside(field, next(word for word in wanted if word not in refusal.value)), "is missing"
    if rule == "additionalProperties":
        return _inside(field, _unknown(refusal)), "is not one of our words (your own begin with x_)"
    if rule == "type":
        kinds = [wanted] if isinstance(wanted, str) else wanted
        return field, "should be " + " or ".join(_KINDS.get(kind, kind) for kind in kinds)
    if rule == "enum":
        return field, "should be one of " + ", ".join("null" if word is None else word for word in wanted)
    if rule in ("maxLength", "maxItems"):
        return field, f"is longer than {wanted}"
    return field, "is out of range" if rule in ("minimum", "maximum", "minLength") else "is not in the right form"


def _unknown(refusal: Any) -> str:
    known = refusal.definition["properties"]
    words = (word for word in refusal.value if word not in known and not word.startswith("x_"))
    word = next(words, "")
    return word if _WORD.fullmatch(word) else "?"


def _inside(field: str, word: str) -> str:
    return f"{field}.{word}" if field else word
