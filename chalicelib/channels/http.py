"""Messages to any endpoint that a shop names: WhatsApp, Telegram, Slack, n8n, a program of its own.

A Standard Webhook (`webhook-id`, `webhook-timestamp`, `webhook-signature`) whose id is the follow-up's: whoever gets it
twice can tell. `{"type": "message.send", "timestamp", "data": {…}}`, or `flow.step` where a flow only tells that
somebody has come to a step. https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import json
from typing import Any

from chalicelib.channels import Message, Receipt, Refused, Trouble, Unclear, Way
from chalicelib.domain.times import stamp

REACHES = "person"
CONFIRMS = "idempotent"

MESSAGE = "message.send"
LARGEST_ANSWER = 64 * 1024
_LATER = (408, 425, 429)


def send(message: Message, way: Way) -> Receipt:
    """Call the endpoint, once. Where the way's config has another `type` no words go out, only what it is about. Raises
    Refused (never again), Trouble (later), Unclear (may be sent again: its id says so)."""
    body = json.dumps(_told(message, way), ensure_ascii=False, separators=(",", ":")).encode()
    status = _asked(message.id, body, way)
    if 200 <= status < 300:
        return Receipt(message.id)
    if 300 <= status < 400:
        raise Refused("redirect")
    if status in _LATER or status >= 500:
        raise Trouble(f"status {status}")
    raise Refused(f"status {status}")


def _told(message: Message, way: Way) -> dict[str, Any]:
    kind = str(way.config.get("type") or MESSAGE)
    data: dict[str, Any] = {**message.about, "follow_up": message.id, "shop": message.shop}
    if kind == MESSAGE:
        data |= {"channel": "http", "to": message.to, "subject": message.subject, "text": message.text}
        data |= {"html": message.html} if message.html else {}
    data |= {"language": message.language} if message.language else {}
    return {"type": kind, "timestamp": stamp(way.now), "data": data}


def _asked(id: str, body: bytes, way: Way) -> int:
    # Only here: the HTTP client is loaded by whoever has a message for it.
    from chalicelib.safe_http import Refused as Forbidden
    from chalicelib.safe_http import Unreachable

    headers = {**_signed(id, body, way), "connection": "close"}
    try:
        return int(way.http.ask("POST", str(way.config["url"]), headers=headers, body=body, most=LARGEST_ANSWER).status)
    except (Forbidden, KeyError):
        raise Refused("its address may not be called") from None
    except Unreachable as problem:
        if problem.begun:
            raise Unclear("no answer") from None
        raise Trouble("unreachable", problem.wait) from None


def _signed(id: str, body: bytes, way: Way) -> dict[str, str]:
    from chalicelib.signatures import signature_of

    try:
        standard: Any = signature_of("standard")
        # Whoever receives it looks at a real clock.
        headers: dict[str, str] = standard.sign(body, str(way.config["secret"]), topic="", now=_moment(), id=id)
    except (ValueError, KeyError):
        raise Refused("no secret to sign with") from None
    return headers


def _moment() -> Any:
    from chalicelib import clock

    return clock.real()
