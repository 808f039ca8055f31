"""What we hold, in the words of the partner API: plain JSON, money as {amount, currency, exponent}, times as stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.domain.customer import Contact, Customer
from chalicelib.domain.facts import tags_of
from chalicelib.domain.money import Money
from chalicelib.domain.order import Line, Order, Refund
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order
from chalicelib.domain.why import sentence
from chalicelib.table.follow_ups import FollowUpRow

Json = dict[str, Any]


@dataclass(frozen=True)
class Page:
    """Some items, and where to go on: any JSON, or None at the end."""

    items: list[Json]
    next: Any = None


def money(amount: int, currency: str) -> Json:
    return dict(Money(amount, currency).to_json())


def customer_view(
    shop: Shop, customer: Customer, bought: tuple[str | None, str | None], suppressed: dict[str, str]
) -> Json:
    """`bought`: when she first and last ordered; `suppressed`: her addresses nobody may write to, and why."""
    contact, totals = customer.contact, customer.totals
    platform_ids = {shop.platform: customer.accounts[0]} if customer.accounts else {}
    return {
        "id": customer.id,
        "name": contact.name[1] if contact.name else None,
        "emails": _newest_first(contact.emails),
        "phones": _newest_first(contact.phones),
        "locale": contact.locale[1] if contact.locale else None,
        "country": contact.country[1] if contact.country else None,
        "platform_ids": platform_ids,
        "orders": {
            "placed": sum(one.placed for one in totals.values()),
            "paid": sum(one.paid for one in totals.values()),
        },
        "totals": [
            {
                "currency": currency,
                "gross": money(one.gross, currency),
                "refunded": money(one.refunded, currency),
                "net": money(one.net, currency),
            }
            for currency, one in totals.items()
        ],
        "first_order_at": bought[0],
        "last_order_at": bought[1],
        "consents": consents_view(contact),
        "suppressed": [_suppressed(address, why) for address, why in sorted(suppressed.items())],
        "tags": sorted(tags_of(customer)),
        "merged_from": sorted(node.id for node in customer.nodes if node.id != customer.id),
    }


def _newest_first(known: dict[str, str]) -> list[str]:
    return sorted(known, key=lambda address: (in_order(known[address]), address), reverse=True)


def consents_view(contact: Contact) -> list[Json]:
    """Newest first; those nobody knows the time of come last."""
    found = []
    for key, (at, source) in contact.consents.items():
        channel, state = key.split(":", 1)
        found.append({"channel": channel, "state": state, "source": source, "at": at or None})
    return sorted(found, key=lambda one: (in_order(one["at"] or ""), one["channel"], one["state"]), reverse=True)


def _suppressed(contact: str, reason: str) -> Json:
    kind, address = contact.split(":", 1)
    return {"channel": "email" if kind == "email" else "sms", "address": address, "reason": reason}


def order_view(order: Order, customer_id: str | None) -> Json:
    """`customer_id` None: nobody is known to have bought it, or she was erased."""
    amounts = ("total", "subtotal", "discount", "tax", "shipping", "refunded", "net")
    return {
        "id": order.id,
        "number": order.number,
        "customer_id": customer_id,
        "status": order.status,
        "payment": order.payment,
        "fulfilment": order.fulfilment,
        "placed": order.placed,
        "paid": order.paid,
        "test": order.test,
        "currency": order.currency,
        "currency_original": order.currency_original,
        **{name: money(getattr(order, name), order.currency) for name in amounts},
        "refunds": [_refund(refund, order.currency) for refund in order.refunds],
        "lines": [_line(line, order.currency) for line in order.lines],
        "coupons": list(order.coupons),
        "placed_at": order.placed_at,
        "paid_at": order.paid_at,
        "fulfilled_at": order.fulfilled_at,
        "cancelled_at": order.cancelled_at,
        "updated_at": order.updated_at,
    }


def _refund(refund: Refund, currency: str) -> Json:
    return {"id": refund.id, "amount": money(refund.amount, currency), "at": refund.at, "reason": refund.reason}


def _line(line: Line, currency: str) -> Json:
    return {
        "product_id": line.product_id,
        "variant_id": line.variant_id,
        "sku": line.sku,
        "title": line.title,
        "quantity": line.quantity,
        "unit_price": money(line.unit_price, currency),
        "total": money(line.total, currency),
    }


def follow_up_view(row: FollowUpRow, shop: Shop, customer_id: str | None) -> Json:
    """`trigger` is the platform's id of the order it is about, else what started it: birthday-2026, cart-77."""
    return {
        "id": row.id,
        "flow": row.flow,
        "step": row.step,
        "trigger": row.trigger_id,
        "customer_id": customer_id,
        "state": row.state,
        "due_at": row.due_at,
        "sent_at": row.sent_at,
        "channel": row.channel,
        "arm": row.arm,
        "why": [why_view(entry, shop) for entry in row.why or []],
    }


def why_view(entry: Json, shop: Shop) -> Json:
    code, params = entry["code"], entry.get("params") or {}
    return {"code": code, "params": params, "text": sentence(code, params, shop), "at": entry["at"]}
