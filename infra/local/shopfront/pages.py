"""A shop's pages as HTML: what each shows, put into its template. Templates escape all they are given."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from liquid import CachingFileSystemLoader, Environment, StrictUndefined
from markupsafe import Markup

from chalicelib.domain.times import stamp
from infra.local.shopfront.catalogue import Product
from infra.local.shopfront.front import SPANS, Front
from infra.local.shopfront.orders import Line, Sold
from infra.local.shopfront.past import NAMED
from infra.local.shopfront.visits import MOST_PIECES, Visit
from infra.local.shopfront.wire import Unreachable
from infra.local.shopfront.words import words

_TEMPLATES = Path(__file__).with_name("templates")
Shown = dict[str, Any]


@cache
def _environment() -> Environment:
    loader = CachingFileSystemLoader(_TEMPLATES, ext=".html")
    return Environment(autoescape=True, undefined=StrictUndefined, loader=loader)


class Pages:
    """Every page of one shop, for one visit each."""

    def __init__(self, front: Front) -> None:
        self._front, self.words = front, words(front.place.language)
        self._products = {product.id: self._product(product) for product in front.place.catalogue.products}

    def home(self, visit: Visit) -> str:
        place = self._front.place
        everything = place.catalogue.products
        tiles = [place.catalogue.by_id[id] for id in place.window]
        kitchen = tuple(product for name in place.shelf for product in place.catalogue.of(name))
        return self._page(
            "home", visit, "/", self.words["tagline"], tiles=self._shown(tiles), first=tiles[0].category,
            picks=self._shown(_every(everything, 13)[:4]), newest=self._shown(reversed(everything[-8:])),
            kitchen=self._shown(_every(kitchen[1:], 4)[:4]),
        )  # fmt: skip

    def category(self, visit: Visit, category: str) -> str:
        found = self._front.place.catalogue.of(category)
        name = self.words["categories"][category]
        shown = {"heading": name, "products": self._shown(found), "category": category}
        return self._page("category", visit, f"/category/{category}", name, **shown)

    def product(self, visit: Visit, product: Product) -> str:
        place = self._front.place
        amounts = {"shipping": place.money(place.shipping), "free": place.money(place.free_from)}
        return self._page(
            "product", visit, self._front.page_of(product), product.title, product=self._products[product.id],
            beside=self._shown(place.catalogue.beside(product)), delivery=self.words["delivery"].format(**amounts),
        )  # fmt: skip

    def search(self, visit: Visit, typed: str) -> str:
        heading = self.words["found"].format(words=typed)
        shown = {"products": self._shown(self._front.place.catalogue.search(typed)), "picks": self._picks()}
        path = f"/search?{urlencode({'q': typed})}"
        return self._page("search", visit, path, self.words["search"], heading=heading, searched=typed, **shown)

    def cart(self, visit: Visit) -> str:
        lines = self._front.lines(visit)
        shown = {**self._sums(lines, None), "ids": ",".join(visit.cart), "picks": self._picks(visit.cart)}
        shown["quantities"] = [[one, self._front.place.speech.number(one)] for one in range(1, MOST_PIECES + 1)]
        return self._page("cart", visit, "/cart", self.words["basket"], **shown)

    def checkout(self, visit: Visit, wrong: bool = False, typed: dict[str, str] | None = None) -> str:
        who = visit.customer
        known = {"name": who.name, "email": who.email, "phone": who.phone} if who else dict.fromkeys(_TYPED, "")
        shown = {"wrong": wrong, "typed": {**known, **(typed or {})}, **self._sums(self._front.lines(visit), None)}
        return self._page("checkout", visit, "/checkout", self.words["checkout"], **shown)

    def thanks(self, visit: Visit, order: Sold) -> str:
        said = {
            "thanks": self.words["thanks"].format(name=order.buyer.name),
            "thanks_text": self.words["thanks_text"].format(number=self._front.place.speech.digits(order.number)),
        }
        ids = [line.product.id for line in order.lines]
        shown = {**said, **self._sums(order.lines, order.shipping), "ids": ",".join(ids), "picks": self._picks(ids)}
        return self._page("thanks", visit, f"/thanks/{order.number}", said["thanks"], **shown)

    def account(self, visit: Visit) -> str:
        people = [
            {"name": one.name, "email": one.email, "is": self.words[habit]}
            for one, habit in zip(self._front.named, NAMED, strict=True)
        ]
        shown: Shown = {"people": people, "hello": "", "orders": []}
        if visit.customer:
            shown["hello"] = self.words["hello"].format(name=visit.customer.name)
            shown["orders"] = [self._order(order) for order in self._front.orders_of(visit.customer)]
        return self._page("account", visit, "/account", self.words["account"], **shown)

    def not_here(self, visit: Visit) -> str:
        return self._page("plain", visit, "/", self.words["not_here"], heading=self.words["not_here"], text="")

    def stopped(self, visit: Visit) -> str:
        return self._page(
            "plain", visit, "/", self.words["demo"], heading=self.words["demo"], text=self.words["stopped"]
        )

    def _page(self, template: str, visit: Visit, path: str, title: str, **shown: Any) -> str:
        place = self._front.place
        about = {
            "w": self.words,
            "place": {
                "name": place.name, "slug": place.slug, "locale": place.locale, "address": place.address,
                "language": place.language, "direction": place.speech.direction,
            },
            "visit": {"customer": _person(visit), "agreed": visit.agreed},
        }  # fmt: skip
        content = _environment().get_template(template).render(**about, **shown)
        around = {"title": title, "path": path, "content": Markup(content), **about, **self._around(visit)}  # noqa: S704
        around |= {"searched": shown.get("searched", ""), "category": shown.get("category", "")}
        return _environment().get_template("layout").render(**around)

    def _around(self, visit: Visit) -> Shown:
        front, place = self._front, self._front.place
        mailbox = f"{front.wire.api}/_local/mailbox"
        return {
            "api": front.wire.api,
            "key": front.wire.publishable_key,
            "clock": self._clock(),
            "spans": [[span, self.words["later"][span]] for span in SPANS],
            "mailbox": f"{mailbox}?{urlencode({'to': visit.customer.email})}" if visit.customer else mailbox,
            "pieces": place.speech.number(visit.pieces),
            "categories": [[name, self.words["categories"][name]] for name in place.catalogue.categories],
        }

    def _clock(self) -> str:
        try:
            now = self._front.wire.now()
        except Unreachable:
            return "–"
        return self._front.place.wall(stamp(now))

    def _product(self, product: Product) -> Shown:
        front = self._front
        return {
            "id": product.id, "title": product.title, "price": front.place.money(product.price),
            "page": front.page_of(product), "picture": front.picture_of(product), "about": product.about,
            "used_up": product.used_up, "category": product.category,
            "category_name": self.words["categories"][product.category],
        }  # fmt: skip

    def _shown(self, products: Iterable[Product]) -> list[Shown]:
        return [self._products[product.id] for product in products]

    def _picks(self, but: Iterable[str] = ()) -> list[Shown]:
        without = set(but)
        return [
            self._products[one.id] for one in _every(self._front.place.catalogue.products, 7) if one.id not in without
        ][:4]

    def _sums(self, lines: Iterable[Line], shipping: int | None) -> Shown:
        """Lines and sums; `shipping` of an order that was placed, None: what it would be now."""
        lines, money = tuple(lines), self._front.place.money
        goods = sum(line.total for line in lines)
        postage = self._front.shipping(goods) if shipping is None else shipping
        said = {"goods": money(goods), "shipping": money(postage) if postage else self.words["free"]}
        return {"lines": [self._line(line) for line in lines], "sums": {**said, "total": money(goods + postage)}}

    def _line(self, line: Line) -> Shown:
        place = self._front.place
        said = place.speech.number(line.quantity)
        total, product = place.money(line.total), self._products[line.product.id]
        return {"product": product, "quantity": line.quantity, "quantity_said": said, "total": total}

    def _order(self, order: Sold) -> Shown:
        place = self._front.place
        return {
            "name": self.words["order"].format(number=place.speech.digits(order.number)),
            "day": place.speech.date(stamp(order.at), place.timezone),
            "state": self.words["sent" if order.sent_at else "packing"],
            "total": place.money(order.total),
            "titles": ("، " if place.language == "fa" else ", ").join(line.product.title for line in order.lines),
        }


_TYPED = ("name", "email", "phone")


def _person(visit: Visit) -> dict[str, str] | None:
    return {"name": visit.customer.name, "email": visit.customer.email} if visit.customer else None


def _every(products: tuple[Product, ...], nth: int) -> list[Product]:
    """A spread over the whole catalogue, the same every time."""
    return [*products[::nth], *products[nth // 2 :: nth]]
