"""Deliveries that could not be taken in: seeing them, and trying them again once the reason is gone."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from datetime import datetime

from chalicelib.domain.events import OrderChanged
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.table import quarantine
from chalicelib.work import take_order
from chalicelib.work.read_views import Json, Page


def listed(shop: Shop, limit: int, before: str | None) -> Page:
    """Newest first: {id, reason, field, topic, received_at, replayed_at}; never bodies or headers."""
    rows = quarantine.listed(shop.slug, limit + 1, before)
    page = rows[:limit]
    return Page([_view(row) for row in page], page[-1].id if len(rows) > limit else None)


def _view(row: quarantine.Quarantined) -> Json:
    return {
        "id": _shown(row.id),
        "reason": row.reason,
        "field": row.field,
        "topic": row.topic,
        "received_at": row.received_at,
        "replayed_at": row.replayed_at,
    }


def replay(shop: Shop, quarantined: str, now: datetime, send: Callable[[str, str], None]) -> Json | None:
    """Puts the delivery on the inbox again: `send(envelope, shop)`. None where there is none that was kept."""
    key = _hidden(quarantined)
    unread = quarantine.unread_of(key) if key else None
    if key and unread:
        return _ask_again(shop, key, unread[1], now) if unread[0] == "orders" else None
    sealed = quarantine.replaying(shop.slug, key, stamp(now)) if key else None
    if sealed is None:
        return None
    send(sealed, shop.slug)
    return {"id": quarantined, "replayed_at": stamp(now)}


def _ask_again(shop: Shop, key: str, order_id: str, now: datetime) -> Json:
    """What the shop's API showed is not kept: the shop is asked for it again."""
    take_order.changed(shop, OrderChanged(order_id, stamp(now)), now)
    quarantine.forget(shop.slug, key)
    return {"id": _shown(key), "replayed_at": stamp(now)}


def _shown(key: str) -> str:
    """`q_` + base64url of the row's key: a `#` would end an address."""
    return "q_" + base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def _hidden(quarantined: str) -> str | None:
    text = quarantined.removeprefix("q_")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return key if key and quarantined == _shown(key) else None
