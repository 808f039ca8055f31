"""WooCommerce's orders and customers as export plugins write them. Core itself exports only reports, which are refused.

Columns of «Order Export & Order Import» and «Import Export WordPress Users» (WebToffee), «Advanced Order Export»
(AlgolPlus) and «Customer/Order/Coupon Export» (SkyVerge). Statuses mean what they do in its webhooks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from chalicelib.domain.events import AccountSeen, OrderSeen
from chalicelib.domain.money import iso
from chalicelib.domain.order import Buyer, Order, Refund
from chalicelib.domain.people import clean_email, clean_name, clean_phone
from chalicelib.files import columns
from chalicelib.files.columns import About, Cells, money_of, time_of
from chalicelib.files.consents import account_seen
from chalicelib.files.orders import currency_of, newest, payment_of
from chalicelib.files.woocommerce_columns import (
    BILLING,
    COUNTRY,
    CURRENCY,
    CUSTOMER,
    DATE,
    DONE,
    EMAIL,
    ID,
    METHOD,
    NUMBER,
    PAID,
    PHONE,
    REFUND_ITEM,
    REFUNDED,
    SHIPPING_NAME,
    STATUS,
    TOTAL,
)
from chalicelib.files.woocommerce_lines import coupons_of, lines_of
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node
from chalicelib.platforms.woocommerce.orders import STATUSES, UNFINISHED

_ON_DELIVERY = re.compile(r"cod|.*cash on delivery.*|.*پرداخت (در محل|هنگام (دریافت|تحویل)).*", re.IGNORECASE)
_PAID_WORDS = ("processing", "completed", "refunded")


def orders(group: Sequence[Cells], about: About) -> list[OrderSeen]:
    """The order on these lines; none for a cart that is not an order yet. Raises Unreadable."""
    unfinished = _status_word(group[0].at(*STATUS)) in UNFINISHED
    return [] if unfinished else [OrderSeen(_order(group, about))]


def _order(group: Sequence[Cells], about: About) -> Order:
    one, zone = group[0], about.shop.timezone
    code = currency_of(one.at(*CURRENCY), about)
    word = _status_word(one.at(*STATUS))
    placed, total = columns.needed_time(one.at(*DATE), zone), money_of(one.at(*TOTAL), code)
    done = time_of(one.at(*DONE), zone)
    paid, refunds = _paid_at(one, word, placed, done, zone), _refunds(one, word, code, total)
    status = "completed" if word == "refunded" and done else STATUSES.get(word, "placed")
    updated = newest(placed, paid, done, time_of(one.at("modified_date", "order modified date"), zone))
    lines = lines_of(group, code)
    return Order(
        id=columns.id_of(one.at(*ID)),
        number=texts.plain(one.at(*NUMBER).text(), 64) or columns.id_of(one.at(*ID)),
        status=status,
        payment="refunded" if word == "refunded" else payment_of(total, refunds, paid),
        fulfilment="fulfilled" if status == "completed" else "none",
        currency=iso(code),
        currency_original=code,
        total=total,
        subtotal=money_of(one.at("order_subtotal", "order subtotal amount"), code, sum(line.total for line in lines)),
        discount=money_of(one.at("discount_total", "cart_discount", "cart discount amount"), code, 0),
        tax=money_of(one.at("tax_total", "order_tax", "order total tax amount"), code, 0),
        shipping=money_of(one.at("shipping_total", "order_shipping", "order shipping amount"), code, 0),
        placed_at=placed,
        updated_at=updated,
        paid_at=paid,
        fulfilled_at=done if status == "completed" else None,
        cancelled_at=updated if status == "cancelled" else None,
        cash_on_delivery=_on_delivery(one),
        buyer=_buyer(one, about),
        lines=lines,
        refunds=refunds,
        coupons=coupons_of(one),
    )


def customers(group: Sequence[Cells], about: About) -> list[AccountSeen]:
    """One user. WordPress keeps the time of registering in UTC. Raises Unreadable."""
    one = group[0]
    country = texts.country(one.at("billing_country").text())
    buyer = Buyer(
        account=columns.id_of(one.at("id", "customer_id")),
        email=columns.email_of(one.at("user_email")),
        phone=clean_phone(one.at("billing_phone").text(), country or about.shop.country),
        name=_name(one, ("first_name", "last_name"), ("billing_first_name", "billing_last_name")),
        locale=texts.locale(one.at("locale").text()),
        country=country,
    )
    created = columns.needed_time(one.at("user_registered"), "UTC")
    return [account_seen(buyer, (), created, created, ())]


def _status_word(node: Node) -> str:
    """`On hold`, `wc-on-hold` and `on-hold` are one."""
    word = re.sub(r"\s+", "-", node.text().lower()).removeprefix("wc-")
    if not word:
        raise node.refused("is missing")
    return word.replace("pending-payment", "pending").replace("canceled", "cancelled")


def _on_delivery(one: Cells) -> bool:
    return _ON_DELIVERY.fullmatch(one.at(*METHOD).text()) is not None


def _paid_at(one: Cells, word: str, placed: str, done: str | None, zone: str) -> str | None:
    """A file without a column for it says it by its status: processing is what follows a payment, unless the money is
    handed over at the door."""
    if one.has(*PAID):
        paid = time_of(one.at(*PAID), zone)
    else:
        paid = placed if word in _PAID_WORDS and not _on_delivery(one) else None
    if paid is None and word == "completed" and _on_delivery(one):
        return done or placed
    return paid


def _refunds(one: Cells, word: str, code: str, total: int) -> tuple[Refund, ...]:
    """An order that is refunded has given back everything, where the file does not say how much."""
    back = _given_back(one.at("refund_items"), code) or money_of(one.at(*REFUNDED), code, 0)
    back = back or (total if word == "refunded" else 0)
    return (Refund("refunded", back),) if back else ()


def _given_back(node: Node, code: str) -> int:
    amounts = REFUND_ITEM.findall(node.text())
    return sum(money_of(Node(amount, node.path), code) for amount in amounts)


def _buyer(one: Cells, about: About) -> Buyer:
    country = texts.country(one.at(*COUNTRY).text())
    return Buyer(
        account=columns.id_or_none(one.at(*CUSTOMER)),
        email=clean_email(one.at(*EMAIL).text()),
        phone=clean_phone(one.at(*PHONE).text(), country or about.shop.country),
        name=_name(one, *BILLING, *SHIPPING_NAME),
        locale=texts.locale(one.at("meta:wpml_language").text()),
        country=country,
    )


def _name(one: Cells, *pairs: tuple[str, ...]) -> str:
    names = (clean_name(" ".join(one.at(column).text() for column in pair)) for pair in pairs)
    return next(filter(None, names), "")
