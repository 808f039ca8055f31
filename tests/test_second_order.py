"""The chance of a second order."""

from __future__ import annotations

import json
import random
from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.effects import effects, times
from chalicelib.domain.first_order import buckets, items
from chalicelib.domain.ledger import Ledger
from chalicelib.domain.outlook import DAY, NotEnough, Purchase
from chalicelib.domain.second_order import SecondModel, from_json
from chalicelib.domain.second_order_learning import learn_second
from chalicelib.domain.waiting import Curve, Wait, curve
from tests import pretend_shop
from tests.bench.second_order import Trial, reliability, sample, summary, trial, trial_of_truth
from tests.pretend_shop import NOW, buyers, orders
from tests.real_orders import FOLDER, Orders, cdnow, ledger_of, online_retail

TEA = Purchase(0, ("tea",), 5000, "EUR", "FR")
GIFT = Purchase(0, ("gift box",), 900, "EUR", "IR")
real = pytest.mark.skipif(not FOLDER.exists(), reason="no data in ../shared/datasets")


def model_of(shop: Orders, now: int = NOW) -> SecondModel:
    found = learn_second(ledger_of(shop), now)
    assert isinstance(found, SecondModel), found
    return found


@pytest.fixture(scope="module")
def telling() -> SecondModel:
    return model_of(orders(buyers(3000, seed=7)))


def chance(model: SecondModel, first: Purchase, elapsed: int = 0) -> float:
    found = model.chance(first, elapsed)
    assert found is not None
    return found.chance


def test_what_made_others_come_back_raises_the_chance_and_is_the_reason(telling: SecondModel) -> None:
    tea, gift = telling.chance(TEA, 0), telling.chance(GIFT, 0)
    assert tea is not None
    assert gift is not None
    assert tea.chance > 1.3 * tea.base_rate == 1.3 * gift.base_rate > 1.3 * gift.chance
    code, about = tea.because[0]
    assert code == "first_product"
    assert about["product"] == "tea"
    assert about["times"] > 1.2
    assert about["buyers"] > 500
    assert {code for code, _ in gift.because} >= {"first_product", "first_country", "first_value"}


def test_the_longer_she_has_not_come_back_the_smaller_the_chance_until_nothing_is_said(telling: SecondModel) -> None:
    told = [chance(telling, TEA, days * DAY) for days in (0, 10, 40, 100, 300)]
    assert told == sorted(told, reverse=True)
    assert told[-1] < told[0] / 4
    waited = telling.chance(TEA, 40 * DAY)
    assert waited is not None
    assert ("waited", {"days": 40}) in waited.because
    assert telling.chance(TEA, telling.curve.horizon) is None


def test_a_shop_whose_first_orders_say_nothing_is_told_its_own_rate_and_why() -> None:
    model = model_of(orders(buyers(1000, seed=3, telling=False)))
    found = model.chance(TEA, 0)
    assert found is not None
    assert found.chance == found.base_rate
    assert found.because == (("shop_rate", {"buyers": 1000, "why": model.alone}),)
    assert model.alone in ("nothing_differs", "factors_do_not_help")
    assert found.chance == pytest.approx(pretend_shop.Known(TEA, None, 0.25).within(365 * DAY), abs=0.03)


def test_yesterdays_buyers_are_no_failures() -> None:
    old = orders(buyers(400, seed=5))
    names = [(f"yesterday {n}", Purchase(NOW - DAY, ("tea",), 3000, "EUR", "DE")) for n in range(400)]
    before, after = model_of(old), model_of(sorted(old + names, key=lambda item: item[1].at))
    assert after.buyers == 800
    assert chance(after, GIFT) == pytest.approx(chance(before, GIFT), abs=0.02)


def test_a_forgotten_item_ordered_the_same_day_is_no_second_order() -> None:
    shop = [("c", Purchase(0)), ("c", Purchase(3600))]
    shop += [(f"c{n}", Purchase(n * DAY // 3)) for n in range(1000)]
    found = learn_second(ledger_of(sorted(shop, key=lambda item: item[1].at)), NOW)
    assert found == NotEnough("few_second_orders")


def same_day(count: int) -> Orders:
    return [(f"c{n}", Purchase(5 * DAY)) for n in range(count)]


@pytest.mark.parametrize(
    ("shop", "now", "reason"),
    [
        ([], NOW, "few_buyers"),
        ([("c_mina", Purchase(n * 30 * DAY)) for n in range(20)], NOW, "few_buyers"),
        (same_day(500), 6 * DAY, "too_young"),
        (same_day(500), NOW, "few_second_orders"),
        ([(f"c{n}", Purchase(9 * DAY)) for n in range(500)], DAY, "few_buyers"),
    ],
)
def test_where_there_is_too_little_to_learn_from_it_says_so(shop: Orders, now: int, reason: str) -> None:
    assert learn_second(ledger_of(shop), now) == NotEnough(reason)


def test_what_could_not_be_tried_on_the_shops_own_past_moves_no_chance() -> None:
    """Who drinks tea comes back, but all of them at once: there were no other months to try that on."""
    shop = [(f"{what}{n}", Purchase(n * DAY // 50, (what,))) for what in ("tea", "gift") for n in range(100)]
    shop += [(f"tea{n}", Purchase(10 * DAY, ("tea",))) for n in range(80)]
    model = model_of(sorted(shop, key=lambda item: item[1].at), 45 * DAY)
    assert (model.alone, model.factors) == ("too_few_to_tell", {})
    assert (model.proof.tested, chance(model, TEA)) == (0, chance(model, GIFT))


def test_a_shop_where_everybody_comes_back_is_no_trouble() -> None:
    shop = [(f"c{n}", Purchase(day * DAY)) for day in (0, 20) for n in range(60)]
    assert chance(model_of(shop, 100 * DAY), Purchase(0)) > 0.9


def test_a_forecast_that_was_wrong_by_half_in_the_last_months_is_withheld() -> None:
    def name(prefix: str, shop: Orders) -> Orders:
        return [(prefix + customer, one) for customer, one in shop]

    hype = [known for known in buyers(800, seed=1, base=0.7, telling=False) if known.first.at < NOW * 0.4]
    after = [known for known in buyers(800, seed=2, base=0.05, telling=False) if known.first.at >= NOW * 0.4]
    shop = sorted(name("a", orders(hype)) + name("b", orders(after)), key=lambda item: item[1].at)
    assert learn_second(ledger_of(shop), NOW) == NotEnough("wrong_by_half")


def test_the_model_survives_json_and_is_small(telling: SecondModel) -> None:
    text = json.dumps(telling.to_json())
    again = from_json(json.loads(text))
    assert len(text) < 20_000
    for first in (TEA, GIFT, Purchase(0), Purchase(0, ("unheard of",), 10**9, "IRR", "XX")):
        for elapsed in (0, DAY, 100 * DAY, 400 * DAY):
            assert again.chance(first, elapsed) == telling.chance(first, elapsed)


def test_long_product_ids_and_many_currencies_do_not_make_the_model_big() -> None:
    chosen = random.Random(1)
    shop = []
    for n in range(6000):
        product = chosen.randrange(100)
        one = Purchase(
            n * 3600, ("long product id " * 5 + str(product),), chosen.randrange(9999), f"C{n % 40}", f"L{n % 60}"
        )
        shop.append((f"c{n}", one))
        if product < 30 and chosen.random() < 0.8:
            shop.append((f"c{n}", Purchase(n * 3600 + chosen.randrange(DAY, 20 * DAY), one.products)))
    model = model_of(sorted(shop, key=lambda item: item[1].at), 7000 * 3600)
    assert model.alone is None
    assert "product" in model.factors
    assert len(json.dumps(model.to_json())) < 20_000


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_in_which_orders_of_one_moment_come_changes_nothing(chosen: random.Random) -> None:
    shop = [(c, Purchase(one.at // (7 * DAY) * 7 * DAY, *_rest(one))) for c, one in orders(buyers(300, seed=9))]
    shop += [(f"c{n}", Purchase(0, ("cup", "tea"), n, "EUR", "DE")) for n in range(40) for _ in range(2)]
    plain = sorted(shop, key=lambda item: item[1].at)
    mixed = sorted(chosen.sample(shop, len(shop)), key=lambda item: item[1].at)
    found = learn_second(ledger_of(plain), NOW)
    assert isinstance(found, SecondModel)
    assert learn_second(ledger_of(mixed), NOW) == found


def _rest(one: Purchase) -> tuple[tuple[str, ...], int, str, str]:
    return one.products, one.net, one.currency, one.country


PURCHASES = st.builds(
    Purchase,
    at=st.integers(0, 400 * DAY),
    products=st.lists(st.sampled_from(["tea", "cup", "kettle"]), max_size=3).map(tuple),
    net=st.integers(-1000, 10**6),
    currency=st.sampled_from(["EUR", "IRR"]),
    country=st.sampled_from(["", "DE"]),
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60).map(str), PURCHASES), max_size=250), PURCHASES, st.integers(0, 2 * 365 * DAY)
)
def test_whatever_a_shop_sold_a_chance_is_one_and_nothing_breaks(shop: Orders, first: Purchase, elapsed: int) -> None:
    found = learn_second(ledger_of(sorted(shop, key=lambda item: item[1].at)), 400 * DAY)
    if isinstance(found, SecondModel):
        told = found.chance(first, elapsed)
        assert told is None or 0 <= told.chance <= 1
        assert told is None or 0 <= told.base_rate <= 1
        assert from_json(json.loads(json.dumps(found.to_json()))).chance(first, elapsed) == told


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.floats(0, 5)), min_size=1, max_size=80))
def test_an_effect_lies_between_none_and_what_was_seen(cells: list[tuple[str, bool, float]]) -> None:
    column, seen, expected = ([cell[n] for cell in cells] for n in range(3))
    scale = sum(seen) / (sum(expected) or 1)
    for level, known in effects({"f": column}, seen, expected).get("f", {}).items():
        d = sum(over for at, over, _ in cells if at == level)
        e = sum(one for at, _, one in cells if at == level) * scale
        plain = d / e if e > 1e-9 else 1.0
        assert min(1, plain) - 1e-4 <= known.times <= max(1, plain) + 1e-4


def test_where_next_to_nothing_was_expected_there_are_no_effects() -> None:
    assert effects({"f": ["a", "b"]}, [True, False], [5e-324, 0.0]) == {}


def test_the_fewer_a_level_rests_on_the_nearer_it_is_to_none() -> None:
    column = ["many"] * 400 + ["few"] * 4 + ["rest"] * 1000
    seen = [n % 2 == 0 for n in range(404)] + [n % 10 == 0 for n in range(1000)]
    found = effects({"f": column}, seen, [sum(seen) / len(seen)] * len(seen))
    assert 1 < found["f"]["few"].times < 1.3 < found["f"]["many"].times
    assert times(found, {"f": "never seen"}) == 1.0


@given(st.lists(st.builds(Wait, st.integers(0, 500 * DAY), st.booleans()), min_size=1), st.integers(0, 600 * DAY))
def test_a_curve_never_falls_and_ends_at_the_horizon(waits: list[Wait], at: int) -> None:
    found = curve(waits, 365 * DAY)
    assert 0 <= found.height(at) <= found.height(at + DAY) + 1e-12 <= found.height(365 * DAY) + 2e-12
    assert found.height(365 * DAY) == found.heights[-1]


def test_without_censoring_the_curve_is_the_plain_share() -> None:
    waits = [Wait(n * DAY, True) for n in range(1, 101)] + [Wait(300 * DAY, False)] * 100
    share = 1 - exp(-curve(waits, 200 * DAY).height(50 * DAY))
    assert share == pytest.approx(0.25, abs=0.01)
    assert curve([], 30 * DAY) == Curve((0, 30 * DAY), (0.0, 0.0))


def test_an_order_falls_into_the_buckets_of_its_shop() -> None:
    found = buckets([Purchase(0, ("tea", f"t{n}"), n, "EUR", "DE") for n in range(100)])
    assert found.levels(Purchase(0, ("cup", "tea"), 60, "EUR", "DE")) == {
        "value": "EUR:2", "items": "2", "product": "tea", "country": "DE",
    }  # fmt: skip
    assert found.range_of("EUR:2") == {"currency": "EUR", "from": 50, "to": 75}
    assert found.range_of("EUR:0") == {"currency": "EUR", "to": 25}
    assert found.levels(Purchase(0, ("cup",), 60, "GBP", "FR")) == {
        "value": "", "items": "1", "product": "", "country": "",
    }  # fmt: skip
    assert [items(n) for n in (0, 1, 2, 3, 4, 5, 9, 10, 20)] == [
        "1",
        "1",
        "2",
        "3-4",
        "3-4",
        "5-9",
        "5-9",
        "10+",
        "10+",
    ]


def test_a_ledger_without_anything_in_it_is_no_trouble() -> None:
    assert learn_second(Ledger(), 0) == NotEnough("few_buyers")


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize("size", [50, 200, 1000])
def test_against_the_truth_the_model_is_never_worse_than_the_rate(size: int, tells: bool) -> None:
    found = summary(trial_of_truth(size, seed, tells) for seed in range(12 if size < 1000 else 3))
    assert found["worse_by"] <= 2 * found["noise"]
    assert found["worse_trials"] == 0
    assert found["rate_told"] == pytest.approx(found["came"], abs=0.05)
    if tells and size == 1000:
        assert found["brier_model"] < found["brier_rate"] / 2


def test_the_truth_is_found_when_there_are_many_buyers() -> None:
    found = trial_of_truth(4000, 1, True)
    assert isinstance(found, Trial)
    assert found.brier[1] < 0.002 < found.brier[0]
    for _, count, told, came in reliability(found.told):
        assert count < 50 or told == pytest.approx(came, abs=0.06)


@real
@pytest.mark.parametrize(("size", "rounds"), [(50, 5), (200, 5), (1000, 2), (4000, 2)])
def test_a_real_gift_shop_is_never_told_worse_than_its_rate(size: int, rounds: int) -> None:
    shop = online_retail()
    assert shop is not None
    found = summary(trial(shop, size, seed) for seed in range(rounds))
    assert found["refused"] == 0
    assert found["worse_by"] <= 2 * found["noise"] or found["worse_by"] < 0
    assert found["worse_trials"] == 0
    assert found["model_told"] == pytest.approx(found["came"], abs=0.08 if size == 50 else 0.05)
    if size >= 1000:
        assert found["brier_model"] < found["brier_rate"] - 0.003
        for _, count, told, came in found["reliability"]:
            assert count < 200 or told == pytest.approx(came, abs=0.08)


@real
@pytest.mark.parametrize(("size", "rounds"), [(50, 8), (200, 8), (1000, 3)])
def test_a_real_music_shop_is_never_told_worse_than_its_rate(size: int, rounds: int) -> None:
    shop = cdnow()
    assert shop is not None
    found = summary(trial(shop, size, seed) for seed in range(rounds))
    assert found["refused"] == 0
    assert found["worse_by"] <= 2 * found["noise"]
    assert found["worse_trials"] == 0
    assert found["model_told"] == pytest.approx(found["came"], abs=0.08 if size == 50 else 0.04)


@real
def test_fifty_buyers_are_enough() -> None:
    shop = cdnow()
    assert shop is not None
    now = shop[-1][1].at
    found = model_of(sample(shop, 50, 1, now), now)
    assert found.buyers == 50
