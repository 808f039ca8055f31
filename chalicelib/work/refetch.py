"""Asking a shop about single orders: those of which a partial body, a tie or a deletion was heard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from types import ModuleType

from chalicelib import platforms, safe_http
from chalicelib.domain.order import Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, stamp
from chalicelib.platforms.shop_api import Denied, Found, Link, Trouble
from chalicelib.table import base, orders, quarantine, sync
from chalicelib.work import take_order
from chalicelib.work.access import NotConnected
from chalicelib.work.log import unforeseen
from chalicelib.work.talk import LEASE, PAGE_SECONDS, Outside

MOST_AT_ONCE, CHUNK = 50, 10
BURST, PER_MINUTE = 100, 60.0
# Nobody else asks meanwhile; and whoever dies over a question has put it off already.
FIRST, LONGEST = LEASE, timedelta(days=1)
ASKING_AGAIN = (Denied, Trouble, safe_http.Refused, safe_http.Unreachable)
Marks = dict[str, orders.RefetchRow]


def work(shop: Shop, order_ids: list[str], outside: Outside) -> int:
    """Ask about these orders, as many as time and the shop's pace allow; the others stay due. Returns how many were
    asked."""
    marks = {order_id: mark for order_id in order_ids[:MOST_AT_ONCE] if (mark := _mark(shop, order_id, outside.now()))}
    if platforms.load_api(shop.platform) is None:
        return _drop(marks)
    try:
        api, link = outside.reach(shop)
        granted = sync.granted(shop.slug, len(marks), outside.now(), burst=BURST, per_minute=PER_MINUTE)
    except base.Conflict:  # somebody else asks in this very moment
        return 0
    except NotConnected:
        _put_off(shop, marks, outside.now(), LONGEST)
        return 0
    except ASKING_AGAIN as trouble:
        _put_off(shop, marks, outside.now(), _wait(trouble))
        return 0
    return sum(_chunk(shop, some, api, link, outside) for some in _chunks(dict(list(marks.items())[:granted]), outside))


def _wait(trouble: Exception) -> timedelta:
    return timedelta(seconds=getattr(trouble, "wait", 0))


def _mark(shop: Shop, order_id: str, now: datetime) -> orders.RefetchRow | None:
    mark = orders.read(shop.slug, order_id).refetch
    return mark if mark and (mark.due_sk or "") <= in_order(stamp(now)) else None


def _chunks(marks: Marks, outside: Outside) -> Iterator[Marks]:
    """A few at a time: a shop that is slow has still answered for some when the time is up."""
    rest = list(marks.items())
    while rest and (len(rest) == len(marks) or outside.left() > PAGE_SECONDS):
        yield dict(rest[:CHUNK])
        rest = rest[CHUNK:]


def _chunk(shop: Shop, marks: Marks, api: ModuleType, link: Link, outside: Outside) -> int:
    asked_at = outside.now()
    mine = _put_off(shop, marks, asked_at, FIRST)
    try:
        found: Found = api.orders(link, shop, list(mine))
    except ASKING_AGAIN as trouble:
        _put_off(shop, mine, outside.now(), _wait(trouble), again=True)
        return 0
    for order in found.orders:
        _take(shop, order.id, order, mine.get(order.id), stamp(asked_at), outside.now())
    for order_id in found.gone:
        _take(shop, order_id, None, mine.get(order_id), stamp(asked_at), outside.now())
    for unread in found.unread:
        quarantine.add_unread(shop.slug, "orders", unread.id, unread.reason, unread.field, outside.now())
    return len(mine)


def _take(
    shop: Shop, order_id: str, found: Order | None, mark: orders.RefetchRow | None, asked_at: str, now: datetime
) -> None:
    """One answer. What goes wrong with it stays with it: its mark is put off already."""
    try:
        take_order.asked(shop, order_id, found, mark, asked_at, now)
        quarantine.forget_unread(shop.slug, "orders", order_id)
    except (base.Trouble, base.Conflict):
        raise
    except Exception as error:
        unforeseen(error, shop=shop.slug)
        reason = f"we could not take it in: {type(error).__name__}"
        quarantine.add_unread(shop.slug, "orders", order_id, reason, "", now)


def _put_off(shop: Shop, marks: Marks, now: datetime, least: timedelta, again: bool = False) -> Marks:
    """Each twice as long as the last time, a day at most. Returns those that nobody else has touched, as they stand
    now. `again`: it was put off for this question already, so that this is no further try."""
    mine: Marks = {}
    for order_id, mark in marks.items():
        tries = (mark.tries or 0) - again
        wait = min(max(least, FIRST * (1 << min(tries, 10))), LONGEST)
        with suppress(base.Conflict):
            mine[order_id] = orders.postpone_refetch(mark, tries + 1, stamp(now + wait), now)
    return mine


def _drop(marks: Marks) -> int:
    """Nobody will ever be able to answer: the shop sends all it knows by itself."""
    for mark in marks.values():
        with suppress(base.Conflict):
            base.commit([orders.answered(mark)])
    return 0


def grouped(keys: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Due marks (pk, sk) as shop -> order ids, at most MOST_AT_ONCE of each."""
    found: dict[str, list[str]] = {}
    for pk, _ in keys:
        _, shop, _, order_id = pk.split("#")
        if len(found.setdefault(shop, [])) < MOST_AT_ONCE:
            found[shop].append(base.plain(order_id))
    return found
