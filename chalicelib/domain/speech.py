"""How amounts, dates, numbers and names are said in a language: Toman and Jalali dates in Persian, CLDR elsewhere.

Arabic has the digits of its region: Arabic-Indic in Egypt and Saudi Arabia, Latin in the Emirates and the Maghreb.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from datetime import UTC, date, tzinfo
from decimal import Decimal
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import jdatetime
from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, get_currency_symbol

from chalicelib.domain.money import RIALS_PER, exponent
from chalicelib.domain.times import moment

# By CLDR's name of the numbering system; what is not here writes 0 to 9.
_DIGITS = {
    "arab": str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"),
    "arabext": str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹"),
}
_JALALI_MONTHS = ("فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند")
# How an Iranian shop's own code is said; what is quoted in thousands is said in full, as people say it.
_RIAL_NAMES = {
    "ar": {"toman": "تومان", "rial": "ريال إيراني"},
    "de": {"toman": "Toman", "rial": "Rial"},
    "en": {"toman": "Toman", "rial": "Rial"},
    "es": {"toman": "tomanes", "rial": "riales"},
    "fa": {"toman": "تومان", "rial": "ریال"},
    "fr": {"toman": "tomans", "rial": "rials"},
}
# Where one is called by the whole name: usual in Persian; an Arabic first name is often two words; a German "Sie" does
# not go with a first name alone.
_WHOLE_NAMES = ("ar", "de", "fa")
_TOMAN_CODES = ("IRT", "IRHT")
_FSI, _PDI, _NBSP = "\u2068", "\u2069", "\u00a0"


class Speech:
    """One locale's way of saying things. An unknown or malformed locale speaks English."""

    def __init__(self, locale: str) -> None:
        self._locale = _known(locale)
        self.language: str = self._locale.language
        self.tag: str = str(self._locale).replace("_", "-")
        self.direction: str = self._locale.text_direction  # "rtl" | "ltr"
        self.persian: bool = self.language == "fa"
        self.whole_names: bool = self.language in _WHOLE_NAMES
        self._digits = _DIGITS.get(self._locale.default_numbering_system, {})

    @cached_property
    def _rial_words(self) -> dict[str, str]:
        return _RIAL_NAMES.get(self.language, _RIAL_NAMES["en"])

    def money(self, amount_minor: int, currency: str, original_code: str = "") -> str:
        """`amount_minor` of the ISO `currency` as a shopper reads it; `original_code` is the shop's own (IRT)."""
        if currency == "IRR" and (self.persian or original_code in RIALS_PER):
            return self._rials(amount_minor, toman=original_code in _TOMAN_CODES)
        major = Decimal(amount_minor).scaleb(-exponent(currency))
        if self.persian:
            named = format_currency(
                major, currency, locale=self._locale, format_type="name", numbering_system="default"
            )
            return self._in_its_digits(named).replace(" ", _NBSP)
        said = self._in_its_digits(format_currency(major, currency, locale=self._locale, numbering_system="default"))
        symbol = get_currency_symbol(currency, locale=self._locale)
        # "IRR279,900" reads badly; a symbol of letters keeps its distance, and only one.
        letters = symbol.isalpha() and said.startswith(symbol)
        return f"{symbol}{_NBSP}{said.removeprefix(symbol).lstrip()}" if letters else said

    def _rials(self, rials: int, *, toman: bool) -> str:
        value, unit = (Decimal(rials) / 10, "toman") if toman else (Decimal(rials), "rial")
        return f"{self._decimal(value)}{_NBSP}{self._rial_words[unit]}"

    def number(self, n: int) -> str:
        """A whole number with separators, in the language's digits."""
        return self._decimal(Decimal(n))

    def _decimal(self, value: Decimal) -> str:
        return self._in_its_digits(format_decimal(value, locale=self._locale, numbering_system="default"))

    def _in_its_digits(self, text: str) -> str:
        # Babel brings the separators of a numbering system, not its digits.
        return text.translate(self._digits)

    def digits(self, text: str) -> str:
        """A code such as an order number: in the language's digits where it is digits only, else as it is, kept
        together."""
        if text.isascii() and text.isdigit():
            return self._in_its_digits(text)
        return self.isolate(text)

    def date(self, moment_text: str, tz: str) -> str:
        """The day of a stored moment in the IANA zone `tz`: «۱ آذر ۱۴۰۵», "November 22, 2026", «٢٢ نوفمبر ٢٠٢٦».

        An unknown zone is UTC."""
        day = moment(moment_text).astimezone(_zone(tz)).date()
        said = _jalali(day) if self.persian else format_date(day, "long", locale=self._locale)
        if self.language == "fr" and day.day == 1:
            said = said.replace("1 ", "1er ", 1)  # CLDR leaves it out, no French reader does
        return self._in_its_digits(said)

    def isolate(self, text: str) -> str:
        """`text` between FSI and PDI where its letters run against this language's, so that neighbours keep their
        places; unchanged where they do not."""
        against = ("L",) if self.direction == "rtl" else ("R", "AL")
        if any(unicodedata.bidirectional(ch) in against for ch in text):
            return f"{_FSI}{text}{_PDI}"
        return text


def pick_language(locale: str | None, shop_locale: str, available: Collection[str]) -> str:
    """The language of `available` to write in: the customer's, else the shop's, else English, else the first."""
    for wanted in (locale, shop_locale, "en"):
        language = (wanted or "").replace("_", "-").split("-")[0].lower()
        if language in available:
            return language
    return min(available)


def best_locale(language: str, *locales: str | None) -> str:
    """The first of `locales` that is of `language` (en-GB dates for an English mail), else the language itself."""
    for locale in locales:
        if locale and locale.replace("_", "-").split("-")[0].lower() == language:
            return locale
    return language


def _known(locale: str) -> Locale:
    parts = locale.replace("_", "-").split("-")
    for tag in ("-".join(parts), parts[0]):
        try:
            return Locale.parse(tag, sep="-")
        except (ValueError, UnknownLocaleError, TypeError):
            continue
    return Locale("en")


def _zone(tz: str) -> tzinfo:
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _jalali(day: date) -> str:
    there = jdatetime.date.fromgregorian(year=day.year, month=day.month, day=day.day)
    return f"{there.day}{_NBSP}{_JALALI_MONTHS[there.month - 1]}{_NBSP}{there.year}"
