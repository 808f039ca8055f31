"""What random lives with follow-ups have found, each told by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from chalicelib.domain import arms, blinding
from chalicelib.domain.events import AccountSeen
from chalicelib.domain.order import Buyer
from chalicelib.domain.quiet import quiet_until
from chalicelib.domain.times import moment, stamp
from chalicelib.table import flow_files, orders, shops
from chalicelib.work import privacy, take_account
from tests.occasions import MUG, SARA, cart, codes, open_world, rows, tell
from tests.post_office import MINUTE, NOON, SHOP, PostOffice, open_office, order

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def test_a_text_message_to_the_united_states_waits_until_it_is_day_in_hawaii_too() -> None:
    """Which keeps its clocks while Alaska's islands, as far west in winter, change theirs."""
    before, after = moment("2026-05-18T18:20:00Z"), moment("2026-05-18T19:00:00Z")
    assert quiet_until("sms", "marketing", "US", "America/New_York", before) == "2026-05-18T19:00:00Z"
    assert quiet_until("sms", "marketing", "US", "America/New_York", after) is None


def test_an_order_that_turns_out_to_be_somebody_elses_is_followed_up_by_her_clock(table: str) -> None:
    office = open_office(shop=replace(SHOP, country="DE", timezone="Europe/Berlin"))
    office.sell(order(buyer=Buyer(email="omid@example.test", country="DE")))
    assert office.row(1, "come-back").zone == "Europe/Berlin"
    office.sell(order(buyer=Buyer(email="mina@example.test", country="IR"), updated_at=stamp(NOON + MINUTE)))
    assert office.row(1, "come-back").zone == "Asia/Tehran"


def test_where_she_lives_is_asked_when_it_is_due_and_not_when_it_was_planned(table: str) -> None:
    office = open_world("cart-left")
    office.now += 2 * HOUR
    office.sell(order(buyer=Buyer(email=SARA)))
    tell(office, cart(SARA, office.now, MUG))
    told = order(buyer=Buyer(email=SARA, country="IN"), updated_at=stamp(office.now + MINUTE))
    office.sell(told)
    office.run(NOON + 6 * HOUR)  # it is half past ten in the evening there when her cart has lain for three hours
    (row,) = rows(office)
    assert (row.zone, row.state, codes(row)[-1]) == ("UTC", "deferred", "quiet_hours")
    office.run(NOON + DAY)
    assert [message.about["flow"] for message in office.taken] == ["cart-left"]


def by_arm(office: PostOffice, arm: str) -> str:
    """An address whose unit is in that arm at one half."""
    for number in range(100):
        unit = blinding.experiment_unit(office.shop.blind_key, f"email:{arm}{number}@example.test")
        if arms.is_treated(office.shop.salt, unit, "0.5") == (arm == "treated"):
            return f"{arm}{number}@example.test"
    raise AssertionError


def half(**changes: object) -> PostOffice:
    return open_office(shop=replace(SHOP, treated_share="0.5", **changes))


def test_whoever_is_held_out_as_a_guest_is_held_out_under_the_account_that_bears_her_address(table: str) -> None:
    """Even where the account's first order says no address, or another one."""
    office = half()
    mine, other = by_arm(office, "control"), by_arm(office, "treated")
    office.sell(order(1, email=mine))
    take_account.see(office.shop, AccountSeen(Buyer("7", mine), stamp(NOON), stamp(NOON)), NOON)
    for number, buyer in ((2, Buyer("7")), (3, Buyer("7", other))):
        office.sell(order(number, at=NOON + number * MINUTE, buyer=buyer))
        assert office.row(number, "come-back").unit == office.row(1, "come-back").unit
        assert office.row(number, "come-back").arm == "control"


def test_two_who_were_looked_at_and_turn_out_to_be_one_are_held_out_if_either_was(table: str) -> None:
    office = half()
    mine, other = by_arm(office, "control"), by_arm(office, "treated")
    office.sell(order(1, email=mine))
    office.sell(order(2, at=NOON + MINUTE, buyer=Buyer("7", other)))
    assert office.row(2, "come-back").arm == "treated"
    take_account.see(office.shop, AccountSeen(Buyer("7", mine), stamp(NOON), stamp(NOON + HOUR)), NOON + HOUR)
    office.run(NOON + 33 * DAY)
    assert office.sent("come-back") == []
    assert office.state(2, "come-back") == "held_out"


def test_after_a_task_that_was_held_out_the_flow_goes_on_as_quickly_as_after_one_that_was_opened(table: str) -> None:
    steps = [{"step": "card", "task": "Write her a card"}, {"step": "mark", "tag": "seen"}]
    flow = {"flow": "cards", "version": 1, "purpose": "marketing", "starts": [{"when": "bought", "wait": "1h"}]}
    decided = []
    for share in ("1", "0"):
        office = open_office(shop=replace(SHOP, treated_share=share, own_flows={"cards": 1}))
        flow_files.save("acme", "cards", 1, {**flow, "steps": steps}, {}, {}, stamp(NOON))
        shops.put(office.shop)
        office.sell(order())
        office.run(NOON + HOUR)
        held = orders.read("acme", "1").follow_ups
        decided.append((held["cards", "card"].decided, held["cards", "mark"].decided))
    assert decided == [(stamp(NOON + HOUR), stamp(NOON + HOUR))] * 2


def test_an_erasure_does_not_draw_the_lot_of_somebody_else_again(table: str) -> None:
    """An account that once had an order sent to her address is counted under it, and stays."""
    office = half()
    mine = by_arm(office, "control")
    office.sell(order(1, email=mine))
    office.sell(order(2, at=NOON + MINUTE, buyer=Buyer("8", mine)))
    erased, unit = office.row(1, "come-back").customer, office.row(2, "come-back").unit
    privacy.erase(office.shop, str(erased), NOON + HOUR)
    office.shop = replace(office.shop, treated_share="1")
    office.sell(order(3, at=NOON + 2 * HOUR, buyer=Buyer("8", mine)))
    assert (office.row(3, "come-back").unit, office.row(3, "come-back").arm) == (unit, "control")
