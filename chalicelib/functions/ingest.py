"""Deliveries from the inbox, and from the queue of those still to be verified, into the table."""

from __future__ import annotations

from typing import Any

# Every order needs them: loaded while Lambda still gives a whole processor, not with the first order.
import email_validator  # noqa: F401
import phonenumbers  # noqa: F401

from chalicelib import clock
from chalicelib.settings import settings
from chalicelib.signatures import proven
from chalicelib.work import aws, ingest


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """An SQS batch of envelopes -> `{"batchItemFailures": [...]}`."""
    master = settings().master
    outside = ingest.Outside(aws.reach().get, lambda opened, shop: proven(opened, shop, master))
    return ingest.handle(event, clock.now(), outside)
