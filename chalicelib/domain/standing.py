"""What stands around a follow-up when it is decided: newer orders, her rhythm, her other follow-ups. Of rows as they
are stored or as a rehearsal imagines them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Protocol

from chalicelib.domain.facts import Other, before
from chalicelib.domain.flow import Flow, Step
from chalicelib.domain.order import Order
from chalicelib.domain.planning import Rating, started_by
from chalicelib.domain.rhythm import length
from chalicelib.domain.times import in_order, later, stamp
from chalicelib.domain.zones import after


class Bought(Protocol):
    """That she bought an order. `counts`: paid | placed | no."""

    @property
    def order_id(self) -> str: ...
    @property
    def placed_at(self) -> str: ...
    @property
    def counts(self) -> str: ...


class Waiting(Protocol):
    """A follow-up."""

    @property
    def id(self) -> str: ...
    @property
    def flow(self) -> str: ...
    @property
    def step(self) -> str: ...
    @property
    def purpose(self) -> str: ...
    @property
    def channel(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def due_at(self) -> str: ...
    @property
    def late_after(self) -> str: ...


def newer(order: Order | None, started_at: str, bought: Iterable[Bought]) -> bool:
    """Whether she has ordered since: after this order, or after what started the flow."""
    since = in_order(order.placed_at if order else started_at)
    mine = order.id if order else ""
    return any(b.counts != "no" and b.order_id != mine and in_order(b.placed_at) > since for b in bought)


def placed_by(order: Order, bought: Iterable[Bought]) -> list[Bought]:
    """Those of her orders that counted when this one was placed, this one among them."""
    return [b for b in bought if b.counts != "no" and in_order(b.placed_at) <= in_order(order.placed_at)]


def rhythm_of(flow: Flow | None, step: Step | None, order: Order | None, rating: Rating | None) -> str | None:
    """Whose rhythm a flow's first step waits for: customer | product; None where it waits for none."""
    if flow is None or step is None or order is None or step != flow.steps[0]:
        return None
    started = started_by(flow, order, rating)
    return started[0].rhythm.of if started and started[0].rhythm else None


def rhythm_until(
    flow: Flow, step: Step, order: Order, rating: Rating | None, started_at: str, zone: str, times: Iterable[str]
) -> str | None:
    """When her own rhythm says that it is time; `times` are those of `rhythm_of`."""
    started = started_by(flow, order, rating)
    if started is None or started[0].rhythm is None:
        return None
    reached = later(after(started_at, started[0].wait, zone), length(started[0].rhythm, times))
    return after(reached, step.wait, zone)


def others(rows: Iterable[Waiting], mine: str, live: Mapping[str, Flow], now: datetime) -> tuple[Other, ...]:
    """Those of her follow-ups that compete with the one whose id is `mine`."""
    return tuple(_other(row, live, now) for row in rows if _competes(row, mine, live, now))


def _competes(row: Waiting, mine: str, live: Mapping[str, Flow], now: datetime) -> bool:
    step = live[row.flow].step(row.step) if row.flow in live else None
    waits = row.state in ("scheduled", "deferred") and in_order(row.late_after) >= in_order(stamp(now))
    return waits and row.id != mine and step is not None and row.channel != "onsite"


def _other(row: Waiting, live: Mapping[str, Flow], now: datetime) -> Other:
    flow = live[row.flow]
    step = flow.step(row.step)
    due = before(row.due_at, now) and step is not None and step.kind == "send"
    return Other(row.id, row.flow, row.purpose, row.due_at, flow.priority, due, row.step not in flow.opening())
