"""A shop's own last weeks choose the rules that its lists follow."""

from __future__ import annotations

import json
from itertools import islice
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.domain.again import LEANINGS
from chalicelib.domain.backtest import Case, again_shown, backtest, cart_shown, new_shown
from chalicelib.domain.choosing_rule import Chosen, choose
from chalicelib.domain.learnt import learn
from chalicelib.domain.ledger import Ledger
from chalicelib.domain.rules import DEFAULT, RULES
from chalicelib.domain.together import Pick, together
from tests.histories import DAY, ORDERS, Ordered, shop

KITCHENS = [("tea", "cup", "pot"), ("jam", "knife", "bread"), ("mat", "lamp", "vase")]


def kitchens(customers: int = 60) -> list[Ordered]:
    """Each buys two things of one kitchen early in the year, and the third late, with something she had."""
    orders = []
    for number in range(customers):
        first, second, third = (KITCHENS[number % 3][(number // 3 + step) % 3] for step in range(3))
        orders.append(Ordered(f"c_{number}", (first, second), number % 20))
        orders.append(Ordered(f"c_{number}", (third, first), 40 + number % 15))
        orders.append(Ordered(f"d_{number}", KITCHENS[number % 3], number % 30))
    return orders


def test_a_shop_too_small_to_tell_keeps_the_usual() -> None:
    assert choose(Ledger()) == Chosen(DEFAULT, LEANINGS[0], ())
    assert choose(shop(*kitchens(20))) == Chosen()


def test_the_owner_reads_what_every_rule_would_have_shown() -> None:
    chosen = choose(shop(*kitchens()))
    table = json.loads(json.dumps(chosen.table))
    assert [row["rule"] for row in table if "rule" in row] == list(RULES)
    assert [row["leaning"] for row in table if "leaning" in row] == list(LEANINGS)
    assert {row["customers"] for row in table} == {36}  # of the last fifth of the orders
    assert table[0]["new"] == table[0]["cart"] == 1.0


def test_where_all_show_the_same_the_usual_stay() -> None:
    chosen = choose(shop(*kitchens()))
    assert (chosen.rule, chosen.leaning) == (DEFAULT, LEANINGS[0])


def test_who_leads_by_chance_alone_is_not_chosen() -> None:
    """Baskets that were drawn at random: some rule or other always shows a little more."""
    chosen = [choose(shop(*at_random(seed))) for seed in range(12)]
    assert all(one.table for one in chosen)
    assert sum((one.rule, one.leaning) == (DEFAULT, LEANINGS[0]) for one in chosen) >= 9


def at_random(seed: int) -> list[Ordered]:
    drawn = Random(seed)
    things = [f"thing{number:02}" for number in range(40)]
    return [Ordered(f"c_{n % 90}", tuple(drawn.sample(things, 5)), n // 4) for n in range(360)]


def test_the_rule_that_shows_more_is_chosen() -> None:
    """Everybody's basket is full of bread; what she buys next with the tea is what few others buy at all."""
    chosen = choose(shop(*bakery()))
    shown = {row["rule"]: row["cart"] for row in chosen.table if "rule" in row}
    assert chosen.rule != "confidence"
    assert shown[chosen.rule] == max(shown.values()) > shown["confidence"]


def bakery() -> list[Ordered]:
    """Twelve things that everybody buys, and thirty pairs of things that belong together."""
    common = tuple(f"common{number:02}" for number in range(12))
    early = [Ordered(f"c_{n}", (f"left{n % 30}", f"right{n % 30}", *common[: 9 + n % 4]), n % 60) for n in range(240)]
    late = [Ordered(f"d_{n}", (f"left{n % 30}", f"right{n % 30}"), 90) for n in range(60)]
    return [*early, *late]


def test_nothing_of_the_test_is_learnt_from() -> None:
    orders = [order if order.day < 46 else Ordered(order.customer, ("secret",), order.day) for order in kitchens()]
    ledger = shop(*orders)
    test = backtest(ledger)
    assert any(case.next == ["secret"] for case in test.cases)
    assert test.counted.buyers[ledger.products.numbers["secret"]] == 0
    assert "secret" not in dict(test.popular)


def test_of_each_customer_the_first_later_order_is_foreseen() -> None:
    orders = [Ordered("c_mina", ("tea",), 1), Ordered("c_omid", ("cup",), 2), Ordered("c_mina", ("pot",), 3)]
    orders += [Ordered(f"c_{number}", ("jam",), 4 + number) for number in range(6)]
    orders += [Ordered("c_mina", ("mat", "tea"), 100), Ordered("c_mina", ("late",), 101)]
    assert backtest(shop(*orders)).cases == [Case([["pot"], ["tea"]], ["mat", "tea"])]


def test_what_was_given_back_is_no_order_to_be_foreseen() -> None:
    ledger = Ledger()
    for day in range(12):
        ledger.add(f"c_{day}", day * DAY, ["jam"])
    ledger.add("c_mina", 99 * DAY, ["ring"], back=True)
    ledger.add("c_mina", 100 * DAY, ["tea"])
    ledger.add("c_omid", 101 * DAY, ["ring"], back=True)
    assert backtest(ledger).cases == [Case([], ["tea"])]


def test_what_would_have_been_shown_is_counted() -> None:
    lists = {"tea": [Pick("cup", 0.5, 30), Pick("pot", 0.25, 12)], "cup": [Pick("tea", 0.5, 30)]}
    case = Case([["tea"]], ["tea", "cup", "lamp"])
    assert new_shown(case, lists, []) == 0.5
    assert cart_shown(case, lists, []) == 2 / 3
    assert again_shown(case, [], 0.0) == 1.0
    newcomer = Case([], ["tea"])
    assert [new_shown(newcomer, lists, []), cart_shown(newcomer, lists, []), again_shown(newcomer, [], 0.0)] == [
        None
    ] * 3


@settings(deadline=None)
@given(ORDERS)
def test_every_shop_learns_something_or_nothing_but_never_fails(orders: list[Ordered]) -> None:
    ledger = shop(*orders)
    found = learn(ledger, 120 * DAY)
    assert dict(found.together) == dict(together(ledger, found.chosen.rule))
    assert json.loads(json.dumps([found.popular, found.chosen.table]))


@settings(deadline=None)
@given(st.integers(0, 9))
def test_a_run_that_goes_on_where_another_ended_learns_the_same(cut: int) -> None:
    ledger = shop(*kitchens())
    whole = learn(ledger, 60 * DAY)
    lists = list(whole.together)
    begun = learn(ledger, 60 * DAY, whole.chosen, range(cut))
    ended = learn(ledger, 60 * DAY, whole.chosen, range(cut, len(ledger.products)))
    assert [*islice(begun.together, cut), *ended.together] == lists
    assert (ended.popular, ended.consumables) == (whole.popular, whole.consumables)
