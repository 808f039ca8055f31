"""Customers: a PROFILE per node, pointers to its orders, and look-ups by what people know of themselves."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.domain import blinding
from chalicelib.domain.customer import Account, Contact, Customer, LastSend, Node
from chalicelib.domain.order import MOST_KEPT, Order, Totals
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order
from chalicelib.table import base
from chalicelib.table.base import Json, Row, Write

CUSTOMER_SHARDS = 32
# The longest look back over somebody's orders: a follow-up older than this is no longer about anything.
MOST_POINTERS = 1000


class ProfileRow(Row, discriminator="profile"):
    """One node as JSON."""

    node = Json()
    customers_pk = UnicodeAttribute(null=True)
    customers_sk = UnicodeAttribute(null=True)
    card = Json(null=True)


class PointerRow(Row, discriminator="pointer"):
    """That this node bought that order. Says just enough to tell first from n-th, and what is bought again: an order
    that was given back has its ids in `given_back` instead."""

    order_id = UnicodeAttribute()
    placed_at = UnicodeAttribute()
    counts = UnicodeAttribute()  # paid | placed | no
    products = Json(null=True)  # ids, each once
    given_back = Json(null=True)


class LookupRow(Row, discriminator="lookup"):
    """That something known of a person (blind) leads to a customer, or an order number to an order."""

    to = UnicodeAttribute()


@dataclass(frozen=True)
class Read:
    """A node as read, with the rev its writer must name."""

    node: Node
    rev: int | None


def _pk(shop: str, node_id: str) -> str:
    return base.partition(shop, "C", node_id)


def read(shop: str, node_id: str, key: str = "") -> Read:
    """The node; an empty one of kind `key` where there is none yet."""
    row = base.first(ProfileRow, _pk(shop, node_id), "PROFILE")
    return Read(node_of(row.node), row.rev) if row else Read(Node(node_id, key), None)


def resolve(shop: Shop, identity: str, at: str) -> Read:
    """The node an order belongs to that was placed `at`. Past an erasure, a later order belongs to somebody new."""
    kind = identity if identity.startswith("account:") else identity.split(":", 1)[0]
    erased_at: str | None = None
    while True:
        found = read(shop.slug, blinding.customer_id(shop.blind_key, identity, erased_at), kind)
        erasure = found.node.erased_at
        if erasure is None or in_order(at) <= in_order(erasure):
            return found
        erased_at = erasure


def person(shop: str, node_id: str) -> Customer | None:
    """The customer that a node is part of, or None where there is no such node."""
    nodes = tuple(found.node for found in read_person(shop, node_id))
    return Customer(nodes) if nodes else None


def read_person(shop: str, node_id: str) -> tuple[Read, ...]:
    """The one or two nodes of a person with their revs; empty where there is no such node."""
    first = read(shop, node_id)
    if first.rev is None:
        return ()
    return (first, read(shop, first.node.linked)) if first.node.linked else (first,)


def unchanged(shop: str, read: Read) -> Write:
    """For a transaction that rests on a node without writing it."""
    return base.unchanged(ProfileRow(_pk(shop, read.node.id), "PROFILE"), read.rev)


def write(shop: str, read: Read, node: Node) -> Write:
    """The node, on the rev it was read with."""
    row = ProfileRow(_pk(shop, node.id), "PROFILE", node=_plain(node))
    if not node.erased_at:
        row.customers_pk = base.partition(shop, "CL", str(base.shard(node.id, CUSTOMER_SHARDS)))
        row.customers_sk = f"{in_order(node.contact.last_order)}#{node.id}"
        row.card = {"t": {c: list(t.values()) for c, t in node.totals.items()}, "l": node.linked}
    return base.replace(row, read.rev)


def pointer(shop: str, node_id: str, order: Order) -> Write:
    return base.put(_pointer_row(shop, node_id, order))


def _pointer_row(shop: str, node_id: str, order: Order) -> PointerRow:
    counts = "paid" if order.paid else "placed" if order.placed else "no"
    row = PointerRow(_pk(shop, node_id), f"O#{in_order(order.placed_at)}#{base.part(order.id)}")
    row.order_id, row.placed_at, row.counts = order.id, order.placed_at, counts
    products = list(dict.fromkeys(line.product_id for line in order.lines if line.product_id))[:MOST_KEPT] or None
    row.products, row.given_back = (None, products) if order.given_back else (products, None)
    return row


def orders_of(shop: str, customer: Customer, limit: int = MOST_POINTERS) -> list[PointerRow]:
    """Newest first, of all her nodes."""
    found: list[PointerRow] = []
    with base.reading():
        for node in customer.nodes:
            found += PointerRow.query(
                _pk(shop, node.id),
                PointerRow.sk.startswith("O#"),
                consistent_read=True,
                scan_index_forward=False,
                limit=limit,
            )
    return sorted(found, key=lambda row: row.sk, reverse=True)[:limit]


def every_order(shop: str, node_id: str) -> list[PointerRow]:
    """All orders of one node, newest first, however many."""
    with base.reading():
        found = PointerRow.query(
            _pk(shop, node_id), PointerRow.sk.startswith("O#"), consistent_read=True, scan_index_forward=False
        )
        return list(found)


def lookup(shop: Shop, contact: str, to: str) -> Write:
    """`contact` is `email:…`, `phone:…`, `account:…` or `number:…`; `to` a node or an order id."""
    return base.put(_lookup_row(shop, contact, to))


def drop_lookup(shop: Shop, contact: str, to: str) -> Write:
    return base.remove(_lookup_row(shop, contact, to))


def _lookup_row(shop: Shop, contact: str, to: str) -> LookupRow:
    blind = blinding.lookup(shop.blind_key, contact)
    return LookupRow(base.partition(shop.slug, "L", blind), base.part(to), to=to)


def look_up(shop: Shop, contact: str) -> list[str]:
    """Whom or what a contact leads to, at most 100, in order of id."""
    pk = base.partition(shop.slug, "L", blinding.lookup(shop.blind_key, contact))
    with base.reading():
        return [row.to for row in LookupRow.query(pk, consistent_read=True, limit=100)]


def _plain(node: Node) -> dict[str, Any]:
    """The node as JSON, without what is empty."""
    raw = asdict(node)
    raw["contact"] = {k: v for k, v in raw["contact"].items() if v}
    raw["totals"] = {currency: list(totals.values()) for currency, totals in node.totals.items()}
    raw["last_sends"] = [
        {k: v for k, v in send.items() if (k, v) != ("channel", "email")} for send in raw["last_sends"]
    ]
    return {key: value for key, value in raw.items() if value}


def node_of(raw: dict[str, Any]) -> Node:
    contact = dict(raw.get("contact", {}))
    for key in ("name", "locale", "country"):
        if key in contact:
            contact[key] = tuple(contact[key])
    for key in ("consents", "notes"):
        contact[key] = {name: tuple(value) for name, value in contact.get(key, {}).items()}
    account = raw.get("account")
    return Node(
        **{
            **raw,
            "contact": Contact(**contact),
            "totals": {currency: Totals(*values) for currency, values in raw.get("totals", {}).items()},
            "account": Account(**{**account, "tags": tuple(account["tags"])}) if account else None,
            "claims": {key: tuple(value) for key, value in raw.get("claims", {}).items()},
            "last_sends": tuple(LastSend(**send) for send in raw.get("last_sends", [])),
        }
    )
