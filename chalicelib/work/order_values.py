"""What a message can say of an order: its number, day, lines and sums, as texts in its language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.domain.events import Product
from chalicelib.domain.order import Line, Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.speech import Speech
from chalicelib.work.mail_values import LONGEST_TITLE, clip, letter, said, web_address

LINES_SHOWN = 8


def order_values(
    order: Order, products: Mapping[str, Product], shop: Shop, speech: Speech, words: Mapping[str, str]
) -> dict[str, Any]:
    """`order.number`, `.date`, `.total`, `.lines` (the first eight), `.more`, `.sums`, `.first_title`, `.pages` (of the
    lines, at most three that have an address)."""
    bought = [line for line in order.lines if line.quantity > 0]
    lines = [_line_values(line, order, products, speech, words) for line in bought[:LINES_SHOWN]]
    left = len(bought) - len(lines)
    pictures = any(line["image"] for line in lines)
    number = speech.digits(clip(order.number or order.id, 40))
    date = speech.date(order.placed_at, shop.timezone)
    return {
        "number": number,
        "date": date,
        "head": words["order_head"].format(number=number, date=date),
        "total": _money(order.total, order, speech),
        "lines": lines,
        "more": words["more"].format(n=speech.number(left)) if left else None,
        "sums": [{"label": words[key], "amount": _money(amount, order, speech)} for key, amount in extras(order)],
        "pictures": pictures,
        "columns": 2 if pictures else 1,
        "first_title": lines[0]["title"] if lines else None,
        "pages": list({line["url"]: line for line in lines if line["url"]}.values())[:3],
    }


def extras(order: Order) -> list[tuple[str, int]]:
    """What lies between the lines and the total, as (word, minor units). Platforms differ in whether line totals hold
    tax and discount already: the reading that adds up is shown, and nothing where none does."""
    lines = sum(line.total for line in order.lines)
    for tax in (order.tax, 0):
        for discount in (0, order.discount):
            if lines + order.shipping + tax - discount == order.total:
                parts = (("discount", -discount), ("shipping", order.shipping), ("tax", tax))
                return [(word, amount) for word, amount in parts if amount]
    return []


def _line_values(
    line: Line, order: Order, products: Mapping[str, Product], speech: Speech, words: Mapping[str, str]
) -> dict[str, Any]:
    product = products.get(line.product_id or "")
    title = clip(line.title or (product.title if product else "") or line.sku or words["item"], LONGEST_TITLE)
    return {
        "title": said(title, LONGEST_TITLE, speech),
        "letter": letter(title),
        "quantity": words["quantity"].format(n=speech.number(line.quantity)),
        "total": _money(line.total, order, speech),
        "url": web_address(product.url) if product else None,
        "image": web_address(product.image) if product else None,
    }


def _money(amount: int, order: Order, speech: Speech) -> str:
    return speech.money(amount, order.currency, order.currency_original)
