"""A platform that signs with a key pair may change it: then its public keys are fetched again, from its own address."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from chalicelib import directory, safe_http
from chalicelib.domain.shop import Shop
from chalicelib.domain.sync import Sync
from chalicelib.domain.times import moment, stamp
from chalicelib.platforms.shop_api import Denied, Trouble
from chalicelib.table import base, shops, sync
from chalicelib.work.access import NotConnected
from chalicelib.work.log import logger
from chalicelib.work.talk import Outside

# Anybody can name a key that we do not know: that must not become a way to make us ask again and again.
AT_MOST_EVERY = timedelta(seconds=60)
TASK = "keys"


def renew(shop: Shop, outside: Outside) -> bool:
    """Whether the shop has other keys now. Asks at most once a minute."""
    if not _first_in_a_while(shop, outside):
        return False
    try:
        api, link = outside.reach(shop)
        fresh: str = api.jwks(link)
    except (NotConnected, Denied, Trouble, safe_http.Refused, safe_http.Unreachable, AttributeError) as error:
        logger.warning("keys not renewed", extra={"shop": shop.slug, "reason": type(error).__name__})
        return False
    if fresh != shop.jwks:
        retired = {"retired_jwks": shop.jwks, "retired_jwks_at": stamp(outside.now())}
        shops.change(shop.slug, lambda old: replace(old or shop, jwks=fresh, **retired))
    # Even if nothing is new: whoever fetched them before may have died before the door was told.
    directory.publish(every_shop, outside.put)
    return fresh != shop.jwks


def every_shop() -> list[Shop]:
    return [shop for shop in map(shops.get, shops.all_slugs()) if shop]


def _first_in_a_while(shop: Shop, outside: Outside) -> bool:
    now, held = outside.now(), sync.read(shop.slug, TASK)
    last = held.sync.updated_at if held else None
    if last and now - moment(last) < AT_MOST_EVERY:
        return False
    try:
        sync.write(shop.slug, held or sync.Held(Sync(TASK)), Sync(TASK, updated_at=stamp(now)), None, now)
    except base.Conflict:
        return False
    return True
