"""What a message is about: everything its words may speak of, gathered before a word is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.domain.coupon import Coupon
from chalicelib.domain.events import Product
from chalicelib.domain.money import Money
from chalicelib.domain.order import Order
from chalicelib.domain.shop import Shop


@dataclass(frozen=True, slots=True)
class Pick:
    """A product shown with its reason. `why` is a code with a sentence in every language's words (`why_in_cart`,
    `why_bought`, `why_back`, `why_goes_with`); `params` are what stands in its braces, moments as stored."""

    product_id: str
    title: str
    url: str | None = None
    image: str | None = None
    price: Money | None = None
    currency_original: str = ""
    why: str = ""
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class About:
    """One message's matter. `links`: shop, order, rating, preferences, unsubscribe, review, cart; what is no http
    address is left out. `rating` is the address to which `?stars=1` … `?stars=5` is added."""

    shop: Shop
    language: str  # one of `languages.names()`
    purpose: str
    now: datetime
    name: str = ""  # hers
    locale: str | None = None  # hers
    links: Mapping[str, str] = field(default_factory=dict)
    order: Order | None = None
    products: Mapping[str, Product] = field(default_factory=dict)  # of the order's lines
    picks: tuple[Pick, ...] = ()
    coupon: Coupon | None = None
    stop: str = ""  # how to end messages on a channel that has no link for it: "STOP to end"
