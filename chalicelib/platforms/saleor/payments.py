"""What an order's body says of its money: paid or not, when, and what went back.

`totalCharged` is what the shop holds now: both of Saleor's ways to pay take refunds off it. What was once paid in full
and is held no more went back, whatever list the movement stands in; so net is always what the shop kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.domain.order import Refund
from chalicelib.domain.times import in_order
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node

_FULL = ("FULL", "OVERCHARGED")
_PAID_EVENTS = ("ORDER_FULLY_PAID", "ORDER_MARKED_AS_PAID")
_CHARGES = ("CAPTURE", "EXTERNAL", "CHARGE_SUCCESS")
_REFUNDS = ("REFUND", "REFUND_SUCCESS", "CHARGE_BACK")
# what the payment's word alone says, where the body holds no amounts; the words that are missing need amounts
_WORDS = {
    "FULLY_CHARGED": "paid",
    "FULLY_REFUNDED": "refunded",
    "NOT_CHARGED": "none",
    "PENDING": "none",
    "REFUSED": "none",
    "CANCELLED": "voided",
}
_MOST_PAYMENTS, MOST_EVENTS = 1000, 20_000


@dataclass(frozen=True, slots=True)
class Paid:
    """`payment` is one of our words (`domain.order.PAYMENTS`); `at`: when it was paid in full, None if it never was."""

    payment: str
    at: str | None = None
    refunds: tuple[Refund, ...] = ()


@dataclass(frozen=True, slots=True)
class _Movement:
    """Money that moved: `amount` in minor units, positive."""

    kind: str
    id: str
    amount: int
    at: str | None
    reason: str


def says_enough(order: Node) -> bool:
    """Whether the body says what is paid. `PARTIAL` alone may be half of a payment or what is left after a refund."""
    if not order.at("totalCharged").at("amount").missing:
        return True
    partial = order.at("chargeStatus").value == "PARTIAL"
    return not partial and (order.at("paymentStatus").text() in _WORDS or _charged_in_full(order))


def paid_of(order: Node, code: str, total: int, placed_at: str) -> Paid:
    """What the body says of the money; `total` is what was owed, in minor units. Raises Unreadable."""
    charged = order.at("totalCharged").at("amount")
    if charged.missing:
        return _by_words(order, total, placed_at)
    moved = tuple(_movements(order, code))
    return _by_amounts(order, code, total, max(0, charged.amount(code)), moved, placed_at)


def _by_words(order: Node, total: int, placed_at: str) -> Paid:
    payment = "paid" if _charged_in_full(order) else _WORDS.get(order.at("paymentStatus").text(), "none")
    if payment in ("none", "voided"):
        return Paid(payment)
    refunds = (Refund("refunded", total),) if payment == "refunded" else ()
    return Paid(payment, _paid_at(order, (), placed_at), refunds)


def _by_amounts(order: Node, code: str, total: int, charged: int, moved: tuple[_Movement, ...], placed_at: str) -> Paid:
    back = _on_its_way_back(order, code) + sum(m.amount for m in moved if m.kind in ("REFUND", "CHARGE_BACK"))
    if charged + back < total and not _charged_in_full(order):
        return Paid(_never_paid(order, code, charged, back))
    lost = max(0, total - charged)
    payment = "paid" if not lost else "partly_refunded" if charged > 0 else "refunded"
    return Paid(payment, _paid_at(order, moved, placed_at), _refunds(moved, lost))


def _never_paid(order: Node, code: str, charged: int, back: int) -> str:
    if charged > 0:
        return "partly_paid"
    if order.at("totalAuthorized").at("amount").amount(code, 0) > 0:
        return "authorized"
    return "voided" if back or order.at("paymentStatus").value == "CANCELLED" else "none"


def _charged_in_full(order: Node) -> bool:
    full = order.at("chargeStatus").value in _FULL or order.at("isPaid").value is True
    return full or order.at("paymentStatus").value == "FULLY_CHARGED"


def _on_its_way_back(order: Node, code: str) -> int:
    """Refunds of transactions, those in the making too: Saleor takes both off what is charged."""
    transactions = order.at("transactions").items(_MOST_PAYMENTS)
    names = ("refundedAmount", "refundPendingAmount")
    return sum(max(0, one.at(name).at("amount").amount(code, 0)) for one in transactions for name in names)


def _movements(order: Node, code: str) -> Iterator[_Movement]:
    """Of payments (the older way) and of transactions (the newer one); an order has one of the two."""
    for payment in order.at("payments").items(_MOST_PAYMENTS):
        for one in payment.at("transactions").items(_MOST_PAYMENTS):
            if one.at("isSuccess").value is True:
                yield _movement(one, one.at("kind"), one.at("created"), code)
    for transaction in order.at("transactions").items(_MOST_PAYMENTS):
        for one in transaction.at("events").items(_MOST_PAYMENTS):
            yield _movement(one, one.at("type"), one.at("createdAt"), code)


def _movement(one: Node, kind: Node, at: Node, code: str) -> _Movement:
    amount = max(0, one.at("amount").at("amount").amount(code, 0))
    return _Movement(kind.text(), one.at("id").text()[:300], amount, at.time(), texts.plain(one.at("message").text()))


def _paid_at(order: Node, moved: tuple[_Movement, ...], placed_at: str) -> str:
    """When the order's own history says so, else the last charge, else when it was placed; never before that: a
    checkout is charged a moment before it becomes an order."""
    history = order.at("events").items(MOST_EVENTS)
    said = [one.at("date").time() for one in history if one.at("type").value in _PAID_EVENTS]
    charges = [m.at for m in moved if m.kind in _CHARGES and m.amount > 0]
    first = min(filter(None, said), key=in_order, default=None)
    paid = first or max(filter(None, charges), key=in_order, default=placed_at)
    return max(paid, placed_at, key=in_order)


def _refunds(moved: tuple[_Movement, ...], lost: int) -> tuple[Refund, ...]:
    """The single refunds where they add up to what is missing; else, and for what was only waived, one of all of it."""
    refunds = tuple(Refund(m.id, m.amount, m.at, m.reason) for m in moved if m.kind in _REFUNDS and m.amount > 0)
    if sum(refund.amount for refund in refunds) == lost:
        return refunds
    last = max((refund.at for refund in refunds if refund.at), key=in_order, default=None)
    return (Refund("refunded", lost, last),) if lost else ()
