"""The shop directory: which shops there are and what proves that a delivery is theirs, in one S3 object, so that accept
never needs the table.

The secrets that shops brought along stand in it sealed under the master (`keys.seal_secret`), as they do in the table:
whoever may read or even write the bucket can forge nothing.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from chalicelib.domain.shop import Shop
from chalicelib.keys import BadToken, open_secret, webhook_secret

KEY = "directory.json"
VERSION = 1
FRESH_SECONDS = 60.0
RETRY_SECONDS = 5.0
LONGEST_MOMENT = 30
_published = 0  # how often this process published: its own readers look again at once


class NeverLoaded(Exception):
    """The directory could not be read, and never was: nothing can be said about any shop."""


class Absent(Exception):
    """There is no directory yet: no shop was ever added. What `fetch` raises for a missing object."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What accept has to know of a shop. Generations from `oldest` to `newest` are live."""

    platform: str
    state: str
    oldest: int = 1
    newest: int = 1
    secrets: dict[str, list[str]] = field(default_factory=dict, repr=False)
    jwks: str = ""
    pings: str = ""  # until this moment somebody waits for the shop's hello

    def candidates(self, master: bytes, shop: str, topics: Iterable[str]) -> list[str]:
        """Every secret that may have signed one of these topics, the likeliest first. `*` is a topic of its own."""
        topics = list(topics)
        derived = [
            webhook_secret(master, shop, topic, generation)
            for generation in range(self.newest, self.oldest - 1, -1)
            for topic in topics
        ]
        places = dict.fromkeys([*topics, "*"]) if self.secrets else ()
        return derived + [secret for topic in places for secret in self._supplied(master, shop, topic)]

    def _supplied(self, master: bytes, shop: str, topic: str) -> Iterable[str]:
        for sealed in self.secrets.get(topic, []):
            with suppress(BadToken):  # sealed under another master, or for another place
                yield open_secret(master, shop, topic, sealed)


def entry(shop: Shop) -> Entry:
    """The part of a shop that stands in the directory."""
    secrets = {topic: list(secrets) for topic, secrets in shop.supplied_secrets.items()}
    pings = shop.pings_until if len(shop.pings_until) <= LONGEST_MOMENT else ""
    return Entry(shop.platform, shop.state, shop.oldest_generation, shop.secret_generation, secrets, shop.jwks, pings)


def text_of(shops: Iterable[Shop]) -> bytes:
    """The directory of these shops, as it lies in S3. Equal shops give equal bytes."""
    found = {shop.slug: entry(shop) for shop in shops}
    plain = {
        slug: {
            "platform": one.platform,
            "state": one.state,
            "oldest": one.oldest,
            "newest": one.newest,
            **({"secrets": one.secrets} if one.secrets else {}),
            **({"jwks": one.jwks} if one.jwks else {}),
            **({"pings": one.pings} if one.pings else {}),
        }
        for slug, one in found.items()
    }
    return json.dumps({"v": VERSION, "shops": plain}, sort_keys=True, separators=(",", ":")).encode()


def publish(load: Callable[[], Iterable[Shop]], put: Callable[[str, bytes], None]) -> None:
    """Write the directory of all shops that `load` finds. Looks again afterwards: of two commands at the same time, the
    one that wrote last may have read first."""
    global _published
    for _ in range(5):
        text = text_of(load())
        put(KEY, text)
        _published += 1
        if text_of(load()) == text:
            return


class Directory:
    """A reader with a memory: fresh for a minute, stale where S3 fails, asked again at most every five seconds."""

    def __init__(self, fetch: Callable[[str], bytes], seconds: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._seconds = fetch, seconds
        self._shops: dict[str, Any] | None = None
        self._loaded = self._tried = float("-inf")
        self._edition = -1
        self._one_at_a_time = threading.Lock()

    def find(self, shop: str) -> Entry | None:
        """The shop's entry; None for an unknown one, after asking again. Raises NeverLoaded."""
        if self._seconds() - self._loaded >= FRESH_SECONDS or self._edition != _published:
            self.refresh()
        if shop not in (self._shops or {}):
            self.refresh()
        if self._shops is None:
            raise NeverLoaded
        found = self._shops.get(shop)
        return Entry(**found) if found else None

    def refresh(self) -> bool:
        """Ask S3, unless that was done in the last five seconds. Whether there is news; errors change nothing."""
        with self._one_at_a_time:
            return self._refresh()

    def _refresh(self) -> bool:
        if self._seconds() - self._tried < RETRY_SECONDS and self._edition == _published:
            return False
        self._tried, self._edition, before = self._seconds(), _published, self._shops
        try:
            self._shops = _parsed(self._fetch(KEY))
        except Absent:
            self._shops = {}
        except Exception:  # whatever is wrong out there, the old directory is better than none
            return False
        self._loaded = self._tried
        return self._shops != before


def _parsed(text: bytes) -> dict[str, Any]:
    raw = json.loads(text)
    if raw["v"] != VERSION:
        raise ValueError("another version of the directory")
    for found in raw["shops"].values():
        Entry(**found)
    return dict(raw["shops"])
