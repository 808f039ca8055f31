"""Deliveries that are authentic but cannot be taken in: visible and replayable for 14 days."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.times import in_order
from chalicelib.table import base
from chalicelib.table.base import Row, Zipped

KEPT = timedelta(days=14)
# DynamoDB's items end at 400 KB; what is larger is kept in S3 by the envelope itself.
LARGEST_KEPT = 350_000


class QuarantineRow(Row, discriminator="quarantine"):
    reason = UnicodeAttribute()
    field = UnicodeAttribute(null=True)
    topic = UnicodeAttribute(null=True)
    received_at = UnicodeAttribute()
    sealed = Zipped(null=True)


@dataclass(frozen=True)
class Quarantined:
    id: str
    reason: str
    field: str | None
    topic: str | None
    received_at: str


def add(shop: str, sealed: str, topic: str, received_at: str, reason: str, field: str, now: datetime) -> bool:
    """Keep the sealed envelope. The same one twice is one row; False where it was there already."""
    digest = hashlib.sha256(sealed.encode()).hexdigest()[:16]
    pk, sk = base.partition(shop, "Q"), f"{in_order(received_at)}#{digest}"
    if base.first(QuarantineRow, pk, sk):
        return False
    row = QuarantineRow(pk, sk, reason=reason, field=field or None, topic=topic or None, received_at=received_at)
    row.sealed = sealed if len(sealed) <= LARGEST_KEPT else None
    row.ttl = int((now + KEPT).timestamp())
    return bool(base.commit([base.put(row)]))


def listed(shop: str, limit: int = 100, before: str | None = None) -> list[Quarantined]:
    """Newest first; `before` is the id of the last one seen."""
    condition = QuarantineRow.sk < before if before else None
    with base.reading():
        rows = QuarantineRow.query(base.partition(shop, "Q"), condition, scan_index_forward=False, limit=limit)
        return [Quarantined(row.sk, row.reason, row.field, row.topic, row.received_at) for row in rows]


def sealed(shop: str, quarantined: str) -> str | None:
    """The envelope, to put on the queue again."""
    row = base.first(QuarantineRow, base.partition(shop, "Q"), quarantined)
    return row.sealed if row else None


def release(shop: str, quarantined: str) -> None:
    base.commit([base.remove(QuarantineRow(base.partition(shop, "Q"), quarantined))])
