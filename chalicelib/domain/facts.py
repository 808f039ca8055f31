"""Everything a decision about one follow-up rests on, read beforehand: a decision can be explained and made again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.conditions import Known
from chalicelib.domain.customer import Customer
from chalicelib.domain.flow import WEEKDAYS, Flow, Step
from chalicelib.domain.money import Money
from chalicelib.domain.order import Order
from chalicelib.domain.planning import Rating, known_of
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, moment, stamp
from chalicelib.domain.zones import zone

# Why an address is barred when somebody who had objected to marketing was erased: mail about her orders may go there.
OBJECTION = "objection"


@dataclass(frozen=True, slots=True)
class Option:
    """One channel a step may take. `reaches`: email | sms | person | visitor; `consent`: whose consent marketing by it
    needs (email | sms), or "" where it disturbs nobody. `address` None: none is known. `set_up`: it is carried."""

    channel: str
    reaches: str
    address: str | None
    consent: str = ""
    suppressed: str | None = None
    set_up: bool = True


@dataclass(frozen=True, slots=True)
class Other:
    """Another follow-up of hers. `later_step`: its flow is past its first message: a conversation is under way."""

    id: str
    flow: str
    purpose: str
    due: str
    priority: int = 50
    is_due: bool = True
    later_step: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """`others`: her waiting follow-ups, this one not among them. `known` answers the flow's conditions. `matter`: why
    what it is about is no longer so (the cart was ordered, the product sold out), or None."""

    follow_up: str
    purpose: str
    due: str
    late_after: str
    shop: Shop
    flow: Flow | None  # None: the shop has no such flow any more
    step: Step | None  # None: the flow has no such step any more
    order: Order | None
    customer: Customer | None
    options: tuple[Option, ...]
    arm: str | None
    needs_order: bool = True
    newer_order: bool = False
    known: Known = field(default_factory=dict)
    zone: str = "UTC"
    country: str | None = None
    others: tuple[Other, ...] = ()
    rhythm_until: str | None = None  # when her rhythm says it is time; None where the flow has none
    matter: str | None = None
    rating: Rating | None = None
    started_at: str | None = None  # when what started it happened
    segment: str | None = None  # the one she came into, where that started it


def address_of(purpose: str, reaches: str, order: Order | None, customer: Customer | None) -> str | None:
    """Where a message goes: what is about an order, to the address left with it (the next one may be a gift, with
    somebody else's address); all else, to the one she gave last. A visitor is only ever known by her account's node."""
    if customer is None:
        return None
    if reaches == "visitor":
        return customer.account_node
    if reaches not in ("email", "sms"):
        return customer.id
    left = None if order is None else order.buyer.email if reaches == "email" else order.buyer.phone
    return (left if purpose == "transactional" else None) or customer.contact.reachable(reaches)


def known_now(
    facts: Facts, placed: Iterable[tuple[str, str]], categories: Iterable[str], cart: Mapping[str, Any], now: datetime
) -> Known:
    """What every condition may ask. `placed`: (stored moment, id) of her orders that count; `categories`: of the
    order's products; `cart`: the facts of a cart that the flow is about."""
    order, customer, bought = facts.order, facts.customer, sorted((in_order(at), name, at) for at, name in placed)
    times = [at for _, _, at in bought]
    local = now.astimezone(zone(facts.zone))
    known: dict[str, Any] = dict(known_of(order, facts.rating)) if order else {}
    if order:
        known["order.net"] = Money(order.net, order.currency)
        # A shop's clock has seconds: of two orders of one second the id decides, or nobody would ever be third.
        mine = (in_order(order.placed_at), order.id)
        known["order.nth"] = sum((at, name) < mine for at, name, _ in bought) + 1
        known["order.categories"] = set(categories)
    known |= dict(cart)
    known |= {"now.weekday": WEEKDAYS[local.weekday()], "now.hour": local.hour, "now.month": local.month}
    known["arm"] = facts.arm or "treated"
    return known | (known_of_person(customer, facts.shop, times, now) if customer else {})


def known_of_person(customer: Customer, shop: Shop, times: list[str], now: datetime) -> dict[str, Any]:
    """What conditions may ask of her. `times`: the stored moments of her orders that count, oldest first."""
    contact = customer.contact
    locale = contact.note("wish:language") or (contact.locale[1] if contact.locale else None)
    return {
        "customer.orders": len(times),
        "customer.spent": tuple(Money(total.net, currency) for currency, total in customer.totals.items()),
        "customer.country": contact.country[1] if contact.country else None,
        "customer.language": locale.replace("_", "-").split("-")[0].lower() if locale else None,
        "customer.tags": tags_of(customer),
        "customer.segments": segments_of(customer),
        "customer.account": bool(customer.accounts),
        "customer.days_since_order": (now - moment(times[-1])) // timedelta(days=1) if times else None,
        "consent.email": contact.allows("email", shop.consent),
        "consent.sms": contact.allows("sms", shop.consent),
        "reach.email": contact.reachable("email") is not None,
        "reach.sms": contact.reachable("sms") is not None,
    }


def tags_of(customer: Customer) -> set[str]:
    """The tags of her accounts at the shop, and ours."""
    theirs = {tag for node in customer.nodes if node.account for tag in node.account.tags}
    ours = customer.contact.notes
    return theirs | {
        key.removeprefix("tag:") for key, (_, value) in ours.items() if key.startswith("tag:") and value == "on"
    }


def segments_of(customer: Customer | None) -> set[str]:
    """The segments she is in."""
    notes = customer.contact.notes if customer else {}
    return {
        key.removeprefix("segment:")
        for key, (_, value) in notes.items()
        if key.startswith("segment:") and value == "in"
    }


def before(text: str, now: datetime) -> bool:
    """Whether a stored moment has come."""
    return in_order(text) <= in_order(stamp(now))
