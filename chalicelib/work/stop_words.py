"""What somebody answers to a text message. STOP ends marketing by SMS for everybody with that number, at once; nothing
is answered: the word is confirmed by silence, and by what the provider itself may say."""

from __future__ import annotations

from datetime import datetime

from chalicelib.domain import sms
from chalicelib.domain.people import clean_phone
from chalicelib.domain.shop import Shop
from chalicelib.work import objections
from chalicelib.work.objections import Journal, No


def hear(shop: Shop, phone: str, text: str, at: str, now: datetime, journal: Journal, country: str = "") -> str:
    """An incoming message, said at the stored moment `at`: stopped | started | help | nobody | no_number | unread.
    `country`: whose national numbers the provider writes, the shop's where nothing is said."""
    number = number_of(phone, country or shop.country)
    if number is None:
        return "no_number"
    word = sms.word(text)
    if word == "stop":
        found = objections.object_to(shop, f"phone:{number}", No("sms", "stop", at), now, journal)
        return "stopped" if found else "nobody"
    if word == "start":
        found = objections.agree_again(shop, f"phone:{number}", "sms", "start", at, now, journal)
        return "started" if found else "nobody"
    return word or "unread"


def number_of(phone: str, country: str | None) -> str | None:
    """E.164, of `+98912…`, `0912…`, `0098912…` or `98912…`; None for what is no number."""
    digits = phone.strip().removeprefix("+")
    if digits.startswith("00"):
        return clean_phone("+" + digits[2:], None)
    if not phone.strip().startswith("+") and not digits.startswith("0") and len(digits) > 10:
        return clean_phone("+" + digits, None) or clean_phone(phone, country)
    return clean_phone(phone, country)
