"""Whose message a provider speaks of that knows it by its own number only."""

from __future__ import annotations

from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.table import base
from chalicelib.table.base import Row

KEPT = timedelta(days=30)


class ProviderMessageRow(Row, discriminator="provider_message"):
    """Leads to a follow-up."""

    follow_up = UnicodeAttribute()


def remember(shop: str, provider: str, message_id: str, follow_up: str, now: datetime) -> None:
    """Raises Trouble."""
    row = ProviderMessageRow(_pk(shop, provider, message_id), "#", follow_up=follow_up)
    row.ttl = int((now + KEPT).timestamp())
    base.commit([base.put(row)])


def follow_up_of(shop: str, provider: str, message_id: str) -> str | None:
    """The follow-up's id, or None for a number we do not know."""
    row = base.first(ProviderMessageRow, _pk(shop, provider, message_id), "#")
    return row.follow_up if row else None


def _pk(shop: str, provider: str, message_id: str) -> str:
    return base.partition(shop, "PM", provider, message_id)
