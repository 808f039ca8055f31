"""What a second pair of eyes found: each of these once went wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from chalice.test import Client

from app import app
from chalicelib import clock, keys, thin
from chalicelib.channels import Receipt, Unclear
from chalicelib.domain import arms, blinding
from chalicelib.domain.order import Buyer, Refund, anonymous, wins
from chalicelib.domain.times import stamp
from chalicelib.settings import settings
from chalicelib.table import base, orders, quarantine, suppression
from chalicelib.work import aws, dispatch, privacy, refetch, send
from chalicelib.work.mail_values import greeting_name
from tests import test_ingest
from tests.dynamo_expressions import error
from tests.post_office import MINUTE, NOON, SHOP, PostOffice, open_office, order

LATER = NOON + timedelta(hours=2)


@pytest.fixture
def office(table: str) -> PostOffice:
    return open_office()


def in_arm(arm: str) -> str:
    """An address that the shop's salt puts into this arm, half and half."""
    addresses = (f"{number}@example.test" for number in range(100))
    units = ((address, blinding.experiment_unit(SHOP.blind_key, f"email:{address}")) for address in addresses)
    return next(a for a, unit in units if arms.assign(SHOP.salt, unit, "0.5", "2026-11-02").arm == arm)


@pytest.mark.parametrize(("first", "then"), [("treated", "control"), ("control", "treated")])
def test_an_order_that_moves_to_another_customer_takes_her_arm(table: str, first: str, then: str) -> None:
    office = open_office(shop=replace(SHOP, treated_share="0.5"))
    office.sell(order(email=in_arm(first)))
    assert office.row(1, "come-back").arm == first
    office.sell(order(email=in_arm(then), updated_at="2026-11-02T13:00:00Z"))
    row = office.row(1, "come-back")
    assert (row.arm, row.unit) == (then, blinding.experiment_unit(SHOP.blind_key, f"email:{in_arm(then)}"))
    office.run(NOON + timedelta(days=40))
    assert office.state(1, "come-back") == ("held_out" if then == "control" else "sent")


def test_whoever_an_order_was_taken_from_is_not_written_to_about_it(office: PostOffice) -> None:
    def lose(shop: Any, channel: str, message: Any) -> Receipt:
        raise Unclear("no answer")

    office.sell(order())
    office.deliver = lose  # type: ignore[method-assign]
    office.now = LATER
    office.minute()
    assert office.state(1, "thank-you") == "claimed"
    office.sell(order(email="mina@example.test", updated_at="2026-11-02T14:30:00Z"))
    del office.deliver  # type: ignore[method-assign]
    office.run(LATER + timedelta(hours=2))
    assert office.state(1, "thank-you") == "cancelled"
    assert "sara@example.test" not in [message.to for message in office.taken]


def test_an_erased_orders_refunds_keep_their_money_and_lose_their_words(office: PostOffice) -> None:
    back = Refund("r1", 300, "2026-11-02T12:30:00Z", "Sara Ahmadi called: wrong colour")
    office.sell(order(refunds=(back,)))
    held = orders.read("acme", "1")
    privacy.erase(office.shop, str(held.customer), LATER)
    kept = orders.read("acme", "1").told
    assert kept is not None
    assert kept.refunds == (Refund("r1", 300, "2026-11-02T12:30:00Z"),)
    assert office.sell(order(refunds=(back,))) == "duplicate"


def test_what_the_table_will_never_take_is_quarantined_and_not_tried_for_a_day(table: str) -> None:
    office = open_office()

    def refuse(operation: str, arguments: dict[str, Any]) -> None:
        if operation == "TransactWriteItems":
            raise error("ValidationException", "Item size has exceeded the maximum allowed size")

    office.dynamo.before = refuse
    assert test_ingest.taken(test_ingest.sealed(test_ingest.order_body())) == []
    assert [one.reason for one in quarantine.listed("acme")] == ["is too large for the table"]


def test_a_transaction_with_an_item_too_large_is_refused_and_not_trouble(office: PostOffice) -> None:
    def refuse(operation: str, arguments: dict[str, Any]) -> None:
        if operation == "TransactWriteItems":
            raise error("TransactionCanceledException", "cancelled", reasons=["None", "ValidationError"])

    office.dynamo.before = refuse
    with pytest.raises(base.Refused):
        office.sell(order())


def test_an_unforeseen_error_is_logged_without_its_words(
    table: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    open_office()

    def fail(shop: Any, event: Any, now: Any) -> str:
        raise KeyError("sara@example.test")

    monkeypatch.setitem(test_ingest.ingest._TAKERS, test_ingest.ingest.events.OrderSeen, fail)
    assert test_ingest.taken(test_ingest.sealed(test_ingest.order_body())) == ["m1"]
    (entry,) = [one for one in caplog.records if one.message == "unforeseen"]
    assert entry.error == "KeyError"  # type: ignore[attr-defined]
    assert entry.way[-1].endswith(" fail")  # type: ignore[attr-defined]
    assert "sara@" not in repr(entry.__dict__)


def test_mails_do_not_wait_for_orders_to_ask_the_shop_about(office: PostOffice) -> None:
    office.sell(order())
    for number in range(2, 9):
        office.sell(order(number))
        office.sell(order(number, total=1300))
    asked: list[int] = []

    def ask(hints: list[tuple[str, str]]) -> None:
        asked.append(len(office.queue))
        raise thin.Trouble("sqs", 503, "down")

    outside = replace(office.ticking(), ask=ask)
    assert dispatch.tick(LATER, outside) == 8
    assert asked == [8], "after the mails, and a queue that is down keeps nothing else from its turn"


def test_no_shop_is_asked_about_more_orders_a_minute_than_it_may_be(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refetch, "MOST_AT_ONCE", 2)
    for number in range(5):
        office.sell(order(number))
        office.sell(order(number, total=1300))
    dispatch.tick(LATER, office.ticking())
    assert [len(json.loads(body)["orders"]) for _, body in office.asked] == [2]


def test_a_follow_up_that_fails_unforeseen_each_time_is_put_aside(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: Any) -> None:
        raise ZeroDivisionError

    office.sell(order())
    row = office.row(1, "thank-you")
    monkeypatch.setattr(send, "weigh", fail)
    body = json.dumps({"shop": "acme", "follow_up": row.id})
    for received, again in ((1, True), (4, True), (5, False)):
        record = {"messageId": "m", "body": body, "attributes": {"ApproximateReceiveCount": str(received)}}
        answer = send.handle({"Records": [record]}, LATER, office.sending())
        assert bool(answer["batchItemFailures"]) is again
    row = office.row(1, "thank-you")
    assert (row.state, row.due_pk, row.why[-1]["code"]) == ("failed", None, "unforeseen")


@pytest.mark.parametrize("name", ["evil.test buy now", "buy evil.com now", "بخر evil.com همین حالا"])
def test_nobody_is_greeted_by_an_address_in_the_middle_of_a_name(name: str) -> None:
    assert greeting_name(name, whole=False) == ""
    assert greeting_name(name, whole=True) == ""


@pytest.mark.parametrize("name", ["J.R. Ewing", "Dr. No", "م.رضا احمدی"])
def test_a_name_with_a_full_stop_is_still_a_name(name: str) -> None:
    assert greeting_name(name, whole=True) == name


def test_a_click_that_the_table_cannot_take_just_now_is_to_be_made_again(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aws, "journal", lambda: office.journal.__setitem__)
    office.sell(order())
    link = keys.Link("acme", str(orders.read("acme", "1").customer), "f_x")
    token = keys.link_token(settings().master, "unsubscribe", link, NOON + timedelta(days=30))
    clock.use(lambda: NOON)

    def fail(operation: str, arguments: dict[str, Any]) -> None:
        raise error("ProvisionedThroughputExceededException", "slow down")

    office.dynamo.before = fail
    with Client(app) as client:
        answer = client.http.post(f"/u/{token}", headers={"Content-Type": "text/plain"}, body=b"")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")
    assert b"try again in a moment" in answer.body


def test_erasing_somebody_again_reads_what_is_forgotten_already_only_once(office: PostOffice) -> None:
    for number in range(10):
        office.sell(order(number))
    node = str(orders.read("acme", "1").customer)
    privacy.erase(office.shop, node, LATER)
    reads: list[str] = []
    office.dynamo.before = lambda operation, _: reads.append(operation) if operation == "Query" else None
    privacy.erase(office.shop, node, LATER)
    assert len(reads) <= 2 * 10 + 10, "once to see that it is done, once for the receipt, and her pointers"


def test_what_is_about_an_order_goes_to_the_address_left_with_it(office: PostOffice) -> None:
    mine, gift = Buyer("7", "sara@example.test", name="Sara"), Buyer("7", "mina@example.test", name="Mina")
    office.sell(order(1, buyer=mine))
    office.sell(order(2, at=NOON + 30 * MINUTE, buyer=gift))
    office.run(NOON + timedelta(days=1))
    sent = {message.about["order"]: message.to for message in office.sent("thank-you")}
    assert sent == {"1": "sara@example.test", "2": "mina@example.test"}


def test_the_address_left_with_an_order_is_the_one_that_may_be_suppressed(office: PostOffice) -> None:
    office.sell(order(1, buyer=Buyer("7", "sara@example.test")))
    office.sell(order(2, at=NOON + 30 * MINUTE, buyer=Buyer("7", "mina@example.test")))
    suppression.add(office.shop, "email:sara@example.test", "bounce", stamp(NOON))
    office.run(NOON + timedelta(days=1))
    assert [office.state(number, "thank-you") for number in (1, 2)] == ["cancelled", "sent"]


def test_whose_an_order_of_two_erased_people_is_does_not_depend_on_what_came_first() -> None:
    nameless = anonymous(order(1))
    assert wins(nameless, nameless, "c_b", "c_a")
    assert not wins(nameless, nameless, "c_a", "c_b")
    assert not wins(nameless, nameless, "c_a", "c_a")
