"""Nine months before the shop met the plugin: who bought what, invented once and always the same.

People have tastes (themes of the catalogue), each order follows one of them, and what stands in the shop's window is
bought most. They come back at a pace of their own, buy again what is used up by then, and never what they still have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from infra.local import people
from infra.local.shopfront.catalogue import Product
from infra.local.shopfront.orders import Customer, Line, Sold
from infra.local.shopfront.places import Place

DAYS = 270
PEOPLE = 140
IN_THE_WINDOW = 3  # times as likely to be bought as the rest of its theme
NEARLY = 0.75  # of the days that something lasts: from then on it is bought again
FIRST_NUMBER, FIRST_ACCOUNT = 1001, 101
_FIRST = (
    "زهرا مریم سارا نازنین الهام نرگس لیلا پریسا مهسا ندا شیرین آیدا مینا فاطمه ریحانه سمیرا نگار هانیه شبنم پروانه "
    "علی رضا محمد حسین امیر مهدی سعید کاوه آرش بهرام پیمان فرهاد سینا میلاد حمید کیان داریوش سهراب نیما یاسر"
)
_LAST = (
    "احمدی محمدی رضایی کریمی حسینی موسوی جعفری صادقی رحیمی نوری کاظمی شریفی مرادی قاسمی باقری یزدانی سلطانی فرهادی "
    "توکلی امینی زمانی نجفی اکبری رستمی"
)
_NAMES = {"en": (people.FIRST, people.LAST), "fa": (_FIRST.split(), _LAST.split())}


@dataclass(frozen=True)
class Habit:
    """How one customer buys. `first`: how many days ago; `pace`: days between her orders; `more`: how many follow."""

    customer: Customer
    themes: tuple[str, ...]
    first: float
    pace: float
    more: int


# Those whom a visitor may be, as the shop's page says it (words.yaml): themes in either shop, first order so many days
# ago, pace, how many more.
NAMED = {
    "regular": (("baking", "party"), ("tea", "gifts"), 214.0, 27.0, 7),
    "second": (("hearts",), ("gifts",), 16.0, 30.0, 0),
    "lapsed": (("bags", "little"), ("bath", "wear"), 236.0, 31.0, 3),
    "control": (("party", "presents"), ("craft", "kitchen"), 190.0, 42.0, 4),
}
# Whom the lot has treated is treated in every run; the last of each is in the control group.
_WHO = {
    "en": ("Grace Palmer", "Oliver Hale", "Maya Wells", "Freya Stone"),
    "fa": ("مریم احمدی", "سینا رستمی", "نگار کریمی", "لیلا صادقی"),
}
_MAILBOXES = {"en": ("grace", "oliver", "maya", "freya.stone"), "fa": ("maryam", "sina", "negar", "leila.anar")}


def customers(place: Place) -> list[Customer]:
    """Everybody with an account, the named ones first."""
    names = _names(place)
    return [_customer(place, FIRST_ACCOUNT + at, name) for at, name in enumerate(names)]


def orders(place: Place, now: datetime) -> list[Sold]:
    """All that was sold before, the first first, with the numbers the shop gave."""
    sold = [order for habit in _habits(place) for order in _bought(habit, place, now)]
    sold.sort(key=lambda order: (order.at, order.buyer.id))
    return [_numbered(order, FIRST_NUMBER + at) for at, order in enumerate(sold)]


def _names(place: Place) -> list[str]:
    first, last = _NAMES[place.language]
    chance, found = Random(f"{place.slug} names"), list(_WHO[place.language])
    while len(found) < PEOPLE:
        name = f"{chance.choice(first)} {chance.choice(last)}"
        if name not in found:
            found.append(name)
    return found


def _customer(place: Place, account: int, name: str) -> Customer:
    phone = f"0912555{account:04d}" if place.language == "fa" else ""
    at = account - FIRST_ACCOUNT
    mailbox = _MAILBOXES[place.language][at] if at < len(NAMED) else f"customer{account}"
    return Customer(str(account), name, f"{mailbox}@example.test", phone)


def _habits(place: Place) -> Iterator[Habit]:
    themes = sorted({product.theme for product in place.catalogue.products})
    everybody = customers(place)
    for customer, (english, persian, first, pace, more) in zip(everybody, NAMED.values(), strict=False):
        yield Habit(customer, persian if place.language == "fa" else english, first, pace, more)
    for customer in everybody[len(NAMED) :]:
        chance = Random(f"{place.slug} habits {customer.id}")
        tastes = tuple(chance.sample(themes, chance.choice((1, 2, 2))))
        more = min(9, int(chance.expovariate(1 / 3.6)))
        yield Habit(customer, tastes, chance.uniform(2, DAYS), chance.lognormvariate(3.05, 0.3), more)


def _drawn(products: list[Product], place: Place, most: int, chance: Random) -> list[Product]:
    """Some of them, none twice, those in the window rather than the others (Efraimidis and Spirakis, 2006)."""
    weights = [IN_THE_WINDOW if product.id in place.window else 1 for product in products]
    keyed = [(chance.random() ** (1 / weight), product) for weight, product in zip(weights, products, strict=True)]
    return [product for _, product in sorted(keyed, key=lambda one: -one[0])[:most]]


def _bought(habit: Habit, place: Place, now: datetime) -> Iterator[Sold]:
    """Everybody has chances of her own: what one buys is nothing to the others."""
    chance = Random(f"{place.slug} orders {habit.customer.id}")
    ago, had = habit.first, dict[Product, float]()
    for nth in range(habit.more + 1):
        if ago < 1:
            return
        lines = _basket(habit.themes[nth % len(habit.themes)], had, ago, place, chance)
        had |= {line.product: ago for line in lines}
        day = (now - timedelta(days=ago)).replace(second=0, microsecond=0)
        at = day.replace(hour=chance.randrange(7, 21), minute=chance.randrange(60))
        if lines:
            yield _order(place, at, habit.customer, lines)
        ago -= habit.pace * chance.uniform(0.75, 1.3)


def _basket(theme: str, had: dict[Product, float], ago: float, place: Place, chance: Random) -> tuple[Line, ...]:
    """What she has used up, something new to her of one theme, and once in a while a present of any. `had`: how many
    days ago she bought what for the last time."""
    again = [product for product in had if _used_up(product, had[product] - ago) and chance.random() < 0.9]
    new = [product for product in place.catalogue.products if product not in had]
    fresh = _drawn([one for one in new if one.theme == theme], place, chance.choice((2, 3, 3, 4)), chance)
    odd = _drawn([one for one in new if not one.used_up], place, 1, chance) if chance.random() < 0.2 else []
    chosen = list(dict.fromkeys([*again[:4], *fresh, *odd]))[:6]
    return tuple(Line(product, chance.choice((1, 1, 1, 2)) if product.price < 10**6 else 1) for product in chosen)


def _used_up(product: Product, days: float) -> bool:
    return product.used_up and days >= NEARLY * product.lasts


def _order(place: Place, at: datetime, customer: Customer, lines: tuple[Line, ...]) -> Sold:
    goods = sum(line.total for line in lines)
    shipping = 0 if goods >= place.free_from else place.shipping
    return Sold("", at, customer, lines, shipping, sent_at=at + timedelta(hours=26))


def _numbered(order: Sold, number: int) -> Sold:
    return Sold(str(number), order.at, order.buyer, order.lines, order.shipping, sent_at=order.sent_at)
