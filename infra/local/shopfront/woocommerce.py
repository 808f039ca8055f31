"""What the WooCommerce shop says of itself: bodies as a real installation sent them, with this shop's facts put in.
Every function gives (topic, body)."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from infra.local.recordings import recorded
from infra.local.shopfront.catalogue import Product
from infra.local.shopfront.orders import Customer, Line, Sold
from infra.local.shopfront.places import Place
from infra.local.shopfront.standard import Said

RECORDING = "woocommerce-10.5.2"
AGENT = "WooCommerce/10.5.2 Hookshot (WordPress/6.9.4)"


@cache
def _as_recorded(topic: str, **wanted: Any) -> dict[str, Any]:
    """The first recorded body of a topic that looks as wanted."""
    bodies = (json.loads(told.body) for told in recorded(RECORDING) if told.topic == topic and told.secret)
    return next(body for body in bodies if all(body.get(name) == value for name, value in wanted.items()))


def product(place: Place, product: Product, url: str, image: str, category: str, now: datetime) -> Said:
    """A product as it stands in the shop now."""
    body = copy.deepcopy(_as_recorded("product.created", type="simple"))
    name = {"id": 1, "name": category, "slug": product.category}
    body |= {
        "id": int(product.id), "name": product.title, "slug": product.slug, "permalink": url, "sku": product.id,
        "description": f"<p>{product.about}</p>\n", "price": str(product.price), "regular_price": str(product.price),
        "categories": [name], "images": [{"id": int(product.id), "src": image, "name": product.title, "alt": ""}],
    }  # fmt: skip
    return _said("product.created", body | _moments(place, created=now, modified=now))


def account(place: Place, customer: Customer, now: datetime) -> Said:
    """Somebody has opened an account."""
    body = copy.deepcopy(_as_recorded("customer.created"))
    first, last = _names(customer)
    body |= {
        "id": int(customer.id), "email": customer.email, "first_name": first, "last_name": last,
        "username": customer.email.partition("@")[0], "billing": _address(place, customer),
    }  # fmt: skip
    return _said("customer.created", body | _moments(place, created=now, modified=now))


def placed(place: Place, sold: Sold, now: datetime) -> list[Said]:
    """An order has come in: in process, paid at once unless it is paid at the door."""
    paid = None if sold.at_the_door else sold.at
    times = _moments(place, created=sold.at, modified=sold.at, paid=paid, completed=None)
    return [_said("order.created", {**_order(place, sold), "status": "processing", **times})]


def sent(place: Place, sold: Sold, now: datetime) -> Said:
    """The parcel has left: completed. `sold.sent_at` says when."""
    at = sold.sent_at or now
    paid = at if sold.at_the_door else sold.at
    times = _moments(place, created=sold.at, modified=at, paid=paid, completed=at)
    return _said("order.updated", {**_order(place, sold), "status": "completed", **times})


def cart(place: Place, key: str, customer: Customer, lines: list[Line], now: datetime) -> Said | None:
    """Nothing: WooCommerce keeps its carts to itself."""
    return None


def headers(url: str) -> dict[str, str]:
    """What the shop adds to the signed ones."""
    return {"x-wc-webhook-source": f"{url}/", "user-agent": AGENT}


def _order(place: Place, sold: Sold) -> dict[str, Any]:
    body = copy.deepcopy(_as_recorded("order.created", currency=place.currency))
    pattern = body["line_items"][0]
    account = int(sold.buyer.id or 0)
    method = ("cod", "پرداخت در محل") if sold.at_the_door else ("zarinpal", "پرداخت اینترنتی")
    return body | {
        "id": int(sold.number), "number": sold.number, "customer_id": account, "total": str(sold.total),
        "shipping_total": str(sold.shipping), "payment_method": method[0], "payment_method_title": method[1],
        "billing": _address(place, sold.buyer), "shipping": _address(place, sold.buyer), "customer_note": "",
        "line_items": [_line(pattern, line, at) for at, line in enumerate(sold.lines, 1)], "refunds": [],
        "coupon_lines": [], "meta_data": [],
    }  # fmt: skip


def _line(pattern: dict[str, Any], line: Line, at: int) -> dict[str, Any]:
    total = str(line.total)
    return pattern | {
        "id": at, "name": line.product.title, "product_id": int(line.product.id), "variation_id": 0, "meta_data": [],
        "quantity": line.quantity, "subtotal": total, "total": total, "sku": line.product.id,
        "price": line.product.price,
    }  # fmt: skip


def _address(place: Place, customer: Customer) -> dict[str, str]:
    first, last = _names(customer)
    return {
        "first_name": first, "last_name": last, "company": "", "address_1": "", "address_2": "", "city": "",
        "state": "", "postcode": "", "country": place.country, "email": customer.email, "phone": customer.phone,
    }  # fmt: skip


def _names(customer: Customer) -> tuple[str, str]:
    first, _, last = customer.name.partition(" ")
    return first, last


def _moments(place: Place, **times: datetime | None) -> dict[str, str | None]:
    """Each time twice, as WooCommerce writes them: on the shop's wall and in Greenwich, both without an offset."""
    zone, found = ZoneInfo(place.timezone), {}
    for name, at in times.items():
        found[f"date_{name}"] = _written(at, zone)
        found[f"date_{name}_gmt"] = _written(at, UTC)
    return found


def _written(at: datetime | None, zone: Any) -> str | None:
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S") if at else None


def _said(topic: str, body: dict[str, Any]) -> Said:
    return topic, json.dumps(body, ensure_ascii=False).encode()
