"""An order, its follow-ups and its refetch mark: one partition, so that one strong query reads them all."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain.order import MOST_LINES, Order, canonical, from_canonical
from chalicelib.domain.people import identity
from chalicelib.domain.planning import Rating
from chalicelib.domain.times import in_order, moment, stamp
from chalicelib.table import base
from chalicelib.table.base import Integer, Json, Row, Seen, Write, Zipped
from chalicelib.table.due import due_keys
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.table.ratings import RatingRow

FEED_SHARDS = 1
# What counts as placed is in the feed; what a shop holds besides (unpaid, failed, cancelled) is only counted.
FEED, APART = "F", "G"
# A shop that sold nothing for so long sold nothing before.
EMPTY_MONTHS = 36


class OrderRow(Row, discriminator="order"):
    """The winning snapshot. `customer` is the node it counts for, `gone_at` when the shop said it was deleted."""

    customer = UnicodeAttribute(null=True)
    gone_at = UnicodeAttribute(null=True)
    snapshot = Zipped(null=True)
    feed_pk = UnicodeAttribute(null=True)
    feed_sk = UnicodeAttribute(null=True)
    gist = Json(null=True)


class RefetchRow(Row, discriminator="refetch"):
    """The shop should be asked about this order. Waits in the due index until it has been. `about` is the latest moment
    in question. A tie is settled by any telling read from the shop that is as new, since both times are the shop's own;
    whatever else we were told, only whoever asked after it can take the mark away (`answered`)."""

    reason = UnicodeAttribute()
    about = UnicodeAttribute()
    asked_at = UnicodeAttribute()
    tries = Integer(default=0)


@dataclass(frozen=True)
class Held:
    """What we hold of one order. `told` is the snapshot as the shop told it, before `gone_at` is taken into account."""

    told: Order | None = None
    customer: str | None = None
    gone_at: str | None = None
    rev: int | None = None
    follow_ups: dict[tuple[str, str], FollowUpRow] = field(default_factory=dict)
    refetch: RefetchRow | None = None
    rating: Rating | None = None

    @property
    def order(self) -> Order | None:
        """The order as it stands: deleted if the shop deleted it after it last told us of it."""
        return standing(self.told, self.gone_at)


def standing(told: Order | None, gone_at: str | None) -> Order | None:
    if told and gone_at and in_order(gone_at) >= in_order(told.updated_at):
        return replace(told, status="deleted")
    return told


def partition(shop: str, order_id: str) -> str:
    return base.partition(shop, "O", order_id)


def read(shop: str, order_id: str) -> Held:
    """One strong query."""
    order: OrderRow | None = None
    refetch: RefetchRow | None = None
    rating: Rating | None = None
    follow_ups: dict[tuple[str, str], FollowUpRow] = {}
    with base.reading():
        for row in Row.query(partition(shop, order_id), consistent_read=True):
            if isinstance(row, OrderRow):
                order = row
            elif isinstance(row, RefetchRow):
                refetch = row
            elif isinstance(row, RatingRow):
                rating = Rating(row.stars, row.at, row.words or "")
            elif isinstance(row, FollowUpRow):
                follow_ups[row.flow, row.step] = row
    if order is None:
        return Held(follow_ups=follow_ups, refetch=refetch, rating=rating)
    told = from_canonical(order.snapshot) if order.snapshot else None
    return Held(told, order.customer, order.gone_at, order.rev, follow_ups, refetch, rating)


def write(shop: str, order_id: str, held: Held, told: Order | None, customer: str | None, gone_at: str | None) -> Write:
    """The order's row with what it says now."""
    row = OrderRow(partition(shop, order_id), "ORDER", customer=customer, gone_at=gone_at)
    order = standing(told, gone_at)
    if told and order:
        row.snapshot = canonical(told)
        if order.status not in ("deleted", "draft"):
            row.feed_pk = feed_partition(shop, order.placed_at, order_id, FEED if order.placed else APART)
            row.feed_sk = f"{in_order(order.placed_at)}#{order_id}"
        if order.placed:
            row.gist = _gist(order, customer)
    return base.replace(row, held.rev)


def feed_partition(shop: str, placed_at: str, order_id: str, feed: str = FEED) -> str:
    return base.partition(shop, feed, placed_at[:7], str(base.shard(order_id, FEED_SHARDS)))


def _gist(order: Order, customer: str | None) -> dict[str, object]:
    lines = [[line.product_id, line.quantity, line.total] for line in order.lines[:MOST_LINES] if line.product_id]
    # Who was erased is nobody here: her account and her address are linked no more, and she would count twice.
    whose = customer if identity(order.buyer) else None
    gist: dict[str, object] = {"c": whose, "cur": order.currency, "net": order.net, "l": lines}
    if order.given_back:
        gist["b"] = 1
    return {**gist, "k": order.buyer.country} if order.buyer.country else gist


def refetch(shop: str, order_id: str, reason: str, about: str, now: datetime, held: Held) -> list[Write]:
    """Marks the order as one to ask the shop about (`tie`, `partial`, `deleted`); nothing where that is known."""
    old = held.refetch
    if old:
        reason = reason if old.reason == "tie" else old.reason
        about = max(old.about, about, key=in_order)
    if old and (old.reason, old.about) == (reason, about):
        return []
    row = RefetchRow(partition(shop, order_id), "REFETCH", reason=reason, about=about, asked_at=stamp(now))
    row.due_pk, row.due_sk = due_keys(row.pk, stamp(now + timedelta(seconds=2)), now)
    return [base.replace(row, old.rev if old else None)]


def settles(order: Order, mark: RefetchRow) -> bool:
    """Whether this telling is all that the mark asks for."""
    return order.settled and mark.reason == "tie" and in_order(mark.about) <= in_order(order.updated_at)


def answered(mark: RefetchRow) -> Write:
    """Takes the mark away, unless the order was marked again since it was read."""
    return Write(mark, Row.rev == mark.rev, "delete")


def postpone_refetch(mark: RefetchRow, tries: int, due: str, now: datetime) -> RefetchRow:
    """The mark stands, to be looked at again at the stored moment `due`. Returns it as it stands now. Raises Conflict:
    somebody else wrote to it since it was read."""
    row = RefetchRow(mark.pk, mark.sk, reason=mark.reason, about=mark.about, asked_at=mark.asked_at, tries=tries)
    row.due_pk, row.due_sk = due_keys(row.pk, due, now)
    base.commit([base.replace(row, mark.rev)])
    return row


def get(shop: str, order_id: str) -> tuple[Order, str | None] | None:
    """The order as it stands and its customer's node, or None."""
    held = read(shop, order_id)
    return (held.order, held.customer) if held.order else None


def of_ids(shop: str, ids: Iterable[str]) -> dict[str, tuple[Order, str | None]]:
    """The orders as they stand, each with its customer's node; without those that are not there."""
    keys = [(partition(shop, order_id), "ORDER") for order_id in dict.fromkeys(ids)]
    found: dict[str, tuple[Order, str | None]] = {}
    with base.reading():
        for row in OrderRow.batch_get(keys, consistent_read=True) if keys else ():
            order = standing(from_canonical(row.snapshot) if row.snapshot else None, row.gone_at)
            if order:
                found[order.id] = (order, row.customer)
    return found


def placed_since(shop: str, since: str, now: datetime, after: str | None = None) -> Iterator[tuple[str, str]]:
    """(position, order id) of what counts as placed, from the stored moment `since` on, oldest first; `after` is the
    last position seen."""
    start = after or in_order(since)
    # A shop's clock may be ahead of ours, and its months with it.
    for month in months_since(start[:7] + "-01", now + timedelta(days=32)):
        shards = [_feed(shop, month, shard, start) for shard in range(FEED_SHARDS)]
        yield from ((sk, order_id) for sk, order_id in heapq.merge(*shards) if sk != after)


def buyers_since(shop: str, since: str, now: datetime) -> list[str]:
    """The nodes of those who placed an order from the stored moment `since` on, each once. Reads the index alone."""
    found: dict[str, None] = {}
    with base.reading():
        for month in months_since(since[:7] + "-01", now + timedelta(days=32)):
            for shard in range(FEED_SHARDS):
                feed = base.partition(shop, FEED, month, str(shard))
                for row in Seen.feed.query(feed, Seen.feed_sk >= in_order(since)):
                    if row.gist and row.gist.get("c"):
                        found[row.gist["c"]] = None
    return list(found)


def _feed(shop: str, month: str, shard: int, start: str) -> Iterator[tuple[str, str]]:
    with base.reading():
        for row in Seen.feed.query(base.partition(shop, "F", month, str(shard)), Seen.feed_sk >= start, page_size=100):
            yield str(row.feed_sk), base.plain(row.pk.split("#")[3])


def count(shop: str, now: datetime) -> int:
    """How many orders of the shop we hold, deleted ones not among them; read from the index, so a moment late. Costs
    half a read unit for every 4 KB of it: about 3,000 for 100,000 orders."""
    at, total, empty = (now + timedelta(days=32)).replace(day=1), 0, 0
    with base.reading():
        while empty < EMPTY_MONTHS:
            month = sum(_counted(shop, feed, at.strftime("%Y-%m")) for feed in (FEED, APART))
            total, empty = total + month, 0 if month else empty + 1
            at = (at - timedelta(days=1)).replace(day=1)
    return total


def _counted(shop: str, feed: str, month: str) -> int:
    partitions = [base.partition(shop, feed, month, str(shard)) for shard in range(FEED_SHARDS)]
    return sum(Seen.feed.count(partition) for partition in partitions)


def months_since(placed_since: str, now: datetime) -> list[str]:
    """`2026-09`, `2026-10`, … up to the present one."""
    at, months = moment(placed_since).replace(day=1), []
    while at <= now:
        months.append(at.strftime("%Y-%m"))
        at = (at + timedelta(days=32)).replace(day=1)
    return months
