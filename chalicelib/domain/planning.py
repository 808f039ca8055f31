"""Which follow-ups an order deserves, and when: a function of the order's own times, never of how we heard of it.

Import and live deliveries therefore plan alike, and planning again changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.flow import Flow, Start
from chalicelib.domain.order import Order
from chalicelib.domain.times import in_order, later

# Whatever else is true of a follow-up, planning may move or cancel it only in these states.
OPEN = ("scheduled", "deferred", "cancelled")


@dataclass(frozen=True, slots=True)
class Planned:
    """One step of one flow for one order. `due` is a stored moment."""

    flow: str
    step: str
    version: int
    purpose: str
    channel: str
    started_at: str
    due: str
    late_after: str


def plan(flow: Flow, order: Order, connected_at: str) -> list[Planned]:
    """The follow-ups of `flow` that should stand for `order`; empty if its trigger never happened, lies before the shop
    was connected, or the order is no longer good."""
    started = _started(flow, order)
    if started is None or stopped(flow, order):
        return []
    start, at = started
    if in_order(at) < in_order(connected_at):
        return []
    planned, wait = [], start.wait
    for step in flow.steps:
        wait += step.wait
        due = later(at, wait)
        planned.append(
            Planned(flow.name, step.name, flow.version, flow.purpose, step.channel, at, due, later(due, step.max_late))
        )
    return planned


def stopped(flow: Flow, order: Order) -> str | None:
    """Why the order itself ends the flow, as a `why` code, or None."""
    if order.test:
        return "test_order"
    if order.status == "deleted":
        return "order_deleted"
    if order.status == "cancelled" and "cancelled" in flow.exits:
        return "order_cancelled"
    if order.refunded > 0 and "refunded" in flow.exits:
        return "order_refunded"
    return None if order.placed else "order_not_placed"


def _started(flow: Flow, order: Order) -> tuple[Start, str] | None:
    for start in flow.starts:
        at = _moment_of(start, order)
        if at is not None:
            return start, at
    return None


def _moment_of(start: Start, order: Order) -> str | None:
    if start.only_if == "cash_on_delivery" and not order.cash_on_delivery:
        return None
    if start.when == "placed":
        return order.placed_at if order.placed else None
    if start.when == "paid":
        return order.paid_at if order.paid else None
    # No platform tells more of goods than when they went out: completed and delivered mean that too (docs/flows.md).
    return order.fulfilled_at
