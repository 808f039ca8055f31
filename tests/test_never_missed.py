"""No order is ever missed: a shop that stops sending, our own outage, and what the owner reads of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fake_dynamo import instead_of_dynamodb
from tests.installation import Installation, hours


@pytest.fixture
def woocommerce() -> Iterator[Installation]:
    with instead_of_dynamodb():
        yield Installation("woocommerce", currency="IRT", timezone="Asia/Tehran", country="IR")


def test_history_comes_in_when_a_shop_is_connected(woocommerce: Installation) -> None:
    woocommerce.double.fill(230, 90)
    woocommerce.connect()
    assert woocommerce.seen() == (230, 230)
    assert woocommerce.health()["import"]["state"] == "done"
    assert woocommerce.states() == {"active"}


def test_the_silent_death(woocommerce: Installation) -> None:
    """Seven failures in a row, and the shop never sends again; nobody is told. The next look notices and heals."""
    woocommerce.connect()
    woocommerce.double.place_order()
    woocommerce.passes(hours(2), 5)
    assert woocommerce.seen() == (1, 1)
    woocommerce.answering = False
    for _ in range(7):
        woocommerce.double.place_order()
        woocommerce.time = woocommerce.time.replace(minute=(woocommerce.time.minute + 3) % 60)
    switched_off = {hook.topic for hook in woocommerce.double.hooks.hooks.values() if hook.status == "disabled"}
    assert {"order.created", "order.updated"} <= switched_off
    woocommerce.answering = True
    missed = woocommerce.double.place_order()
    woocommerce.passes(1)
    assert woocommerce.health()["orders_seen"] == 1, "the shop says nothing any more"
    woocommerce.passes(hours(2), 5)
    found = woocommerce.health()
    assert woocommerce.seen() == (9, 9)
    assert woocommerce.states() == {"active"}
    assert found["missed"] == 8
    assert {(one["action"], one["why"]) for one in found["shop"]["repairs"]} == {("mend", "it is disabled")}
    woocommerce.double.change_order(missed, status="completed")
    before = woocommerce.health()["received"]
    woocommerce.work()
    assert woocommerce.health()["received"] == before + 1, "and its webhooks come again"


def test_a_day_of_our_own_outage_with_five_thousand_orders(woocommerce: Installation) -> None:
    woocommerce.connect()
    woocommerce.answering = False
    woocommerce.double.hooks.held = False
    for number in range(5000):
        woocommerce.double.place_order()
        if number % 50 == 0:
            woocommerce.passes(14, 14)
    assert woocommerce.health()["orders_seen"] == 0
    woocommerce.answering = True
    woocommerce.passes(hours(2), 5)
    assert woocommerce.seen() == (5000, 5000)
    assert woocommerce.health()["missed"] >= 4_900
    assert woocommerce.states() == {"active"}


@pytest.fixture(params=["woocommerce", "shopify", "saleor"])
def anywhere(request: pytest.FixtureRequest) -> Iterator[Installation]:
    with instead_of_dynamodb():
        yield Installation(request.param, source_url=None)


def test_whatever_the_platform_history_comes_in_and_an_outage_is_made_good(anywhere: Installation) -> None:
    anywhere.double.fill(60, 40)
    anywhere.connect()
    anywhere.passes(hours(1.5), 5)
    assert anywhere.seen() == (60, 60)
    anywhere.double.place_order()
    anywhere.work()
    assert anywhere.health()["received"] > 0, "its webhooks come in"
    anywhere.answering = False
    lost = [anywhere.double.place_order() for _ in range(12)]
    if anywhere.shop.platform == "woocommerce":
        anywhere.double.delete_order(lost[0])
    anywhere.passes(hours(6), 30)
    anywhere.answering = True
    anywhere.passes(hours(2), 5)
    there = 73 - (anywhere.shop.platform == "woocommerce")
    assert anywhere.seen() == (there, there)
    assert anywhere.states() == {"active"}
