"""The lines of an order."""

from __future__ import annotations

from chalicelib.domain.order import Line
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node
from chalicelib.platforms.shopify.fields import has, id_or_none

MOST_LINES, MOST_QUANTITY = 1000, 1_000_000


def line_of(line: Node, code: str) -> Line:
    """One line, in minor units of the order's currency. Raises Unreadable."""
    full = full_price(line, code)
    return Line(
        product_id=id_or_none(line.at("product_id")),
        variant_id=id_or_none(line.at("variant_id")),
        sku=texts.plain(line.at("sku").text(), 100) or None,
        title=texts.plain(line.at("name").text() or line.at("title").text()),
        quantity=_quantity(line),
        unit_price=line.at("price").amount(code),
        total=full - _line_discount(line, code),
    )


def _quantity(line: Node) -> int:
    return line.at("quantity").whole(0, MOST_QUANTITY)


def full_price(line: Node, code: str) -> int:
    """Of all its pieces, before any discount."""
    return line.at("price").amount(code) * _quantity(line)


def _line_discount(line: Node, code: str) -> int:
    """Its share of every discount; older bodies only say what was taken off the line itself."""
    if not has(line, "discount_allocations"):
        return line.at("total_discount").amount(code, 0)
    return sum(share.at("amount").amount(code, 0) for share in line.at("discount_allocations").items(MOST_LINES))
