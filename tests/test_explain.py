"""Why she got what she got, and why nothing else; and that the same events make the same plans."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.order import Order, Refund
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import moment, stamp
from chalicelib.table import base, follow_ups, orders, shops
from chalicelib.work import explain, flow_book, flow_saving, flow_switch, privacy, read_customers, replay
from tests.acme import NOW, SARA, YES, day, open_shop, order, see
from tests.fake_dynamo import instead_of_dynamodb
from tests.gateway import partner
from tests.post_office import PostOffice, open_office
from tests.post_office import order as sold


@pytest.fixture
def shop() -> Iterator[Shop]:
    with instead_of_dynamodb():
        flow_book.forget()
        clock.use(lambda: NOW)
        yield open_shop(name="Acme", sender="Acme <shop@acme.test>", consent="soft", treated_share="1")[0]


def fresh(order_id: str = "18", **fields: Any) -> Order:
    """An order that was paid just now."""
    return order(order_id, **{"placed_at": stamp(NOW), "paid_at": stamp(NOW), "updated_at": stamp(NOW), **fields})


def told(shop: Shop, flow: str, order_id: str = "18") -> dict[str, Any]:
    """The entry of one flow about Sara's order."""
    customer = read_customers.search(shop, {"order": order_id}, 1, None).items[0]["id"]
    known = explain.read(shop, read_customers.one(shop, customer), NOW)
    (entry,) = explain.explain(known, flow)
    return entry


def why_nothing(shop: Shop, flow: str, order_id: str = "18") -> tuple[str, str]:
    entry = told(shop, flow, order_id)
    found = next(one for one in entry["nothing"] if one["order_id"] in (order_id, None))
    assert not entry["follow_ups"]
    return found["code"], found["text"]


# --- what stands -----------------------------------------------------------------------------------------------------


def test_what_waits_says_what_would_be_decided_now_and_what_comes_next(shop: Shop) -> None:
    shop = flow_switch.switch(shop, "second-order", True, NOW - timedelta(days=1), "test")
    see(shop, fresh())
    (row,) = told(shop, "second-order")["follow_ups"]
    assert (row["state"], row["why"][0]["code"]) == ("scheduled", "planned")
    assert (row["if_due_now"]["state"], row["if_due_now"]["channel"]) == ("go", "email")
    assert row["if_due_now"]["text"] == "It would go out by e-mail."
    assert [step["name"] for step in row["ahead"]] == ["gift", "gift-mail"]
    gap = moment(row["ahead"][0]["due_at"]) - moment(row["due_at"])
    assert timedelta(days=10) <= gap < timedelta(days=11)


def test_a_deferral_says_until_when_and_a_guard_why(shop: Shop) -> None:
    shops.put(replace(shop, state="paused"))
    see(shop, fresh())
    (row,) = told(replace(shop, state="paused"), "come-back")["follow_ups"]
    assert (row["if_due_now"]["code"], row["if_due_now"]["until"]) == ("shop_paused", stamp(NOW + timedelta(hours=1)))
    strict = replace(shop, consent="strict")
    (row,) = told(strict, "come-back")["follow_ups"]
    assert row["if_due_now"]["text"] == "Not sent: the customer has not agreed to marketing."


def test_who_began_with_an_older_version_is_told_so(shop: Shop) -> None:
    see(shop, fresh())
    made = flow_saving.draft(shop, COME_BACK_2, {})
    _, shop = flow_saving.save(shop, made, NOW, "test")
    entry = told(shop, "come-back")
    assert entry["version"] == 2
    assert "version 1; whoever begins now gets version 2" in entry["follow_ups"][0]["note"]


COME_BACK_2 = """\
flow: come-back
version: 2
purpose: marketing
starts:
  - {when: no_next_order, wait: 45d, if: {order.total: {at_least: "100 EUR"}}}
steps:
  - {step: mail, channel: email}
"""


def test_held_out_is_said_of_what_is_to_come(shop: Shop) -> None:
    shop = replace(shop, treated_share="0")
    see(shop, fresh())
    (row,) = told(shop, "come-back")["follow_ups"]
    assert row["if_due_now"]["code"] == "held_out"


# --- what does not stand ---------------------------------------------------------------------------------------------


def test_a_flow_that_is_off_says_since_when(shop: Shop) -> None:
    see(shop, fresh())
    assert why_nothing(shop, "win-back") == ("off", "This flow is switched off.")
    shop = flow_switch.switch(shop, "win-back", True, NOW - timedelta(days=9), "test")
    shop = flow_switch.switch(shop, "win-back", False, NOW - timedelta(days=2), "test")
    code, text = why_nothing(shop, "win-back")
    assert (code, "November 19, 2026" in text) == ("off_since", True)


def test_a_moment_that_has_not_come_is_named(shop: Shop) -> None:
    see(shop, fresh(payment="none", paid_at=None))
    assert why_nothing(shop, "thank-you")[0] == "not_begun"
    assert "the order is paid" in why_nothing(shop, "come-back")[1]


def test_what_was_before_the_shop_was_connected_is_history(shop: Shop) -> None:
    see(shop, order(placed_at="2025-06-01T10:00:00Z", paid_at="2025-06-01T10:00:00Z"))
    assert why_nothing(shop, "thank-you")[0] == "before_connected"


def test_what_was_before_the_flow_was_switched_on_is_history(shop: Shop) -> None:
    see(shop, order(placed_at=day(2), paid_at=day(2)))
    shop = flow_switch.switch(shop, "win-back", True, NOW, "test")
    code, text = why_nothing(shop, "win-back")
    assert code == "before_on"
    assert "switched on" in text


def test_a_condition_that_says_no_is_shown_with_its_test(shop: Shop) -> None:
    _, shop = flow_saving.save(shop, flow_saving.draft(shop, COME_BACK_2, {}), NOW - timedelta(days=3), "test")
    see(shop, fresh())
    code, text = why_nothing(shop, "come-back")
    assert code == "says_no"
    assert "order.total at_least 100.00 EUR" in text


def test_an_order_that_is_no_good_says_why(shop: Shop) -> None:
    see(shop, fresh(refunds=(Refund("r1", 2500, stamp(NOW)),)), fresh("19", test=True))
    assert why_nothing(shop, "thank-you", "18")[0] == "order_refunded"
    assert why_nothing(shop, "thank-you", "19")[0] == "test_order"


def test_what_is_owed_since_the_version_changed_comes_with_the_next_telling(shop: Shop) -> None:
    shop = flow_switch.switch(shop, "win-back", True, NOW - timedelta(days=1), "test")
    see(replace(shop, flows_on=(), flows_off=("win-back",)), fresh())
    code, text = why_nothing(shop, "win-back")
    assert code == "next_telling"
    assert "as soon as the shop tells of the order again" in text


def test_a_flow_that_no_order_starts_is_told_once(shop: Shop) -> None:
    shop = flow_switch.switch(shop, "birthday", True, NOW, "test")
    see(shop, fresh(), fresh("19"))
    (one,) = told(shop, "birthday")["nothing"]
    assert (one["order_id"], one["code"]) == (None, "not_begun")
    assert "birthday" in one["text"]


def test_in_persian_everything_is_persian(shop: Shop) -> None:
    persian = replace(shop, locale="fa-IR")
    see(persian, fresh())
    for name in flow_book.every(persian):
        entry = told(persian, name)
        texts = [one["text"] for one in entry["nothing"]]
        texts += [why["text"] for row in entry["follow_ups"] for why in row["why"]]
        texts += [row["if_due_now"]["text"] for row in entry["follow_ups"] if row["if_due_now"]]
        assert texts
        assert not [text for text in texts if any("a" <= ch <= "z" for ch in text)]


def test_explaining_is_a_function_of_what_was_read(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    see(shop, fresh(buyer=replace(SARA, consents=(YES,))))
    customer = read_customers.search(shop, {"order": "18"}, 1, None).items[0]["id"]
    known = explain.read(shop, read_customers.one(shop, customer), NOW)

    def no(*_: Any, **__: Any) -> Any:
        raise AssertionError("read again")

    monkeypatch.setattr(base, "first", no)
    monkeypatch.setattr(orders, "read", no)
    assert explain.explain(known) == explain.explain(known)


def test_over_the_api_by_flow_and_order_and_nobody_who_was_erased(shop: Shop) -> None:
    shop, key = open_shop()
    see(shop, fresh(), fresh("19"))
    get = partner(key)
    customer = get("/v1/customers", order="18").json["items"][0]["id"]
    path = f"/v1/customers/{customer}/explain"
    assert {entry["flow"] for entry in get(path).json["flows"]} == set(flow_book.every(shop))
    (entry,) = get(path, flow="thank-you", order="18").json["flows"]
    assert [row["trigger"] for row in entry["follow_ups"]] == ["18"]
    assert get(path, order="404").status == 404
    privacy.erase(shop, customer, NOW, lambda key, data: None, who="test")
    assert get(path).status == 404


# --- the same events, the same plans ---------------------------------------------------------------------------------


def tellings(seed: int) -> list[Order]:
    """Orders of a few people as the shop told of them, one after another: begun, paid, sent out, given back."""
    lot, found = random.Random(seed), []
    for number in range(1, 16):
        at = NOW - timedelta(days=lot.randrange(1, 60), minutes=lot.randrange(1440))
        one = sold(number, at, f"buyer{lot.randrange(6)}@example.test", payment="none", paid_at=None)
        found.append(one)
        paid = at + timedelta(hours=lot.randrange(1, 30))
        one = replace(one, payment="paid", paid_at=stamp(paid), updated_at=stamp(paid))
        found.append(one)
        if lot.random() < 0.6:
            sent = paid + timedelta(days=2)
            one = replace(one, fulfilment="fulfilled", fulfilled_at=stamp(sent), updated_at=stamp(sent))
            found.append(one)
        if lot.random() < 0.3:
            back = paid + timedelta(days=4)
            found.append(replace(one, refunds=(Refund("r", 300, stamp(back)),), updated_at=stamp(back)))
    return found


def plans(told_in_order: list[Order]) -> dict[str, tuple[Any, ...]]:
    """Follow-up -> all that is planned of it, after these tellings into an empty table."""
    with instead_of_dynamodb():
        flow_book.forget()
        told_to, _ = open_shop(flows_on=("win-back", "second-order", "replenish", "loyal"), treated_share="0.5")
        see(told_to, *told_in_order)
        rows = [row for n in range(1, 16) for row in orders.read("acme", str(n)).follow_ups.values()]
        for number in range(1, 16):
            found = replay.replay(told_to, str(number))
            assert found
            assert found.differences == ()
    return {row.id: _planned(row) for row in rows if row.state != "cancelled"}


def _planned(row: follow_ups.FollowUpRow) -> tuple[Any, ...]:
    return row.due_at, row.late_after, row.started_at, row.version, row.arm, row.unit, row.state, row.zone


@pytest.mark.parametrize("seed", range(3))
def test_the_same_events_in_any_order_make_the_same_plans(seed: int) -> None:
    said = tellings(seed)
    wanted = plans(said)
    assert {arm for _, _, _, _, arm, *_ in wanted.values()} == {"treated", "control", None}
    for again in range(2):
        mixed = said[:]
        random.Random(again).shuffle(mixed)
        assert plans(mixed) == wanted
    assert plans([*said, *said]) == wanted


def ways(mixed: int) -> dict[str, list[str]]:
    """Follow-up -> the ways that were drawn, after the whole life of a flow with a split."""
    with instead_of_dynamodb():
        flow_book.forget()
        office: PostOffice = open_office()
        office.shop = replace(office.shop, flows_on=("win-back",))
        shops.put(office.shop)
        office.now -= timedelta(days=200)
        sales = [sold(n, office.now, f"buyer{n}@example.test") for n in range(1, 9)]
        random.Random(mixed).shuffle(sales)
        for one in sales:
            office.sell(one)
        office.run(office.now + timedelta(days=100))
        found = {}
        for number in range(1, 9):
            seen = replay.replay(office.shop, str(number))
            assert seen
            assert seen.differences == ()
            row = orders.read("acme", str(number)).follow_ups["win-back", "which"]
            found[row.id] = [entry["params"]["way"] for entry in row.why if entry["code"] == "split"]
    return found


def test_a_lot_is_drawn_the_same_again() -> None:
    first = ways(1)
    assert {way for drawn in first.values() for way in drawn} == {"1", "2"}
    assert ways(2) == first


def test_a_row_that_was_tampered_with_is_noticed(shop: Shop) -> None:
    see(shop, fresh())
    row = orders.read("acme", "18").follow_ups["come-back", "mail"]
    row.arm, row.late_after = "control", stamp(NOW)
    base.commit([follow_ups.write(row, row.rev, NOW)])
    found = replay.replay(shop, "18")
    assert found
    assert {(one.flow, one.what) for one in found.differences} == {("come-back", "arm"), ("come-back", "late_after")}
    thank_you = orders.read("acme", "18").follow_ups["thank-you", "mail"]
    base.commit([base.remove(thank_you)])
    missing = replay.replay(shop, "18")
    assert missing
    assert ("thank-you", "missing") in {(one.flow, one.what) for one in missing.differences}
