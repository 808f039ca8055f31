"""The items of a WooCommerce order in a file: packed into a cell for each, or on a line for each."""

from __future__ import annotations

import re
from collections.abc import Sequence

from chalicelib.domain.order import Line
from chalicelib.files import columns
from chalicelib.files.columns import Cells, blaming, money_of
from chalicelib.files.woocommerce_columns import COUPON_ITEM, ITEM_COLUMN, ITEM_PART, TITLE
from chalicelib.platforms import texts
from chalicelib.platforms.body import Node


def lines_of(group: Sequence[Cells], code: str) -> tuple[Line, ...]:
    """The lines of the order on these records. Raises Unreadable."""
    one = group[0]
    packed = [column for column in one.names if ITEM_COLUMN.fullmatch(column) and one.values.get(column)]
    if packed:
        return tuple(_packed_line(one.at(column), code) for column in packed)
    found = []
    for row in group:
        with blaming(row):
            if not row.at(*TITLE).missing:
                found.append(_row_line(row, code))
    return tuple(found)


def _packed_line(node: Node, code: str) -> Line:
    """`name:Mug|product_id:7|sku:M-1|quantity:2|total:9.00|sub_total:10.00`"""
    parts = {key: Node(value, node.path) for key, value in ITEM_PART.findall(f"|{node.text()}")}
    nothing = Node("", node.path)
    quantity, total = columns.quantity_of(parts.get("quantity", nothing)), parts.get("total", nothing)
    whole = money_of(total, code, fine=True)
    return Line(
        product_id=columns.id_or_none(parts.get("product_id", nothing)),
        variant_id=columns.id_or_none(parts.get("_variation_id", parts.get("variation_id", nothing))),
        sku=texts.plain(parts.get("sku", nothing).text(), 100) or None,
        title=texts.plain_html(parts.get("name", nothing).text()),
        quantity=quantity,
        unit_price=whole // quantity if quantity else 0,
        total=whole,
    )


def _row_line(row: Cells, code: str) -> Line:
    quantity = columns.quantity_of(row.at("quantity (- refund)", "quantity", "item_quantity"))
    price = money_of(row.at("item cost", "item_price"), code, 0, fine=True)
    whole = money_of(row.at("order line total", "order line subtotal", "item_total"), code, price * quantity, fine=True)
    return Line(
        product_id=columns.id_or_none(row.at("product id", "item_product_id")),
        variant_id=columns.id_or_none(row.at("variation id", "item_variation_id")),
        sku=texts.plain(row.at("sku", "item_sku").text(), 100) or None,
        title=texts.plain_html(row.at(*TITLE).text()),
        quantity=quantity,
        unit_price=price or (whole // quantity if quantity else 0),
        total=whole,
    )


def coupons_of(one: Cells) -> tuple[str, ...]:
    """The codes that were used."""
    packed = COUPON_ITEM.findall(one.at("coupon_items").text())
    codes = packed or re.split(r"[,;]", one.at("coupon code", "coupons").text())
    return tuple(filter(None, (texts.plain(code, 100) for code in codes)))
