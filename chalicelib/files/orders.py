"""Our own columns for orders: one line for each line of an order, the order's own columns on the first of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from chalicelib.domain.events import OrderSeen, Unreadable
from chalicelib.domain.money import iso
from chalicelib.domain.order import FULFILMENTS, PAYMENTS, STATUSES, Buyer, Consent, Line, Order, Refund
from chalicelib.domain.people import clean_email, clean_name, clean_phone
from chalicelib.domain.times import in_order
from chalicelib.files import columns
from chalicelib.files.columns import About, Cells, blaming, money_of, time_of
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node

OF_ORDER = (
    *("order_id", "number", "status", "payment", "fulfilment", "currency", "total", "subtotal", "discount", "tax"),
    *("shipping", "refunded", "refunds", "coupons", "placed_at", "updated_at", "paid_at", "fulfilled_at"),
    *("cancelled_at", "cash_on_delivery", "test", "account_id", "email", "phone", "name", "locale", "country"),
    "consents",
)
OF_LINE = ("line_product_id", "line_variant_id", "line_sku", "line_title", "line_quantity", "line_price", "line_total")
COLUMNS = (*OF_ORDER, *OF_LINE)
CHANNELS, STATES = ("email", "sms"), ("subscribed", "unsubscribed", "pending")
_CAPTURED = ("paid", "partly_refunded", "refunded")


def read(group: Sequence[Cells], about: About) -> list[OrderSeen]:
    """The order on these lines; none for a draft. Raises Unreadable."""
    first = _agreed(group)
    order = _order(first, _lines(group, about), about)
    return [] if order.status == "draft" else [OrderSeen(order)]


def _agreed(group: Sequence[Cells]) -> Cells:
    """What the lines say of the order together. A later line may repeat it or leave it out, but not say otherwise."""
    values = dict(group[0].values)
    for one in group[1:]:
        for column in OF_ORDER:
            said = one.values.get(column)
            if said and (values.get(column) or said) != said:
                with blaming(one):
                    raise one.at(column).refused(f"is not what line {group[0].line} says of the same order")
            values[column] = said or values.get(column, "")
    return Cells(group[0].line, values, group[0].names)


def _order(said: Cells, lines: tuple[Line, ...], about: About) -> Order:
    code = currency_of(said.at("currency"), about)
    amount = _amounts(said, code)
    zone = about.shop.timezone
    times = {name: time_of(said.at(name), zone) for name in ("paid_at", "fulfilled_at", "cancelled_at", "updated_at")}
    placed = columns.needed_time(said.at("placed_at"), zone)
    refunds, total = _refunds(said, code, zone), amount("total", None)
    status = columns.word_of(said.at("status"), STATUSES, "placed")
    payment = columns.word_of(said.at("payment"), PAYMENTS, payment_of(total, refunds, times["paid_at"]))
    updated = times["updated_at"] or newest(placed, *times.values())
    discount, tax, shipping = amount("discount", 0), amount("tax", 0), amount("shipping", 0)
    return Order(
        id=columns.id_of(said.at("order_id")),
        number=texts.plain(said.at("number").text(), 64) or columns.id_of(said.at("order_id")),
        status=status,
        payment=payment,
        fulfilment=columns.word_of(
            said.at("fulfilment"), FULFILMENTS, "fulfilled" if times["fulfilled_at"] else "none"
        ),
        currency=iso(code),
        currency_original=code,
        total=total,
        subtotal=amount("subtotal", max(0, total + discount - tax - shipping)),
        discount=discount,
        tax=tax,
        shipping=shipping,
        placed_at=placed,
        updated_at=updated,
        paid_at=times["paid_at"] or (placed if payment in _CAPTURED else None),
        fulfilled_at=times["fulfilled_at"],
        cancelled_at=times["cancelled_at"] or (updated if status == "cancelled" else None),
        cash_on_delivery=bool(columns.yes_of(said.at("cash_on_delivery"))),
        test=bool(columns.yes_of(said.at("test"))),
        buyer=_buyer(said, about),
        lines=lines,
        refunds=refunds,
        coupons=_coupons(said.at("coupons")),
    )


def currency_of(node: Node, about: About) -> str:
    """The code, in capitals; the shop's where the cell is empty. Raises Unreadable."""
    return about.shop.currency if node.missing else node.currency()


def newest(*times: str | None) -> str:
    """The latest of these stored moments."""
    return max(filter(None, times), key=in_order)


def payment_of(total: int, refunds: Sequence[Refund], paid_at: str | None) -> str:
    """What an order that does not say how it was paid tells by its figures."""
    back = sum(refund.amount for refund in refunds)
    if back:
        return "refunded" if back >= total else "partly_refunded"
    return "paid" if paid_at else "none"


def _amounts(said: Cells, code: str) -> Callable[[str, int | None], int]:
    return lambda name, default: money_of(said.at(name), code, default)


def _buyer(said: Cells, about: About) -> Buyer:
    """An address that is none is left out, as it is of a webhook: an order without its buyer still is an order."""
    country = texts.country(said.at("country").text())
    return Buyer(
        account=columns.id_or_none(said.at("account_id")),
        email=clean_email(said.at("email").text()),
        phone=clean_phone(said.at("phone").text(), country or about.shop.country),
        name=clean_name(said.at("name").text()),
        locale=texts.locale(said.at("locale").text()),
        country=country,
        consents=_consents(said.at("consents"), about.shop.timezone),
    )


def _lines(group: Sequence[Cells], about: About) -> tuple[Line, ...]:
    said = next((one.at("currency") for one in group if not one.at("currency").missing), Node(""))
    code, found = currency_of(said, about), []
    for one in group:
        if not all(one.at(column).missing for column in OF_LINE):
            with blaming(one):
                found.append(_line(one, code))
    return tuple(found)


def _line(one: Cells, code: str) -> Line:
    quantity = columns.quantity_of(one.at("line_quantity"))
    price, total = one.at("line_price"), one.at("line_total")
    if price.missing and total.missing:
        raise price.refused("is missing: write line_price or line_total")
    unit = None if price.missing else money_of(price, code, negative=True, fine=True)
    whole = money_of(total, code, (unit or 0) * quantity, negative=True)
    return Line(
        product_id=columns.id_or_none(one.at("line_product_id")),
        variant_id=columns.id_or_none(one.at("line_variant_id")),
        sku=texts.plain(one.at("line_sku").text(), 100) or None,
        title=texts.plain(one.at("line_title").text()),
        quantity=quantity,
        unit_price=unit if unit is not None else whole // quantity if quantity else 0,
        total=whole,
    )


def _refunds(said: Cells, code: str, zone: str) -> tuple[Refund, ...]:
    told = _listed(said.at("refunds"))
    if not told:
        together = money_of(said.at("refunded"), code, 0)
        return (Refund("refunded", together),) if together else ()
    return tuple(
        Refund(
            columns.id_of(one.at("id")),
            money_of(one.at("amount"), code),
            time_of(one.at("at"), zone),
            texts.plain(one.at("reason").text()),
        )
        for one in told
    )


def _consents(node: Node, zone: str) -> tuple[Consent, ...]:
    return tuple(
        Consent(
            columns.word_of(one.at("channel"), CHANNELS, ""),
            columns.word_of(one.at("state"), STATES, ""),
            texts.plain(one.at("source").text(), 100) or "csv",
            time_of(one.at("at"), zone),
        )
        for one in _listed(node)
    )


def _coupons(node: Node) -> tuple[str, ...]:
    if node.text().startswith("["):
        codes = (texts.plain(one.text(), 100) for one in _listed(node))
        return tuple(code for code in codes if code)
    return columns.list_of(node)


def _listed(node: Node) -> list[Node]:
    """The members of a JSON list in a cell."""
    if node.missing:
        return []
    try:
        found: Any = json.loads(node.text(), parse_float=Decimal)
    except (ValueError, RecursionError):
        raise node.refused("should be a list in JSON") from None
    members = Node(found, node.path).items(columns.MOST_OF_A_LIST)
    if not isinstance(found, list):
        raise Unreadable("should be a list in JSON", node.path)
    return members
