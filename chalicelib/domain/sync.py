"""A long talk with a shop's API, such as an import: how far it has come, so that anybody can go on with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from chalicelib.domain.times import stamp

# A listing of changes begins so long before the last one did: clocks differ, and a change may be shown late.
OVERLAP = timedelta(minutes=15)
EVERY = timedelta(hours=1)
MOST_REJECTED = 50
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Sync:
    """`state`: running | waiting (for its next round) | done | failed | stopped. `kinds`: what is still to be listed,
    the first one from `cursor` on. `counts`: kind -> {read, new, stored, duplicate, stale, ignored, unread}."""

    task: str  # import | reconcile
    state: str = "waiting"
    source: str = "api"  # or csv:<key in the bucket>
    since: str | None = None
    kinds: tuple[str, ...] = ()
    cursor: str | None = None
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=dict)
    rejected: tuple[dict[str, str], ...] = ()  # the first of them: {kind, id, field, reason}
    began_at: str | None = None
    updated_at: str | None = None
    finished_at: str | None = None
    trouble: dict[str, str] | None = None  # {code, remedy, at}: why it does not get on
    tries: int = 0  # in vain, since the last page
    report: dict[str, Any] = field(default_factory=dict)  # what the last round found

    @property
    def kind(self) -> str | None:
        """What is being listed."""
        return self.kinds[0] if self.kinds else None

    def begun(self, kinds: tuple[str, ...], since: str | None, now: datetime) -> Sync:
        """A new round, from the start."""
        fresh = Sync(self.task, "running", self.source, since, kinds, report=self.report)
        return replace(fresh, began_at=stamp(now), updated_at=stamp(now))

    def turned(self, page: Turned, now: datetime) -> Sync:
        """After a page was taken in: counted, and the cursor moved to the next one, or to the next kind."""
        kind = self.kind or ""
        counts = dict(self.counts.get(kind, {}))
        for outcome, count in page.outcomes.items():
            counts[outcome] = counts.get(outcome, 0) + count
        totals = self.totals if page.total is None else {**self.totals, kind: page.total}
        return replace(
            self,
            kinds=self.kinds if page.next is not None else self.kinds[1:],
            cursor=page.next,
            counts={**self.counts, kind: counts},
            totals=totals,
            rejected=(*self.rejected, *page.rejected)[:MOST_REJECTED],
            updated_at=stamp(now),
            trouble=None,
            tries=0,
        )

    def troubled(self, code: str, remedy: str, now: datetime) -> Sync:
        """It did not get on; later it will be tried again."""
        return replace(self, trouble={"code": code, "remedy": remedy, "at": stamp(now)}, tries=self.tries + 1)

    def ended(self, state: str, now: datetime) -> Sync:
        return replace(self, state=state, updated_at=stamp(now), finished_at=stamp(now))


@dataclass(frozen=True, slots=True)
class Turned:
    """What became of one page."""

    outcomes: Mapping[str, int]
    next: str | None
    total: int | None = None
    rejected: tuple[dict[str, str], ...] = ()


def wait_after(tries: int, asked: float) -> timedelta:
    """Twice as long after every try in vain, never shorter than the shop asked for."""
    doubled = FIRST_WAIT * (1 << min(max(tries - 1, 0), 10))
    return min(max(doubled, timedelta(seconds=asked)), LONGEST_WAIT)


def next_round(slug: str, now: datetime) -> datetime:
    """Every shop has its own second of the hour, so that they do not all come at once; never less than half an hour
    ahead."""
    own = timedelta(seconds=crc32(slug.encode()) % int(EVERY.total_seconds()))
    at = now.replace(minute=0, second=0, microsecond=0) + own
    while at < now + EVERY / 2:
        at += EVERY
    return at
