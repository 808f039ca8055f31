"""Who did what to somebody's data, and when: ids and counts, never an identity. Kept by month."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.times import in_order
from chalicelib.table import base
from chalicelib.table.base import Json, Row


class AuditRow(Row, discriminator="audit"):
    at = UnicodeAttribute()
    who = UnicodeAttribute()
    what = UnicodeAttribute()
    subject = UnicodeAttribute()
    facts = Json(default=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """`at` a stored moment, `who` such as `secret_key`, `what` such as `erase`, `subject` an id, `facts` numbers."""

    at: str
    who: str
    what: str
    subject: str
    facts: dict[str, Any] = field(default_factory=dict)


def _key(shop: str, at: str, what: str, subject: str) -> tuple[str, str]:
    return base.partition(shop, "AUD", at[:7]), f"{in_order(at)}#{base.part(what)}#{base.part(subject)}"


def note(shop: str, entry: Entry) -> None:
    """The same thing noted twice is one row."""
    row = AuditRow(*_key(shop, entry.at, entry.what, entry.subject), at=entry.at, who=entry.who, what=entry.what)
    row.subject, row.facts = entry.subject, entry.facts
    base.commit([base.put(row)])


def find(shop: str, at: str, what: str, subject: str) -> Entry | None:
    """What was noted of exactly this."""
    row = base.first(AuditRow, *_key(shop, at, what, subject))
    return _entry(row) if row else None


def of_month(shop: str, month: str) -> list[Entry]:
    """All of a month such as `2026-11`, oldest first."""
    with base.reading():
        return [_entry(row) for row in AuditRow.query(base.partition(shop, "AUD", month), consistent_read=True)]


def _entry(row: AuditRow) -> Entry:
    return Entry(row.at, row.who, row.what, row.subject, row.facts)
