"""What the home-made shop says of itself: Standard Webhooks. Every function gives (topic, body)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from chalicelib.domain.times import stamp
from infra.local.shopfront.catalogue import Product
from infra.local.shopfront.orders import Customer, Line, Sold
from infra.local.shopfront.places import Place

Said = tuple[str, bytes]


def product(place: Place, product: Product, url: str, image: str, category: str, now: datetime) -> Said:
    """A product as it stands in the shop now."""
    data = {
        "id": product.id,
        "title": product.title,
        "url": url,
        "image": image,
        "price": product.price,
        "money": "minor",
        "currency": place.currency,
        "available": True,
        "categories": [category],
        "locale": place.locale,
        "updated_at": stamp(now),
    }
    return _said("product.updated", data, now)


def account(place: Place, customer: Customer, now: datetime) -> Said:
    """Somebody has opened an account."""
    return _said("customer.created", {**_buyer(place, customer), "created_at": stamp(now)}, now)


def placed(place: Place, sold: Sold, now: datetime) -> list[Said]:
    """An order has come in and, unless it is paid at the door, was paid at once."""
    order = _order(place, sold)
    created = _said("order.created", {**order, "updated_at": stamp(sold.at)}, now)
    if sold.at_the_door:
        return [created]
    return [created, _said("order.paid", {**order, **_paid(sold.at), "updated_at": stamp(now)}, now)]


def sent(place: Place, sold: Sold, now: datetime) -> Said:
    """The parcel has left. `sold.sent_at` says when."""
    at = sold.sent_at or now
    done = {"fulfilled_at": stamp(at), "fulfilment": "fulfilled", "updated_at": stamp(at)}
    return _said("order.fulfilled", {**_order(place, sold), **_paid(at if sold.at_the_door else sold.at), **done}, at)


def cart(place: Place, key: str, customer: Customer, lines: list[Line], now: datetime) -> Said | None:
    """What lies in the cart of somebody who is logged in."""
    data = {
        "id": key,
        "customer": {"id": customer.id, "email": customer.email},
        "lines": [_line(line) for line in lines],
        "currency": place.currency,
        "money": "minor",
        "updated_at": stamp(now),
    }
    return _said("cart.updated", data, now)


def headers(url: str) -> dict[str, str]:
    """What the shop adds to the signed ones."""
    return {}


def _order(place: Place, sold: Sold) -> dict[str, Any]:
    buyer = _buyer(place, sold.buyer)
    if sold.subscribes:
        consent = {"channel": "email", "state": "subscribed", "source": "checkout", "at": stamp(sold.at)}
        buyer["consents"] = [consent]
    return {
        "id": sold.number,
        "number": sold.number,
        "currency": place.currency,
        "money": "minor",
        "total": sold.total,
        "shipping": sold.shipping,
        "placed_at": stamp(sold.at),
        "payment_method": "cod" if sold.at_the_door else "other",
        "customer": buyer,
        "lines": [_line(line) for line in sold.lines],
        **({"cart_id": sold.cart} if sold.cart else {}),
    }


def _paid(at: datetime) -> dict[str, str]:
    return {"paid_at": stamp(at), "payment": "paid"}


def _buyer(place: Place, customer: Customer) -> dict[str, Any]:
    known = {"id": customer.id, "email": customer.email, "phone": customer.phone, "name": customer.name}
    return {name: value for name, value in known.items() if value} | {"locale": place.locale, "country": place.country}


def _line(line: Line) -> dict[str, Any]:
    return {
        "product_id": line.product.id,
        "sku": line.product.id,
        "title": line.product.title,
        "quantity": line.quantity,
        "unit_price": line.product.price,
    }


def _said(type_: str, data: dict[str, Any], at: datetime) -> Said:
    body = {"type": type_, "timestamp": stamp(at), "data": data}
    return type_, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
