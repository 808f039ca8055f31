"""How far talks with shops have come: imports, reconciling, and the pace at which single orders are asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import cast

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.bucket import Bucket
from chalicelib.domain.sync import Sync
from chalicelib.domain.times import in_order, stamp
from chalicelib.table import base
from chalicelib.table.base import Integer, Json, Row, Write
from chalicelib.table.due import due_keys

PREFIX = "SYNC#"


class SyncRow(Row, discriminator="sync"):
    """While it stands in the due index somebody has to come by at `until`: to go on, or because whoever worked on it
    until then died."""

    sync = Json()
    until = UnicodeAttribute(null=True)


class BucketRow(Row, discriminator="bucket"):
    thousandths = Integer()  # of a token
    at = UnicodeAttribute()


@dataclass(frozen=True, slots=True)
class Held:
    """A talk as read. `until`: nobody else should touch it before this stored moment."""

    sync: Sync
    rev: int | None = None
    until: str | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether somebody should be at it and nobody is."""
        return self.until is not None and in_order(self.until) <= in_order(stamp(now))


def read(shop: str, task: str) -> Held | None:
    row = base.first(SyncRow, base.partition(shop), PREFIX + task)
    return Held(_sync(row.sync), row.rev, row.until) if row else None


def write(shop: str, held: Held, sync: Sync, until: datetime | None, now: datetime) -> Held:
    """The talk as it stands now; to be looked at again at `until`, or never. Raises Conflict: somebody else did."""
    one = put_up(shop, held, sync, until, now)
    base.commit([one])
    row = cast(SyncRow, one.row)
    return Held(sync, row.rev, row.until)


def put_up(shop: str, held: Held, sync: Sync, until: datetime | None, now: datetime) -> Write:
    """The same, to be written together with what gave rise to it."""
    row = SyncRow(base.partition(shop), PREFIX + sync.task, sync=asdict(sync))
    if until:
        row.until = stamp(until)
        row.due_pk, row.due_sk = due_keys(row.pk + row.sk, row.until, now)
    return base.replace(row, held.rev)


def change(shop: str, task: str, by: Callable[[Sync | None], Sync], until: datetime | None, now: datetime) -> Sync:
    """Read, change, write on the rev that was read; to be looked at again at `until`, or never: a worker that is at it
    finds out, and stops. Raises Trouble."""

    def attempt() -> Sync:
        held = read(shop, task)
        fresh = by(held.sync if held else None)
        return write(shop, held or Held(fresh), fresh, until, now).sync

    return base.retried(attempt)


def forget(shop: str, task: str) -> None:
    base.commit([base.remove(SyncRow(base.partition(shop), PREFIX + task))])


def granted(shop: str, wanted: int, now: datetime, *, burst: int, per_minute: float) -> int:
    """How many questions the shop may be asked now, of those wanted. Raises Conflict."""
    row = base.first(BucketRow, base.partition(shop), "BUCKET")
    bucket = Bucket(row.thousandths / 1000, row.at) if row else Bucket(burst, stamp(now))
    count, left = bucket.take(wanted, now, burst=burst, per_minute=per_minute)
    if count:
        fresh = BucketRow(base.partition(shop), "BUCKET", thousandths=int(left.tokens * 1000), at=left.at)
        base.commit([base.replace(fresh, row.rev if row else None)])
    return count


def _sync(raw: dict[str, object]) -> Sync:
    known = {name: raw[name] for name in Sync.__dataclass_fields__ if name in raw}
    return Sync(**{**known, "kinds": tuple(known.get("kinds", ())), "rejected": tuple(known.get("rejected", ()))})  # type: ignore[arg-type]
