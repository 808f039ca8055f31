"""What starts flows beside orders: carts left behind, products that are back, segments, birthdays; one row of each."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib import clock
from chalicelib.domain.events import CartOrdered, CartSeen, ProductGone, ProductSeen, Unreadable
from chalicelib.domain.order import Buyer
from chalicelib.domain.times import moment, stamp
from chalicelib.platforms.standard import webhook
from chalicelib.table import customers, orders, sync
from chalicelib.table import wants as want_rows
from chalicelib.work import flow_book, nudge, occasions, privacy, wants
from chalicelib.work.occasions import Occasion
from tests import occasions as world
from tests.acme import NOW, open_shop, see
from tests.acme import SARA as ACME_SARA
from tests.acme import order as acme_order
from tests.fake_dynamo import instead_of_dynamodb
from tests.gateway import ask
from tests.occasions import MUG, OMID, SARA, Fetch, account, born, cart, codes, minute, node, plans, product, rows, tell
from tests.post_office import MINUTE, NOON, PostOffice, order

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    with instead_of_dynamodb():
        yield
    flow_book.forget()
    nudge.forget()


def known(office: PostOffice, *emails: str) -> None:
    """They have bought before."""
    for number, email in enumerate(emails, 100):
        office.sell(order(number, NOON - 90 * DAY, email))


class TestCarts:
    def test_a_cart_left_for_three_hours_is_written_about_once(self) -> None:
        office = world.open_world("cart-left")
        known(office, SARA)
        assert tell(office, cart(SARA, NOON, MUG)) == "stored"
        assert tell(office, cart(SARA, NOON, MUG)) == "duplicate"
        assert plans(office) == [("cart-left", "cart-77", "mail", "scheduled")]
        office.run(NOON + 5 * HOUR)
        (mail,) = office.sent("cart-left")
        assert mail.to == SARA
        assert "Mug" in mail.html
        office.run(NOON + 60 * DAY)
        assert len(office.taken) == 1

    def test_who_is_no_customer_yet_is_not_written_to(self) -> None:
        office = world.open_world("cart-left")
        tell(office, cart("stranger@example.test", NOON, MUG))
        tell(office, cart(None, NOON, MUG, number="78"))
        assert plans(office) == []

    def test_nothing_is_read_or_planned_where_no_flow_asks_for_carts(self) -> None:
        office = world.open_world()
        known(office, SARA)
        tell(office, cart(SARA, NOON, MUG))
        calls: Counter[str] = Counter()
        office.dynamo.before = lambda operation, _: calls.update([operation])
        tell(office, cart(SARA, NOON + HOUR, MUG))
        assert calls == {"GetItem": 3, "PutItem": 1}  # the shop itself (of this test), her, the cart
        assert tell(office, CartOrdered("77", stamp(NOON + HOUR))) == "ignored"

    def test_a_cart_that_is_filled_again_waits_three_hours_from_then_on(self) -> None:
        office = world.open_world("cart-left")
        known(office, SARA)
        tell(office, cart(SARA, NOON, MUG))
        office.now = NOON + 2 * HOUR
        tell(office, cart(SARA, office.now, MUG, replace(MUG, product_id="p2")))
        tell(office, cart(SARA, NOON, MUG))  # late, and older
        office.run(NOON + 4 * HOUR)
        assert office.taken == []
        office.run(NOON + 6 * HOUR)
        assert len(office.taken) == 1

    def test_a_slow_worker_with_an_older_cart_does_not_turn_the_wait_back(self) -> None:
        office = world.open_world("cart-left")
        known(office, SARA)
        tell(office, cart(SARA, NOON + HOUR, MUG))
        slow = Occasion("cart_abandoned", "cart-77", stamp(NOON), about={"cart": "77"})
        assert occasions.happened(office.shop, node(office), slow, NOON + HOUR) == 0
        (row,) = rows(office)
        assert row.due_at == stamp(NOON + 4 * HOUR)

    @pytest.mark.parametrize("told", list(permutations(range(3))))
    def test_an_emptied_cart_is_not_written_about_until_it_is_filled_again(self, told: tuple[int, ...]) -> None:
        office = world.open_world("cart-left")
        known(office, SARA)
        office.now = NOON + HOUR
        lives = [cart(SARA, NOON, MUG), cart(SARA, NOON + 30 * MINUTE), cart(SARA, NOON + HOUR, MUG)]
        for which in told:
            tell(office, lives[which])
        assert plans(office) == [("cart-left", "cart-77", "mail", "scheduled")]
        (row,) = rows(office)
        assert row.due_at == stamp(NOON + 4 * HOUR)
        tell(office, cart(SARA, NOON + 2 * HOUR))
        (row,) = rows(office)
        assert (row.state, codes(row)[-1], row.decided) == ("cancelled", "cart_gone", None)
        office.run(NOON + 9 * HOUR)
        assert office.taken == []

    def test_an_order_placed_after_the_cart_ends_it(self) -> None:
        office = world.open_world("cart-left")
        known(office, SARA)
        tell(office, cart(SARA, NOON, MUG))
        office.now = NOON + HOUR
        office.sell(order(1, office.now))
        office.run(NOON + 6 * HOUR)
        (row,) = rows(office)
        assert office.taken == []
        assert codes(row)[-1] == "newer_order"

    @pytest.mark.parametrize("first", ["cart", "order"])
    def test_an_order_that_names_the_cart_empties_it_whoever_placed_it(self, first: str) -> None:
        office = world.open_world("cart-left")
        known(office, SARA)
        told = [cart(SARA, NOON, MUG), CartOrdered("77", stamp(NOON + HOUR))]
        for event in told if first == "cart" else reversed(told):
            tell(office, event)
        office.run(NOON + 6 * HOUR)
        assert office.taken == []

    @pytest.mark.parametrize("late", [False, True])
    def test_a_cart_of_nobody_is_still_hers_who_has_begun_to_pay_for_it(self, late: bool) -> None:
        """Shopify tells of one cart by two names: carts/update says nothing of whose it is."""
        office = world.open_world("cart-left")
        known(office, SARA)
        told = [cart(SARA, NOON, MUG), cart(None, NOON + MINUTE, MUG, MUG)]
        for event in reversed(told) if late else told:
            tell(office, event)
        office.run(NOON + 6 * HOUR)
        assert [mail.to for mail in office.taken] == [SARA]

    def test_a_cart_that_is_somebody_elses_now_is_not_shown_to_the_first(self) -> None:
        office = world.open_world("cart-left")
        known(office, SARA, OMID)
        tell(office, cart(SARA, NOON, MUG))
        tell(office, cart(OMID, NOON + HOUR, MUG))
        office.run(NOON + 9 * HOUR)
        assert [mail.to for mail in office.taken] == [OMID]

    def test_a_cart_that_moves_from_her_address_to_her_account_is_one(self) -> None:
        office = world.open_world("cart-left")
        known(office, SARA)
        tell(office, account("a1", SARA, NOON - DAY))
        tell(office, cart(SARA, NOON, MUG))
        tell(office, CartSeen("77", Buyer(account="a1", email=SARA), (MUG,), "EUR", stamp(NOON + HOUR)))
        assert len(rows(office)) == 1
        office.run(NOON + 9 * HOUR)
        assert len(office.taken) == 1

    def test_a_worker_that_dies_between_the_cart_and_its_plan_is_made_up_for(self) -> None:
        office = world.open_world("cart-left")
        known(office, SARA)

        def die(operation: str, arguments: object) -> None:
            if operation == "TransactWriteItems":
                raise SystemExit

        office.dynamo.before = die
        with pytest.raises(SystemExit):
            tell(office, cart(SARA, NOON, MUG))
        office.dynamo.before = lambda operation, arguments: None
        assert rows(office) == []
        assert tell(office, cart(SARA, NOON, MUG)) == "duplicate"
        assert len(rows(office)) == 1

    def test_a_flow_that_was_edited_meanwhile_does_not_start_twice(self) -> None:
        office = world.open_world("cart-left")
        known(office, SARA)
        tell(office, cart(SARA, NOON, MUG))
        edited = {**world.FLOWS["cart-left"], "steps": [{"step": "letter", "send": "cart-left", "channel": "email"}]}
        world.write_flow(office.shop, "cart-left", edited, 2)
        world.shops.put(replace(world.shop_of(office), own_flows={"cart-left": 2}))
        tell(office, cart(SARA, NOON + HOUR, MUG))
        (row,) = rows(office)
        assert (row.step, row.version, row.due_at) == ("mail", 1, stamp(NOON + 4 * HOUR))
        office.run(NOON + 9 * HOUR)
        assert len(office.taken) == 1


class TestBackInStock:
    def waiting(self, *emails: str) -> PostOffice:
        office = world.open_world("back-in-stock")
        known(office, *emails)
        tell(office, product(NOON - DAY, available=False))
        for email in emails:
            wants.want(office.shop, "p1", node(office, email), office.now)
        return office

    def test_who_waits_is_told_once_and_waits_no_longer(self) -> None:
        office = self.waiting(SARA, OMID)
        assert want_rows.count("acme", "p1", office.now) == 2
        tell(office, product(NOON))
        tell(office, product(NOON))
        office.now += MINUTE
        minute(office)
        office.run(NOON + DAY)
        assert sorted(mail.to for mail in office.taken) == [OMID, SARA]
        assert {row.trigger_id for row in rows(office)} == {"stock-p1-2026-11-02"}
        assert want_rows.count("acme", "p1", office.now) == 0
        assert want_rows.of_customer("acme", node(office)) == []
        assert sync.read("acme", "stock:p1") is None
        tell(office, product(NOON + 2 * DAY, available=False))
        tell(office, product(NOON + 3 * DAY))
        assert sync.read("acme", "stock:p1") is None  # nobody waits any more

    def test_a_product_that_was_gone_and_returns_is_back(self) -> None:
        office = self.waiting(SARA)
        tell(office, ProductGone("p1", stamp(NOON - HOUR)))
        tell(office, product(NOON))
        world.until(office, NOON + DAY)
        assert len(office.taken) == 1

    def test_that_it_is_listed_again_is_no_news_and_that_it_is_not_keeps_nobody_waiting(self) -> None:
        """Who waits for it had its address: whether the shop's lists show it is another question."""
        office = self.waiting(SARA)
        back = product(NOON).product
        tell(office, ProductSeen(replace(back, available=False, listed=False, updated_at=stamp(NOON - HOUR))))
        assert sync.read("acme", "stock:p1") is None
        tell(office, ProductSeen(replace(back, listed=False)))
        world.until(office, NOON + DAY)
        assert len(office.taken) == 1
        wants.want(office.shop, "p1", node(office), office.now)
        tell(office, product(NOON + 2 * DAY))
        assert sync.read("acme", "stock:p1") is None

    def test_what_was_never_sold_out_is_not_back(self) -> None:
        office = world.open_world("back-in-stock")
        known(office, SARA)
        tell(office, product(NOON - DAY))
        wants.want(office.shop, "p1", node(office), office.now)
        tell(office, product(NOON))
        assert sync.read("acme", "stock:p1") is None

    @pytest.mark.parametrize("told", list(permutations(range(3))))
    def test_that_it_was_sold_out_in_between_is_known_in_whatever_order_it_is_told(self, told: tuple[int, ...]) -> None:
        office = world.open_world("back-in-stock")
        known(office, SARA)
        wants.want(office.shop, "p1", node(office), office.now)
        lives = [product(NOON - 3 * HOUR), product(NOON - 2 * HOUR, available=False), product(NOON - HOUR)]
        for which in (*told, *told):
            tell(office, lives[which])
        assert sync.read("acme", "stock:p1") is not None
        world.until(office, NOON + DAY)
        assert len(office.taken) == 1

    @pytest.mark.parametrize("told", list(permutations(range(3))))
    def test_that_it_was_gone_in_between_is_known_as_well(self, told: tuple[int, ...]) -> None:
        office = world.open_world("back-in-stock")
        known(office, SARA)
        wants.want(office.shop, "p1", node(office), office.now)
        lives = [product(NOON - 3 * HOUR), ProductGone("p1", stamp(NOON - 2 * HOUR)), product(NOON - HOUR)]
        for which in told:
            tell(office, lives[which])
        assert sync.read("acme", "stock:p1") is not None

    def test_sold_out_again_before_anybody_was_told_everybody_goes_on_waiting(self) -> None:
        office = self.waiting(SARA)
        tell(office, product(NOON))
        tell(office, product(NOON + MINUTE, available=False))
        world.until(office, NOON + DAY)
        assert office.taken == []
        assert want_rows.count("acme", "p1", office.now) == 1
        tell(office, product(office.now))
        world.until(office, office.now + DAY)
        assert len(office.taken) == 1

    def test_sold_out_again_before_the_message_went_out_it_does_not_go_out(self) -> None:
        office = self.waiting(SARA)
        tell(office, product(NOON))
        office.now += MINUTE
        office.minute()
        Fetch(office).work_off()
        tell(office, product(NOON + MINUTE, available=False))
        office.run(NOON + DAY)
        (row,) = rows(office)
        assert office.taken == []
        assert codes(row)[-1] == "not_available"

    def test_hundreds_who_wait_are_told_by_several_workers_each_going_on_where_the_last_one_stopped(self) -> None:
        office = world.open_world("back-in-stock")
        people = [f"c{number}@example.test" for number in range(120)]
        known(office, *people)
        tell(office, product(NOON - DAY, available=False))
        for email in people:
            wants.want(office.shop, "p1", node(office, email), office.now)
        tell(office, product(NOON))
        office.now += MINUTE
        office.minute()
        worker = Fetch(office, seconds=28)
        assert worker.work_off(1) == 1
        assert 0 < want_rows.count("acme", "p1", office.now) < 120
        assert worker.work_off() >= 1
        assert want_rows.count("acme", "p1", office.now) == 0
        assert len({row.customer for row in rows(office)}) == len(rows(office)) == 120

    def test_a_worker_that_dies_leaves_the_rest_to_the_next(self) -> None:
        office = self.waiting(SARA, OMID)
        tell(office, product(NOON))
        office.now += MINUTE
        office.minute()
        deaths = iter([True])

        def die(operation: str, arguments: object) -> None:
            if operation == "TransactWriteItems" and "WANT#" in json.dumps(arguments, default=str) and next(deaths, 0):
                raise SystemExit

        office.dynamo.before = die
        with pytest.raises(SystemExit):
            Fetch(office).work_off()
        assert len(rows(office)) == 1
        office.asked.clear()
        world.until(office, NOON + DAY)
        assert sorted(mail.to for mail in office.taken) == [OMID, SARA]

    def test_nobody_waits_for_more_than_a_hundred_products_and_who_is_unknown_for_none(self) -> None:
        office = world.open_world("back-in-stock")
        known(office, SARA)
        for number in range(want_rows.MOST):
            wants.want(office.shop, f"p{number}", node(office), office.now)
        wants.want(office.shop, "p1", node(office), office.now)
        with pytest.raises(wants.TooMany):
            wants.want(office.shop, "one-more", node(office), office.now)
        with pytest.raises(LookupError):
            wants.want(office.shop, "p1", "c_nobody", office.now)

    def test_to_forget_somebody_takes_both_rows_away(self) -> None:
        office = self.waiting(SARA)
        wants.forget(office.shop, node(office))
        assert not [item for item in office.dynamo.all() if item["sk"]["S"].startswith("WANT#")]

    def test_who_waited_for_half_a_year_waits_no_longer(self) -> None:
        office = self.waiting(SARA)
        office.now = NOON + 181 * DAY
        assert want_rows.of_product("acme", "p1", office.now, 5) == []


class TestBirthdays:
    def test_ten_in_the_morning_where_she_lives(self) -> None:
        office = world.open_world("birthday", timezone="Europe/Berlin")
        office.sell(order(100, NOON - 90 * DAY, buyer=Buyer(email=SARA, country="JP")))
        tell(office, born(SARA, "1990-11-20", NOON))
        assert rows(office) == []
        world.until(office, NOON + 30 * DAY)
        (row,) = rows(office)
        assert row.trigger_id == "birthday-2026"
        assert row.sent_at == "2026-11-20T01:00:00Z"  # 10:00 in Tokyo
        assert len(office.taken) == 1

    def test_every_year_once(self) -> None:
        office = world.open_world("birthday")
        known(office, SARA)
        tell(office, born(SARA, "02-29", NOON))
        minute(office)
        for year in (2027, 2028):
            world.jump(office, datetime(year, 2, 26, 4, tzinfo=UTC))
            world.until(office, datetime(year, 3, 4, tzinfo=UTC))
        assert [(row.trigger_id, (row.sent_at or "")[:10]) for row in rows(office)] == [
            ("birthday-2027", "2027-02-28"),
            ("birthday-2028", "2028-02-29"),
        ]

    def test_told_on_the_day_itself_it_is_not_too_late(self) -> None:
        office = world.open_world("birthday")
        known(office, SARA)
        tell(office, born(SARA, "11-02", NOON))
        minute(office)
        office.run(NOON + HOUR)
        assert len(office.taken) == 1

    @pytest.mark.parametrize("day", ["11-10", "11-20"])
    def test_corrected_before_it_went_out_the_new_day_counts(self, day: str) -> None:
        office = world.open_world("birthday")
        known(office, SARA)
        tell(office, born(SARA, "11-15", NOON))
        minute(office)
        office.now = NOON + 3 * DAY
        tell(office, born(SARA, day, office.now))
        world.until(office, NOON + 30 * DAY)
        assert [(row.sent_at or "")[:10] for row in rows(office)] == [f"2026-{day}"]

    def test_corrected_when_it_was_planned_already(self) -> None:
        office = world.open_world("birthday")
        known(office, SARA)
        tell(office, born(SARA, "11-03", NOON))
        tell(office, born(SARA, "11-01", NOON + MINUTE))
        office.run(NOON + 3 * DAY)
        (row,) = rows(office)
        assert office.taken == []
        assert codes(row)[-1] == "birthday_moved"

    def test_nights_without_a_look_are_made_up_for(self) -> None:
        office = world.open_world("birthday")
        known(office, SARA)
        tell(office, born(SARA, "11-09", NOON))
        world.until(office, NOON + 4 * DAY)
        office.now = NOON + 8 * DAY  # the clock stood still
        world.until(office, NOON + 10 * DAY)
        assert [row.trigger_id for row in rows(office)] == ["birthday-2026"]
        assert len(office.taken) == 1

    def test_two_of_one_person_become_one(self) -> None:
        """Her account and her address were told of it, and only then became one person."""
        office = world.open_world("birthday")
        known(office, SARA)
        tell(office, account("a1", "other@example.test", NOON - DAY))
        tell(office, born(SARA, "11-03", NOON))
        said = born("", "11-03", NOON)
        tell(office, replace(said, email=None, account="a1"))
        assert len(rows(office)) == 2
        tell(office, account("a1", SARA, NOON + MINUTE))
        office.consent(SARA, "subscribed")
        world.until(office, NOON + 5 * DAY)
        assert len(office.taken) == 1
        assert Counter(codes(row)[-1] for row in rows(office))["told_already"] == 1


class TestWaitingForAnOrder:
    def test_a_step_that_waits_goes_on_as_soon_as_she_has_ordered(self) -> None:
        office = world.open_world("patient")
        office.sell(order(1, NOON))
        world.until(office, NOON + 3 * DAY)
        office.sell(order(2, office.now))
        world.until(office, NOON + 3 * DAY + 5 * MINUTE)
        row = orders.read("acme", "1").follow_ups["patient", "wait"]
        assert (row.state, codes(row)[-1], row.decided) == ("done", "happened", stamp(NOON + 3 * DAY + MINUTE))
        person = customers.person("acme", node(office))
        assert person
        assert person.contact.note("tag:again") == "on"
        assert person.contact.note("tag:silent") is None

    def test_an_earlier_order_that_is_heard_of_late_is_not_what_it_waits_for(self) -> None:
        office = world.open_world("patient")
        office.sell(order(1, NOON))
        world.until(office, NOON + 3 * DAY)
        office.sell(order(2, NOON - 5 * DAY))
        office.sell(order(3, NOON + DAY, status="failed", payment="none", paid_at=None))
        row = orders.read("acme", "1").follow_ups["patient", "wait"]
        assert row.due_at == stamp(NOON + HOUR + 14 * DAY)

    def test_looked_at_too_early_it_goes_on_waiting_until_its_time_is_up(self) -> None:
        office = world.open_world("patient")
        office.sell(order(1, NOON))
        world.until(office, NOON + 3 * DAY)
        office.sell(order(2, office.now))
        office.sell(order(2, office.now, status="cancelled", updated_at=stamp(office.now + MINUTE)))
        world.until(office, NOON + 3 * DAY + HOUR)
        row = orders.read("acme", "1").follow_ups["patient", "wait"]
        assert (row.state, row.due_at) == ("scheduled", stamp(NOON + HOUR + 14 * DAY))
        world.until(office, NOON + 16 * DAY)
        row = orders.read("acme", "1").follow_ups["patient", "wait"]
        assert (row.state, codes(row)[-1]) == ("done", "did_not_happen")

    def test_nothing_is_read_where_no_live_flow_waits_for_an_order(self) -> None:
        office = world.open_world()
        office.sell(order(1, NOON))
        calls: Counter[str] = Counter()
        office.dynamo.before = lambda operation, _: calls.update([operation])
        office.sell(order(2, NOON))
        assert calls == {"Query": 1, "GetItem": 1, "TransactWriteItems": 1}


PEOPLE = ("sara@example.test", "omid@example.test")


@st.composite
def lives(draw: st.DrawFn) -> list[tuple[str, object]]:
    """What happened, as it will be told: each perhaps twice, in any order."""
    happened: list[tuple[str, object]] = []
    for number in range(draw(st.integers(2, 7))):
        kind = draw(st.sampled_from(["cart", "cart", "order", "birthday", "account"]))
        email, at = draw(st.sampled_from(PEOPLE)), NOON + draw(st.integers(0, 50)) * HOUR / 10
        by_account = draw(st.booleans())
        buyer = Buyer(account=f"a-{email[:4]}", email=email) if by_account else Buyer(email=email)
        if kind == "cart":
            lines = (MUG,) * draw(st.integers(0, 2))
            happened.append(("tell", CartSeen(draw(st.sampled_from("78")), buyer, lines, "EUR", stamp(at))))
        elif kind == "order":
            happened.append(("sell", order(f"{number}", at, email, buyer=buyer)))
        elif kind == "birthday":
            told = born(email, draw(st.sampled_from(["11-02", "11-03", "11-04"])), at)
            happened.append(("tell", replace(told, email=None, account=buyer.account) if by_account else told))
        else:
            happened.append(("tell", account(f"a-{email[:4]}", email, at)))
    return draw(st.permutations(happened + draw(st.lists(st.sampled_from(happened), max_size=4))))


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(lives(), st.integers(0, 3))
def test_one_row_of_each_flow_trigger_and_step_for_each_person_whatever_is_told_when(
    told: list[tuple[str, object]], pause: int
) -> None:
    with instead_of_dynamodb():
        office = world.open_world("cart-left", "birthday", "vip-hello", "patient")
        known(office, *PEOPLE)
        world.until(office, NOON + 5 * MINUTE)
        for number, (how, event) in enumerate(told):
            world.shop_of(office)
            office.sell(event) if how == "sell" else tell(office, event)  # type: ignore[arg-type]
            if pause and number % pause == 0:
                world.until(office, office.now + 40 * MINUTE)
        world.until(office, NOON + 4 * DAY)
        _each_once(office)
        _each_once_sent(office)


def _person(office: PostOffice, node_id: str | None) -> str:
    found = customers.person("acme", node_id or "")
    return found.id if found else ""


def _each_once(office: PostOffice) -> None:
    live = [row for row in rows(office) if row.state != "cancelled"]
    keys = Counter((_person(office, row.customer), row.flow, row.trigger_id, row.step) for row in live)
    assert not [key for key, count in keys.items() if count > 1]


def _each_once_sent(office: PostOffice) -> None:
    sent = [row for row in rows(office) if row.sent_at]
    triggers = Counter((_person(office, row.customer), row.flow, row.trigger_id) for row in sent)
    assert not [key for key, count in triggers.items() if count > 1]
    assert len({message.id for message in office.taken}) == len(office.taken)


def test_an_erased_person_is_planned_nothing() -> None:
    office = world.open_world("cart-left", "birthday")
    known(office, SARA)
    before = node(office)
    privacy.erase(office.shop, before, office.now)
    tell(office, cart(SARA, NOON - DAY, MUG))
    tell(office, born(SARA, "11-03", NOON - DAY))
    assert rows(office) == []


class TestThePartnerApi:
    @pytest.fixture
    def key(self) -> Iterator[str]:
        clock.use(lambda: NOW)
        shop, secret = open_shop()
        see(shop, acme_order())
        return secret

    def ask(self, key: str, method: str, path: str, body: object = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {key}", "content-type": "application/json"}
        answer = ask(method, path, headers, None if body is None else json.dumps(body).encode())
        return answer.status, answer.json

    def test_who_waits_is_counted_and_taken_off_again(self, key: str) -> None:
        path = "/v1/products/p-1/waiting"
        assert self.ask(key, "GET", path) == (200, {"product_id": "p-1", "waiting": 0})
        for _ in range(2):
            assert self.ask(key, "PUT", path, {"email": ACME_SARA.email})[1]["waiting"] == 1
        (found,) = self.ask(key, "GET", "/v1/customers")[1]["items"]
        assert self.ask(key, "PUT", path, {"customer_id": found["id"]})[1]["waiting"] == 1
        assert self.ask(key, "DELETE", f"{path}/{found['id']}") == (200, {"product_id": "p-1", "waiting": 0})
        assert self.ask(key, "DELETE", f"{path}/{found['id']}")[0] == 200

    @pytest.mark.parametrize(
        ("body", "status", "field"),
        [
            ({}, 400, "customer_id"),
            ({"email": "no address"}, 400, "email"),
            ({"email": "nobody@example.test"}, 404, None),
            ({"customer_id": "c_nobody"}, 404, None),
            ({"email": "a@example.test", "customer_id": "c_1"}, 400, "email"),
            ({"mail": "a@example.test"}, 400, "mail"),
            ({"email": 5}, 400, "email"),
        ],
    )
    def test_what_says_nobody_is_refused_by_name(self, key: str, body: object, status: int, field: str | None) -> None:
        answered, problem = self.ask(key, "PUT", "/v1/products/p-1/waiting", body)
        assert answered == status
        assert field is None or field in json.dumps(problem)
        assert self.ask(key, "GET", "/v1/products/p-1/waiting")[1]["waiting"] == 0

    def test_a_birthday_and_tags_are_noted(self, key: str) -> None:
        (found,) = self.ask(key, "GET", "/v1/customers")[1]["items"]
        path = f"/v1/customers/{found['id']}"
        answer = self.ask(key, "PATCH", path, {"birthday": "1370-05-12", "tags": {"vip": True, "b2b": True}})
        assert answer == (200, {"id": found["id"], "birthday": "1991-08-03", "tags": ["b2b", "vip"]})
        later = NOW + DAY
        clock.use(lambda: later)
        answer = self.ask(key, "PATCH", path, {"birthday": None, "tags": {"vip": False}})
        assert answer == (200, {"id": found["id"], "birthday": None, "tags": ["b2b"]})
        for bad in ({"birthday": "soon"}, {"birthday": 5}, {"tags": []}, {"tags": {"a,b": True}}, {"tags": {"a": 1}}):
            assert self.ask(key, "PATCH", path, bad)[0] == 400
        assert self.ask(key, "PATCH", path, {})[1]["tags"] == ["b2b"]


class TestStandardDeliveries:
    def say(self, office: PostOffice, kind: str, data: dict[str, Any]) -> list[str]:
        body = json.dumps({"type": kind, "timestamp": stamp(office.now), "data": data}).encode()
        found = webhook.read("", {}, body, received_at=stamp(office.now), shop=office.shop)
        return [tell(office, event) for event in found]

    def test_a_cart_a_birthday_and_an_order_of_the_cart(self) -> None:
        office = world.open_world("cart-left", "birthday")
        known(office, SARA)
        customer = {"id": "a1", "email": SARA, "birthday": "1370-08-12"}  # a 3rd of November
        assert self.say(office, "customer.updated", customer) == ["stored", "stored"]
        line = {"product_id": "p1", "title": "Mug", "quantity": 1, "total": 1200}
        left = {"id": "77", "customer": {"email": SARA}, "lines": [line], "money": "minor", "currency": "EUR"}
        assert self.say(office, "cart.updated", left) == ["stored"]
        assert sorted(flow for flow, *_ in plans(office)) == ["birthday", "cart-left"]
        office.now += HOUR
        sold = {"id": "5", "currency": "EUR", "total": 1200, "money": "minor", "cart_id": "77", "status": "placed"}
        self.say(office, "order.paid", {**sold, "placed_at": stamp(office.now), "customer": {"email": OMID}})
        office.run(NOON + 12 * HOUR)
        assert [codes(row)[-1] for row in rows(office) if row.flow == "cart-left"] == ["cart_gone"]

    def test_a_birthday_that_is_none_is_refused_of_a_customer_and_passed_over_in_an_order(self) -> None:
        office = world.open_world()
        with pytest.raises(Unreadable) as refused:
            self.say(office, "customer.updated", {"id": "a1", "birthday": "soon"})
        assert refused.value.field == "data.birthday"
        sold = {"id": "5", "currency": "EUR", "total": 1200, "money": "minor", "placed_at": stamp(NOON)}
        assert self.say(office, "order.paid", {**sold, "customer": {"email": SARA, "birthday": "soon"}}) == ["new"]


class TestRecordedDeliveries:
    """Carts as Shopify and Saleor tell of them, through what takes deliveries in."""

    def test_a_shopify_cart_becomes_a_checkout_and_is_ordered(self) -> None:
        from chalicelib.platforms.shopify import webhook as shopify
        from tests.test_shopify import BODIES

        office = world.open_world("cart-left", platform="shopify", country="GB")
        office.now = moment("2026-11-21T18:30:00Z")

        def say(topic: str) -> list[str]:
            body = json.dumps(BODIES[topic]).encode()
            found = shopify.read(topic, {}, body, received_at=stamp(office.now), shop=office.shop)
            return [tell(office, event) for event in found]

        say("customers/create")
        say("carts/create")
        assert rows(office) == []  # of nobody yet
        say("checkouts/create")
        (row,) = rows(office)
        assert (row.trigger, row.state) == ("cart-hWN1AcmeCart", "scheduled")
        say("checkouts/update")  # completed
        (row,) = rows(office)
        assert (row.state, codes(row)[-1]) == ("cancelled", "cart_gone")
        say("orders/paid")
        say("checkouts/create")
        assert [row.state for row in rows(office)] == ["cancelled"]

    def test_a_saleor_checkout_of_a_customer(self) -> None:
        from chalicelib.platforms.saleor import webhook as saleor
        from tests.test_saleor import STORY

        office = world.open_world("cart-left", platform="saleor")
        office.now = moment("2027-01-01T00:00:00Z")
        delivery = next(told for told in STORY if told.topic == "checkout_created")
        (seen,) = saleor.read("checkout_created", {}, delivery.body, received_at=stamp(office.now), shop=office.shop)
        assert isinstance(seen, CartSeen)
        tell(office, seen)
        assert rows(office) == []  # nobody we know
        known(office, str(seen.buyer.email))
        tell(office, seen)
        (row,) = rows(office)
        assert row.trigger == f"cart-{seen.cart_id}"
