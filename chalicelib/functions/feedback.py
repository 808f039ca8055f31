"""What the mail provider says became of our messages."""

from __future__ import annotations

from typing import Any

from chalicelib import clock
from chalicelib.work import aws, feedback


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """An SQS batch of SES events -> `{"batchItemFailures": [...]}`."""
    return feedback.handle(event, clock.now(), feedback.Outside(aws.journal()))
