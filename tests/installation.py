"""A whole installation around a pretend shop, in one process and on a clock that is ours: the shop's webhooks come in
by the door, are worked off, and every minute the timer comes by. `answering` False: our side is down."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from chalicelib import accept, keys
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment
from chalicelib.settings import settings
from chalicelib.signatures import proven
from chalicelib.table import shops
from chalicelib.work import access, dispatch, fetch, hooks, ingest, read_health, sync
from chalicelib.work.talk import Outside
from infra.local.doubles.server import InProcess, double_of
from tests import acme
from tests.outside import FakeOutside

URLS = {
    "woocommerce": "https://acme.test",
    "shopify": "https://acme.myshopify.com",
    "saleor": "https://acme.saleor.test/graphql",
}


class Installation:
    """`shop` is registered and its credentials are sealed; nothing is connected yet."""

    def __init__(self, platform: str, start: str = "2026-11-01T08:00:00Z", **fields: Any) -> None:
        self.time = moment(start)
        self.answering = True
        self.door = FakeOutside()
        self.door.master = settings().master
        url = URLS[platform]
        self.double: Any = double_of(platform)(_home(url), self.now, self.deliver)
        self.http = InProcess(self.double, _home(url))
        self.shop = acme.open_shop(
            platform=platform, api_url=url, connected_at=start, source_url=fields.pop("source_url", url), **fields
        )[0]
        self.change(access=access.seal(settings().master, "acme", self.double.CREDENTIALS))
        self.tasks: list[tuple[str, str]] = []
        self.last_look = start

    def now(self) -> datetime:
        return self.time

    def change(self, **fields: Any) -> Shop:
        self.shop = shops.change("acme", lambda old: replace(old or self.shop, **fields))
        self.door.publish(self.shop)
        self.door.seconds += 61
        return self.shop

    def deliver(self, address: str, headers: dict[str, str], body: bytes) -> int:
        """What the shop posts, in at the door."""
        if not self.answering:
            return 500
        platform, slug = urlsplit(address).path.split("/")[-2:]
        status, _ = accept.receive(platform, slug, headers, body, self.now(), outside=self.door)
        return status

    def work(self) -> None:
        """Everything that waits on queues."""
        base: Callable[..., Any] = partial(proven, master=settings().master)
        outside = ingest.Outside(self.door.get, lambda envelope, shop: base(envelope, shop))
        while self.door.inbox:
            some, self.door.inbox = self.door.inbox[:10], self.door.inbox[10:]
            records = [{"messageId": str(n), "body": text} for n, (_, text) in enumerate(some)]
            assert ingest.handle({"Records": records}, self.now(), outside) == {"batchItemFailures": []}
        while self.tasks:
            some, self.tasks = self.tasks, []
            records = [{"messageId": str(n), "body": text} for n, (_, text) in enumerate(some)]
            assert fetch.handle({"Records": records}, self.outside()) == {"batchItemFailures": []}

    def outside(self, seconds: float = 100.0) -> Outside:
        return Outside(
            settings(),
            self.now,
            lambda: seconds,
            lambda shop: access.reach(shop, settings(), self.http),
            lambda shop, task: self.tasks.append(fetch.message(shop, task)),
            lambda key: len(self.door.objects[key]),
            lambda key, start, size: self.door.objects[key][start : start + size],
            self.door.put,
        )

    def passes(self, minutes: int = 1, each: int = 1) -> None:
        """Time goes by; the timer comes by after every `each` minutes, if our side is up."""
        for _ in range(0, minutes, each):
            self.time += timedelta(minutes=each)
            if self.answering:
                dispatch.tick(self.now(), dispatch.Outside(lambda _: None, lambda: 0, 14.0, self.tasks.extend))
                self.work()

    def connect(self) -> None:
        """Webhooks made, timer started, history asked for."""
        api, link = access.reach(self.shop, settings(), self.http)
        if self.shop.platform == "shopify":
            sealed = keys.seal_secret(settings().master, "acme", "*", self.double.CREDENTIALS["client_secret"])
            self.change(supplied_secrets={"*": [sealed]})
        if self.shop.platform == "saleor":
            self.change(jwks=api.jwks(link))
        hooks.mend(self.shop, api, link, settings())
        sync.begin_import("acme", "api", None, self.now())
        sync.start_timer("acme", self.now())
        self.passes(5)

    def health(self) -> dict[str, Any]:
        found = read_health.health(
            self.shop, read_health.Outside(lambda: len(self.door.inbox), lambda _: 0), self.now()
        )
        return json.loads(json.dumps(found))

    def seen(self) -> tuple[int, int]:
        """(orders seen, orders in the shop)"""
        found = self.health()
        return found["orders_seen"], found["orders_in_shop"]

    def states(self) -> set[str]:
        """Of our webhooks, as the last look found them."""
        return set(self.health()["shop"]["hooks"].values())


def _home(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def hours(number: float) -> int:
    """In minutes."""
    return int(number * 60)
