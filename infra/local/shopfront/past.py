"""Nine months before the shop met the plugin: who bought what, invented once and always the same.

People have a taste (a theme of the catalogue), buy what goes together, come back at a pace of their own, and buy again
what is used up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from infra.local import people
from infra.local.shopfront.catalogue import Catalogue, Product
from infra.local.shopfront.orders import Customer, Line, Sold
from infra.local.shopfront.places import Place

DAYS = 270
PEOPLE = 120
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


# Those whom a visitor may be, as the shop's page says it (words.yaml): theme in either shop, first order so many days
# ago, pace, how many more.
NAMED = {
    "regular": ("baking", "tea", 214.0, 27.0, 7),
    "second": ("hearts", "gifts", 16.0, 30.0, 0),
    "lapsed": ("lunch", "bath", 236.0, 31.0, 3),
    "control": ("party", "craft", 190.0, 44.0, 3),
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
    chance = Random(place.slug)
    sold = [order for habit in _habits(place, chance) for order in _bought(habit, place, now, chance)]
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


def _habits(place: Place, chance: Random) -> Iterator[Habit]:
    themes = sorted({product.theme for product in place.catalogue.products})
    everybody = customers(place)
    for customer, (english, persian, first, pace, more) in zip(everybody, NAMED.values(), strict=False):
        yield Habit(customer, (persian if place.language == "fa" else english,), first, pace, more)
    for customer in everybody[len(NAMED) :]:
        taste = tuple(chance.sample(themes, chance.choice((1, 1, 2))))
        more = min(9, int(chance.expovariate(1 / 3.6)))
        yield Habit(customer, taste, chance.uniform(2, DAYS), chance.lognormvariate(3.5, 0.45), more)


def _bought(habit: Habit, place: Place, now: datetime, chance: Random) -> Iterator[Sold]:
    ago, known = habit.first, []
    for _ in range(habit.more + 1):
        if ago < 1:
            return
        lines = _basket(habit, known, place.catalogue, chance)
        known += [line.product for line in lines]
        day = (now - timedelta(days=ago)).replace(second=0, microsecond=0)
        at = day.replace(hour=chance.randrange(7, 21), minute=chance.randrange(60))
        yield _order(place, at, habit.customer, lines)
        ago -= habit.pace * chance.uniform(0.75, 1.3)


def _basket(habit: Habit, known: list[Product], catalogue: Catalogue, chance: Random) -> tuple[Line, ...]:
    """What she always buys and has used up, some of her taste, and once in a while anything."""
    taste = [product for product in catalogue.products if product.theme in habit.themes]
    again = [product for product in dict.fromkeys(known) if product.used_up and chance.random() < 0.65]
    fresh = chance.sample(taste, min(len(taste), chance.choice((1, 2, 3, 3, 4))))
    odd = [chance.choice(catalogue.products)] if chance.random() < 0.3 else []
    chosen = list(dict.fromkeys([*again[:3], *fresh, *odd]))[:6]
    return tuple(Line(product, chance.choice((1, 1, 1, 2)) if product.price < 10**6 else 1) for product in chosen)


def _order(place: Place, at: datetime, customer: Customer, lines: tuple[Line, ...]) -> Sold:
    goods = sum(line.total for line in lines)
    shipping = 0 if goods >= place.free_from else place.shipping
    return Sold("", at, customer, lines, shipping, sent_at=at + timedelta(hours=26))


def _numbered(order: Sold, number: int) -> Sold:
    return Sold(str(number), order.at, order.buyer, order.lines, order.shipping, sent_at=order.sent_at)
