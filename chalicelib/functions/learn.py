"""What a shop's history has to tell: learnt at night, one shop at a time."""

from __future__ import annotations

from typing import Any

from chalicelib import clock
from chalicelib.settings import settings
from chalicelib.work import aws, learn


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """An SQS batch of `{"shop", "task"}` -> `{"batchItemFailures": [...]}`."""
    settings().need("learn_url")
    reached = aws.reach()
    outside = learn.Outside(
        clock.now,
        lambda: context.get_remaining_time_in_millis() / 1000,
        lambda shop: reached.ask_learn([learn.message(shop)]),
        reached.get_or_none,
        reached.put,
        reached.forget,
    )
    return learn.handle(event, outside)
