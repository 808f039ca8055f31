"""One shop as it runs: its customers, its orders, and what it tells of them."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import quote

from chalicelib import clock
from infra.local.shopfront import past
from infra.local.shopfront.book import Book
from infra.local.shopfront.catalogue import Product
from infra.local.shopfront.orders import Customer, Line, Sold
from infra.local.shopfront.places import Place
from infra.local.shopfront.standard import Said
from infra.local.shopfront.visits import Visit, Visits
from infra.local.shopfront.wire import Unreachable, Wire

# When a parcel leaves after it was ordered.
PACKED = timedelta(hours=20)
# span of the time machine -> how far apart the clock's steps are at least
SPANS = {
    "3h": (timedelta(hours=3), "5m"),
    "3d": (timedelta(days=3), "30m"),
    "3w": (timedelta(weeks=3), "3h"),
}


@dataclass
class Notice:
    """What a buyer typed. `at_the_door`: she pays there."""

    name: str
    email: str
    phone: str = ""
    at_the_door: bool = False
    subscribes: bool = False


class Front:
    """A shop at `url`. `wire` leads to the API; `categories`: what each is called; `book`: where it writes down what
    happens."""

    def __init__(
        self, place: Place, url: str, wire: Wire, categories: dict[str, str], book: Book | None = None
    ) -> None:
        self.place, self.url, self.wire, self.categories = place, url, wire, categories
        self._book = book or Book()
        self.visits = Visits()
        everybody = past.customers(place)
        self.named = everybody[: len(past.NAMED)]
        accounts, orders = self._book.read(place.catalogue)
        self._customers = {customer.email: customer for customer in (*everybody, *accounts)}
        self._accounts = itertools.count(max(int(customer.id) for customer in self._customers.values()) + 1)
        self.orders = {order.number: order for order in orders}
        self._to_send = [order for order in orders if order.sent_at is None]
        self._told = itertools.count(1)
        self._lock = threading.Lock()

    def page_of(self, product: Product) -> str:
        """Where a product stands, from the root of this shop."""
        return f"/product/{quote(product.slug)}"

    def picture_of(self, product: Product) -> str:
        return f"/pictures/{quote(product.id)}.svg"

    def catalogue_said(self, now: datetime) -> list[Said]:
        """The whole catalogue, as its webhooks tell it."""
        return [
            self.wire.tongue.product(
                self.place, product, self.url + self.page_of(product), self.url + self.picture_of(product),
                self.categories[product.category], now,
            )
            for product in self.place.catalogue.products
        ]  # fmt: skip

    def remember(self, sold: list[Sold]) -> None:
        """Orders of before, all of which were sent."""
        self.orders.update((order.number, order) for order in sold)
        self._book.write(*sold)

    def lines(self, visit: Visit) -> list[Line]:
        known = self.place.catalogue.by_id
        return [Line(known[id], quantity) for id, quantity in visit.cart.items()]

    def shipping(self, goods: int) -> int:
        return 0 if goods >= self.place.free_from else self.place.shipping

    def orders_of(self, customer: Customer) -> list[Sold]:
        """Hers, the newest first."""
        return [order for order in reversed(self.orders.values()) if order.buyer.id == customer.id]

    def log_in(self, visit: Visit, name: str, email: str) -> None:
        """No passwords here: whoever says her address is her. A new address opens an account."""
        email = email.strip().lower()
        with self._lock:
            customer = self._customers.get(email)
            if customer is None:
                customer = Customer(str(next(self._accounts)), name.strip() or email.partition("@")[0], email)
                self._customers[email] = customer
                self._book.write(customer)
        if not self.orders_of(customer):
            self._tell(self.wire.tongue.account(self.place, customer, self._now()))
        visit.customer = customer

    def put(self, visit: Visit, product: str, quantity: int) -> None:
        """Into the cart; of somebody who is logged in the API is told, where the platform tells of carts."""
        visit.put(product, quantity)
        if visit.customer and (lines := self.lines(visit)):
            said = self.wire.tongue.cart(self.place, visit.cart_key, visit.customer, lines, self._now())
            self._tell(*([said] if said else []))

    def sell(self, visit: Visit, notice: Notice) -> Sold:
        """The cart becomes an order, and its webhooks are sent. Also sells while the API is down."""
        now, lines = self._now(), tuple(self.lines(visit))
        account = visit.customer.id if visit.customer else ""
        buyer = Customer(account, notice.name, notice.email, notice.phone)
        with self._lock:
            number = str(max((int(known) for known in self.orders), default=past.FIRST_NUMBER - 1) + 1)
            shipping = self.shipping(sum(line.total for line in lines))
            sold = Sold(
                number, now, buyer, lines, shipping, notice.at_the_door,
                cart=visit.cart_key if account else "", subscribes=notice.subscribes,
            )  # fmt: skip
            self.orders[number] = sold
            self._to_send.append(sold)
            self._book.write(sold)
        visit.bought(number)
        self._tell(*self.wire.tongue.placed(self.place, sold, now))
        return sold

    def token(self, visit: Visit) -> str | None:
        """What proves who is logged in; None: nobody is. Raises Unreachable."""
        return self.wire.token(visit.customer.id, self.wire.now()) if visit.customer else None

    def arm(self, visit: Visit) -> str | None:
        """Whether she is in the control group, as the API says it to the pages. Raises Unreachable."""
        token = self.token(visit)
        return self.wire.slots("buy-again", token)["arm"] if token else None

    def story(self, visit: Visit) -> str:
        """Where the owner reads about her. Raises Unreachable."""
        book = f"{self.wire.api}/_local/customers/{self.place.slug}"
        found = self.wire.ask("/v1/customers", email=visit.customer.email)["items"] if visit.customer else []
        return f"{book}/{quote(found[0]['id'])}" if found else book

    def move(self, span: str) -> None:
        """The time machine: parcels leave on their way there. Raises Unreachable."""
        length, pace = SPANS[span]
        until = self.wire.now() + length
        with self._lock:
            leaving = sorted((order for order in self._to_send if order.at + PACKED <= until), key=lambda one: one.at)
            self._to_send = [order for order in self._to_send if order not in leaving]
        for order in leaving:
            self._go_to(order.at + PACKED, pace)
            self._send(replace(order, sent_at=max(order.at + PACKED, self.wire.now())))
        self._go_to(until, pace)

    def _go_to(self, at: datetime, pace: str) -> None:
        """Unless it is later already: the other shop's visitors move the clock too."""
        if at > self.wire.now():
            self.wire.jump(at, pace)

    def _send(self, order: Sold) -> None:
        self.orders[order.number] = order
        self._book.write(order)
        self._tell(self.wire.tongue.sent(self.place, order, order.sent_at or order.at))

    def _now(self) -> datetime:
        try:
            return self.wire.now()
        except Unreachable:  # nobody is there to be told, and the shop goes on
            return max((order.at for order in self.orders.values()), default=clock.real())

    def _tell(self, *said: Said) -> None:
        for one in said:
            self.wire.tell(one, f"{self.place.slug}-{next(self._told)}-{one[0]}-{int(self._now().timestamp())}")
