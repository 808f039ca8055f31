"""A history is imported by workers that are killed at any moment, while its orders go on changing: each is there once,
as the shop has it now, and memory stays what it was."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

import boto3
import pytest

from chalicelib.domain.order import Order, contribution, from_canonical, same
from chalicelib.platforms.body import parse
from chalicelib.platforms.woocommerce.orders import read_order
from chalicelib.settings import settings
from chalicelib.table import base, customers, orders, shops
from chalicelib.table.base import Row
from chalicelib.table.customers import PointerRow, ProfileRow
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.table.orders import OrderRow, RefetchRow, standing
from chalicelib.work import sync
from infra import resources
from infra.local.doubles.server import Served
from infra.local.doubles.woocommerce_hooks import as_php
from tests.conftest import REGION, environment
from tests.import_scene import Scene, Worker, moments_of_death, scene
from tests.selling import Selling
from tests.table_server import TableServer

# Of these statuses an order counts as placed: WooCommerce's own words.
PLACED = ("processing", "completed", "refunded", "on-hold")
# A kilobyte kept of every order makes 1.08 of the last worker of 5,000; what it warms up to makes 1.02.
GROWTH = 1.05
Held = dict[str, tuple[Order | None, str | None]]  # as it stands, and its customer's node


@contextmanager
def table_server() -> Iterator[TableServer]:
    """A table in this process that others reach over HTTP; the settings and every Row here point at it."""
    with pytest.MonkeyPatch.context() as patch, Served(lambda url: TableServer()) as served:  # type: ignore[arg-type, return-value]
        found = environment("fake", None, served.url) | {"ECRM_FETCH_URL": f"{served.url}/fetch", "ECRM_LOCAL": "1"}
        for name, value in found.items():
            patch.setenv(name, value)
        settings.cache_clear()
        base.connect()
        served.double.dynamo.install()  # type: ignore[attr-defined]
        try:
            yield served.double  # type: ignore[misc]
        finally:
            Row._connection = None
            settings.cache_clear()


@dataclass
class Ended:
    """What an import was like, once it had come to its end. `last`: the worker that nobody killed."""

    last: Worker
    seconds: float
    placed: list[str]
    told: int  # webhooks that came meanwhile


def imported(shop: Scene, history: int, kills: int, seed: int) -> Ended:
    """Everything that happens; what has to hold while it does is looked at here."""
    chance, began = Random(seed), time.monotonic()
    with Selling(shop, seed) as selling:
        for page, seconds in moments_of_death(kills, history, chance):
            shop.killed(page, seconds)
            assert sync.IMPORT in shop.ticks(), "nobody would have gone on"
            assert shop.seen[-1]["state"] == "running"
            assert shops.get("acme").importing, "marketing has to wait"  # type: ignore[union-attr]
        last = shop.done()
        took = time.monotonic() - began
    shop.comes_to_rest()
    return Ended(last, took, selling.placed, selling.told)


def is_whole(shop: Scene, rows: Iterable[dict[str, Any]], placed_meanwhile: list[str]) -> None:
    """Every order once, as the shop has it; every sum of every customer; nobody is written to about last year."""
    found: dict[type, list[Any]] = defaultdict(list)
    for raw in rows:
        row = Row.from_raw_data(raw)
        found[type(row)].append(row)
    held = {row.pk.split("#")[3]: (_order(row), row.customer) for row in found[OrderRow]}
    _as_in_the_shop(shop, held)
    _counted_once(shop, held, found[ProfileRow], found[PointerRow])
    assert {row.order_id for row in found[FollowUpRow]} <= set(placed_meanwhile) | _sent_out_meanwhile(shop)
    assert {row.order_id for row in found[FollowUpRow] if row.flow == "thank-you"} <= set(placed_meanwhile)
    assert not found[RefetchRow], "nothing is left to be asked"


def _sent_out_meanwhile(shop: Scene) -> set[str]:
    """Old orders that left the house since: their buyers may be asked how it was."""
    since = shop.shop.connected_at[:19]
    bodies = shop.double.shelf.orders
    return {str(number) for number, body in bodies.items() if (body["date_completed_gmt"] or "") >= since}


def _order(row: OrderRow) -> Order | None:
    return standing(from_canonical(row.snapshot) if row.snapshot else None, row.gone_at)


def _as_in_the_shop(shop: Scene, held: Held) -> None:
    bodies = shop.double.shelf.orders
    assert held.keys() == {str(number) for number in bodies}
    different = [number for number, body in bodies.items() if not _agrees(shop, body, held[str(number)][0])]
    assert not different, f"{len(different)}: {different[:20]}"
    there = sum(body["status"] != "trash" for body in bodies.values())
    api, link = shop.reach(shop.shop)
    assert orders.count("acme", shop.now()) == there == api.count(link)


def _agrees(shop: Scene, body: dict[str, Any], order: Order | None) -> bool:
    if body["status"] == "trash":
        return order is not None and order.status == "deleted"
    return order is not None and same(read_order(parse(as_php(body)), shop.shop), order)


def _counted_once(shop: Scene, held: Held, profiles: list[ProfileRow], pointers: list[PointerRow]) -> None:
    sums: Counter[tuple[str | None, str, str]] = Counter()
    for order, customer in held.values():
        for currency, totals in contribution(order).items():
            sums.update({(customer, currency, name): value for name, value in asdict(totals).items()})
    counted: Counter[tuple[str | None, str, str]] = Counter()
    for row in profiles:
        for currency, totals in customers.node_of(row.node).totals.items():
            counted.update({(row.pk.split("#")[3], currency, name): value for name, value in asdict(totals).items()})
    assert counted == sums
    in_shop = sum(body["status"] in PLACED for body in shop.double.shelf.orders.values())
    assert sum(value for (*_, name), value in counted.items() if name == "placed") == in_shop
    pointed = Counter((row.pk.split("#")[3], row.order_id) for row in pointers)
    assert pointed == Counter((customer, number) for number, (_, customer) in held.items() if customer)


def went_on(shop: Scene) -> None:
    """As it was read meanwhile: never back, however many workers died; and where it ended."""
    found = [_far(progress) for progress in shop.seen]
    assert found == sorted(found)
    assert len(set(found)) > 5, "nobody would see it move"
    done = sync.progress("acme")
    assert done
    assert (done["state"], done["kind"], done["rejected"], done["trouble"]) == ("done", None, [], None)
    assert not shops.get("acme").importing, "marketing need not wait any longer"  # type: ignore[union-attr]


def _far(progress: dict[str, Any]) -> tuple[int, ...]:
    return tuple(progress["counts"].get(kind, {}).get("read", 0) for kind in ("products", "customers", "orders"))


def is_flat(worker: Worker) -> None:
    """After a fifth of its pages a process has loaded all it needs."""
    early, late = worker.heaviest(0.0, 0.2), worker.heaviest(0.8, 1.0)
    assert late < GROWTH * early, f"{early} KB, then {late} KB, in {worker.pages} pages"


def test_five_thousand_orders_and_ten_deaths(capsys: pytest.CaptureFixture[str]) -> None:
    with table_server() as server, scene(5_000) as shop:
        ended = imported(shop, 5_000, kills=10, seed=20261121)
        went_on(shop)
        is_whole(shop, server.dynamo.all(), ended.placed)
        is_flat(ended.last)
    tell(capsys, shop, ended, 5_000)


def test_the_same_with_real_transactions_of_a_process_of_its_own(
    ministack: resources.Resources, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ECRM_LOCAL", "1")
    settings.cache_clear()
    with scene(300) as shop:
        ended = imported(shop, 300, kills=3, seed=7)
        went_on(shop)
        is_whole(shop, everything(ministack.table), ended.placed)
    tell(capsys, shop, ended, 300)


@pytest.mark.slow
def test_a_hundred_thousand_take_no_more_memory_than_five_thousand(capsys: pytest.CaptureFixture[str]) -> None:
    with table_server(), scene(5_000) as shop:
        few = imported(shop, 5_000, kills=0, seed=1).last
    with table_server() as server, scene(100_000, patience=3_600.0) as shop:
        ended = imported(shop, 100_000, kills=10, seed=2)
        went_on(shop)
        is_whole(shop, server.dynamo.all(), ended.placed)
        is_flat(ended.last)
        many, few_kb = ended.last.heaviest(0.0, 1.0), few.heaviest(0.0, 1.0)
        assert many < 1.15 * few_kb, f"{few_kb} KB, and {many} KB"
    tell(capsys, shop, ended, 100_000)


def everything(table: str) -> Iterator[dict[str, Any]]:
    client = boto3.client("dynamodb", region_name=REGION, endpoint_url=settings().endpoint_url)
    for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def tell(capsys: pytest.CaptureFixture[str], shop: Scene, ended: Ended, history: int) -> None:
    weights = [worker.heaviest(0.0, 1.0) // 1024 for worker in shop.began if worker.weights and worker.pages]
    with capsys.disabled():
        print(
            f"\n{history} orders in {ended.seconds:.0f} s ({history / ended.seconds:.0f} a second), "
            f"{len(shop.began) - 1} workers killed, {ended.told} webhooks meanwhile, {max(weights)} MB at most"
        )
