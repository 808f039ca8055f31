"""What was sold before in the demo's two shops, and what is learnt of it: whatever one buys first has company."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache

import pytest

from chalicelib.domain import again, baskets, replenishing, together
from chalicelib.domain.ledger import Ledger
from infra.local.shopfront import past
from infra.local.shopfront.catalogue import Product
from infra.local.shopfront.orders import Sold
from infra.local.shopfront.places import PLACES, Place

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TILES = 4  # as many as a slot shows
SHOPS = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.slug)


@cache
def ledger(place: Place) -> Ledger:
    """The past as the nightly learning reads it."""
    found = Ledger()
    for order in past.orders(place, NOW):
        found.add(order.buyer.id, int(order.at.timestamp()), [line.product.id for line in order.lines])
    return found


def repeats(place: Place) -> Iterator[tuple[Product, float]]:
    """Every product that somebody bought once more, and after how many days."""
    last: dict[tuple[str, str], Sold] = {}
    for order in past.orders(place, NOW):
        for line in order.lines:
            if before := last.get((order.buyer.id, line.product.id)):
                yield line.product, (order.at - before.at).total_seconds() / 86400
            last[order.buyer.id, line.product.id] = order


@SHOPS
def test_beside_every_product_a_slot_is_filled_with_what_goes_with_it(place: Place) -> None:
    """Above all beside what stands in the window: that is what one looks at first."""
    learnt = dict(together.together(ledger(place)))
    assert [product.title for product in place.catalogue.products if len(learnt.get(product.id, ())) < TILES] == []
    assert all(learnt[product][0].buyers >= 5 for product in place.window)


@SHOPS
def test_what_lasts_is_bought_once_and_what_is_used_up_not_before(place: Place) -> None:
    found = list(repeats(place))
    assert len(found) > 100
    for product, days in found:
        assert product.used_up, product.title
        assert days > past.NEARLY * product.lasts - 1, product.title  # the hour of the day differs


@SHOPS
def test_only_what_is_used_up_is_learnt_to_be_bought_again(place: Place) -> None:
    used_up = {product.id for product in place.catalogue.products if product.used_up}
    gaps = replenishing.learn_gaps_of_products(ledger(place), int(NOW.timestamp()))
    assert isinstance(gaps, replenishing.Gaps)
    assert set(gaps.products) <= used_up
    assert again.consumables(baskets.baskets(ledger(place))) == used_up


@SHOPS
def test_three_weeks_after_her_first_order_it_is_time_for_some_of_it(place: Place) -> None:
    """As the demo's time machine goes."""
    gaps = replenishing.learn_gaps_of_products(ledger(place), int(NOW.timestamp()))
    assert isinstance(gaps, replenishing.Gaps)
    soon = {product for product, gap in gaps.products.items() if gap.days * replenishing.NEARLY <= 21}
    assert len(soon) >= 4


def test_a_sale_more_to_one_changes_nothing_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    place = PLACES[0]
    others = [order.lines for order in past.orders(place, NOW) if order.buyer.id != str(past.FIRST_ACCOUNT)]
    monkeypatch.setitem(past.NAMED, "regular", (("garden",), ("bath",), 100.0, 30.0, 2))
    assert [o.lines for o in past.orders(place, NOW) if o.buyer.id != str(past.FIRST_ACCOUNT)] == others
