"""The door for webhooks: raw bytes in, signature checked, envelope on the queue, 200. Never touches the table.

A Lambda function of its own, without Chalice or botocore, so that it starts in a blink. A 4xx is
the shop's fault and will not help to repeat; a 5xx is ours, and will.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from types import ModuleType
from typing import Any

from chalicelib import clock, http_event, notices
from chalicelib.directory import Entry, NeverLoaded
from chalicelib.domain.shop import SLUG
from chalicelib.domain.times import in_order, stamp
from chalicelib.envelope import LARGEST_BODY, Envelope, TooLarge, allowed, seal, spool_key
from chalicelib.outside import Outside, aws
from chalicelib.signatures import listens, proves, signature_of

LONGEST_TOPIC = 100
Verdict = tuple[int, str]  # status, reason


@dataclass(frozen=True, slots=True)
class Delivery:
    """One HTTP request. `headers` have lower-case names; `platform` and `shop` are what the address says."""

    platform: str
    shop: str
    headers: Mapping[str, str]
    body: bytes
    now: datetime
    topic: str = ""


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Lambda's entry: an API Gateway REST proxy event in, its answer out. Logs one line; never raises."""
    try:
        platform, shop, headers, body = http_event.read(event)
        status, facts = receive(platform, shop, headers, body, clock.now(), outside=aws())
    except http_event.Garbled:
        status, facts = 401, {"reason": "garbled"}
    except Exception as error:
        status, facts = 503, {"reason": "error", **_incident(error)}
    print(http_event.log_line(status, facts, clock.now()), flush=True)
    return http_event.answer(status)


def receive(
    platform: str, shop: str, headers: Mapping[str, str], body: bytes, now: datetime, *, outside: Outside
) -> tuple[int, dict[str, Any]]:
    """Take one delivery in: (HTTP status, facts to log: shop, platform, topic, reason, bytes). Never raises."""
    lower = {str(name).lower(): str(value) for name, value in headers.items()}
    signature = signature_of(platform)
    # what is stored has milliseconds: whoever verifies again must see the same moment
    delivery = Delivery(platform, shop, lower, body, now.replace(microsecond=now.microsecond // 1000 * 1000))
    facts: dict[str, Any] = {"platform": platform if signature else "", "bytes": len(body)}
    try:
        if signature and signature.SECRETS_PER_TOPIC:
            delivery = _with_topic(delivery, signature)
        status, reason = _judged(delivery, signature, outside)
        outside.notices.tell(delivery.now, turned_away=reason in http_event.TURNED_AWAY)
    except Exception as error:  # the last resort: ours, so the shop may try again
        status, reason, facts = 503, "error", {**facts, **_incident(error)}
    known_shop = status in (200, 503) and SLUG.fullmatch(shop)
    return status, {**facts, "shop": shop if known_shop else "", "topic": _shown(delivery, signature), "reason": reason}


def _judged(delivery: Delivery, signature: ModuleType | None, outside: Outside) -> Verdict:
    if len(delivery.body) > LARGEST_BODY:
        return 413, "too_large"
    if signature is None or not SLUG.fullmatch(delivery.shop):
        return _unknown(delivery, signature, outside)
    try:
        entry = outside.directory.find(delivery.shop)
    except NeverLoaded:
        return _unverified(delivery, signature, outside)
    if entry is None or not _welcome(entry, delivery, signature):
        return _unknown(delivery, signature, outside)
    if signature.is_ping(delivery.headers, delivery.body):
        return _ping(delivery, entry, outside)
    if not _authentic(delivery, entry, signature, outside):
        return _refused(delivery, entry, signature, outside)
    return _delivered(_with_topic(delivery, signature), signature, outside)


def _welcome(entry: Entry, delivery: Delivery, signature: ModuleType) -> bool:
    heard = listens(entry.state, signature, signature.topic(delivery.headers, delivery.body))
    return entry.platform == delivery.platform and heard


def _authentic(delivery: Delivery, entry: Entry, signature: ModuleType, outside: Outside) -> bool:
    """Whether a live secret of the shop signed it. A directory that is seconds old may lack a new secret, and a
    platform that never tries again would lose the delivery: so a refusal is checked against a fresh one."""
    if _signed(delivery, entry, signature, outside):
        return True
    if not outside.directory.refresh():
        return False
    fresh = outside.directory.find(delivery.shop)
    return fresh is not None and _welcome(fresh, delivery, signature) and _signed(delivery, fresh, signature, outside)


def _signed(delivery: Delivery, entry: Entry, signature: ModuleType, outside: Outside) -> bool:
    said = (delivery.topic, delivery.headers, delivery.body, delivery.now)
    return proves(entry, outside.master, delivery.shop, signature, *said)


def _ping(delivery: Delivery, entry: Entry, outside: Outside) -> Verdict:
    """Anybody can say hello, so it changes nothing; but while somebody waits for the shop to do so, the moment of it is
    put down. The directory of a minute ago may not say yet that somebody waits."""
    if not _awaited(delivery, entry) and outside.directory.refresh():
        entry = outside.directory.find(delivery.shop) or entry
    if _awaited(delivery, entry):
        with suppress(Exception):  # whoever waits for it waits for the next; the shop gets its 200
            outside.put(notices.ping_key(delivery.shop), stamp(delivery.now).encode())
    return 200, "ping"


def _awaited(delivery: Delivery, entry: Entry) -> bool:
    return in_order(stamp(delivery.now)) < in_order(entry.pings)


def _refused(delivery: Delivery, entry: Entry, signature: ModuleType, outside: Outside) -> Verdict:
    """401; but a key that we do not know may be the platform's new one: 503, so that it comes again when we do."""
    entry = outside.directory.find(delivery.shop) or entry
    asks = getattr(signature, "unknown_key", None)
    if asks and asks(delivery.headers, entry.jwks):
        outside.notices.unknown_key(delivery.shop)
        return 503, "unknown_key"
    outside.notices.refused(delivery.shop)
    return 401, "bad_signature"


def _unknown(delivery: Delivery, signature: ModuleType | None, outside: Outside) -> Verdict:
    """401, after the work that a known shop would have cost."""
    signature = signature or signature_of("standard")
    if signature:
        _signed(delivery, Entry(delivery.platform, "on"), signature, outside)
    return 401, "unknown"


def _delivered(delivery: Delivery, signature: ModuleType, outside: Outside) -> Verdict:
    try:
        text = seal(_envelope(delivery, signature, verified=True), outside.put)
    except Exception:
        return 503, "body_not_stored"
    try:
        outside.send(text, delivery.shop)
    except Exception:
        return _spooled(delivery, text, outside)
    known = delivery.topic in signature.TOPICS or not (signature.SECRETS_PER_TOPIC or delivery.topic)
    return 200, "accepted" if known else "unknown_topic"


def _spooled(delivery: Delivery, text: str, outside: Outside) -> Verdict:
    try:
        outside.put(spool_key(delivery.shop, stamp(delivery.now), text), text.encode())
    except Exception:
        return 503, "queue_and_spool_down"
    return 200, "spooled"


def _unverified(delivery: Delivery, signature: ModuleType, outside: Outside) -> Verdict:
    """No directory, so nobody can be known: keep what looks like a delivery for a reader who can verify."""
    if signature.is_ping(delivery.headers, delivery.body):
        return 503, "directory_down"
    try:
        outside.send_unverified(seal(_envelope(delivery, signature, verified=False), None), delivery.shop)
    except TooLarge:
        return 503, "directory_down"
    except Exception:
        return 503, "directory_and_queue_down"
    return 200, "unverified"


def _envelope(delivery: Delivery, signature: ModuleType, *, verified: bool) -> Envelope:
    return Envelope(
        delivery.shop,
        delivery.platform,
        delivery.topic,
        allowed(delivery.headers, signature.ALLOWED_HEADERS),
        stamp(delivery.now),
        verified,
        delivery.body,
    )


def _with_topic(delivery: Delivery, signature: ModuleType) -> Delivery:
    """The delivery with its topic: from a header before, from the signed body only after it was verified."""
    if delivery.topic:
        return delivery
    return replace(delivery, topic=signature.topic(delivery.headers, delivery.body)[:LONGEST_TOPIC])


def _shown(delivery: Delivery, signature: ModuleType | None) -> str:
    """The topic as it may be logged: one of ours, or that it is another."""
    return delivery.topic if signature and delivery.topic in signature.TOPICS else "other"


def _incident(error: Exception) -> dict[str, str]:
    """What of an error may be logged: its kind, where it came from, an id. Its text could hold values."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else ""
    return {"error": type(error).__name__, "where": where, "id": os.urandom(6).hex()}
