"""Bringing an order's follow-ups in line with what the order says now. What sending has decided is never touched."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from chalicelib import flows
from chalicelib.domain import arms, blinding
from chalicelib.domain.arms import Unit
from chalicelib.domain.flow import Flow
from chalicelib.domain.order import Order
from chalicelib.domain.people import experiment_identity
from chalicelib.domain.planning import OPEN, Planned, plan, stopped
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.table import experiments, follow_ups, orders
from chalicelib.table.base import Write
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.table.orders import Held
from chalicelib.work.nodes import Nodes


def replan(shop: Shop, nodes: Nodes, held: Held, order: Order, customer: str | None, now: datetime) -> list[Write]:
    """Writes for the follow-ups that appear, move or end. `customer` None: nobody to write to (erased or unknown)."""
    active = {name: flow for name, flow in flows.shipped().items() if name not in shop.flows_off}
    wanted = _wanted(active, shop, order) if customer else {}
    writes: list[Write] = []
    unit = _Unit(shop, nodes, order, customer, now)
    for key, planned in wanted.items():
        row = held.follow_ups.get(key)
        if row is None:
            writes.append(follow_ups.write(_new(shop, order, customer, planned, unit, now), None, now))
        elif _may_move(row) and _moved(row, planned, customer):
            if row.customer != customer:
                _assign(row, unit)
            writes.append(follow_ups.write(_again(row, planned, customer, now), row.rev, now))
    for key, row in held.follow_ups.items():
        if key not in wanted and _may_move(row) and row.state != "cancelled":
            writes.append(follow_ups.write(_ended(row, _reason(active, row, order, customer), now), row.rev, now))
    return writes + unit.writes


def _wanted(active: dict[str, Flow], shop: Shop, order: Order) -> dict[tuple[str, str], Planned]:
    planned = [step for flow in active.values() for step in plan(flow, order, shop.connected_at)]
    return {(step.flow, step.step): step for step in planned}


def _may_move(row: FollowUpRow) -> bool:
    return row.state in OPEN and row.decided is None


def _moved(row: FollowUpRow, planned: Planned, customer: str | None) -> bool:
    """A deferred follow-up keeps its deferral as long as its plan is the same."""
    same_plan = (row.started_at, row.late_after) == (planned.started_at, planned.late_after)
    return row.state == "cancelled" or not same_plan or row.customer != customer


def _new(shop: Shop, order: Order, customer: str | None, planned: Planned, unit: _Unit, now: datetime) -> FollowUpRow:
    row = FollowUpRow(orders.partition(shop.slug, order.id), follow_ups.sort_key(planned.flow, planned.step))
    row.flow, row.step, row.version = planned.flow, planned.step, planned.version
    row.purpose, row.channel, row.order_id, row.customer = planned.purpose, planned.channel, order.id, customer
    _assign(row, unit)
    return _again(row, planned, customer, now, "planned")


def _assign(row: FollowUpRow, unit: _Unit) -> None:
    """The arm is that of whoever is written to: an order that moves to another customer must not take it along."""
    assigned = unit.assigned() if row.purpose == "marketing" else None
    row.unit, row.arm = (assigned.id, assigned.arm) if assigned else (None, None)


def _again(
    row: FollowUpRow, planned: Planned, customer: str | None, now: datetime, code: str = "replanned"
) -> FollowUpRow:
    row.state, row.customer = "scheduled", customer
    row.due_at, row.late_after, row.started_at = planned.due, planned.late_after, planned.started_at
    return because(row, code, now, due=planned.due)


def _ended(row: FollowUpRow, code: str, now: datetime) -> FollowUpRow:
    row.state = "cancelled"
    return because(row, code, now)


def _reason(active: dict[str, Flow], row: FollowUpRow, order: Order, customer: str | None) -> str:
    if customer is None:
        return "customer_gone"
    flow = active.get(row.flow)
    return (stopped(flow, order) if flow else "flow_off") or "no_longer_due"


# A row that is moved for ever must not grow for ever; the first entry (why it exists) stays.
MOST_REASONS = 12


def because(row: FollowUpRow, code: str, now: datetime, **params: object) -> FollowUpRow:
    """Adds one entry to the follow-up's `why`."""
    entries = [*(row.why or []), {"code": code, "params": params, "at": stamp(now)}]
    row.why = entries if len(entries) <= MOST_REASONS else [entries[0], *entries[1 - MOST_REASONS :]]
    return row


class _Unit:
    """The person's place in the experiment: looked at when marketing is planned, written once, kept on her profile:
    another address must not make another person of her."""

    def __init__(self, shop: Shop, nodes: Nodes, order: Order, customer: str | None, now: datetime) -> None:
        self._shop, self._nodes, self._order, self._customer, self._now = shop, nodes, order, customer, now
        self._unit: Unit | None = None
        self.writes: list[Write] = []

    def assigned(self) -> Unit | None:
        name = self._name()
        if name and self._unit is None:
            self._unit = experiments.read(self._shop.slug, name) or self._first(name)
        return self._unit

    def _name(self) -> str | None:
        key = experiment_identity(self._order.buyer)
        if self._customer is None or key is None:
            return None
        name = self._nodes[self._customer].unit or blinding.experiment_unit(self._shop.blind_key, key)
        self._nodes.change(self._customer, lambda node: replace(node, unit=name))
        return name

    def _first(self, name: str) -> Unit:
        unit = arms.assign(self._shop.salt, name, self._shop.treated_share, stamp(self._now)[:10])
        self.writes.append(experiments.first_write(self._shop.slug, unit))
        return unit
