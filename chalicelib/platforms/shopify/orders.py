"""Shopify's orders in our words. What its statuses and figures mean to us stands in docs/statuses.md."""

from __future__ import annotations

from chalicelib.domain.events import CartOrdered, OrderChanged, OrderSeen
from chalicelib.domain.money import iso
from chalicelib.domain.order import Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node
from chalicelib.platforms.shopify import origin, shapes, words
from chalicelib.platforms.shopify.fields import id_of, shop_money
from chalicelib.platforms.shopify.lines import MOST_LINES, full_price, line_of
from chalicelib.platforms.shopify.people import buyer_of
from chalicelib.platforms.shopify.refunds import GivenBack, given_back

LONGEST_TOKEN = 100  # of a cart
_CALLED_OFF = ("cancelled", "error", "failure")


def order_seen(body: Node, received_at: str, shop: Shop) -> list[OrderSeen | OrderChanged | CartOrdered]:
    """orders/create, updated, paid, fulfilled, cancelled…: all carry the newest state, in any order of arrival. A body
    that is too large for Shopify is {"id": N}."""
    whole = shapes.whole_order(body)
    changed = OrderChanged(id_of(body.at("id")), received_at)
    if not whole or origin.leads_elsewhere(body.at("order_status_url"), shop):
        return [changed]
    back = given_back(body, body.at("currency").currency())
    seen = OrderSeen(read_order(body, shop, back))
    cart = texts.plain(body.at("cart_token").text(), LONGEST_TOKEN)
    ordered = [CartOrdered(cart, seen.order.placed_at)] if cart and seen.order.placed else []
    return [seen, *([changed] if back.unclear else []), *ordered]


def read_order(body: Node, shop: Shop, back: GivenBack) -> Order:
    """An order as Shopify's webhooks and its REST API write it. Raises Unreadable."""
    code = body.at("currency").currency()
    placed = _placed_at(body)
    updated = body.at("updated_at").time() or placed
    payment, fulfilment = words.payment(body.at("financial_status").text()), _fulfilment(body)
    on_delivery = words.cash_on_delivery(_gateways(body))
    cancelled, fulfilled_at = body.at("cancelled_at").time(), _fulfilled_at(body, fulfilment)
    lines = body.at("line_items").items(MOST_LINES)
    return Order(
        id=id_of(body.at("id")),
        number=_number(body),
        status=words.status(cancelled is not None, payment, fulfilment),
        payment=payment,
        fulfilment=fulfilment,
        currency=iso(code),
        currency_original=code,
        total=_total(body, code, back, cancelled=cancelled is not None),
        subtotal=sum(full_price(line, code) for line in lines),
        discount=body.at("total_discounts").amount(code, 0),
        tax=body.at("total_tax").amount(code, 0),
        shipping=_shipping(body, code),
        placed_at=placed,
        updated_at=updated,
        paid_at=words.paid_at(payment, on_delivery, placed, fulfilled_at),
        fulfilled_at=fulfilled_at,
        cancelled_at=cancelled,
        cash_on_delivery=on_delivery,
        test=_is_test(body),
        buyer=buyer_of(body, shop, updated),
        lines=tuple(line_of(line, code) for line in lines),
        refunds=back.refunds,
        coupons=_coupons(body),
    )


def _placed_at(body: Node) -> str:
    """An imported order was created today and processed years ago."""
    placed = body.at("processed_at").time() or body.at("created_at").time()
    if placed is None:
        raise body.at("created_at").refused("is missing")
    return placed


def _number(body: Node) -> str:
    said = (body.at(name).text() for name in ("name", "order_number", "id"))
    return next(texts.plain(text, 64) for text in said if texts.plain(text, 64))


def _total(body: Node, code: str, back: GivenBack, *, cancelled: bool) -> int:
    """Nothing is owed for a cancelled order any more: it keeps what it was worth."""
    total = body.at("total_price").amount(code)
    if total < 0:
        raise body.at("total_price").refused("should not be negative")
    if cancelled:
        return total
    current = body.at("current_total_price").amount(code, total)
    return words.owed(total, max(0, current), back.amount, all_by_money=back.all_by_money)


def _shipping(body: Node, code: str) -> int:
    told = shop_money(body.at("total_shipping_price_set"), code)
    if told is not None:
        return told
    return sum(line.at("price").amount(code, 0) for line in body.at("shipping_lines").items(MOST_LINES))


def _parcels(body: Node) -> list[Node]:
    sent = body.at("fulfillments").items(MOST_LINES)
    return [parcel for parcel in sent if parcel.at("status").text().lower() not in _CALLED_OFF]


def _fulfilment(body: Node) -> str:
    parcels = [parcel.at("shipment_status").text() for parcel in _parcels(body)]
    return words.fulfilment(body.at("fulfillment_status").text(), parcels)


def _fulfilled_at(body: Node, fulfilment: str) -> str | None:
    """When the last parcel left; None while any is missing."""
    if fulfilment not in ("fulfilled", "delivered"):
        return None
    times = [time for parcel in _parcels(body) if (time := parcel.at("created_at").time())]
    return max(times, key=in_order, default=None)


def _gateways(body: Node) -> list[str]:
    names = [name.text() for name in body.at("payment_gateway_names").items(MOST_LINES)]
    return [*names, body.at("gateway").text()]


def _is_test(body: Node) -> bool:
    email = body.at("email").text() or body.at("contact_email").text()
    return body.at("test").value is True or words.is_sample(id_of(body.at("id")), body.at("name").text(), email)


def _coupons(body: Node) -> tuple[str, ...]:
    codes = [texts.plain(one.at("code").text(), 100) for one in body.at("discount_codes").items(MOST_LINES)]
    applied = [
        (one.at("type").text(), texts.plain(one.at("code").text() or one.at("title").text(), 100))
        for one in body.at("discount_applications").items(MOST_LINES)
    ]
    return words.coupons(codes, applied)
