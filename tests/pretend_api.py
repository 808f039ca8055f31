"""A shop that can be asked, in a few lines: what it holds is a dictionary, everything it may answer can be set."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from chalicelib.domain.events import OrderSeen
from chalicelib.domain.order import Order
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import in_order, stamp
from chalicelib.platforms.shop_api import Facts, Found, Hook, Link, Page, Unread, settled
from chalicelib.settings import settings
from chalicelib.work.access import NotConnected
from chalicelib.work.talk import Outside
from tests import acme

URL = "https://acme.test"


class PretendShop:
    """Plays a platform's `api` module and the shop behind it. `fails`: what the next questions raise, one after the
    other. `dies`: raised after so many orders were shown, as a worker dies."""

    KINDS = ("orders",)
    HOOK_TOPICS = ("order.created", "order.updated")
    SECRETS_PER_TOPIC = True

    def __init__(self, *orders: Order, per_page: int = 3) -> None:
        self.held = {order.id: order for order in orders}
        self.per_page = per_page
        self.unreadable: set[str] = set()
        self.webhooks: dict[str, Hook] = {}
        self.fails: list[Exception] = []
        self.asked: list[str] = []
        self.address = URL
        self.time = acme.NOW

    def now(self) -> datetime:
        return self.time

    def passes(self, **time: float) -> None:
        self.time += timedelta(**time)

    def facts(self, link: Link) -> Facts:
        self._answer("facts")
        return Facts(self.address, "Acme")

    def count(self, link: Link) -> int:
        self._answer("count")
        return len(self.held)

    def page(self, link: Link, shop: Shop, kind: str, since: str | None, cursor: str | None) -> Page:
        """Keyset paging by (updated_at, id)."""
        self._answer("page")
        after = tuple(json.loads(cursor)) if cursor else (in_order(since or ""), "")
        found = sorted((in_order(order.updated_at), order.id) for order in self.held.values())
        rest = [at for at in found if at > after]
        some = rest[: self.per_page]
        events = [OrderSeen(self._read(order_id)) for _, order_id in some if order_id not in self.unreadable]
        unread = [
            Unread(kind, order_id, "has no total", "total") for _, order_id in some if order_id in self.unreadable
        ]
        more = json.dumps(some[-1]) if len(rest) > len(some) else None
        return Page(tuple(events), tuple(unread), more, len(self.held))

    def orders(self, link: Link, shop: Shop, ids: Sequence[str]) -> Found:
        self._answer("orders")
        there = [order_id for order_id in ids if order_id in self.held]
        return Found(tuple(map(self._read, there)), (), tuple(i for i in ids if i not in self.held))

    def hooks(self, link: Link, delivery_url: str) -> list[Hook]:
        self._answer("hooks")
        return [hook for hook in self.webhooks.values() if hook.url == delivery_url]

    def add_hook(self, link: Link, topic: str, delivery_url: str, secret: str) -> None:
        number = str(len(self.webhooks) + 1)
        self.webhooks[number] = Hook(number, topic, delivery_url, "active")

    def mend_hook(self, link: Link, hook: Hook, delivery_url: str, secret: str) -> None:
        self.webhooks[hook.id] = replace(hook, state="active", url=delivery_url)

    def drop_hook(self, link: Link, hook: Hook) -> None:
        del self.webhooks[hook.id]

    def jwks(self, link: Link) -> str:
        self._answer("jwks")
        return '{"keys":[{"kid":"new","kty":"RSA"}]}'

    def _read(self, order_id: str) -> Order:
        return settled(self.held[order_id], self.time)

    def _answer(self, what: str) -> None:
        self.asked.append(what)
        if self.fails:
            raise self.fails.pop(0)


class Worker:
    """Works as the function does, at the pretend shop's time. `pages`: how many it gets done before its time is up."""

    def __init__(self, shop: PretendShop, connected: bool = True, pages: int = 1_000, threads: int = 1) -> None:
        self.shop, self.connected, self.pages = shop, connected, pages
        self.queue: list[tuple[str, str]] = []
        self.stored: dict[str, bytes] = {}
        self.threads = threads

    def outside(self) -> Outside:
        left = iter([100.0] * self.pages + [0.0] * 10_000)
        return Outside(
            settings(),
            self.shop.now,
            lambda: next(left),
            self._reach,
            lambda shop, task: self.queue.append((shop, task)),
            lambda key: len(self.stored[key]),
            lambda key, start, size: self.stored[key][start : start + size],
            lambda key, data: self.stored.__setitem__(key, data),
            self.threads,
        )

    def _reach(self, shop: Shop) -> tuple[Any, Link]:
        if not self.connected:
            raise NotConnected("no key")
        return self.shop, Link(URL, {}, self, self.shop.now)  # type: ignore[arg-type]


def bought(number: int, minutes: int = 0) -> Order:
    """The n-th order of its own customer, placed n hours after 1 November."""
    at = acme.NOW - timedelta(days=15) + timedelta(hours=number)
    buyer = replace(acme.SARA, email=f"buyer{number}@example.test", phone=None)
    changed = stamp(at + timedelta(minutes=minutes))
    return acme.order(f"{number}", buyer, placed_at=stamp(at), paid_at=stamp(at), updated_at=changed)
