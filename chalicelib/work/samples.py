"""What a message would be about, made up: an order, a cart, a product that is back, a coupon, in every language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.domain.coupon import Coupon, Rule
from chalicelib.domain.coupon_file import BadRule, parse
from chalicelib.domain.events import Product
from chalicelib.domain.flow import ORDER_MOMENTS, Flow
from chalicelib.domain.money import RIALS_PER, BadMoney, Money, from_major, iso
from chalicelib.domain.order import Buyer, Line, Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.work.about import About, Pick


@dataclass(frozen=True, slots=True)
class _Words:
    name: str
    products: tuple[str, str]


_SAMPLES = {
    "en": _Words("Sara Miller", ("Walnut bowl", "Linen tea towel")),
    "fa": _Words("سارا محمدی", ("کاسهٔ چوب گردو", "دستمال کتان")),
    "de": _Words("Sara Müller", ("Schale aus Nussholz", "Geschirrtuch aus Leinen")),
    "fr": _Words("Sara Martin", ("Bol en noyer", "Torchon en lin")),
    "es": _Words("Sara García", ("Cuenco de nogal", "Paño de lino")),
    "ar": _Words("سارة أحمد", ("وعاء من خشب الجوز", "منشفة من الكتان")),
}
_PRICES = (25, 12)  # in the shop's unit; of units that are worth little, so many times ten thousand


def about(shop: Shop, flow: Flow, language: str, now: datetime, links: Mapping[str, str], coupon: str | None) -> About:
    """What a message of the flow would be about for a customer who is not there. `coupon`: the name of the rule of
    which she has one, where the flow gives her one."""
    words = _SAMPLES.get(language, _SAMPLES["en"])
    moments = {start.when for start in flow.starts}
    with_order = bool(moments & set(ORDER_MOMENTS))
    return About(
        shop=shop,
        language=language,
        purpose=flow.purpose,
        now=now,
        name=words.name,
        locale=language,
        links=links,
        order=order(shop, words, now) if with_order else None,
        products=_products(shop, words, links) if with_order else {},
        picks=() if with_order else _picks(shop, words, links, moments),
        coupon=sample_coupon(shop, coupon, now) if coupon else None,
    )


def order(shop: Shop, words: _Words, now: datetime) -> Order:
    """Two things bought the day before yesterday, sent out yesterday."""
    prices = [sample_price(shop, price).amount for price in _PRICES]
    lines = [Line(f"sample-{i}", None, None, title, 1, prices[i], prices[i]) for i, title in enumerate(words.products)]
    bought, sent = stamp(now - timedelta(days=2)), stamp(now - timedelta(days=1))
    return Order(
        id="sample",
        number="1024",
        status="placed",
        payment="paid",
        fulfilment="fulfilled",
        currency=sample_price(shop, 1).currency,
        currency_original=shop.currency,
        total=sum(prices),
        subtotal=sum(prices),
        discount=0,
        tax=0,
        shipping=0,
        placed_at=bought,
        updated_at=sent,
        paid_at=bought,
        fulfilled_at=sent,
        buyer=Buyer(name=words.name, country=shop.country),
        lines=tuple(lines),
    )


def sample_price(shop: Shop, price: int) -> Money:
    """So much of the shop's own money, ten thousand times that where its unit is small."""
    small = shop.currency.upper() in (*RIALS_PER, "IRR", "KRW", "VND", "IDR")
    try:
        return Money(from_major(price * 10_000 if small else price, shop.currency), iso(shop.currency))
    except BadMoney:
        return Money(price * 100, "USD")


def _products(shop: Shop, words: _Words, links: Mapping[str, str]) -> dict[str, Product]:
    return {
        f"sample-{i}": Product(f"sample-{i}", title, shop.connected_at, links.get("shop"))
        for i, title in enumerate(words.products)
    }


def _picks(shop: Shop, words: _Words, links: Mapping[str, str], moments: set[str]) -> tuple[Pick, ...]:
    """Of a cart both products, of a product that is back the one; else nothing is picked."""
    if not moments & {"cart_abandoned", "back_in_stock"}:
        return ()
    titles = words.products if "cart_abandoned" in moments else words.products[:1]
    why = "why_in_cart" if "cart_abandoned" in moments else "why_back"
    return tuple(
        Pick(f"sample-{i}", title, links.get("shop"), None, sample_price(shop, _PRICES[i]), shop.currency, why)
        for i, title in enumerate(titles)
    )


def sample_coupon(shop: Shop, name: str, now: datetime) -> Coupon:
    """What a coupon of the shop's rule is worth, under a code that opens nothing; 10 % where there is no such rule."""
    try:
        rule = parse(name, shop.coupons.get(name, {"percent": 10}))
    except BadRule:
        rule = Rule(name, percent=10)
    code = f"{rule.prefix}-SAMPLE" if rule.prefix else "SAMPLE"
    return Coupon(code, name, stamp(now + rule.life), rule.percent, rule.amount, rule.least)
