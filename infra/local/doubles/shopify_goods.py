"""What a pretend Shopify shop holds: orders, customers and products as a webhook writes them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from infra.local.people import FIRST, LAST, chance

Rest = dict[str, Any]

CURRENCY = "EUR"
_SHIPPING = Decimal("4.90")
GOODS = (
    ("Walnut bowl", "25.00"),
    ("Linen apron", "39.90"),
    ("Beeswax candle", "12.50"),
    ("Olive board", "48.00"),
    ("شمع عسلی", "9.90"),
    ("Enamel mug", "14.00"),
    ("Wool blanket", "119.00"),
    ("Ceramic vase", "64.50"),
)
_NAMES = (*zip(FIRST, LAST, strict=False), ("زهرا", "حسینی‌نژاد"), ("Łucja", "Żak"))
_COUNTRIES = (
    ("DE", "Germany", "de"),
    ("FR", "France", "fr"),
    ("NL", "Netherlands", "nl"),
    ("GB", "United Kingdom", "en"),
)


def iso(at: datetime) -> str:
    """As Shopify writes a time: whole seconds, with the shop's own offset."""
    return at.isoformat(timespec="seconds")


def product(number: int, at: datetime) -> Rest:
    """A product with two variants."""
    title, price = GOODS[number % len(GOODS)]
    name = title if number < len(GOODS) else f"{title} {number}"
    dearer = f"{Decimal(price) * 2:.2f}"
    return {
        "id": 632910000 + number,
        "admin_graphql_api_id": f"gid://shopify/Product/{632910000 + number}",
        "title": name,
        "handle": f"product-{number}",
        "product_type": "Home",
        "status": "active",
        "tags": "handmade, gift",
        "created_at": iso(at),
        "updated_at": iso(at),
        "published_at": iso(at),
        "image": {"id": 1, "src": f"https://cdn.shopify.com/s/files/1/product-{number}.jpg"},
        "images": [{"id": 1, "src": f"https://cdn.shopify.com/s/files/1/product-{number}.jpg"}],
        "variants": [
            {"id": 808950000 + 2 * number + which, "title": size, "price": amount, "sku": f"SKU-{number}-{size}"}
            | {"inventory_policy": "deny", "inventory_quantity": 7, "product_id": 632910000 + number}
            for which, (size, amount) in enumerate((("small", price), ("large", dearer)))
        ],
    }


def customer(number: int, at: datetime) -> Rest:
    """A customer; the same number is always the same person."""
    who = f"shopify-{number}"
    first, last = _NAMES[chance(who, "name", len(_NAMES))]
    code, country, _ = _COUNTRIES[chance(who, "country", len(_COUNTRIES))]
    state = ("subscribed", "not_subscribed", "unsubscribed")[chance(who, "consent", 3)]
    since = iso(at) if state != "not_subscribed" else None
    address = {"first_name": first, "last_name": last, "phone": None, "country": country, "country_code": code}
    return {
        "id": 207119000 + number,
        "admin_graphql_api_id": f"gid://shopify/Customer/{207119000 + number}",
        "email": f"{who}@example.test",
        "phone": None,
        "first_name": first,
        "last_name": last,
        "state": "disabled",
        "note": None,
        "verified_email": True,
        "multipass_identifier": None,
        "tax_exempt": False,
        "tags": "",
        "currency": CURRENCY,
        "tax_exemptions": [],
        "created_at": iso(at),
        "updated_at": iso(at),
        "email_marketing_consent": {"state": state, "opt_in_level": "single_opt_in", "consent_updated_at": since},
        "sms_marketing_consent": None,
        "default_address": address,
    }


def order(number: int, at: datetime, buyer: Rest | None, lines: list[Rest], **told: Any) -> Rest:
    """An order of these lines, paid and not sent yet; `told` are members that are otherwise."""
    return {
        "id": 450789000 + number,
        "admin_graphql_api_id": f"gid://shopify/Order/{450789000 + number}",
        "name": f"#{1000 + number}",
        "number": number,
        "order_number": 1000 + number,
        "test": False,
        "created_at": iso(at),
        "processed_at": iso(at),
        "updated_at": iso(at),
        "cancelled_at": None,
        "closed_at": None,
        "financial_status": "paid",
        "fulfillment_status": None,
        "payment_gateway_names": ["shopify_payments"],
        "discount_codes": [],
        "discount_applications": [],
        **_figures(lines),
        **_whose(buyer),
        "line_items": lines,
        "fulfillments": [],
        "refunds": [],
        **told,
    }


def _figures(lines: list[Rest]) -> Rest:
    """What it costs: tax and nothing else is included in the prices."""
    goods = sum(Decimal(line["price"]) * line["quantity"] for line in lines)
    total = goods + _SHIPPING
    tax = (total * 19 / 119).quantize(Decimal("0.01"))
    figures = {"total_price": total, "current_total_price": total, "subtotal_price": goods, "total_tax": tax}
    figures |= {"total_line_items_price": goods, "total_discounts": Decimal(0)}
    return {
        "currency": CURRENCY,
        "presentment_currency": CURRENCY,
        **{name: f"{amount:.2f}" for name, amount in figures.items()},
        "total_shipping_price_set": both(f"{_SHIPPING:.2f}"),
    }


def _whose(buyer: Rest | None) -> Rest:
    address = buyer and buyer["default_address"]
    return {
        "email": buyer["email"] if buyer else "",
        "contact_email": buyer["email"] if buyer else None,
        "phone": None,
        "customer_locale": None,
        "customer": buyer and in_order(buyer),
        "billing_address": address,
        "shipping_address": address,
    }


def line(number: int, of: Rest, which: int, quantity: int) -> Rest:
    """`quantity` of a product's variant."""
    variant = of["variants"][which]
    return {
        "id": 466157000 + number,
        "title": of["title"],
        "name": f"{of['title']} - {variant['title']}",
        "variant_title": variant["title"],
        "quantity": quantity,
        "price": variant["price"],
        "sku": variant["sku"],
        "product_id": of["id"],
        "variant_id": variant["id"],
        "total_discount": "0.00",
        "discount_allocations": [],
    }


def refund(number: int, at: datetime, amount: str, order_id: int, note: str = "") -> Rest:
    """Money that went back."""
    paid = {"id": number, "kind": "refund", "status": "success", "amount": amount, "currency": CURRENCY}
    return {
        "id": 509562000 + number,
        "order_id": order_id,
        "created_at": iso(at),
        "processed_at": iso(at),
        "note": note or None,
        "transactions": [paid],
        "refund_line_items": [],
        "order_adjustments": [],
    }


def parcel(number: int, at: datetime, order_id: int, lines: list[Rest]) -> Rest:
    """A fulfilment."""
    return {
        "id": 255858000 + number,
        "order_id": order_id,
        "status": "success",
        "shipment_status": None,
        "created_at": iso(at),
        "updated_at": iso(at),
        "tracking_company": None,
        "line_items": [{"id": one["id"]} for one in lines],
    }


def both(amount: str) -> Rest:
    """A `*_set`."""
    money = {"amount": amount, "currency_code": CURRENCY}
    return {"shop_money": money, "presentment_money": money}


def in_order(buyer: Rest) -> Rest:
    """A customer as she stands within an order's body: since API 2025-01 without consents and tags."""
    left_out = ("email_marketing_consent", "sms_marketing_consent", "tags")
    return {name: value for name, value in buyer.items() if name not in left_out}
