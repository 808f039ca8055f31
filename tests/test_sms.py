"""A text message: what it is billed as, what it costs, how people stop and start."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import sms
from chalicelib.domain.money import Money


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts"),
    [
        ("", "gsm7", 0, 0),
        ("a" * 160, "gsm7", 160, 1),
        ("a" * 161, "gsm7", 161, 2),
        ("a" * 306, "gsm7", 306, 2),
        ("a" * 307, "gsm7", 307, 3),
        ("Ärger über Öl @ 5£ ñ à\n", "gsm7", 23, 1),
        ("€" * 80, "gsm7", 160, 1),
        ("€" * 81, "gsm7", 162, 2),
        ("^{}\\[~]|€\f", "gsm7", 20, 1),
        ("س" * 70, "ucs2", 70, 1),
        ("س" * 71, "ucs2", 71, 2),
        ("س" * 134, "ucs2", 134, 2),
        ("س" * 135, "ucs2", 135, 3),
        ("a" * 69 + "ç", "ucs2", 70, 1),  # only the capital one is in GSM
        ("😀" * 35, "ucs2", 70, 1),
        ("😀" * 36, "ucs2", 72, 2),
    ],
)
def test_parts_are_counted_as_operators_bill_them(text: str, encoding: str, units: int, parts: int) -> None:
    assert sms.size(text) == sms.Size(encoding, units, parts)


def test_an_escaped_character_is_not_cut_in_two() -> None:
    assert sms.size("a" * 152 + "€" + "a" * 151).parts == 2
    assert sms.size("a" * 152 + "€" + "a" * 152).parts == 3


def test_a_surrogate_pair_is_not_cut_in_two() -> None:
    assert sms.size("س" * 66 + "😀" + "س" * 65).parts == 2
    assert sms.size("س" * 66 + "😀" + "س" * 66).parts == 3


@given(st.text(max_size=400))
def test_parts_are_never_fewer_than_fit_nor_many_more(text: str) -> None:
    found = sms.size(text)
    alone, each = (160, 153) if found.encoding == "gsm7" else (70, 67)
    if found.units <= alone:
        assert found.parts == (1 if text else 0)
    else:
        assert -(-found.units // each) <= found.parts <= -(-found.units // (each - 1))


def test_a_word_processors_quote_does_not_double_the_price() -> None:
    assert sms.plain("It’s here – “new”…") == 'It\'s here - "new"...'
    assert sms.plain("سلام – تازه") == "سلام – تازه", "it goes out as UCS-2 anyway"


def test_a_shop_may_say_how_many_parts_it_pays_for() -> None:
    assert sms.most_parts("fa-IR", {}) == 3
    assert sms.most_parts("de", {}) == 2
    assert sms.most_parts("fa", {"most_parts": 1}) == 1
    assert sms.fitted(" " + "س" * 201 + " ", "fa", {}) == ("س" * 201, 3)
    assert sms.fitted("س" * 202, "fa", {}) is None
    assert sms.fitted("  ", "fa", {}) is None


def test_what_parts_cost_is_exact_even_below_a_cent() -> None:
    assert sms.cost(3, {"cost": "0.0451 EUR"}) == Money(13_530_000, "EUR")
    assert sms.cost(2, {"cost": "95 IRT"}) == Money(1_900_000_000, "IRR")
    assert sms.cost(2, {}) is None
    for bad in ("", "cheap", "-1 EUR", "1 EURO", "5"):
        with pytest.raises(ValueError):
            sms.price(bad)


@pytest.mark.parametrize(
    "text",
    [
        *("STOP", "stop", " Stop. ", "STOPALL", "Stop all", "unsubscribe", "Cancel", "END", "quit", "STOPP", "Arrêt"),
        *("لغو", "لغو۱۱", "لغو ۱۱", "لغو١١", "لغو11", "لغو\u200c۱۱", "لـغو", "۱۱", "١١", "11", "توقف", "توقف!"),
        *("انصراف", "إلغاء", "إيقاف", "ايقاف", "\u200fلغو\u200f", "Stop sending me this!", "انصراف از دریافت پیامک"),
    ],
)
def test_a_stop_word_is_heard_however_it_is_written(text: str) -> None:
    assert sms.word(text) == "stop"


@pytest.mark.parametrize(
    "text",
    ["", " ", "لغو سفارش", "cancel my order", "when does it end?", "111", "hello", "😀", "توقف کوتاه", "a" * 9999],
)
def test_an_answer_is_not_taken_for_a_stop(text: str) -> None:
    assert sms.word(text) is None


def test_start_and_help_are_words_too() -> None:
    assert [sms.word(text) for text in ("START", "unstop", "شروع")] == ["start"] * 3
    assert [sms.word(text) for text in ("Help", "INFO", "راهنما", "كمك")] == ["help"] * 4


@given(st.text(max_size=500))
def test_no_answer_is_too_strange_to_be_read(text: str) -> None:
    assert sms.word(text) in {None, "stop", "start", "help"}


def test_the_notice_is_what_operators_ask_for() -> None:
    assert sms.stop_notice("fa-IR", "IR", {"sender": "10008663"}) == "لغو۱۱"
    assert sms.stop_notice("en", "IR", {}) == "لغو۱۱"
    assert sms.stop_notice("de", "DE", {"sender": "+4915112345"}) == "Abmelden: STOP"
    assert sms.stop_notice("tr", "TR", {}) == "Reply STOP to opt out"
    assert sms.stop_notice("de", "DE", {"stop_notice": " Ende? STOP an 12345 "}) == "Ende? STOP an 12345"


def test_nobody_is_told_to_answer_a_sender_that_is_a_name() -> None:
    assert sms.stop_notice("de", "DE", {"sender": "ACME"}) == ""


def test_every_notice_is_understood_when_it_is_followed() -> None:
    assert sms.word("لغو۱۱") == "stop"
    for language in ("en", "de", "fr", "es", "ar"):
        notice = sms.stop_notice(language, "DE", {})
        assert "STOP" in notice
        assert sms.size(notice).parts == 1
