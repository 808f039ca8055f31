"""The due index: what waits for a moment, by hour and shard. Holds keys of all shops, nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.times import in_order, moment, stamp
from chalicelib.table import base
from chalicelib.table.base import Row, Seen

SHARDS = 16


class CursorRow(Row, discriminator="cursor"):
    """How far the clock has come. The one row that belongs to no shop."""

    hour = UnicodeAttribute()


def due_keys(pk: str, due: str, now: datetime) -> tuple[str, str]:
    """Index keys for a row due at a stored moment. What is due already goes where the clock will look next."""
    bucket = max(moment(due), now + timedelta(seconds=60))
    return f"D#{_hour(bucket)}#{base.shard(pk, SHARDS):02d}", in_order(due)


def _hour(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H")


def hours(since: str, until: datetime) -> Iterator[str]:
    """Buckets from the one named `since` up to the one `until` lies in."""
    at = moment(since + ":00")
    while at <= until:
        yield _hour(at)
        at += timedelta(hours=1)


def due_in(hour: str, until: datetime, limit: int) -> list[tuple[str, str]]:
    """Keys (pk, sk) of rows in one hour's bucket whose moment has come; at most `limit` a shard, oldest first."""
    keys = []
    with base.reading():
        for shard in range(SHARDS):
            found = Seen.due.query(f"D#{hour}#{shard:02d}", Seen.due_sk <= in_order(stamp(until)), limit=limit)
            keys += [(row.pk, row.sk) for row in found]
    return keys


def cursor(now: datetime) -> str:
    """The hour from which the clock has to look."""
    row = base.first(CursorRow, "CLOCK", "CURSOR")
    return row.hour if row else _hour(now - timedelta(hours=48))


def advance(hour: str) -> None:
    base.commit([base.put(CursorRow("CLOCK", "CURSOR", hour=hour))])
