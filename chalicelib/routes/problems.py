"""Errors as RFC 9457 problems: what is wrong, in which field, never what stood there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from chalice import Response

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Problem(Exception):
    """An answer that is no success. `field` names the parameter at fault, `line` counts from 1."""

    def __init__(
        self, status: int, detail: str = "", field: str | None = None, line: int | None = None, **headers: str
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.field, self.line, self.headers = status, detail, field, line, headers


def unknown(name: str, known: Iterable[str], where: str) -> Problem:
    """400 for a name that means nothing here, shown if it can be, else `where` it stood."""
    return Problem(400, f"is not known here; known: {', '.join(known) or 'none'}", shown(name) or where)


def shown(text: str) -> str:
    """What a caller wrote, short and without what could harm a terminal."""
    return "".join(ch for ch in text if ch.isprintable())[:60]


def answer(problem: Problem) -> Response:
    """The problem as a response."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
    }
    body |= {"detail": problem.detail} if problem.detail else {}
    body |= {"field": problem.field} if problem.field else {}
    body |= {"line": problem.line} if problem.line else {}
    headers = {name.replace("_", "-"): value for name, value in problem.headers.items()}
    return respond(problem.status, body, {"Content-Type": "application/problem+json", **headers})


def respond(status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    """JSON, never cached, in UTF-8."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, {"Content-Type": "application/json", **_HEADERS, **(headers or {})}, status)
