"""Addresses nobody may write to: hard bounces, complaints, the owner's own list. Blind: no address is kept."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain import blinding
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, moment, stamp
from chalicelib.table import base
from chalicelib.table.base import Json, Row

# So many soft bounces in so long a time, with no delivery between them, and an address is as good as dead.
MOST_SOFT_BOUNCES, SOFT_BOUNCES_WITHIN = 5, timedelta(days=30)
_REMEMBERED = 10


class SuppressionRow(Row, discriminator="suppression"):
    reason = UnicodeAttribute()  # bounce | complaint | soft_bounces | objection | owner
    at = UnicodeAttribute()


class SoftBouncesRow(Row, discriminator="soft_bounces"):
    """What came back for a passing reason: the provider's message id -> when. `delivered_at`: the last to arrive."""

    bounces = Json(default=dict)
    delivered_at = UnicodeAttribute(null=True)


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


def soft_bounced(shop: Shop, contact: str, message_id: str, at: str) -> int:
    """One more soft bounce at the stored moment `at`; how many there were since the last delivery, within 30 days. Told
    twice, or late, it counts once. Raises Conflict, Trouble."""
    row = _soft(shop, contact) or SoftBouncesRow(_pk(shop, contact), _SOFT)
    read_rev = row.rev or None
    bounces = _counting({**row.bounces, message_id: at}, row.delivered_at)
    if bounces != row.bounces:
        _write(row, bounces, read_rev)
    return len(bounces)


def delivered(shop: Shop, contact: str, at: str) -> None:
    """Something arrived: what had bounced before counts no more. Costs one read where nothing did. Raises Conflict,
    Trouble."""
    row = _soft(shop, contact)
    if row is None or in_order(row.delivered_at or "") >= in_order(at):
        return
    row.delivered_at = at
    _write(row, _counting(row.bounces, at), row.rev)


_SOFT = "SOFT"


def _soft(shop: Shop, contact: str) -> SoftBouncesRow | None:
    return base.first(SoftBouncesRow, _pk(shop, contact), _SOFT)


def _counting(bounces: dict[str, str], delivered_at: str | None) -> dict[str, str]:
    """Those that still count, measured from the newest of them: no clock but the provider's own is needed."""
    newest = max(map(in_order, bounces.values()), default="")
    since = in_order(stamp(moment(newest) - SOFT_BOUNCES_WITHIN)) if newest else ""
    kept = {id: at for id, at in bounces.items() if in_order(at) > max(since, in_order(delivered_at or ""))}
    return dict(sorted(kept.items(), key=lambda one: in_order(one[1]))[-_REMEMBERED:])


def _write(row: SoftBouncesRow, bounces: dict[str, str], read_rev: int | None) -> None:
    row.bounces = bounces
    newest = max([*bounces.values(), row.delivered_at or ""], key=in_order)
    row.ttl = int((moment(newest) + SOFT_BOUNCES_WITHIN).timestamp())
    base.commit([base.replace(row, read_rev)])
