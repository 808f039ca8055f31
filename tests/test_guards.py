"""The guards before every step, each at its edges: what may go out now, what waits and until when, what never goes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.arms import is_treated
from chalicelib.domain.caps import USUAL, frees_at
from chalicelib.domain.choosing import choose, objection
from chalicelib.domain.conditions import All, Not, Some, holds
from chalicelib.domain.conditions import Test as Asks
from chalicelib.domain.customer import Contact, Customer, LastSend, Node
from chalicelib.domain.deciding import GAP, WAIT_WHILE_CLOSED, decide
from chalicelib.domain.facts import Facts, Option, Other
from chalicelib.domain.flow import Flow, Rhythm, Start, Step, Wait
from chalicelib.domain.journey import LATE, branch, done_at, happened, next_of, split, waits_until
from chalicelib.domain.money import Money
from chalicelib.domain.order import Refund
from chalicelib.domain.planning import Rating, moment_of, plan, stopped
from chalicelib.domain.quiet import quiet_until
from chalicelib.domain.rhythm import length, times_of_product
from chalicelib.domain.standing import newer, others, placed_by
from chalicelib.domain.times import moment, stamp
from chalicelib.domain.zones import after
from tests.post_office import NOON, SHOP, order

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MAIL = Step("mail", "send", channels=("email",), text="come-back", max_late=7 * DAY)
TAG = Step("mark", "tag", value="vip")
FLOW = Flow(
    "come-back", 1, "marketing", (Start("no_next_order", Wait(30 * DAY)),), (MAIL, TAG), exits=("bought_again",),
    priority=50, topic="offers",
)  # fmt: skip
OWED = replace(FLOW, name="thank-you", purpose="transactional", starts=(Start("bought"),), exits=(), topic="orders")
EMAIL = Option("email", "email", "sara@example.test", "email")
SMS = Option("sms", "sms", "+989121234567", "sms")
ONSITE = Option("onsite", "visitor", "c_1")


def said(*words: str, at: str = "2026-01-01T00:00:00Z", **notes: str) -> Contact:
    """`email:subscribed`, `sms:unsubscribed` …, and notes with `_` for `:`."""
    told = {name.replace("__", ":"): (at, value) for name, value in notes.items()}
    return Contact(consents=dict.fromkeys(words, (at, "test")), notes=told)


NOTHING_SAID = Contact()


def person(contact: Contact = NOTHING_SAID, *sends: LastSend, **changes: Any) -> Customer:
    return Customer((Node("c_1", "email", contact, last_sends=sends, **changes),))


def facts(**changes: Any) -> Facts:
    """Sara's come-back mail, due at noon; nothing stands against it."""
    flow = changes.get("flow", FLOW)
    plain = Facts(
        "f_1", flow.purpose if flow else "marketing", stamp(NOON), stamp(NOON + 7 * DAY), SHOP, FLOW, MAIL, order(),
        person(), (EMAIL,), "treated", newer_order=False,
    )  # fmt: skip
    return replace(plain, **changes)


def verdict(now: datetime = NOON, **changes: Any) -> tuple[str, str]:
    found = decide(facts(**changes), now)
    return found.state, found.code


def until(now: datetime = NOON, **changes: Any) -> str | None:
    return decide(facts(**changes), now).until


def sent(hours: float, purpose: str = "marketing", channel: str = "email", name: str = "f_0") -> LastSend:
    """A message so many hours before noon."""
    return LastSend(stamp(NOON - hours * HOUR), purpose, name, channel)


def test_nothing_stands_against_it() -> None:
    assert verdict() == ("go", "go")
    assert decide(facts(), NOON).option == EMAIL


# --- consent ---------------------------------------------------------------------------------------------------------

NO, YES = "email:unsubscribed", "email:subscribed"


@pytest.mark.parametrize(
    ("policy", "contact", "expected"),
    [
        ("soft", said(), ("go", "go")),
        ("strict", said(), ("skipped", "no_consent")),
        ("strict", said(YES), ("go", "go")),
        ("soft", said(NO), ("cancelled", "unsubscribed")),
        ("strict", said(NO), ("cancelled", "unsubscribed")),
        ("soft", said(NO).join(said(YES, at="2026-01-01T00:00:01Z")), ("go", "go")),
        ("soft", said(YES).join(said(NO, at="2026-01-01T00:00:01Z")), ("cancelled", "unsubscribed")),
        ("soft", said(NO, YES), ("cancelled", "unsubscribed")),  # in the same second the no counts
        ("strict", said("email:pending"), ("skipped", "no_consent")),
        ("strict", said("sms:subscribed"), ("skipped", "no_consent")),  # that was another channel
        ("soft", said("sms:unsubscribed"), ("go", "go")),
    ],
)
def test_consent_to_mail(policy: str, contact: Contact, expected: tuple[str, str]) -> None:
    assert verdict(shop=replace(SHOP, consent=policy), customer=person(contact)) == expected


@pytest.mark.parametrize("policy", ["soft", "strict"])
def test_marketing_by_sms_always_wants_a_yes(policy: str) -> None:
    by_sms = {"options": (SMS,), "shop": replace(SHOP, consent=policy)}
    assert verdict(**by_sms) == ("skipped", "no_consent")
    assert verdict(**by_sms, customer=person(said("sms:subscribed"))) == ("go", "go")
    assert verdict(**by_sms, customer=person(said("email:subscribed"))) == ("skipped", "no_consent")
    assert verdict(**by_sms, customer=person(said("sms:unsubscribed")))[0] != "go"


def test_what_she_is_owed_asks_for_no_consent() -> None:
    assert verdict(flow=OWED, customer=person(said(NO)), shop=replace(SHOP, consent="strict")) == ("go", "go")


def test_a_no_ends_a_coupon_too_before_it_is_made_for_nobody() -> None:
    coupon = Step("gift", "coupon", value="win-back")
    assert verdict(step=coupon, options=(), customer=person(said(NO))) == ("cancelled", "unsubscribed")
    assert verdict(step=coupon, options=(), customer=person(said(NO, "sms:subscribed"))) == ("go", "go")


# --- suppression, objection, complaint -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("purpose", "barred", "contact", "expected"),
    [
        ("marketing", "bounce", said(YES), "suppressed"),
        ("transactional", "bounce", said(), "suppressed"),
        ("transactional", "complaint", said(YES), "suppressed"),
        ("marketing", "objection", said(), "unsubscribed"),  # she had objected, was erased, and came back
        ("marketing", "objection", said(YES), "go"),
        ("transactional", "objection", said(), "go"),
    ],
)
def test_a_barred_address(purpose: str, barred: str, contact: Contact, expected: str) -> None:
    flow = FLOW if purpose == "marketing" else OWED
    option = replace(EMAIL, suppressed=barred)
    assert verdict(flow=flow, options=(option,), customer=person(contact))[1] == expected


def test_who_complained_is_sold_nothing_by_any_channel_until_she_agrees_again() -> None:
    complained = said(NO, "sms:subscribed", complained="email")
    by_both = (EMAIL, SMS)
    found = decide(facts(options=by_both, customer=person(complained)), NOON)
    assert (found.state, found.code, found.params) == ("cancelled", "suppressed", {"reason": "complaint"})
    again = complained.join(said(YES, at="2026-01-02T00:00:00Z"))
    assert verdict(options=by_both, customer=person(again)) == ("go", "go")
    assert verdict(flow=OWED, customer=person(complained)) == ("go", "go")


# --- quiet hours -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "country", "zone", "now", "free_at"),
    [
        ("email", "DE", "Europe/Berlin", "2026-11-02T07:59:59Z", "2026-11-02T08:00:00Z"),
        ("email", "DE", "Europe/Berlin", "2026-11-02T08:00:00Z", None),
        ("email", "DE", "Europe/Berlin", "2026-11-02T19:59:59Z", None),
        ("email", "DE", "Europe/Berlin", "2026-11-02T20:00:00Z", "2026-11-03T08:00:00Z"),
        ("sms", "DE", "Europe/Berlin", "2026-11-02T19:00:00Z", "2026-11-03T08:00:00Z"),  # an hour before mail
        ("email", "US", "America/New_York", "2026-11-02T13:59:00Z", "2026-11-02T14:00:00Z"),
        ("email", "US", "Pacific/Honolulu", "2026-11-02T18:59:00Z", "2026-11-02T19:00:00Z"),
        # An SMS to the United States: nine in Hawaii and not yet eight in the evening in New York.
        ("sms", "US", "America/New_York", "2026-11-02T14:00:00Z", "2026-11-02T19:00:00Z"),
        ("sms", "US", "America/New_York", "2026-11-02T19:00:00Z", None),
        ("sms", "US", "America/New_York", "2026-11-03T00:59:00Z", None),
        ("sms", "US", "America/New_York", "2026-11-03T01:00:00Z", "2026-11-03T19:00:00Z"),
        ("email", "IR", "Asia/Tehran", "2026-11-02T05:29:59Z", "2026-11-02T05:30:00Z"),
        ("sms", "IR", "Asia/Tehran", "2026-11-02T17:29:59Z", None),  # until nine there
        ("sms", "IR", "Asia/Tehran", "2026-11-02T17:30:00Z", "2026-11-03T05:30:00Z"),
        ("sms", "IN", "Asia/Kolkata", "2026-11-02T04:29:59Z", "2026-11-02T04:30:00Z"),  # from ten there
        ("sms", "IN", "Asia/Kolkata", "2026-11-02T04:10:00Z", "2026-11-02T04:30:00Z"),
        ("sms", "IN", "Asia/Kolkata", "2026-11-02T03:40:00Z", "2026-11-02T04:30:00Z"),
        ("email", "IN", "Asia/Kolkata", "2026-11-02T03:29:00Z", "2026-11-02T03:30:00Z"),  # from nine there
        ("sms", "IN", "Asia/Kolkata", "2026-11-02T14:30:00Z", "2026-11-03T04:30:00Z"),
        ("email", "NP", "Asia/Kathmandu", "2026-11-02T03:14:00Z", "2026-11-02T03:15:00Z"),
        ("sms", "FR", "Europe/Paris", "2026-11-07T18:59:00Z", None),  # a Saturday, just before eight
        ("sms", "FR", "Europe/Paris", "2026-11-07T19:00:00Z", "2026-11-09T08:00:00Z"),
        ("sms", "FR", "Europe/Paris", "2026-11-08T12:00:00Z", "2026-11-09T08:00:00Z"),  # a Sunday
        ("email", "FR", "Europe/Paris", "2026-11-08T12:00:00Z", None),
        # Clocks go back on 25 October in Berlin, and on 1 November in New York.
        ("email", "DE", "Europe/Berlin", "2026-10-25T07:30:00Z", "2026-10-25T08:00:00Z"),
        ("email", "DE", "Europe/Berlin", "2026-10-24T20:00:00Z", "2026-10-25T08:00:00Z"),
        ("email", "US", "America/New_York", "2026-11-01T01:00:00Z", "2026-11-01T14:00:00Z"),
        # And forward on 29 March 2027 in Berlin (the 28th), on 14 March in New York.
        ("email", "DE", "Europe/Berlin", "2027-03-27T21:00:00Z", "2027-03-28T07:00:00Z"),
        ("email", "US", "America/New_York", "2027-03-14T02:00:00Z", "2027-03-14T13:00:00Z"),
        ("onsite", "DE", "Europe/Berlin", "2026-11-02T02:00:00Z", None),
    ],
)
def test_nobody_is_disturbed_at_night(channel: str, country: str, zone: str, now: str, free_at: str | None) -> None:
    assert quiet_until(channel, "marketing", country, zone, moment(now)) == free_at


def test_mail_about_her_order_comes_at_any_hour_and_an_sms_does_not() -> None:
    night = moment("2026-11-02T02:00:00Z")
    assert quiet_until("email", "transactional", "DE", "Europe/Berlin", night) is None
    assert quiet_until("sms", "transactional", "DE", "Europe/Berlin", night) == "2026-11-02T08:00:00Z"


def test_the_hour_is_hers_and_not_the_shops() -> None:
    evening = moment("2026-11-02T12:30:00Z")
    assert verdict(evening, zone="Asia/Tokyo", country="JP", late_after="2026-11-09T12:00:00Z")[1] == "quiet_hours"
    assert until(evening, zone="Asia/Tokyo", country="JP") == "2026-11-03T00:00:00Z"
    assert verdict(evening, zone="Europe/London", country="GB") == ("go", "go")


# --- caps ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sends", "option", "free_at"),
    [
        ([sent(167), sent(100)], EMAIL, NOON + HOUR),  # two mails a week
        ([sent(168), sent(100)], EMAIL, None),  # the first is a week old to the second
        ([sent(100)], EMAIL, None),
        ([sent(100, "transactional"), sent(90, "transactional")], EMAIL, None),  # what she is owed is not counted
        ([sent(100), sent(90, channel="sms")], EMAIL, None),
        ([sent(100), sent(90, channel="sms"), sent(80, channel="http")], ONSITE, None),  # a page disturbs nobody
        ([sent(100, channel="onsite"), sent(90, channel="onsite"), sent(80)], EMAIL, None),
        ([sent(100, channel="sms")], SMS, NOON + 68 * HOUR),  # one SMS a week
        ([sent(100), sent(90)], SMS, None),
        ([sent(100), sent(90), sent(80, channel="http")], SMS, NOON + 68 * HOUR),  # three in all
        ([sent(100), sent(90, channel="sms"), sent(80, channel="http")], EMAIL, NOON + 68 * HOUR),
    ],
)
def test_so_much_marketing_and_no_more(sends: list[LastSend], option: Option, free_at: datetime | None) -> None:
    agreed = said("sms:subscribed", "email:subscribed")
    found = decide(facts(customer=person(agreed, *sends), options=(option,)), NOON)
    expected = ("deferred", "cap", stamp(free_at)) if free_at else ("go", "go", None)
    assert (found.state, found.code, found.until) == expected


def test_a_shops_own_caps_stand_in_place_of_the_usual_ones() -> None:
    once_a_month = replace(SHOP, caps={"email": [1, 30]})
    assert until(shop=once_a_month, customer=person(Contact(), sent(300))) == stamp(NOON + 30 * DAY - 300 * HOUR)
    many = replace(SHOP, caps={"email": [9, 7], "total": [9, 7]})
    sends = [sent(hours) for hours in (100, 90, 80, 70)]
    assert verdict(shop=many, customer=person(Contact(), *sends)) == ("go", "go")
    assert verdict(shop=replace(SHOP, caps={"total": [1, 7]}), customer=person(Contact(), sent(30)))[1] == "cap"
    assert verdict(shop=replace(SHOP, caps={"email": [0, 7]}))[1] == "cap"


def test_the_same_message_tried_again_does_not_stand_in_its_own_way() -> None:
    assert verdict(customer=person(Contact(), sent(0.1, name="f_1"))) == ("go", "go")


def test_a_place_is_free_when_the_oldest_that_counts_leaves_the_window() -> None:
    sends = [sent(hours) for hours in (10, 50, 30)]
    assert frees_at(sends, "email", 2, 7, NOON) == stamp(NOON + 7 * DAY - 30 * HOUR)
    assert USUAL == {"email": (2, 7), "sms": (1, 7), "http": (1, 7), "total": (3, 7)}


# --- her wishes ------------------------------------------------------------------------------------------------------


def test_as_rarely_as_she_wishes() -> None:
    monthly = said(wish__most="1/30")
    assert until(customer=person(monthly, sent(200))) == stamp(NOON - 200 * HOUR + 30 * DAY)
    assert verdict(customer=person(monthly, sent(200)))[1] == "too_often"
    assert verdict(customer=person(monthly, sent(720))) == ("go", "go")
    assert verdict(customer=person(monthly, sent(200, "transactional"))) == ("go", "go")
    assert verdict(flow=OWED, customer=person(monthly, sent(200))) == ("go", "go")


@pytest.mark.parametrize(
    ("pause", "expected"),
    [
        ("2026-11-02T12:00:01Z", ("deferred", "paused_by_customer")),
        ("2026-11-02T12:00:00Z", ("go", "go")),
        ("", ("go", "go")),
        ("tomorrow", ("go", "go")),
    ],
)
def test_a_pause(pause: str, expected: tuple[str, str]) -> None:
    paused = person(said(wish__pause_until=pause))
    assert verdict(customer=paused) == expected
    assert verdict(flow=OWED, customer=paused) == ("go", "go")
    if expected[0] == "deferred":
        assert until(customer=paused) == pause


def test_topics_she_does_not_want() -> None:
    assert verdict(customer=person(said(wish__topic__offers="off"))) == ("skipped", "topic_off")
    assert verdict(customer=person(said(wish__topic__news="off"))) == ("go", "go")
    assert verdict(flow=OWED, customer=person(said(wish__topic__reviews="off"))) == ("go", "go")


@pytest.mark.parametrize(
    ("until_", "expected"),
    [("2026-11-02T12:00:01Z", ("skipped", "unhappy")), ("2026-11-02T12:00:00Z", ("go", "go"))],
)
def test_nothing_is_sold_to_the_unhappy(until_: str, expected: tuple[str, str]) -> None:
    unhappy = person(said(no_selling_until=until_))
    assert verdict(customer=unhappy) == expected
    assert verdict(flow=OWED, customer=unhappy) == ("go", "go")


# --- one at a time, conversations ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flow", "last", "free_at"),
    [
        (FLOW, sent(23.99), NOON + 36 * timedelta(seconds=1)),
        (FLOW, sent(24), None),
        (FLOW, sent(1, "transactional"), NOON + 23 * HOUR),
        (OWED, sent(0.2), NOON + 3 * MINUTE),  # a quarter of an hour for what she is owed
        (OWED, sent(0.25), None),
        (OWED, sent(1), None),
    ],
)
def test_messages_keep_their_distance(flow: Flow, last: LastSend, free_at: datetime | None) -> None:
    assert until(flow=flow, customer=person(Contact(), last)) == (stamp(free_at) if free_at else None)


def other(name: str = "f_2", flow: str = "win-back", purpose: str = "marketing", **changes: Any) -> Other:
    return replace(Other(name, flow, purpose, stamp(NOON)), **changes)


@pytest.mark.parametrize(
    ("rival", "place"),
    [
        (other(priority=51), 1),
        (other(priority=49), 0),
        (other(purpose="transactional", priority=1), 1),  # what she is owed goes first
        (other(due=stamp(NOON - MINUTE)), 1),
        (other(due=stamp(NOON + MINUTE)), 0),
        (other("f_0"), 1),  # even the smallest difference decides
        (other(priority=99, is_due=False), 0),
    ],
)
def test_of_two_that_are_due_the_one_that_matters_more_goes(rival: Other, place: int) -> None:
    found = until(others=(rival,))
    assert found == (stamp(NOON + GAP["marketing"]) if place else None)


def test_three_that_are_due_get_three_moments() -> None:
    rivals = (other("f_2", priority=60), other("f_3", priority=70))
    assert until(others=rivals) == stamp(NOON + 2 * GAP["marketing"])
    assert until(flow=OWED, others=tuple(replace(r, purpose="transactional") for r in rivals)) == stamp(
        NOON + 2 * GAP["transactional"]
    )


def test_a_page_waits_for_nothing() -> None:
    assert verdict(options=(ONSITE,), others=(other(priority=99),), customer=person(Contact(), sent(1))) == ("go", "go")


@pytest.mark.parametrize(
    ("under_way", "waits"),
    [
        ({}, True),
        ({"priority": 49}, False),  # this one matters more
        ({"later_step": False}, False),  # it has not begun
        ({"flow": "come-back"}, False),  # it is this very conversation
        ({"purpose": "transactional"}, False),
        ({"due": stamp(NOON - MINUTE)}, False),  # its turn has come: one at a time decides
    ],
)
def test_a_conversation_that_is_under_way_is_finished_first(under_way: dict[str, Any], waits: bool) -> None:
    told = {"due": stamp(NOON + DAY), "is_due": False, "later_step": True, **under_way}
    found = decide(facts(others=(other(**told),)), NOON)
    if waits:
        assert (found.code, found.until) == ("conversation", stamp(NOON + DAY))  # looked at again tomorrow
    else:
        assert found.code == "go"


def test_what_is_far_off_is_no_conversation_that_is_going_on() -> None:
    month = stamp(NOON + 30 * DAY)
    near, far = (other(due=stamp(NOON + days * DAY), is_due=False, later_step=True) for days in (7, 8))
    assert verdict(others=(near,), late_after=month)[1] == "conversation"
    assert verdict(others=(far,), late_after=month) == ("go", "go")


def test_what_would_be_too_late_after_a_conversation_does_not_wait_for_it() -> None:
    rival = other(due=stamp(NOON + 2 * DAY), is_due=False, later_step=True)
    assert verdict(others=(rival,), late_after=stamp(NOON + 2 * DAY)) == ("go", "go")
    assert verdict(others=(rival,), late_after=stamp(NOON + 3 * DAY))[1] == "conversation"


def test_who_is_in_a_conversation_goes_on_with_it() -> None:
    second = replace(MAIL, name="again")
    flow = replace(FLOW, steps=(MAIL, second))
    rival = other(due=stamp(NOON + DAY), is_due=False, later_step=True, priority=99)
    assert verdict(flow=flow, step=second, others=(rival,)) == ("go", "go")


# --- the shop, the flow, the moment ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": "paused"}, ("deferred", "shop_paused")),
        ({"state": "staging"}, ("skipped", "staging")),
        ({"state": "off"}, ("cancelled", "shop_off")),
        ({"flows_off": ("come-back",)}, ("cancelled", "flow_off")),
        ({"importing": True}, ("deferred", "importing")),
        ({"flows_off": ("win-back",)}, ("go", "go")),
    ],
)
def test_the_shop(changes: dict[str, Any], expected: tuple[str, str]) -> None:
    assert verdict(shop=replace(SHOP, **changes)) == expected
    if expected[0] == "deferred":
        assert until(shop=replace(SHOP, **changes)) == stamp(NOON + WAIT_WHILE_CLOSED)


def test_what_she_is_owed_goes_out_while_history_comes_in() -> None:
    assert verdict(flow=OWED, shop=replace(SHOP, importing=True)) == ("go", "go")


def test_a_flow_that_ships_switched_off_wants_to_be_switched_on() -> None:
    asleep = replace(FLOW, on=False)
    assert verdict(flow=asleep) == ("cancelled", "flow_off")
    assert verdict(flow=asleep, shop=replace(SHOP, flows_on=("come-back",))) == ("go", "go")
    both = replace(SHOP, flows_on=("come-back",), flows_off=("come-back",))
    assert verdict(flow=asleep, shop=both) == ("cancelled", "flow_off")
    assert verdict(flow=None) == ("cancelled", "flow_off")
    assert verdict(step=None) == ("cancelled", "flow_changed")


def test_a_shop_that_is_closed_decides_nothing_for_good() -> None:
    """A pause outlives the latest moment only if it lasts that long: then it is too late, and says so."""
    paused = replace(SHOP, state="paused")
    assert verdict(NOON + 8 * DAY, shop=paused) == ("deferred", "shop_paused")
    assert verdict(NOON + 8 * DAY) == ("skipped", "too_late")


@pytest.mark.parametrize(
    ("seconds", "step", "rhythm", "expected"),
    [
        (0, MAIL, None, "go"),
        (1, MAIL, None, "too_late"),
        (1, Step("which", "branch"), None, "go"),  # what only leads on is never too late
        (1, MAIL, stamp(NOON + DAY), "go"),  # her own rhythm came later than planned
        (86401, MAIL, stamp(NOON + DAY), "too_late"),
    ],
)
def test_too_late(seconds: int, step: Step, rhythm: str | None, expected: str) -> None:
    now = NOON + 7 * DAY + timedelta(seconds=seconds)
    assert verdict(now, step=step, rhythm_until=rhythm)[1] == expected


def test_her_rhythm_is_waited_for() -> None:
    later = stamp(NOON + DAY)
    assert (verdict(rhythm_until=later), until(rhythm_until=later)) == (("deferred", "waits_for_rhythm"), later)
    assert verdict(rhythm_until=stamp(NOON)) == ("go", "go")


def test_who_is_gone_gets_nothing() -> None:
    assert verdict(customer=None) == ("cancelled", "customer_gone")
    assert verdict(customer=person(erased_at=stamp(NOON))) == ("cancelled", "customer_gone")
    assert verdict(order=None) == ("cancelled", "customer_gone")
    assert verdict(order=None, needs_order=False) == ("go", "go")


# --- the order -------------------------------------------------------------------------------------------------------

REFUNDED = order(refunds=(Refund("r1", 1),))


@pytest.mark.parametrize(
    ("exits", "sold", "reason"),
    [
        (("refunded",), order(), None),
        (("refunded",), REFUNDED, "order_refunded"),
        ((), REFUNDED, None),
        (("cancelled",), order(status="cancelled"), "order_cancelled"),
        ((), order(status="cancelled"), "order_not_placed"),
        ((), order(status="deleted"), "order_deleted"),
        ((), order(status="failed"), "order_not_placed"),
        ((), order(test=True), "test_order"),
        ((), order(status="completed"), None),
    ],
)
def test_the_order_must_still_be_good(exits: tuple[str, ...], sold: Any, reason: str | None) -> None:
    flow = replace(FLOW, exits=exits)
    assert stopped(flow, sold) == reason
    assert verdict(flow=flow, order=sold) == (("cancelled", reason) if reason else ("go", "go"))


def test_a_flow_that_starts_when_an_order_is_cancelled_is_not_ended_by_that() -> None:
    sorry = replace(OWED, starts=(Start("cancelled"),))
    assert stopped(sorry, order(status="cancelled")) is None


def test_a_newer_order_ends_only_the_flows_that_say_so_and_not_what_waits_for_it() -> None:
    assert verdict(newer_order=True) == ("cancelled", "newer_order")
    assert verdict(newer_order=True, flow=replace(FLOW, exits=())) == ("go", "go")
    assert verdict(newer_order=True, step=Step("again", "wait_for", value="ordered")) == ("go", "go")
    assert verdict(newer_order=True, step=Step("again", "wait_for", value="rated")) == ("cancelled", "newer_order")


class Bought:
    def __init__(self, order_id: str, at: datetime, counts: str = "paid") -> None:
        self.order_id, self.placed_at, self.counts = order_id, stamp(at), counts


@pytest.mark.parametrize(
    ("bought", "expected"),
    [
        ([], False),
        ([Bought("1", NOON)], False),  # the order itself
        ([Bought("2", NOON + MINUTE)], True),
        ([Bought("2", NOON)], False),
        ([Bought("2", NOON - DAY)], False),
        ([Bought("2", NOON + MINUTE, "no")], False),  # it failed
        ([Bought("2", NOON + MINUTE, "placed")], True),
    ],
)
def test_which_order_is_newer(bought: list[Bought], expected: bool) -> None:
    assert newer(order(), stamp(NOON + 30 * DAY), bought) is expected
    assert newer(None, stamp(NOON), [Bought("2", NOON + MINUTE)])
    assert not newer(None, stamp(NOON), [Bought("2", NOON)])


def test_what_it_is_about_must_still_be_so() -> None:
    assert verdict(matter="cart_gone", order=None, needs_order=False) == ("cancelled", "cart_gone")


def test_who_left_the_segment_is_left_alone() -> None:
    flow = replace(FLOW, starts=(Start("segment_entered", segment="vip"),), exits=("left_segment",))
    inside, outside = person(said(segment__vip="in")), person(said(segment__vip="out"))
    no_order = {"order": None, "needs_order": False, "flow": flow, "segment": "vip"}
    assert verdict(**no_order, customer=inside) == ("go", "go")
    assert verdict(**no_order, customer=outside) == ("cancelled", "left_segment")
    assert verdict(**{**no_order, "flow": replace(flow, exits=())}, customer=outside) == ("go", "go")


# --- conditions ------------------------------------------------------------------------------------------------------

FIRST = Asks("order.nth", "is", 1)
TRUE, FALSE, UNKNOWN = Asks("a", "is", 1), Asks("a", "is", 2), Asks("b", "is", 1)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (None, True),
        (TRUE, True),
        (FALSE, False),
        (UNKNOWN, None),
        (Not(TRUE), False),
        (Not(UNKNOWN), None),
        (All((TRUE, UNKNOWN)), None),
        (All((FALSE, UNKNOWN)), False),
        (All((TRUE, TRUE)), True),
        (Some((TRUE, UNKNOWN)), True),
        (Some((FALSE, UNKNOWN)), None),
        (Some((FALSE, FALSE)), False),
    ],
)
def test_what_is_not_known_decides_nothing(condition: Any, expected: bool | None) -> None:
    assert holds(condition, {"a": 1}) is expected


@pytest.mark.parametrize(
    ("operator", "value", "fact", "expected"),
    [
        ("at_least", 3, 3, True), ("at_least", 3, 2, False), ("at_most", 3, 3, True), ("at_most", 3, 4, False),
        ("more_than", 3, 3, False), ("more_than", 3, 4, True), ("less_than", 3, 3, False), ("less_than", 3, 2, True),
        ("in", (3, 5), 5, True), ("in", (3, 5), 4, False),
        ("has", "a", {"a", "b"}, True), ("has_any", ("c", "b"), {"a", "b"}, True), ("has_any", ("c",), {"a"}, False),
        ("has_all", ("a", "b"), {"a", "b", "c"}, True), ("has_all", ("a", "d"), {"a", "b"}, False),
        ("at_least", Money(50, "EUR"), Money(50, "EUR"), True), ("at_least", Money(50, "EUR"), Money(49, "EUR"), False),
        ("at_least", Money(50, "EUR"), Money(99, "USD"), False), ("at_most", Money(50, "EUR"), Money(9, "USD"), False),
        ("at_least", Money(50, "EUR"), (Money(99, "USD"), Money(50, "EUR")), True),
        ("at_least", Money(50, "EUR"), (Money(99, "USD"),), False),
    ],
)  # fmt: skip
def test_comparisons(operator: str, value: Any, fact: Any, expected: bool) -> None:
    assert holds(Asks("x", operator, value), {"x": fact}) is expected


def test_a_flows_condition_ends_it_and_a_steps_only_leaves_the_step_out() -> None:
    for known in ({"order.nth": 2}, {}):
        assert verdict(flow=replace(FLOW, only_if=FIRST), known=known) == ("cancelled", "condition")
        assert verdict(step=replace(MAIL, only_if=FIRST), known=known) == ("skipped", "condition")
    assert verdict(step=replace(MAIL, only_if=FIRST), known={"order.nth": 1}) == ("go", "go")
    assert verdict(step=Step("ask", "branch", only_if=FIRST), known={}) == ("go", "go")


def test_planning_waits_for_what_is_not_known_yet_and_drops_what_is_certainly_false() -> None:
    flow = replace(FLOW, only_if=FIRST)
    assert plan(flow, order(), SHOP.connected_at, "UTC")
    assert plan(replace(FLOW, only_if=Asks("order.items", "is", 2)), order(), SHOP.connected_at, "UTC") is None
    assert plan(FLOW, order(), stamp(NOON + MINUTE), "UTC") is None  # history
    assert plan(FLOW, order(), stamp(NOON), "UTC")


def test_a_start_with_a_condition_lets_the_next_one_try() -> None:
    starts = (
        Start("bought", Wait(DAY), only_if=Asks("order.items", "is", 2)),
        Start("bought", Wait(2 * DAY)),
    )
    planned = plan(replace(FLOW, starts=starts), order(), SHOP.connected_at, "UTC")
    assert planned
    assert planned.due == stamp(NOON + 2 * DAY)


@pytest.mark.parametrize(
    ("when", "sold", "at"),
    [
        ("placed", order(payment="none", paid_at=None), NOON),
        ("paid", order(payment="none", paid_at=None), None),
        ("bought", order(payment="none", paid_at=None, cash_on_delivery=True), NOON),
        ("bought", order(paid_at=stamp(NOON + HOUR)), NOON + HOUR),
        ("fulfilled", order(), None),
        ("fulfilled", order(fulfilled_at=stamp(NOON + DAY)), NOON + DAY),
        ("cancelled", order(), None),
        ("cancelled", order(status="cancelled", cancelled_at=stamp(NOON + DAY)), NOON + DAY),
        ("refunded", order(), None),
        ("refunded", order(refunds=(Refund("r", 1, stamp(NOON + DAY)), Refund("s", 1, stamp(NOON)))), NOON + DAY),
        ("rated", order(), None),
    ],
)
def test_the_moments_of_an_order(when: str, sold: Any, at: datetime | None) -> None:
    assert moment_of(when, sold) == (stamp(at) if at else None)


# --- the channel -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("contact", "preferred", "options", "expected"),
    [
        (said("sms:subscribed"), None, (SMS, EMAIL), "email"),  # the cheaper one
        (said("sms:subscribed"), "sms", (EMAIL, SMS), "sms"),  # the one she likes
        (said(), "sms", (EMAIL, SMS), "email"),  # but only if it may be used
        (said("sms:subscribed", answered__sms="x"), None, (EMAIL, SMS), "sms"),  # the one she answered to
        (said("sms:subscribed", answered__sms="x"), "email", (EMAIL, SMS), "email"),
        (said(), None, (ONSITE, EMAIL), "email"),  # a page is the last resort
        (said(NO, "sms:subscribed"), None, (EMAIL, SMS), "sms"),
        (said(), None, (SMS, replace(EMAIL, set_up=False)), "sms"),  # none may be used: the owner's first
        (said("sms:subscribed"), None, (replace(EMAIL, address=None), SMS), "sms"),
        (said("sms:subscribed"), None, (replace(EMAIL, suppressed="bounce"), SMS), "sms"),
    ],
)
def test_the_channel(contact: Contact, preferred: str | None, options: tuple[Option, ...], expected: str) -> None:
    assert choose(options, contact, "marketing", "soft", preferred).channel == expected


def test_the_newest_answer_counts() -> None:
    contact = said("sms:subscribed", answered__sms="x").join(said(answered__email="x", at="2026-02-01T00:00:00Z"))
    assert choose((SMS, EMAIL), contact, "marketing", "soft", None) == EMAIL
    older = said("sms:subscribed", answered__sms="x", at="2026-03-01T00:00:00Z").join(said(answered__email="x"))
    assert choose((SMS, EMAIL), older, "marketing", "soft", None) == SMS


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (replace(SMS, set_up=False), ("skipped", "channel_off")),
        (replace(EMAIL, address=None), ("skipped", "no_address")),
        (ONSITE, None),
        (replace(EMAIL, consent=""), None),
    ],
)
def test_what_keeps_a_channel_from_being_used(option: Option, expected: tuple[str, str] | None) -> None:
    assert objection(option, said(), "marketing", "soft") == expected


# --- held out --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (MAIL, "held_out"), (Step("gift", "coupon"), "held_out"), (Step("crm", "webhook"), "held_out"),
        (Step("card", "task"), "held_out"), (TAG, "go"), (Step("which", "split"), "go"), (Step("ask", "branch"), "go"),
        (Step("again", "wait_for", value="ordered"), "go"),
    ],
)  # fmt: skip
def test_who_is_held_out_gets_no_effect_and_walks_every_step(step: Step, expected: str) -> None:
    options = (EMAIL,) if step.kind == "send" else ()
    assert verdict(step=step, arm="control", options=options)[0] == expected
    assert verdict(step=step, arm="treated", options=options)[0] == "go"
    assert verdict(step=step, arm="control", options=options, flow=OWED)[0] == "go"


def test_the_held_out_meet_the_same_caps() -> None:
    assert verdict(arm="control", customer=person(Contact(), sent(1)))[1] == "one_at_a_time"


# --- from step to step -----------------------------------------------------------------------------------------------


def test_a_lot_has_nothing_to_do_with_the_arms_and_falls_as_the_shares_say() -> None:
    step = Step("which", "split", shares=((30, "a"), (70, None)))
    names = [str(number) for number in range(4000)]
    lots = {name: split(step, "salt", name) for name in names}
    first = [name for name in names if lots[name] == ("1", "a")]
    assert {lots[name] for name in names} == {("1", "a"), ("2", None)}
    assert 0.27 < len(first) / len(names) < 0.33
    treated = [name for name in first if is_treated("salt", name, "0.5")]
    assert 0.45 < len(treated) / len(first) < 0.55
    assert lots != {name: split(replace(step, name="other"), "salt", name) for name in names}
    assert lots != {name: split(step, "another", name) for name in names}


def test_a_branch_takes_what_is_not_known_for_no() -> None:
    step = Step("ask", "branch", only_if=FIRST, then="yes", other="no")
    assert branch(step, {"order.nth": 1}) == ("then", "yes")
    assert branch(step, {"order.nth": 2}) == ("else", "no")
    assert branch(step, {}) == ("else", "no")


def test_what_a_step_waits_for() -> None:
    assert happened("ordered", None, None, True)
    assert not happened("ordered", order(), None, False)
    assert happened("paid", order(), None, False)
    assert not happened("fulfilled", order(), None, True)
    assert happened("rated", order(), Rating(5, stamp(NOON)), False)
    assert not happened("paid", None, None, True)


def test_the_next_step_counts_from_when_this_one_was_due_unless_that_is_long_past() -> None:
    assert done_at(stamp(NOON), stamp(NOON + LATE)) == stamp(NOON)
    late = stamp(NOON + LATE + MINUTE)
    assert done_at(stamp(NOON), late) == late
    flow = replace(FLOW, steps=(MAIL, Step("again", "wait_for", timeout=14 * DAY, wait=Wait(DAY)), Step("end", "stop")))
    found = next_of(flow, "again", "then", stamp(NOON), "UTC")
    assert found
    assert (found.due, found.started_at) == (stamp(NOON + 15 * DAY), "then")
    assert waits_until(flow.steps[1], found.late_after) == found.due
    assert next_of(flow, "end", "then", stamp(NOON), "UTC") is None
    assert next_of(flow, None, "then", stamp(NOON), "UTC") is None


@pytest.mark.parametrize(
    ("zone", "at", "due"),
    [
        ("UTC", NOON, "2026-11-03T10:00:00Z"),
        ("Asia/Kolkata", NOON, "2026-11-03T04:30:00Z"),
        ("America/New_York", moment("2026-10-31T16:00:00Z"), "2026-11-01T15:00:00Z"),  # clocks go back that night
        ("Europe/Berlin", moment("2027-03-27T12:00:00Z"), "2027-03-28T08:00:00Z"),  # and forward
    ],
)
def test_ten_in_the_morning_is_ten_where_she_lives(zone: str, at: datetime, due: str) -> None:
    from datetime import time

    assert after(stamp(at), Wait(HOUR, time(10)), zone) == due


# --- her rhythm ------------------------------------------------------------------------------------------------------

RHYTHM = Rhythm("customer", usual=60 * DAY, factor=1.5, least=14 * DAY, most=180 * DAY)


@pytest.mark.parametrize(
    ("gaps", "days"),
    [
        ([], 60),  # the usual, and not times the factor
        ([20], 30),
        ([20, 20, 200], 30),  # the median: one long winter changes nothing
        ([4, 4], 14),
        ([150], 180),
        ([20, 30], 37.5),
    ],
)
def test_how_long_she_usually_takes(gaps: list[int], days: float) -> None:
    times, at = [NOON], NOON
    for gap in gaps:
        at += gap * DAY
        times.append(at)
    assert length(RHYTHM, [stamp(time) for time in reversed(times)]) == days * DAY


def test_the_rhythm_of_a_product_is_of_that_product() -> None:
    from chalicelib.domain.order import Line

    tea = (Line("tea", None, None, "Tea", 1, 1, 1),)
    bought = [order(1, NOON - 40 * DAY, lines=tea), order(2, NOON - 20 * DAY), order(4, NOON + DAY, lines=tea)]
    failed = order(5, NOON - 10 * DAY, lines=tea, status="failed")
    assert times_of_product(order(3, lines=tea), [*bought, failed]) == [stamp(NOON), stamp(NOON - 40 * DAY)]


def test_only_orders_up_to_this_one_make_the_rhythm() -> None:
    bought = [Bought("0", NOON - DAY), Bought("1", NOON), Bought("2", NOON + DAY), Bought("3", NOON - DAY, "no")]
    assert [one.order_id for one in placed_by(order(), bought)] == ["0", "1"]


# --- what competes ---------------------------------------------------------------------------------------------------


class Waiting:
    def __init__(self, **changes: Any) -> None:
        self.id, self.flow, self.step, self.purpose, self.channel = "f_2", "come-back", "mail", "marketing", "email"
        self.state, self.due_at, self.late_after = "scheduled", stamp(NOON), stamp(NOON + DAY)
        for name, value in changes.items():
            setattr(self, name, value)


@pytest.mark.parametrize(
    ("changes", "competes"),
    [
        ({}, True),
        ({"state": "deferred"}, True),
        ({"state": "sent"}, False),
        ({"state": "cancelled"}, False),
        ({"late_after": stamp(NOON - MINUTE)}, False),
        ({"id": "f_1"}, False),
        ({"flow": "gone"}, False),
        ({"step": "gone"}, False),
        ({"channel": "onsite"}, False),
    ],
)
def test_which_of_her_follow_ups_compete(changes: dict[str, Any], competes: bool) -> None:
    found = others([Waiting(**changes)], "f_1", {"come-back": FLOW}, NOON)
    assert bool(found) is competes


def test_what_is_known_of_a_competitor() -> None:
    live = {"come-back": FLOW}
    (due,) = others([Waiting()], "f_1", live, NOON)
    assert (due.is_due, due.later_step, due.priority) == (True, False, 50)
    (later,) = others([Waiting(due_at=stamp(NOON + MINUTE), step="mark")], "f_1", live, NOON)
    assert (later.is_due, later.later_step) == (False, True)
    (tag,) = others([Waiting(step="mark")], "f_1", live, NOON)
    assert not tag.is_due  # it sends nothing


def test_zones_without_daylight_saving_are_kept_apart() -> None:
    """In summer New York is six hours from Hawaii, in winter five."""
    summer = datetime(2026, 7, 1, 18, 30, tzinfo=UTC)
    assert quiet_until("sms", "marketing", "US", "America/New_York", summer) == "2026-07-01T19:00:00Z"
    assert quiet_until("sms", "marketing", "US", "America/New_York", datetime(2026, 7, 2, 0, tzinfo=UTC)) is not None
