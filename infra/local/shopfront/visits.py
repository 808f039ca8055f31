"""Who is looking around: a cart, perhaps a name, under a random key that stands in a cookie."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from infra.local.shopfront.orders import Customer

MOST = 1000
MOST_PIECES, MOST_LINES = 20, 30


@dataclass
class Visit:
    """`agreed`: what was answered to the question about storage; None: nothing yet. `orders`: numbers of what was
    bought in this visit."""

    key: str
    cart_key: str
    cart: dict[str, int] = field(default_factory=dict)
    customer: Customer | None = None
    agreed: bool | None = None
    orders: list[str] = field(default_factory=list)

    @property
    def pieces(self) -> int:
        return sum(self.cart.values())

    def put(self, product: str, quantity: int) -> None:
        """That many of a product in the cart; 0 takes it out."""
        self.cart.pop(product, None) if quantity < 1 else None
        if quantity > 0 and (product in self.cart or len(self.cart) < MOST_LINES):
            self.cart[product] = min(quantity, MOST_PIECES)

    def bought(self, number: str) -> None:
        """The cart was paid for; the next one is another."""
        self.orders.append(number)
        self.cart, self.cart_key = {}, _random()


class Visits:
    """The last thousand."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Visit] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, key: str) -> Visit:
        """The visit of a cookie; a new one where it is not known."""
        with self._lock:
            visit = self._known.get(key) or Visit(_random(), _random())
            self._known[visit.key] = visit
            self._known.move_to_end(visit.key)
            while len(self._known) > MOST:
                self._known.popitem(last=False)
        return visit


def _random() -> str:
    return secrets.token_urlsafe(18)
