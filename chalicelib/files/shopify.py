"""What Shopify's admin exports: orders (a line for each line item, the order on the first one) and customers.

Source: help.shopify.com, «Export orders» and «Import and export customers». Words mean what they do in its webhooks.
"""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.domain.events import AccountSeen, ConsentGiven, OrderSeen
from chalicelib.domain.money import iso
from chalicelib.domain.order import Buyer, Consent, Line, Order, Refund
from chalicelib.domain.people import clean_email, clean_name, clean_phone
from chalicelib.files import columns
from chalicelib.files.columns import LONG_AGO, About, Cells, blaming, money_of, time_of
from chalicelib.files.consents import account_seen, to_addresses
from chalicelib.files.orders import currency_of, newest
from chalicelib.platforms import texts
from chalicelib.platforms.shopify import words

_ACCEPTS = (
    ("email", ("accepts email marketing", "accepts marketing")),
    ("sms", ("accepts sms marketing",)),
)
_TEST_GATEWAYS = ("bogus", "(for testing) bogus gateway")


def orders(group: Sequence[Cells], about: About) -> list[OrderSeen]:
    """The order on these lines. Raises Unreadable."""
    return [OrderSeen(_order(group, about))]


def _order(group: Sequence[Cells], about: About) -> Order:
    one, zone = group[0], about.shop.timezone
    code = currency_of(one.at("currency"), about)
    payment = words.payment(one.at("financial status").text())
    fulfilment = words.fulfilment(one.at("fulfillment status").text())
    placed = columns.needed_time(one.at("created at"), zone)
    paid, fulfilled, cancelled = (time_of(one.at(f"{word} at"), zone) for word in ("paid", "fulfilled", "cancelled"))
    gateway = one.at("payment method").text()
    on_delivery = words.cash_on_delivery([gateway])
    discount = money_of(one.at("discount amount"), code, 0)
    back = money_of(one.at("refunded amount"), code, 0)
    lines = _lines(group, code)
    return Order(
        id=columns.id_of(one.at("id")),
        number=texts.plain(one.at("name").text().removeprefix("'"), 64),
        status=words.status(cancelled is not None, payment, fulfilment),
        payment=payment,
        fulfilment=fulfilment,
        currency=iso(code),
        currency_original=code,
        total=money_of(one.at("total"), code),
        subtotal=sum(line.unit_price * line.quantity for line in lines),
        discount=discount,
        tax=money_of(one.at("taxes"), code, 0),
        shipping=money_of(one.at("shipping"), code, 0),
        placed_at=placed,
        updated_at=newest(placed, paid, fulfilled, cancelled),
        paid_at=words.paid_at(payment, on_delivery, paid or placed, fulfilled),
        fulfilled_at=fulfilled,
        cancelled_at=cancelled,
        cash_on_delivery=on_delivery,
        test=gateway.lower() in _TEST_GATEWAYS,
        buyer=_buyer(one, about),
        lines=lines,
        refunds=(Refund("refunded", back),) if back else (),
        coupons=tuple(filter(None, (texts.plain(one.at("discount code").text(), 100),))),
    )


def customers(group: Sequence[Cells], about: About) -> list[AccountSeen | ConsentGiven]:
    """One customer with what she said about e-mail and SMS, without when. Raises Unreadable.

    `no` is everybody who does not want mail or was never asked: which, is not said, so nobody is written to for it."""
    one = group[0]
    country = texts.country(one.at("default address country code", "country code").text())
    phones = [one.at("phone"), one.at("default address phone")]
    buyer = Buyer(
        account=columns.id_of(one.at("customer id")) if one.has("customer id") else None,
        email=columns.email_of(one.at("email")),
        phone=next(filter(None, (columns.phone_of(phone, country, about.shop) for phone in phones)), None),
        name=clean_name(f"{one.at('first name').text()} {one.at('last name').text()}"),
        country=country,
    )
    said = _accepted(one)
    tags = tuple(filter(None, (texts.plain(tag, 100) for tag in one.at("tags").text().split(","))))
    given = [event for consent in said for event in to_addresses(buyer.email, buyer.phone, consent)]
    return [*([account_seen(buyer, said, LONG_AGO, LONG_AGO, tags)] if buyer.account else []), *given]


def _accepted(one: Cells) -> tuple[Consent, ...]:
    found = []
    for channel, names in _ACCEPTS:
        yes = columns.yes_of(one.at(*names))
        if yes is not None:
            state, word = ("subscribed", "yes") if yes else ("unsubscribed", "no")
            found.append(Consent(channel, state, f"shopify:export:{word}"))
    return tuple(found)


def _buyer(one: Cells, about: About) -> Buyer:
    """The file does not say which customer it was: her address does. Whether she accepts marketing is of today, not of
    the order, and the customer export says it better."""
    country = texts.country(one.at("billing country", "shipping country").text())
    phones = (one.at(column).text().removeprefix("'") for column in ("phone", "billing phone", "shipping phone"))
    return Buyer(
        email=clean_email(one.at("email").text()),
        phone=next(filter(None, (clean_phone(phone, country or about.shop.country) for phone in phones)), None),
        name=clean_name(one.at("billing name", "shipping name").text()),
        country=country,
    )


def _lines(group: Sequence[Cells], code: str) -> tuple[Line, ...]:
    found = []
    for one in group:
        with blaming(one):
            if not one.at("lineitem name", "lineitem price").missing:
                found.append(_line(one, code))
    return tuple(found)


def _line(one: Cells, code: str) -> Line:
    quantity, price = (
        columns.quantity_of(one.at("lineitem quantity")),
        money_of(one.at("lineitem price"), code, fine=True),
    )
    return Line(
        product_id=None,
        variant_id=None,
        sku=texts.plain(one.at("lineitem sku").text(), 100) or None,
        title=texts.plain(one.at("lineitem name").text()),
        quantity=quantity,
        unit_price=price,
        total=max(0, price * quantity - money_of(one.at("lineitem discount"), code, 0)),
    )
