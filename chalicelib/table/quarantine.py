"""Deliveries that are authentic but cannot be taken in: visible and replayable for 14 days."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.times import in_order, stamp
from chalicelib.table import base
from chalicelib.table.base import Row, Zipped

KEPT = timedelta(days=14)
# DynamoDB's items end at 400 KB; what is larger is kept in S3 by the envelope itself.
LARGEST_KEPT = 350_000
UNREAD = "api."


class QuarantineRow(Row, discriminator="quarantine"):
    reason = UnicodeAttribute()
    field = UnicodeAttribute(null=True)
    topic = UnicodeAttribute(null=True)
    received_at = UnicodeAttribute()
    replayed_at = UnicodeAttribute(null=True)
    sealed = Zipped(null=True)


@dataclass(frozen=True)
class Quarantined:
    id: str
    reason: str
    field: str | None
    topic: str | None
    received_at: str
    replayed_at: str | None = None  # when it was last put on the queue again; None since it came back from there


def add(shop: str, sealed: str, topic: str, received_at: str, reason: str, field: str, now: datetime) -> bool:
    """Keep the sealed envelope. The same one twice is one row; False where it was there already."""
    digest = hashlib.sha256(sealed.encode()).hexdigest()[:16]
    pk, sk = base.partition(shop, "Q"), f"{in_order(received_at)}#{digest}"
    held = base.first(QuarantineRow, pk, sk)
    if held and not held.replayed_at:
        return False
    row = QuarantineRow(pk, sk, reason=reason, field=field or None, topic=topic or None, received_at=received_at)
    row.sealed = sealed if len(sealed) <= LARGEST_KEPT else None
    row.ttl = int((now + KEPT).timestamp())
    return bool(base.commit([base.put(row)]))


def add_unread(shop: str, kind: str, thing: str, reason: str, field: str, now: datetime) -> None:
    """Something that the shop's API showed and that cannot be read. One row however often it is shown."""
    row = QuarantineRow(base.partition(shop, "Q"), f"{UNREAD}{base.part(kind)}#{base.part(thing)}", reason=reason)
    row.field, row.topic, row.received_at = field or None, f"{UNREAD}{kind}", stamp(now)
    row.ttl = int((now + KEPT).timestamp())
    base.commit([base.put(row)])


def forget_unread(shop: str, kind: str, thing: str) -> None:
    """It could be read after all."""
    forget(shop, f"{UNREAD}{base.part(kind)}#{base.part(thing)}")


def unread_of(quarantined: str) -> tuple[str, str] | None:
    """(kind, id) of what the API showed, None for a delivery."""
    if not quarantined.startswith(UNREAD):
        return None
    kind, _, thing = quarantined.removeprefix(UNREAD).partition("#")
    return base.plain(kind), base.plain(thing)


def forget(shop: str, quarantined: str) -> None:
    base.commit([base.remove(QuarantineRow(base.partition(shop, "Q"), quarantined))])


def listed(shop: str, limit: int = 100, before: str | None = None) -> list[Quarantined]:
    """Newest first; `before` is the id of the last one seen."""
    condition = QuarantineRow.sk < before if before else None
    with base.reading():
        rows = QuarantineRow.query(base.partition(shop, "Q"), condition, scan_index_forward=False, limit=limit)
        return [_shown(row) for row in rows]


def _shown(row: QuarantineRow) -> Quarantined:
    return Quarantined(row.sk, row.reason, row.field, row.topic, row.received_at, row.replayed_at)


def replaying(shop: str, quarantined: str, at: str) -> str | None:
    """The envelope, to put on the queue again; None where there is none, or it was too large to keep. The row stays,
    with the moment: what cannot be taken in again must not be lost, and is then seen as before."""
    row = base.first(QuarantineRow, base.partition(shop, "Q"), quarantined)
    if row is None or row.sealed is None:
        return None
    row.replayed_at = at
    base.commit([base.put(row)])
    return str(row.sealed)
