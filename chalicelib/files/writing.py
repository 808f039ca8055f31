"""Orders and customers as CSV files in our own columns, which the import reads back to the same.

A spreadsheet would calculate with cells that begin with = + - @, so those get a ' in front (OWASP, «CSV Injection»);
the import takes it off again.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from chalicelib.domain.customer import Customer
from chalicelib.domain.events import AccountSeen, ConsentGiven
from chalicelib.domain.money import RIALS_PER, exponent, iso
from chalicelib.domain.order import Buyer, Consent, Line, Order
from chalicelib.files import consents as customer_columns
from chalicelib.files import orders as order_columns

# A spreadsheet of another country parts lines at these, quotation marks or not.
_PARTED = re.compile(r"([;|\t])(?='*\s*[=+\-@])")
_CALCULATED = re.compile(r"'*[=+\-@\t\r]")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def orders(rows: Iterable[Order]) -> Iterator[str]:
    """The file piece by piece: its first line, then the lines of each order."""
    yield _line(order_columns.COLUMNS)
    for order in rows:
        for cells in _of_order(order):
            yield _line([cells.get(column, "") for column in order_columns.COLUMNS])


def customers(rows: Iterable[AccountSeen | ConsentGiven | Buyer]) -> Iterator[str]:
    """The file piece by piece. A buyer without account and consent is a line that changes nothing when imported."""
    yield _line(customer_columns.COLUMNS)
    for row in rows:
        for cells in _of_person(row):
            yield _line([cells.get(column, "") for column in customer_columns.COLUMNS])


def told_of(customer: Customer, barred: Mapping[str, str] | None = None) -> Iterator[AccountSeen | Buyer]:
    """What `customers` takes, of one that we hold: an entry for each account, and for each address that is none's.
    `barred`: those of her contacts (`email:…`) that must not be written to, each with the reason; whoever takes the
    file elsewhere has to know, whatever she once agreed to."""
    contact = customer.contact
    said = tuple(_consent(key, at, source) for key, (at, source) in contact.consents.items())
    channels = {"email": "email", "phone": "sms"}
    for known, reason in sorted((barred or {}).items()):
        channel = channels[known.partition(":")[0]]
        said = tuple(one for one in said if (one.channel, one.state) != (channel, "subscribed"))
        said += (Consent(channel, "unsubscribed", f"ecrm:{reason}", None),)
    name, locale, country = (known[1] if known else None for known in (contact.name, contact.locale, contact.country))
    phone = contact.reachable("sms")
    accounts = [node.account for node in customer.nodes if node.account]
    for account in accounts:
        buyer = Buyer(account.id, account.email, phone, name or "", locale, country, said)
        yield AccountSeen(buyer, account.created_at, account.updated_at, account.tags)
    for email in sorted(contact.emails.keys() - {account.email for account in accounts}):
        yield Buyer(None, email, phone, name or "", locale, country, said)
    if phone and not contact.emails and not accounts:
        yield Buyer(None, None, phone, name or "", locale, country, said)


def _consent(key: str, at: str, source: str) -> Consent:
    channel, _, state = key.partition(":")
    return Consent(channel, state, source, at or None)


def defused(cell: str) -> str:
    """The cell as a spreadsheet shows it instead of calculating with it. Plain numbers stay numbers."""
    cell = _PARTED.sub(r"\1'", cell)
    return f"'{cell}" if _CALCULATED.match(cell) and not _NUMBER.fullmatch(cell) else cell


def major(amount: int, code: str) -> str:
    """Minor units of the ISO currency behind `code` in major units of `code`, exactly: (50, "IRT") -> "5"."""
    text = f"{Decimal(amount) / (RIALS_PER.get(code, 1) * 10 ** exponent(iso(code))):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([defused(cell) for cell in cells])
    return out.getvalue()


def _of_order(order: Order) -> Iterator[Mapping[str, str]]:
    """The order's own cells stand on its first line only."""
    lines = [_of_line(line, order.currency_original) for line in order.lines] or [{}]
    yield {**_head(order), **lines[0]}
    yield from ({"order_id": order.id, **line} for line in lines[1:])


def _head(order: Order) -> dict[str, str]:
    code, buyer = order.currency_original, order.buyer
    amounts = {name: major(getattr(order, name), code) for name in ("total", "subtotal", "discount", "tax", "shipping")}
    words = {name: getattr(order, name) or "" for name in _WORDS}
    return {
        **amounts,
        **words,
        "order_id": order.id,
        "currency": code,
        "refunded": major(order.refunded, code) if order.refunds else "",
        "refunds": _json([{**_fields(one), "amount": major(one.amount, code)} for one in order.refunds]),
        "coupons": _coupons(order.coupons),
        "cash_on_delivery": "yes" if order.cash_on_delivery else "no",
        "test": "yes" if order.test else "no",
        "consents": _json([_fields(consent) for consent in buyer.consents]),
        **_who(buyer),
    }


_WORDS = (
    *("number", "status", "payment", "fulfilment", "placed_at", "updated_at", "paid_at", "fulfilled_at"),
    "cancelled_at",
)


def _of_line(line: Line, code: str) -> dict[str, str]:
    return {
        "line_product_id": line.product_id or "",
        "line_variant_id": line.variant_id or "",
        "line_sku": line.sku or "",
        "line_title": line.title,
        "line_quantity": str(line.quantity),
        "line_price": major(line.unit_price, code),
        "line_total": major(line.total, code),
    }


def _of_person(row: AccountSeen | ConsentGiven | Buyer) -> Iterator[Mapping[str, str]]:
    if isinstance(row, ConsentGiven):
        buyer = Buyer(row.account, row.email, row.phone, consents=(row.consent,))
    else:
        buyer = row.buyer if isinstance(row, AccountSeen) else row
    who = _who(buyer)
    if isinstance(row, AccountSeen):
        who |= {"created_at": row.created_at, "updated_at": row.updated_at, "tags": "|".join(row.tags)}
    for consent in buyer.consents or (None,):
        yield {**who, **{name: text or "" for name, text in (_fields(consent) if consent else {}).items()}}


def _who(buyer: Buyer) -> dict[str, str]:
    names = ("email", "phone", "name", "locale", "country")
    return {"account_id": buyer.account or "", **{name: getattr(buyer, name) or "" for name in names}}


def _coupons(codes: Sequence[str]) -> str:
    plain = all(code and "|" not in code for code in codes) and not any(code.startswith("[") for code in codes[:1])
    return "|".join(codes) if plain else _json(list(codes))


def _fields(part: Any) -> dict[str, Any]:
    return {name: getattr(part, name) for name in part.__dataclass_fields__}


def _json(members: Sequence[Any]) -> str:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")) if members else ""
