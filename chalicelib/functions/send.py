"""Follow-ups whose moment has come, from the outbox to the customers."""

from __future__ import annotations

from typing import Any

from chalicelib import channels, clock
from chalicelib.channels import Message, Receipt
from chalicelib.settings import settings
from chalicelib.work import aws, send


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """An SQS batch of `{"shop", "follow_up"}` -> `{"batchItemFailures": [...]}`."""
    given, reach = settings().need("public_url", "mail_configuration_set", "feedback_url"), aws.reach()
    outside = send.Outside(
        _deliver, lambda: reach.waiting(given.feedback_url) == 0, reach.put, given.public_url, given.master
    )
    return send.handle(event, clock.now(), outside)


def _deliver(channel: str, message: Message) -> Receipt:
    receipt: Receipt = channels.reaching(channel).send(message, settings())
    return receipt
