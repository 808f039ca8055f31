"""Everything we hold about one person, in one answer (GDPR articles 15 and 20)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from chalicelib.domain import blinding
from chalicelib.domain.customer import Customer, Node
from chalicelib.domain.order import Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.table import audit, customers, experiments, follow_ups, orders, shelf, tasks, visits, wants
from chalicelib.table.orders import Held
from chalicelib.work import coupons_used, read_customers
from chalicelib.work.nodes import contacts_of
from chalicelib.work.privacy import NoSuchCustomer
from chalicelib.work.read_views import Json, follow_up_view, order_view


def export(shop: Shop, customer_id: str, now: datetime, who: str = "owner") -> Json:
    """{exported_at, customer, contacts, orders, ratings, follow_ups, messages, on_site, waiting_for, visits, last_seen,
    tasks, coupons, experiment}; noted in the audit. Raises NoSuchCustomer, also for one who was erased."""
    customer = read_customers.one(shop, customer_id)
    if customer is None:
        raise NoSuchCustomer(customer_id)
    audit.note(shop.slug, audit.Entry(stamp(now), who, "export", customer.id))
    held = _held(shop, customer)
    rows = [row for one in held for row in one.follow_ups.values()]
    rows += [row for node in customer.nodes for row in follow_ups.of_customer(shop.slug, node.id)]
    return {
        "exported_at": stamp(now),
        "customer": read_customers.view(shop, customer),
        "contacts": [_contacts(node) for node in customer.nodes],
        "orders": [_order(one.order, customer.id) for one in held if one.order],
        "ratings": [rating for one in held if (rating := _rating(one))],
        "follow_ups": [follow_up_view(row, shop, customer.id) for row in rows],
        "messages": [{"at": send.at, "purpose": send.purpose} for send in customer.last_sends],
        "on_site": [asdict(one) for one in shelf.of_customer(shop.slug, [node.id for node in customer.nodes], now)],
        "waiting_for": [_wish(id) for node in customer.nodes for id in wants.of_customer(shop.slug, node.id)],
        "visits": [_visit(row) for node in customer.nodes for row in visits.all_of_customer(shop.slug, node.id)],
        "last_seen": [_last_seen(shop, node, now) for node in customer.nodes],
        "tasks": [_task(row) for node in customer.nodes for row in tasks.of_customer(shop.slug, node.id)],
        "coupons": coupons_used.held_by(shop.slug, customer),
        "experiment": _experiment(shop, customer, {row.unit for row in rows if row.unit}),
    }


def _held(shop: Shop, customer: Customer) -> list[Held]:
    pointers = [row for node in customer.nodes for row in customers.every_order(shop.slug, node.id)]
    pointers.sort(key=lambda row: row.sk, reverse=True)
    return [orders.read(shop.slug, row.order_id) for row in pointers]


def _contacts(node: Node) -> Json:
    """What was said of her, each with when it was said last."""
    contact = node.contact
    known = {"name": contact.name, "locale": contact.locale, "country": contact.country}
    said = {name: {"value": at_value[1], "at": at_value[0]} if at_value else None for name, at_value in known.items()}
    account = asdict(node.account) if node.account else None
    notes = {name: {"value": value, "at": at} for name, (at, value) in sorted(contact.notes.items())}
    return {
        "id": node.id,
        **said,
        "emails": dict(contact.emails),
        "phones": dict(contact.phones),
        "account": account,
        "notes": notes,
    }


def _rating(held: Held) -> Json | None:
    if held.order is None or held.rating is None:
        return None
    return {"order_id": held.order.id, "stars": held.rating.stars, "words": held.rating.words, "at": held.rating.at}


def _task(row: tasks.TaskRow) -> Json:
    return {"kind": row.about, "text": row.text, "state": row.state, "order_id": row.order_id, "at": row.at}


def _visit(row: visits.VisitRow) -> Json:
    """What a page told of her at one time, each with when it happened."""
    return {"at": row.at, "happened": row.happened}


def _last_seen(shop: Shop, node: Node, now: datetime) -> Json:
    """What the storefront shows her again."""
    found = visits.recent(shop.slug, node.id, now).recent
    viewed = [{"product_id": product, "at": at} for product, at in found.viewed]
    return {"id": node.id, "viewed": viewed, "cart": list(found.cart), "cart_at": found.cart_at or None}


def _wish(product_id: str) -> Json:
    """A product that she is to be told of when it is back."""
    return {"product_id": product_id}


def _order(order: Order, customer_id: str) -> Json:
    return {**order_view(order, customer_id), "buyer": asdict(order.buyer)}


def _experiment(shop: Shop, customer: Customer, named: set[str]) -> list[Json]:
    """Her place in the experiment that shows what follow-ups earn."""
    contacts = {contact for node in customer.nodes for contact in contacts_of(node)}
    units = named | {blinding.experiment_unit(shop.blind_key, contact) for contact in contacts}
    found = [unit for name in sorted(units) if (unit := experiments.read(shop.slug, name))]
    return [{"arm": unit.arm, "p": unit.p, "since": unit.day} for unit in found]
