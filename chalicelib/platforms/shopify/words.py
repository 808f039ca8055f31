"""What Shopify's words and figures mean to us, whoever tells them: a webhook (`paid`) or the API (`PAID`).

Both must come to the same order, or a telling of the one would undo what the other said. docs/statuses.md has the why.
"""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.domain.times import in_order

PAYMENTS = {
    "pending": "none",
    "authorized": "authorized",
    "partially_paid": "partly_paid",
    "paid": "paid",
    "partially_refunded": "partly_refunded",
    "refunded": "refunded",
    "voided": "voided",
    "expired": "voided",
}
FULFILMENTS = {
    "partial": "partial",
    "partially_fulfilled": "partial",
    "fulfilled": "fulfilled",
    "restocked": "returned",
}
# What people say is consent or its withdrawal; not_subscribed, invalid and redacted are neither.
CONSENTS = {"subscribed": "subscribed", "unsubscribed": "unsubscribed", "pending": "pending"}
_CAPTURED = ("paid", "partly_refunded", "refunded")
_ON_DELIVERY = ("cash on delivery", "cash_on_delivery", "cash-on-delivery")
# What "Send test notification" in the admin sends, signed like a real order.
_SAMPLE_ORDER = "820982911946154508"
_SAMPLE_NAME, _SAMPLE_BUYERS = "#9999", ("jon@example.com", "jon@doe.ca")


def payment(word: str) -> str:
    """Of `financial_status`; `none` for a word that we do not know: money is only counted where that is said."""
    return PAYMENTS.get(word.strip().lower(), "none")


def fulfilment(word: str, parcels: Iterable[str] = ()) -> str:
    """Of `fulfillment_status`. `parcels`: the shipment status of each fulfilment that was not called off."""
    told = FULFILMENTS.get(word.strip().lower(), "none")
    arrived = [parcel.strip().lower() == "delivered" for parcel in parcels]
    return "delivered" if told == "fulfilled" and arrived and all(arrived) else told


def status(cancelled: bool, paid: str, sent: str) -> str:
    """Of an order whose payment and fulfilment are ours. Archiving it (`closed_at`) is tidying up and means nothing."""
    if cancelled:
        return "cancelled"
    return "completed" if paid in _CAPTURED and sent in ("fulfilled", "delivered") else "placed"


def paid_at(paid: str, on_delivery: bool, processed_at: str, fulfilled_at: str | None) -> str | None:
    """When it was paid: Shopify's order does not say, so when it was placed, or handed over if paid on delivery."""
    if paid not in _CAPTURED:
        return None
    return max(processed_at, fulfilled_at, key=in_order) if on_delivery and fulfilled_at else processed_at


def cash_on_delivery(gateways: Iterable[str]) -> bool:
    """Of `payment_gateway_names`, which are the names that the owner gave her payment methods."""
    names = [name.strip().lower() for name in gateways]
    return any(name == "cod" or any(words in name for words in _ON_DELIVERY) for name in names)


def owed(total: int, current: int, given_back: int, *, all_by_money: bool) -> int:
    """What the buyer owed, refunds not taken off, in minor units.

    `total` (`total_price`) holds every line that ever was in the order, `current` (`current_total_price`) only what is
    left after edits, returns and refunds. `given_back`: the refunds' money. `all_by_money`: every refund moved money;
    one that did not is an edit that took a line out, which then was never owed.
    """
    if all_by_money:
        return max(total, current)
    return max(current, min(total, current + given_back))


def coupons(codes: Iterable[str], applied: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The codes that a buyer typed. `applied`: (type, code or title) of each discount application. A draft order's
    manual discount stands among the codes too, under its title."""
    known = [(kind.strip().lower(), name) for kind, name in applied]
    typed = {name for kind, name in known if kind in ("discount_code", "discountcodeapplication")}
    others = {name for kind, name in known} - typed
    return tuple(code for code in codes if code and code not in others)


def is_sample(order_id: str, name: str, email: str) -> bool:
    """Whether it is the order of the admin's "Send test notification"."""
    return order_id == _SAMPLE_ORDER or (name == _SAMPLE_NAME and email.strip().lower() in _SAMPLE_BUYERS)
