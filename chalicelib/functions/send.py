"""Follow-ups whose moment has come, from the outbox to the customers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from chalicelib import clock
from chalicelib.channels import Message, Receipt
from chalicelib.domain.shop import Shop
from chalicelib.settings import settings
from chalicelib.work import aws, send, ways


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """An SQS batch of `{"shop", "follow_up"}` -> `{"batchItemFailures": [...]}`."""
    given, reach, now = (
        settings().need("public_url", "mail_configuration_set", "feedback_url"),
        aws.reach(),
        clock.now(),
    )
    outside = send.Outside(
        deliver=lambda shop, kind, message: _deliver(shop, kind, message, now),
        find=lambda shop, kind, follow_up: ways.find(shop, kind, follow_up, now, given),
        no_events_wait=lambda: reach.waiting(given.feedback_url) == 0,
        journal=reach.put,
        public_url=given.public_url,
        master=given.master,
        ask=reach.ask_fetch,
    )
    return send.handle(event, now, outside)


def _deliver(shop: Shop, kind: str, message: Message, now: datetime) -> Receipt:
    return ways.deliver(shop, kind, message, now, settings())
