"""What the storefront waits for: `GET /v1/slots` beside a bare Chalice route that reads one item, in the same run and
from the same emulator; and how many reads each kind of page costs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlencode

import boto3
from chalice import Chalice
from chalice.config import Config
from chalice.local import LambdaContext, LocalGateway

from chalicelib import clock, keys
from chalicelib.domain import blinding
from chalicelib.domain.order import Buyer
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.domain.together import Pick
from chalicelib.routes import limits
from chalicelib.settings import settings
from chalicelib.table import base, learnt, visitor
from chalicelib.table.learnt import Rec
from chalicelib.work import remembered
from infra import resources
from infra.local.ministack import REGION, Ministack
from tests.acme import MASTER, NOW
from tests.conftest import environment
from tests.storefront import PAGE, bought, open_storefront, product

PRODUCTS, VISITORS, ASKS = 400, 120, 400
Call = Callable[[int], dict[str, Any]]


def run() -> dict[str, Any]:
    """Milliseconds of one request inside the function, by kind of page, and table reads per request. `a_day` is how
    people come: most look at few products (Zipf), one in six is logged in."""
    with _world() as made:
        shop = _shop()
        bare, query = _bare(made.table), _bare_query(made.table, shop)
        floors = _measured(bare), _measured(query)
        found = {name: _of(ask) for name, ask in _pages(shop).items()}
        found["unchanged_304"] = _unchanged(shop)
        one, many = (_middle(before, _measured(call)) for before, call in zip(floors, (bare, query), strict=True))
        pages = {name: _beside(told, one, many) for name, told in found.items()}
        return {"bare_route_with_one_read": one, "bare_route_with_one_query": many, **pages}


def _middle(one: dict[str, float], other: dict[str, float]) -> dict[str, float]:
    return {name: (one[name] + other[name]) / 2 for name in one}


def _pages(shop: Shop) -> dict[str, Call]:
    rnd = Random(7)
    views = rnd.choices(range(PRODUCTS), [1 / (n + 1) for n in range(PRODUCTS)], k=ASKS)

    def product_page(product: int, account: int | None = None) -> Any:
        slots = "goes-with,popular" if account is None else "goes-with,buy-again,messages"
        return _slots(shop, slots, account, page="product", product=f"p{product}")

    def home(account: int | None) -> Any:
        return _slots(shop, "buy-again,new-for-you,popular", account, page="home")

    return {
        "a_day": lambda n: product_page(views[n], n % VISITORS if n % 6 == 0 else None) if n % 5 else home(None),
        "home_of_a_customer": lambda n: home(n % VISITORS),
        "product_page_nobody_saw_lately": lambda n: product_page(n % PRODUCTS),
        "same_page_again": lambda n: product_page(1),
    }


def _beside(told: dict[str, float], one: dict[str, float], many: dict[str, float]) -> dict[str, float]:
    """Beside a bare GetItem, and beside a bare Query of what a customer's page has to read."""
    ratios = {f"{name}_times_floor": told[f"{name}_ms"] / one[f"{name}_ms"] for name in ("p50", "p99")}
    return ratios | {f"{name}_times_query": told[f"{name}_ms"] / many[f"{name}_ms"] for name in ("p50", "p99")} | told


@contextmanager
def _world() -> Iterator[resources.Resources]:
    with Ministack() as running:
        made = resources.create(
            lambda service: boto3.client(service, region_name=REGION, endpoint_url=running.url), "bench-slots"
        )
        before = dict(os.environ)
        os.environ.update(environment(made.table, made, running.url))
        os.environ.update(AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench", AWS_DEFAULT_REGION=REGION)
        settings.cache_clear()
        base.connect()
        clock.use(lambda: NOW)
        try:
            yield made
        finally:
            clock.use(None)
            os.environ.clear()
            os.environ.update(before)
            settings.cache_clear()


def _shop() -> Shop:
    """A shop of a few hundred products, of which each goes with twelve, and customers with six orders each."""
    shop, rnd = open_storefront(), Random(6)
    names = [f"p{n}" for n in range(PRODUCTS)]
    for name in names:
        product(shop, name)
        learnt.put_rec(shop.slug, name, Rec(tuple(Pick(one, 0.1, rnd.randint(3, 60)) for one in rnd.sample(names, 12))))
    popular = [[name, 100 - n] for n, name in enumerate(rnd.sample(names, 60))]
    learnt.put_model(shop.slug, {"learned_at": stamp(NOW - timedelta(hours=9)), "popular": {"*": popular}})
    for account in range(VISITORS):
        buyer = Buyer(account=str(account), email=f"visitor{account}@example.test")
        for order in range(6):
            bought(shop, f"{account}-{order}", 40 * order + 35, *rnd.sample(names, 4), buyer=buyer)
    return shop


def _bare(table: str) -> Call:
    app = Chalice(app_name="bare")
    client = boto3.client("dynamodb", region_name=REGION, endpoint_url=settings().endpoint_url)

    @app.route("/bare")
    def bare() -> dict[str, Any]:
        key = {"pk": {"S": base.partition("acme", "P", "p1")}, "sk": {"S": "PRODUCT"}}
        return {"item": client.get_item(TableName=table, Key=key)["Item"]}

    event = _event(app, "/bare", {})
    return lambda n: app(event, LambdaContext("bare", 512))


def _bare_query(table: str, shop: Shop) -> Call:
    app = Chalice(app_name="bare")
    client = boto3.client("dynamodb", region_name=REGION, endpoint_url=settings().endpoint_url)
    nodes = [blinding.customer_id(shop.blind_key, f"account:{n}") for n in range(VISITORS)]
    asked = {
        "TableName": table,
        "KeyConditionExpression": "pk = :p AND sk BETWEEN :a AND :b",
        "ScanIndexForward": False,
    }
    between = {":a": {"S": visitor.FIRST}, ":b": {"S": visitor.LAST}}

    @app.route("/bare/{n}")
    def bare(n: str) -> dict[str, Any]:
        values = {**between, ":p": {"S": base.partition("acme", "C", nodes[int(n)])}}
        return {"items": client.query(**asked, ExpressionAttributeValues=values)["Items"]}

    events = [_event(app, f"/bare/{n}", {}) for n in range(VISITORS)]
    return lambda n: app(events[n % VISITORS], LambdaContext("bare", 512))


def _slots(shop: Shop, slots: str, account: int | None = None, headers: dict[str, str] | None = None, **q: str) -> Any:
    """The finished call: only what happens inside the function is measured."""
    import app

    told = {"Origin": PAGE, **(headers or {})}
    if account is not None:
        secret = keys.identity_secret(MASTER, shop.slug)
        told["Authorization"] = "Bearer " + keys.customer_token(
            secret, "acme", str(account), NOW + timedelta(minutes=9)
        )
    query = urlencode({"key": shop.publishable_key, "slots": slots, **q})
    event = _event(app.app, f"/v1/slots?{query}", told)
    return lambda: app.app(event, LambdaContext("api", 512))


def _event(app: Chalice, target: str, headers: dict[str, str]) -> dict[str, Any]:
    gateway = LocalGateway(app, Config())
    event: dict[str, Any] = gateway._generate_lambda_event("GET", target, headers, None)
    event["multiValueHeaders"] = {}
    return event


def _of(ask: Call) -> dict[str, float]:
    """One kind of page: the process starts out knowing nothing."""
    remembered.forget_everything()
    calls = [ask(n) for n in range(ASKS)]
    reads: list[str] = []
    client = base.Row._get_connection().connection.client
    client.meta.events.register(
        "before-call.dynamodb", lambda model, **more: reads.append(model.name), unique_id="bench"
    )
    told = _measured(lambda n: calls[n]())
    client.meta.events.unregister("before-call.dynamodb", unique_id="bench")
    return {**told, "requests_to_the_table": len(reads) / ASKS}


def _unchanged(shop: Shop) -> dict[str, float]:
    answer = _slots(shop, "popular")()
    again = {"If-None-Match": answer["headers"]["ETag"]}
    assert _slots(shop, "popular", headers=again)()["statusCode"] == 304
    return _of(lambda n: _slots(shop, "popular", headers=again))


def _measured(call: Callable[[int], Any]) -> dict[str, float]:
    took = []
    for n in range(ASKS):
        if n % 200 == 0:
            limits.forget_everything()  # one address asks for all of them
        began = time.perf_counter()
        answer = call(n)
        took.append((time.perf_counter() - began) * 1000)
        assert answer["statusCode"] in (200, 304), answer
    return {"p50_ms": median(took), "p99_ms": quantiles(took, n=100)[98]}
