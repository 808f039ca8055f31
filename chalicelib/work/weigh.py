"""Reading everything a decision about one follow-up rests on, and remembering it for the claim."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib import channels, flows
from chalicelib.domain.customer import Customer
from chalicelib.domain.deciding import Facts, address_of
from chalicelib.domain.order import Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, stamp
from chalicelib.table import customers, orders, suppression
from chalicelib.table.base import Write
from chalicelib.table.customers import PointerRow, Read
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.table.orders import Held

LOOK_BACK = timedelta(days=400)
# Follow-ups of more orders than these are not compared: each costs a read, and the cap holds without it.
MOST_ORDERS_COMPARED = 5


@dataclass(frozen=True)
class Case:
    """One follow-up and what was read about it."""

    shop: Shop
    row: FollowUpRow
    facts: Facts
    order: Order | None
    customer: Customer | None
    reads: tuple[Read, ...]

    def on_record(self, now: datetime) -> list[Write]:
        """For the claim: the message goes on her record, and no part of her may have changed since it was read."""
        if self.customer is None:
            return []
        survivor = self.customer.survivor.id
        writes = []
        for read in self.reads:
            if read.node.id == survivor:
                node = read.node.sending(stamp(now), self.row.purpose, self.row.id)
                writes.append(customers.write(self.shop.slug, read, node))
            else:
                writes.append(customers.unchanged(self.shop.slug, read))
        return writes


def weigh(shop: Shop, held: Held, row: FollowUpRow, now: datetime) -> Case:
    """A few strong reads: her profile, her orders, the suppression of her address, her other follow-ups."""
    # An order that moved while its message was being sent: what it says is no longer hers to read.
    hers = row.customer if row.customer == held.customer else None
    reads = customers.read_person(shop.slug, hers) if hers else ()
    customer = Customer(tuple(read.node for read in reads)) if reads else None
    reaches = channels.reaching(row.channel).REACHES
    order = held.order
    pointers = customers.orders_of(shop.slug, customer) if customer else []
    address = address_of(row.purpose, reaches, order, customer)
    facts = Facts(
        follow_up=row.id,
        purpose=row.purpose,
        channel_reaches=reaches,
        late_after=row.late_after,
        shop=shop,
        flow=flows.shipped().get(row.flow),
        order=order,
        customer=customer,
        newer_order=order is not None and _newer(order, pointers),
        address=address,
        suppressed=suppression.reason(shop, contact_key(reaches, address)) if address else None,
        arm=row.arm,
        others_due=_due_of(shop, row, held, pointers, now),
    )
    return Case(shop, row, facts, order, customer, reads)


def _newer(order: Order, pointers: list[PointerRow]) -> bool:
    placed = in_order(order.placed_at)
    return any(
        pointer.counts != "no" and pointer.order_id != order.id and in_order(pointer.placed_at) > placed
        for pointer in pointers
    )


def contact_key(reaches: str, address: str) -> str:
    """What an address is suppressed under."""
    return f"email:{address}" if reaches == "email" else f"phone:{address}"


def _due_of(
    shop: Shop, row: FollowUpRow, held: Held, pointers: list[PointerRow], now: datetime
) -> tuple[tuple[str, str, str], ...]:
    since = in_order(stamp(now - LOOK_BACK))
    others = [p.order_id for p in pointers if p.order_id != row.order_id and in_order(p.placed_at) > since]
    rows = list(held.follow_ups.values())
    for order_id in others[:MOST_ORDERS_COMPARED]:
        rows += orders.read(shop.slug, order_id).follow_ups.values()
    due = [other for other in rows if _is_due(other, row, now)]
    return tuple((other.id, other.purpose, other.due_at) for other in due)


def _is_due(other: FollowUpRow, row: FollowUpRow, now: datetime) -> bool:
    waits = other.state in ("scheduled", "deferred") and in_order(other.due_at) <= in_order(stamp(now))
    in_time = in_order(other.late_after) >= in_order(stamp(now))
    return other.id == row.id or (waits and in_time and other.channel == row.channel)
