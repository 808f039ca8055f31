"""An order as the shop last told it: what it says, which of two tellings wins, and what of it counts.

Every platform reads its own bodies into these words; nothing below knows where an order came from.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.domain.money import Money
from chalicelib.domain.times import in_order

# Of each a later one wins over an earlier one where two tellings carry the same time.
STATUSES = ("draft", "pending", "failed", "placed", "completed", "cancelled", "deleted")
PAYMENTS = ("none", "authorized", "partly_paid", "paid", "partly_refunded", "refunded", "voided")
FULFILMENTS = ("none", "partial", "fulfilled", "delivered", "returned")
# Of one order's products so many are learnt from: pairs grow with the square, and more of them say no more.
MOST_LINES = 20
# And so many are kept beside who bought them: who buys fifty things at once buys most of them again.
MOST_KEPT = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order; `unit_price` and `total` are minor units of the order's currency."""

    product_id: str | None
    variant_id: str | None
    sku: str | None
    title: str
    quantity: int
    unit_price: int
    total: int


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back: `amount` is positive minor units; `at` may be unknown."""

    id: str
    amount: int
    at: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person said about one channel, and when. `at` None: the shop does not know when."""

    channel: str  # email | sms
    state: str  # subscribed | unsubscribed | pending
    source: str
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who the shop says bought. Addresses are normalised (`domain.people`) or None."""

    account: str | None = None  # the platform's customer id; None for a guest
    email: str | None = None
    phone: str | None = None  # E.164
    name: str = ""
    locale: str | None = None  # BCP 47
    country: str | None = None  # ISO 3166-1 alpha-2
    consents: tuple[Consent, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """A full snapshot. All amounts are minor units of `currency` (ISO); times are stored moments (`domain.times`)."""

    id: str
    number: str
    status: str
    payment: str
    fulfilment: str
    currency: str
    currency_original: str
    total: int  # what the buyer owed, tax and shipping in, refunds not taken off
    subtotal: int  # lines before discount, without shipping
    discount: int
    tax: int
    shipping: int
    placed_at: str
    updated_at: str
    paid_at: str | None = None
    fulfilled_at: str | None = None
    cancelled_at: str | None = None
    cash_on_delivery: bool = False
    test: bool = False
    buyer: Buyer = Buyer()
    lines: tuple[Line, ...] = ()
    refunds: tuple[Refund, ...] = ()
    coupons: tuple[str, ...] = ()
    settled: bool = False  # read from the shop's API at least 2 s after `updated_at`

    @property
    def refunded(self) -> int:
        """Minor units given back so far."""
        return sum(r.amount for r in self.refunds)

    @property
    def placed(self) -> bool:
        """Counts as an order. Says nothing about money received."""
        return self.status in ("placed", "completed") and not self.test

    @property
    def paid(self) -> bool:
        """Counts as revenue: captured, or cash on delivery that was completed."""
        captured = self.payment in ("paid", "partly_refunded", "refunded") and self.paid_at is not None
        handed_over = self.cash_on_delivery and self.status == "completed"
        return self.placed and (captured or handed_over)

    @property
    def net(self) -> int:
        """What the shop kept of a paid order; 0 for any other."""
        return max(0, self.total - self.refunded) if self.paid else 0

    @property
    def given_back(self) -> bool:
        """Whether all of it went back, the money or the goods. Of which lines a part of the money was, no platform's
        orders tell us."""
        all_the_money = self.payment == "refunded" or 0 < self.total <= self.refunded
        return all_the_money or self.fulfilment == "returned"

    def money(self, amount: int) -> Money:
        return Money(amount, self.currency)


@dataclass(frozen=True, slots=True)
class Totals:
    """One customer's orders in one ISO currency. `gross`, `refunded`, `net` are of paid orders only."""

    placed: int = 0
    paid: int = 0
    gross: int = 0
    refunded: int = 0
    net: int = 0

    def plus(self, other: Totals) -> Totals:
        return Totals(*(a + b for a, b in zip(self.values(), other.values(), strict=True)))

    def minus(self, other: Totals) -> Totals:
        return Totals(*(a - b for a, b in zip(self.values(), other.values(), strict=True)))

    def values(self) -> tuple[int, int, int, int, int]:
        return (self.placed, self.paid, self.gross, self.refunded, self.net)


def contribution(order: Order | None) -> dict[str, Totals]:
    """What an order adds to its customer's totals, by ISO currency; empty for one that does not count."""
    if order is None or not order.placed:
        return {}
    paid = order.paid
    return {
        order.currency: Totals(
            placed=1,
            paid=int(paid),
            gross=order.total if paid else 0,
            refunded=order.refunded if paid else 0,
            net=order.net,
        )
    }


def canonical(order: Order) -> str:
    """The order as canonical JSON: sorted keys, no spaces. Equal orders give equal text."""
    return json.dumps(order, default=_fields, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _fields(part: Any) -> dict[str, Any]:
    """What `asdict` gives, without its deep copies: this runs for every delivery."""
    return {name: getattr(part, name) for name in part.__dataclass_fields__}


def from_canonical(text: str) -> Order:
    """The inverse of `canonical`."""
    raw: dict[str, Any] = json.loads(text)
    buyer = raw.pop("buyer")
    consents = tuple(Consent(**c) for c in buyer.pop("consents"))
    return Order(
        **{
            **raw,
            "buyer": Buyer(**buyer, consents=consents),
            "lines": tuple(Line(**line) for line in raw["lines"]),
            "refunds": tuple(Refund(**refund) for refund in raw["refunds"]),
            "coupons": tuple(raw["coupons"]),
        }
    )


def digest(order: Order) -> str:
    """SHA-256 of what the order says, whoever read it: `settled` is how we came to know it, not part of it."""
    return hashlib.sha256(canonical(replace(order, settled=False)).encode()).hexdigest()


def anonymous(order: Order) -> Order:
    """The order without who bought it, and without what the shop's people wrote of her when they gave money back; the
    country stays, as a figure."""
    refunds = tuple(replace(refund, reason="") for refund in order.refunds)
    return replace(order, buyer=Buyer(country=order.buyer.country), refunds=refunds)


def version(order: Order) -> tuple[str, bool, int, int, int, int]:
    """Tellings are compared by this; the greatest wins. A shop's clock has seconds, so ties are real: an order that is
    placed and paid in one second is paid."""
    ranks = STATUSES.index(order.status), PAYMENTS.index(order.payment), FULFILMENTS.index(order.fulfilment)
    return (in_order(order.updated_at), order.settled, order.refunded, *ranks)


def wins(new: Order, old: Order | None, new_customer: str | None = None, old_customer: str | None = None) -> bool:
    """Whether `new` replaces `old`. Between equal versions what the order says without its buyer decides before the
    customers' ids, and those before the rest: an erasure in between then changes nothing about who wins."""
    if old is None or version(new) != version(old):
        return old is None or version(new) > version(old)
    if same(new, old):
        # two erased persons' orders say the same; whose it is must still not depend on what came first
        return (new_customer or "") > (old_customer or "")
    return _said(new, new_customer) > _said(old, old_customer)


def _said(order: Order, customer: str | None) -> tuple[str, str, str]:
    return digest(anonymous(order)), customer or "", digest(order)


def tied(new: Order, old: Order | None) -> bool:
    """Two different tellings of the same second, neither of them settled: only asking the shop can decide."""
    if old is None or new.updated_at != old.updated_at or new.settled or old.settled:
        return False
    return not same(new, old)


def same(one: Order, other: Order | None) -> bool:
    """Whether two tellings say the same, whoever read them."""
    return other is not None and replace(one, settled=other.settled) == other
