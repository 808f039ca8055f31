"""Who comes in through the partner API, and with what: the secret key, the parameters, the cursor."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import BotoCoreError, ClientError
from chalice import Blueprint, Response
from chalice.app import Request

from chalicelib import clock, keys, thin
from chalicelib.domain.shop import Shop
from chalicelib.routes.problems import Problem, answer, respond
from chalicelib.settings import settings
from chalicelib.table import base, shops
from chalicelib.work.log import logger
from chalicelib.work.read_views import Json, Page

USUAL_LIMIT, LARGEST_LIMIT = 20, 100
LONGEST_TEXT = 200
LARGEST_BODY = 64 * 1024
_LIMIT = re.compile(r"[1-9][0-9]{0,2}")
# What an unknown shop's key is compared with, so that it takes as long as a known one's.
_NOBODY = keys.hash_secret_key("")
_BUSY = (base.Trouble, base.Conflict, thin.Trouble, BotoCoreError, ClientError, OSError)


@dataclass(frozen=True)
class Asked:
    """A partner's request after the door: the shop whose key it is, path and query as plain text."""

    shop: Shop
    now: datetime
    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    listing: str = ""

    @property
    def limit(self) -> int:
        text = self.query.get("limit", str(USUAL_LIMIT))
        if not _LIMIT.fullmatch(text) or int(text) > LARGEST_LIMIT:
            raise Problem(400, f"is a whole number from 1 to {LARGEST_LIMIT}", "limit")
        return int(text)

    @property
    def cursor(self) -> Any:
        """Where the page before ended, or None. A cursor opens nothing but the list it was made for."""
        if "cursor" not in self.query:
            return None
        try:
            return keys.open_cursor(settings().master, self.shop.slug, self.query["cursor"], self.listing)
        except keys.BadToken:
            raise Problem(400, "is not a cursor of this list; start again without it", "cursor") from None

    def page(self, page: Page) -> Json:
        sealed = None
        if page.next is not None:
            sealed = keys.seal_cursor(settings().master, self.shop.slug, page.next, self.listing)
        return {"items": page.items, "next": sealed}


View = Callable[[Asked], Json | Response]


def partner(
    blueprint: Blueprint, path: str, method: str = "GET", query: tuple[str, ...] = (), status: int = 200
) -> Any:
    """Registers a route that only the shop's secret key opens. `query`: the parameters it knows. The view gets Asked
    and returns JSON."""

    def decorate(view: View) -> View:
        @blueprint.route(path, methods=[method], content_types=["*/*"], name=view.__name__)
        @wraps(view)
        def guarded(**given: str) -> Response:
            return _answered(view, blueprint.current_request, given, query, status)

        return view

    return decorate


def _answered(view: View, request: Request, given: dict[str, str], query: tuple[str, ...], status: int) -> Response:
    try:
        base.connect()
        shop = _shop(request.headers.get("authorization"))
        _no_body(request)
        found = view(_asked(shop, request, given, query))
        return found if isinstance(found, Response) else respond(status, found)
    except Problem as problem:
        return answer(problem)
    except _BUSY as trouble:
        logger.warning("busy", extra={"route": request.path, "reason": type(trouble).__name__})
        return answer(Problem(503, "Try again in a moment.", Retry_After="5"))
    except Exception:
        logger.exception("unforeseen", extra={"route": request.path})
        return answer(Problem(500))


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


def _no_body(request: Request) -> None:
    body = request.raw_body or b""
    if len(body) > LARGEST_BODY:
        raise Problem(413, f"at most {LARGEST_BODY} bytes")
    if body and not str(request.headers.get("content-type", "")).lower().startswith("application/json"):
        raise Problem(415, "Only application/json.")
    if body.strip() not in (b"", b"{}", b"null"):
        raise Problem(400, "Nothing is expected in the body.", "body")


def _asked(shop: Shop, request: Request, given: dict[str, str], known: tuple[str, ...]) -> Asked:
    query = _query(request.query_params or {}, known)
    # API Gateway hands the path on as it was sent.
    path = {name: unquote(value) for name, value in given.items()}
    if any(not 0 < len(value) <= LONGEST_TEXT for value in path.values()):
        raise Problem(404)
    filters = {name: value for name, value in query.items() if name not in ("limit", "cursor")}
    listing = json.dumps([request.path, path, filters], sort_keys=True)
    return Asked(shop, clock.now(), path, query, listing)


def _query(params: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name in sorted(params):
        values = params.getlist(name) if hasattr(params, "getlist") else [params[name]]
        if name not in known:
            asked = ", ".join(known) or "none"
            raise Problem(400, f"is not known here; known: {asked}", _field(name))
        if len(values) != 1 or not values[0]:
            raise Problem(400, "is given once and is not empty", name)
        if len(values[0]) > (keys.LONGEST_TOKEN if name == "cursor" else LONGEST_TEXT):
            raise Problem(400, "is too long", name)
        found[name] = values[0]
    return found


def _field(name: str) -> str:
    return "".join(ch for ch in name if ch.isprintable())[:60] or "query"
