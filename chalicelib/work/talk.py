"""One piece of work at a shop, in somebody's hands: what may be used, and how to write down how far it has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import ModuleType
from typing import TYPE_CHECKING

from chalicelib.domain.shop import Shop
from chalicelib.domain.sync import Sync
from chalicelib.domain.times import stamp
from chalicelib.platforms.shop_api import Link
from chalicelib.safe_http import Unreachable
from chalicelib.settings import Settings
from chalicelib.table import counters, sync

if TYPE_CHECKING:  # intake leads to everything that takes events in, and some of that talks with shops
    from chalicelib.work.intake import Taken

# Longer than a worker may live.
LEASE = timedelta(seconds=150)
# A page may take so long; with less time left no new one is begun.
PAGE_SECONDS = 25.0


@dataclass
class Outside:
    """What a worker reaches out to."""

    settings: Settings
    now: Callable[[], datetime]
    left: Callable[[], float]  # seconds that this call may still use
    reach: Callable[[Shop], tuple[ModuleType, Link]]  # raises NotConnected, Denied, Trouble, Refused, Unreachable
    again: Callable[[str, str], None]  # (shop, task) onto the queue
    file_size: Callable[[str], int]
    file_part: Callable[[str, int, int], bytes]  # (key, offset, size)
    put: Callable[[str, bytes], None]
    threads: int = 1


@dataclass
class Talk:
    """The work as it was taken up. All that is written here is written on the rev that was read: Conflict means that
    somebody stopped it or began it anew."""

    shop: Shop
    held: sync.Held
    outside: Outside
    begun: bool = False

    @property
    def sync(self) -> Sync:
        return self.held.sync

    def time_left(self) -> bool:
        """For one more page; for the first there always is, or slow shops would never get on."""
        first, self.begun = not self.begun, True
        return self.outside.left() > PAGE_SECONDS or first

    def keep(self, fresh: Sync) -> None:
        """This is how far it is; and somebody stays at it."""
        now = self.outside.now()
        self.held = sync.write(self.shop.slug, self.held, fresh, now + LEASE, now)

    def leave(self, fresh: Sync, until: datetime | None) -> None:
        """Out of hand: to be looked at again at `until`, or never."""
        self.held = sync.write(self.shop.slug, self.held, fresh, until, self.outside.now())

    def pass_on(self) -> None:
        """Time is up: the next call goes on at once."""
        self.leave(self.sync, self.outside.now())
        self.outside.again(self.shop.slug, self.sync.task)

    def count(self, taken: Taken) -> None:
        """What was found goes into the counters of the day: a report, so that it may be lost with the worker."""
        counts = {"orders": taken.new_orders, "missed": taken.missed}
        counters.add(self.shop.slug, stamp(self.outside.now())[:10], counts)


def code_of(trouble: Exception) -> str:
    """The word for it: the shop's own, or that it has no time for us now, or that nobody is there."""
    usual = "unreachable" if isinstance(trouble, Unreachable) and not trouble.wait else "busy"
    return str(getattr(trouble, "code", usual))


def claimed(shop: Shop, task: str, now: datetime) -> sync.Held | None:
    """The work, if there is some that is due and nobody else is at it. Raises Conflict: somebody was quicker."""
    held = sync.read(shop.slug, task)
    if held is None or not held.is_due(now):
        return None
    return sync.write(shop.slug, held, replace(held.sync), now + LEASE, now)
