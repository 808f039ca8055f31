"""A shop hands us the key to its API: by WooCommerce's consent page, or by Saleor's installation of our app.

Neither signs what it sends. What is believed comes with a one-time token from somebody who may start this, and works at
the address that was registered for the shop: nothing in the request says where we ask.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib import directory
from chalicelib.domain.shop import SLUG, Shop
from chalicelib.domain.times import moment, stamp
from chalicelib.platforms import texts
from chalicelib.platforms.saleor.manifest import manifest
from chalicelib.platforms.shop_api import Asks, Denied, Link, Trouble
from chalicelib.safe_http import LARGEST_ANSWER, Answer, Client, Refused, Unreachable
from chalicelib.settings import Settings
from chalicelib.table import base, connections, shops
from chalicelib.work import access
from chalicelib.work.log import logger

LIFE = timedelta(minutes=30)
HOLD = timedelta(seconds=20)  # longer than the function that answers may run
LARGEST_BODY = 16 * 1024
_SECONDS = 7.0  # and this shorter: for all that we ask the shop meanwhile
_KEY = re.compile(r"[!-~]{10,500}")
_NOBODY = "nobody"
_NO_HASH = hashlib.sha256(b"").hexdigest()


class Unknown(Exception):
    """Nobody waits for this: unknown shop, wrong, used or expired token."""


class Turned(Exception):
    """It was looked at and not taken; nothing changed. `code` is a word, `remedy` a sentence for the owner."""

    def __init__(self, code: str, remedy: str) -> None:
        super().__init__(code)
        self.code, self.remedy = code, remedy


@dataclass(frozen=True, slots=True)
class State:
    """`word`: none | waiting | refused | granted. `reason`: of a refusal, a sentence for the owner."""

    word: str
    reason: str = ""
    expires_at: str = ""


def expect(shop_slug: str, platform: str, now: datetime) -> str:
    """A token with which the shop may hand over its key within half an hour, once. Earlier ones end."""
    token = secrets.token_urlsafe(32)
    expected = connections.Expected(platform, stamp(now + LIFE), _hash(token))
    connections.start(shop_slug, expected)
    return token


def state(shop_slug: str) -> State:
    """What came of it so far."""
    held = connections.read(shop_slug)
    return State(held[0].state, held[0].reason, held[0].expires_at) if held else State("none")


def saleor_manifest(slug: str, token: str, schema_version: str, public_url: str, now: datetime) -> dict[str, Any]:
    """What Saleor installs; it reads it more than once. `public_url`: where we are reached. Raises Unknown."""
    from chalicelib.work import coupons_used

    _held(slug, "saleor", token, now)
    coupons = coupons_used.made_by_shop(_shop(slug, "saleor"))
    return manifest(public_url, slug, token, schema_version, coupons)


def take_woocommerce(
    slug: str, token: str, body: bytes, now: datetime, settings: Settings, http: Asks | None = None
) -> None:
    """Keys that the owner granted on the shop's own page, as `wc-auth` posts them. Raises Unknown or Turned."""

    def take(shop: Shop) -> Shop:
        from chalicelib.platforms.woocommerce import api

        given = api.granted(body)
        api.facts(api.login(_link(shop, given, settings, http)))
        return replace(shop, access=access.seal(settings.master, slug, given))

    _taken(slug, "woocommerce", token, now, take)


def take_saleor(
    slug: str,
    token: str,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    settings: Settings,
    put: Callable[[str, bytes], None],
    http: Asks | None = None,
) -> None:
    """The token that Saleor made for our app, checked by calling the API back. `headers` have lower-case names; `put`
    writes into the bucket. Raises Unknown or Turned."""

    def take(shop: Shop) -> Shop:
        from chalicelib.platforms.saleor import api

        said = headers.get("saleor-api-url", "")
        if not api.same_address(said, shop.api_url or ""):
            name = texts.web_address(said[:200]) or "something that is no address"
            raise Turned("another_shop", f"{slug} was registered at {shop.api_url}, and this shop calls itself {name}")
        link = _link(shop, {"token": _text(_object(body), "auth_token")}, settings, http)
        api.confirm(link, slug)
        keys = api.jwks(link)
        return replace(shop, access=access.seal(settings.master, slug, link.credentials), jwks=keys)

    _taken(slug, "saleor", token, now, take, lambda: _publish(slug, put))


def _taken(
    slug: str,
    platform: str,
    token: str,
    now: datetime,
    take: Callable[[Shop], Shop],
    after: Callable[[], None] = lambda: None,
) -> None:
    """`take` makes the shop that has the key, or raises. One at a time: whoever comes second finds the token held."""
    held, rev = _held(slug, platform, token, now)
    shop = _shop(slug, platform)
    try:
        rev = connections.write(slug, replace(held, held_until=stamp(now + HOLD)), rev)
    except base.Conflict:
        raise Unknown from None
    try:
        _store(shop, take(shop))
    except (Turned, Denied, Trouble, Refused, Unreachable, access.NotConnected) as why:
        turned = _turned(why)
        _conclude(slug, replace(held, state="refused", reason=turned.remedy), rev)
        logger.info("connection refused", extra={"shop": slug, "platform": platform, "reason": turned.code})
        raise turned from None
    after()
    _conclude(slug, replace(held, state="granted", reason="", token_hash=""), rev)
    logger.info("connected", extra={"shop": slug, "platform": platform})


def _conclude(slug: str, expected: connections.Expected, rev: int) -> None:
    with suppress(base.Conflict):  # somebody waits anew meanwhile: that is what counts now
        connections.write(slug, replace(expected, held_until=""), rev)


def _held(slug: str, platform: str, token: str, now: datetime) -> tuple[connections.Expected, int]:
    """What is expected, if this token opens it now. Every refusal costs one read and one hash."""
    found = connections.read(slug if SLUG.fullmatch(slug) else _NOBODY)
    right = hmac.compare_digest(_hash(token), found[0].token_hash or _NO_HASH if found else _NO_HASH)
    if not (found and right and token and found[0].platform == platform):
        raise Unknown
    expected, rev = found
    if now >= moment(expected.expires_at) or (expected.held_until and now < moment(expected.held_until)):
        raise Unknown
    return expected, rev


def _shop(slug: str, platform: str) -> Shop:
    shop = shops.get(slug)
    if shop is None or shop.platform != platform or shop.state == "off":
        raise Unknown
    return shop


def _store(looked_at: Shop, made: Shop) -> None:
    """Only what was handed over changes. An owner who meanwhile registered another address meant another shop."""

    def with_key(shop: Shop | None) -> Shop:
        if shop is None or shop.api_url != looked_at.api_url or shop.state == "off":
            raise Turned("changed", "the shop was changed meanwhile: start again")
        return replace(shop, access=made.access, jwks=made.jwks)

    shops.change(looked_at.slug, with_key)


def _publish(slug: str, put: Callable[[str, bytes], None]) -> None:
    """The door has to know the shop's public keys. Where the bucket fails it asks for them at the first delivery."""
    from chalicelib.work.public_keys import every_shop  # and with it much that only the fetcher needs

    try:
        directory.publish(every_shop, put)
    except Exception as error:  # whatever is wrong out there, the shop is connected
        logger.warning("directory not published", extra={"shop": slug, "error": type(error).__name__})


def _turned(why: Exception) -> Turned:
    match why:
        case Turned():
            return why
        case Denied():
            return Turned(why.code, why.remedy)
        case Trouble():
            return Turned("trouble", f"the shop could not answer us ({why.reason}): try again")
        case Unreachable():
            return Turned("unreachable", f"we could not ask the shop back: {why.reason}")
        case access.NotConnected():
            return Turned("no_address", why.remedy)
    return Turned("refused", f"we never speak to this address: {why}")


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise Turned("not_json", "the shop sent something that is no JSON object")
    return said


def _text(said: dict[str, Any], name: str) -> str:
    text = said.get(name)
    if not isinstance(text, str) or not _KEY.fullmatch(text):
        raise Turned("no_key", f"the shop sent no usable {name}")
    return text


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _link(shop: Shop, credentials: Mapping[str, str], settings: Settings, http: Asks | None) -> Link:
    return access.link(shop, credentials, settings, http or _Hurried(settings.local))


class _Hurried:
    """Asks a shop while it waits for our own answer: all questions together have a few seconds."""

    def __init__(self, local: bool) -> None:
        self._local, self._until = local, time.monotonic() + _SECONDS

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        most: int = LARGEST_ANSWER,
    ) -> Answer:
        left = self._until - time.monotonic()
        if left <= 0:
            raise Unreachable("the shop is too slow")
        return Client(local=self._local, patience=0.0, total=left).ask(
            method, url, headers=headers, body=body, most=most
        )
