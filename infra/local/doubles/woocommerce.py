"""A pretend WooCommerce shop (10.5.2, Iranian toman, Tehran): REST API v3, webhooks, and the owner's consent page."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

from infra.local.doubles.woocommerce_hooks import Hooks
from infra.local.doubles.woocommerce_keys import GrantPage, Key, Keys
from infra.local.doubles.woocommerce_rest import Asked, Rest, Said
from infra.local.doubles.woocommerce_shelf import Shelf

_WP, _AUTH = "/wp-json", "/wc-auth/v1/"
_HOME = b"<!doctype html><title>A pretend WooCommerce shop</title><p>Its API is below /wp-json/wc/v3/."


class Double:
    """What tests change about it: `keys.known` (what a Key `may`, or take it away), `rest.manager`,
    `rest.drafts_in_any`, `rest.environment`, `hooks.held` (nobody visits the shop: its timer stands still), and
    `front`, a firewall: it gets (method, target) and has an answer of its own, or None."""

    CREDENTIALS: ClassVar[dict[str, str]] = {
        "consumer_key": "ck_0123456789abcdef0123456789abcdef01234567",
        "consumer_secret": "cs_76543210fedcba9876543210fedcba9876543210",
    }

    def __init__(
        self, url: str, now: Callable[[], datetime], deliver: Callable[[str, dict[str, str], bytes], int]
    ) -> None:
        self.url, self._lock = url.rstrip("/"), threading.RLock()
        self.front: Callable[[str, str], Said | None] = lambda method, target: None
        self.shelf, self.keys = Shelf(self.url, now), Keys(now)
        self.keys.known[self.CREDENTIALS["consumer_key"]] = Key(self.CREDENTIALS["consumer_secret"])
        self.hooks = Hooks(self.url, now, deliver, lambda resource, id: self.rest.payload(resource, id), self._lock)
        self.rest = Rest(self.url, self.shelf, self.keys, self.hooks, now, self.delete_order)
        self._grant = GrantPage(self.keys, self.url, deliver)

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Said:
        """One request. What others are to be told of it they are told afterwards, with no lock held."""
        parts = urlsplit(target)
        path = parts.path.removeprefix(urlsplit(self.url).path)
        blocked = self.front(method, target)
        if blocked:
            return blocked
        if path.startswith(_AUTH):
            return self._grant.answer(method, path.removeprefix(_AUTH), parts.query, body)
        if not path.startswith(_WP):
            return 200, {"content-type": "text/html; charset=UTF-8"}, _HOME
        asked = Asked(method, parts.path, path.removeprefix(_WP).strip("/"), parts.query, headers, body)
        with self._lock:
            said = self.rest.answer(asked)
        for then in asked.after:
            then()
        return said

    def fill(self, orders: int, days: int) -> None:
        """A believable history that ends now, told to nobody."""
        with self._lock:
            self.shelf.fill(orders, days)

    def place_order(self, **what: Any) -> str:
        """A new order; `what` are members of its body. A shop tells of it twice, the change first."""
        with self._lock:
            body = self.shelf.order(**what)
            number = int(body["id"])
        if body["customer_id"]:
            self.hooks.happened("customer.updated", int(body["customer_id"]))
        self.hooks.happened("order.updated", number)
        self.hooks.happened("order.created", number)
        return str(number)

    def change_order(self, id: str, **what: Any) -> None:
        """Change members of its body."""
        with self._lock:
            self.shelf.change(self.shelf.orders[int(id)], **what)
        self.hooks.happened("order.updated", int(id))

    def refund_order(self, id: str, amount: int, reason: str = "") -> None:
        """Give back `amount` whole units."""
        with self._lock:
            self.shelf.refund(self.shelf.orders[int(id)], amount, reason)
        self.hooks.happened("order.updated", int(id))
        self.hooks.happened("action.woocommerce_order_refunded", int(id))

    def delete_order(self, id: str, for_good: bool = False) -> None:
        """Into the bin, or for good: then it says nothing where it was in the bin already."""
        with self._lock:
            body = self.shelf.orders[int(id)]
            told = body["status"] != "trash"
            self.shelf.change(body, status="trash")
            if for_good:
                del self.shelf.orders[int(id)]
        if told:
            self.hooks.happened("order.deleted", int(id))

    def restore_order(self, id: str, status: str = "processing") -> None:
        """Out of the bin."""
        with self._lock:
            self.shelf.change(self.shelf.orders[int(id)], status=status)
        self.hooks.happened("order.restored", int(id))

    def register(self, **what: Any) -> str:
        """A new account."""
        with self._lock:
            number = int(self.shelf.customer(**what)["id"])
        self.hooks.happened("customer.created", number)
        return str(number)
