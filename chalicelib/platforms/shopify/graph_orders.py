"""Orders as the GraphQL API tells them, put into the words of a webhook's body and read by the same reader: both ways
must come to the same order, or each telling would undo the other."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from chalicelib.domain.order import Order
from chalicelib.domain.shop import Shop
from chalicelib.platforms.body import Node
from chalicelib.platforms.shopify import orders
from chalicelib.platforms.shopify.refunds import given_back

_MOST = 1000
# Everything else means that nothing was sent yet, which a webhook writes as null.
_SENT = {"FULFILLED": "fulfilled", "PARTIALLY_FULFILLED": "partial", "RESTOCKED": "restocked"}


def order_of(node: Node, lines: Sequence[Node], shop: Shop) -> Order:
    """The order and its lines, as `queries.ORDERS` asks for them. Raises Unreadable with a webhook's field names."""
    body = Node(as_webhook(node, lines))
    return orders.read_order(body, shop, given_back(body, body.at("currency").currency()))


def as_webhook(node: Node, lines: Sequence[Node]) -> dict[str, Any]:
    """What of a webhook's body is read. Amounts are in the shop's currency where nothing else is said."""
    return {
        "id": node.at("legacyResourceId").value,
        "name": node.at("name").value,
        "order_number": node.at("number").value,
        "test": node.at("test").value,
        "created_at": node.at("createdAt").value,
        "processed_at": node.at("processedAt").value,
        "updated_at": node.at("updatedAt").value,
        "cancelled_at": node.at("cancelledAt").value,
        "financial_status": node.at("displayFinancialStatus").text().lower(),
        "fulfillment_status": _SENT.get(node.at("displayFulfillmentStatus").text()),
        "currency": node.at("currencyCode").value,
        "total_price": _shops(node.at("totalPriceSet")),
        "current_total_price": _shops(node.at("currentTotalPriceSet")),
        "total_price_set": _both(node.at("totalPriceSet")),
        "total_discounts": _shops(node.at("totalDiscountsSet")),
        "total_tax": _shops(node.at("totalTaxSet")),
        "total_shipping_price_set": _both(node.at("totalShippingPriceSet")),
        "payment_gateway_names": node.at("paymentGatewayNames").value,
        "discount_codes": [{"code": code.value} for code in node.at("discountCodes").items(_MOST)],
        "email": node.at("email").value,
        "phone": node.at("phone").value,
        "customer_locale": node.at("customerLocale").value,
        "customer": _customer(node.at("customer")),
        "billing_address": address(node.at("billingAddress")),
        "shipping_address": address(node.at("shippingAddress")),
        "line_items": [_line(line) for line in lines],
        "fulfillments": [_parcel(parcel) for parcel in node.at("fulfillments").items(_MOST)],
        "refunds": [_refund(refund, _some_failed(node)) for refund in node.at("refunds").items(_MOST)],
    }


def address(node: Node) -> dict[str, Any] | None:
    """A MailingAddress, None where there is none."""
    if node.missing:
        return None
    return {
        "first_name": node.at("firstName").value,
        "last_name": node.at("lastName").value,
        "phone": node.at("phone").value,
        "country_code": node.at("countryCodeV2").value,
    }


def _customer(node: Node) -> dict[str, Any] | None:
    if node.missing:
        return None
    return {
        "id": node.at("legacyResourceId").value,
        "first_name": node.at("firstName").value,
        "last_name": node.at("lastName").value,
        "email": node.at("defaultEmailAddress").at("emailAddress").value,
        "phone": node.at("defaultPhoneNumber").at("phoneNumber").value,
        "default_address": address(node.at("defaultAddress")),
    }


def _line(node: Node) -> dict[str, Any]:
    shares = node.at("discountAllocations").items(_MOST)
    return {
        "name": node.at("name").value,
        "title": node.at("title").value,
        "quantity": node.at("quantity").value,
        "price": _shops(node.at("originalUnitPriceSet")),
        "sku": node.at("sku").value,
        "product_id": node.at("product").at("legacyResourceId").value,
        "variant_id": node.at("variant").at("legacyResourceId").value,
        "discount_allocations": [{"amount": _shops(share.at("allocatedAmountSet"))} for share in shares],
    }


def _parcel(node: Node) -> dict[str, Any]:
    return {
        "created_at": node.at("createdAt").value,
        "status": node.at("status").text().lower(),
        "shipment_status": node.at("displayStatus").text().lower(),
    }


def _refund(node: Node, some_failed: bool) -> dict[str, Any]:
    """The API sums the payments of a refund up. One without any is an edit; one whose payment failed is none."""
    hers = node.at("totalRefundedSet").at("presentmentMoney")
    amount, currency = hers.at("amount").value, hers.at("currencyCode").value
    payment = {"kind": "refund", "amount": amount, "currency": currency}
    payments = [payment | {"status": "success"}] if _is_money(amount) else []
    return {
        "id": node.at("legacyResourceId").value,
        "created_at": node.at("createdAt").value,
        "processed_at": node.at("processedAt").value,
        "note": node.at("note").value,
        "transactions": payments or ([payment | {"status": "failure"}] if some_failed else []),
    }


def _some_failed(order: Node) -> bool:
    payments = order.at("transactions").items(_MOST)
    return any(one.at("kind").text() == "REFUND" and one.at("status").text() != "SUCCESS" for one in payments)


def _is_money(amount: Any) -> bool:
    """False for nothing at all: 0 in any of the forms in which a Decimal comes."""
    return str(amount or "0").strip("0.") != "" if not isinstance(amount, Decimal) else bool(amount)


def _shops(bag: Node) -> Any:
    return bag.at("shopMoney").at("amount").value


def _both(bag: Node) -> dict[str, Any]:
    hers = bag.at("presentmentMoney")
    return {
        "shop_money": {"amount": _shops(bag)},
        "presentment_money": {"amount": hers.at("amount").value, "currency_code": hers.at("currencyCode").value},
    }
