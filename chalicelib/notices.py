"""What the door noticed beside its deliveries, told in few words to whoever can act on it: refused signatures, and keys
that it does not know.

Counted in memory and written to S3 at most every ten seconds, however much is refused: whoever tries secrets makes
little work. When it is written depends on the time alone, and something is written even where nothing was noted, so
that the time an answer takes says nothing about which shops there are.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chalicelib.domain.shop import SLUG
from chalicelib.domain.times import stamp

PREFIX = "notices/"
# What has nothing to tell is written here again and again, and read by nobody.
NOTHING = PREFIX + "nothing"
EVERY_SECONDS = 10.0
MOST_SHOPS = 1000


@dataclass
class Tally:
    """`refused`: shop -> deliveries that none of its secrets signed. `keys`: shops whose delivery names a public key
    that we do not hold."""

    refused: Counter[str] = field(default_factory=Counter)
    keys: set[str] = field(default_factory=set)

    def add(self, other: Tally) -> None:
        """Both together, as far as there is room for more shops."""
        for shop, count in other.refused.items():
            if shop in self.refused or len(self.refused) < MOST_SHOPS:
                self.refused[shop] += count
        for shop in other.keys:
            if len(self.keys) < MOST_SHOPS:
                self.keys.add(shop)

    def __bool__(self) -> bool:
        return bool(self.refused or self.keys)


class Notices:
    """The tally of this process. `put(key, data)` writes into the bucket."""

    def __init__(self, put: Callable[[str, bytes], None], seconds: Callable[[], float] = time.monotonic) -> None:
        self._put, self._seconds = put, seconds
        self._tally, self._tried = Tally(), float("-inf")
        self._one_at_a_time = threading.Lock()

    def refused(self, shop: str) -> None:
        """A delivery that claims to be this shop's is not signed by it."""
        with self._one_at_a_time:
            self._tally.add(Tally(Counter({shop: 1})))

    def unknown_key(self, shop: str) -> None:
        """A delivery names a public key that is not among this shop's."""
        with self._one_at_a_time:
            self._tally.add(Tally(keys={shop}))

    def tell(self, now: datetime, *, turned_away: bool) -> None:
        """Write what was noted, unless that was tried in the last ten seconds. Where somebody was just `turned_away`,
        also if that is nothing. Never raises: what cannot be written is kept."""
        with self._one_at_a_time:
            if not (turned_away or self._tally) or self._seconds() - self._tried < EVERY_SECONDS:
                return
            self._tried, told, self._tally = self._seconds(), self._tally, Tally()
        self._write(now, told)

    def tell_at_once(self, now: datetime) -> None:
        """Write what was noted, for a process that may not hear of another delivery for long."""
        with self._one_at_a_time:
            told, self._tally = self._tally, Tally()
        if told:
            self._write(now, told)

    def _write(self, now: datetime, told: Tally) -> None:
        try:
            self._put(f"{PREFIX}{stamp(now)}-{os.urandom(6).hex()}.json" if told else NOTHING, text_of(told))
        except Exception:  # whatever is wrong out there: the answer to the shop stands, and the next try tells it
            with self._one_at_a_time:
                self._tally.add(told)


def text_of(tally: Tally) -> bytes:
    """A tally as it lies in S3."""
    return json.dumps({"refused": tally.refused, "keys": sorted(tally.keys)}, separators=(",", ":")).encode()


def read(text: bytes) -> Tally:
    """A tally from S3. Raises ValueError for anything else."""
    try:
        raw = json.loads(text)
    except RecursionError:
        raise ValueError("no tally") from None
    if not isinstance(raw, dict) or not isinstance(raw.get("refused"), dict) or not isinstance(raw.get("keys"), list):
        raise ValueError("no tally")
    tally = Tally()
    counts = Counter({_shop(shop): _count(count) for shop, count in raw["refused"].items()})
    tally.add(Tally(counts, {_shop(shop) for shop in raw["keys"]}))
    return tally


def ping_key(shop: str) -> str:
    """Where the moment of a shop's last hello stands, if it came while somebody waited for it."""
    return f"pings/{shop}"


def _shop(told: Any) -> str:
    if not isinstance(told, str) or not SLUG.fullmatch(told):
        raise ValueError("no shop")
    return told


def _count(told: Any) -> int:
    if type(told) is not int or not 0 < told < 10**9:
        raise ValueError("no count")
    return told
