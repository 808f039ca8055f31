"""Her orders as her own page shows them: number, date, items, total, state, in the words of her language."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.customer import Customer
from chalicelib.domain.order import Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.speech import Speech
from chalicelib.table import customer_pages, orders
from chalicelib.work.mail_values import clip

MOST_ORDERS = 30
MOST_LINES = 12
LONGEST_TITLE = 120


def orders_of(
    shop: Shop, customer: Customer, speech: Speech, words: dict[str, str]
) -> tuple[list[dict[str, Any]], bool]:
    """Her newest orders, newest first, and whether there are more. What the shop deleted or drafts is left out."""
    keys = customer_pages.orders_before(shop.slug, customer, MOST_ORDERS + 1)
    found = orders.of_ids(shop.slug, [order_id for _, order_id in keys[:MOST_ORDERS]])
    hers = {node.id for node in customer.nodes}
    shown = [
        _order(found[order_id][0], shop, speech, words)
        for _, order_id in keys[:MOST_ORDERS]
        if order_id in found and found[order_id][1] in hers and found[order_id][0].status not in ("deleted", "draft")
    ]
    return shown, len(keys) > MOST_ORDERS


def _order(order: Order, shop: Shop, speech: Speech, words: dict[str, str]) -> dict[str, Any]:
    lines = [line for line in order.lines if line.quantity > 0]
    return {
        "number": words["number"].format(number=speech.digits(clip(order.number or order.id, 40))),
        "date": speech.date(order.placed_at, shop.timezone),
        "total": speech.money(order.total, order.currency, order.currency_original),
        "state": words[f"state_{state_of(order)}"],
        "lines": [
            {
                "quantity": words["quantity"].format(n=speech.number(line.quantity)),
                "title": speech.isolate(clip(line.title or line.sku or "–", LONGEST_TITLE)),
            }
            for line in lines[:MOST_LINES]
        ]
        + ([{"quantity": "", "title": "…"}] if len(lines) > MOST_LINES else []),
    }


def state_of(order: Order) -> str:
    """The one word that says most: what ended it, else how far it has come."""
    if order.status in ("cancelled", "failed"):
        return str(order.status)
    if order.payment == "refunded":
        return "refunded"
    if order.fulfilment in ("delivered", "fulfilled"):
        return str(order.fulfilment)
    if order.status == "completed":
        return "completed"
    if order.status == "pending":
        return "waiting"
    return "paid" if order.paid else "placed"
