"""An order, a person's words and consents as they were at a past moment, as far as what is stored tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from chalicelib.domain.customer import Contact
from chalicelib.domain.order import Order
from chalicelib.domain.planning import Rating
from chalicelib.domain.times import in_order


def order_as_of(order: Order, at: str) -> Order | None:
    """The order as the shop showed it at the stored moment `at`; None before it was placed. What bears no time of its
    own (a refund without one, a cancellation) is of the moment of the order's last change."""
    if _after(order.placed_at, at) or order.status == "deleted":
        return None
    shown = replace(order, refunds=tuple(r for r in order.refunds if not _after(r.at or order.updated_at, at)))
    if order.paid_at and _after(order.paid_at, at):
        shown = replace(shown, paid_at=None, payment="none")
    if order.fulfilled_at and _after(order.fulfilled_at, at):
        status = "placed" if order.status == "completed" else order.status
        shown = replace(shown, fulfilled_at=None, fulfilment="none", status=status)
    if order.status == "cancelled" and _after(order.cancelled_at or order.updated_at, at):
        shown = replace(shown, status="placed", cancelled_at=None)
    return shown


def moments_of(order: Order, rating: Rating | None) -> Iterator[str]:
    """Every stored moment at which the order came to say something else."""
    yield order.placed_at
    yield from (at for at in (order.paid_at, order.fulfilled_at, rating.at if rating else None) if at)
    yield from (refund.at or order.updated_at for refund in order.refunds)
    if order.status == "cancelled":
        yield order.cancelled_at or order.updated_at


def contact_as_of(contact: Contact, at: str) -> Contact:
    """What she had said by then. What bears no time was always so."""
    return replace(
        contact,
        consents={key: known for key, known in contact.consents.items() if not _after(known[0], at)},
        notes={key: known for key, known in contact.notes.items() if not _after(known[0], at)},
    )


def _after(moment_text: str, at: str) -> bool:
    return in_order(moment_text) > in_order(at)
