"""What a shop knows of a sale, before it is told in anybody's format."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from infra.local.shopfront.catalogue import Product


@dataclass(frozen=True, slots=True)
class Customer:
    """`id` is her account in the shop; "" for a guest."""

    id: str
    name: str
    email: str
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    product: Product
    quantity: int

    @property
    def total(self) -> int:
        return self.product.price * self.quantity


@dataclass(frozen=True, slots=True)
class Sold:
    """An order. `at_the_door`: paid when it arrives; `sent_at`: when it left the shop."""

    number: str
    at: datetime
    buyer: Customer
    lines: tuple[Line, ...]
    shipping: int = 0
    at_the_door: bool = False
    sent_at: datetime | None = None
    cart: str = ""
    subscribes: bool = False

    @property
    def total(self) -> int:
        return self.shipping + sum(line.total for line in self.lines)
