"""Recency, frequency, monetary value, and the segments they make."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.ledger import Ledger
from chalicelib.domain.outlook import DAY, NotEnough, Purchase
from chalicelib.domain.rfm import Rfm, RfmModel, from_json, learn_rfm
from chalicelib.domain.rfm_segments import MEANINGS, Standing, segment
from tests.real_orders import FOLDER, Orders, cdnow, ledger_of

NOW = 1000 * DAY


def times(count: int, every: int, last: int, net: int = 1000, currency: str = "EUR") -> list[Purchase]:
    """So many orders, `every` days, the last one `last` days ago."""
    return [Purchase(NOW - (last + n * every) * DAY, (), net, currency) for n in reversed(range(count))]


def shop(*customers: list[Purchase]) -> Orders:
    found = [(f"c{n}", one) for n, orders in enumerate(customers) for one in orders]
    return sorted(found, key=lambda item: item[1].at)


def model_of(orders: Orders, now: int = NOW) -> RfmModel:
    found = learn_rfm(ledger_of(orders), now)
    assert isinstance(found, RfmModel), found
    return found


def told(model: RfmModel, orders: list[Purchase], now: int = NOW) -> Rfm:
    found = model.of(orders, now)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def model() -> RfmModel:
    """A hundred customers: most once, some often; who comes back does so after about a month."""
    once = [times(1, 1, last) for last in range(2, 302, 5)]
    twice = [times(2, 30, last, 2000) for last in range(3, 303, 15)]
    often = [times(6, 25 + n, 2 + 9 * n, 3000) for n in range(20)]
    return model_of(shop(*once, *twice, *often))


@pytest.mark.parametrize(
    ("orders", "segment_"),
    [
        (times(8, 25, last=3, net=3000), "champion"),
        (times(8, 25, last=3, net=10), "loyal"),
        (times(2, 25, last=3), "potential_loyalist"),
        (times(1, 1, last=3), "new"),
        (times(1, 1, last=290), "lost"),
        (times(2, 25, last=290), "hibernating"),
        (times(4, 25, last=290), "at_risk"),
        (times(30, 25, last=290, net=3000), "cannot_lose"),
    ],
)
def test_customers_are_called_what_they_are(model: RfmModel, orders: list[Purchase], segment_: str) -> None:
    assert told(model, orders).segment == segment_


def test_a_segment_says_what_it_rests_on(model: RfmModel) -> None:
    found = told(model, times(8, 25, last=3, net=3000))
    assert found.because == (
        ("orders", {"count": 8}),
        ("last_order", {"days": 3}),
        ("spent", {"score": found.monetary["EUR"]}),
    )
    assert (found.recency, found.frequency, found.monetary) == (5, 5, {"EUR": 5})


def test_every_segment_has_a_meaning_and_every_meaning_a_segment() -> None:
    found = {
        segment(Standing(r, f, m), count, 1)[0]
        for r in range(1, 6) for f in range(1, 6) for m in range(6) for count in (1, 2, 9)
    }  # fmt: skip
    assert found == set(MEANINGS)
    assert all(set(meaning) == {"en", "fa"} for meaning in MEANINGS.values())


def test_equal_customers_have_equal_scores_in_the_middle() -> None:
    found = told(model_of(shop(*[times(1, 1, last=5)] * 30)), times(1, 1, last=5))
    assert (found.recency, found.frequency, found.monetary) == (3, 3, {"EUR": 3})
    assert found.segment == "promising"


def test_most_ordering_once_does_not_make_once_often() -> None:
    found = model_of(shop(*[times(1, 1, last=n) for n in range(90)], *[times(3, 30, last=n) for n in range(10)]))
    assert told(found, times(1, 1, last=5)).frequency < told(found, times(3, 30, last=5)).frequency == 5
    assert told(found, times(2, 30, last=5)).frequency == 3


def test_ten_customers_are_enough_and_nine_are_not() -> None:
    ten = shop(*[times(1 + n % 3, 20, last=n * 9) for n in range(10)])
    assert 1 <= told(model_of(ten), times(1, 1, last=4)).recency <= 5
    nine = shop(*[times(1, 1, last=n) for n in range(9)])
    assert learn_rfm(ledger_of(nine), NOW) == learn_rfm(Ledger(), NOW) == NotEnough("few_customers")


def test_money_is_scored_in_its_own_currency() -> None:
    rich = [times(1, 1, n + 1, net=1000 * n, currency="EUR") for n in range(20)]
    irr = [times(1, 1, n + 1, net=10**7 * n, currency="IRR") for n in range(20)]
    rare = [times(1, 1, 3, currency="USD")]
    found = told(model_of(shop(*rich, *irr, *rare)), [
        *times(1, 1, 3, net=19_000), *times(1, 1, 3, net=10**7, currency="IRR"), *times(1, 1, 3, currency="USD"),
    ])  # fmt: skip
    assert found.monetary == {"EUR": 5, "IRR": 1}


def test_in_a_shop_where_everybody_was_here_this_week_nobody_is_lost() -> None:
    weekly = model_of(shop(*[times(10, 7, last=n % 7) for n in range(40)]))
    assert {told(weekly, times(10, 7, last=n)).segment for n in range(7)} <= {"champion", "loyal", "needs_attention"}
    assert told(weekly, times(10, 7, last=6)).recency == 1


def test_in_a_shop_that_sold_nothing_for_a_year_nobody_is_a_champion() -> None:
    dead = model_of(shop(*[times(10, 7, last=365 + n) for n in range(40)]))
    assert {told(dead, times(10, 7, last=365 + n)).segment for n in range(40)} <= {
        "at_risk",
        "cannot_lose",
        "hibernating",
    }


def test_the_morning_after_the_same_model_still_answers(model: RfmModel) -> None:
    assert told(model, [*times(5, 25, last=3), Purchase(NOW + 3600, (), 100, "EUR")], NOW + 2 * DAY).recency == 5


def test_a_till_that_orders_every_day_makes_nobody_late() -> None:
    """It has more gaps than all others together."""
    usual = [times(4, 30, 5 + n) for n in range(40)]
    with_till = model_of(shop(*usual, times(900, 1, 0)))
    assert with_till.soon == model_of(shop(*usual)).soon == 30
    assert told(with_till, times(3, 30, 20)).segment != "at_risk"


def test_who_has_no_orders_has_no_standing(model: RfmModel) -> None:
    assert model.of([], NOW) is None
    assert model.of([Purchase(NOW + 1)], NOW) is None


def test_the_model_survives_json_and_is_small(model: RfmModel) -> None:
    text = json.dumps(model.to_json())
    assert from_json(json.loads(text)) == model
    assert len(text) < 2_000


ORDERS = st.lists(
    st.tuples(
        st.integers(0, 25).map(str),
        st.builds(
            Purchase,
            at=st.integers(0, 300).map(lambda day: NOW - day * DAY),
            net=st.integers(-100, 10**9),
            currency=st.sampled_from(["EUR", "IRR"]),
        ),
    ),
    max_size=80,
)


@given(ORDERS, ORDERS, st.integers(0, 400))
def test_anything_has_scores_from_one_to_five(orders: Orders, hers: Orders, later: int) -> None:
    found = learn_rfm(ledger_of(sorted(orders, key=lambda item: item[1].at)), NOW)
    standing = found.of([one for _, one in hers], NOW + later * DAY) if isinstance(found, RfmModel) else None
    if standing:
        assert {standing.recency, standing.frequency, *standing.monetary.values()} <= {1, 2, 3, 4, 5}
        assert standing.segment in MEANINGS


@given(ORDERS, st.randoms(use_true_random=False))
def test_the_order_in_which_orders_of_one_moment_come_changes_nothing(orders: Orders, chosen: random.Random) -> None:
    plain, mixed = (sorted(some, key=lambda item: item[1].at) for some in (orders, chosen.sample(orders, len(orders))))
    assert learn_rfm(ledger_of(plain), NOW) == learn_rfm(ledger_of(mixed), NOW)


@given(ORDERS, st.integers(0, 300), st.integers(0, 300))
def test_who_ordered_later_never_scores_lower(orders: Orders, one: int, other: int) -> None:
    found = learn_rfm(ledger_of(sorted(orders, key=lambda item: item[1].at)), NOW)
    if isinstance(found, RfmModel):
        late, early = (told(found, times(1, 1, last)) for last in sorted((one, other)))
        assert late.recency >= early.recency


@pytest.mark.skipif(not FOLDER.exists(), reason="no data in ../shared/datasets")
def test_in_a_real_shop_the_segments_come_back_in_the_order_of_their_names() -> None:
    orders = cdnow()
    assert orders is not None
    cut = orders[-1][1].at - 120 * DAY
    found = model_of([(customer, one) for customer, one in orders if one.at <= cut], cut)
    by_customer: dict[str, list[Purchase]] = {}
    for customer, one in orders:
        by_customer.setdefault(customer, []).append(one)
    back: dict[str, list[bool]] = {}
    for own in by_customer.values():
        if standing := found.of(own, cut):
            back.setdefault(standing.segment, []).append(any(one.at > cut for one in own))
    rate = {name: sum(came) / len(came) for name, came in back.items()}
    assert rate["champion"] > rate["potential_loyalist"] > rate["hibernating"] > rate["about_to_sleep"]
    assert rate["lost"] < 0.1 < rate["at_risk"]
