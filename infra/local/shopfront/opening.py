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
from chalicelib.domain.times import moment, stamp
from infra.local import nights
from infra.local.shopfront import past
from infra.local.shopfront.front import Front
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
        In a world that was there before nothing is told twice. They open in the morning: in the evening whoever buys
        would wait for her mail until quiet hours end."""
        if (morning := _morning(world.timeline.now())) > world.timeline.now():
            world.jump(morning, _PACE, once=True)
        for place, server in zip(PLACES, self._servers, strict=True):
            self.fronts[place.slug] = _furnished(world, place, server, most)
            world.storefronts[place.slug] = server.url
        nights.learn(world, self.fronts)
        for front, server in zip(self.fronts.values(), self._servers, strict=True):
            server.open(Routes(front), world.url)
        return sum(len(front.orders) for front in self.fronts.values())


def _morning(now: datetime) -> datetime:
    """Nine o'clock in Greenwich, where it is later than six in the evening or earlier than seven."""
    nine = now.replace(hour=9, minute=0, second=0, microsecond=0)
    return nine + timedelta(days=now.hour >= 18) if not 7 <= now.hour < 18 else now


def _furnished(world: World, place: Place, server: ShopServer, most: int | None) -> Front:
    wire = Wire(world.url, server.url, _registered(world, place, server.url))
    front = Front(place, server.url, wire, words(place.language)["categories"])
    opened, known = _opened(world.data / f"{place.slug}.json", stamp(world.timeline.now()))
    front.remember(past.orders(place, moment(opened))[-most:] if most else past.orders(place, moment(opened)))
    if not known:
        _say_something_new(place, wire)
        for number, order in front.orders.items():
            _must(wire.tell(wire.tongue.sent(place, order, world.timeline.now()), f"before-{number}"))
        world.engine.drain()
    # Also where the shops were there before: their ports may be others now.
    for at, said in enumerate(front.catalogue_said(world.timeline.now())):
        _must(wire.tell(said, f"catalogue-{at}-{stamp(world.timeline.now())}"))
    world.engine.drain()
    return front


def _registered(world: World, place: Place, url: str) -> dict[str, Any]:
    """Through the same door as `add-shop`."""
    body = json.dumps(place.registration([url])).encode()
    request = urllib.request.Request(f"{world.url}/_local/shops", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        given: dict[str, Any] = json.loads(answer.read())
    return given


def _opened(note: Path, now: str) -> tuple[str, bool]:
    """(when the shop was opened in this world, whether that was before). Its past hangs on that moment."""
    if note.exists():
        return str(json.loads(note.read_text())["opened"]), True
    note.write_text(json.dumps({"opened": now}))
    return now, False


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
