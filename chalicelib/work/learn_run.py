"""One night's learning from one shop, in somebody's hands: what may be used, and how to write down how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.shop import Shop
from chalicelib.domain.sync import Sync
from chalicelib.domain.times import stamp
from chalicelib.table import sync

# Longer than a worker may live: nobody is at a run any more whose lease has ended.
LEASE = timedelta(minutes=16)
# A step may take so long; with less time left no new one is begun.
STEP_SECONDS = 25.0


@dataclass
class Outside:
    """What a worker reaches out to. Objects lie in the bucket: `get` says None where there is none."""

    now: Callable[[], datetime]
    left: Callable[[], float]  # seconds that this call may still use
    again: Callable[[str], None]  # a shop onto the queue
    get: Callable[[str], bytes | None]
    put: Callable[[str, bytes], None]
    forget: Callable[[str], None]


class TimeIsUp(Exception):
    """Nothing went wrong: the next call goes on."""


@dataclass
class Run:
    """The work as it was taken up. All that is written here is written on the rev that was read: Conflict means that it
    was begun anew."""

    shop: Shop
    held: sync.Held
    outside: Outside
    moved: bool = False  # a step is done in this call
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)  # what was learnt in this call

    @property
    def sync(self) -> Sync:
        return self.held.sync

    @property
    def report(self) -> dict[str, Any]:
        return self.held.sync.report

    def need(self, seconds: float) -> None:
        """Time for one more step; for the first there always is, or long ones would never be done. Raises TimeIsUp."""
        if self.moved and self.outside.left() < seconds:
            raise TimeIsUp

    def keep(self, fresh: Sync) -> None:
        """This is how far it is; and somebody stays at it."""
        now = self.outside.now()
        self.held = sync.write(self.shop.slug, self.held, replace(fresh, updated_at=stamp(now)), now + LEASE, now)

    def advance(
        self,
        kinds: tuple[str, ...],
        cursor: str | None,
        what: str = "",
        counts: Mapping[str, int] | None = None,
        report: dict[str, Any] | None = None,
    ) -> None:
        """A step is done: `kinds` are left, the first of them from `cursor` on; `counts` of `what` are added up. What
        stood in its way is over."""
        sums = dict(self.sync.counts.get(what, {}))
        for name, count in (counts or {}).items():
            sums[name] = sums.get(name, 0) + count
        counted = {**self.sync.counts, what: sums} if counts else self.sync.counts
        fresh = replace(self.sync, kinds=kinds, cursor=cursor, counts=counted, report=report or self.report)
        self.keep(replace(fresh, trouble=None, tries=0))
        self.moved = True

    def leave(self, fresh: Sync, until: datetime | None) -> None:
        """Out of hand: to be looked at again at `until`, or never."""
        self.held = sync.write(self.shop.slug, self.held, fresh, until, self.outside.now())

    def pass_on(self) -> None:
        """Time is up: the next call goes on at once."""
        self.leave(self.sync, self.outside.now())
        self.outside.again(self.shop.slug)

    def key(self, name: str) -> str:
        """Where a piece of this run lies in the bucket."""
        return f"learn/{self.shop.slug}/{self.report['generation']}/{name}"
