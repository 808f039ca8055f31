"""Three months of a real gift shop's orders as the Standard Webhooks it would have sent.

Orders and cancellations are real (data/README.md). When an order was paid and dispatched, who unsubscribed, and which
delivery came twice or late is invented, and always the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.domain.times import stamp
from infra.local.people import chance
from infra.local.sales import ZONE, Sale, sales

# One in so many: an order whose creation is told hours late, a delivery that comes twice, an order that is told of once
# more with a misspelt word, a customer who unsubscribes.
LATE, TWICE, MISSPELT, OBJECTS = 10, 12, 80, 25
_AGAIN_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, order=True)
class Delivery:
    """One webhook on its way: when it arrives, its id, its body."""

    at: datetime
    id: str
    body: bytes


def deliveries(until: datetime, since: datetime) -> list[Delivery]:
    """All that arrives until then about what was ordered since, in the order in which it arrives."""
    told = [delivery for sale in sales(until) if sale.at >= since for delivery in _told(sale)]
    return sorted(delivery for delivery in told if delivery.at < until)


def _told(sale: Sale) -> Iterator[Delivery]:
    """The life of an order; every delivery is a full snapshot."""
    known: dict[str, Any] = {}
    for at, type_, change in sorted(_moments(sale), key=lambda moment: moment[0]):
        known = {**known, **change, "updated_at": stamp(at)}
        late = timedelta(hours=3) if type_ == "order.created" and chance(sale.invoice, "late", LATE) == 0 else None
        delivery = _delivery(at + (late or timedelta(seconds=2)), type_, {**_order(sale), **known}, sale.invoice)
        yield delivery
        if chance(delivery.id, "twice", TWICE) == 0:
            yield Delivery(delivery.at + _AGAIN_AFTER, delivery.id, delivery.body)
    if chance(sale.invoice, "mistake", MISSPELT) == 0:
        yield _delivery(
            _dispatched(sale), "order.updated", {**_order(sale), "fulfiled_at": stamp(sale.at)}, sale.invoice
        )
    if chance(sale.buyer["email"], "objects", OBJECTS) == 0:
        yield _objection(sale)


def _moments(sale: Sale) -> Iterator[tuple[datetime, str, dict[str, Any]]]:
    paid = sale.at + timedelta(minutes=1 + chance(sale.invoice, "paid", 4))
    sent = _dispatched(sale)
    yield sale.at, "order.created", {}
    yield paid, "order.paid", {"paid_at": stamp(paid)}
    refunds: list[dict[str, Any]] = []
    for invoice, (at, amount) in sorted(sale.given_back.items(), key=lambda back: back[1]):
        refunds = [*refunds, {"id": invoice, "amount": amount, "at": stamp(at), "reason": "cancelled"}]
        whole = sum(refund["amount"] for refund in refunds) == sale.total
        if whole and at < sent:
            yield max(at, paid), "order.cancelled", {"status": "cancelled", "refunds": refunds}
            return
        yield max(at, paid), "order.refunded", {"refunds": refunds}
    yield sent, "order.fulfilled", {"fulfilled_at": stamp(sent), "fulfilment": "fulfilled"}


def _dispatched(sale: Sale) -> datetime:
    """One to three days later, in the afternoon."""
    day = sale.at.astimezone(ZONE) + timedelta(days=1 + chance(sale.invoice, "day", 3))
    return day.replace(hour=13 + chance(sale.invoice, "hour", 4)).astimezone(UTC)


def _order(sale: Sale) -> dict[str, Any]:
    return {
        "id": sale.invoice,
        "currency": "GBP",
        "money": "minor",
        "total": sale.total,
        "shipping": sale.shipping,
        "placed_at": stamp(sale.at),
        "customer": sale.buyer,
        "lines": sale.lines,
    }


def _objection(sale: Sale) -> Delivery:
    at = sale.at + timedelta(days=4)
    consent = {"channel": "email", "state": "unsubscribed", "source": "account page", "at": stamp(at)}
    return _delivery(at, "customer.consent", {**sale.buyer, "consents": [consent]}, sale.invoice)


def _delivery(at: datetime, type_: str, data: dict[str, Any], about: str) -> Delivery:
    body = json.dumps({"type": type_, "timestamp": stamp(at), "data": data}, ensure_ascii=False, separators=(",", ":"))
    return Delivery(at, f"msg_{about}_{type_.replace('.', '_')}_{int(at.timestamp())}", body.encode())
