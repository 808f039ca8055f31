"""Same events, same plans: the follow-ups of stored orders derived again from scratch, and how they differ from those
that are stored. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.domain.arms import is_treated
from chalicelib.domain.flow import Flow
from chalicelib.domain.journey import split
from chalicelib.domain.order import Order
from chalicelib.domain.planning import Planned, plan, stopped
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order
from chalicelib.domain.zones import zone_of
from chalicelib.table import experiments, orders
from chalicelib.table.follow_ups import FollowUpRow, follow_up_id
from chalicelib.table.orders import Held
from chalicelib.work import flow_book

_OPEN = ("scheduled", "deferred")


@dataclass(frozen=True, slots=True)
class Difference:
    """`what`: missing | unplanned | id | due | started | late_after | arm | way. `due` is what it was planned for."""

    follow_up: str
    flow: str
    step: str
    what: str
    stored: str | None
    derived: str | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """Of one order: how many follow-ups were looked at, and what of them is not as it would be now."""

    order_id: str
    looked_at: int
    differences: tuple[Difference, ...]


def replay(shop: Shop, order_id: str) -> Replayed | None:
    """None where there is no such order. Raises Trouble."""
    held = orders.read(shop.slug, order_id)
    if held.order is None:
        return None
    return Replayed(order_id, len(held.follow_ups), tuple(_differences(shop, held, held.order)))


def _differences(shop: Shop, held: Held, order: Order) -> Iterator[Difference]:
    live = flow_book.live(shop)
    for name in sorted({*live, *(row.flow for row in held.follow_ups.values())}):
        rows = [row for row in held.follow_ups.values() if row.flow == name]
        if rows:
            yield from _of_rows(shop, live, held, order, rows)
        elif held.customer and (planned := _planned(shop, live[name], order, held)) and not _earlier(shop, planned):
            yield _difference(order.id, planned.flow, planned.step, "missing", None, planned.due)


def _planned(shop: Shop, flow: Flow, order: Order, held: Held) -> Planned | None:
    zone = zone_of(order.buyer.country, shop.country, shop.timezone)
    return plan(flow, order, shop.connected_at, zone, held.rating)


def _earlier(shop: Shop, planned: Planned) -> bool:
    """What started it lies before the flow was switched on."""
    return in_order(planned.started_at) < in_order(shop.flows_since.get(planned.flow, ""))


def _difference(order_id: str, flow: str, step: str, what: str, stored: str | None, derived: str | None) -> Difference:
    return Difference(follow_up_id(order_id, flow, step), flow, step, what, stored, derived)


def _of_rows(
    shop: Shop, live: dict[str, Flow], held: Held, order: Order, rows: list[FollowUpRow]
) -> Iterator[Difference]:
    """Each row against the plan by the version it was started with."""
    for row in sorted(rows, key=lambda row: row.step):
        flow = flow_book.of(shop, row.flow, row.version)
        planned = _planned(shop, flow, order, held) if flow else None
        planned = None if planned and _earlier(shop, planned) else planned
        for what, stored, derived in _of_row(shop, row, flow, planned, order, row.flow in live):
            yield _difference(order.id, row.flow, row.step, what, stored, derived)


def _of_row(
    shop: Shop, row: FollowUpRow, flow: Flow | None, planned: Planned | None, order: Order, is_on: bool
) -> Iterator[tuple[str, str | None, str | None]]:
    if row.id != follow_up_id(order.id, row.flow, row.step):
        yield "id", row.id, follow_up_id(order.id, row.flow, row.step)
    if row.state in _OPEN and (planned is None or (flow and stopped(flow, order)) or not is_on):
        yield "unplanned", row.state, None
    if planned and row.step == planned.step and row.state != "cancelled":
        yield from _moments(row, planned)
    yield from _arm(shop, row)
    yield from _way(shop, row, flow)


def _moments(row: FollowUpRow, planned: Planned) -> Iterator[tuple[str, str | None, str | None]]:
    told = {
        "started": (row.started_at, planned.started_at),
        "late_after": (row.late_after, planned.late_after),
        "due": (_planned_for(row), planned.due),
    }
    yield from ((what, stored, derived) for what, (stored, derived) in told.items() if stored and stored != derived)


def _planned_for(row: FollowUpRow) -> str | None:
    """The moment of its last plan: deferring moves what is due, not what was planned. None where that is forgotten."""
    plans = [entry for entry in row.why or [] if entry["code"] in ("planned", "replanned")]
    due = plans[-1]["params"].get("due") if plans else None
    return str(due) if due else None


def _arm(shop: Shop, row: FollowUpRow) -> Iterator[tuple[str, str | None, str | None]]:
    """Her arm, drawn again with the chance of treatment of the day on which it was drawn."""
    unit = experiments.read(shop.slug, row.unit) if row.unit else None
    if row.unit and unit is None:
        yield "arm", row.arm, None
    elif unit:
        drawn = "treated" if is_treated(shop.salt, unit.id, unit.p) else "control"
        if (row.arm, unit.arm) != (drawn, drawn):
            yield "arm", row.arm, drawn


def _way(shop: Shop, row: FollowUpRow, flow: Flow | None) -> Iterator[tuple[str, str | None, str | None]]:
    step = flow.step(row.step) if flow else None
    if step is None or step.kind != "split":
        return
    drawn = split(step, shop.salt, row.lot)[0]
    for entry in row.why or []:
        if entry["code"] == "split" and str(entry["params"].get("way")) != drawn:
            yield "way", str(entry["params"].get("way")), drawn
