"""The doors to which providers tell what became of a shop's messages, and what was answered: verified here, put on the
feedback queue, worked off from there (`answers`)."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from chalicelib import keys
from chalicelib.domain.shop import Shop
from chalicelib.domain.times import BadTime, moment, stamp
from chalicelib.safe_http import Refused, Unreachable
from chalicelib.table import shops
from chalicelib.work import sns_signature
from chalicelib.work.sns_signature import Forged, NotNow

LARGEST_BODY = 300_000  # SNS's own bound is 256 KiB
_LONGEST_FIELD = 2000
_FIELDS = ("from", "to", "message", "messageid", "status")
_SKEW = timedelta(minutes=5)

__all__ = ["LARGEST_BODY", "Forged", "NotNow", "Outside", "Unknown", "take_kavenegar", "take_sns", "topics_of"]


class Unknown(Exception):
    """Nobody is told anything here: no such shop, topic or token."""


@dataclass(frozen=True)
class Outside:
    """`ask` is `safe_http.Client.ask`; `hand_on(event, shop)` puts an event on the feedback queue."""

    ask: Callable[..., Any]
    hand_on: Callable[[str, str], None]
    master: bytes


def topics_of(shop: Shop) -> set[str]:
    """The SNS topics that the shop named: nothing else may tell of it."""
    return {str(told["topic"]) for told in shop.channels.values() if told.get("topic")}


def take_sns(slug: str, body: bytes, now: datetime, outside: Outside) -> str:
    """One message of SNS: taken | subscribed | ignored. Raises Unknown, Forged, NotNow, and whatever `hand_on` does."""
    message = _object(body)
    shop = shops.get(slug)
    topic = str(message.get("TopicArn", ""))
    # Before anything is fetched: a stranger's topic costs us nothing.
    if shop is None or topic not in topics_of(shop):
        raise Unknown
    sns_signature.check(message, outside.ask)
    if message["Type"] == "SubscriptionConfirmation":
        _confirm(message, topic, outside)
        return "subscribed"
    if message["Type"] != "Notification":
        return "ignored"
    outside.hand_on(_event("sns", slug, _at(message, now), message["Message"]), slug)
    return "taken"


def _confirm(message: Mapping[str, Any], topic: str, outside: Outside) -> None:
    """By the address in the message, if it is what SNS writes and of this topic."""
    url = str(message["SubscribeURL"])
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query))
    here = (parts.scheme, parts.netloc, parts.path)
    if here != ("https", f"sns.{sns_signature.region_of(topic)}.amazonaws.com", "/"):
        raise Forged("address")
    if asked.get("Action") != "ConfirmSubscription" or asked.get("TopicArn") != topic:
        raise Forged("address")
    try:
        answer = outside.ask("GET", url, most=LARGEST_BODY)
    except (Refused, Unreachable):
        raise NotNow from None
    if answer.status >= 300:
        raise NotNow


def _at(message: Mapping[str, Any], now: datetime) -> str:
    """When it was published, as SNS signed it: an old message that comes again says nothing new."""
    try:
        at = moment(str(message["Timestamp"]))
    except BadTime:
        raise Forged("form") from None
    return stamp(at if at <= now + _SKEW else now)


def take_kavenegar(
    slug: str, token: str, query: Mapping[str, str], body: bytes, now: datetime, outside: Outside
) -> str:
    """An incoming text message, or a report on one of ours: taken | ignored. Kavenegar signs nothing: the token in the
    address is all that counts. Raises Unknown, and whatever `hand_on` does."""
    right = keys.provider_token(outside.master, "kavenegar", slug if "|" not in slug else "")
    if not hmac.compare_digest(token.encode("utf-8", "replace"), right.encode()):
        raise Unknown
    shop = shops.get(slug)
    if shop is None or not any(told.get("provider") == "kavenegar" for told in shop.channels.values()):
        raise Unknown
    fields = {**_form(body), **query}
    told = {name: str(fields[name])[:_LONGEST_FIELD] for name in _FIELDS if fields.get(name) not in (None, "")}
    if not ("from" in told and "message" in told) and not ("messageid" in told and "status" in told):
        return "ignored"
    outside.hand_on(_event("kavenegar", slug, stamp(now), told), slug)
    return "taken"


def _form(body: bytes) -> dict[str, Any]:
    """A form, or JSON: Kavenegar has sent both."""
    if body.lstrip()[:1] == b"{":
        return _object(body)
    fields = parse_qs(body[:LARGEST_BODY].decode("utf-8", "replace"), max_num_fields=50) if body else {}
    return {name: values[-1] for name, values in fields.items()}


def _event(door: str, slug: str, at: str, body: Any) -> str:
    return json.dumps({"door": door, "shop": slug, "at": at, "body": body}, ensure_ascii=False)


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise Forged("form") from None
    if not isinstance(told, dict):
        raise Forged("form")
    return told
