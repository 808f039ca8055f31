"""A standard order in our words. What is missing follows from the type and from what is there (docs/statuses.md)."""

from __future__ import annotations

from contextlib import suppress

from chalicelib.domain.events import CartOrdered, NotesTold, OrderChanged, OrderGone, OrderSeen, Unreadable
from chalicelib.domain.money import iso
from chalicelib.domain.order import Order, Refund
from chalicelib.platforms import texts
from chalicelib.platforms.standard.told import Prices, Told, birthday_of, buyer_of, lines_of, prices_of

_CAPTURED = ("paid", "partly_refunded", "refunded")
_MOST_REFUNDS = 1000


def order_seen(told: Told) -> list[OrderSeen | OrderChanged | CartOrdered | NotesTold]:
    """order.created, updated, paid, fulfilled, cancelled, refunded: a full snapshot, or {"id"} alone. No drafts."""
    if set(told.data.value) == {"id"}:
        return [OrderChanged(told.data.at("id").text(), told.at)]
    order = _order(told)
    return [] if order.status == "draft" else [OrderSeen(order), *_besides(told, order)]


def _besides(told: Told, order: Order) -> list[CartOrdered | NotesTold]:
    """What the body says beside the order: the cart that it was, her birthday."""
    cart = told.data.at("cart_id").text()
    found: list[CartOrdered | NotesTold] = [CartOrdered(cart, order.placed_at)] if cart and order.placed else []
    with suppress(Unreadable):  # nobody loses an order over that
        found += birthday_of(told.data.at("customer"), order.buyer, order.updated_at)
    return found


def order_gone(told: Told) -> list[OrderGone]:
    """order.deleted."""
    return [OrderGone(told.data.at("id").text(), told.at)]


def _order(told: Told) -> Order:
    data = told.data
    prices = prices_of(data, told.shop)
    total = prices.of(data.at("total"))
    if total < 0:
        raise data.at("total").refused("should not be negative")
    status = data.at("status").text() or ("cancelled" if told.type == "order.cancelled" else "placed")
    refunds = _refunds(told, prices)
    payment = data.at("payment").text() or _payment(told, total, sum(r.amount for r in refunds))
    discount, tax, shipping = (prices.of(data.at(name), 0) for name in ("discount", "tax", "shipping"))
    return Order(
        id=data.at("id").text(),
        number=texts.plain(data.at("number").text(), 64) or data.at("id").text(),
        status=status,
        payment=payment,
        fulfilment=data.at("fulfilment").text() or ("fulfilled" if _fulfilled_at(told) else "none"),
        currency=iso(prices.code),
        currency_original=_original(told, prices),
        total=total,
        subtotal=prices.of(data.at("subtotal"), max(0, total + discount - tax - shipping)),
        discount=discount,
        tax=tax,
        shipping=shipping,
        placed_at=_placed_at(told),
        updated_at=_updated_at(told),
        paid_at=_paid_at(told, payment),
        fulfilled_at=_fulfilled_at(told),
        cancelled_at=(data.at("cancelled_at").time() or _updated_at(told)) if status == "cancelled" else None,
        cash_on_delivery=data.at("payment_method").text().strip().lower() == "cod",
        test=data.at("test").value is True,
        buyer=buyer_of(data.at("customer"), told.shop),
        lines=lines_of(data, prices),
        refunds=refunds,
        coupons=tuple(texts.plain(coupon.text(), 100) for coupon in data.at("coupons").items(500)),
    )


def _placed_at(told: Told) -> str:
    at = told.data.at("placed_at").time() or told.data.at("created_at").time()
    if at is None and told.type == "order.created":
        return told.at
    if at is None:
        raise told.data.at("placed_at").refused("is missing")
    return at


def _updated_at(told: Told) -> str:
    return told.data.at("updated_at").time() or told.at


def _paid_at(told: Told, payment: str) -> str | None:
    """Its own time; else that of an order.paid; else, where the order only says that it is paid, when it was placed."""
    at = told.data.at("paid_at").time()
    if at or payment not in _CAPTURED:
        return at
    return _updated_at(told) if told.type == "order.paid" else _placed_at(told)


def _fulfilled_at(told: Told) -> str | None:
    at = told.data.at("fulfilled_at").time()
    return at or (_updated_at(told) if told.type == "order.fulfilled" else None)


def _payment(told: Told, total: int, refunded: int) -> str:
    if refunded:
        return "refunded" if refunded >= total else "partly_refunded"
    paid = told.type == "order.paid" or not told.data.at("paid_at").missing
    return "paid" if paid else "none"


def _refunds(told: Told, prices: Prices) -> tuple[Refund, ...]:
    entries = told.data.at("refunds").items(_MOST_REFUNDS)
    refunds = tuple(
        Refund(
            id=refund.at("id").text(),
            amount=abs(prices.of(refund.at("amount"))),
            at=refund.at("at").time(),
            reason=texts.plain(refund.at("reason").text()),
        )
        for refund in entries
    )
    together = prices.of(told.data.at("refunded"), 0)
    if not entries and together > 0:
        return (Refund("refunded", together),)
    if not entries and told.type == "order.refunded":
        raise told.data.at("refunds").refused("is missing: how much was given back?")
    return refunds


def _original(told: Told, prices: Prices) -> str:
    said = told.data.at("currency_original")
    if said.missing:
        return prices.code
    if iso(said.currency()) != iso(prices.code):
        raise said.refused("is another currency than the order's")
    return said.currency()
