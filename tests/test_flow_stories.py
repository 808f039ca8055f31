"""Each of the flows that ship, lived through by somebody with a name, on the simulated clock; every way taken once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib import flows
from chalicelib.domain.events import CartOrdered
from chalicelib.domain.flow import EXITS
from chalicelib.domain.order import Line
from chalicelib.domain.times import in_order, moment, stamp
from chalicelib.table import customers
from chalicelib.table.follow_ups import WAITING
from chalicelib.work import flow_book, nudge, wants
from tests import occasions, stories
from tests.fake_dynamo import instead_of_dynamodb
from tests.occasions import born, cart, product, tell, until
from tests.post_office import NOON, PostOffice
from tests.stories import (
    AMELIE,
    ELENA,
    EMMA,
    ENDS,
    INGRID,
    JONAS,
    LUCIA,
    MEI,
    NOAH,
    OMAR,
    PRIYA,
    SARA,
    TOM,
    YUSUF,
    ZAHRA,
    Person,
    leaves,
    lot,
    node_of,
    open_tasks,
    opened,
    rate,
    row,
    walked,
    way_of,
    why,
)

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PERSIAN = {"locale": "fa", "currency": "IRT", "timezone": "Asia/Tehran", "country": "IR", "name": "چای‌خانه"}
# (flow, step, way) of every follow-up of every story, and the flow's exits with "" for a step.
TAKEN: set[tuple[str, str, str]] = set()


@pytest.fixture(autouse=True)
def _recorded() -> Iterator[None]:
    """Every story has a table of its own, and is kept on record."""
    with instead_of_dynamodb():
        stories.OPENED.clear()
        yield
        for office in stories.OPENED[-1:]:
            _record(office)
    flow_book.forget()
    nudge.forget()


def _record(office: PostOffice) -> None:
    for found in stories.rows_of(office.dynamo):
        way = way_of(found)
        TAKEN.update({(found.flow, found.step, way), (found.flow, "", way)})


class TestThankYou:
    def test_sara_of_tehran_is_thanked_in_persian_an_hour_after_she_paid(self) -> None:
        office = opened("thank-you", **PERSIAN)
        office.sell(
            SARA.order(1, paid_at=stamp(NOON + 2 * HOUR), lines=(Line("p1", None, "TEA", "چای سیاه", 1, 1, 1),))
        )
        office.run(NOON + 3 * HOUR - MINUTE)
        assert office.taken == []
        office.run(NOON + 3 * HOUR)
        (mail,) = office.taken
        assert (mail.to, mail.language, mail.subject) == (SARA.email, "fa", "ممنون از خریدتان؛ سفارش ۱")
        assert "سلام سارا احمدی عزیز" in _plain(mail.html)
        assert "چای سیاه" in _plain(mail.text)
        assert 'dir="rtl"' in mail.html
        office.run(NOON + 90 * DAY)
        assert len(office.taken) == 1

    def test_zahra_who_pays_at_the_door_is_thanked_an_hour_after_she_ordered(self) -> None:
        office = opened("thank-you", **PERSIAN)
        office.sell(ZAHRA.order(1, cash_on_delivery=True, payment="none", paid_at=None))
        office.run(NOON + HOUR)
        assert [mail.to for mail in office.taken] == [ZAHRA.email]

    def test_what_jonas_has_not_paid_for_yet_he_is_not_thanked_for(self) -> None:
        office = opened("thank-you")
        office.sell(JONAS.order(1, payment="none", paid_at=None))
        office.run(NOON + 5 * DAY)
        assert office.taken == []
        assert walked(office, 1, "thank-you") == {}


class TestHowWasIt:
    def test_jonas_is_asked_three_days_after_his_parcel_left_and_answers_with_one_click(self) -> None:
        office = opened("how-was-it")
        office.sell(JONAS.order(1))
        office.now = NOON + 2 * DAY
        office.sell(
            JONAS.order(1, updated_at=stamp(office.now), fulfilled_at=stamp(office.now), fulfilment="fulfilled")
        )
        office.run(NOON + 5 * DAY - MINUTE)
        assert office.taken == []
        office.run(NOON + 5 * DAY)
        (mail,) = office.taken
        assert (mail.language, mail.subject) == ("de", "Wie war es? Ihre Bestellung 1")
        assert "Jonas" in mail.html
        assert re.findall(r"\?stars=(\d)\"", mail.html) == ["1", "2", "3", "4", "5"]
        assert rate(office, mail, 5, JONAS) == "stored"

    def test_amelie_whose_shop_never_says_what_it_sent_is_asked_after_ten_days(self) -> None:
        office = opened("how-was-it")
        office.sell(AMELIE.order(1))
        office.run(NOON + 10 * DAY - MINUTE)
        assert office.taken == []
        office.run(NOON + 10 * DAY)
        assert office.taken[0].subject.startswith("Qu’en pensez-vous")


class TestComeBack:
    def test_amelie_is_written_to_after_thirty_quiet_days_in_the_morning(self) -> None:
        office = opened("come-back")
        late = NOON.replace(hour=22)
        office.sell(AMELIE.order(1, late))
        office.run(late + 32 * DAY)
        (mail,) = office.taken
        assert (mail.language, mail.subject) == ("fr", "Au plaisir de vous revoir")
        assert "Amélie" in mail.html
        assert "/u/" in mail.headers["List-Unsubscribe"]
        # 23:00 in Paris: she is left alone until nine there.
        assert row(office, 1, "come-back", "mail").sent_at == "2026-12-03T08:00:00Z"

    def test_held_out_amelie_walks_the_same_step_and_gets_nothing(self) -> None:
        office = opened("come-back", treated_share="0")
        office.sell(AMELIE.order(1))
        office.run(NOON + 40 * DAY)
        assert office.taken == []
        assert walked(office, 1, "come-back") == {"mail": "held_out"}


class TestSecondOrder:
    def test_zahra_gets_a_word_of_use_and_ten_days_later_at_ten_a_gift(self) -> None:
        office = opened("second-order", **PERSIAN)
        office.sell(ZAHRA.order(1, fulfilled_at=stamp(NOON + DAY)))
        office.run(NOON + 40 * DAY)
        first, gift = office.taken
        assert walked(office, 1, "second-order") == {"mail": "sent", "gift": "done", "gift-mail": "sent"}
        assert row(office, 1, "second-order", "mail").sent_at == "2026-11-17T12:00:00Z"
        # Ten in Tehran is half past six in UTC.
        assert row(office, 1, "second-order", "gift").decided == "2026-11-28T06:30:00Z"
        assert "سلام زهرا کریمی عزیز" in _plain(first.html)
        assert "WELCOME-BACK" not in first.html
        (code,) = set(re.findall(r"WELCOME-BACK-\d\d", gift.text))
        assert code in gift.html
        assert "۲۰" in gift.html

    def test_elena_whose_shop_never_says_what_it_sent_hears_after_three_weeks(self) -> None:
        office = opened("second-order")
        office.sell(ELENA.order(1))
        office.run(NOON + 21 * DAY + HOUR)
        assert [mail.language for mail in office.taken] == ["es"]

    def test_it_is_about_her_first_order_only(self) -> None:
        office = opened("second-order")
        office.sell(ELENA.order(1, NOON - 100 * DAY))
        office.sell(ELENA.order(2))
        office.run(NOON + 40 * DAY)
        assert why(row(office, 2, "second-order", "mail"))[-1] == "condition"
        assert not [mail for mail in office.taken if mail.about["order"] == "2"]

    def test_where_the_codes_are_used_up_nobody_is_promised_one(self) -> None:
        office = opened("second-order", codes=0)
        office.sell(ELENA.order(1))
        office.run(NOON + 60 * DAY)
        assert walked(office, 1, "second-order") == {"mail": "sent", "gift": "failed"}
        assert len(office.taken) == 1

    def test_held_out_elena_walks_the_same_steps_at_the_same_times_and_gets_nothing(self) -> None:
        treated, held = (self._walk(share) for share in ("1", "0"))
        assert [(step, at) for step, _, at in treated] == [(step, at) for step, _, at in held]
        assert [state for _, state, _ in held] == ["held_out"] * 3

    def _walk(self, share: str) -> list[tuple[str, str, str]]:
        with instead_of_dynamodb():
            office = opened("second-order", treated_share=share)
            office.sell(ELENA.order(1))
            office.run(NOON + 60 * DAY)
            assert len(office.taken) == (2 if share == "1" else 0)
            _record(stories.OPENED.pop())
            found = [row(office, 1, "second-order", step) for step in walked(office, 1, "second-order")]
            return [(one.step, one.state, one.due_at) for one in found]


class TestWinBack:
    def test_omar_stays_away_gets_the_long_letter_and_then_a_gift(self) -> None:
        office, number = opened("win-back"), lot("1")
        office.sell(OMAR.order(number))
        office.run(NOON + 60 * DAY - MINUTE)
        assert office.taken == []
        office.run(NOON + 80 * DAY)
        letter, gift = office.taken
        assert walked(office, number, "win-back") == {
            "which": "done",
            "again": "done",
            "gift": "done",
            "gift-message": "sent",
            "mark": "done",
            "long": "sent",
        }
        assert (letter.about["step"], letter.language) == ("long", "ar")
        assert "عمر" in letter.html
        assert re.search(r"WIN-BACK-\d\d", gift.text)
        assert "WIN-BACK" not in letter.html
        assert moment(row(office, number, "win-back", "gift-message").sent_at or "") >= NOON + 74 * DAY
        assert _tag(OMAR, "lapsed") == "on"

    def test_elena_gets_the_short_one_and_the_gift_by_sms_as_she_likes_it(self) -> None:
        office, number = opened("win-back"), lot("2")
        office.sell(ELENA.order(number))
        office.wish(ELENA.email, {"wish:channel": "sms"})
        office.run(NOON + 90 * DAY)
        letter, gift = office.taken
        assert (letter.about["step"], letter.subject) == ("short", "Una pregunta de Acme")
        assert (gift.about["channel"], gift.to) == ("sms", ELENA.phone)
        assert re.search(r"WIN-BACK-\d\d", gift.text)
        assert gift.html == ""

    def test_who_usually_comes_every_twenty_days_is_missed_after_thirty(self) -> None:
        office = opened("win-back")
        for number, days in ((lot("1"), 0), ("two", -20), ("three", -40)):
            office.sell(OMAR.order(number, NOON + days * DAY))
        office.run(NOON + 29 * DAY)
        assert not [mail for mail in office.taken if mail.about["order"] == str(lot("1"))]
        office.run(NOON + 31 * DAY)
        assert [mail.about["order"] for mail in office.taken][-1] == str(lot("1"))

    def test_omar_comes_back_after_the_letter_and_needs_no_gift(self) -> None:
        office, number = opened("win-back"), lot("1")
        office.sell(OMAR.order(number))
        office.run(NOON + 63 * DAY)
        office.sell(OMAR.order("again", office.now))
        office.run(NOON + 90 * DAY)
        assert why(row(office, number, "win-back", "again"))[-1] == "happened"
        assert walked(office, number, "win-back") == {"which": "done", "again": "done", "long": "sent"}
        assert _tag(OMAR, "lapsed") is None

    @pytest.mark.parametrize("way", ["1", "2"])
    def test_held_out_omar_walks_every_step_and_gets_nothing(self, way: str) -> None:
        office, number = opened("win-back", treated_share="0"), lot(way)
        office.sell(OMAR.order(number))
        office.run(NOON + 90 * DAY)
        letter = "long" if way == "1" else "short"
        assert walked(office, number, "win-back") == {
            "which": "done",
            "again": "done",
            "gift": "held_out",
            "gift-message": "held_out",
            "mark": "done",
            letter: "held_out",
        }
        assert office.taken == []

    def test_where_the_codes_are_used_up_there_is_no_gift(self) -> None:
        office, number = opened("win-back", codes=0), lot("1")
        office.sell(OMAR.order(number))
        office.run(NOON + 90 * DAY)
        assert walked(office, number, "win-back")["gift"] == "failed"
        assert len(office.taken) == 1


class TestReplenish:
    def test_priya_who_takes_tea_every_three_weeks_is_reminded_by_sms_as_her_clock_allows(self) -> None:
        office = opened("replenish")
        evening = NOON.replace(hour=16, minute=30)  # ten at night in Kolkata
        for number, days in ((1, -42), (2, -21), (3, 0)):
            office.sell(PRIYA.order(number, evening + days * DAY))
        office.wish(PRIYA.email, {"wish:channel": "sms"})
        office.run(evening + 40 * DAY)
        assert [mail.about["order"] for mail in office.taken] == ["3"]
        (message,) = office.taken
        assert (message.about["channel"], message.to, message.html) == ("sms", PRIYA.phone, "")
        assert message.text.startswith("Acme: running low")
        assert row(office, 3, "replenish", "reminder").sent_at == "2026-11-24T04:30:00Z"  # ten in Kolkata

    def test_jonas_has_no_rhythm_yet_and_is_reminded_by_mail_after_the_usual_time(self) -> None:
        office = opened("replenish")
        office.sell(JONAS.order(1))
        office.run(NOON + 45 * DAY - MINUTE)
        assert office.taken == []
        office.run(NOON + 45 * DAY)
        assert [(mail.about["channel"], mail.language) for mail in office.taken] == [("email", "de")]
        assert "Mug" in office.taken[0].html

    def test_noah_never_agreed_to_any_mail_and_finds_it_on_the_shops_page(self) -> None:
        office = opened("replenish", consent="strict")
        office.sell(NOAH.order(1))
        office.run(NOON + 46 * DAY)
        (line,) = office.taken
        assert (line.about["channel"], line.html, line.language) == ("onsite", "", "fr")
        assert line.subject == "Est-il temps d’en reprendre ?"
        assert line.about["link"] == "https://acme.test"

    def test_held_out_jonas_gets_nothing(self) -> None:
        office = opened("replenish", treated_share="0")
        office.sell(JONAS.order(1))
        office.run(NOON + 60 * DAY)
        assert office.taken == []
        assert walked(office, 1, "replenish") == {"reminder": "held_out"}


class TestLoyal:
    def third(self, person: Person, **changes: Any) -> PostOffice:
        office = opened("loyal", **changes)
        for number, days in ((1, -60), (2, -30), (3, 0)):
            office.sell(person.order(number, NOON + days * DAY))
        return office

    def test_mei_is_thanked_for_her_third_order_with_a_coupon(self) -> None:
        office = self.third(MEI)
        office.run(NOON + 4 * DAY)
        (mail,) = office.taken
        assert walked(office, 3, "loyal") == {"mark": "done", "may-we-write": "done", "gift": "done", "mail": "sent"}
        assert (mail.subject, mail.about["order"]) == ("Thank you for coming back", "3")
        assert "Mei" in mail.html
        assert re.search(r"THANKS-\d\d", mail.html)
        assert _tag(MEI, "loyal") == "on"

    def test_neither_her_first_nor_her_fourth_is_an_occasion(self) -> None:
        office = self.third(MEI)
        office.sell(MEI.order(4, NOON + DAY))
        office.sell(TOM.order("toms"))
        office.run(NOON + 10 * DAY)
        assert [mail.about["order"] for mail in office.taken] == ["3"]
        assert [why(row(office, number, "loyal", "mark"))[-1] for number in (4, "toms")] == ["condition"] * 2

    def test_amelie_gets_a_card_by_hand_where_no_mail_may_go_to_her(self) -> None:
        office = self.third(AMELIE, consent="strict")
        office.run(NOON + 10 * DAY)
        assert walked(office, 3, "loyal") == {"mark": "done", "may-we-write": "done", "card": "done"}
        assert office.taken == []
        assert open_tasks(AMELIE) == ["Write her a card"]

    @pytest.mark.parametrize(("consent", "steps"), [("soft", ["gift", "mail"]), ("strict", ["card"])])
    def test_held_out_mei_is_marked_and_gets_neither_coupon_nor_card(self, consent: str, steps: list[str]) -> None:
        office = self.third(MEI, treated_share="0", consent=consent)
        office.run(NOON + 10 * DAY)
        found = walked(office, 3, "loyal")
        assert {step: found[step] for step in steps} == dict.fromkeys(steps, "held_out")
        assert office.taken == []
        assert open_tasks(MEI) == []
        assert _tag(MEI, "loyal") == "on"

    def test_where_the_codes_are_used_up_she_hears_nothing_of_one(self) -> None:
        office = self.third(MEI, codes=0)
        office.run(NOON + 10 * DAY)
        assert walked(office, 3, "loyal")["gift"] == "failed"
        assert office.taken == []


class TestMakeItRight:
    def test_tom_gives_two_stars_and_is_asked_how_to_help_an_hour_later(self) -> None:
        office = opened("how-was-it", "make-it-right", "come-back")
        office.sell(TOM.order(1))
        office.run(NOON + 10 * DAY)
        rate(office, office.taken[0], 2, TOM)
        office.run(NOON + 10 * DAY + HOUR)
        sorry = office.taken[-1]
        assert sorry.subject == "We are sorry about your order 1"
        assert "List-Unsubscribe" not in sorry.headers
        assert "Tom" in sorry.html
        assert "She gave one or two stars. Ask her what went wrong." in open_tasks(TOM)
        office.run(NOON + 40 * DAY)
        assert why(row(office, 1, "come-back", "mail"))[-1] == "unhappy"
        assert len(office.taken) == 2

    def test_three_stars_are_neither_an_apology_nor_an_invitation(self) -> None:
        office = opened("make-it-right", "review-invite")
        office.sell(TOM.order(1))
        rate(office, None, 3, TOM)
        office.run(NOON + 10 * DAY)
        assert office.taken == []
        assert walked(office, 1, "make-it-right") == {}

    def test_a_refund_does_not_keep_us_from_saying_sorry(self) -> None:
        office = opened("make-it-right")
        office.sell(TOM.order(1))
        rate(office, None, 1, TOM)
        leaves(office, TOM, "refunded")
        office.run(NOON + 2 * HOUR)
        assert len(office.taken) == 1

    def test_it_is_owed_to_those_who_are_held_out_too(self) -> None:
        office = opened("make-it-right", treated_share="0")
        office.sell(TOM.order(1))
        rate(office, None, 1, TOM)
        office.run(NOON + 2 * HOUR)
        assert len(office.taken) == 1


class TestReviewInvite:
    def test_ingrid_gives_five_stars_and_is_asked_to_say_so_the_next_evening_at_six(self) -> None:
        office = opened("how-was-it", "review-invite")
        office.sell(INGRID.order(1))
        office.run(NOON + 10 * DAY)
        rate(office, office.taken[0], 5, INGRID)
        office.run(NOON + 12 * DAY)
        invite = office.taken[-1]
        assert (invite.language, invite.subject) == ("de", "Erzählen Sie es auch anderen?")
        assert "https://reviews.test/acme" in invite.html
        assert row(office, 1, "review-invite", "mail").sent_at == "2026-11-13T17:00:00Z"  # six in Zurich

    def test_who_thinks_better_of_it_before_the_evening_is_not_asked(self) -> None:
        office = opened("review-invite", "make-it-right")
        office.sell(INGRID.order(1))
        rate(office, None, 5, INGRID)
        office.now += HOUR
        rate(office, None, 2, INGRID)
        office.run(NOON + 5 * DAY)
        assert [mail.about["flow"] for mail in office.taken] == ["make-it-right"]
        assert walked(office, 1, "review-invite") == {"mail": "cancelled"}

    def test_held_out_ingrid_is_not_asked(self) -> None:
        office = opened("review-invite", treated_share="0")
        office.sell(INGRID.order(1))
        rate(office, None, 4, INGRID)
        office.run(NOON + 5 * DAY)
        assert office.taken == []
        assert walked(office, 1, "review-invite") == {"mail": "held_out"}


class TestBirthday:
    def born(self, person: Person = LUCIA, day: str = "1990-11-20", **changes: Any) -> PostOffice:
        office = opened("birthday", **changes)
        office.sell(person.order(1, NOON - 90 * DAY))
        tell(office, born(person.email, day, NOON))
        return office

    def test_lucia_finds_a_present_at_ten_in_the_morning_of_mexico(self) -> None:
        office = self.born()
        until(office, NOON + 30 * DAY)
        (mail,) = office.taken
        assert (mail.language, mail.subject) == ("es", "Feliz cumpleaños de parte de Acme")
        assert "Lucía" in mail.html
        assert re.search(r"BIRTHDAY-\d\d", mail.text)
        assert {(found.step, found.state) for found in occasions.rows(office)} == {("gift", "done"), ("mail", "sent")}
        assert mail.about["trigger"] == "birthday-2026"
        (found,) = [one for one in occasions.rows(office) if one.step == "gift"]
        assert found.due_at == "2026-11-20T16:00:00Z"

    def test_held_out_lucia_gets_neither_coupon_nor_mail(self) -> None:
        office = self.born(treated_share="0")
        until(office, NOON + 30 * DAY)
        assert {found.state for found in occasions.rows(office)} == {"held_out"}
        assert office.taken == []

    def test_where_the_codes_are_used_up_there_is_no_mail_about_one(self) -> None:
        office = self.born(codes=0)
        until(office, NOON + 30 * DAY)
        assert office.taken == []
        assert [(found.step, found.state) for found in occasions.rows(office)] == [("gift", "failed")]


CHAIR = Line("p9", None, "CHAIR", "Oak chair", 1, 9900, 9900)
MUG = Line("p1", None, "MUG", "Mug", 1, 1200, 1200)


class TestCartLeft:
    def left(self, person: Person, *lines: Line, at: datetime = NOON, **changes: Any) -> PostOffice:
        office = opened("cart-left", now=at, **changes)
        office.sell(person.order(1, at - 90 * DAY))
        tell(office, cart(person.email, at, *lines))
        return office

    def test_emma_left_an_oak_chair_and_is_reminded_twice(self) -> None:
        office = self.left(EMMA, CHAIR, MUG, at=NOON.replace(hour=15))
        until(office, NOON + 5 * DAY)
        first, again = office.taken
        assert (first.about["channel"], first.subject) == ("email", "Your cart is still there")
        assert "Oak chair" in first.html
        assert "In your cart" in first.html
        assert "Emma" in first.html
        assert (again.about["channel"], again.to) == ("email", EMMA.email)
        assert _ways(office) == {("mail", "sent:email"), ("worth-it", "branch:then"), ("once-more", "sent:email")}

    def test_emma_who_likes_sms_better_gets_the_second_one_so(self) -> None:
        office = self.left(EMMA, CHAIR, at=NOON.replace(hour=15))
        office.wish(EMMA.email, {"wish:channel": "sms"})
        until(office, NOON + 5 * DAY)
        assert [(mail.about["channel"], mail.to) for mail in office.taken] == [
            ("email", EMMA.email),
            ("sms", EMMA.phone),
        ]

    def test_a_mug_is_worth_one_reminder(self) -> None:
        office = self.left(EMMA, MUG, at=NOON.replace(hour=15))
        until(office, NOON + 5 * DAY)
        assert len(office.taken) == 1
        assert _ways(office) == {("mail", "sent:email"), ("worth-it", "branch:else")}

    def test_what_she_took_out_of_it_in_between_is_not_counted(self) -> None:
        office = self.left(EMMA, CHAIR, MUG, at=NOON.replace(hour=15))
        until(office, NOON.replace(hour=20))
        tell(office, cart(EMMA.email, office.now, MUG))
        until(office, NOON + 5 * DAY)
        assert len(office.taken) == 1

    def test_held_out_emma_gets_neither(self) -> None:
        office = self.left(EMMA, CHAIR, at=NOON.replace(hour=15), treated_share="0")
        until(office, NOON + 5 * DAY)
        assert office.taken == []
        assert _ways(office) == {("mail", "held_out"), ("worth-it", "branch:then"), ("once-more", "held_out")}

    @pytest.mark.parametrize("ends", ["emptied", "ordered"])
    def test_a_cart_that_is_emptied_or_ordered_ends_it(self, ends: str) -> None:
        office = self.left(EMMA, CHAIR)
        office.now += HOUR
        if ends == "emptied":
            tell(office, cart(EMMA.email, office.now))
        else:
            tell(office, CartOrdered("77", stamp(office.now)))
        until(office, NOON + 5 * DAY)
        assert office.taken == []
        assert _ways(office) == {("mail", "cancelled:cart_gone")}


class TestBackInStock:
    def waiting(self, person: Person, at: datetime = NOON, **changes: Any) -> PostOffice:
        office = opened("back-in-stock", now=at, **changes)
        office.sell(person.order(1, at - 90 * DAY))
        tell(office, product(at - DAY, available=False, number="p7"))
        wants.want(office.shop, "p7", node_of(person), at)
        tell(office, product(at, number="p7"))
        return office

    def test_yusuf_of_vienna_has_it_on_his_phone_within_minutes(self) -> None:
        office = self.waiting(YUSUF)
        office.wish(YUSUF.email, {"wish:channel": "sms"})
        until(office, NOON + HOUR)
        (message,) = office.taken
        assert (message.about["channel"], message.to, message.language) == ("sms", YUSUF.phone, "de")
        assert "https://acme.test/mug" in message.text

    def test_amelie_reads_of_it_in_a_mail_that_says_why(self) -> None:
        office = self.waiting(AMELIE)
        until(office, NOON + HOUR)
        (mail,) = office.taken
        assert (mail.subject, mail.about["channel"]) == ("De nouveau en stock", "email")
        assert mail.html.count("De nouveau en stock") >= 2
        assert "Mug" in mail.html

    def test_noah_who_never_agreed_to_any_mail_sees_it_on_the_page(self) -> None:
        office = self.waiting(NOAH, consent="strict")
        until(office, NOON + HOUR)
        (line,) = office.taken
        assert (line.about["channel"], line.subject) == ("onsite", "De nouveau en stock")
        assert line.about["link"] == "https://acme.test/mug"

    def test_held_out_yusuf_is_not_told(self) -> None:
        office = self.waiting(YUSUF, treated_share="0")
        until(office, NOON + DAY)
        assert office.taken == []
        assert _ways(office) == {("message", "held_out")}


# --- every exit of every flow ----------------------------------------------------------------------------------------


def _bought(name: str, person: Person, number: int = 1) -> PostOffice:
    office = opened(name)
    office.sell(person.order(number))
    return office


def _rated(name: str, person: Person, stars: int) -> PostOffice:
    office = _bought(name, person)
    rate(office, None, stars, person)
    return office


def _birthday() -> PostOffice:
    office = TestBirthday().born()
    until(office, moment("2026-11-19T12:00:00Z"))
    assert occasions.rows(office)
    return office


def _restocked() -> PostOffice:
    office = TestBackInStock().waiting(AMELIE, NOON.replace(hour=23))
    until(office, office.now + 3 * MINUTE)
    assert occasions.rows(office)
    return office


# flow -> (who, what begins it; nothing has been sent yet)
BEGUN: dict[str, tuple[Person, Callable[[], PostOffice]]] = {
    "thank-you": (SARA, lambda: _bought("thank-you", SARA)),
    "how-was-it": (JONAS, lambda: _bought("how-was-it", JONAS)),
    "come-back": (AMELIE, lambda: _bought("come-back", AMELIE)),
    "second-order": (ZAHRA, lambda: _bought("second-order", ZAHRA)),
    "win-back": (OMAR, lambda: _bought("win-back", OMAR)),
    "replenish": (JONAS, lambda: _bought("replenish", JONAS)),
    "loyal": (MEI, lambda: TestLoyal().third(MEI)),
    "birthday": (LUCIA, _birthday),
    "cart-left": (EMMA, lambda: TestCartLeft().left(EMMA, CHAIR)),
    "back-in-stock": (AMELIE, _restocked),
    "make-it-right": (TOM, lambda: _rated("make-it-right", TOM, 1)),
    "review-invite": (INGRID, lambda: _rated("review-invite", INGRID, 5)),
}


def _until_nothing_waits(office: PostOffice) -> None:
    while waiting := [found.due_at for found in stories.rows_of(office.dynamo) if found.state in WAITING]:
        until(office, max(moment(min(waiting, key=in_order)), office.now + MINUTE))


def _exits() -> list[tuple[str, str]]:
    found = []
    for flow in flows.shipped().values():
        always = ["complained", "erased"] + (["unsubscribed"] if flow.purpose == "marketing" else [])
        found += [(flow.name, exit_) for exit_ in dict.fromkeys([*flow.exits, *always])]
    return found


@pytest.mark.parametrize(("flow", "exit_"), _exits())
def test_each_flow_ends_by_each_of_its_exits_and_says_so(flow: str, exit_: str) -> None:
    person, begin = BEGUN[flow]
    office = begin()
    leaves(office, person, exit_, 3 if flow == "loyal" else 1)
    _until_nothing_waits(office)
    mine = [found for found in stories.rows_of(office.dynamo) if found.flow == flow]
    ended = [way_of(found) for found in mine if found.state == "cancelled"]
    assert f"cancelled:{ENDS[exit_]}" in ended
    again = [message for message in office.taken if not str(message.about.get("order", "")).endswith("-again")]
    assert again == []


def test_a_customer_who_falls_out_of_the_segment_that_started_it_is_left_alone() -> None:
    office = occasions.open_world("vip-hello")
    office.sell(TOM.order(1, NOON - DAY))
    until(office, NOON + 10 * MINUTE)
    occasions.shop_of(office)
    office.sell(TOM.order(2, office.now))
    assert occasions.plans(office)[0][0] == "vip-hello"
    leaves(office, TOM, "cancelled", 2)
    until(office, NOON + 3 * HOUR)
    assert _ways(office) == {("mail", "cancelled:left_segment")}
    _record(office)
    assert office.taken == []


# --- the table -------------------------------------------------------------------------------------------------------


def test_every_step_every_way_and_every_exit_was_taken_by_somebody(request: pytest.FixtureRequest) -> None:
    told = {item.originalname for item in request.session.items if item.module is request.module}  # type: ignore[attr-defined]
    if len(told) < _stories():
        pytest.skip("only some of the stories were told")
    wanted = set().union(*(stories.ways(flow) for flow in flows.shipped().values()))
    assert sorted(wanted - TAKEN) == []
    assert {way.removeprefix("cancelled:") for _, _, way in TAKEN} >= {ENDS[exit_] for exit_ in EXITS}


def _stories() -> int:
    own = dict(globals())
    tests = [name for name in own if name.startswith("test_")]
    return len(tests) + sum(
        name.startswith("test_") for one in own.values() if isinstance(one, type) for name in vars(one)
    )


def _plain(text: str) -> str:
    """Without what keeps a name's direction apart."""
    return re.sub("[\u2068\u2069\u200f]", "", text)


def _tag(person: Person, tag: str) -> str | None:
    found = customers.person("acme", node_of(person))
    assert found
    return found.contact.note(f"tag:{tag}")


def _ways(office: PostOffice) -> set[tuple[str, str]]:
    return {(found.step, way_of(found)) for found in occasions.rows(office)}
