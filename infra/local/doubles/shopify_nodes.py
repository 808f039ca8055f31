"""Orders, customers and products as the Admin API shows them, made from how webhooks and the REST API write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.local.doubles.shopify_graph import Listing

Rest = Mapping[str, Any]
_SENT = {None: "UNFULFILLED", "partial": "PARTIALLY_FULFILLED", "fulfilled": "FULFILLED", "restocked": "RESTOCKED"}


def order(rest: Rest) -> dict[str, Any]:
    """An Order."""
    hers = rest.get("presentment_currency") or rest["currency"]
    return {
        **_entity("Order", rest),
        "name": rest["name"],
        "number": rest["number"],
        "test": bool(rest.get("test")),
        "processedAt": rest.get("processed_at") or rest["created_at"],
        "cancelledAt": rest.get("cancelled_at"),
        "closedAt": rest.get("closed_at"),
        "displayFinancialStatus": (rest.get("financial_status") or "pending").upper(),
        "displayFulfillmentStatus": _SENT[rest.get("fulfillment_status")],
        "currencyCode": rest["currency"],
        "presentmentCurrencyCode": hers,
        "email": rest.get("email") or None,
        "phone": rest.get("phone"),
        "customerLocale": rest.get("customer_locale"),
        "paymentGatewayNames": rest.get("payment_gateway_names") or [],
        "discountCodes": [one["code"] for one in rest.get("discount_codes") or []],
        "totalPriceSet": _bag(rest, "total_price"),
        "currentTotalPriceSet": _bag(rest, "current_total_price"),
        "totalDiscountsSet": _bag(rest, "total_discounts"),
        "totalTaxSet": _bag(rest, "total_tax"),
        "totalShippingPriceSet": _bag(rest, "total_shipping_price"),
        "customer": _buyer(rest.get("customer")),
        "billingAddress": _address(rest.get("billing_address")),
        "shippingAddress": _address(rest.get("shipping_address")),
        "transactions": [_transaction(one) for refund in rest.get("refunds") or [] for one in refund["transactions"]],
        "fulfillments": [_parcel(one) for one in rest.get("fulfillments") or []],
        "refunds": [_refund(one, rest["currency"]) for one in rest.get("refunds") or []],
        "lineItems": Listing([_line(one, rest["currency"]) for one in rest["line_items"]]),
    }


def customer(rest: Rest) -> dict[str, Any]:
    """A Customer."""
    return {**_entity("Customer", rest), **_person(rest), "tags": _tags(rest)}


def product(rest: Rest) -> dict[str, Any]:
    """A Product."""
    image = rest.get("image") or {}
    picture = {"__typename": "MediaImage", "preview": {"image": {"url": image["src"]}}} if image else None
    return {
        **_entity("Product", rest),
        "title": rest["title"],
        "handle": rest["handle"],
        "status": (rest.get("status") or "active").upper(),
        "productType": rest.get("product_type") or "",
        "category": None,
        "tags": _tags(rest),
        "publishedAt": rest.get("published_at"),
        "featuredMedia": picture,
        "variants": Listing([_variant(one) for one in rest["variants"]]),
    }


def gid(kind: str, number: Any) -> str:
    return f"gid://shopify/{kind}/{number}"


def _entity(kind: str, rest: Rest) -> dict[str, Any]:
    return {
        "__typename": kind,
        "id": gid(kind, rest["id"]),
        "legacyResourceId": str(rest["id"]),
        "createdAt": rest.get("created_at"),
        "updatedAt": rest.get("updated_at"),
    }


def _money(amount: str, code: str) -> dict[str, Any]:
    return {"amount": amount, "currencyCode": code}


def _bag(rest: Rest, name: str) -> dict[str, Any]:
    """A `*_set`, or where the body has none, the amount in the one currency there is."""
    told = rest.get(f"{name}_set")
    if told:
        both = {side: _money(told[side]["amount"], told[side]["currency_code"]) for side in told}
        return {"shopMoney": both["shop_money"], "presentmentMoney": both["presentment_money"]}
    money = _money(rest.get(name) or "0.00", rest["currency"])
    return {"shopMoney": money, "presentmentMoney": money}


def _person(rest: Rest) -> dict[str, Any]:
    email, phone = rest.get("email"), rest.get("phone")
    return {
        "firstName": rest.get("first_name"),
        "lastName": rest.get("last_name"),
        "defaultEmailAddress": {"emailAddress": email, **_consent(rest, "email")} if email else None,
        "defaultPhoneNumber": {"phoneNumber": phone, **_consent(rest, "sms")} if phone else None,
        "defaultAddress": _address(rest.get("default_address")),
    }


def _consent(rest: Rest, channel: str) -> dict[str, Any]:
    told = rest.get(f"{channel}_marketing_consent") or {"state": "not_subscribed"}
    return {"marketingState": told["state"].upper(), "marketingUpdatedAt": told.get("consent_updated_at")}


def _buyer(rest: Rest | None) -> dict[str, Any] | None:
    if not rest:
        return None
    return {**_entity("Customer", rest), **_person(rest)}


def _address(rest: Rest | None) -> dict[str, Any] | None:
    if not rest:
        return None
    return {
        "firstName": rest.get("first_name"),
        "lastName": rest.get("last_name"),
        "phone": rest.get("phone"),
        "countryCodeV2": rest.get("country_code"),
    }


def _line(rest: Rest, code: str) -> dict[str, Any]:
    product, variant = rest.get("product_id"), rest.get("variant_id")
    return {
        "__typename": "LineItem",
        "id": gid("LineItem", rest["id"]),
        "name": rest["name"],
        "title": rest["title"],
        "quantity": rest["quantity"],
        "sku": rest.get("sku"),
        "originalUnitPriceSet": _bag({"currency": code, **rest}, "price"),
        "discountAllocations": [
            {"allocatedAmountSet": _bag({"currency": code, **share}, "amount")}
            for share in rest.get("discount_allocations") or []
        ],
        "product": {"id": gid("Product", product), "legacyResourceId": str(product)} if product else None,
        "variant": {"id": gid("ProductVariant", variant), "legacyResourceId": str(variant)} if variant else None,
    }


def _transaction(rest: Rest) -> dict[str, Any]:
    return {"kind": rest["kind"].upper(), "status": rest["status"].upper()}


def _parcel(rest: Rest) -> dict[str, Any]:
    shown = (rest.get("shipment_status") or "").upper()
    return {"createdAt": rest["created_at"], "status": rest["status"].upper(), "displayStatus": shown or "FULFILLED"}


def _refund(rest: Rest, code: str) -> dict[str, Any]:
    """The API sums up what went back."""
    paid = [one for one in rest["transactions"] if one["kind"] == "refund" and one["status"] == "success"]
    hers = paid[0].get("currency", code) if paid else code
    amount = f"{sum(float(one['amount']) for one in paid):.2f}"
    return {
        "__typename": "Refund",
        "id": gid("Refund", rest["id"]),
        "legacyResourceId": str(rest["id"]),
        "createdAt": rest["created_at"],
        "processedAt": rest["processed_at"],
        "note": rest.get("note"),
        "totalRefundedSet": {"shopMoney": _money(amount, code), "presentmentMoney": _money(amount, hers)},
    }


def _variant(rest: Rest) -> dict[str, Any]:
    return {
        "__typename": "ProductVariant",
        "id": gid("ProductVariant", rest["id"]),
        "price": rest["price"],
        "inventoryQuantity": rest.get("inventory_quantity"),
        "inventoryPolicy": (rest.get("inventory_policy") or "deny").upper(),
    }


def _tags(rest: Rest) -> list[str]:
    return [tag.strip() for tag in (rest.get("tags") or "").split(",") if tag.strip()]
