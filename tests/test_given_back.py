"""What a customer gave back: sums know it as ever, and nobody is recommended a product for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.backtest import backtest, part
from chalicelib.domain.baskets import baskets
from chalicelib.domain.ledger import Ledger
from chalicelib.domain.order import Order, Refund
from chalicelib.domain.outlook import purchase
from chalicelib.domain.replenishing import learn_gaps_of_products
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.table import base, customers, learnt
from chalicelib.table.visitor import RecentRow
from tests import acme
from tests.acme import NOW, order
from tests.fake_dynamo import FakeDynamo
from tests.learning import NIGHT, Learning, sold, tea_shop
from tests.storefront import asks, bought, ids, learn, open_storefront, product

ALL_OF_IT: dict[str, Any] = {"payment": "refunded", "refunds": (Refund("r-1", 2500),)}
HALF_OF_IT: dict[str, Any] = {"payment": "partly_refunded", "refunds": (Refund("r-1", 1250),)}


@pytest.mark.parametrize(
    ("told", "is_back"),
    [
        (ALL_OF_IT, True),
        ({"payment": "refunded"}, True),  # the shop says so, and of no single refund
        ({"refunds": (Refund("r-1", 1000), Refund("r-2", 1500))}, True),
        ({"fulfilment": "returned"}, True),  # the goods came back, the money is on its way
        (HALF_OF_IT, False),
        ({"total": 0, "subtotal": 0}, False),  # a present
        ({"fulfilment": "fulfilled", "status": "completed"}, False),
        ({}, False),
    ],
)
def test_all_of_an_order_is_back_where_its_money_or_its_goods_are(told: dict[str, Any], is_back: bool) -> None:
    assert order(**told).given_back is is_back


# --- her own page ----------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(table: str) -> Shop:
    clock.use(lambda: NOW)
    found = open_storefront()
    for id in ("tea", "cup", "pot", "honey"):
        product(found, id)
    learn(
        found,
        popular={"tea": 57, "pot": 23, "cup": 12},
        together={"tea": [("pot", 23), ("honey", 4)], "pot": [("cup", 9)]},
        consumable={"tea": 30},
    )
    return found


def test_what_she_gave_back_is_not_shown_to_her_to_buy_again(shop: Shop) -> None:
    bought(shop, "1", 200, "honey")
    bought(shop, "2", 90, "pot", **ALL_OF_IT)
    assert ids(asks(shop, "buy-again", "7"), "buy-again") == ["honey"]


def test_a_refund_that_comes_later_counts_from_then_on(shop: Shop) -> None:
    bought(shop, "2", 90, "pot")
    assert ids(asks(shop, "buy-again", "7"), "buy-again") == ["pot"]
    bought(shop, "2", 90, "pot", **ALL_OF_IT)
    assert ids(asks(shop, "buy-again", "7"), "buy-again") == []


def test_nor_is_it_new_for_her(shop: Shop) -> None:
    """She had it, and did not want it."""
    bought(shop, "1", 60, "tea")
    bought(shop, "2", 50, "pot", **ALL_OF_IT)
    assert ids(asks(shop, "new-for-you", "7"), "new-for-you") == ["honey", "cup"]


def test_it_says_nothing_of_what_she_likes(shop: Shop) -> None:
    bought(shop, "1", 60, "pot", **ALL_OF_IT)
    answer = asks(shop, "new-for-you", "7")
    (found,) = answer.json["slots"]
    assert "like_yours" not in [item["why"]["code"] for item in found["items"]]
    assert "pot" not in ids(answer, "new-for-you")


def test_it_is_not_used_up(shop: Shop) -> None:
    bought(shop, "1", 28, "tea", **ALL_OF_IT)
    assert ids(asks(shop, "replenish", "7"), "replenish") == []


def test_what_she_looked_at_before_she_bought_it_and_gave_it_back_is_over(shop: Shop) -> None:
    bought(shop, "1", 20, "pot", **ALL_OF_IT)
    node = customers.resolve(shop, "account:7", stamp(NOW)).node
    looks = [["honey", stamp(NOW - timedelta(days=2))], ["pot", stamp(NOW - timedelta(days=21))]]
    row = RecentRow(base.partition("acme", "C", node.id), "RECENT", viewed=looks, at=stamp(NOW))
    base.commit([base.put(row)])
    assert ids(asks(shop, "viewed", "7"), "viewed") == ["honey"]


def test_what_she_kept_once_stays_hers(shop: Shop) -> None:
    bought(shop, "1", 200, "pot")
    bought(shop, "2", 90, "pot", **ALL_OF_IT)
    assert ids(asks(shop, "buy-again", "7"), "buy-again") == ["pot"]


def test_of_an_order_that_was_refunded_in_part_nobody_says_which_part(shop: Shop) -> None:
    bought(shop, "1", 90, "pot", "honey", **HALF_OF_IT)
    assert set(ids(asks(shop, "buy-again", "7"), "buy-again")) == {"pot", "honey"}


# --- the night -------------------------------------------------------------------------------------------------------


def jams(back: dict[str, Any]) -> list[Order]:
    """Four people buy jam and a mat, and jam again a month later."""
    at = NIGHT - timedelta(days=50)
    return [
        replace(sold(100 + n, f"fan{n % 4}", ["jam", "mat"], at + timedelta(days=30 * (n // 4), hours=n)), **back)
        for n in range(8)
    ]


def a_night(back: dict[str, Any]) -> tuple[dict[str, Any], dict[str, learnt.Rec]]:
    """The model, and what is told of jam and mat."""
    shop, _ = acme.open_shop()
    tea_shop(shop, 12)
    acme.see(shop, *jams(back), now=NIGHT)
    Learning(shop).learns()
    return learnt.model("acme") or {}, learnt.recs("acme", ["jam", "mat"])


def test_what_was_given_back_is_neither_popular_nor_goes_with_anything(table: str) -> None:
    FakeDynamo().install()
    model, recs = a_night({})
    assert {"jam", "mat"} <= {product for product, _ in model["popular"]["*"]}
    assert [pick.product for pick in recs["jam"].together] == ["mat"]
    assert recs["jam"].consumable
    assert recs["jam"].gap_days == 30


def test_what_was_given_back_is_recommended_to_nobody(table: str) -> None:
    FakeDynamo().install()
    model, recs = a_night(ALL_OF_IT)
    assert not {"jam", "mat"} & {product for top in model["popular"].values() for product, _ in top}
    assert recs == {}
    assert (model["orders"], model["customers"]) == (36 + 8, 12 + 4), "they are orders all the same"


def a_ledger(back: bool) -> Ledger:
    ledger = Ledger()
    for number in range(5):
        ledger.add(f"c_{number}", number * 86400, ["tea", "cup"], 0 if back else 900, "EUR", "DE", back)
    for number in range(5):
        ledger.add(f"c_{number}", (30 + number) * 86400, ["tea"], 900, "EUR", "DE")
    return ledger


def test_products_are_counted_by_what_was_kept() -> None:
    kept, back = baskets(a_ledger(False)), baskets(a_ledger(True))
    assert (kept.buyers, kept.repeaters) == ([5, 5], [5, 0])
    assert (back.buyers, back.repeaters) == ([5, 0], [0, 0])
    assert learn_gaps_of_products(a_ledger(False), 10**7).products.keys() == {"tea"}  # type: ignore[union-attr]
    assert learn_gaps_of_products(a_ledger(True), 10**7).reason == "few_bought_again"  # type: ignore[union-attr]


def test_what_comes_of_a_first_order_still_knows_what_was_in_it() -> None:
    assert purchase(a_ledger(True), 0).products == ("tea", "cup")


def test_a_part_of_a_history_is_what_those_orders_alone_would_be() -> None:
    told = [(f"c{n % 3}", 100 + n, [f"p{n}", f"p{n % 2}"], n, "EUR", "GB", n in (1, 4)) for n in range(6)]
    whole = Ledger()
    for one in told:
        whole.add(*one)
    for first in range(7):
        for last in range(first, 7):
            cut = part(whole, first, last)
            found = [
                (
                    cut.customers.texts[cut.customer[n]],
                    cut.at[n],
                    [cut.products.texts[product] for product in cut.products_of(n)],
                    cut.net[n],
                    cut.currencies.texts[cut.currency[n]],
                    cut.countries.texts[cut.country[n]],
                    bool(cut.back[n]),
                )
                for n in cut.orders()
            ]
            assert found == [(*one[:2], list(dict.fromkeys(one[2])), *one[3:]) for one in told[first:last]]
            assert all(list(cut.kept_of(n)) == ([] if cut.back[n] else list(cut.products_of(n))) for n in cut.orders())


def test_a_rule_is_not_tried_on_what_was_given_back() -> None:
    ledger = a_ledger(True)
    ledger.add("c_0", 90 * 86400, ["cup"], 0, "EUR", "DE", True)
    ledger.add("c_1", 91 * 86400, ["cup"], 900, "EUR", "DE")
    cases = {tuple(case.next) for case in backtest(ledger).cases}
    assert () not in cases
    assert ("cup",) in cases
