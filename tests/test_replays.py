"""Genuine deliveries, played back where they do not belong: to another shop, as another topic, with another's name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from chalicelib import accept
from chalicelib.domain.shop import Shop
from chalicelib.keys import seal_secret
from chalicelib.settings import settings
from chalicelib.signatures import proven, signature_of
from chalicelib.table import shops
from chalicelib.work import ingest
from tests import acme
from tests.fake_dynamo import FakeDynamo, instead_of_dynamodb
from tests.outside import FakeOutside
from tests.test_platforms import SIGNED, Recording

OTHER_KEYS = '{"keys":[{"alg":"RS256","e":"AQAB","kid":"other","kty":"RSA","n":"' + "u" * 342 + '","use":"sig"}]}'


@pytest.fixture
def dynamo() -> Iterator[FakeDynamo]:
    with instead_of_dynamodb() as fake:
        yield fake


def registered(slug: str, r: Recording, secret: str, keys: str = "", **fields: Any) -> Shop:
    """A shop of the recording's platform that signs all its topics with `secret`, or has these public keys."""
    topics = signature_of(r.platform).TOPICS if signature_of(r.platform).SECRETS_PER_TOPIC else ["*"]  # type: ignore[union-attr]
    sealed = {topic: [seal_secret(settings().master, slug, topic, secret)] for topic in topics} if secret else {}
    plain = {"currency": "IRT", "country": "IR", "timezone": "Asia/Tehran"}
    return acme.open_shop(slug, platform=r.platform, supplied_secrets=sealed, jwks=keys, **plain, **fields)[0]


def door_of(*known: Shop) -> FakeOutside:
    door = FakeOutside(*known)
    door.master = settings().master
    return door


def status(door: FakeOutside, r: Recording, slug: str, **changed: str) -> int:
    return accept.receive(r.platform, slug, {**r.headers, **changed}, r.body, r.now, outside=door)[0]


def taken(door: FakeOutside, r: Recording) -> None:
    outside = ingest.Outside(door.get, partial(proven, master=settings().master))
    records = [{"messageId": str(n), "body": text} for n, (_, text) in enumerate(door.inbox)]
    assert ingest.handle({"Records": records}, r.now, outside) == {"batchItemFailures": []}


def stored(dynamo: FakeDynamo, *besides: str) -> set[str]:
    """The kinds of rows there are, besides the shops themselves and what is only counted."""
    return {item["k"]["S"] for item in dynamo.all()} - {"shop", "shop_name", "counter", *besides}


def one_of_each() -> list[Recording]:
    found: dict[tuple[str, str, bool], Recording] = {}
    for r in SIGNED:
        found.setdefault((r.platform, r.name.rpartition("-")[2], bool(r.keys)), r)
    return list(found.values())


@pytest.mark.parametrize("r", one_of_each(), ids=lambda r: r.name)
def test_a_delivery_of_one_shop_is_no_delivery_of_another(dynamo: FakeDynamo, r: Recording) -> None:
    first = registered("acme", r, r.secret, r.keys)
    other = registered("other", r, "another secret of another shop", OTHER_KEYS if r.keys else "")
    if r.platform == "standard":
        other = replace(other, supplied_secrets={})
    door = door_of(first, other)
    assert status(door, r, "acme") == 200
    door.inbox.clear()
    assert status(door, r, "other") in (401, 503)
    assert door.inbox == []


SHOPIFY = [r for r in one_of_each() if r.platform == "shopify" and "published" not in r.name]


@pytest.mark.parametrize("r", SHOPIFY, ids=lambda r: r.name)
def test_one_app_in_two_shops_shares_its_secret_and_still_no_delivery_changes_shops(
    dynamo: FakeDynamo, r: Recording
) -> None:
    """The signature is right; the name of the shop is not."""
    other = registered("other", r, r.secret, api_url="https://other.myshopify.com")
    door = door_of(other)
    assert status(door, r, "other") == 200, "authentic: it is kept, where an owner can look at it"
    taken(door, r)
    assert stored(dynamo, "quarantine") == set()


OURS = signature_of("woocommerce").TOPICS  # type: ignore[union-attr]
WOOCOMMERCE = [r for r in one_of_each() if r.platform == "woocommerce" and r.headers.get("x-wc-webhook-topic") in OURS]


@pytest.mark.parametrize("r", WOOCOMMERCE, ids=lambda r: r.name)
def test_a_topic_is_not_played_back_as_another(dynamo: FakeDynamo, r: Recording) -> None:
    """Each topic has a secret of its own."""
    signature = signature_of(r.platform)
    mine = r.headers["x-wc-webhook-topic"]
    shop = registered("acme", r, "")
    sealed = {mine: [seal_secret(settings().master, "acme", mine, r.secret)]}
    shops.put(replace(shop, supplied_secrets=sealed))
    door = door_of(replace(shop, supplied_secrets=sealed))
    assert status(door, r, "acme") == 200
    others = [topic for topic in signature.TOPICS if topic != mine]  # type: ignore[union-attr]
    assert {status(door, r, "acme", **{"x-wc-webhook-topic": topic}) for topic in others} == {401}


SALEOR = [r for r in one_of_each() if r.platform == "saleor"]


@pytest.mark.parametrize("r", SALEOR, ids=lambda r: r.name)
def test_an_event_is_not_played_back_as_one_of_another_kind(dynamo: FakeDynamo, r: Recording) -> None:
    """The event's name is not signed, but the body says what it is of."""
    shop = registered("acme", r, r.secret, r.keys)
    door = door_of(shop)
    kind = r.headers["saleor-event"].partition("_")[0]
    for topic in ("order_updated", "customer_deleted", "product_deleted", "checkout_updated"):
        if topic.partition("_")[0] != kind:
            renamed = {name: topic for name in ("saleor-event", "x-saleor-event") if name in r.headers}
            assert status(door, r, "acme", **renamed) == 200
    taken(door, r)
    assert stored(dynamo, "quarantine") == set()


def test_the_watch_over_the_logs_sees_a_key(secrets_watch: Any) -> None:
    """What holds every other test to it: `tests/secrets_watch.py`."""
    from chalicelib.work.log import logger

    for text in ("whsec_" + "a" * 44, "Bearer sk_acme_0123456789abcdefghijk", "ck_" + "0" * 40):
        logger.warning("seen", extra={"reason": text})
    found, secrets_watch.found = secrets_watch.found, []
    assert len(found) >= 3
