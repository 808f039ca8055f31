"""What stands in a partner's JSON body, one field at a time; every refusal names the field."""

from __future__ import annotations

from typing import Any

from chalicelib.routes.asked import LONGEST_TEXT, Asked
from chalicelib.routes.problems import Problem, unknown


def known(asked: Asked, names: tuple[str, ...]) -> dict[str, Any]:
    """The body, if it says nothing but this. Raises Problem, as all of these do."""
    if strange := sorted(asked.body.keys() - set(names)):
        raise unknown(strange[0], names, "body")
    return asked.body


def text(body: dict[str, Any], name: str) -> str:
    """A text that must be there."""
    found = body.get(name)
    if not isinstance(found, str) or not found.strip():
        raise Problem(400, "should be a text and not empty", name)
    return found


def optional(body: dict[str, Any], name: str) -> str | None:
    """A short text, or nothing."""
    found = body.get(name)
    if found is not None and (not isinstance(found, str) or not 0 < len(found) <= LONGEST_TEXT):
        raise Problem(400, "should be a short text", name)
    return found


def flag(body: dict[str, Any], name: str, usual: bool | None = None) -> bool:
    """True or false; `usual` where nothing is said."""
    found = body.get(name, usual)
    if not isinstance(found, bool):
        raise Problem(400, "should be true or false", name)
    return found
