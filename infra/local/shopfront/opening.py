"""Opening day: both shops are registered, tell what they sell and have sold, and are learnt from."""

from __future__ import annotations

import json
import urllib.request
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from infra.local import nights
from infra.local.shopfront import past
from infra.local.shopfront.book import Book
from infra.local.shopfront.front import Front
from infra.local.shopfront.orders import Sold
from infra.local.shopfront.places import PLACES, Place
from infra.local.shopfront.routes import Routes
from infra.local.shopfront.server import ShopServer
from infra.local.shopfront.wire import Wire
from infra.local.shopfront.words import words
from infra.local.world import World

_FLOW = Path(__file__).with_name("something-new.yaml")
_TEXTS = Path(__file__).with_name("texts")
_PACE = timedelta(hours=1)


class Shopfronts:
    """Both shops: on the ports after `port` where they are free. They answer that they are not open until they are."""

    def __init__(self, port: int = 0) -> None:
        self._servers = [ShopServer(port + at if port else 0) for at, _ in enumerate(PLACES, 1)]
        self.fronts: dict[str, Front] = {}

    def __enter__(self) -> Shopfronts:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for server in self._servers:
            server.stop()

    def open(self, world: World, most: int | None = None) -> int:
        """Register, tell, learn, and let people in; how many orders they had (`most`: only the last so many of each).
        They open for the first time in the morning: in the evening whoever buys would wait for her mail until quiet
        hours end. In a world that was there before nothing is told twice, and its clock goes on from where it stood."""
        books = _books(world)
        if any(book.is_new for book in books.values()) and (morning := _morning(world.timeline.now())):
            world.jump(morning, _PACE, once=True)
        for place, server in zip(PLACES, self._servers, strict=True):
            self.fronts[place.slug] = _furnished(world, place, server, books[place.slug], most)
            world.storefronts[place.slug] = server.url
        nights.learn(world, self.fronts)
        for front, server in zip(self.fronts.values(), self._servers, strict=True):
            server.open(Routes(front), world.url)
        return sum(len(front.orders) for front in self.fronts.values())


def _books(world: World) -> dict[str, Book]:
    """slug -> what its shop wrote down. A world that was killed has lost its shops, but not their books: there they
    open anew."""
    known = {shop["shop"] for shop in world.shops()}
    books = {place.slug: Book(world.data / f"{place.slug}.jsonl") for place in PLACES}
    for slug in books.keys() - known:
        books[slug].drop()
    return books


def _morning(now: datetime) -> datetime | None:
    """The next nine o'clock in Greenwich, where it is later than six in the evening or earlier than seven."""
    nine = now.replace(hour=9, minute=0, second=0, microsecond=0)
    return None if 7 <= now.hour < 18 else nine + timedelta(days=now.hour >= 18)


def _furnished(world: World, place: Place, server: ShopServer, book: Book, most: int | None) -> Front:
    wire = Wire(world.url, server.url, _registered(world, place, server.url))
    front = Front(place, server.url, wire, words(place.language)["categories"], book)
    if book.is_new:
        _say_something_new(place, wire)
        sold = past.orders(place, world.timeline.now())
        _tell_the_past(world, front, sold[-most:] if most else sold)
    # Also where the shops were there before: their ports may be others now.
    for at, said in enumerate(front.catalogue_said(world.timeline.now())):
        _must(wire.tell(said, f"catalogue-{at}-{stamp(world.timeline.now())}"))
    world.engine.drain()
    return front


def _tell_the_past(world: World, front: Front, orders: list[Sold]) -> None:
    """Written down once all of it was told: a shop whose opening was broken off opens anew."""
    for order in orders:
        said = front.wire.tongue.sent(front.place, order, world.timeline.now())
        _must(front.wire.tell(said, f"before-{order.number}"))
    world.engine.drain()
    front.remember(orders)


def _registered(world: World, place: Place, url: str) -> dict[str, Any]:
    """Through the same door as `add-shop`. A shop that was there before stays as its owner left it, and may be found
    at other ports: where it is now comes first, as the links of mails and previews lead there."""
    known = next((shop for shop in world.shops() if shop["shop"] == place.slug), None)
    asked = place.registration([url])
    if known:
        origins = list(dict.fromkeys([url, *known["origins"]]))
        asked = {name: asked[name] for name in ("shop", "platform")} | {"origin": origins}
    body = json.dumps(asked).encode()
    request = urllib.request.Request(f"{world.url}/_local/shops", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        given: dict[str, Any] = json.loads(answer.read())
    return given


def _say_something_new(place: Place, wire: Wire) -> None:
    """A channel and a flow of the owner's own: a line in the shop itself, two days after an order."""
    from webhooks.keeping import keep

    def with_pages(shop: Shop | None) -> Shop:
        if shop is None:
            raise LookupError(place.slug)
        return replace(shop, channels={**shop.channels, "onsite": {"provider": "onsite"}})

    keep(place.slug, with_pages)
    texts = {place.language: {"something-new": (_TEXTS / f"{place.language}.md").read_text("utf-8")}}
    wire.put("/v1/flows/something-new", {"flow": _FLOW.read_text("utf-8"), "texts": texts})


def _must(sent: bool) -> None:
    if not sent:
        raise RuntimeError("a webhook of a demo shop was not taken")
