"""What the mail provider says happened: sent, bounced, complained. Told once, twice or late, it comes to the same.

SES event publishing over SNS (raw delivery): the follow-up and the claim travel as message tags.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chalicelib import thin
from chalicelib.domain.people import clean_email
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import BadTime, in_order, normal, stamp
from chalicelib.table import base, follow_ups, progress, shops, suppression
from chalicelib.table.follow_ups import FollowUpRow
from chalicelib.work.log import logger, unforeseen
from chalicelib.work.replan import because
from chalicelib.work.sent import mark_sent
from chalicelib.work.take_order import retried


@dataclass
class Outside:
    journal: Callable[[str, bytes], None]


def handle(event: Mapping[str, Any], now: datetime, outside: Outside) -> dict[str, Any]:
    """An SQS batch of SES events -> `{"batchItemFailures": [...]}`."""
    base.connect()
    failed = [record["messageId"] for record in event["Records"] if not _handled(record, now, outside)]
    if not failed:
        _note_progress(event["Records"])
    return {"batchItemFailures": [{"itemIdentifier": message} for message in failed]}


def _handled(record: Mapping[str, Any], now: datetime, outside: Outside) -> bool:
    try:
        hear(json.loads(record["body"]), now, outside)
    except (base.Trouble, base.Conflict, thin.Trouble, OSError) as trouble:
        logger.warning("later", extra={"message_id": record["messageId"], "reason": str(trouble)})
        return False
    except Exception as error:
        unforeseen(error, message_id=record["messageId"])
        return False
    return True


def _note_progress(records: list[Mapping[str, Any]]) -> None:
    """The provider tells roughly in order: what it took before the oldest message told of here, it has told of."""
    taken = [at for record in records if (at := _taken_at(_opened(json.loads(record["body"]))))]
    try:
        if taken:
            progress.reach(min(taken, key=in_order), progress.reached())
    except base.Trouble as trouble:
        logger.warning("progress not noted", extra={"reason": str(trouble)})


def _taken_at(event: Mapping[str, Any]) -> str | None:
    """When the provider took the message, from the event that says it did."""
    if event.get("eventType") != "Send":
        return None
    try:
        return normal(str(event.get("mail", {}).get("timestamp", "")))
    except BadTime:
        return None


def _opened(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event itself, whether or not SNS wrapped it."""
    opened: Mapping[str, Any] = json.loads(event["Message"]) if "Message" in event and "mail" not in event else event
    return opened


def hear(event: Mapping[str, Any], now: datetime, outside: Outside) -> str:
    """One event; the outcome in a word."""
    event = _opened(event)
    mail = event.get("mail", {})
    tags = mail.get("tags", {})
    slug, follow_up, claim = (_tag(tags, name) for name in ("shop", "follow_up", "claim"))
    shop = shops.get(slug) if slug else None
    if shop is None:
        logger.warning("event without a shop", extra={"kind": event.get("eventType")})
        return "ignored"
    kind = str(event.get("eventType") or event.get("notificationType"))
    if kind in ("Bounce", "Complaint"):
        _suppress(shop, event, kind, now, outside)
    return retried(lambda: _note(shop, kind, follow_up, claim, str(mail.get("messageId", "")), now))


def _tag(tags: Mapping[str, Any], name: str) -> str:
    values = tags.get(name) or [""]
    return str(values[0] if isinstance(values, list) else values)


def _suppress(shop: Shop, event: Mapping[str, Any], kind: str, now: datetime, outside: Outside) -> None:
    """A hard bounce or a complaint ends mail to that address. A soft bounce does not: it passes."""
    if kind == "Bounce" and event.get("bounce", {}).get("bounceType") != "Permanent":
        return
    part, field = ("bounce", "bouncedRecipients") if kind == "Bounce" else ("complaint", "complainedRecipients")
    for recipient in event.get(part, {}).get(field, []):
        address = clean_email(str(recipient.get("emailAddress", "")))
        if address:
            suppress(shop, f"email:{address}", part, now, outside.journal)


def suppress(shop: Shop, contact: str, reason: str, now: datetime, journal: Callable[[str, bytes], None]) -> None:
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
        return mark_sent(row, provider_id, now)
    if kind in ("Bounce", "Complaint", "Delivery") and not _known(row, kind):
        base.commit([follow_ups.write(because(row, _CODES[kind], now), row.rev, now)])
    return row.state


_CODES = {"Bounce": "bounce", "Complaint": "complaint", "Delivery": "delivered"}


def _known(row: FollowUpRow, kind: str) -> bool:
    return any(entry["code"] == _CODES[kind] for entry in row.why or [])
