"""The window in which the next order is to be expected."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from math import exp, log
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.ledger import Ledger
from chalicelib.domain.next_order import MOST_GAPS, GapModel, Rhythm, Spread, from_json, group
from chalicelib.domain.next_order_learning import learn_gaps
from chalicelib.domain.outlook import DAY, NotEnough, Purchase, occasions
from tests.bench.second_order import by_customer, coverage
from tests.pace import at_most
from tests.real_orders import FOLDER, Orders, cdnow, ledger_of, online_retail

NOW = 2 * 365 * DAY
real = pytest.mark.skipif(not FOLDER.exists(), reason="no data in ../shared/datasets")


def regulars(count: int, seed: int = 1, spread: float = 0.3) -> Orders:
    """Customers with a rhythm of their own, between 15 and 60 days, kept more or less, for two years."""
    chosen, found = random.Random(seed), []
    for n in range(count):
        usual = chosen.uniform(15, 60) * DAY
        at = round(chosen.uniform(0, 200 * DAY))
        while at <= NOW:
            found.append((f"c{n}", Purchase(at)))
            at += round(max(DAY, usual * chosen.lognormvariate(0, spread)))
    return sorted(found, key=lambda item: item[1].at)


def model_of(shop: Orders, now: int = NOW) -> GapModel:
    found = learn_gaps(ledger_of(shop), now)
    assert isinstance(found, GapModel), found
    return found


@pytest.fixture(scope="module")
def model() -> GapModel:
    return model_of(regulars(300))


def every(days: int, count: int) -> list[int]:
    return [n * days * DAY for n in range(count)]


def test_who_orders_every_20_days_is_expected_about_20_days_later(model: GapModel) -> None:
    times = every(20, 10)
    window = model.window(times, times[-1])
    assert window is not None
    assert times[-1] + 13 * DAY < window.start < times[-1] + 20 * DAY < window.end < times[-1] + 28 * DAY
    assert (window.coverage, window.late, window.due_by) == (0.5, False, window.end)


def test_of_who_ordered_once_only_the_shop_is_known(model: GapModel) -> None:
    once, often = model.window([0], 0), model.window(every(50, 12), every(50, 12)[-1])
    assert once is not None
    assert often is not None
    assert once.start < exp(model.rhythm.usual) * DAY < once.end
    assert (once.end / once.start) > (often.end - 550 * DAY) / (often.start - 550 * DAY)


def test_a_window_never_begins_in_the_past_and_moves_on_while_she_stays_away(model: GapModel) -> None:
    times = every(30, 8)
    told = [model.window(times, times[-1] + days * DAY) for days in (0, 10, 25, 35, 40)]
    starts = [window.start for window in told if window]
    assert len(starts) == 5
    assert starts == sorted(starts)
    assert all(
        window.start >= times[-1] + days * DAY for window, days in zip(told, (0, 10, 25, 35, 40), strict=True) if window
    )


def test_who_is_late_is_said_to_be_late_and_then_nothing_more_is_told(model: GapModel) -> None:
    times = every(20, 10)
    on_time, late = model.window(times, times[-1] + 18 * DAY), model.window(times, times[-1] + 27 * DAY)
    assert on_time is not None
    assert late is not None
    assert (on_time.late, late.late) == (False, True)
    assert late.due_by < times[-1] + 27 * DAY <= late.start <= late.end
    assert model.window(times, times[-1] + 300 * DAY) is None


def test_after_half_of_all_that_the_shop_was_seen_nothing_is_told(model: GapModel) -> None:
    young = replace(model, seen=40 * DAY)
    assert model.window([0], 21 * DAY) is not None
    assert (young.window([0], 20 * DAY) is None, young.window([0], 20 * DAY + 1)) == (False, None)


def test_a_wider_window_is_right_more_often(model: GapModel) -> None:
    narrow, wide = model.window(every(20, 5), 80 * DAY), model.window(every(20, 5), 80 * DAY, coverage=0.9)
    assert narrow is not None
    assert wide is not None
    assert wide.start < narrow.start < narrow.end < wide.end


def test_a_till_that_orders_every_day_for_years_costs_the_night_nothing() -> None:
    tills = [(f"till {n}", Purchase(day * DAY)) for day in range(NOW // DAY) for n in range(60)]
    shop = sorted([*regulars(50), *tills], key=lambda item: item[1].at)
    begun = process_time()
    found = model_of(shop)
    assert at_most(5, process_time() - begun)
    assert found.window(every(20, 400), 400 * 20 * DAY) is not None


def test_only_her_last_gaps_are_asked_for(model: GapModel) -> None:
    recent = every(20, MOST_GAPS + 1)
    before = [-n * 90 * DAY for n in range(1, 9)]
    assert model.window([*before, *recent], recent[-1]) == model.window(recent, recent[-1])


def test_who_never_ordered_has_no_window(model: GapModel) -> None:
    assert model.window([], NOW) is None
    assert model.window([NOW + 1], NOW) is None


@pytest.mark.parametrize("stated", [0.5, 0.8])
def test_as_many_next_orders_fall_inside_as_stated(stated: float) -> None:
    found = coverage(regulars(400, seed=4), NOW - 200 * DAY, stated)
    assert found["at_the_cut"] == pytest.approx(stated, abs=0.07)
    assert found["at_orders_after"] == pytest.approx(stated, abs=0.05)


def test_the_shop_is_told_how_its_own_last_months_went() -> None:
    tried = model_of(regulars(300)).tried
    assert tried.tested > 200
    assert tried.inside == pytest.approx(tried.expected, rel=0.1)


def test_who_is_still_waiting_counts_too() -> None:
    shop = regulars(60)
    slow = [(f"slow {n}", Purchase(n * DAY + more * (100 + 3 * n) * DAY)) for n in range(60) for more in (0, 1)]
    waiting = [(f"waiting {n}", Purchase(NOW - 150 * DAY + n * DAY)) for n in range(100)]
    with_slow = sorted(shop + slow, key=lambda item: item[1].at)
    with_waiting = sorted(with_slow + waiting, key=lambda item: item[1].at)
    before, after = (model_of(orders).spreads[0] for orders in (with_slow, with_waiting))
    assert after.error(0.5) > before.error(0.5) + 0.1


def test_orders_of_one_day_are_one_occasion() -> None:
    assert occasions([5 * DAY, 0, 3600, DAY - 1, DAY + 7]) == [0, DAY + 7, 5 * DAY]
    assert occasions([]) == []


@pytest.mark.parametrize(
    "shop",
    [
        [],
        [("c_mina", Purchase(n * DAY)) for n in range(300)],
        [(f"c{n}", Purchase(n)) for n in range(300)],
        [(f"c{n}", Purchase(0)) for n in range(300) for _ in range(3)],
    ],
)
def test_without_enough_gaps_nothing_is_learnt(shop: Orders) -> None:
    assert learn_gaps(ledger_of(shop), NOW) == NotEnough("few_gaps")


def test_the_model_survives_json_and_is_small(model: GapModel) -> None:
    text = json.dumps(model.to_json())
    assert len(text) < 5_000
    assert from_json(json.loads(text)) == model


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_in_which_orders_of_one_moment_come_changes_nothing(chosen: random.Random) -> None:
    shop = [(customer, Purchase(one.at // (7 * DAY) * 7 * DAY)) for customer, one in regulars(40)]
    mixed = sorted(chosen.sample(shop, len(shop)), key=lambda item: item[1].at)
    assert model_of(mixed) == model_of(shop)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30).map(str), st.builds(Purchase, st.integers(0, NOW))), max_size=200),
    st.lists(st.integers(0, NOW), max_size=10),
    st.integers(0, 2 * NOW),
    st.floats(0.05, 0.95),
)
def test_a_window_has_a_beginning_before_its_end(shop: Orders, times: list[int], now: int, stated: float) -> None:
    found = learn_gaps(ledger_of(sorted(shop, key=lambda item: item[1].at)), NOW)
    window = found.window(times, now, stated) if isinstance(found, GapModel) else None
    if window:
        assert now <= window.start <= window.end
        assert max(at for at in times if at <= now) <= window.due_by
        assert window.late == (now > window.due_by)


@given(st.lists(st.floats(0, 6), max_size=20))
def test_a_rhythm_lies_between_the_shops_and_her_own(gaps: list[float]) -> None:
    found = Rhythm(usual=3.0, fades=0.8, pull=1.0).expected(gaps)
    assert min([3.0, *gaps]) - 1e-9 <= found <= max([3.0, *gaps]) + 1e-9


def test_later_gaps_count_more_and_without_any_the_shops_is_expected() -> None:
    rhythm = Rhythm(usual=3.0, fades=0.5, pull=1.0)
    assert rhythm.expected([]) == 3.0
    assert rhythm.expected([2.0, 4.0]) > 3.0 > rhythm.expected([4.0, 2.0])


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=41), st.floats(0, 1))
def test_a_spread_is_read_both_ways(errors: list[float], share: float) -> None:
    spread = Spread(tuple(sorted(errors)), 100)
    error = spread.error(share)
    assert spread.share(error - 1e-6) <= share + 1e-6
    assert spread.share(error + 1e-6) >= share - 1e-6


def test_groups_are_by_how_many_gaps_are_known() -> None:
    assert [group(n) for n in (0, 1, 2, 3, 5, 6, 60)] == [0, 1, 1, 2, 2, 3, 3]


def test_an_empty_ledger_is_no_trouble() -> None:
    assert learn_gaps(Ledger(), 0) == NotEnough("few_gaps")


@real
@pytest.mark.parametrize("stated", [0.5, 0.8])
def test_real_shops_next_orders_fall_inside_as_stated(stated: float) -> None:
    for shop, days in ((online_retail(), 150), (cdnow(), 150)):
        assert shop is not None
        found = coverage(shop, shop[-1][1].at - days * DAY, stated)
        assert found["of"] > 200
        assert stated - 0.05 < found["at_the_cut"] < stated + 0.12
        assert stated - 0.05 < found["at_orders_after"] < stated + 0.1


@real
def test_her_own_rhythm_is_nearer_than_the_shops_usual_gap() -> None:
    shop = online_retail()
    assert shop is not None
    cut = shop[-1][1].at - 100 * DAY
    model = model_of(shop, cut)
    own, usual = 0.0, 0.0
    for orders in by_customer(shop).values():
        times = occasions(one.at for one in orders)
        known = [at for at in times if at <= cut]
        if len(known) > 1 and len(times) > len(known):
            gap = log((times[len(known)] - known[-1]) / DAY)
            own += abs(gap - model.outlook(known)[0])
            usual += abs(gap - model.rhythm.usual)
    assert own < usual * 0.95
