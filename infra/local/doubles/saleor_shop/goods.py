"""What a pretend Saleor shop holds: products, accounts, orders, in the shape of Saleor's schema (`schema.graphql`)."""

from __future__ import annotations

import base64
import uuid
from datetime import datetime
from typing import Any

from infra.local.people import FIRST, LAST, chance

Thing = dict[str, Any]

CHANNEL = {
    "id": "Q2hhbm5lbDox",
    "slug": "default-channel",
    "name": "Default channel",
    "isActive": True,
    "currencyCode": "USD",
    "defaultCountry": {"code": "US", "country": "United States of America"},
}
GOODS = (
    ("Apple Juice", 1.99),
    ("Monospace Tee", 20.0),
    ("White Plimsolls", 80.0),
    ("Darko Polo", 75.0),
    ("پیراهن «نخی»", 12.5),
    ("Blue Plimsolls", 78.0),
)
_NAMES = (*zip(FIRST, LAST, strict=False), ("زهرا", "حسینی‌نژاد"), ("علی", "رضایی"))


def global_id(kind: str, number: object) -> str:
    """`T3JkZXI6…`: orders have UUIDs, everything else numbers; the same number is always the same id."""
    key = uuid.uuid5(uuid.NAMESPACE_URL, f"{kind} {number}") if kind == "Order" else number
    return base64.b64encode(f"{kind}:{key}".encode()).decode()


def iso(at: datetime) -> str:
    """As Saleor writes a time."""
    return at.isoformat(timespec="microseconds")


def money(amount: float) -> Thing:
    return {"amount": round(amount, 2), "currency": CHANNEL["currencyCode"]}


def taxed(gross: float, rate: float = 0.0) -> Thing:
    net = gross / (1 + rate)
    tax = money(gross - net)
    return {"currency": CHANNEL["currencyCode"], "gross": money(gross), "net": money(net), "tax": tax}


def product(number: int, at: datetime) -> Thing:
    title, price = GOODS[(number - 1) % len(GOODS)]
    made: Thing = {
        "id": global_id("Product", number),
        "name": title if number <= len(GOODS) else f"{title} {number}",
        "slug": f"product-{number}",
        "created": iso(at),
        "updatedAt": iso(at),
        "metadata": [],
        "thumbnail": {"url": f"https://acme.saleor.test/media/{number}.png", "alt": ""},
        "category": {"id": "Q2F0ZWdvcnk6MQ==", "name": "Everything", "slug": "everything"},
        "collections": [],
    }
    listing = {"id": global_id("ProductChannelListing", number), "channel": CHANNEL, "discountedPrice": money(price)}
    shown = {"isPublished": True, "isAvailableForPurchase": True, "visibleInListings": True}
    made["channelListings"] = [{**listing, **shown}]
    variant = {"id": global_id("ProductVariant", number), "name": "One size", "sku": f"SKU-{number}"}
    made["variants"] = [{**variant, "product": made, "quantityAvailable": 50}]
    return made


def account(number: int, at: datetime, **said: Any) -> Thing:
    first, last = _NAMES[number % len(_NAMES)]
    made = {
        "id": global_id("User", number),
        "email": f"account-{number}@example.test",
        "firstName": first,
        "lastName": last,
        "isActive": True,
        "isConfirmed": True,
        "dateJoined": iso(at),
        "updatedAt": iso(at),
        "languageCode": "EN",
        "metadata": [],
        "defaultBillingAddress": address(number, first, last),
        "defaultShippingAddress": None,
    }
    return {**made, **said}


def address(number: int, first: str, last: str, phone: str = "") -> Thing:
    return {
        "id": global_id("Address", number),
        "firstName": first,
        "lastName": last,
        "companyName": "",
        "streetAddress1": "1 Main St",
        "city": "NEW YORK",
        "postalCode": "10001",
        "countryArea": "NY",
        "country": {"code": "US", "country": "United States of America"},
        "phone": phone,
    }


def order(number: int, at: datetime, goods: Thing, user: Thing | None, paid: bool = True, **said: Any) -> Thing:
    """One line of one product, bought by an account or by a guest; paid, or not yet."""
    first, last = _NAMES[chance(str(number), "name", len(_NAMES))]
    quantity = 1 + chance(str(number), "quantity", 3)
    price = goods["channelListings"][0]["discountedPrice"]["amount"]
    total = round(price * quantity, 2)
    where = user["defaultBillingAddress"] if user else address(10_000 + number, first, last)
    made = {
        "id": global_id("Order", number),
        "number": str(number),
        "created": iso(at),
        "updatedAt": iso(at),
        "status": "UNFULFILLED",
        "origin": "CHECKOUT",
        "user": user,
        "userEmail": user["email"] if user else f"guest-{number}@example.test",
        "languageCodeEnum": "EN",
        "channel": CHANNEL,
        "metadata": [],
        "billingAddress": where,
        "shippingAddress": where,
        "total": taxed(total),
        "subtotal": taxed(total),
        "undiscountedTotal": taxed(total),
        "shippingPrice": taxed(0.0),
        "voucherCode": None,
        "lines": [_line(number, goods, quantity, price)],
        "fulfillments": [],
        "payments": [],
        "transactions": [],
        "events": [_event(number, "PLACED", at)],
    }
    made |= _money(total, 0.0, 0.0)
    if paid:
        pay(made, at)
    return {**made, **said}


def _line(number: int, goods: Thing, quantity: int, price: float) -> Thing:
    return {
        "id": global_id("OrderLine", number),
        "productName": goods["name"],
        "variantName": "One size",
        "productSku": goods["variants"][0]["sku"],
        "quantity": quantity,
        "unitPrice": taxed(price),
        "totalPrice": taxed(price * quantity),
        "undiscountedUnitPrice": taxed(price),
        "undiscountedTotalPrice": taxed(price * quantity),
        "variant": goods["variants"][0],
    }


def _event(number: object, kind: str, at: datetime) -> Thing:
    return {"id": global_id("OrderEvent", f"{number}-{kind}"), "type": kind, "date": iso(at)}


def _money(total: float, charged: float, refunded: float) -> Thing:
    """What Saleor says of an order's money once so much was charged, and so much of that given back."""
    kept = round(charged - refunded, 2)
    charge = "FULL" if kept >= total else "PARTIAL" if kept > 0 else "NONE"
    words = "FULLY_CHARGED" if charged >= total else "NOT_CHARGED"
    if refunded:
        words = "FULLY_REFUNDED" if kept <= 0 else "PARTIALLY_REFUNDED"
    return {
        "isPaid": kept >= total,
        "paymentStatus": words,
        "chargeStatus": charge,
        "authorizeStatus": charge,
        "totalCharged": money(kept),
        "totalAuthorized": money(0.0),
        "totalRefunded": money(refunded),
    }


def pay(order: Thing, at: datetime) -> None:
    """All of it, by card."""
    total = order["total"]["gross"]["amount"]
    order.update(_money(total, total, 0.0))
    payment = {"id": global_id("Payment", order["number"]), "gateway": "mirumee.payments.dummy", "isActive": True}
    order["payments"] = [{**payment, "created": iso(at), "transactions": [_moved(order, "CAPTURE", total, at)]}]
    order["events"] = [*order["events"], _event(order["number"], "ORDER_FULLY_PAID", at)]


def refund(order: Thing, amount: float, at: datetime) -> None:
    """So much of a paid order given back, more than once if need be."""
    total = order["total"]["gross"]["amount"]
    before = order["totalRefunded"]["amount"]
    order.update(_money(total, total, round(before + amount, 2)))
    order["payments"][0]["transactions"].append(_moved(order, "REFUND", amount, at))


def fulfil(order: Thing, at: datetime) -> None:
    order["status"] = "FULFILLED"
    sent = {"id": global_id("Fulfillment", order["number"]), "status": "FULFILLED", "created": iso(at)}
    order["fulfillments"] = [sent]


def cancel(order: Thing, at: datetime) -> None:
    order["status"] = "CANCELED"
    order["events"] = [*order["events"], _event(order["number"], "CANCELED", at)]


def _moved(order: Thing, kind: str, amount: float, at: datetime) -> Thing:
    made = global_id("Transaction", f"{order['number']}-{kind}-{iso(at)}")
    return {"id": made, "kind": kind, "isSuccess": True, "created": iso(at), "amount": money(amount), "error": None}
