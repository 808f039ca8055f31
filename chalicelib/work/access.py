"""What lets us into a shop's own API: sealed in the shop's row, opened only where the shop is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from types import ModuleType

from chalicelib import clock, keys, platforms
from chalicelib.domain.shop import Shop
from chalicelib.platforms.shop_api import Asks, Link
from chalicelib.safe_http import Client
from chalicelib.settings import Settings

# Where a sealed secret belongs is part of its seal; no platform has a topic of this name.
PLACE = "access"
# A worker has two minutes: a shop that is slower than this is asked for less.
ANSWER_SECONDS = 22.0


class NotConnected(Exception):
    """The shop cannot be asked. `remedy`: a sentence for the owner."""

    def __init__(self, remedy: str) -> None:
        super().__init__(remedy)
        self.remedy = remedy


def seal(master: bytes, slug: str, credentials: Mapping[str, str]) -> str:
    """Credentials as they are stored: of no use without the master, or in another shop's row."""
    return keys.seal_secret(master, slug, PLACE, json.dumps(dict(credentials), sort_keys=True))


def opened(master: bytes, shop: Shop) -> dict[str, str]:
    """The shop's credentials; empty where there are none. Raises BadToken: sealed under another master."""
    return dict(json.loads(keys.open_secret(master, shop.slug, PLACE, shop.access))) if shop.access else {}


def link(shop: Shop, credentials: Mapping[str, str], settings: Settings, http: Asks | None = None) -> Link:
    """How the shop is reached with these credentials. Raises NotConnected without an address."""
    if not shop.api_url:
        raise NotConnected(f"the address of {shop.slug} is not known: connect it with its --url")
    return Link(shop.api_url.rstrip("/"), dict(credentials), http or _client(settings.local), clock.now, settings.local)


def reach(shop: Shop, settings: Settings, http: Asks | None = None) -> tuple[ModuleType, Link]:
    """The platform's `api` and a link that is logged in. Raises NotConnected and whatever `login` raises."""
    api = platforms.load_api(shop.platform)
    if api is None:
        raise NotConnected(f"{shop.platform} shops cannot be asked: they send everything by themselves")
    try:
        credentials = opened(settings.master, shop)
    except keys.BadToken:
        raise NotConnected("its credentials were sealed under another master: connect the shop again") from None
    if not credentials:
        raise NotConnected(f"we have no key to the API of {shop.slug}: `python -m webhooks connect --shop {shop.slug}`")
    return api, api.login(link(shop, credentials, settings, http))


@lru_cache(maxsize=2)
def _client(local: bool) -> Client:
    """One of a process: its connections are kept."""
    return Client(local=local, total=ANSWER_SECONDS)
