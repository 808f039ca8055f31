"""Reading everything a decision about one follow-up rests on, and remembering it for the claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.domain.customer import Customer
from chalicelib.domain.facts import Facts, Option, Other, address_of, known_now
from chalicelib.domain.flow import Flow, Step
from chalicelib.domain.order import Order
from chalicelib.domain.rhythm import times_of_product
from chalicelib.domain.shop import Shop
from chalicelib.domain.standing import newer, others, placed_by, rhythm_of, rhythm_until
from chalicelib.domain.times import in_order, stamp
from chalicelib.domain.zones import zone_of
from chalicelib.table import customers, experiments, follow_ups, orders, products, suppression
from chalicelib.table.base import Write
from chalicelib.table.customers import PointerRow, Read
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.table.orders import Held
from chalicelib.work import flow_book, matter, ways
from chalicelib.work.matter import Matter

LOOK_BACK = timedelta(days=400)
# Follow-ups of more orders than these are not compared: each costs a read, and the cap holds without it.
MOST_ORDERS_COMPARED = 5
# Her rhythm with a product is in the orders that came last.
MOST_ORDERS_OF_PRODUCT = 20


@dataclass(frozen=True)
class Case:
    """One follow-up and what was read about it."""

    shop: Shop
    row: FollowUpRow
    facts: Facts
    order: Order | None
    customer: Customer | None
    reads: tuple[Read, ...]
    matter: Matter = matter.NOTHING
    option: Option | None = None  # how it goes out, once that is decided

    def on_record(self, now: datetime) -> list[Write]:
        """For the claim: the message goes on her record, and no part of her may have changed since it was read."""
        if self.customer is None:
            return []
        survivor, channel = self.customer.survivor.id, self.option.channel if self.option else "email"
        writes = []
        for read in self.reads:
            if read.node.id == survivor:
                node = read.node.sending(stamp(now), self.row.purpose, self.row.id, channel)
                writes.append(customers.write(self.shop.slug, read, node))
            else:
                writes.append(customers.unchanged(self.shop.slug, read))
        return writes


def weigh(shop: Shop, held: Held, row: FollowUpRow, now: datetime) -> Case:
    """A few strong reads: her profile, her orders, the suppression of her address, her other follow-ups. `held` is the
    order it is about, or an empty one."""
    # An order that moved while its message was being sent: what it says is no longer hers to read.
    strayed = row.order_id is not None and row.customer != held.customer
    reads = customers.read_person(shop.slug, row.customer) if row.customer and not strayed else ()
    customer = Customer(tuple(read.node for read in reads)) if reads else None
    flow = flow_book.of(shop, row.flow, row.version)
    step = flow.step(row.step) if flow else None
    pointers = customers.orders_of(shop.slug, customer) if customer else []
    order, about = held.order, matter.of(shop, row, customer)
    country = _country(order, customer)
    facts = Facts(
        follow_up=row.id,
        purpose=row.purpose,
        due=row.due_at,
        late_after=row.late_after,
        shop=shop,
        flow=flow,
        step=step,
        order=order,
        customer=customer,
        options=options_of(shop)(row.purpose, step, order, customer) if step and step.kind == "send" else (),
        arm=_arm(shop, row, customer),
        needs_order=row.order_id is not None,
        newer_order=newer(order, row.started_at, pointers),
        zone=zone_of(country, shop.country, shop.timezone),  # as it is known now, not when it was planned
        country=country or shop.country,
        others=_others(shop, row, held, customer, pointers, now) if step and step.kind == "send" else (),
        rhythm_until=_rhythm_until(shop, flow, step, row, held, pointers),
        matter=about.gone,
        rating=held.rating,
        started_at=row.started_at,
        segment=(row.about or {}).get("segment"),
    )
    return Case(shop, row, _knowing(facts, about, pointers, now), order, customer, reads, about)


def _arm(shop: Shop, row: FollowUpRow, customer: Customer | None) -> str | None:
    """Two who were each looked at turned out to be one person: held out under either name is held out."""
    if row.arm != "treated" or customer is None:
        return row.arm
    others = {node.unit for node in customer.nodes if node.unit not in (None, row.unit)}
    found = [experiments.read(shop.slug, str(unit)) for unit in others]
    return "control" if any(unit and unit.arm == "control" for unit in found) else row.arm


def _country(order: Order | None, customer: Customer | None) -> str | None:
    if order and order.buyer.country:
        return order.buyer.country
    contact = customer.contact if customer else None
    return contact.country[1] if contact and contact.country else None


def _knowing(facts: Facts, about: Matter, pointers: list[PointerRow], now: datetime) -> Facts:
    """Conditions are asked only where there are any: some facts cost a read."""
    wanted = facts.flow.facts() if facts.flow else set()
    if not wanted:
        return facts
    placed = [(pointer.placed_at, pointer.order_id) for pointer in pointers if pointer.counts != "no"]
    categories = _categories(facts) if "order.categories" in wanted else ()
    return replace(facts, known=known_now(facts, placed, categories, about.known, now))


def _categories(facts: Facts) -> set[str]:
    lines = facts.order.lines[:50] if facts.order else ()
    found = products.of_ids(facts.shop.slug, [line.product_id for line in lines if line.product_id])
    return {name for product in found.values() for name in (*product.categories, *product.tags)}


def options_of(shop: Shop) -> Callable[[str, Step, Order | None, Customer | None], tuple[Option, ...]]:
    """What a send step of the shop may be sent by, for somebody: (purpose, step, order, customer) -> options."""

    def options(purpose: str, step: Step, order: Order | None, customer: Customer | None) -> tuple[Option, ...]:
        return tuple(_option(shop, purpose, channel, order, customer) for channel in step.channels)

    return options


def _option(shop: Shop, purpose: str, channel: str, order: Order | None, customer: Customer | None) -> Option:
    reaches = ways.reaches(shop, channel)
    address = address_of(purpose, reaches, order, customer)
    barred = (
        suppression.reason(shop, contact_key(reaches, address)) if address and reaches in ("email", "sms") else None
    )
    set_up = channel == "email" or channel in shop.channels
    return Option(channel, reaches, address, ways.consent(shop, channel), barred, set_up)


def contact_key(reaches: str, address: str) -> str:
    """What an address is suppressed under."""
    return f"email:{address}" if reaches == "email" else f"phone:{address}"


def _rhythm_until(
    shop: Shop, flow: Flow | None, step: Step | None, row: FollowUpRow, held: Held, pointers: list[PointerRow]
) -> str | None:
    """When her own rhythm says that it is time, for a flow's first step. Of a product, her orders are read for it."""
    order = held.order
    of = rhythm_of(flow, step, order, held.rating)
    if of is None or flow is None or step is None or order is None:
        return None
    earlier = placed_by(order, pointers)
    times = [bought.placed_at for bought in earlier] or [order.placed_at]
    if of == "product":
        found = orders.of_ids(shop.slug, [bought.order_id for bought in earlier[:MOST_ORDERS_OF_PRODUCT]])
        times = times_of_product(order, [other for other, _ in found.values()])
    return rhythm_until(flow, step, order, held.rating, row.started_at, row.zone or shop.timezone, times)


def _others(
    shop: Shop, row: FollowUpRow, held: Held, customer: Customer | None, pointers: list[PointerRow], now: datetime
) -> tuple[Other, ...]:
    """Her other follow-ups that wait: of this order, of her newest others, and of her own triggers."""
    since = in_order(stamp(now - LOOK_BACK))
    newest = [p.order_id for p in pointers if p.order_id != row.order_id and in_order(p.placed_at) > since]
    rows = list(held.follow_ups.values())
    for order_id in newest[:MOST_ORDERS_COMPARED]:
        rows += orders.read(shop.slug, order_id).follow_ups.values()
    live = flow_book.live(shop)
    if customer and any(flow.about_others for flow in live.values()):
        rows += [found for node in customer.nodes for found in follow_ups.of_customer(shop.slug, node.id)]
    return others(rows, row.id, live, now)
