"""Saleor's orders in our words. What its statuses mean to us stands in docs/statuses.md."""

from __future__ import annotations

from chalicelib.domain.events import OrderChanged, OrderSeen
from chalicelib.domain.money import iso
from chalicelib.domain.order import Line, Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node
from chalicelib.platforms.saleor.fields import amount, id_of, id_or_none
from chalicelib.platforms.saleor.payments import MOST_EVENTS, Paid, paid_of, says_enough
from chalicelib.platforms.saleor.people import buyer_of
from chalicelib.platforms.saleor.telling import Telling

# Saleor's word -> (our status, our fulfilment)
STATUSES = {
    "UNCONFIRMED": ("pending", "none"),  # placed, once money was promised or given
    "UNFULFILLED": ("placed", "none"),
    "PARTIALLY_FULFILLED": ("placed", "partial"),
    "FULFILLED": ("completed", "fulfilled"),
    "PARTIALLY_RETURNED": ("completed", "fulfilled"),
    "RETURNED": ("completed", "returned"),
    "CANCELED": ("cancelled", "none"),
    "EXPIRED": ("cancelled", "none"),
}
UNFINISHED = ("DRAFT",)
_ENDS = ("CANCELED", "EXPIRED")
_NO_MONEY = ("none", "voided")
MOST_LINES, MOST_QUANTITY = 1000, 1_000_000


def order_seen(told: Telling, received_at: str, shop: Shop) -> list[OrderSeen | OrderChanged]:
    """Every order and fulfilment event: all carry the newest state, in any order of arrival. A body from which the
    money cannot be told, because its query did not ask for it, only says that something changed."""
    order_id = id_of(told.thing.at("id"), "Order")
    if told.thing.at("status").value in UNFINISHED:
        return []
    if not is_whole(told.thing):
        return [OrderChanged(order_id, received_at)]
    return [OrderSeen(read_order(told.thing, shop, received_at, told.issued_at))]


def is_whole(order: Node) -> bool:
    """Whether the body holds what an order cannot do without: its time, status, total, lines with prices, payment."""
    needed = (order.at("created"), order.at("status"), amount(order.at("total")))
    return not any(node.missing for node in needed) and _priced(order) and says_enough(order)


def read_order(order: Node, shop: Shop, received_at: str, issued_at: str | None = None) -> Order:
    """An order as our queries get it, from a webhook (`issued_at`: when it was told) or from the API. Raises Unreadable
    for a draft and where it is not whole."""
    if order.at("status").value in UNFINISHED:
        raise order.at("status").refused("is a draft")
    code = _currency(order)
    total = amount(order.at("total")).amount(code)
    if total < 0:
        raise amount(order.at("total")).refused("should not be negative")
    created = order.at("created").time()
    if created is None or not says_enough(order):
        raise order.at("totalCharged" if created else "created").refused("is missing")
    updated = order.at("updatedAt").time() or issued_at or received_at
    paid = paid_of(order, code, total, created)
    status, fulfilment = _status(order, paid)
    lines = tuple(_line(line, code) for line in order.at("lines").items(MOST_LINES))
    return Order(
        id=id_of(order.at("id"), "Order"),
        number=texts.plain(order.at("number").text(), 64) or id_of(order.at("id"), "Order"),
        status=status,
        payment=paid.payment,
        fulfilment=fulfilment,
        currency=iso(code),
        currency_original=code,
        total=total,
        subtotal=_subtotal(order, code, lines),
        discount=max(0, amount(order.at("undiscountedTotal")).amount(code, total) - total),
        tax=_tax(order, code, total),
        shipping=amount(order.at("shippingPrice")).amount(code, 0),
        placed_at=created,
        updated_at=updated,
        paid_at=paid.at,
        fulfilled_at=_fulfilled_at(order) if fulfilment == "fulfilled" else None,
        cancelled_at=(_ended_at(order) or updated) if status == "cancelled" else None,
        buyer=buyer_of(order, shop, created),
        lines=lines,
        refunds=paid.refunds,
        coupons=tuple(filter(None, [texts.plain(order.at("voucherCode").text(), 100)])),
    )


def _currency(order: Node) -> str:
    said = order.at("total").at("gross").at("currency")
    return (order.at("channel").at("currencyCode") if said.missing else said).currency()


def _status(order: Node, paid: Paid) -> tuple[str, str]:
    word = order.at("status")
    if word.missing:
        raise word.refused("is missing")
    # A status that is newer than this file is a step in the life of an order that was placed.
    status, fulfilment = STATUSES.get(word.text(), ("placed", "none"))
    if status == "pending" and paid.payment not in _NO_MONEY:
        status = "placed"
    return status, fulfilment


def _priced(order: Node) -> bool:
    lines = order.at("lines")
    prices = [(amount(line.at("unitPrice")), amount(line.at("totalPrice"))) for line in lines.items(MOST_LINES)]
    return isinstance(lines.value, list) and not any(unit.missing and total.missing for unit, total in prices)


def _line(line: Node, code: str) -> Line:
    quantity = line.at("quantity").whole(0, MOST_QUANTITY)
    unit, total = amount(line.at("unitPrice")), amount(line.at("totalPrice"))
    if unit.missing and total.missing:
        raise total.refused("is missing")
    variant = line.at("variant")
    return Line(
        product_id=id_or_none(variant.at("product").at("id"), "Product"),
        variant_id=id_or_none(variant.at("id"), "ProductVariant"),
        sku=texts.plain(line.at("productSku").text(), 100) or None,
        title=texts.plain(line.at("productName").text()),
        quantity=quantity,
        unit_price=total.amount(code) // max(1, quantity) if unit.missing else unit.amount(code),
        total=unit.amount(code) * quantity if total.missing else total.amount(code),
    )


def _subtotal(order: Node, code: str, lines: tuple[Line, ...]) -> int:
    raw = order.at("lines").items(MOST_LINES)
    asked = [amount(node.at("undiscountedTotalPrice")) for node in raw]
    return sum(node.amount(code, line.total) for node, line in zip(asked, lines, strict=True))


def _tax(order: Node, code: str, total: int) -> int:
    net = order.at("total").at("net").at("amount")
    return order.at("total").at("tax").at("amount").amount(code, total - net.amount(code, total))


def _fulfilled_at(order: Node) -> str | None:
    """When the last of the goods went out. None where the body does not say: an order's last change is no such time."""
    sent = [one for one in order.at("fulfillments").items(MOST_LINES) if one.at("status").value == "FULFILLED"]
    return max(filter(None, (one.at("created").time() for one in sent)), key=in_order, default=None)


def _ended_at(order: Node) -> str | None:
    ends = [one for one in order.at("events").items(MOST_EVENTS) if one.at("type").value in _ENDS]
    return max(filter(None, (one.at("date").time() for one in ends)), key=in_order, default=None)
