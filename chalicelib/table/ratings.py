"""What a customer thought of an order: one row beside the order, so that one strong query of it reads both."""

from __future__ import annotations

from pynamodb.attributes import UnicodeAttribute

from chalicelib.table import base
from chalicelib.table.base import Integer, Row, Write

KEY = "RATING"


class RatingRow(Row, discriminator="rating"):
    """`at` is when these stars were given, `first_at` when she rated first. `words` are hers, plain text."""

    stars = Integer()  # 1 to 5
    at = UnicodeAttribute()
    first_at = UnicodeAttribute()
    customer = UnicodeAttribute(null=True)  # the node; None once she was erased
    words = UnicodeAttribute(null=True)
    language = UnicodeAttribute(null=True)
    follow_up = UnicodeAttribute(null=True)


def new(shop: str, order_id: str) -> RatingRow:
    return RatingRow(base.partition(shop, "O", order_id), KEY)


def read(shop: str, order_id: str) -> RatingRow | None:
    """Strongly."""
    return base.first(RatingRow, base.partition(shop, "O", order_id), KEY)


def write(row: RatingRow, read_rev: int | None) -> Write:
    """Put the row on the rev that was read; None for the first one."""
    return base.replace(row, read_rev)
