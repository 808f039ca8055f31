"""Asking a shop about single orders: those of which a partial body, a tie or a deletion was heard."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from types import ModuleType

from chalicelib import safe_http
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.platforms.shop_api import Denied, Found, Link, Trouble
from chalicelib.table import base, orders, quarantine, sync
from chalicelib.work import take_order
from chalicelib.work.access import NotConnected
from chalicelib.work.talk import Outside

MOST_AT_ONCE = 50
BURST, PER_MINUTE = 100, 60.0
LATER, LONGEST = timedelta(minutes=1), timedelta(days=1)


def work(shop: Shop, order_ids: list[str], outside: Outside) -> int:
    """Ask about these orders, as many as the shop's pace allows; the others stay due. Returns how many were asked."""
    marks = {order_id: mark for order_id in order_ids[:MOST_AT_ONCE] if (mark := _mark(shop, order_id, outside.now()))}
    try:
        api, link = outside.reach(shop)
        granted = sync.granted(shop.slug, len(marks), outside.now(), burst=BURST, per_minute=PER_MINUTE)
        marks = dict(list(marks.items())[:granted])
        return _ask(shop, marks, api, link, outside) if marks else 0
    except base.Conflict:  # somebody else asks in this very moment
        return 0
    except NotConnected:
        return _postpone(shop, marks, outside.now(), LONGEST)
    except (Denied, Trouble, safe_http.Refused, safe_http.Unreachable) as trouble:
        return _postpone(shop, marks, outside.now(), timedelta(seconds=getattr(trouble, "wait", 0)))


def _mark(shop: Shop, order_id: str, now: datetime) -> orders.RefetchRow | None:
    mark = orders.read(shop.slug, order_id).refetch
    return mark if mark and (mark.due_sk or "") <= stamp(now) else None


def _ask(shop: Shop, marks: dict[str, orders.RefetchRow], api: ModuleType, link: Link, outside: Outside) -> int:
    asked_at = stamp(outside.now())
    found: Found = api.orders(link, shop, list(marks))
    now = outside.now()
    for order in found.orders:
        take_order.asked(shop, order.id, order, marks[order.id].rev, asked_at, now)
    for order_id in found.gone:
        take_order.asked(shop, order_id, None, marks[order_id].rev, asked_at, now)
    for unread in found.unread:
        quarantine.add_unread(shop.slug, "orders", unread.id, unread.reason, unread.field, now)
    answered = {order.id for order in found.orders} | set(found.gone)
    _postpone(shop, {order_id: mark for order_id, mark in marks.items() if order_id not in answered}, now, LATER)
    return len(marks)


def _postpone(shop: Shop, marks: dict[str, orders.RefetchRow], now: datetime, wait: timedelta) -> int:
    """Each twice as long as the last time, a day at most."""
    for order_id, mark in marks.items():
        own = min(max(wait, LATER * 2 ** min(mark.tries or 0, 11)), LONGEST)
        try:
            orders.postpone_refetch(shop.slug, order_id, stamp(now + own), now)
        except base.Conflict:
            continue
    return 0


def grouped(keys: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Due marks (pk, sk) as shop -> order ids, at most MOST_AT_ONCE of each."""
    found: dict[str, list[str]] = {}
    for pk, _ in keys:
        _, shop, _, order_id = pk.split("#")
        if len(found.setdefault(shop, [])) < MOST_AT_ONCE:
            found[shop].append(base.plain(order_id))
    return found
