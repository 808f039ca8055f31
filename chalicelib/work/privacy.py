"""Erasing a person: totals stay, identity goes, and a late delivery brings nobody back.

Erasing can stop anywhere and be done again: first she is marked, so that nothing new sticks to her, then everything
that leads to her goes, and only at the end the contacts by which the rest is found.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.domain import blinding
from chalicelib.domain.customer import Contact, Customer, Node
from chalicelib.domain.facts import OBJECTION
from chalicelib.domain.people import contact_keys, identity
from chalicelib.domain.planning import OPEN
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, stamp
from chalicelib.table import (
    access_asked,
    audit,
    base,
    customers,
    experiments,
    follow_ups,
    orders,
    ratings,
    shelf,
    suppression,
    tasks,
    visits,
)
from chalicelib.table.base import retried
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.table.orders import Held
from chalicelib.work import coupons_used
from chalicelib.work.nodes import Nodes, contacts_of
from chalicelib.work.replan import because
from chalicelib.work.take_account import link_owner
from chalicelib.work.take_order import anonymise

WriteJournal = Callable[[str, bytes], None]


class NoSuchCustomer(LookupError):
    """The shop has no such customer."""


def erase(
    shop: Shop, customer_id: str, now: datetime, write_journal: WriteJournal | None = None, who: str = "owner"
) -> dict[str, Any]:
    """The receipt {customer_id, erased_at, orders, follow_ups_cancelled}; the same one however often it is asked for.
    `write_journal(key, data)` is called before anything changes. Raises NoSuchCustomer, Trouble."""
    erased_at = retried(lambda: _mark(shop, customer_id, now, write_journal))
    nodes = _nodes_of(shop, customer_id)
    done: set[str] = set()
    for node in nodes:
        _forget_contacts(shop, node.id, contacts_of(node), done)
        shelf.clear(shop.slug, node.id)
        visits.clear(shop.slug, node.id)
        coupons_used.forget(shop.slug, node.id)
        for pointer in customers.every_order(shop.slug, node.id):
            _forget_order(shop, node.id, pointer.order_id, now, done)
        _forget_own(shop, node.id, now)
    _keep_objection(shop, nodes, erased_at)
    receipt = _receipt(shop, nodes, erased_at)
    for node in nodes:
        retried(lambda node_id=node.id: _empty(shop, node_id))  # type: ignore[misc]
    known = audit.find(shop.slug, erased_at, "erase", receipt["customer_id"])
    if known:
        return dict(known.facts)
    audit.note(shop.slug, audit.Entry(erased_at, who, "erase", receipt["customer_id"], receipt))
    return receipt


def _keep_objection(shop: Shop, nodes: tuple[Node, ...], at: str) -> None:
    """Who had said no to marketing must not hear of us because we forgot that she did: her addresses stay barred from
    it, under their hash, until somebody there agrees."""
    contact = Customer(nodes).contact
    if "email:unsubscribed" not in contact.consents or contact.allows("email", "soft"):
        return
    for address in contact.emails:
        if suppression.reason(shop, f"email:{address}") is None:
            suppression.add(shop, f"email:{address}", OBJECTION, at)


def _nodes_of(shop: Shop, customer_id: str) -> tuple[Node, ...]:
    person = customers.person(shop.slug, customer_id)
    if person is None:
        raise NoSuchCustomer(customer_id)
    return person.nodes


def _mark(shop: Shop, customer_id: str, now: datetime, write_journal: WriteJournal | None) -> str:
    """From here on she is gone for everybody who asks, and nothing new is linked to her. Returns the moment."""
    found = _nodes_of(shop, customer_id)
    ids = [node.id for node in found]
    at = max((node.erased_at for node in found if node.erased_at), default=None) or _moment(shop, found, now)
    if write_journal:
        write_journal(*_journal_entry(shop, min(ids), at))
    nodes = Nodes(shop)
    for node_id in ids:
        nodes.change(node_id, lambda node: replace(node, erased_at=node.erased_at or at, claims={}))
    for node_id in ids:
        _disown(nodes, ids, nodes[node_id])
    base.commit(nodes.writes())
    return at


def _moment(shop: Shop, nodes: tuple[Node, ...], now: datetime) -> str:
    """Now; or later, where the shop's clock is ahead: what we hold must not lie after its own erasure."""
    times = [stamp(now)]
    for node in nodes:
        times += [row.placed_at for row in customers.every_order(shop.slug, node.id)[:1]]
        times += [node.account.created_at] if node.account else []
    return max(times, key=in_order)


def _journal_entry(shop: Shop, customer_id: str, at: str) -> tuple[str, bytes]:
    facts = {"what": "erase", "shop": shop.slug, "customer_id": customer_id, "at": at}
    return f"journal/{shop.slug}/{at[:10]}/{at}-erase-{customer_id}.json", json.dumps(facts, sort_keys=True).encode()


def _disown(nodes: Nodes, erased: list[str], node: Node) -> None:
    """An erased account no longer claims an address: it goes to whoever claimed it before."""
    if node.account is None or not node.account.email:
        return
    email = nodes.of_identity(f"email:{node.account.email}", node.account.created_at)
    if email.id in erased or email.erased_at or node.id not in email.claims:
        return
    claims = {who: since for who, since in email.claims.items() if who != node.id}
    nodes.change(email.id, lambda email: replace(email, claims=claims))
    link_owner(nodes, email.id)


def _forget_contacts(shop: Shop, node_id: str, contacts: set[str], done: set[str]) -> None:
    """Look-ups of these contacts, and the experiment's units made of them."""
    for contact in sorted(contacts):
        if f"{node_id} {contact}" in done:
            continue
        base.commit([customers.drop_lookup(shop, contact, node_id)])
        unit = blinding.experiment_unit(shop.blind_key, contact)
        if not _counts_another(shop, contact, unit):
            _forget_unit(shop, unit, done)
        done.add(f"{node_id} {contact}")


def _counts_another(shop: Shop, contact: str, unit: str) -> bool:
    """Whether somebody who stays shares the address and is counted under it: her lot must not be drawn again."""
    nodes = Nodes(shop)
    found = [nodes[node] for node in customers.look_up(shop, contact)]
    return any(node.unit == unit and not node.erased_at for node in found)


def _forget_unit(shop: Shop, unit: str, done: set[str]) -> None:
    if unit not in done:
        retried(lambda: str(experiments.forget(shop.slug, unit)))
        done.add(unit)


def _forget_order(shop: Shop, node_id: str, order_id: str, now: datetime, done: set[str]) -> None:
    """Everything of her that an order and its follow-ups hold. The order itself and its money stay."""
    held = orders.read(shop.slug, order_id)
    if _forgotten(held):
        return  # whoever bought for years is erased in several tries: each must get further than the one before
    if held.rating:  # before the order has lost her name: a try that got no further is known by it
        retried(lambda: _clear_rating(shop, order_id))
    if held.told:
        _forget_contacts(shop, node_id, set(contact_keys(held.told.buyer)), done)
    anonymise(shop, order_id, now)
    retried(lambda: _clear_follow_ups(shop, order_id, now))


def _forgotten(held: Held) -> bool:
    nameless = held.told is None or identity(held.told.buyer) is None
    wordless = held.rating is None or not held.rating.words
    return nameless and wordless and not any(_to_clear(row) for row in held.follow_ups.values())


def _clear_rating(shop: Shop, order_id: str) -> str:
    """The stars stay with the order, as its money does; what she wrote goes."""
    row = ratings.read(shop.slug, order_id)
    if row is None or not row.customer:
        return "duplicate"
    row.words = row.language = row.customer = None
    base.commit([ratings.write(row, row.rev)])
    return "stored"


def _forget_own(shop: Shop, node_id: str, now: datetime) -> None:
    """What lies beside her and not beside an order: tasks about her, the links she asked for, the products she
    waits for, what her own moments (a birthday, a cart) had started."""
    from chalicelib.work import wants  # it stands on much that nobody else needs who asks for privacy

    for task in tasks.of_customer(shop.slug, node_id):
        base.commit(tasks.forget(task))
    base.commit([access_asked.forget(shop.slug, node_id)])
    wants.forget(shop, node_id)
    retried(lambda: _clear_own_follow_ups(shop, node_id, now))


def _clear_own_follow_ups(shop: Shop, node_id: str, now: datetime) -> str:
    rows = [row for row in follow_ups.of_customer(shop.slug, node_id) if row.about or _open(row) or _to_clear(row)]
    for row in rows:
        row.unit = row.about = None
        row.why = [_without_texts(entry) for entry in row.why or []]
        if _open(row):
            row.state = "cancelled"
            because(row, "customer_gone", now)
        base.commit([follow_ups.write(row, row.rev, now)])
    return "stored" if rows else "duplicate"


def _open(row: FollowUpRow) -> bool:
    return row.state in OPEN and row.state != "cancelled" and row.decided is None


def _clear_follow_ups(shop: Shop, order_id: str, now: datetime) -> str:
    """Follow-ups keep their arm, not whose it was. The sender of one that is on its way learns of it by its events."""
    held = orders.read(shop.slug, order_id)
    rows = [row for row in held.follow_ups.values() if _to_clear(row)]
    for row in rows:
        row.unit = None
        row.why = [_without_texts(entry) for entry in row.why or []]
    base.commit([follow_ups.write(row, row.rev, now) for row in rows])
    return "stored" if rows else "duplicate"


def _to_clear(row: FollowUpRow) -> bool:
    return bool(row.unit) or any("reason" in entry["params"] for entry in row.why or [])


def _without_texts(entry: dict[str, Any]) -> dict[str, Any]:
    """What a provider answered may quote her address."""
    kept = {name: value for name, value in entry["params"].items() if name != "reason"}
    return {**entry, "params": kept}


def _receipt(shop: Shop, nodes: tuple[Node, ...], erased_at: str) -> dict[str, Any]:
    """Counted from what is there, so that a second try counts the same."""
    ids = [row.order_id for node in nodes for row in customers.every_order(shop.slug, node.id)]
    rows = [row for order_id in ids for row in orders.read(shop.slug, order_id).follow_ups.values()]
    rows += [row for node in nodes for row in follow_ups.of_customer(shop.slug, node.id)]
    cancelled = [row for row in rows if row.state == "cancelled" and row.why and row.why[-1]["code"] == "customer_gone"]
    return {
        "customer_id": min(node.id for node in nodes),
        "erased_at": erased_at,
        "orders": len(ids),
        "follow_ups_cancelled": len(cancelled),
    }


def _empty(shop: Shop, node_id: str) -> str:
    """The last step: who she was. Totals, the link and the moment stay."""
    nodes = Nodes(shop)
    nodes.change(
        node_id,
        lambda node: replace(
            node, key=node.key.split(":")[0], contact=Contact(), account=None, last_sends=(), unit=None
        ),
    )
    base.commit(nodes.writes())
    return "stored"
