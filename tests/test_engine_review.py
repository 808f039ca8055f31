"""What a reviewer found in the engine of follow-ups: messages lost, promised for nothing, decided by what is not so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import flows
from chalicelib.channels import Receipt, Unclear
from chalicelib.domain.customer import MOST_SENDS, Node
from chalicelib.domain.flow_file import parse
from chalicelib.domain.planning import Rating, plan
from chalicelib.domain.rehearsal import Person, lived
from chalicelib.domain.times import stamp
from chalicelib.table import customers, orders, shops, wants
from chalicelib.work import flow_book, flow_checks, flow_saving, flow_switch, nudge, privacy, send
from chalicelib.work.wording import Wording
from tests import occasions as world
from tests.fake_dynamo import instead_of_dynamodb
from tests.occasions import SARA, born, codes, node, plans, rows, tell
from tests.post_office import MINUTE, NOON, SHOP, PostOffice, order
from tests.stories import ELENA, opened

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    with instead_of_dynamodb():
        yield
    flow_book.forget()
    nudge.forget()


def shop_with(**written: dict[str, Any]) -> PostOffice:
    """A shop in which nothing but these marketing flows is on; `_` in a name stands for `-`."""
    named = {name.replace("_", "-"): data for name, data in written.items()}
    office = world.open_world()
    office.shop = shops.change("acme", lambda old: replace(old or SHOP, own_flows=dict.fromkeys(named, 1)))
    for name, data in named.items():
        world.write_flow(office.shop, name, data, 1)
    return office


def mail(step: str = "mail", **more: Any) -> dict[str, Any]:
    return {"step": step, "send": "come-back", "channel": "email", **more}


GERMANS = {"flow": "germans", "version": 1, "purpose": "marketing", "steps": [mail()]}
ONE = {"starts": [{"when": "bought", "wait": "1h"}], "steps": [mail(), mail("again", wait="2d")]}
DONE = {"fulfilled_at": stamp(NOON), "fulfilment": "fulfilled"}
WAIT = {"step": "sent-off", "wait_for": "fulfilled", "timeout": "14d", "then": [mail()], "else": [mail("never")]}


def states(office: PostOffice, number: int = 1) -> dict[tuple[str, str], str]:
    return {key: row.state for key, row in orders.read("acme", str(number)).follow_ups.items()}


class TestLots:
    def test_people_with_one_birthday_draw_a_lot_each(self) -> None:
        ways = [{"share": 50, "steps": [{"step": name, "tag": name}]} for name in ("one", "two")]
        office = shop_with(lots={"starts": [{"when": "birthday"}], "steps": [{"step": "lot", "split": ways}]})
        for number in range(12):
            office.sell(order(number, NOON, f"p{number}@example.test"))
            tell(office, born(f"p{number}@example.test", "1990-11-02", NOON))
        world.until(office, NOON + HOUR)
        taken = [step for _, _, step, _ in plans(office) if step != "lot"]
        assert len(taken) == 12
        assert set(taken) == {"one", "two"}


class TestCoupons:
    def test_a_coupon_that_came_too_late_is_not_followed_by_the_mail_about_it(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        office = opened("birthday")
        office.sell(ELENA.order(1))
        tell(office, born(ELENA.email, "1990-11-03", NOON))
        monkeypatch.setattr(office, "make_coupons", office.asked.clear)
        office.run(NOON + 4 * DAY)
        assert [(row.step, row.state) for row in rows(office)] == [("gift", "skipped")]
        assert office.taken == []

    def test_no_code_is_used_up_for_who_never_agreed_to_any_message(self) -> None:
        office = opened("birthday", consent="strict")
        office.sell(order(1))
        tell(office, born(SARA, "1990-11-03", NOON))
        office.run(NOON + 3 * DAY)
        gift = next(row for row in rows(office) if row.step == "gift")
        assert (gift.state, codes(gift)[-1]) == ("skipped", "no_consent")

    def test_who_agreed_gets_it(self) -> None:
        office = opened("birthday", consent="strict")
        office.sell(order(1))
        office.consent(SARA, "subscribed")
        tell(office, born(SARA, "1990-11-03", NOON))
        office.run(NOON + 3 * DAY)
        assert [row.state for row in rows(office)] == ["done", "sent"]


class TestConversations:
    def test_two_flows_that_have_not_written_yet_do_not_wait_for_each_other_for_ever(self) -> None:
        begins = {"starts": [{"when": "bought", "wait": "1h"}]}
        one = {**begins, "steps": [{"step": "mark", "tag": "one"}, mail(wait="2d")]}
        two = {**begins, "steps": [{"step": "mark", "tag": "two"}, mail(wait="1d")]}
        office = shop_with(one=one, two=two)
        office.sell(order())
        office.run(NOON + 8 * DAY)
        assert [message.about["flow"] for message in office.taken] == ["two", "one"]

    def test_each_way_of_a_lot_begins_the_conversation(self) -> None:
        assert flows.shipped()["win-back"].opening() == {"which", "long", "short"}
        assert flows.shipped()["second-order"].opening() == {"mail"}

    def test_a_flow_that_starts_from_orders_too_is_looked_for_beside_the_customer(self) -> None:
        starts = [{"when": "bought"}, {"when": "birthday"}]
        flow = parse({"flow": "both", "version": 1, "purpose": "marketing", "starts": starts, "steps": [mail()]})
        assert (flow.about_orders, flow.about_others) == (True, True)


class TestStarts:
    def test_what_the_order_does_not_say_is_not_so(self) -> None:
        flow = parse({**GERMANS, "starts": [{"when": "bought", "if": {"order.country": "DE"}}]})
        assert plan(flow, order(), "2026-01-01T00:00:00Z", "UTC") is None

    def test_until_it_says_so_the_next_line_decides(self) -> None:
        good = {"when": "bought", "wait": "14d", "if": {"order.rating": {"at_least": 4}}}
        flow = parse({**GERMANS, "starts": [good, {"when": "bought", "wait": "20d"}]})
        unrated = plan(flow, order(), "2026-01-01T00:00:00Z", "UTC")
        rated = plan(flow, order(), "2026-01-01T00:00:00Z", "UTC", Rating(5, stamp(NOON)))
        assert unrated
        assert unrated.due == stamp(NOON + 20 * DAY)
        assert rated
        assert rated.due == stamp(NOON + 14 * DAY)


class TestSegments:
    def test_who_came_by_one_segment_need_not_be_in_the_other(self) -> None:
        starts = [{"when": "segment_entered", "segment": name} for name in ("asleep", "vip")]
        hello = {"starts": starts, "exits": ["left_segment"], "steps": [mail(send="birthday", wait="1h")]}
        office = shop_with(hello=hello)
        office.sell(order(1, NOON - 9 * DAY))
        world.until(office, NOON + 5 * MINUTE)
        world.shop_of(office)
        office.sell(order(2, office.now))
        world.until(office, NOON + DAY)
        assert [(row.trigger_id, row.state) for row in rows(office)] == [("segment-vip-in-2026-11-02", "sent")]


class TestWaiting:
    @pytest.mark.parametrize("before", [[], [{"step": "mark", "tag": "new"}]])
    def test_what_has_happened_already_is_not_waited_for(self, before: list[dict[str, Any]]) -> None:
        office = shop_with(patient={"starts": [{"when": "bought", "wait": "1h"}], "steps": [*before, WAIT]})
        office.sell(order(**DONE))
        office.run(NOON + 2 * HOUR)
        assert [message.about["step"] for message in office.taken] == ["mail"]

    def test_what_has_not_is(self) -> None:
        office = shop_with(patient={"starts": [{"when": "bought", "wait": "1h"}], "steps": [WAIT]})
        office.sell(order())
        office.run(NOON + 14 * DAY)
        assert office.taken == []
        office.run(NOON + 14 * DAY + 2 * HOUR)
        assert [message.about["step"] for message in office.taken] == ["never"]

    def test_and_a_rehearsal_says_the_same(self) -> None:
        steps = [{"step": "mark", "tag": "new"}, WAIT]
        written = {"flow": "patient", "version": 1, "purpose": "marketing", "steps": steps}
        flow = parse({**written, "starts": [{"when": "bought", "wait": "1h"}]})
        office = shop_with()
        office.sell(order(**DONE))
        sara = customers.person("acme", node(office))
        assert sara
        person = Person(sara, (order(**DONE),), "treated")
        found = lived(person, {"patient": flow}, office.shop, stamp(NOON + DAY), lambda *_: ())
        assert {row.step: row.due_at for row in found}["mail"] == stamp(NOON + HOUR)


class TestSwitching:
    def test_what_waited_when_a_flow_was_switched_off_is_not_sent_once_it_is_on_again(self) -> None:
        office = shop_with(one=ONE)
        office.sell(order())
        office.run(NOON + 2 * HOUR)
        for on in (False, True):
            office.now += HOUR
            office.shop = flow_switch.switch(office.shop, "one", on, office.now, "owner")
        office.run(NOON + 4 * DAY)
        assert states(office) == {("one", "mail"): "sent", ("one", "again"): "cancelled"}
        assert orders.read("acme", "1").follow_ups["one", "again"].why[-1]["code"] == "flow_off"

    def test_nor_does_another_telling_of_the_order_bring_it_back(self) -> None:
        office = shop_with(one=ONE)
        office.sell(order())
        for on in (False, True):
            office.now += MINUTE
            office.shop = flow_switch.switch(office.shop, "one", on, office.now, "owner")
        office.sell(order(updated_at=stamp(office.now), total=1300))
        row = orders.read("acme", "1").follow_ups["one", "mail"]
        assert (row.state, row.why[-1]["code"]) == ("cancelled", "flow_off")


class TestWhatCannotGoOn:
    def test_a_saved_flow_that_cannot_be_read_any_more_keeps_no_order_out(self) -> None:
        office = shop_with(good=ONE, bad={"starts": [{"when": "full_moon"}], "steps": [mail()]})
        assert office.sell(order()) == "new"
        assert states(office) == {("good", "mail"): "scheduled"}

    def test_nor_does_the_one_that_ships_run_in_its_place(self) -> None:
        office = shop_with(come_back={"starts": [{"when": "full_moon"}], "steps": [mail()]})
        office.shop = shops.change("acme", lambda old: replace(old or SHOP, flows_off=("thank-you", "how-was-it")))
        office.sell(order())
        assert states(office) == {}

    def test_a_claim_that_fails_unforeseen_each_time_does_not_stay_due_for_ever(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        office = shop_with(one=ONE)
        office.sell(order())
        monkeypatch.setattr(office, "deliver", _lost)
        office.run(NOON + HOUR + MINUTE)
        row = orders.read("acme", "1").follow_ups["one", "mail"]
        assert row.state == "claimed"
        monkeypatch.setattr(send, "_recover", _broken)
        record = {"messageId": "m", "body": json.dumps({"shop": "acme", "follow_up": row.id})}
        for late, state in ((5, "claimed"), (30, "unknown")):
            told = {**record, "attributes": {"ApproximateReceiveCount": "5"}}
            monkeypatch.setattr(send, "_lease_is_over", lambda row, now: True) if late == 30 else None
            send.handle({"Records": [told]}, office.now + late * MINUTE, office.sending())
            assert orders.read("acme", "1").follow_ups["one", "mail"].state == state

    def test_a_shop_has_no_more_flows_than_one_transaction_takes(self) -> None:
        office = shop_with()
        full = replace(office.shop, own_flows={f"flow-{number}": 1 for number in range(60)})
        written = json.dumps({"flow": "one-more", "version": 1, "purpose": "marketing", **ONE})
        with pytest.raises(flow_checks.Unfit, match="one flow too many"):
            flow_saving.draft(full, written, {})
        assert flow_saving.draft(office.shop, written, {}).flow.name == "one-more"

    def test_steps_that_are_never_done_are_told_of(self) -> None:
        wait = {"step": "back", "wait_for": "ordered", "timeout": "9d", "then": [{"step": "cup", "tag": "cup"}]}
        written = {"flow": "away", "version": 1, "purpose": "marketing", "steps": [mail(), wait]}
        for when, told in (("no_next_order", 1), ("bought", 0)):
            flow = parse({**written, "starts": [{"when": when, "wait": "9d"}]})
            found = flow_checks.worth_knowing(SHOP, flow, Wording(SHOP, flow, {}))
            assert sum("cup is never done" in line for line in found) == told


class TestHerRecord:
    def test_mail_about_many_orders_makes_no_room_for_more_marketing(self) -> None:
        sara = Node("c_1", "email").sending(stamp(NOON), "marketing", "f_1").sending(stamp(NOON), "marketing", "f_2")
        for number in range(30):
            sara = sara.sending(stamp(NOON + number * MINUTE), "transactional", f"t_{number}")
        assert [sent.follow_up for sent in sara.last_sends if sent.purpose == "marketing"] == ["f_1", "f_2"]
        assert len(sara.last_sends) == MOST_SENDS
        assert sara.last_sends[-1].follow_up == "t_29"

    def test_what_she_waits_for_is_forgotten_with_her(self) -> None:
        office = shop_with()
        office.sell(order())
        wants.put("acme", "p1", node(office), NOON)
        privacy.erase(office.shop, node(office), NOON + DAY)
        assert wants.of_product("acme", "p1", NOON + DAY, 9) == []
        assert not [item for item in office.dynamo.all() if "WANT#" in item["sk"]["S"]]


def _lost(*given: Any) -> Receipt:
    raise Unclear("the answer was lost")


def _broken(*given: Any) -> str:
    raise ZeroDivisionError
