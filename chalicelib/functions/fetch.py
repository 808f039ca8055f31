"""What the shops' own APIs are asked: history, what was missed, single orders, public keys."""

from __future__ import annotations

from functools import partial
from typing import Any

from chalicelib import clock
from chalicelib.settings import settings
from chalicelib.work import access, aws, fetch
from chalicelib.work.talk import Outside

# The table answers in milliseconds and a transaction takes several answers: side by side they fill one processor.
THREADS = 8


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """An SQS batch of `{"shop", "task", …}` -> `{"batchItemFailures": [...]}`."""
    given, reached = settings().need("fetch_url", "public_url"), aws.reach()
    outside = Outside(
        given,
        clock.now,
        lambda: context.get_remaining_time_in_millis() / 1000,
        partial(access.reach, settings=given),
        lambda shop, task: reached.ask_fetch([fetch.message(shop, task)]),
        reached.size,
        reached.get_range,
        reached.put,
        THREADS,
    )
    return fetch.handle(event, outside)
