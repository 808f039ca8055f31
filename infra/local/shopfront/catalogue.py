"""What a shop sells: read from a small file, found by address, category or words."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "data"
_MOST_FOUND = 24
# Two letters that keyboards write in two ways, and the joiner that people leave out.
_SAME = str.maketrans({"ي": "ی", "ك": "ک", "\u200c": " ", "ٔ": None})
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Product:
    """`price` in the shop's smallest unit: pence, Toman. `motif` and `look` say how it is drawn, `theme` what it is
    bought with; `lasts` how many days until it is used up, 0 of what is kept for years."""

    id: str
    title: str
    price: int
    category: str
    motif: str
    look: str
    theme: str
    lasts: int
    about: str

    @property
    def used_up(self) -> bool:
        """Whether it is bought again."""
        return self.lasts > 0

    @property
    def slug(self) -> str:
        """The words of its title, as addresses have them, and its id."""
        return "-".join([*_WORD.findall(_plain(self.title)), self.id.lower()])


class Catalogue:
    """All products of a shop, in the order of its file."""

    def __init__(self, file: str, exponent: int) -> None:
        with (DATA / file).open(newline="", encoding="utf-8") as rows:
            self.products = tuple(_product(row, exponent) for row in csv.DictReader(rows))
        self.by_id = {product.id: product for product in self.products}
        self._by_slug = {product.slug: product for product in self.products}

    def at(self, slug: str) -> Product | None:
        """The product of an address."""
        return self._by_slug.get(slug)

    @cached_property
    def categories(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(product.category for product in self.products))

    def of(self, category: str) -> list[Product]:
        return [product for product in self.products if product.category == category]

    def beside(self, product: Product, most: int = 4) -> list[Product]:
        """What a shop without a plugin shows beside it: more of its category."""
        rest = [other for other in self.of(product.category) if other != product]
        at = self.of(product.category).index(product)
        return (rest[at:] + rest[:at])[:most]

    def search(self, words: str) -> list[Product]:
        """Those with all words, the titles before the descriptions."""
        wanted = _WORD.findall(_plain(words))[:8]
        if not wanted:
            return []
        found = [product for product in self.products if all(word in _searched(product) for word in wanted)]
        return sorted(found, key=lambda one: not all(word in _plain(one.title) for word in wanted))[:_MOST_FOUND]


def _product(row: dict[str, str], exponent: int) -> Product:
    price = int(Decimal(row["price"]).scaleb(exponent))
    texts = {name: row[name] for name in ("id", "title", "category", "motif", "look", "theme", "about")}
    return Product(**texts, price=price, lasts=int(row["lasts"] or 0))


def _searched(product: Product) -> str:
    return f"{_plain(product.title)} {_plain(product.about)}"


def _plain(text: str) -> str:
    return text.translate(_SAME).casefold()
