"""The partner API's door: the shop's secret key opens it, and whatever goes wrong behind it becomes a problem."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from chalice import Blueprint, Response
from chalice.app import Request

from chalicelib import keys
from chalicelib.domain.shop import Shop
from chalicelib.routes import asked
from chalicelib.routes.asked import Asked
from chalicelib.routes.problems import Problem, respond
from chalicelib.routes.safely import safely
from chalicelib.table import shops
from chalicelib.work.read_views import Json

LARGEST_BODY = 64 * 1024
_HALF = re.compile(rb"\\ud[89a-f]", re.IGNORECASE)
# What an unknown shop's key is compared with, so that it takes as long as a known one's.
_NOBODY = keys.hash_secret_key("")


View = Callable[[Asked], Json | Response]


def partner(
    blueprint: Blueprint,
    path: str,
    method: str = "GET",
    query: tuple[str, ...] = (),
    status: int = 200,
    takes: bool = False,
) -> Any:
    """Registers a route that only the shop's secret key opens. `query`: the parameters it knows. `takes`: a JSON object
    is expected in the body. The view gets Asked and returns JSON."""

    def decorate(view: View) -> View:
        @blueprint.route(path, methods=[method], content_types=["*/*"], name=view.__name__)
        @wraps(view)
        def guarded(**given: str) -> Response:
            return _answered(view, blueprint.current_request, given, query, status, takes)

        return view

    return decorate


def _answered(
    view: View, request: Request, given: dict[str, str], query: tuple[str, ...], status: int, takes: bool
) -> Response:
    def do() -> Response:
        shop = _shop(request.headers.get("authorization"))
        body = _taken(request) if takes else _no_body(request)
        found = view(replace(asked.read(shop, request, given, query), body=body))
        return found if isinstance(found, Response) else respond(status, found)

    return safely(request.path, do)


def _shop(authorization: str | None) -> Shop:
    """The shop whose secret key this is. An unknown shop takes as long as a wrong key."""
    scheme, _, key = (authorization or "").partition(" ")
    slug = keys.shop_of_key(key.strip()) if scheme.lower() == "bearer" else None
    shop = shops.get(slug or "nobody")
    is_theirs = keys.is_secret_key(key.strip(), shop.secret_key_hash if shop and slug else _NOBODY)
    if not (shop and slug and is_theirs):
        raise Problem(401, "Send the shop's secret key: Authorization: Bearer sk_…", WWW_Authenticate="Bearer")
    if shop.state == "off":
        raise Problem(403, "This shop is switched off.")
    return shop


def _no_body(request: Request) -> dict[str, Any]:
    if _raw(request).strip() not in (b"", b"{}", b"null"):
        raise Problem(400, "Nothing is expected in the body.", "body")
    return {}


def _taken(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(_raw(request))
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise Problem(400, "should be a JSON object", "body")
    if _HALF.search(_raw(request)) and not _whole(body):
        raise Problem(400, r"has half of a character (\ud800 to \udfff by itself)", "body")
    return body


def _whole(body: dict[str, Any]) -> bool:
    """Whether everything in it can be written down: JSON can name halves of characters, UTF-8 has none."""
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _raw(request: Request) -> bytes:
    body: bytes = request.raw_body or b""
    if len(body) > LARGEST_BODY:
        raise Problem(413, f"at most {LARGEST_BODY} bytes")
    if body and not str(request.headers.get("content-type", "")).lower().startswith("application/json"):
        raise Problem(415, "Only application/json.")
    return body
