"""Taking in what else is said of a customer: her birthday, tags."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain.customer import Contact, Customer
from chalicelib.domain.events import NotesTold
from chalicelib.domain.order import Buyer
from chalicelib.domain.people import identity
from chalicelib.domain.shop import Shop
from chalicelib.table import customers
from chalicelib.work import birthdays, occasions
from chalicelib.work.nodes import Nodes
from chalicelib.work.occasions import Turn


def told(shop: Shop, event: NotesTold, now: datetime) -> str:
    """Outcome: stored | duplicate | ignored where it is about nobody we know."""
    key = identity(Buyer(account=event.account, email=event.email, phone=event.phone))
    node = customers.resolve(shop, key, event.at).node if key else None
    if node is None or not _known(shop, node.id):
        return "ignored"
    return "stored" if note(shop, node.id, event.at, dict(event.notes), now) else "duplicate"


def _known(shop: Shop, node: str) -> bool:
    return customers.read(shop.slug, node).rev is not None


def note(shop: Shop, node: str, at: str, notes: dict[str, str], now: datetime) -> bool:
    """Notes on her profile, said at the stored moment `at`; a birthday that is near is planned at once. Whether they
    were news. Raises Trouble."""
    news = False

    def by(nodes: Nodes) -> Turn:
        nonlocal news
        contact = Customer(occasions.nodes_of(nodes, node)).contact
        joined = contact.join(Contact(notes={name: (at, value) for name, value in notes.items()}))
        news = joined.notes != contact.notes
        return Turn(notes={name: (at, value) for name, value in notes.items()})

    occasions.turn(shop, node, by, now)
    if "birthday" in notes:
        birthdays.plan(shop, node, now)
    return news
