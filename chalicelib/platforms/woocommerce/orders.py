"""WooCommerce's orders in our words. What its statuses mean to us stands in docs/statuses.md."""

from __future__ import annotations

from chalicelib.domain.events import OrderChanged, OrderGone, OrderSeen, Unreadable
from chalicelib.domain.money import iso
from chalicelib.domain.order import Line, Order, Refund
from chalicelib.domain.shop import Shop
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node
from chalicelib.platforms.woocommerce.fields import created_at, id_of, id_or_none, only_id, time_of, updated_at
from chalicelib.platforms.woocommerce.people import buyer_of

STATUSES = {
    "pending": "pending",
    "processing": "placed",
    "on-hold": "placed",
    "completed": "completed",
    "cancelled": "cancelled",
    "failed": "failed",
    "refunded": "placed",  # completed, where it was completed before
    "trash": "deleted",
}
UNFINISHED = ("checkout-draft", "auto-draft", "draft", "new")  # a cart that is not an order yet
MOST_LINES, MOST_QUANTITY = 1000, 1_000_000


def order_seen(body: Node, received_at: str, shop: Shop) -> list[OrderSeen | OrderChanged]:
    """order.created, order.updated, order.restored: all carry the newest state, in any order of arrival."""
    if only_id(body):
        return [OrderChanged(id_of(body.at("id")), received_at)]
    if status_word(body) in UNFINISHED:
        return []
    return [OrderSeen(read_order(body, shop))]


def order_gone(body: Node, received_at: str, shop: Shop) -> list[OrderGone]:
    """order.deleted: the body is only {"id": N}."""
    return [OrderGone(id_of(body.at("id")), received_at)]


def order_action(body: Node, received_at: str, shop: Shop) -> list[OrderChanged]:
    """action.woocommerce_order_refunded: the body is {"action": …, "arg": order id}."""
    if body.at("action").text() != "woocommerce_order_refunded":
        return []
    return [OrderChanged(id_of(body.at("arg")), received_at)]


def read_order(body: Node, shop: Shop) -> Order:
    """An order as its webhooks and WooCommerce's REST API v3 both write it. Raises Unreadable."""
    code = body.at("currency").currency()
    created = _needed(created_at(body, shop), body.at("date_created_gmt"))
    status = _status(body, shop)
    refunds = _refunds(body, code)
    total = body.at("total").amount(code)
    if total < 0:
        raise body.at("total").refused("should not be negative")
    lines = body.at("line_items").items(MOST_LINES)
    return Order(
        id=id_of(body.at("id")),
        number=texts.plain(body.at("number").text(), 64) or id_of(body.at("id")),
        status=status,
        payment=_payment(body, sum(r.amount for r in refunds), total, _paid_at(body, status, shop)),
        fulfilment="fulfilled" if status == "completed" else "none",
        currency=iso(code),
        currency_original=code,
        total=total,
        subtotal=sum(line.at("subtotal").amount(code, 0) for line in lines),
        discount=body.at("discount_total").amount(code, 0),
        tax=body.at("total_tax").amount(code, 0),
        shipping=body.at("shipping_total").amount(code, 0),
        placed_at=created,
        updated_at=updated_at(body, shop) or created,
        paid_at=_paid_at(body, status, shop),
        fulfilled_at=time_of(body, "date_completed", shop) if status == "completed" else None,
        cancelled_at=(updated_at(body, shop) or created) if status == "cancelled" else None,
        cash_on_delivery=_cash_on_delivery(body),
        buyer=buyer_of(body, shop, created),
        lines=tuple(_line(line, code) for line in lines),
        refunds=refunds,
        coupons=_coupons(body),
    )


def status_word(body: Node) -> str:
    """WooCommerce's own word; some plugins write it as the database does, with `wc-` before it."""
    word = body.at("status").text().strip().lower().removeprefix("wc-")
    if not word:
        raise body.at("status").refused("is missing")
    return word


def _status(body: Node, shop: Shop) -> str:
    word = status_word(body)
    if word == "refunded" and time_of(body, "date_completed", shop):
        return "completed"
    if word in UNFINISHED:  # nobody is told of these; one that was asked for by its id has to be called something
        return "draft"
    # A status that a plugin made (packing, sent-to-courier…) is a step in the life of an order that was placed.
    return STATUSES.get(word, "placed")


def _payment(body: Node, refunded: int, total: int, paid_at: str | None) -> str:
    if status_word(body) == "refunded" or (refunded and refunded >= total):
        return "refunded"
    if refunded:
        return "partly_refunded"
    return "paid" if paid_at else "none"


def _paid_at(body: Node, status: str, shop: Shop) -> str | None:
    paid = time_of(body, "date_paid", shop)
    if paid is None and status == "completed" and _cash_on_delivery(body):
        return time_of(body, "date_completed", shop)
    return paid


def _cash_on_delivery(body: Node) -> bool:
    return body.at("payment_method").text().strip() == "cod"


def _line(line: Node, code: str) -> Line:
    quantity = line.at("quantity").whole(0, MOST_QUANTITY)
    total = line.at("total").amount(code)
    return Line(
        product_id=id_or_none(line.at("product_id")),
        variant_id=id_or_none(line.at("variation_id")),
        sku=texts.plain(line.at("sku").text(), 100) or None,
        title=texts.plain_html(line.at("name").text()),
        quantity=quantity,
        unit_price=line.at("price").amount(code, total // quantity if quantity else 0),
        total=total,
    )


def _refunds(body: Node, code: str) -> tuple[Refund, ...]:
    """Their totals are negative texts."""
    return tuple(
        Refund(
            id=id_of(refund.at("id")),
            amount=abs(refund.at("total").amount(code)),
            reason=texts.plain(refund.at("reason").text()),
        )
        for refund in body.at("refunds").items(MOST_LINES)
    )


def _coupons(body: Node) -> tuple[str, ...]:
    codes = (texts.plain(coupon.at("code").text(), 100) for coupon in body.at("coupon_lines").items(MOST_LINES))
    return tuple(code for code in codes if code)


def _needed(time: str | None, field: Node) -> str:
    if time is None:
        raise Unreadable("is missing", field.path)
    return time
