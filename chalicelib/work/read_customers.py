"""Reading customers: one by id, those behind an address or an order, those whose name begins so, all of them.

Whoever was erased is not found, by whatever way one looks for her.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import islice

from chalicelib.domain.customer import Customer
from chalicelib.domain.people import clean_email, clean_phone
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.table import customer_pages, customers, names, orders, suppression
from chalicelib.work.read_views import Json, Page, customer_view

WAYS = ("email", "phone", "order", "q")
_CHUNK = 25
_IsMeant = Callable[[str, str, Customer], bool]  # (position, node id, the customer it leads to)


class BadSearch(ValueError):
    """What was asked for cannot be looked up. `field` names the parameter."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field, self.reason = field, reason


def one(shop: Shop, customer_id: str) -> Customer | None:
    """The customer, also by the id of a node that was merged into her. None: unknown or erased."""
    found = customers.person(shop.slug, customer_id)
    return None if found is None or found.erased else found


def of_identity(shop: Shop, identity: str, now: datetime) -> Customer | None:
    """The customer whose account (`account:…`) or address (`email:…`) that is now. None: unknown or erased."""
    return one(shop, customers.resolve(shop, identity, stamp(now)).node.id)


def only_one(shop: Shop, contact: str) -> Customer | None:
    """The one living customer who uses the contact (`email:…`); None where there is none, or more than one."""
    found = {person.id: person for node in customers.look_up(shop, contact) if (person := one(shop, node))}
    return next(iter(found.values())) if len(found) == 1 else None


def view(shop: Shop, customer: Customer) -> Json:
    return views(shop, [customer])[0]


def views(shop: Shop, found: list[Customer]) -> list[Json]:
    contacts = {customer.id: _contacts(customer) for customer in found}
    barred = suppression.reasons(shop, dict.fromkeys(contact for known in contacts.values() for contact in known))
    return [
        customer_view(
            shop,
            customer,
            customer_pages.first_and_last(shop.slug, customer),
            {contact: barred[contact] for contact in contacts[customer.id] if contact in barred},
        )
        for customer in found
    ]


def _contacts(customer: Customer) -> list[str]:
    contact = customer.contact
    return [f"email:{address}" for address in contact.emails] + [f"phone:{number}" for number in contact.phones]


def search(shop: Shop, by: dict[str, str], limit: int, after: str | None) -> Page:
    """`by`: one of WAYS and what to look for, or nothing for all, whoever ordered last first. Raises BadSearch."""
    if len(by) > 1:
        raise BadSearch(sorted(by, key=WAYS.index)[1], f"ask by one of {', '.join(WAYS)}")
    if not by:
        return _page(shop, _all(shop, after), limit)
    way, text = next(iter(by.items()))
    if way == "q":
        return _page(shop, _named(shop, text, after), limit)
    known = sorted(_known(shop, _ids(shop, way, text)), key=lambda customer: customer.id)
    return _page(shop, ((c.id, c) for c in known if c.id > (after or "")), limit)


def every(shop: Shop) -> Iterator[Customer]:
    """All customers, whoever ordered last first; a few at a time in memory."""
    return (customer for _, customer in _all(shop, None))


def barred(shop: Shop, customer: Customer) -> dict[str, str]:
    """Those of her contacts that must not be written to, each with the reason."""
    return suppression.reasons(shop, _contacts(customer))


def _page(shop: Shop, found: Iterator[tuple[str, Customer]], limit: int) -> Page:
    """One more than asked for tells whether there is a next page."""
    taken = list(islice(found, limit + 1))
    page = taken[:limit]
    return Page(views(shop, [customer for _, customer in page]), page[-1][0] if len(taken) > limit else None)


def _ids(shop: Shop, way: str, text: str) -> list[str]:
    if way == "order":
        return _buyers(shop, text)
    if way == "email":
        address = clean_email(text)
        if address is None:
            raise BadSearch("email", "is not an e-mail address")
        return customers.look_up(shop, f"email:{address}")
    number = clean_phone(text, shop.country)
    if number is None:
        raise BadSearch("phone", "is not a phone number; with the country's prefix, as in +49…, it is always one")
    return customers.look_up(shop, f"phone:{number}")


def _buyers(shop: Shop, order: str) -> list[str]:
    """`order` is the platform's id or the number that people see."""
    found = orders.of_ids(shop.slug, [order, *customers.look_up(shop, f"number:{order}")])
    return [node for _, node in found.values() if node]


def _known(shop: Shop, node_ids: Iterable[str]) -> list[Customer]:
    """Each customer once, without the erased."""
    found = customer_pages.persons(shop.slug, node_ids).values()
    return list({customer.id: customer for customer in found if not customer.erased}.values())


def _all(shop: Shop, before: str | None) -> Iterator[tuple[str, Customer]]:
    return _read(shop, customer_pages.recent(shop.slug, before), _stands_for_herself)


def _stands_for_herself(_: str, node_id: str, customer: Customer) -> bool:
    return node_id == customer.id


def _named(shop: Shop, text: str, after: str | None) -> Iterator[tuple[str, Customer]]:
    wanted = names.words(text)
    if not wanted:
        raise BadSearch("q", "needs a word of at least two letters, the beginning of a name")
    longest = max(wanted, key=len)

    def is_meant(position: str, _: str, customer: Customer) -> bool:
        words = [(word, node.id) for node in customer.nodes for word in names.kept(_name(node.contact.name))]
        rows = sorted(f"{word}#{node_id}" for word, node_id in words if word.startswith(longest))
        known = names.words(_name(customer.contact.name))
        return position in rows[:1] and all(any(word.startswith(w) for word in known) for w in wanted)

    return _read(shop, names.starting(shop.slug, longest, after), is_meant)


def _name(known: tuple[str, str] | None) -> str:
    return known[1] if known else ""


def _read(shop: Shop, rows: Iterator[tuple[str, str]], is_meant: _IsMeant) -> Iterator[tuple[str, Customer]]:
    """The customers behind (position, node id), each at one position only, read by the handful."""
    while chunk := list(islice(rows, _CHUNK)):
        found = customer_pages.persons(shop.slug, [node_id for _, node_id in chunk])
        for position, node_id in chunk:
            customer = found.get(node_id)
            if customer and not customer.erased and is_meant(position, node_id, customer):
                yield position, customer
