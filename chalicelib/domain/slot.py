"""A slot: a place in the shop's pages for something chosen for whoever looks at it. What may be asked of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# Anonymous visitors, the held out, the unknown and the erased see the page without the personal ones.
PERSONAL = ("buy-again", "new-for-you", "replenish", "viewed", "messages")
SLOTS = ("buy-again", "new-for-you", "goes-with", "popular", "replenish", "viewed", "messages")
# Who gets a product that several slots chose: what is about the page first, then what is more hers, and of her own the
# slot that has fewer to choose from. What is due is also among what she bought; the other way round it would be empty.
PRECEDENCE = ("goes-with", "replenish", "buy-again", "viewed", "new-for-you", "popular", "messages")
PAGES = ("home", "product", "category", "cart", "confirmation", "search", "other")
MOST_IN_CART = 20
USUAL_ITEMS, MOST_ITEMS = 8, 24


@dataclass(frozen=True, slots=True)
class Ask:
    """What a page asks for. `limits`: how many items at most, of each of `slots` in its order; the usual many where it
    is empty. `product` is the one that the page shows, `cart` what is in it (or was just bought); ids are the
    platform's. `country` and `language` are upper and lower case codes, "" where the page does not say."""

    slots: tuple[str, ...]
    limits: tuple[int, ...] = ()
    page: str = "other"
    product: str = ""
    cart: tuple[str, ...] = ()
    category: str = ""
    country: str = ""
    language: str = ""
    pictures: bool = False

    @property
    def at_hand(self) -> tuple[str, ...]:
        """What the visitor has before her anyway: nothing that is worth showing again."""
        return (*((self.product,) if self.product else ()), *self.cart)

    def limit(self, slot: str) -> int:
        """How many items the slot has at most."""
        return self.limits[self.slots.index(slot)] if self.limits else USUAL_ITEMS

    @property
    def most(self) -> int:
        """How many items all slots together have at most."""
        return sum(self.limit(slot) for slot in self.slots)


@dataclass(frozen=True, slots=True)
class Choice:
    """A product for a slot and why: a code with a sentence in every language, and what stands in its braces."""

    product: str
    code: str
    params: Mapping[str, str] = field(default_factory=dict)


def bucket(count: int) -> int:
    """The greatest of 3, 5, 10, 20, 50, 100, 200, … that is not above `count`; nothing is ever told of fewer than
    three. Exact numbers would let anybody watch a single customer buy."""
    if count < 5:
        return 3
    size: int = 10 ** (len(str(count)) - 1)
    return next(step * size for step in (5, 2, 1) if step * size <= count)


def at_least(count: int) -> str:
    """How a number of people is told outside the shop: `20+`."""
    return f"{bucket(count)}+"
