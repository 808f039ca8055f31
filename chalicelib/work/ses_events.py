"""One event of SES: it took a message, delivered it, got it back, heard a complaint.

The follow-up and the claim travel as message tags. As SES publishes events to SNS (raw or wrapped), and to EventBridge:
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from chalicelib.domain.people import clean_email
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import BadTime, normal, stamp
from chalicelib.table import base, follow_ups, shops, suppression
from chalicelib.table.base import retried
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.work.log import logger
from chalicelib.work.replan import because
from chalicelib.work.sent import mark_sent

Journal = Callable[[str, bytes], None]
_CODES = {"Bounce": "bounce", "Complaint": "complaint", "Delivery": "delivered"}
# Soft bounces that are about the receiver; the others are about what we sent.
_HERS = (("Transient", "General"), ("Transient", "MailboxFull"), ("Undetermined", "Undetermined"))


def opened(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event itself, whether SNS wrapped it, EventBridge did, or nobody."""
    if "mail" in event:
        return event
    if isinstance(event.get("detail"), dict):
        return dict(event["detail"])
    return dict(json.loads(event["Message"])) if "Message" in event else event


def taken_at(event: Mapping[str, Any]) -> str | None:
    """When the provider took the message, from the event that says it did."""
    if event.get("eventType") != "Send":
        return None
    try:
        return normal(str(event.get("mail", {}).get("timestamp", "")))
    except BadTime:
        return None


def hear(event: Mapping[str, Any], now: datetime, journal: Journal, only: str | None = None) -> str:
    """One event; the outcome in a word. `only`: the one shop whose messages it may be about."""
    mail = event.get("mail", {})
    tags = mail.get("tags", {})
    slug, follow_up, claim = (_tag(tags, name) for name in ("shop", "follow_up", "claim"))
    shop = shops.get(slug) if slug and only in (None, slug) else None
    if shop is None:
        logger.warning("event without a shop", extra={"kind": event.get("eventType")})
        return "ignored"
    kind = str(event.get("eventType") or event.get("notificationType"))
    _hear_of_addresses(shop, event, kind, now, journal)
    return retried(lambda: _note(shop, kind, follow_up, claim, str(mail.get("messageId", "")), now))


def _tag(tags: Mapping[str, Any], name: str) -> str:
    values = tags.get(name) or [""]
    return str(values[0] if isinstance(values, list) else values)


def _hear_of_addresses(shop: Shop, event: Mapping[str, Any], kind: str, now: datetime, journal: Journal) -> None:
    if kind == "Complaint":
        for address in _addresses(event, "complaint", "complainedRecipients"):
            _complained(shop, address, _at(event, "complaint", now), now, journal)
    elif kind == "Bounce":
        for address in _addresses(event, "bounce", "bouncedRecipients"):
            _bounced(shop, address, event, now, journal)
    elif kind == "Delivery":
        for address in event.get("delivery", {}).get("recipients", []):
            _arrived(shop, str(address), _at(event, "delivery", now))


def _addresses(event: Mapping[str, Any], part: str, field: str) -> Iterator[str]:
    for recipient in event.get(part, {}).get(field, []):
        address = clean_email(str(recipient.get("emailAddress", "")))
        if address:
            yield address


def _at(event: Mapping[str, Any], part: str, now: datetime) -> str:
    try:
        return normal(str(event.get(part, {}).get("timestamp", "")))
    except BadTime:
        return stamp(now)


def _complained(shop: Shop, address: str, at: str, now: datetime, journal: Journal) -> None:
    """Nothing goes to that address any more, not even about her orders. By her other addresses nothing is sold to her
    either, until she herself says otherwise there."""
    from chalicelib.work import objections

    suppress(shop, f"email:{address}", "complaint", now, journal)
    objections.object_to(shop, f"email:{address}", objections.No("email", "complaint", at), now, journal)


def _bounced(shop: Shop, address: str, event: Mapping[str, Any], now: datetime, journal: Journal) -> None:
    """A hard bounce ends mail to that address. A soft one passes; too many in a row do not."""
    told, contact = event.get("bounce", {}), f"email:{address}"
    if told.get("bounceType") == "Permanent":
        suppress(shop, contact, "bounce", now, journal)
        return
    if (told.get("bounceType"), told.get("bounceSubType")) not in _HERS:
        return
    message_id, at, count = str(event.get("mail", {}).get("messageId", "")), _at(event, "bounce", now), [0]

    def counted() -> str:
        count[0] = suppression.soft_bounced(shop, contact, message_id, at)
        return "counted"

    retried(counted)
    if count[0] >= suppression.MOST_SOFT_BOUNCES and suppression.reason(shop, contact) is None:
        suppress(shop, contact, "soft_bounces", now, journal)


def _arrived(shop: Shop, address: str, at: str) -> None:
    """SES names the address as we wrote it. Checking it anew would load much for every mail that arrives."""
    plain = address.strip().lower()
    known = plain if plain.isascii() and "xn--" not in plain else clean_email(address)

    def noted() -> str:
        suppression.delivered(shop, f"email:{known}", at)
        return "noted"

    if known:
        retried(noted)


def suppress(shop: Shop, contact: str, reason: str, now: datetime, journal: Journal) -> None:
    """In the journal first: an address that must not be written to must survive even a restored table."""
    blind = suppression.blind(shop, contact)
    note = json.dumps({"suppressed": blind, "reason": reason, "at": stamp(now)}).encode()
    journal(f"journal/{shop.slug}/{stamp(now)[:10]}/suppressed.{blind}.{reason}", note)
    suppression.add(shop, contact, reason, stamp(now))


def _note(shop: Shop, kind: str, follow_up: str, claim: str, provider_id: str, now: datetime) -> str:
    row = follow_ups.get(shop.slug, follow_up)
    if row is None:
        return "ignored"
    if row.state == "claimed" and row.claim == claim and kind != "Reject":
        # The worker that sent it never came back to say so.
        return mark_sent(shop, row, provider_id, now)
    if kind in _CODES:
        note(row, _CODES[kind], now)
    return str(row.state)


def note(row: FollowUpRow, code: str, now: datetime) -> None:
    """What became of a message after it was sent, once per kind. Raises Conflict, Trouble."""
    if not any(entry["code"] == code for entry in row.why or []):
        base.commit([follow_ups.write(because(row, code, now), row.rev, now)])
