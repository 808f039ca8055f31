"""What happened in a shop, in our words. A platform's `read` turns one delivery into these; ingest takes them in.

Full snapshots (OrderSeen, AccountSeen, ProductSeen, CartSeen) carry everything; partial bodies become OrderChanged,
which only says that the order should be fetched.
"""

from __future__ import annotations

from dataclasses import dataclass

from chalicelib.domain.order import Buyer, Consent, Line, Order


class Unreadable(ValueError):
    """Authentic, but not something we can take in. `field` is a path such as `line_items[0].quantity`.

    Never carries values from the body: reasons are shown and logged.
    """

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.reason, self.field = reason, field


@dataclass(frozen=True, slots=True)
class OrderSeen:
    """A full snapshot of an order."""

    order: Order


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """Something about the order changed; the body does not say enough. Ask the shop."""

    order_id: str
    at: str


@dataclass(frozen=True, slots=True)
class OrderGone:
    """The shop says the order was deleted (to its bin or for good). `at` is when we were told."""

    order_id: str
    at: str


@dataclass(frozen=True, slots=True)
class AccountSeen:
    """A full snapshot of a customer account: the only thing that links a platform account and an e-mail address."""

    buyer: Buyer  # `account` is set
    created_at: str
    updated_at: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AccountGone:
    """The shop deleted the account. The person and her orders stay until she is erased."""

    account: str
    at: str


@dataclass(frozen=True, slots=True)
class ConsentGiven:
    """A consent changed outside an order: by account, e-mail or phone."""

    account: str | None
    email: str | None
    phone: str | None
    consent: Consent


@dataclass(frozen=True, slots=True)
class Product:
    """A product as the shop shows it. `price` is minor units of `currency` (ISO) or None where unknown; `listed`: the
    shop's own lists show it too, else only who searches for it or has its address finds it."""

    id: str
    title: str
    updated_at: str
    url: str | None = None
    image: str | None = None
    price: int | None = None
    currency: str | None = None
    available: bool = True
    tags: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    locale: str | None = None
    listed: bool = True


@dataclass(frozen=True, slots=True)
class ProductSeen:
    """A full snapshot of a product."""

    product: Product


@dataclass(frozen=True, slots=True)
class ProductGone:
    """The shop no longer has the product."""

    product_id: str
    at: str


@dataclass(frozen=True, slots=True)
class CartSeen:
    """A full snapshot of a cart."""

    cart_id: str
    buyer: Buyer
    lines: tuple[Line, ...]
    currency: str | None
    updated_at: str


@dataclass(frozen=True, slots=True)
class CartOrdered:
    """The cart became an order at the stored moment `at`: nothing is left in it."""

    cart_id: str
    at: str


@dataclass(frozen=True, slots=True)
class NotesTold:
    """What else somebody said of a customer (by account, e-mail or phone) at the stored moment `at`: pairs of a note of
    her profile (`customer.Contact.notes`) and its value."""

    account: str | None
    email: str | None
    phone: str | None
    at: str
    notes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AccountsMerged:
    """The shop made two accounts one: what `gone` had is now `kept`'s."""

    kept: str
    gone: str
    at: str


@dataclass(frozen=True, slots=True)
class PrivacyAsked:
    """A person, or the platform for her, uses a right. `what`: export (somebody has to answer her) | erase."""

    what: str
    account: str | None
    email: str | None
    phone: str | None
    at: str


@dataclass(frozen=True, slots=True)
class ShopGone:
    """The shop ended the connection. `what`: uninstalled (our token is dead) | erase (all it told us has to go)."""

    what: str
    at: str


Event = (
    OrderSeen
    | OrderChanged
    | OrderGone
    | AccountSeen
    | AccountGone
    | ConsentGiven
    | ProductSeen
    | ProductGone
    | CartSeen
    | CartOrdered
    | NotesTold
    | AccountsMerged
    | PrivacyAsked
    | ShopGone
)
