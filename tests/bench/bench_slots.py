"""What the storefront waits for: `GET /v1/slots` beside a bare Chalice route that reads one item, in the same run and
from the same emulator; and how many reads each kind of page costs."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
from chalicelib.domain.order import Buyer
from chalicelib.domain.shop import Shop
from chalicelib.domain.slot import PERSONAL
from chalicelib.domain.times import stamp
from chalicelib.domain.together import Pick
from chalicelib.routes import limits
from chalicelib.settings import settings
from chalicelib.table import base, lean, learnt
from chalicelib.table.learnt import Rec
from chalicelib.work import remembered
from infra import resources
from infra.local.ministack import REGION, Ministack
from tests.acme import MASTER, NOW
from tests.conftest import environment
from tests.storefront import PAGE, bought, open_storefront, product, reads

PRODUCTS, VISITORS, ASKS, A_DAY = 400, 120, 1_200, 2_000
BETWEEN = timedelta(milliseconds=50)  # from one request to the next: a busy process
Answer = dict[str, Any]
Call = Callable[[int], Answer]


def _is_full(answer: Answer) -> bool:
    """Nothing is empty that this visitor has something for: an empty page would be a fast one."""
    told = json.loads(answer["body"])
    empty = {slot["name"] for slot in told["slots"] if not slot["items"]}
    return empty <= ({"messages"} if told["personal"] else set(PERSONAL))


@dataclass(frozen=True)
class Page:
    """A kind of page: `of(n)` makes its n-th request, to which the answer `is_right`. `warm`: so many are asked for
    before anything is measured; `forgetting`: every request finds a process that knows nothing."""

    of: Callable[[int], Callable[[], Answer]]
    asks: int = ASKS
    warm: int = 0
    forgetting: bool = False
    is_right: Callable[[Answer], bool] = _is_full


def run() -> dict[str, Any]:
    """Milliseconds of one request inside the function, by kind of page, and table reads per request: in turn with a
    bare route's, since a machine that idles in between answers more slowly. `a_day` is how people come: most look at
    few products (Zipf), one in six is logged in, and what is remembered grows old. Last a bare route over our own
    client: what of all this is botocore's."""
    with _world() as made:
        shop = _shop()
        bare, own = _bare(_over_boto3(made.table)), _bare(_over_our_own)
        for n in range(100):
            bare(n)
        pages = {**_pages(shop), "bare_route_over_our_client": Page(lambda n: lambda: own(n), is_right=_is_there)}
        return {name: _beside(bare, page) for name, page in pages.items()}


def _pages(shop: Shop) -> dict[str, Page]:
    rnd = Random(7)
    views = rnd.choices(range(PRODUCTS), [1 / (n + 1) for n in range(PRODUCTS)], k=A_DAY)

    def product_page(product: int, account: int | None = None) -> Any:
        slots = "goes-with,popular" if account is None else "goes-with,buy-again,messages"
        return _slots(shop, slots, account, page="product", product=f"p{product}")

    def home(account: int | None) -> Any:
        return _slots(shop, "buy-again,new-for-you,popular", account, page="home")

    def some(n: int) -> Any:
        return product_page(views[n], n % VISITORS if n % 6 == 0 else None) if n % 5 else home(None)

    unchanged = {"If-None-Match": _slots(shop, "popular")()["headers"]["ETag"]}
    return {
        "a_day": Page(some, A_DAY),
        "home_of_a_customer": Page(lambda n: home(n % VISITORS), warm=VISITORS),
        "product_page_nobody_saw_lately": Page(lambda n: product_page(n), PRODUCTS),
        "same_page_again": Page(lambda n: product_page(1)),
        "unchanged_304": Page(lambda n: _slots(shop, "popular", headers=unchanged), is_right=_is_unchanged),
        "home_of_a_customer_in_a_new_process": Page(lambda n: home(n % VISITORS), 100, forgetting=True),
    }


def _beside(bare: Call, page: Page) -> dict[str, float]:
    calls = [page.of(n) for n in range(page.asks)]
    remembered.forget_everything()
    for n in range(page.warm):
        calls[n]()
    ours, floor, reads = _measured(bare, lambda n: calls[n](), page)
    assert all(page.is_right(calls[n]()) for n in range(0, page.asks, 10))
    ratios = {f"{name}_times_floor": ours[f"{name}_ms"] / floor[f"{name}_ms"] for name in ("p50", "p99")}
    return {
        **ratios,
        **ours,
        **{f"bare_{name}": value for name, value in floor.items()},
        "requests_to_the_table": reads,
    }


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


def _over_boto3(table: str) -> Callable[[], Any]:
    client = boto3.client("dynamodb", region_name=REGION, endpoint_url=settings().endpoint_url)
    key = {"pk": {"S": base.partition("acme", "P", "p1")}, "sk": {"S": "PRODUCT"}}
    return lambda: client.get_item(TableName=table, Key=key)["Item"]


def _over_our_own() -> Any:
    return lean.get(base.partition("acme", "P", "p1"), "PRODUCT")


def _is_there(answer: Answer) -> bool:
    return bool(json.loads(answer["body"])["item"])


def _is_unchanged(answer: Answer) -> bool:
    return bool(answer["statusCode"] == 304)


def _bare(get_item: Callable[[], Any]) -> Call:
    app = Chalice(app_name="bare")

    @app.route("/bare")
    def bare() -> dict[str, Any]:
        return {"item": get_item()}

    event = _event(app, "/bare", {})
    return lambda n: app(event, LambdaContext("bare", 512))


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


def _measured(bare: Call, call: Call, page: Page) -> tuple[dict[str, float], dict[str, float], float]:
    """The page's figures, the bare route's, and how often the page asked the table for anything."""
    ours, floor, asked = [], [], 0
    clock.use(lambda: NOW + n * BETWEEN)
    for n in range(page.asks):
        if n % 200 == 0:
            limits.forget_everything()  # one address asks for all of them
        if page.forgetting:
            remembered.forget_everything()
        floor.append(_timed(bare, n))
        with reads() as found:
            ours.append(_timed(call, n))
        asked += len(found)
    clock.use(lambda: NOW)
    return _figures(ours), _figures(floor), asked / page.asks


def _timed(call: Call, n: int) -> float:
    began = time.perf_counter()
    answer = call(n)
    took = (time.perf_counter() - began) * 1000
    assert answer["statusCode"] in (200, 304), answer
    return took


def _figures(took: list[float]) -> dict[str, float]:
    return {"p50_ms": median(took), "p99_ms": quantiles(took, n=100)[98]}
