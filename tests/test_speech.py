"""Amounts, dates, digits and names, as a reader of the language expects them."""

from __future__ import annotations

import pytest

from chalicelib.domain.speech import Speech, best_locale, pick_language

FA, EN = Speech("fa-IR"), Speech("en-US")
NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("amount", "currency", "original", "said"),
    [
        (2_799_000, "IRR", "IRT", "۲۷۹٬۹۰۰ تومان"),
        (10_000_000_000, "IRR", "IRHT", "۱٬۰۰۰٬۰۰۰٬۰۰۰ تومان"),
        (279_900, "IRR", "IRR", "۲۷۹٬۹۰۰ ریال"),
        (279_900, "IRR", "IRHR", "۲۷۹٬۹۰۰ ریال"),
        (12_345, "IRR", "IRT", "۱٬۲۳۴٫۵ تومان"),
        (0, "IRR", "IRT", "۰ تومان"),
        (1_250, "USD", "USD", "۱۲٫۵۰ دلار آمریکا"),
        (3_400, "EUR", "EUR", "۳۴٫۰۰ یورو"),
    ],
)
def test_money_is_said_in_persian_with_the_shops_own_unit(amount: int, currency: str, original: str, said: str) -> None:
    assert FA.money(amount, currency, original).replace(NBSP, " ") == said


@pytest.mark.parametrize(
    ("locale", "amount", "currency", "original", "said"),
    [
        ("en-US", 1_250, "USD", "USD", "$12.50"),
        ("en-GB", 1_250, "GBP", "GBP", "£12.50"),
        ("en-US", 5_000, "JPY", "JPY", "¥5,000"),
        ("en-US", 1_234, "KWD", "KWD", "KWD 1.234"),
        ("en-US", 2_799_000, "IRR", "IRT", "279,900 Toman"),
        ("en-US", 279_900, "IRR", "IRR", "IRR 279,900"),
        ("en-US", 123_456_789, "USD", "USD", "$1,234,567.89"),
        ("de-DE", 1_250, "EUR", "EUR", "12,50 €"),
    ],
)
def test_money_is_said_elsewhere_as_the_locale_does(
    locale: str, amount: int, currency: str, original: str, said: str
) -> None:
    assert Speech(locale).money(amount, currency, original).replace(NBSP, " ") == said


def test_a_large_amount_keeps_its_last_digit() -> None:
    assert EN.money(10**18 - 1, "USD").endswith("9,999,999,999,999,999.99")
    assert FA.money(10**18 - 1, "IRR", "IRR").startswith("۹۹۹٬۹۹۹٬۹۹۹٬۹۹۹٬۹۹۹٬۹۹۹")


@pytest.mark.parametrize(
    ("moment", "zone", "said"),
    [
        ("2026-11-21T21:02:00Z", "Asia/Tehran", "۱ آذر ۱۴۰۵"),
        ("2026-11-21T20:29:59Z", "Asia/Tehran", "۳۰ آبان ۱۴۰۵"),
        ("2026-03-20T20:30:00Z", "Asia/Tehran", "۱ فروردین ۱۴۰۵"),
        ("2025-03-20T12:00:00Z", "Asia/Tehran", "۳۰ اسفند ۱۴۰۳"),
    ],
)
def test_days_are_jalali_in_persian_and_of_the_shops_zone(moment: str, zone: str, said: str) -> None:
    assert FA.date(moment, zone).replace(NBSP, " ") == said


def test_days_are_said_as_the_locale_does() -> None:
    at = "2026-11-22T03:00:00Z"
    assert EN.date(at, "America/New_York") == "November 21, 2026"
    assert Speech("en-GB").date(at, "Europe/London") == "22 November 2026"
    assert EN.date(at, "Mars/Olympus") == "November 22, 2026", "an unknown zone is UTC"


def test_numbers_and_order_numbers_use_the_languages_digits() -> None:
    assert FA.number(1_234_567) == "۱٬۲۳۴٬۵۶۷"
    assert EN.number(1_234_567) == "1,234,567"
    assert FA.digits("1042") == "۱۰۴۲"
    assert EN.digits("1042") == "1042"
    assert FA.digits("WC-1042") == "\u2068WC-1042\u2069", "a code keeps its digits and its order"


def test_only_names_that_run_the_other_way_are_isolated() -> None:
    assert FA.isolate("Sara O'Neil") == "\u2068Sara O'Neil\u2069"
    assert FA.isolate("سارا") == "سارا"
    assert EN.isolate("سارا") == "\u2068سارا\u2069"
    assert EN.isolate("Sara") == "Sara"
    assert FA.isolate("") == ""


@pytest.mark.parametrize("odd", ["", "zz", "not a locale", "x" * 500, "en_US.UTF-8", "../../etc/passwd", "-", "فارسی"])
def test_an_unknown_locale_speaks_english(odd: str) -> None:
    assert Speech(odd).language == "en"
    assert Speech(odd).direction == "ltr"


@pytest.mark.parametrize(
    ("customer", "shop", "picked"),
    [
        ("fa-IR", "en-US", "fa"),
        ("fa_IR", "en", "fa"),
        (None, "fa-IR", "fa"),
        ("de-DE", "fa-IR", "fa"),
        ("de-DE", "fr-FR", "en"),
        ("", "", "en"),
        ("EN-gb", "fa", "en"),
    ],
)
def test_the_language_is_hers_else_the_shops_else_english(customer: str | None, shop: str, picked: str) -> None:
    assert pick_language(customer, shop, ("en", "fa")) == picked


def test_the_locale_is_the_nearest_of_the_mails_language() -> None:
    assert best_locale("en", "fa-IR", "en-GB") == "en-GB"
    assert best_locale("fa", None, "en-GB") == "fa"


@pytest.mark.parametrize(
    ("locale", "amount", "currency", "original", "said"),
    [
        ("de-AT", 123_456, "EUR", "EUR", "€ 1.234,56"),
        ("de-AT", 1_234, "KWD", "KWD", "KWD 1,234"),
        ("de-CH", 123_456, "CHF", "CHF", "CHF 1’234.56"),
        ("de-DE", 279_900, "IRR", "IRT", "27.990 Toman"),
        ("fr-FR", 123_456, "EUR", "EUR", "1\u202f234,56 €"),
        ("fr-CA", 1_250, "CAD", "CAD", "12,50 $"),
        ("fr-FR", 279_900, "IRR", "IRT", "27\u202f990 tomans"),
        ("es-ES", 123_456, "EUR", "EUR", "1.234,56 €"),
        ("es-MX", 123_456, "MXN", "MXN", "$1,234.56"),
        ("es-ES", 279_900, "IRR", "IRHR", "279.900 riales"),
        ("ar-EG", 123_456, "EGP", "EGP", "\u200f١٬٢٣٤٫٥٦ ج.م.\u200f"),
        ("ar-SA", 123_456, "EUR", "EUR", "\u200f١٬٢٣٤٫٥٦ €"),
        ("ar-AE", 123_456, "AED", "AED", "\u200f1,234.56 د.إ.\u200f"),
        ("ar-MA", 123_456, "MAD", "MAD", "\u200f1.234,56 د.م.\u200f"),
        ("ar-EG", 279_900, "IRR", "IRT", "٢٧٬٩٩٠ تومان"),
    ],
)
def test_money_in_german_french_spanish_and_arabic(
    locale: str, amount: int, currency: str, original: str, said: str
) -> None:
    assert Speech(locale).money(amount, currency, original).replace(NBSP, " ") == said


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("de-DE", "22. November 2026"),
        ("fr-FR", "22 novembre 2026"),
        ("es-MX", "22 de noviembre de 2026"),
        ("ar-AE", "22 نوفمبر 2026"),
        ("ar-EG", "٢٢ نوفمبر ٢٠٢٦"),
        ("ar-JO", "٢٢ تشرين الثاني ٢٠٢٦"),
    ],
)
def test_days_in_german_french_spanish_and_arabic(locale: str, said: str) -> None:
    assert Speech(locale).date("2026-11-22T03:00:00Z", "Europe/Berlin") == said


def test_where_a_first_name_is_too_little_the_whole_name_is_said() -> None:
    assert [Speech(tag).whole_names for tag in ("fa", "ar-EG", "de-AT", "en", "fr", "es")] == [True] * 3 + [False] * 3


def test_the_first_of_a_month_is_an_ordinal_in_french_alone() -> None:
    at = "2026-08-01T12:00:00Z"
    assert Speech("fr-FR").date(at, "Europe/Paris") == "1er août 2026"
    assert Speech("fr-CA").date("2026-08-11T12:00:00Z", "America/Montreal") == "11 août 2026"
    assert Speech("es-ES").date(at, "Europe/Madrid") == "1 de agosto de 2026"


def test_arabic_has_the_digits_of_its_region() -> None:
    egypt, emirates = Speech("ar-EG"), Speech("ar-AE")
    assert (egypt.direction, emirates.direction) == ("rtl", "rtl")
    assert (egypt.number(1_234_567), emirates.number(1_234_567)) == ("١٬٢٣٤٬٥٦٧", "1,234,567")
    assert (egypt.digits("1042"), emirates.digits("1042")) == ("١٠٤٢", "1042")
    assert egypt.digits("WC-1042") == "\u2068WC-1042\u2069", "a code keeps its digits and its order"
    assert Speech("de").number(1_234_567) == "1.234.567"
