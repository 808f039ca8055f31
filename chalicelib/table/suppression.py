"""Addresses nobody may write to: hard bounces, complaints, the owner's own list. Blind: no address is kept."""

from __future__ import annotations

from collections.abc import Iterable

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain import blinding
from chalicelib.domain.shop import Shop
from chalicelib.table import base
from chalicelib.table.base import Row


class SuppressionRow(Row, discriminator="suppression"):
    reason = UnicodeAttribute()  # bounce | complaint | owner
    at = UnicodeAttribute()


def blind(shop: Shop, contact: str) -> str:
    """The name under which an address is suppressed."""
    return blinding.suppressed_address(shop.blind_key, contact)


def _pk(shop: Shop, contact: str) -> str:
    return base.partition(shop.slug, "SUP", blind(shop, contact))


def add(shop: Shop, contact: str, reason: str, at: str) -> None:
    """`contact` is `email:…` or `phone:…`."""
    base.commit([base.put(SuppressionRow(_pk(shop, contact), "#", reason=reason, at=at))])


def reason(shop: Shop, contact: str) -> str | None:
    row = base.first(SuppressionRow, _pk(shop, contact), "#")
    return row.reason if row else None


def reasons(shop: Shop, contacts: Iterable[str]) -> dict[str, str]:
    """Those of the contacts nobody may write to, and why."""
    keys = {(_pk(shop, contact), "#"): contact for contact in contacts}
    with base.reading():
        rows = SuppressionRow.batch_get(list(keys), consistent_read=True) if keys else ()
        return {keys[row.pk, row.sk]: row.reason for row in rows}
