"""Orders of webhooks that have no query, brought into the shape of those that have: one reader then reads both.

Saleor calls these payloads legacy. They know neither an order's transactions nor its account. Source: saleor/saleor,
saleor/webhook/payloads.py.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from chalicelib.platforms.body import Node

MOST = 1000
_REFUNDED = ("partially-refunded", "fully-refunded")


def order(body: Node, reader: str, issued_at: str | None) -> Node:
    """`Order`: the thing itself, its version the time of telling."""
    currency = body.at("channel").at("currency_code").value
    return Node(
        {
            "id": body.at("id").value,
            "number": body.at("number").value,
            "created": body.at("created").value,
            "updatedAt": issued_at,
            "status": _upper(body.at("status")),
            "total": {**_gross(body.at("total_gross_amount"), currency), "net": money_of(body.at("total_net_amount"))},
            "undiscountedTotal": _gross(body.at("undiscounted_total_gross_amount")),
            "shippingPrice": _gross(body.at("shipping_price_gross_amount")),
            "channel": {"currencyCode": currency},
            "userEmail": body.at("user_email").value,
            "languageCodeEnum": body.at("language_code").value,
            "billingAddress": address_of(body.at("billing_address")),
            "shippingAddress": address_of(body.at("shipping_address")),
            "metadata": metadata_of(body.at("metadata")),
            "lines": [_order_line(line) for line in body.at("lines").items(MOST)],
            "voucherCode": next((code for line in body.at("lines").items(MOST) if (code := _voucher(line))), None),
            "fulfillments": [_fulfillment(one) for one in body.at("fulfillments").items(MOST)],
            **_paid(body),
        }
    )


def fulfilled(body: Node, reader: str, issued_at: str | None) -> Node:
    """`Fulfillment`: the order of the parcel."""
    return order(body.at("order"), reader, issued_at)


def _paid(body: Node) -> dict[str, Any]:
    """The payments, with the movements behind them. An order to which none brought anything may be unpaid, or paid by
    the newer transactions that these bodies do not know: nothing can then be said of its money."""
    payments = body.at("payments").items(MOST)
    captured = sum((number_of(payment.at("captured_amount")) for payment in payments), Decimal(0))
    if not captured and not any(payment.at("charge_status").value in _REFUNDED for payment in payments):
        return {}
    return {"totalCharged": {"amount": captured}, "payments": [_payment(payment) for payment in payments]}


def _payment(payment: Node) -> dict[str, Any]:
    """A payment remembers one change only: its capture, or after that its last refund."""
    name, created, changed = payment.at("id").value, payment.at("created").value, payment.at("modified").value
    captured = number_of(payment.at("captured_amount"))
    back = Decimal(0)
    if payment.at("charge_status").value in _REFUNDED:
        back = max(Decimal(0), number_of(payment.at("total")) - captured)
    capture = _movement(name, "CAPTURE", created if back else changed or created, captured + back)
    return {"id": name, "transactions": [capture, _movement(name, "REFUND", changed, back)]}


def _movement(name: Any, kind: str, at: Any, amount: Decimal) -> dict[str, Any]:
    return {"id": name, "kind": kind, "isSuccess": True, "created": at, "amount": {"amount": amount}}


def _order_line(line: Node) -> dict[str, Any]:
    return {
        "productName": line.at("product_name").value,
        "productSku": line.at("product_sku").value,
        "quantity": line.at("quantity").value,
        "unitPrice": _gross(line.at("unit_price_gross_amount")),
        "totalPrice": _gross(line.at("total_price_gross_amount")),
        "undiscountedTotalPrice": _gross(line.at("undiscounted_total_price_gross_amount")),
        "variant": {"id": line.at("product_variant_id").value},
    }


def _voucher(line: Node) -> Any:
    return line.at("voucher_code").value


def _fulfillment(one: Node) -> dict[str, Any]:
    return {"id": one.at("id").value, "status": _upper(one.at("status")), "created": one.at("created").value}


def address_of(address: Node) -> dict[str, Any]:
    """An address with the country as an object."""
    return {
        "firstName": address.at("first_name").value,
        "lastName": address.at("last_name").value,
        "phone": address.at("phone").value,
        "country": {"code": address.at("country").value},
    }


def metadata_of(found: Node) -> list[dict[str, Any]]:
    """Metadata as the list of its entries. Raises Unreadable."""
    if found.missing:
        return []
    if not isinstance(found.value, dict):
        raise found.refused("should be an object")
    return [{"key": key, "value": value} for key, value in found.value.items()]


def _gross(amount: Node, currency: Any = None) -> dict[str, Any]:
    return {"gross": {**money_of(amount), "currency": currency}}


def money_of(amount: Node) -> dict[str, Any]:
    """An amount as an object."""
    return {"amount": amount.value}


def _upper(word: Node) -> str:
    """unfulfilled, partially fulfilled: the enum's words as the database has them."""
    return word.text().upper().replace(" ", "_")


def number_of(node: Node) -> Decimal:
    """An amount to reckon with, 0 where it is missing. Raises Unreadable."""
    try:
        found = Decimal(0) if node.missing else Decimal(node.text())
    except InvalidOperation:
        raise node.refused("is not an amount of money") from None
    if not found.is_finite() or abs(found) > Decimal(10) ** 18:
        raise node.refused("is not an amount of money")
    return found
