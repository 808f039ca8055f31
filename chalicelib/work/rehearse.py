"""A flow rehearsed on a shop's past: who would have got what, when and why. Nothing is sent, nothing is stored."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from chalicelib.domain import arms, blinding
from chalicelib.domain.customer import Customer
from chalicelib.domain.flow import ORDER_MOMENTS, Flow
from chalicelib.domain.order import Order
from chalicelib.domain.planning import Rating
from chalicelib.domain.rehearsal import Imagined, Person, lived
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, stamp
from chalicelib.table import customers, orders, products
from chalicelib.work import flow_book
from chalicelib.work.units import identity_of
from chalicelib.work.weigh import options_of

# What one run looks at: more people are a sample, the same ones every time, and figures are for all.
MOST_PEOPLE = 2_000
MOST_ORDERS_EACH = 200


class CannotRehearse(ValueError):
    """The flow starts with something of which no past is kept. The message says what."""


@dataclass(frozen=True)
class Rehearsal:
    """`followed`: what the rehearsed flow would have done, oldest first; `beside`: what the shop's other flows would
    have done to the same people in that time. `share`: of the people looked at (1 = all)."""

    flow: Flow
    since: str
    until: str
    people: int
    share: float
    followed: tuple[Imagined, ...]
    beside: tuple[Imagined, ...] = field(repr=False, default=())

    @property
    def outcomes(self) -> dict[str, dict[str, int]]:
        """step -> last state -> how many."""
        found: dict[str, Counter[str]] = {}
        for row in self.followed:
            found.setdefault(row.step, Counter())[row.state] += 1
        return {step: dict(counts) for step, counts in found.items()}

    @property
    def reasons(self) -> dict[str, int]:
        """why code -> how often it was what was decided."""
        return dict(Counter(code for row in self.followed for _, _, code in row.told))

    @property
    def sent(self) -> tuple[Imagined, ...]:
        return tuple(row for row in self.followed if row.state == "sent")


def rehearse(
    shop: Shop,
    flow: Flow,
    days: int,
    now: datetime,
    progress: Callable[[int, int], None] = lambda done, of: None,
    most: int = MOST_PEOPLE,
    enough: Callable[[], bool] = lambda: False,
) -> Rehearsal:
    """The flow over the last `days` days, beside the flows that are on, for `most` people at most, drawn by lot, until
    it is `enough` (one at least). `progress` is told how many of them are done. Raises CannotRehearse, Trouble."""
    _has_a_past(flow)
    since, until = stamp(now - timedelta(days=days)), stamp(now)
    paper = _on_paper(shop, flow, since)
    flows = {**flow_book.live(shop), flow.name: flow}
    nodes = sorted(orders.buyers_since(shop.slug, since, now), key=_lot)
    seen: dict[str, None] = {}
    rows: list[Imagined] = []
    looked = 0
    for node in nodes:
        if len(seen) >= most or (seen and enough()):
            break
        looked += 1
        person = person_of(shop, node)
        # Two nodes of one person are one person.
        if person and person.customer.id not in seen:
            seen[person.customer.id] = None
            rows += lived(person, flows, paper, until, options_of(paper), _categories(shop))
        progress(looked, min(most, len(nodes)))
    rows.sort(key=lambda row: (in_order(row.due_at), row.id))
    return Rehearsal(
        flow,
        since,
        until,
        len(seen),
        looked / len(nodes) if nodes else 1.0,
        tuple(row for row in rows if row.flow == flow.name),
        tuple(row for row in rows if row.flow != flow.name),
    )


def _has_a_past(flow: Flow) -> None:
    missing = [start.when for start in flow.starts if start.when not in ORDER_MOMENTS]
    if missing and not flow.about_orders:
        raise CannotRehearse(f"{flow.name} starts with {missing[0]}, and no past of that is kept")


def _on_paper(shop: Shop, flow: Flow, since: str) -> Shop:
    """The shop as if it had been connected, and the flow switched on, when the rehearsal begins."""
    off = tuple(name for name in shop.flows_off if name != flow.name)
    paper = replace(shop, connected_at=since, importing=False, state="on", flows_off=off)
    return replace(paper, flows_on=(*shop.flows_on, flow.name), flows_since={})


def _lot(node: str) -> str:
    return hashlib.sha256(node.encode()).hexdigest()


def person_of(shop: Shop, node: str) -> Person | None:
    """Somebody with all her orders and ratings; None for who is erased or unknown."""
    customer = customers.person(shop.slug, node)
    if customer is None or customer.erased:
        return None
    pointers = customers.orders_of(shop.slug, customer, MOST_ORDERS_EACH)
    held = [orders.read(shop.slug, pointer.order_id) for pointer in pointers]
    ratings: dict[str, Rating] = {one.order.id: one.rating for one in held if one.order and one.rating}
    bought: tuple[Order, ...] = tuple(one.order for one in held if one.order)
    return Person(customer, bought, arm_of(shop, customer), ratings)


def arm_of(shop: Shop, customer: Customer) -> str:
    """Hers where she has one; else the one that she would be given now."""
    named = next((node.unit for node in customer.nodes if node.unit), None)
    if named is None:
        identity = next(filter(None, (identity_of(node) for node in customer.nodes)), customer.id)
        named = blinding.experiment_unit(shop.blind_key, identity)
    return "treated" if arms.is_treated(shop.salt, named, shop.treated_share) else "control"


def _categories(shop: Shop) -> Callable[[Order], set[str]]:
    def of(order: Order) -> set[str]:
        found = products.of_ids(shop.slug, [line.product_id for line in order.lines[:50] if line.product_id])
        return {name for product in found.values() for name in (*product.categories, *product.tags)}

    return of
