"""Bringing an order's follow-ups in line with what the order says now. What sending has decided is never touched."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.flow import Flow
from chalicelib.domain.journey import earliest, happened
from chalicelib.domain.order import Order
from chalicelib.domain.people import experiment_identity
from chalicelib.domain.planning import OPEN, Planned, Rating, plan, stopped
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, stamp
from chalicelib.domain.zones import zone_of
from chalicelib.table import follow_ups
from chalicelib.table.base import Write
from chalicelib.table.follow_ups import OF_ORDER, FollowUpRow, Key
from chalicelib.table.orders import Held
from chalicelib.work import flow_book
from chalicelib.work.nodes import Nodes
from chalicelib.work.units import Units


def replan(
    shop: Shop,
    nodes: Nodes,
    held: Held,
    order: Order,
    customer: str | None,
    now: datetime,
    rating: Rating | None = None,
) -> list[Write]:
    """Writes for the follow-ups that appear, move or end. `customer` None: nobody to write to (erased or unknown)."""
    units = Units(shop, nodes, customer, experiment_identity(order.buyer), now)
    live = flow_book.live(shop)
    wanted = {
        flow.name: found
        for flow in live.values()
        if customer and (found := _plan(flow, order, shop, rating)) and _is_new(shop, found)
    }
    writes = [
        follow_ups.write(_new(shop, order, customer, planned, units, now), None, now)
        for planned in wanted.values()
        if not any(row.flow == planned.flow for row in held.follow_ups.values())
    ]
    for row in held.follow_ups.values():
        if row.state not in OPEN or row.decided is not None:
            continue
        planned = _plan_of(shop, live, row, order, rating) if customer else None
        if planned is None:
            if row.state != "cancelled":
                writes.append(
                    follow_ups.write(_ended(row, _reason(shop, live, row, order, customer), now), row.rev, now)
                )
        elif _brought_up(shop, row, planned, order, customer, rating, units, now):
            writes.append(follow_ups.write(row, row.rev, now))
    return writes + units.writes


def _is_new(shop: Shop, planned: Planned) -> bool:
    """What happened before a flow was switched on is past, however late the shop tells of it."""
    return in_order(planned.started_at) >= in_order(shop.flows_since.get(planned.flow, ""))


def _plan(flow: Flow, order: Order, shop: Shop, rating: Rating | None) -> Planned | None:
    zone = zone_of(order.buyer.country, shop.country, shop.timezone)
    return plan(flow, order, shop.connected_at, zone, rating)


def _plan_of(
    shop: Shop, live: dict[str, Flow], row: FollowUpRow, order: Order, rating: Rating | None
) -> Planned | None:
    """The plan by the version she started with, as long as the flow is on, and was all the while."""
    flow = flow_book.of(shop, row.flow, row.version) if row.flow in live else None
    planned = _plan(flow, order, shop, rating) if flow else None
    return planned if planned and _is_new(shop, planned) else None


def _brought_up(
    shop: Shop,
    row: FollowUpRow,
    planned: Planned,
    order: Order,
    customer: str | None,
    rating: Rating | None,
    units: Units,
    now: datetime,
) -> bool:
    """Whether the row had to be changed. A deferred one keeps its deferral as long as its plan is the same; a step that
    is not the flow's first stands where the one before has put it."""
    first = row.step == planned.step
    moved = first and (row.started_at, row.late_after) != (planned.started_at, planned.late_after)
    elsewhere = row.zone not in (None, planned.zone)  # she lives by another clock
    if row.customer != customer:
        units.assign(row)
    elif not moved and not elsewhere and row.state != "cancelled":
        return _woken(shop, row, order, rating, now)
    row.state, row.customer, row.zone = "scheduled", customer, planned.zone
    if first:
        row.due_at, row.late_after, row.started_at = planned.due, planned.late_after, planned.started_at
    because(row, "replanned", now, due=row.due_at)
    return True


def _woken(shop: Shop, row: FollowUpRow, order: Order, rating: Rating | None, now: datetime) -> bool:
    """A step that waits for something of its order goes on as soon as it has happened."""
    flow = flow_book.of(shop, row.flow, row.version)
    step = flow.step(row.step) if flow else None
    if step is None or step.kind != "wait_for" or in_order(row.due_at) <= in_order(stamp(now)):
        return False
    if not happened(step.value, order, rating, newer_order=False):
        return False
    row.due_at = stamp(now)
    because(row, "happened", now, event=step.value)
    return True


def _new(shop: Shop, order: Order, customer: str | None, planned: Planned, units: Units, now: datetime) -> FollowUpRow:
    row = stand(shop, Key(OF_ORDER, order.id, planned.flow, planned.step), planned, now)
    row.order_id, row.customer = order.id, customer
    units.assign(row)
    return row


def stand(shop: Shop, key: Key, planned: Planned, now: datetime) -> FollowUpRow:
    """A new row as it is planned; whose it is, what it is about and its arm are still to be said. What it may wait for
    is looked at before the time is up: it may have happened already."""
    row = follow_ups.new(shop.slug, key)
    row.version, row.purpose, row.channel, row.zone = planned.version, planned.purpose, planned.channel, planned.zone
    row.state, row.due_at, row.late_after, row.started_at = (
        *("scheduled", planned.due, planned.late_after),
        planned.started_at,
    )
    if flow := flow_book.of(shop, planned.flow, planned.version):
        row.due_at = earliest(flow, planned)
    return because(row, "planned", now, due=planned.due)


def _ended(row: FollowUpRow, code: str, now: datetime) -> FollowUpRow:
    row.state = "cancelled"
    return because(row, code, now)


def _reason(shop: Shop, live: dict[str, Flow], row: FollowUpRow, order: Order, customer: str | None) -> str:
    if customer is None:
        return "customer_gone"
    flow = flow_book.of(shop, row.flow, row.version) if row.flow in live else None
    was_off = in_order(row.started_at) < in_order(shop.flows_since.get(row.flow, ""))
    return (stopped(flow, order) if flow and not was_off else "flow_off") or "no_longer_due"


# A row that is moved for ever must not grow for ever; the first entry (why it exists) stays.
MOST_REASONS = 12


def because(row: FollowUpRow, code: str, now: datetime, **params: object) -> FollowUpRow:
    """Adds one entry to the follow-up's `why`."""
    entries = [*(row.why or []), {"code": code, "params": params, "at": stamp(now)}]
    row.why = entries if len(entries) <= MOST_REASONS else [entries[0], *entries[1 - MOST_REASONS :]]
    return row
