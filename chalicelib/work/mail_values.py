"""What a mail's templates can say: the order, its lines, the shop and the buyer, as texts in the mail's language.

Everything that came from outside is cleaned and cut here, so that no template has to think of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from chalicelib.domain.events import Product
from chalicelib.domain.order import Line, Order
from chalicelib.domain.people import clean_name
from chalicelib.domain.shop import Shop
from chalicelib.domain.speech import Speech

LINES_SHOWN = 8
LONGEST_TITLE = 120
LONGEST_GREETING = 40
LONGEST_ADDRESS = 2_000
LINKS = ("shop", "order", "rating", "preferences", "unsubscribe")
# Whoever types an address for a name wants our mail to carry it.
_ADDRESS = re.compile(r"[@/\\<>|]|www\.|\.\w{2,}$|\.[a-z]{2,}\b|\d{5}|:", re.IGNORECASE)


def clip(text: str, most: int) -> str:
    """`text` on one line, without control characters, at most `most` characters; cut between words where there are."""
    text = clean_name(text[: most * 4])
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    words, blank, _ = cut.rpartition(" ")
    return (words if blank and len(words) > most // 2 else cut).rstrip() + "…"


def greeting_name(name: str, *, whole: bool) -> str:
    """What to call her by: her whole name (usual in Persian) or the first word of it; empty where it had better be left
    out: too long, an address, no letters."""
    name = clean_name(name)
    if _ADDRESS.search(name) or not any(ch.isalpha() for ch in name):
        return ""
    first = name.split()[0]
    if not whole and len(first) >= 2 and not first.endswith((".", ",")):
        name = first
    return name if len(name) <= LONGEST_GREETING else ""


def web_address(url: str | None) -> str | None:
    """An http(s) address that may stand in a mail, or None."""
    if not url or len(url) > LONGEST_ADDRESS or re.search(r"[\s\"'<>\\\x00-\x1f\x7f]", url):
        return None
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return url if parts.scheme in ("http", "https") and parts.hostname else None


def shop_name(shop: Shop) -> str:
    """The shop's name, else its sender's, else its slug in words."""
    return clip(shop.name or parseaddr(shop.sender)[0] or shop.slug.replace("-", " ").title(), 80)


def shop_values(shop: Shop, speech: Speech) -> dict[str, object]:
    """`shop.name`, `shop.address` (None where there is none)."""
    address = ", ".join(line.strip() for line in shop.postal_address.splitlines() if line.strip())
    return {"name": speech.isolate(shop_name(shop)), "address": speech.isolate(clip(address, 200)) or None}


def customer_values(order: Order, speech: Speech) -> dict[str, object]:
    """`customer.name`: None where she left none that can be used."""
    return {"name": speech.isolate(greeting_name(order.buyer.name, whole=speech.persian)) or None}


def link_values(links: Mapping[str, str]) -> dict[str, str | None]:
    """Every link a template may ask for; None for those not given."""
    return {name: web_address(links.get(name)) for name in LINKS}


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
        "head": words["head"].format(number=number, date=date),
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
        "title": speech.isolate(title),
        "letter": next((ch.upper() for ch in title if ch.isalnum()), "•"),
        "quantity": words["quantity"].format(n=speech.number(line.quantity)),
        "total": _money(line.total, order, speech),
        "url": web_address(product.url) if product else None,
        "image": web_address(product.image) if product else None,
    }


def _money(amount: int, order: Order, speech: Speech) -> str:
    return speech.money(amount, order.currency, order.currency_original)
