"""What a stored order sets going beside its own follow-ups: steps that wait for her next order go on, and she may come
into a segment or leave one. Nothing is read where no live flow asks for it.

All of it is asked again when it is due, and every night: what fails here is only later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from chalicelib.domain.flow import Flow
from chalicelib.domain.order import Order
from chalicelib.domain.people import identity
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, stamp
from chalicelib.table import base, customers, follow_ups, orders
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.work import flow_book, membership, sweep
from chalicelib.work.log import logger
from chalicelib.work.replan import because

# Steps of more orders than these are not looked for: they go on when their time is up.
MOST_ORDERS = 5
_ENSURED: dict[str, str] = {}  # shop -> the hour in which this process saw to its nightly look


def stored(shop: Shop, order: Order, now: datetime) -> None:
    """An order has just been stored, or changed. Raises nothing: the order is safe whatever happens here."""
    try:
        _stored(shop, order, now)
    except (base.Trouble, base.Conflict, base.Refused) as trouble:
        logger.warning("not followed up at once", extra={"shop": shop.slug, "reason": type(trouble).__name__})


def _stored(shop: Shop, order: Order, now: datetime) -> None:
    waiting = [flow for flow in flow_book.live(shop).values() if waits_for_order(flow)] if order.placed else []
    groups = {} if shop.importing else membership.needed(shop)
    key = identity(order.buyer)
    if key and (waiting or groups):
        node = customers.resolve(shop, key, order.placed_at).node.id
        if waiting:
            wake(shop, node, order, now, any(flow.about_others for flow in waiting))
        if groups:
            membership.settle(shop, node, groups, now)
    _see_to_the_night(shop, now)


def _see_to_the_night(shop: Shop, now: datetime) -> None:
    """Once an hour and process: whoever switched a flow on need not think of it."""
    hour = stamp(now)[:13]
    if _ENSURED.get(shop.slug) != hour and sweep.wanted(shop):
        sweep.ensure(shop, now)
        _ENSURED[shop.slug] = hour


def forget() -> None:
    """For tests: another table knows nothing of what was seen to."""
    _ENSURED.clear()


def waits_for_order(flow: Flow) -> bool:
    """Whether one of its steps waits until she has ordered."""
    return any(step.kind == "wait_for" and step.value == "ordered" for step in flow.steps)


def wake(shop: Shop, node: str, order: Order, now: datetime, of_her: bool = True) -> int:
    """Her follow-ups that wait for this order are due now. `of_her`: also those that no order started. Returns how many
    there were. Raises Trouble, Conflict."""
    found = 0
    for row, since in _rows(shop, node, order.id, of_her):
        if _waits(shop, row, now) and in_order(order.placed_at) > in_order(since):
            row.due_at = stamp(now)
            because(row, "happened", now, event="ordered")
            base.commit([follow_ups.write(row, row.rev, now)])
            found += 1
    return found


def _rows(shop: Shop, node: str, order_id: str, of_her: bool) -> Iterator[tuple[FollowUpRow, str]]:
    """(follow-up, the moment since which another order counts)."""
    person = customers.person(shop.slug, node)
    if person is None:
        return
    for pointer in customers.orders_of(shop.slug, person, MOST_ORDERS + 1):
        if pointer.order_id != order_id:
            yield from _of_order(shop, pointer.order_id)
    for part in person.nodes if of_her else ():
        yield from ((row, row.started_at) for row in follow_ups.of_customer(shop.slug, part.id))


def _of_order(shop: Shop, order_id: str) -> Iterable[tuple[FollowUpRow, str]]:
    held = orders.read(shop.slug, order_id)
    return [(row, held.order.placed_at) for row in held.follow_ups.values()] if held.order else []


def _waits(shop: Shop, row: FollowUpRow, now: datetime) -> bool:
    flow = flow_book.of(shop, row.flow, row.version)
    step = flow.step(row.step) if flow else None
    asks = step is not None and (step.kind, step.value) == ("wait_for", "ordered")
    return asks and row.state in ("scheduled", "deferred") and in_order(row.due_at) > in_order(stamp(now))
