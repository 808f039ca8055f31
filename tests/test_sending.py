"""Sending as a shopkeeper would tell it: who is written to, when, and why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chalicelib.channels import Receipt, Refused, Trouble, Unclear
from chalicelib.domain.events import AccountSeen, OrderSeen
from chalicelib.domain.order import Buyer, Refund
from chalicelib.domain.times import stamp
from chalicelib.table import base, customers, follow_ups, shops, suppression
from chalicelib.work import privacy, send, take_account, take_order
from tests.post_office import MINUTE, NOON, SHOP, PostOffice, open_office, order

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def office(table: str) -> PostOffice:
    return open_office()


def due_id(number: int, flow: str) -> str:
    return follow_ups.follow_up_id(str(number), flow, "mail")


def test_a_paid_order_is_thanked_for_after_an_hour_and_asked_about_after_ten_days(office: PostOffice) -> None:
    office.sell(order())
    office.run(NOON + 59 * timedelta(minutes=1))
    assert office.taken == []
    office.run(NOON + HOUR)
    assert [message.to for message in office.sent("thank-you")] == ["sara@example.test"]
    office.run(NOON + 10 * DAY)
    assert len(office.sent("how-was-it")) == 1
    office.run(NOON + 31 * DAY)
    assert len(office.sent("come-back")) == 1
    assert len(office.taken) == 3


def test_marketing_says_how_to_stop_it_with_one_click_and_transactional_mail_need_not(office: PostOffice) -> None:
    office.sell(order())
    office.run(NOON + 31 * DAY)
    (marketing,) = office.sent("come-back")
    (thanks,) = office.sent("thank-you")
    assert marketing.headers["List-Unsubscribe"].startswith("<https://ecrm.acme.test/u/")
    assert marketing.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "List-Unsubscribe" not in thanks.headers


def test_a_newer_order_ends_come_back_but_not_the_question_how_it_was(office: PostOffice) -> None:
    office.sell(order(1))
    office.now = NOON + 5 * DAY
    office.sell(order(2, at=office.now))
    office.run(NOON + 31 * DAY)
    assert office.codes(1, "come-back")[-1] == "newer_order"
    assert office.state(1, "how-was-it") == "sent"


def test_a_newer_order_that_failed_does_not_count(office: PostOffice) -> None:
    office.sell(order(1))
    office.sell(order(2, at=NOON + DAY, status="failed", payment="none", paid_at=None))
    office.run(NOON + 31 * DAY)
    assert office.state(1, "come-back") == "sent"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"status": "cancelled", "payment": "voided"}, "order_cancelled"),
        ({"refunds": (Refund("r1", 1200),), "payment": "refunded"}, "order_refunded"),
        ({"refunds": (Refund("r1", 100),), "payment": "partly_refunded"}, "order_refunded"),
    ],
)
def test_a_cancelled_or_refunded_order_is_followed_by_nothing(
    office: PostOffice, changes: dict[str, object], why: str
) -> None:
    office.sell(order())
    office.sell(order(updated_at=stamp(NOON + timedelta(minutes=30)), **changes))
    office.run(NOON + 31 * DAY)
    assert office.taken == []
    assert {office.codes(1, flow)[-1] for flow in ("thank-you", "how-was-it", "come-back")} == {why}


def test_an_order_that_is_good_again_is_followed_again(office: PostOffice) -> None:
    office.sell(order())
    office.sell(order(status="cancelled", updated_at=stamp(NOON + timedelta(minutes=5))))
    office.sell(order(updated_at=stamp(NOON + timedelta(minutes=10))))
    office.run(NOON + HOUR)
    assert len(office.sent("thank-you")) == 1


def test_what_was_sent_stays_sent_whatever_becomes_of_the_order(office: PostOffice) -> None:
    office.sell(order())
    office.run(NOON + HOUR)
    office.sell(order(status="cancelled", updated_at=stamp(office.now)))
    office.sell(order(updated_at=stamp(office.now + HOUR), buyer=Buyer(email="other@example.test")))
    office.run(NOON + 3 * HOUR)
    assert office.state(1, "thank-you") == "sent"
    assert len(office.taken) == 1


def test_who_unsubscribes_gets_no_marketing_but_still_hears_of_her_order(office: PostOffice) -> None:
    office.sell(order())
    office.consent("sara@example.test", "unsubscribed")
    office.run(NOON + 31 * DAY)
    assert office.codes(1, "come-back")[-1] == "unsubscribed"
    assert office.state(1, "how-was-it") == "sent"


def test_a_strict_shop_writes_marketing_only_after_an_opt_in(office: PostOffice) -> None:
    office.shop = replace(SHOP, consent="strict")
    shops.put(office.shop)
    office.sell(order(1))
    office.sell(order(2, email="yes@example.test"))
    office.consent("yes@example.test", "subscribed")
    office.run(NOON + 31 * DAY)
    assert office.codes(1, "come-back")[-1] == "no_consent"
    assert [message.to for message in office.sent("come-back")] == ["yes@example.test"]


def test_an_opt_in_older_than_the_last_opt_out_does_not_count(office: PostOffice) -> None:
    office.sell(order())
    office.consent("sara@example.test", "unsubscribed", NOON + DAY)
    office.consent("sara@example.test", "subscribed", NOON)
    office.run(NOON + 31 * DAY)
    assert office.state(1, "come-back") == "cancelled"


def test_an_address_that_bounced_is_never_written_to_again(office: PostOffice) -> None:
    office.sell(order())
    suppression.add(office.shop, "email:sara@example.test", "bounce", stamp(NOON))
    office.run(NOON + 12 * DAY)
    assert office.taken == []
    assert office.row(1, "thank-you").why[-1]["params"] == {"reason": "bounce"}


def test_a_complaint_ends_everything_and_stands_in_the_journal_first(office: PostOffice) -> None:
    office.sell(order())
    office.run(NOON + HOUR)
    tags = {"shop": ["acme"], "follow_up": [due_id(1, "thank-you")], "claim": ["1-1"]}
    office.untold.append(
        {
            "eventType": "Complaint",
            "mail": {"messageId": "ses-1", "tags": tags},
            "complaint": {"complainedRecipients": [{"emailAddress": "Sara@Example.test"}]},
        }
    )
    office.tell()
    office.run(NOON + 31 * DAY)
    assert len(office.taken) == 1
    assert office.codes(1, "thank-you")[-1] == "complaint"
    assert [key for key in office.journal if "suppressed" in key]
    assert not any(b"sara" in note for note in office.journal.values())


def test_a_soft_bounce_passes(office: PostOffice) -> None:
    office.sell(order())
    office.run(NOON + HOUR)
    tags = {"shop": ["acme"], "follow_up": [due_id(1, "thank-you")], "claim": ["x"]}
    bounced = {"bounceType": "Transient", "bouncedRecipients": [{"emailAddress": "sara@example.test"}]}
    office.untold.append({"eventType": "Bounce", "mail": {"tags": tags}, "bounce": bounced})
    office.tell()
    assert suppression.reason(office.shop, "email:sara@example.test") is None


def test_an_order_without_an_address_is_skipped_and_says_so(office: PostOffice) -> None:
    office.sell(order(buyer=Buyer(phone="+989121234567", name="Ali")))
    office.run(NOON + HOUR)
    assert office.codes(1, "thank-you")[-1] == "no_address"


def test_what_comes_too_late_is_dropped_and_says_so(office: PostOffice) -> None:
    office.minute()
    office.sell(order())
    office.now = NOON + 3 * DAY
    office.minute()
    assert office.taken == []
    assert office.codes(1, "thank-you")[-1] == "too_late"


def test_a_clock_that_stood_still_for_a_day_loses_nothing(office: PostOffice) -> None:
    office.sell(order())
    office.now = NOON + DAY
    office.minute()
    assert len(office.sent("thank-you")) == 1


def test_marketing_waits_for_the_morning(office: PostOffice) -> None:
    evening = NOON.replace(hour=21, minute=30)
    office.now = evening
    office.sell(order(at=evening))
    office.run(evening + 30 * DAY + HOUR)
    assert office.row(1, "come-back").due_at == "2026-12-03T09:00:00Z"
    assert office.codes(1, "come-back")[-1] == "quiet_hours"
    office.run(evening + 31 * DAY)
    assert office.row(1, "come-back").sent_at == "2026-12-03T09:00:00Z"


def test_of_two_due_at_once_the_best_goes_and_the_other_waits_its_turn(office: PostOffice) -> None:
    office.sell(order(1))
    office.sell(order(2, at=NOON - timedelta(minutes=1)))
    office.run(NOON + HOUR)
    assert (office.state(2, "thank-you"), office.state(1, "thank-you")) == ("sent", "deferred")
    assert office.codes(1, "thank-you")[-1] == "one_at_a_time"
    office.run(NOON + 2 * HOUR)
    assert office.state(1, "thank-you") == "sent"


def test_an_account_and_its_guest_orders_are_one_person_under_every_cap(office: PostOffice) -> None:
    office.sell(order(1))
    office.sell(order(2, buyer=Buyer(account="7", email="sara@example.test")))
    seen = AccountSeen(Buyer(account="7", email="sara@example.test"), "2026-01-01T00:00:00Z", stamp(NOON))
    take_account.see(office.shop, seen, NOON)
    office.run(NOON + HOUR)
    assert len(office.sent("thank-you")) == 1
    office.run(NOON + 2 * HOUR)
    assert len(office.sent("thank-you")) == 2


def test_the_held_out_are_never_written_marketing_to_and_their_rows_say_so(office: PostOffice) -> None:
    office.shop = replace(SHOP, treated_share="0")
    shops.put(office.shop)
    office.sell(order())
    office.run(NOON + 31 * DAY)
    assert office.state(1, "come-back") == "held_out"
    assert office.state(1, "thank-you") == "sent"
    assert office.sent("come-back") == []


def test_history_from_before_the_shop_was_connected_is_never_followed_up(office: PostOffice) -> None:
    office.shop = replace(SHOP, connected_at=stamp(NOON))
    office.sell(order(at=NOON - DAY))
    assert follow_ups.get("acme", due_id(1, "thank-you")) is None


def test_a_paused_shop_sends_nothing_and_goes_on_where_it_stopped(office: PostOffice) -> None:
    office.sell(order())
    shops.put(replace(SHOP, state="paused"))
    office.run(NOON + 5 * HOUR)
    assert office.taken == []
    shops.put(SHOP)
    office.run(NOON + 7 * HOUR)
    assert len(office.sent("thank-you")) == 1


def test_two_workers_with_the_same_follow_up_send_it_once(office: PostOffice) -> None:
    office.sell(order())
    office.now = NOON + HOUR
    first = office.sending()
    inner = office.deliver

    def overtaken(shop: object, channel: str, message: object) -> Receipt:
        assert send.send(office.shop, due_id(1, "thank-you"), office.now, office.sending()) == "not_due"
        return inner(shop, channel, message)  # type: ignore[arg-type]

    first.deliver = overtaken
    assert send.send(office.shop, due_id(1, "thank-you"), office.now, first) == "sent"
    assert len(office.taken) == 1


def test_a_worker_that_decided_before_an_unsubscribe_cannot_claim_after_it(office: PostOffice) -> None:
    office.sell(order())
    office.now = NOON + 30 * DAY
    outside = office.sending()
    fake = office.dynamo
    done = []

    def unsubscribes(operation: str, arguments: object) -> None:
        if operation == "TransactWriteItems" and not done:
            done.append(True)
            office.consent("sara@example.test", "unsubscribed")

    fake.before = unsubscribes
    with pytest.raises(base.Conflict):
        send.send(office.shop, due_id(1, "come-back"), office.now, outside)
    assert office.taken == []
    assert send.send(office.shop, due_id(1, "come-back"), office.now, outside) == "cancelled"


def test_a_provider_in_trouble_is_tried_again_later_and_one_that_refuses_is_not(office: PostOffice) -> None:
    office.sell(order(1))
    office.sell(order(2, email="bad@example.test"))
    working = office.deliver

    def moody(shop: object, channel: str, message: object) -> Receipt:
        raise Refused("no such mailbox") if message.to == "bad@example.test" else Trouble("throttled")  # type: ignore[attr-defined]

    office.deliver = moody  # type: ignore[method-assign]
    office.run(NOON + HOUR)
    assert (office.state(1, "thank-you"), office.state(2, "thank-you")) == ("deferred", "failed")
    office.deliver = working  # type: ignore[method-assign]
    office.run(NOON + 2 * HOUR)
    assert office.state(1, "thank-you") == "sent"
    assert [message.to for message in office.taken] == ["sara@example.test"]


def test_a_lost_answer_is_settled_by_the_providers_own_event(office: PostOffice) -> None:
    office.sell(order())
    working = office.deliver

    def deaf(shop: object, channel: str, message: object) -> Receipt:
        working(shop, channel, message)  # type: ignore[arg-type]
        raise Unclear("no answer")

    office.deliver = deaf  # type: ignore[method-assign]
    office.run(NOON + HOUR)
    assert office.state(1, "thank-you") == "sent"
    office.run(NOON + 3 * HOUR)
    assert len(office.taken) == 1


def test_a_lost_answer_without_any_event_is_sent_again_once_every_event_was_read(office: PostOffice) -> None:
    office.sell(order())
    working = office.deliver

    def swallowed(shop: object, channel: str, message: object) -> Receipt:
        raise Unclear("no answer")

    office.deliver = swallowed  # type: ignore[method-assign]
    office.run(NOON + HOUR)
    office.deliver = working  # type: ignore[method-assign]
    assert office.state(1, "thank-you") == "claimed"
    office.untold.append({"eventType": "Send", "mail": {"tags": {}}})
    office.now += send.LEASE
    assert send.send(office.shop, due_id(1, "thank-you"), office.now, office.sending()) == "claimed"
    office.tell()
    office.run(office.now + 2 * send.LEASE)
    assert (office.state(1, "thank-you"), len(office.taken)) == ("sent", 1)


def test_a_channel_that_confirms_nothing_is_never_tried_twice(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chalicelib.channels.ses.CONFIRMS", "none")
    office.sell(order())

    def swallowed(shop: object, channel: str, message: object) -> Receipt:
        raise Unclear("no answer")

    office.deliver = swallowed  # type: ignore[method-assign]
    office.run(NOON + 3 * HOUR)
    assert office.state(1, "thank-you") == "unknown"


def test_one_customers_mail_names_nobody_else(office: PostOffice) -> None:
    office.sell(order(1))
    office.sell(order(2, email="ali@example.test", buyer=Buyer(email="ali@example.test", name="Ali")))
    office.run(NOON + HOUR)
    by_address = {message.to: message for message in office.taken}
    assert "Ali" not in by_address["sara@example.test"].html
    assert "Sara" not in by_address["ali@example.test"].html


def test_a_test_order_is_stored_and_never_mailed(office: PostOffice) -> None:
    office.sell(order(test=True))
    office.run(NOON + 31 * DAY)
    assert office.taken == []
    node = customers.look_up(office.shop, "email:sara@example.test")[0]
    assert customers.person("acme", node).totals == {}  # type: ignore[union-attr]


def test_an_order_moved_to_another_customer_is_followed_up_there(office: PostOffice) -> None:
    office.sell(order())
    take_order.see(
        office.shop,
        OrderSeen(order(email="ali@example.test", updated_at=stamp(NOON + timedelta(minutes=1)))),
        office.now,
    )
    office.run(NOON + HOUR)
    assert [message.to for message in office.taken] == ["ali@example.test"]


def test_one_person_is_in_one_arm_whatever_address_she_writes(office: PostOffice) -> None:
    office.shop = replace(SHOP, treated_share="0.5")
    shops.put(office.shop)
    for number in range(12):
        address = f"alias{number}@example.test"
        office.sell(order(number, at=NOON + number * DAY, buyer=Buyer(account="7", email=address)))
    arms = {office.row(number, "come-back").arm for number in range(12)}
    assert len(arms) == 1, "twelve addresses by chance in one arm: once in two thousand shops"


def test_due_at_stays_what_was_planned(office: PostOffice) -> None:
    office.sell(order())
    office.run(NOON + HOUR)
    assert (office.state(1, "thank-you"), office.row(1, "thank-you").due_at) == ("sent", stamp(NOON + HOUR))


def test_who_objected_and_was_erased_gets_no_marketing_when_she_comes_back_until_she_agrees(office: PostOffice) -> None:
    office.sell(order(1))
    office.consent("sara@example.test", "unsubscribed")
    (node,) = customers.look_up(office.shop, "email:sara@example.test")
    privacy.erase(office.shop, node, NOON + MINUTE)
    for number, when in ((2, NOON + DAY), (3, NOON + 40 * DAY)):
        office.now = when
        office.sell(order(number, at=when))
        office.run(when + 35 * DAY)
        assert office.state(number, "thank-you") == "sent"
        assert office.state(number, "come-back") == ("cancelled" if number == 2 else "sent")
        office.consent("sara@example.test", "subscribed")
