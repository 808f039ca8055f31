"""What came in through the doors of `provider_events`: answers to text messages, reports about them, SES's events of
another account. It was verified there; here it is worked off, and tried again where that fails."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain.shop import Shop
from chalicelib.table import customers, follow_ups, provider_messages, shops
from chalicelib.table.base import retried
from chalicelib.work import objections, ses_events, stop_words
from chalicelib.work.objections import Journal, No

# Where Kavenegar's lines are, wherever the shop is: it writes numbers as 0912…
_IRAN = "IR"
# Kavenegar's words for what became of a message: it arrived; it did not, or was not sent; its receiver blocks
# advertising from that line.
_DELIVERED, _FAILED, _BLOCKED = "10", ("6", "11", "13"), "14"


def hear(event: Mapping[str, Any], now: datetime, journal: Journal) -> str:
    """`{"door", "shop", "at", "body"}`; the outcome in a word."""
    shop = shops.get(str(event.get("shop", "")))
    if shop is None:
        return "ignored"
    at, body = str(event["at"]), event.get("body")
    if event["door"] == "kavenegar" and isinstance(body, dict):
        return _of_kavenegar(shop, body, at, now, journal)
    if event["door"] == "sns" and isinstance(body, str):
        return _of_topic(shop, body, at, now, journal)
    return "ignored"


def _of_topic(shop: Shop, body: str, at: str, now: datetime, journal: Journal) -> str:
    """What the shop's own topic carried: an incoming text as End User Messaging writes it, or an event of SES."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return "ignored"
    if not isinstance(told, dict):
        return "ignored"
    if "originationNumber" in told:
        text = str(told.get("messageBody") or told.get("messageKeyword") or "")
        return stop_words.hear(shop, str(told["originationNumber"]), text, at, now, journal)
    told = ses_events.opened(told)
    return ses_events.hear(told, now, journal, only=shop.slug) if "mail" in told else "ignored"


def _of_kavenegar(shop: Shop, body: Mapping[str, Any], at: str, now: datetime, journal: Journal) -> str:
    if body.get("from") and "message" in body:
        return stop_words.hear(shop, str(body["from"]), str(body["message"]), at, now, journal, _IRAN)
    message_id, status = str(body.get("messageid", "")), str(body.get("status", ""))
    if not message_id or not status:
        return "ignored"
    return _reported(shop, message_id, status, at, now, journal)


def _reported(shop: Shop, message_id: str, status: str, at: str, now: datetime, journal: Journal) -> str:
    follow_up = provider_messages.follow_up_of(shop.slug, "kavenegar", message_id)
    if follow_up is None:
        return "ignored"
    if status == _BLOCKED:
        _blocked(shop, follow_up, at, now, journal)
    code = "delivered" if status == _DELIVERED else "bounce" if status in (*_FAILED, _BLOCKED) else None
    return retried(lambda: _note(shop, follow_up, code, now)) if code else "ignored"


def _note(shop: Shop, follow_up: str, code: str, now: datetime) -> str:
    row = follow_ups.get(shop.slug, follow_up)
    if row is None:
        return "ignored"
    ses_events.note(row, code, now)
    return code


def _blocked(shop: Shop, follow_up: str, at: str, now: datetime, journal: Journal) -> None:
    """She told her operator that she wants no advertising from that line: as good as STOP."""
    row = follow_ups.get(shop.slug, follow_up)
    person = customers.person(shop.slug, row.customer) if row and row.customer else None
    number = person.contact.reachable("sms") if person and not person.erased else None
    if number:
        objections.object_to(shop, f"phone:{number}", No("sms", "provider", at), now, journal)
