"""From one step of a flow to the next at work: nothing twice, nothing lost, nothing that tells the arms apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.channels import Message, Receipt, Unclear
from chalicelib.domain.events import OrderSeen
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import stamp
from chalicelib.table import customers, follow_ups
from chalicelib.work import flow_book, nudge, send, take_order
from tests.fake_dynamo import instead_of_dynamodb
from tests.post_office import NOON, PostOffice
from tests.stories import AMELIE, ELENA, MEI, OMAR, ZAHRA, leaves, lot, node_of, opened, row, walked, why

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    with instead_of_dynamodb():
        yield
    flow_book.forget()
    nudge.forget()


def third(**changes: object) -> PostOffice:
    """Mei's third order: a tag, a branch, a coupon, a mail."""
    office = opened("loyal", **changes)
    for number, days in ((1, -60), (2, -30), (3, 0)):
        office.sell(MEI.order(number, NOON + days * DAY))
    office.now = NOON + 2 * DAY
    return office


def id_of(flow: str, step: str, number: int = 1) -> str:
    return follow_ups.follow_up_id(str(number), flow, step)


def sends_of(office: PostOffice) -> list[str]:
    person = customers.person("acme", node_of(AMELIE))
    assert person
    return [last.follow_up for last in person.last_sends]


def test_whoever_dies_between_two_steps_leaves_the_next_one_standing() -> None:
    office, writes = third(), iter(range(1, 9))

    def die(operation: str, arguments: object) -> None:
        if operation in ("TransactWriteItems", "PutItem", "UpdateItem") and next(writes) == 2:
            raise SystemExit

    office.dynamo.before = die
    with pytest.raises(SystemExit):
        send.send(office.shop, id_of("loyal", "mark", 3), office.now, office.sending())
    office.dynamo.before = lambda operation, arguments: None
    assert walked(office, 3, "loyal") == {"mark": "done", "may-we-write": "scheduled"}
    office.run(office.now + DAY)
    assert len(office.taken) == 1


def test_the_arm_goes_from_step_to_step() -> None:
    office = third(treated_share="0")
    office.run(NOON + 4 * DAY)
    assert walked(office, 3, "loyal") == {
        "mark": "done",
        "may-we-write": "done",
        "gift": "held_out",
        "mail": "held_out",
    }
    assert office.taken == []


def test_a_branch_leads_where_it_says() -> None:
    office = third(consent="strict")
    office.run(NOON + 3 * DAY)
    assert walked(office, 3, "loyal") == {"mark": "done", "may-we-write": "done", "card": "done"}


def test_what_was_cancelled_leads_nowhere() -> None:
    office = opened("second-order")
    office.sell(ELENA.order(1))
    office.consent(ELENA.email, "unsubscribed")
    office.consent(ELENA.email, "unsubscribed")
    leaves(office, ELENA, "complained")
    office.run(NOON + 40 * DAY)
    assert walked(office, 1, "second-order") == {"mail": "cancelled"}


def test_without_the_coupon_nothing_speaks_of_it() -> None:
    office = third(codes=0)
    office.run(NOON + 4 * DAY)
    assert walked(office, 3, "loyal") == {"mark": "done", "may-we-write": "done", "gift": "failed"}


def test_the_lot_is_the_orders_and_not_the_arms() -> None:
    office = opened("win-back", treated_share="0")
    for way, person in (("1", OMAR), ("2", ELENA)):
        office.sell(person.order(lot(way)))
    office.run(NOON + 61 * DAY)
    steps = [list(walked(office, lot(way), "win-back")) for way in ("1", "2")]
    assert ["long" in names for names in steps] == [True, False]


@pytest.mark.parametrize("ordered", [True, False])
def test_what_is_waited_for_leads_one_way_and_what_did_not_come_the_other(ordered: bool) -> None:
    office, number = opened("win-back"), lot("1")
    office.sell(OMAR.order(number))
    office.run(NOON + 62 * DAY)
    assert row(office, number, "win-back", "again").state == "scheduled"
    if ordered:
        office.sell(OMAR.order("again", office.now))
    office.run(NOON + 76 * DAY)
    assert ("gift" in walked(office, number, "win-back")) is not ordered


def test_ten_in_the_morning_is_by_her_clock_in_every_step() -> None:
    office = opened("second-order", timezone="America/New_York", country="US")
    office.sell(ZAHRA.order(1))
    office.run(NOON + 33 * DAY)
    assert row(office, 1, "second-order", "gift").decided == "2026-12-04T06:30:00Z"


def test_who_is_held_out_uses_up_her_place_under_the_caps() -> None:
    for share in ("0", "1"):
        with instead_of_dynamodb():
            office = opened("come-back", treated_share=share)
            office.sell(AMELIE.order(1))
            office.run(NOON + 31 * DAY)
            assert sends_of(office) == [id_of("come-back", "mail")]


def test_a_message_is_looked_at_when_it_is_due_and_never_after_it_went_out() -> None:
    office = opened("thank-you")
    office.sell(AMELIE.order(1))
    office.now = NOON + HOUR - MINUTE
    assert send.send(office.shop, id_of("thank-you", "mail"), office.now, office.sending()) == "not_due"
    office.now = NOON + HOUR
    outcomes = [send.send(office.shop, id_of("thank-you", "mail"), office.now, office.sending()) for _ in range(3)]
    assert outcomes == ["sent", "not_due", "not_due"]
    assert len(office.taken) == 1


def test_a_claim_is_left_alone_while_its_lease_runs() -> None:
    office = opened("thank-you")
    office.sell(AMELIE.order(1))
    office.now = NOON + HOUR
    outside = office.sending()

    def deaf(shop: Shop, channel: str, message: Message) -> Receipt:
        office.deliver(shop, channel, message)
        raise Unclear("no answer")

    outside.deliver = deaf
    assert send.send(office.shop, id_of("thank-you", "mail"), office.now, outside) == "claimed"
    assert send.send(office.shop, id_of("thank-you", "mail"), office.now, outside) == "not_due"
    assert len(office.taken) == 1


def test_a_lost_answer_is_not_sent_again_before_every_event_was_read() -> None:
    office = opened("thank-you")
    office.sell(AMELIE.order(1))
    office.now = NOON + HOUR
    outside = office.sending()

    def deaf(shop: Shop, channel: str, message: Message) -> Receipt:
        office.deliver(shop, channel, message)
        raise Unclear("no answer")

    outside.deliver = deaf
    send.send(office.shop, id_of("thank-you", "mail"), office.now, outside)
    office.now += send.LEASE
    assert send.send(office.shop, id_of("thank-you", "mail"), office.now, outside) == "claimed"
    assert len(office.taken) == 1


def test_what_happened_before_a_flow_was_switched_on_is_not_followed_up() -> None:
    office = opened("thank-you", flows_since={"thank-you": stamp(NOON + MINUTE)})
    office.sell(AMELIE.order(1))
    office.sell(AMELIE.order(2, NOON + MINUTE))
    assert walked(office, 1, "thank-you") == {}
    assert walked(office, 2, "thank-you") == {"mail": "scheduled"}


def test_an_order_without_a_buyer_is_followed_by_nothing() -> None:
    office = opened("thank-you")
    office.sell(AMELIE.order(1))
    leaves(office, AMELIE, "erased")
    assert why(row(office, 1, "thank-you", "mail"))[-1] == "customer_gone"
    assert walked(office, 1, "thank-you") == {"mail": "cancelled"}


def test_a_deferred_message_waits_for_its_moment_though_the_order_is_told_again() -> None:
    office = opened("come-back")
    late = NOON.replace(hour=22)
    office.sell(AMELIE.order(1, late))
    office.run(late + 30 * DAY + MINUTE)
    assert row(office, 1, "come-back", "mail").due_at == "2026-12-03T08:00:00Z"
    told = replace(AMELIE.order(1, late), total=1300, updated_at=stamp(office.now))
    take_order.see(office.shop, OrderSeen(told), office.now)
    assert row(office, 1, "come-back", "mail").due_at == "2026-12-03T08:00:00Z"


def test_a_cancelled_order_ends_what_waits_and_one_that_is_good_again_brings_it_back() -> None:
    office = opened("come-back")
    office.sell(AMELIE.order(1))
    leaves(office, AMELIE, "cancelled")
    assert walked(office, 1, "come-back") == {"mail": "cancelled"}
    office.now += MINUTE
    office.sell(AMELIE.order(1, updated_at=stamp(office.now)))
    assert walked(office, 1, "come-back") == {"mail": "scheduled"}


def test_a_message_in_trouble_goes_out_later_and_the_step_after_it_counts_from_when_it_was_due() -> None:
    office = opened("second-order")
    office.sell(ELENA.order(1))
    office.run(NOON + 22 * DAY)
    gift = row(office, 1, "second-order", "gift")
    assert gift.due_at == "2026-12-04T09:00:00Z"  # ten in Madrid, on the first day after ten days
    assert gift.started_at == stamp(NOON)
