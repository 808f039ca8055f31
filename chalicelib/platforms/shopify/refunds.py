"""What a shop gave back, as an order's body tells it: money that moved, and edits that only took a line out."""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.money import iso
from chalicelib.domain.order import Refund
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node
from chalicelib.platforms.shopify.fields import has, id_of, shop_money

MOST = 1000
_SAYS_SO = ("partially_refunded", "refunded")


@dataclass(frozen=True, slots=True)
class GivenBack:
    """`all_by_money`: there are refunds, and every one of them moved money. `unclear`: Shopify says that money was
    given back and not how much, so the amounts are what the lines were worth."""

    refunds: tuple[Refund, ...]
    all_by_money: bool
    unclear: bool

    @property
    def amount(self) -> int:
        return sum(refund.amount for refund in self.refunds)


def given_back(order: Node, code: str) -> GivenBack:
    """The refunds in an order's body, in minor units of its currency. Raises Unreadable."""
    told = order.at("refunds").items(MOST)
    payments = [refund.at("transactions").items(MOST) for refund in told]
    # An order's body is made before the payments of its newest refund are written: then they are missing.
    silent = bool(told) and order.at("financial_status").text().lower() in _SAYS_SO and not any(payments)
    moved = [
        None if silent or not has(refund, "transactions") else _moved(of_it, order, code)
        for refund, of_it in zip(told, payments, strict=True)
    ]
    amounts = [_worth(refund, code) if money is None else money for refund, money in zip(told, moved, strict=True)]
    edits = [money == 0 and not of_it for money, of_it in zip(moved, payments, strict=True)]
    return GivenBack(
        refunds=tuple(_refund(refund, amount) for refund, amount in zip(told, amounts, strict=True) if amount),
        all_by_money=bool(told) and not any(edits),
        unclear=any(money is None for money in moved),
    )


def _refund(refund: Node, amount: int) -> Refund:
    return Refund(
        id=id_of(refund.at("id")),
        amount=amount,
        at=refund.at("processed_at").time() or refund.at("created_at").time(),
        reason=texts.plain(refund.at("note").text()),
    )


def _moved(payments: list[Node], order: Node, code: str) -> int | None:
    """The money that went back; None where it went in a currency that cannot be turned into the shop's."""
    total = 0
    for payment in payments:
        done = payment.at("kind").text().lower() == "refund" and payment.at("status").text().lower() == "success"
        money = _in_shop_currency(payment, order, code) if done else 0
        if money is None:
            return None
        total += abs(money)
    return total


def _in_shop_currency(payment: Node, order: Node, code: str) -> int | None:
    """A buyer who pays in her own currency gets it back in that: at the rate at which she bought."""
    said = payment.at("currency")
    if said.missing or said.currency() == code:
        return payment.at("amount").amount(code)
    hers = order.at("total_price_set").at("presentment_money")
    ours = shop_money(order.at("total_price_set"), code)
    if ours is None or hers.at("currency_code").text() != said.text() or hers.at("amount").missing:
        return None
    whole = hers.at("amount").amount(iso(said.currency()))
    paid = payment.at("amount").amount(iso(said.currency()))
    return (2 * paid * ours + whole) // (2 * whole) if whole > 0 else None


def _worth(refund: Node, code: str) -> int:
    """What the lines of a refund were worth. Adjustments have the sign of what the shop keeps: shipping that was given
    back is negative, a part that was kept positive."""
    lines = refund.at("refund_line_items").items(MOST)
    kept = refund.at("order_adjustments").items(MOST)
    worth = sum(line.at("subtotal").amount(code, 0) + line.at("total_tax").amount(code, 0) for line in lines)
    return max(0, worth - sum(one.at("amount").amount(code, 0) + one.at("tax_amount").amount(code, 0) for one in kept))
