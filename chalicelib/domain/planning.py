"""Which follow-up an order deserves, and when: a function of the order's own times, never of how we heard of it.

Import and live deliveries therefore plan alike, and planning again changes nothing. Only the first step of a flow is
planned; what comes after it is decided when it is done (`domain.journey`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from chalicelib.domain.conditions import Known, holds
from chalicelib.domain.flow import Flow, Start, Step
from chalicelib.domain.money import Money
from chalicelib.domain.order import Order
from chalicelib.domain.times import in_order, later
from chalicelib.domain.zones import after

# Whatever else is true of a follow-up, planning may move or cancel it only in these states.
OPEN = ("scheduled", "deferred", "cancelled")
YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Rating:
    """What a customer thinks of an order: 1 to 5 stars, at a stored moment, and perhaps some words."""

    stars: int
    at: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Planned:
    """One step of one flow for one trigger. `due` is a stored moment, `channel` the one the owner named first."""

    flow: str
    step: str
    version: int
    purpose: str
    channel: str
    started_at: str
    due: str
    late_after: str
    zone: str


def plan(flow: Flow, order: Order, connected_at: str, zone: str, rating: Rating | None = None) -> Planned | None:
    """The follow-up that should stand first for `order`; None if the flow's trigger never happened, lies before the
    shop was connected, the order is no longer good, or what it says keeps the flow from starting."""
    known = known_of(order, rating)
    started = started_by(flow, order, rating)
    if started is None or stopped(flow, order) or holds(flow.only_if, known) is False:
        return None
    start, at = started
    if in_order(at) < in_order(connected_at):
        return None
    return first_step(flow, start, at, zone)


def first_step(flow: Flow, start: Start, at: str, zone: str) -> Planned:
    """The flow's first step, for a trigger that happened at the stored moment `at`. With a rhythm `due` is the earliest
    moment it can be, and `late_after` counts from the latest."""
    if start.when == "first_order_anniversary":
        at = later(at, YEAR)
    step, reached = flow.steps[0], after(at, start.wait, zone)
    due = after(later(reached, start.rhythm.least) if start.rhythm else reached, step.wait, zone)
    if step.kind == "wait_for":
        due = later(due, step.timeout)
    latest = later(reached, start.rhythm.most) if start.rhythm else due
    return planned(flow, step, at, due, later(max(due, latest, key=in_order), step.max_late), zone)


def planned(flow: Flow, step: Step, started_at: str, due: str, late_after: str, zone: str) -> Planned:
    channel = step.channels[0] if step.channels else ""
    return Planned(flow.name, step.name, flow.version, flow.purpose, channel, started_at, due, late_after, zone)


def stopped(flow: Flow, order: Order) -> str | None:
    """Why the order itself ends the flow, as a `why` code, or None."""
    if order.test:
        return "test_order"
    if order.status == "deleted":
        return "order_deleted"
    if order.status == "cancelled":
        if any(start.when == "cancelled" for start in flow.starts):
            return None
        return "order_cancelled" if "cancelled" in flow.exits else "order_not_placed"
    if order.refunded > 0 and "refunded" in flow.exits:
        return "order_refunded"
    return None if order.placed else "order_not_placed"


def started_by(flow: Flow, order: Order, rating: Rating | None = None) -> tuple[Start, str] | None:
    """The first start that applies, with its stored moment. What the order does not say is not so: a start is not asked
    about again, but chosen anew when the order says more."""
    known = known_of(order, rating)
    for start in flow.starts:
        at = moment_of(start.when, order, rating)
        if at is not None and holds(start.only_if, known):
            return start, at
    return None


def moment_of(when: str, order: Order, rating: Rating | None = None) -> str | None:
    """When that moment of the order was, or None where it was not yet."""
    if when == "placed":
        return order.placed_at if order.placed else None
    if when in ("bought", "no_next_order", "first_order_anniversary") and order.cash_on_delivery:
        return order.placed_at if order.placed else None
    if when in ("paid", "bought", "no_next_order", "first_order_anniversary"):
        return order.paid_at if order.paid else None
    if when == "refunded":
        known = [refund.at for refund in order.refunds if refund.at]
        return (max(known, key=in_order) if known else order.updated_at) if order.refunded else None
    if when == "cancelled":
        return (order.cancelled_at or order.updated_at) if order.status == "cancelled" else None
    if when == "rated":
        return rating.at if rating else None
    # No platform tells more of goods than when they went out: completed and delivered mean that too (docs/flows.md).
    return order.fulfilled_at if when in ("fulfilled", "completed", "delivered") else None


def known_of(order: Order, rating: Rating | None = None) -> Known:
    """What conditions may ask and the order says by itself."""
    bought = [line for line in order.lines if line.quantity > 0]
    return {
        "order.total": Money(order.total, order.currency),
        "order.items": sum(line.quantity for line in bought),
        "order.products": {name for line in bought for name in (line.product_id, line.variant_id, line.sku) if name},
        "order.coupon": bool(order.coupons),
        "order.cash_on_delivery": order.cash_on_delivery,
        "order.country": order.buyer.country,
        "order.rating": rating.stars if rating else None,
    }
