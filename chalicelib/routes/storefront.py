"""The storefront's door: a publishable key says which shop, the page's origin must be one of the shop's, a customer
token says who. What it opens stands in a browser, so every answer says who may read it and for how long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from hmac import compare_digest
from ipaddress import IPv6Address
from typing import Any

from chalice import Blueprint, Response
from chalice.app import Request

from chalicelib import clock, keys
from chalicelib.domain.shop import Shop, old_identity
from chalicelib.routes import refusals
from chalicelib.routes.limits import Limit, Limiter
from chalicelib.routes.problems import Problem
from chalicelib.routes.safely import safely
from chalicelib.settings import settings
from chalicelib.work import known_shops

PREFLIGHT_KEPT = "86400"  # seconds, as long as browsers take it
# A page asks once or twice; a school or an office behind one address asks for many.
_ADDRESSES = Limiter(Limit(burst=300, per_minute=1800))


@dataclass(frozen=True, slots=True)
class Visit:
    """A request from a page of the shop. `account`: the platform's id of who is logged in there, as the shop's own
    server says; None: nobody, as far as we are told. `preview`: the page is being made, nothing counts."""

    shop: Shop
    now: datetime
    origin: str | None = None
    account: str | None = None
    preview: bool = False
    address: str = ""


View = Callable[[Request], Response]


def storefront(blueprint: Blueprint, path: str, method: str) -> Any:
    """Registers a route that pages call: also answers the browser's preflight. The view gets the request and raises
    Problem; whatever it answers is readable for the page that asked and for no other."""

    def decorate(view: View) -> View:
        @blueprint.route(path, methods=[method, "OPTIONS"], content_types=["*/*"], name=view.__name__)
        @wraps(view)
        def guarded() -> Response:
            request = blueprint.current_request
            asks = request.method == "OPTIONS"
            response = _preflight(method) if asks else safely(request.path, lambda: view(request))
            response.headers.update(_for_page(request.headers.get("origin")))
            return response

        return view

    return decorate


def _preflight(method: str) -> Response:
    """Says what may be asked, not by whom: a preflight names no shop. What follows is judged by its key and origin."""
    headers = {
        "Access-Control-Allow-Methods": method,
        "Access-Control-Allow-Headers": "authorization,content-type",
        "Access-Control-Max-Age": PREFLIGHT_KEPT,
    }
    return Response("", headers, 204)


def _for_page(origin: str | None) -> dict[str, str]:
    """The page that asked may read the answer, a refusal too: else its maker sees nothing but "CORS error". No cookie
    counts here, so that nobody can be made to ask in another's name."""
    told = {"Vary": "Origin, Authorization", "X-Content-Type-Options": "nosniff"}
    if not origin or not (origin == refusals.NO_ORIGIN or refusals.is_origin(origin)):
        return told
    return {**told, "Access-Control-Allow-Origin": origin, "Access-Control-Expose-Headers": "ETag,Retry-After"}


def visit(request: Request, key: str | None, token: str | None = None, *, beacon: bool = False) -> Visit:
    """Who asks, for which shop. `token`: a customer token, else the one of the Authorization header counts. A `beacon`
    comes from a browser, and hears no answer: where its token has run out meanwhile, it is nobody's. Raises Problem:
    401 for a key or a token that is not the shop's, 403 for a page that is not, 429."""
    now = clock.now()
    address = _address(request)
    _ADDRESSES.take(now, address)
    shop, preview = _shop(key, now)
    origin = request.headers.get("origin")
    if not preview:
        _its_own_page(shop, origin, beacon)
    found = token if token is not None else _bearer(request)
    account = _account(shop, found, now, beacon) if found is not None else None
    return Visit(shop, now, origin, account, preview, address)


def _shop(key: str | None, now: datetime) -> tuple[Shop, bool]:
    """The shop, and whether the key is its test key. A shop that is not there and a wrong key answer alike."""
    refusals.no_secret(key or "")
    slug = keys.shop_of_key(key or "")
    preview = bool(key) and str(key).startswith("tk_")
    master = settings().master
    right = keys.test_key(master, slug or "nobody") if preview else keys.publishable_key(master, slug or "nobody")
    is_ours = key and slug and compare_digest(key.encode("utf-8", "replace"), right.encode())
    # Nothing is read for a key that anybody could have made up.
    shop = known_shops.get(slug, now) if is_ours and slug else None
    if shop is None:
        raise Problem(401, refusals.no_shop(key or ""), "key")
    if shop.state == "off":
        raise Problem(403, "This shop is switched off.")
    return shop, preview


def _its_own_page(shop: Shop, origin: str | None, needs_origin: bool) -> None:
    """A server that asks sends no origin; a browser always does where it matters."""
    if origin is None and not needs_origin:
        return
    if origin not in shop.origins:
        raise Problem(403, refusals.no_page(origin))


def _bearer(request: Request) -> str | None:
    scheme, _, token = (request.headers.get("authorization") or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _account(shop: Shop, token: str, now: datetime, beacon: bool) -> str | None:
    before = old_identity(shop, now)
    newest, old = _identity(shop, shop.identity_generation), _identity(shop, before) if before else None
    try:
        return keys.open_customer_token(newest, token, shop.slug, now, old)
    except keys.BadToken as bad:
        if beacon and str(bad) == keys.EXPIRED:
            return None
        raise Problem(401, f"This customer token does not open anything: {bad}.", "token") from None


def _identity(shop: Shop, generation: int) -> str:
    return keys.identity_secret(settings().master, shop.slug, generation)


def _address(request: Request) -> str:
    """Where the request comes from, as the gateway saw it: what a header says of it anybody may have written."""
    found = (request.context or {}).get("identity") or {}
    return place(str(found.get("sourceIp") or ""))


def place(address: str) -> str:
    """What counts as one place: an IPv4 address, or a whole /64 of IPv6, since every home has that many (RFC 6177)."""
    try:
        found = IPv6Address(address)
    except ValueError:
        return address
    return str(found.ipv4_mapped or IPv6Address(int(found) >> 64 << 64))
