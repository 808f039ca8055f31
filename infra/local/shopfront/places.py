"""The two shops: what their owners would have said of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.domain.money import RIALS_PER, exponent, iso
from chalicelib.domain.speech import Speech
from chalicelib.domain.times import moment
from infra.local.shopfront.catalogue import Catalogue


@dataclass(frozen=True)
class Place:
    """`shipping` and `free_from` in the shop's smallest unit: pence, Toman. On the first page stand the products of the
    `window` and some of the categories of the `shelf`."""

    slug: str
    platform: str
    name: str
    locale: str
    currency: str
    timezone: str
    address: str
    sender: str
    file: str
    badge: str
    colour: str
    shipping: int
    free_from: int
    flows_on: tuple[str, ...]
    window: tuple[str, ...]
    shelf: tuple[str, ...]

    @cached_property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.file, exponent(self.currency) if self.currency not in RIALS_PER else 0)

    @cached_property
    def speech(self) -> Speech:
        return Speech(self.locale)

    @property
    def language(self) -> str:
        return self.speech.language

    @property
    def country(self) -> str:
        return self.locale[-2:]

    def money(self, units: int) -> str:
        """An amount as its shoppers read it."""
        return self.speech.money(units * RIALS_PER.get(self.currency, 1), iso(self.currency), self.currency)

    def wall(self, moment_text: str) -> str:
        """A stored moment as a clock on the shop's wall shows it: the day and the hour."""
        there = moment(moment_text).astimezone(ZoneInfo(self.timezone))
        figures = [self.speech.digits(part).rjust(2, self.speech.digits("0")) for part in f"{there:%H %M}".split()]
        return f"{self.speech.date(moment_text, self.timezone)}, {':'.join(figures)}".replace(
            ",", "،" if self.language == "fa" else ","
        )

    def registration(self, origins: list[str]) -> dict[str, Any]:
        """What `add-shop` is told. Most are treated, so that whoever looks around sees something."""
        return {
            "shop": self.slug,
            "platform": self.platform,
            "name": self.name,
            "locale": self.locale,
            "currency": self.currency,
            "timezone": self.timezone,
            "address": self.address,
            "from": self.sender,
            "consent": "soft",
            "treated_share": "0.8",
            "flow_on": list(self.flows_on),
            "origin": origins,
            # Fixed, so that every run draws the same arms.
            "blind_key": _fixed(self.slug, "blind"),
            "salt": _fixed(self.slug, "experiment"),
        }


def _fixed(slug: str, purpose: str) -> str:
    return hashlib.sha256(f"demo {slug} {purpose}".encode()).hexdigest()


WREN = Place(
    slug="wren-marigold",
    platform="standard",
    name="Wren & Marigold",
    locale="en-GB",
    currency="GBP",
    timezone="Europe/London",
    address="7 Stonegate, York YO1 8AW",
    sender="Wren & Marigold <hello@wren-marigold.test>",
    file="shopfront_english.csv",
    badge="W",
    colour="green",
    shipping=395,
    free_from=3000,
    flows_on=("cart-left", "replenish"),
    window=("22423", "22727", "84879", "20725"),
    shelf=("tea", "baking"),
)
ANAR = Place(
    slug="khane-anar",
    platform="woocommerce",
    name="خانه انار",
    locale="fa-IR",
    currency="IRT",
    timezone="Asia/Tehran",
    address="شیراز، خیابان زند، کوچه ۱۲، پلاک ۷",
    sender="خانه انار <salam@khane-anar.test>",
    file="shopfront_persian.csv",
    badge="خ",
    colour="red",
    shipping=75_000,
    free_from=1_500_000,
    flows_on=("replenish",),
    window=("32", "41", "61", "33"),
    shelf=("kitchen", "craft"),
)
PLACES = (WREN, ANAR)
