"""Acme's storefront for tests: products, what was learnt of them, and a page that asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from chalicelib import clock, keys
from chalicelib.domain.events import Product
from chalicelib.domain.order import Buyer, Line
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.domain.together import Pick
from chalicelib.table import base, learnt, products
from chalicelib.table.learnt import Rec
from chalicelib.thin import Thin
from tests.acme import MASTER, NOW, open_shop, order, see
from tests.gateway import Answered, ask

PAGE = "https://shop.acme.test"
MINA = Buyer(account="7", email="mina@example.test", name="Mina")


def open_storefront(slug: str = "acme", **fields: Any) -> Shop:
    """Everybody is treated; pages come from PAGE."""
    given = {"origins": [PAGE], "treated_share": "1", "publishable_key": keys.publishable_key(MASTER, slug)}
    shop, _ = open_shop(slug, **{**given, **fields})
    return shop


def product(shop: Shop, id: str, title: str = "", **fields: Any) -> Product:
    """A product as the shop shows it, 12.00 EUR."""
    plain: dict[str, Any] = {
        "url": f"{PAGE}/p/{id}",
        "image": f"{PAGE}/p/{id}.jpg",
        "price": 1200,
        "currency": "EUR",
        "updated_at": "2026-11-01T10:00:00Z",
    }
    found = Product(id, title or id.title(), **{**plain, **fields})
    products.see(shop.slug, found)
    return found


def learn(
    shop: Shop,
    popular: dict[str, int] | None = None,
    together: dict[str, list[tuple[str, int]]] | None = None,
    consumable: dict[str, int | None] | None = None,
    **more: Any,
) -> None:
    """What a night may have learnt: `popular` product -> buyers, `together` product -> [(other, buyers)], `consumable`
    product -> usual days."""
    model = {"learned_at": stamp(NOW - timedelta(hours=9)), "popular": {"*": list((popular or {}).items())}, **more}
    learnt.put_model(shop.slug, model)
    for id in {*(together or {}), *(consumable or {})}:
        picks = tuple(Pick(other, n / 100, n) for other, n in (together or {}).get(id, ()))
        learnt.put_rec(shop.slug, id, Rec(picks, id in (consumable or {}), (consumable or {}).get(id)))


def tea_shop() -> Shop:
    """It has learnt something: tea is used up within about 30 days. Its clock stands at noon."""
    clock.use(lambda: NOW)
    found = open_storefront()
    for id in ("tea", "cup", "pot", "honey", "biscuits"):
        product(found, id)
    learn(
        found,
        popular={"tea": 57, "cup": 12, "biscuits": 8},
        together={"tea": [("pot", 23), ("honey", 4)], "cup": [("pot", 9)]},
        consumable={"tea": 30},
    )
    return found


def bought(shop: Shop, order_id: str, days_ago: int, *ids: str, buyer: Buyer = MINA, **fields: Any) -> None:
    """An order of these products, so many days before NOW."""
    at = stamp(NOW - timedelta(days=days_ago))
    lines = tuple(Line(id, None, None, id.title(), 1, 1200, 1200) for id in ids)
    see(shop, order(order_id, buyer, lines=lines, placed_at=at, paid_at=at, updated_at=at, **fields))


def token(shop: Shop, account: str = "7", expires: datetime | None = None, issuer: str = "") -> str:
    """What the shop's server makes for who is logged in; `issuer`: what it says there instead of the shop."""
    secret = keys.identity_secret(MASTER, shop.slug)
    return keys.customer_token(secret, issuer or shop.slug, account, expires or clock.now() + timedelta(minutes=10))


def asks(
    shop: Shop, slots: str, account: str | None = None, headers: dict[str, str] | None = None, **q: Any
) -> Answered:
    """A page of the shop asks; for a customer where one is named."""
    told = {
        "Origin": PAGE,
        **({"Authorization": f"Bearer {token(shop, account)}"} if account else {}),
        **(headers or {}),
    }
    query = {"key": keys.publishable_key(MASTER, shop.slug), "slots": slots, **q}
    return ask("GET", f"/v1/slots?{urlencode(query)}", {name: value for name, value in told.items() if value})


def items(answer: Answered, slot: str) -> list[dict[str, Any]]:
    assert answer.status == 200, answer.text
    (found,) = [one for one in answer.json["slots"] if one["name"] == slot]
    return list(found["items"])


def ids(answer: Answered, slot: str) -> list[str]:
    return [item["product_id"] for item in items(answer, slot)]


@contextmanager
def reads() -> Iterator[list[str]]:
    """What is asked of the table meanwhile, over either client."""
    found: list[str] = []
    client, thin = base.Row._get_connection().connection.client, Thin.dynamodb

    def dynamodb(self: Thin, operation: str, asked: dict[str, Any]) -> Any:
        if self._endpoint:  # else it asks the other client
            found.append(operation)
        return thin(self, operation, asked)

    client.meta.events.register("before-call.dynamodb", lambda model, **_: found.append(model.name), unique_id="reads")
    Thin.dynamodb = dynamodb  # type: ignore[method-assign]
    try:
        yield found
    finally:
        client.meta.events.unregister("before-call.dynamodb", unique_id="reads")
        Thin.dynamodb = thin  # type: ignore[method-assign]
